// Package identity holds the types that tell who the provider is signed in as.
package identity
