// Package mockbackend is a stateful, strict mock of the three services that the provider calls: Microsoft Entra sign-in,
// Microsoft Partner Center and a part of Azure Resource Manager. Tests use it in process or over TLS. The command
// cmd/partnercenter-mock serves it on loopback.
//
// # Where to start
//
//	b := mockbackend.New(mockbackend.Config{})
//	client := &http.Client{Transport: b.Transport()} // in process; b.Start() opens listeners
//	token := b.User(mockbackend.AdminAgent).RefreshToken
//
// Change the state as a user in the portal does:
//
//	b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureReservedInstances)
//	b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumUserID})
//	order, err := b.BuyReservation(mockbackend.ContosoID, mockbackend.ContosoUserID, mockbackend.Purchase{})
//	plan, err := b.BuySavingsPlan(mockbackend.ContosoID, mockbackend.ContosoUserID, mockbackend.Purchase{Commitment: "0.5"})
//
// Make requests fail ([FaultKind] has all kinds):
//
//	b.Fail(mockbackend.Fault{Method: "PUT", Path: "/SelfServePolicy/*", Kind: mockbackend.DropAfter})
//	b.Fail(mockbackend.Fault{Kind: mockbackend.SlowAfter, Delay: time.Minute}) // executed at once, answered late
//	b.Fail(mockbackend.Fault{Kind: mockbackend.LostAfter})                     // executed at once, never answered
//	b.FailSignIn(mockbackend.SignInFault{Tenant: mockbackend.AdatumID, Code: 65001})
//
// Choose between behaviors that the documentation allows ([Knobs] has all of them):
//
//	b.SetKnobs(func(k *mockbackend.Knobs) { k.ReadLag = 4 * time.Second })           // policies: reads lag behind writes
//	b.SetKnobs(func(k *mockbackend.Knobs) { k.AssignmentReadLag = 4 * time.Second }) // the same for role assignments
//	b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationAccess = mockbackend.ReservationAccessPartner })
//
// Sign a user in on the sign-in page, as a browser does; [Backend.NewRefreshToken] is the short way:
//
//	location, err := b.Visit(ctx, address, mockbackend.Person{SkipMFA: true})
//
// At the end of a test, [Backend.Violations] must be empty. [Backend.Requests], [Backend.Changes] and [Backend.Counters]
// have what happened.
//
// # Sources
//
// The mock is written from the published API and does not import the provider's clients, so that a test notices if the two
// disagree. Comments cite DEV/x (https://learn.microsoft.com/partner-center/developer/x), REF/x
// (https://learn.microsoft.com/rest/api/partner-center/x) and PC/x (https://learn.microsoft.com/partner-center/x). "Choice"
// means that no source describes the behavior. Most choices have a knob.
//
// The mock is strict: an unknown route, JSON field or query parameter, a missing header or a token for the wrong service is
// answered as in the API and recorded as a violation.
//
// # What is missing
//
//   - Partner Center: the enhanced attestation, catalog items other than the Azure plan, relationships of a customer to
//     indirect resellers, devices; registration of subscriptions; most targets of links. Orders and
//     savings plans are created by the seed, AddOrder, AddSubscription, purchases, and carts and orders of Azure plans.
//   - Resource Manager: role definitions, calls for role assignments at other scopes than
//     subscriptions, and access without a role, as Global Administrators have it. Of reservations (Microsoft.Capacity):
//     purchases, returns, exchanges, splits, merges, and what a renewal buys.
//   - Sign-in: the authorization code and device code flows at the v1 endpoint, other response modes than query, Azure CLI.
//   - Microsoft Graph. HTTP/2: all services use HTTP/1.1, as Partner Center does.
//
// # Map of the files
//
// A file name is the path of the client with "_" for "/": partnercenter/self_serve_policies.go is mocked in
// partnercenter_self_serve_policies.go. So a noun keeps its stem and the folder sorts by service. Subpackages would
// have to export the store, the lock and the handlers that all services share.
//
//	backend, service, routes   the Backend, what differs between its services, and every route in one table
//	exchange                   the steps of a request: fault, throttle, replay, handler, journal
//	transport, listeners, tls  in process and over sockets
//	faults*, knobs*            failures and selectable behavior
//	journal, changes,          what happened
//	violations
//	store, seed, partner,      the state: index of all customers, initial data, the partner, the customers' users and groups
//	directories
//	environment                variables for the provider
//	elsewhere                  a third-party host, where a client must never send a token
//	values                     JSON, GUIDs, defaults and checks of values
//	signin*                    tokens, client credentials, federation, CI systems
//	partnercenter*             one file per noun: its state, exported methods and handlers; *_body: its form on the wire
//	resourcemanager*           Azure subscriptions, role assignments, access, limits
//	control*                   changes the mock over plain HTTP, one file per service
package mockbackend
