// Package tfkit holds what three or more of the provider's types share: the clients from Configure,
// claims, common attributes, GUIDs, diagnostics, timeouts, private state and the bridge from slog to
// tflog. What fewer types need stays in their packages.
package tfkit
