// Package activity holds the types for Partner Center's activity log.
package activity
