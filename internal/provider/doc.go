// Package provider puts the provider together: its schema, the way from configuration and
// environment to clients (config.go), and the one list of everything it offers
// (provider.go).
package provider
