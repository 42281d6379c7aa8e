// Package subscription implements the types for the subscriptions of customers, and for the Owners of their Azure
// subscriptions.
package subscription
