// Package order holds the types for what was bought: a customer's order history, and the
// Azure reservations that came of it.
package order
