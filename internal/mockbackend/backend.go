package mockbackend

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Backend is one partner with its customers, users and tokens. All methods are safe for concurrent use.
type Backend struct {
	cfg      Config
	services map[Service]service
	tls      func() (certificates, error)

	mu   sync.Mutex // guards everything below; route handlers run with it held
	idle *sync.Cond // signalled when inFlight falls to zero

	store
	knobs      Knobs
	faults     []*Fault
	journal    journal
	counters   counters
	violations []string
	replays    replays
	window     rateWindow
	endpoints  Endpoints
	servers    []*http.Server
	stop       context.CancelFunc
	inFlight   int
	closed     bool
}

// New makes a backend in memory. It listens on nothing: use Transport, or Start.
func New(cfg Config) *Backend {
	b := &Backend{cfg: cfg, knobs: DefaultKnobs(), endpoints: inProcessEndpoints, tls: sync.OnceValues(newCertificates)}
	b.idle = sync.NewCond(&b.mu)
	b.knobs.Latency = cfg.Latency
	b.seed()
	all := routes()
	b.services = map[Service]service{
		SignIn:          signInService{serviceBase{SignIn, all[SignIn]}},
		PartnerCenter:   partnerCenterService{serviceBase{PartnerCenter, all[PartnerCenter]}},
		ResourceManager: resourceManagerService{serviceBase{ResourceManager, all[ResourceManager]}},
		CI:              ciService{serviceBase{CI, all[CI]}},
		Control:         controlService{serviceBase{Control, all[Control]}},
		Elsewhere:       elsewhereService{serviceBase{Elsewhere, all[Elsewhere]}},
	}
	return b
}

