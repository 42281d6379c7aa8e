// Package permission holds the types for what customers may buy by themselves.
//
// A permission is either enabled or disabled: creating one over an existing policy adopts it, and destroying
// one disables it. The API keeps all permissions of a customer in one policy. The client ensures that a write
// of one permission does not change the other.
package permission
