// Package subscription holds the types for what customers have bought through the
// partner, and for who owns the Azure subscriptions among it.
package subscription
