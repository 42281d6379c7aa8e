// Package credential turns the provider's sign-in settings into one [Credential] that serves
// every tenant and audience: the only place that keeps access tokens.
//
// There are two modes. App-only is the application by itself; azidentity does it.
// App+user is the application on behalf of a partner's user, from a refresh token
// that was issued with multifactor authentication: Microsoft's Secure Application
// Model. Only app+user may read and write customer permissions. No library can
// start from a refresh token, so refresh.go does.
//
// Start with [New]. Refusals of Entra ID come back as [*Error], with its code, what
// it means and what to do (remedies.go). Secrets never appear in an error.
//
// See https://learn.microsoft.com/partner-center/developer/enable-secure-app-model.
package credential
