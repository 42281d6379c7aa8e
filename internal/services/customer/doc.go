// Package customer holds the types for the partner's customers.
package customer
