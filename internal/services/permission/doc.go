// Package permission holds the types for what customers may buy by themselves.
//
// A permission is a switch, not an object: creating one over a policy that exists is
// adoption, and destroying one turns it off. The API keeps a customer's permissions in
// one policy; the client sees to it that a write of one leaves the other alone.
package permission
