// Package tfkit is what three or more of the provider's types share: the clients that
// Configure hands out, GUIDs, diagnostics, the frame of an operation, the mark of a write and the bridge
// from slog to tflog. What fewer types need stays with them.
package tfkit