// routes is everything that the mock answers. Fixed path segments match in any case. For Partner Center the second
// column says who may call: anyCaller (app-only or app+user), anyUser, entitled, or adminAgent.
func routes() map[Service][]route {
	const roleAssignments = "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments"
	size := []string{"size", "offset", "seekOperation", "filter"}
	orders := []string{"include_price", "billingType", "indirect_reseller_id", "include_system_purchases"}
	activity := []string{
		"auditRequest.startDate", "auditRequest.endDate", "auditRequest.size",
		"auditRequest.filter.field", "auditRequest.filter.value", "auditRequest.filter.operator", "seek",
	}
	const artifacts, artifact = "/v1/customers/{customer}/artifacts/", "/groups/{group}/lineitems/{lineItem}/resource/{resource}"
	return map[Service][]route{
		SignIn: {
			{"POST", "/{tenant}/oauth2/v2.0/token", open, nil, (*Backend).issueTokenV2},
			{"POST", "/{tenant}/oauth2/token", open, nil, (*Backend).issueTokenV1},
			{"GET", "/{tenant}/v2.0/.well-known/openid-configuration", open, nil, (*Backend).openIDConfigurationV2},
			{"GET", "/{tenant}/.well-known/openid-configuration", open, nil, (*Backend).openIDConfigurationV1},
			{"GET", "/{tenant}/discovery/v2.0/keys", open, nil, (*Backend).signingKeys},
			{"GET", "/{tenant}/discovery/keys", open, nil, (*Backend).signingKeys},
			{"GET", "/common/discovery/instance", open, nil, (*Backend).instanceDiscovery},
		},
		PartnerCenter: {
			{"POST", "/v1/SelfServePolicy", adminAgent, nil, (*Backend).createSelfServePolicy},
			{"GET", "/v1/SelfServePolicy", anyUser, []string{"entity_id"}, (*Backend).listSelfServePolicies},
			{"PUT", "/v1/SelfServePolicy", adminAgent, nil, (*Backend).updateSelfServePolicy},
			{"GET", "/v1/SelfServePolicy/{id}", anyUser, nil, (*Backend).getSelfServePolicy},
			{"PUT", "/v1/SelfServePolicy/{id}", adminAgent, nil, (*Backend).updateSelfServePolicy},
			{"DELETE", "/v1/SelfServePolicy/{id}", adminAgent, nil, (*Backend).deleteSelfServePolicy},

			{"GET", "/v1/customers", anyCaller, size, (*Backend).listCustomers},
			{"GET", "/v1/customers/{customer}", anyCaller, nil, (*Backend).getCustomer},

			{"GET", "/v1/customers/{customer}/subscriptions", anyCaller, []string{"order_id", "mpn_id"}, (*Backend).listSubscriptions},
			{"GET", "/v1/customers/{customer}/subscriptions/{subscription}", anyCaller, nil, (*Backend).getSubscription},
			{"GET", "/v1/customers/{customer}/subscriptions/{subscription}/azureEntitlements", anyCaller, nil, (*Backend).listAzureEntitlements},
			{"GET", "/v1/customers/{customer}/subscriptions/{subscription}/azureEntitlements/{entitlement}", anyCaller, nil, (*Backend).getAzureEntitlement},

			{"GET", "/v1/customers/{customer}/users", anyUser, size, (*Backend).listCustomerUsers},
			{"GET", "/v1/customers/{customer}/users/{user}", anyUser, nil, (*Backend).getCustomerUser},

			{"GET", "/v1/customers/{customer}/orders", anyCaller, orders, (*Backend).listOrders},
			{"GET", "/v1/customers/{customer}/orders/{order}", anyCaller, []string{"include_price"}, (*Backend).getOrder},
			{"GET", "/v1/customers/{customer}/orders/{order}/provisioningstatus", anyCaller, nil, (*Backend).getOrderProvisioningStatus},

			{"GET", "/v1/customers/{customer}/entitlements", entitled, []string{"entitlementType", "showExpiry"}, (*Backend).listEntitlements},
			{"GET", artifacts + "reservedinstance" + artifact, entitled, nil, (*Backend).getArtifact},
			{"GET", artifacts + "virtualmachinereservedinstance" + artifact, entitled, nil, (*Backend).getOldArtifact},

			{"GET", "/v1/auditrecords", anyCaller, append(size, "startDate", "endDate"), (*Backend).listAuditRecords},
			{"GET", auditActivity, anyCaller, activity, (*Backend).listAuditActivity},
			{"GET", auditActivity + "/{record}", anyCaller, nil, (*Backend).getAuditActivity},

			{"GET", "/v1/profiles/organization", anyUser, nil, (*Backend).organizationProfile},
			{"GET", "/v1/profiles/legalbusiness", anyCaller, []string{"vettingVersion"}, (*Backend).legalBusinessProfile},
		},
		ResourceManager: {
			{"GET", "/subscriptions", anyCaller, []string{"api-version"}, (*Backend).listAzureSubscriptions},
			{"GET", "/subscriptions/{subscription}", anyCaller, []string{"api-version"}, (*Backend).getAzureSubscription},

			{"GET", roleAssignments, anyCaller, []string{"api-version", "$filter", "$skipToken", "tenantId"}, (*Backend).listRoleAssignments},
			{"GET", roleAssignments + "/{name}", anyCaller, []string{"api-version", "tenantId"}, (*Backend).getRoleAssignment},
			{"PUT", roleAssignments + "/{name}", anyCaller, []string{"api-version"}, (*Backend).putRoleAssignment},
			{"DELETE", roleAssignments + "/{name}", anyCaller, []string{"api-version", "tenantId"}, (*Backend).deleteRoleAssignment},
		},
		CI:        ciRoutes(),
		Control:   controlRoutes(),
		Elsewhere: {{"GET", signInPagePath, open, nil, (*Backend).signInPage}},
	}
}

// CACertificate is the PEM certificate of the private CA under which all HTTPS listeners are; nil if none could be made.
func (b *Backend) CACertificate() []byte {
	made, err := b.tls()
	if err != nil {
		return nil
	}
	return made.caPEM
}

// Endpoints are the base URLs: stable names that only Transport knows before Start, loopback listeners after it.
func (b *Backend) Endpoints() Endpoints {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.endpoints
}

// Violations are what a strict client would never do, in order: unknown routes, fields and query parameters, missing
// headers, tokens for the wrong service. A test should fail when there is one.
func (b *Backend) Violations() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.violations...)
}

// ClearViolations forgets them, for tests that provoke one.
func (b *Backend) ClearViolations() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.violations, b.counters.violations = nil, 0
}

// rateWindow is the fixed window of Config.Rate.
type rateWindow struct {
	start time.Time
	count int
}

// throttled counts a Partner Center call and tells how long to wait when it is over the limit. The lock is held.
func (b *Backend) throttled() time.Duration {
	if b.cfg.Rate.Requests == 0 {
		return 0
	}
	now := time.Now()
	if b.window.start.IsZero() || now.Sub(b.window.start) >= b.cfg.Rate.Per {
		b.window = rateWindow{start: now}
	}
	b.window.count++
	if b.window.count <= b.cfg.Rate.Requests {
		return 0
	}
	return b.window.start.Add(b.cfg.Rate.Per).Sub(now)
}

func newGUID() string { return uuid.NewString() }
