// Package reservation has the types for Azure reservations in the customers' tenants and for their renewal. What Partner Center
// itself lists is in package order.
package reservation
