// Package identity holds the type that reads the identity of the provider.
package identity
