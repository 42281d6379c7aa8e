// Package mockbackend is a stateful, strict mock of the three services that the provider talks to: Entra sign-in,
// Microsoft Partner Center and (a part of) Azure Resource Manager.
//
// # What is here
//
// Five handlers over one store. Sign-in issues RS256-signed tokens for app-only and app+user callers, to an application
// that proves itself by secret, certificate or federation. CI gives the jobs of GitHub Actions and Azure DevOps their
// OIDC tokens. Partner Center serves self-serve policies, customers and their users, subscriptions, Azure entitlements,
// orders, entitlements and reservations, partner profiles, and audit records at both bases. Resource Manager serves Azure
// subscriptions and the role assignments on them; the directory of a customer has users, groups and service principals to
// assign roles to. Control, over plain HTTP, changes things from outside and reads the journal. A sixth host, "elsewhere",
// is where no client should ever go with a token.
//
// The mock is written from the published API, never from our client, so the two can disagree and a test notices. Each
// rule cites its page as DEV/x (https://learn.microsoft.com/partner-center/developer/x) or REF/x
// (https://learn.microsoft.com/rest/api/partner-center/x). Where no source says what the API does, the comment says
// "choice", and most of those are switches in [Knobs].
//
// Strict: an unknown route, JSON field or query parameter, a missing header or a token for the wrong service is
// answered as the API would and also recorded in [Backend.Violations], for a test to fail on.
//
// # What is not here
//
// Carts, agreements, devices: orders come from the seed, AddOrder, and purchases such as BuyReservation. Provisioning and
// registration of subscriptions, sorted lists of users, and much of what links point to: catalogue, profiles. In Resource
// Manager: role definitions, role assignments as resources below other scopes than a subscription, and people who may do
// things without a role, such as Global Administrators. Microsoft Graph. Authorization-code and device-code sign-in:
// NewRefreshToken stands for a person in a browser. Azure CLI. HTTP/2: Partner Center answers over HTTP/1.1.
//
// # Where to start
//
//	b := mockbackend.New(mockbackend.Config{})
//	client := &http.Client{Transport: b.Transport()} // in process, or b.Start() for real listeners
//	token := b.User(mockbackend.AdminAgent).RefreshToken
//	pem := b.Certificate(mockbackend.RegisteredCertificate).PEM(mockbackend.PEMPKCS8)
//	assertion := b.OIDCToken(mockbackend.GitHubIssuer) // or ask as a job does: b.GitHubActions(), b.AzureDevOps()
//	b.FailSignIn(mockbackend.SignInFault{Tenant: mockbackend.AdatumID, Code: 65001})
//	b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumUserID})
//	order, err := b.BuyReservation(mockbackend.ContosoID, mockbackend.ContosoUserID, mockbackend.Purchase{})
//	b.Fail(mockbackend.Fault{Method: "PUT", Path: "/SelfServePolicy/*", Kind: mockbackend.DropAfter})
//
// server.go has every route in one function. A request goes through exchange.go (faults, throttle, replay, journal) to
// the handler in the file named after its noun; partner_center.go holds what all Partner Center calls have in common.
// The command cmd/partnercenter-mock serves it on loopback with seeded data.
package mockbackend
