// Package order holds the types for purchases: a customer's order history, and the Azure reservations of the
// orders.
package order
