// Package reservation implements the types for Azure reservations in customers' tenants and for their renewal. The
// reservations that Partner Center lists are in package order.
package reservation
