// Package credential creates one [Credential] from the provider's sign-in settings. It provides
// tokens for every tenant and audience, and is the only place that caches access tokens.
//
// There are two modes. In app-only mode, the application authenticates by itself; azidentity
// implements it. In app+user mode, the application acts on behalf of a partner's user, with a
// refresh token that was issued with multifactor authentication. This is Microsoft's Secure
// Application Model. Only app+user sign-in may read and write customer permissions. refresh.go
// implements it, because no library accepts an existing refresh token.
//
// Start with [New]. An error of Entra ID is an [*Error] with its code, its meaning and what to do
// (remedies.go). Secrets never appear in an error.
//
// See https://learn.microsoft.com/partner-center/developer/enable-secure-app-model.
package credential
