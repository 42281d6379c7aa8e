package partnercenter

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// SelfServePolicies say what a customer may buy by itself; the dashboard calls them
// customer permissions
// (https://learn.microsoft.com/partner-center/developer/self-serve-policy-resources).
// All calls need app+user sign-in; only Admin agents may write.
type SelfServePolicies struct {
	c       *Client
	writers *writers
	once    *httppipe.Answers[SelfServePolicy]
	// withoutID says that the server takes updates only without the id in the path.
	withoutID *atomic.Bool
}

// Permission is a resource that a customer may be allowed to purchase.
type Permission string

// The permissions. The API keeps both of a customer in one policy.
const (
	AzureReservedInstances Permission = "AzureReservedInstances"
	AzureSavingsPlan       Permission = "AzureSavingsPlan"
)

// purchase is the only action of a permission.
const purchase = "Purchase"

// SelfServePolicy is a customer's policy. The zero value means that there is none and
// everything is off.
type SelfServePolicy struct {
	// ID is {partner tenant}_{customer tenant}, as the server spells it.
	ID     string `json:"id,omitempty"`
	Entity struct {
		Type     string `json:"selfServeEntityType"`
		TenantID string `json:"tenantID"`
	} `json:"selfServeEntity"`
	Grantor struct {
		Type     string `json:"grantorType"`
		TenantID string `json:"tenantID"`
	} `json:"grantor"`
	Permissions []PolicyPermission `json:"permissions"`
	// Attributes hold the etag, which changes with every write and is sent back in the
	// body: this resource has no If-Match.
	Attributes *policyAttributes `json:"attributes,omitempty"`
}

type policyAttributes struct {
	ETag       string `json:"etag,omitempty" text:"raw"`
	ObjectType string `json:"objectType,omitempty"`
}

// etag is the version of the policy, or "".
func (p SelfServePolicy) etag() string {
	if p.Attributes == nil {
		return ""
	}
	return p.Attributes.ETag
}

// PolicyPermission is one line of a policy.
type PolicyPermission struct {
	Resource string `json:"resource"`
	Action   string `json:"action"`
}

// Allows tells whether the permission is on.
func (p SelfServePolicy) Allows(permission Permission) bool {
	return slices.ContainsFunc(p.Permissions, func(l PolicyPermission) bool { return l.is(permission) })
}

func (l PolicyPermission) is(p Permission) bool {
	return strings.EqualFold(l.Resource, string(p)) && strings.EqualFold(l.Action, purchase)
}

// Get returns a customer's policy, the zero one when it has none.
// GET /v1/SelfServePolicy?entity_id={customer}
// (https://learn.microsoft.com/partner-center/developer/get-a-list-of-self-serve-policies).
func (s SelfServePolicies) Get(ctx context.Context, customerID string) (SelfServePolicy, error) {
	partner, err := s.c.Profiles.TenantID(ctx)
	if err != nil {
		return SelfServePolicy{}, err
	}
	list := call{method: http.MethodGet, path: "/SelfServePolicy", query: url.Values{"entity_id": {strings.ToLower(customerID)}}}
	for p, err := range all[SelfServePolicy](ctx, s.c, list) {
		if err != nil {
			return SelfServePolicy{}, err
		}
		// A customer can have several partners, and each grants for itself.
		foreign := p.Grantor.TenantID != "" && !sameID(p.Grantor.TenantID, partner)
		if sameID(p.Entity.TenantID, customerID) && !foreign {
			return p, nil
		}
		if p.Entity.TenantID == "" {
			return SelfServePolicy{}, &Error{API: API, Method: list.method, Path: "/v1" + list.path, StatusCode: http.StatusOK, Err: errUnreadable}
		}
	}
	return SelfServePolicy{}, nil
}

// GetOnce is Get for a run that changes nothing: each customer is asked for once, however often and
// for whatever permission. Do not write to what it returns.
func (s SelfServePolicies) GetOnce(ctx context.Context, customerID string) (SelfServePolicy, error) {
	return s.once.Get(ctx, strings.ToLower(customerID), func(ctx context.Context) (SelfServePolicy, error) { return s.Get(ctx, customerID) })
}

// ReadLag is how long after a write a read may still show what was before. Microsoft documents no
// bound; within this time the answer to the write counts more than a read.
const ReadLag = time.Minute

// Seen is what a caller knows about a customer's permissions from before.
type Seen struct {
	// Allows says which permissions were on or off. One that is missing is unknown.
	Allows map[Permission]bool
	// WrittenAt is when we wrote that; zero when it was only read.
	WrittenAt time.Time
}

// contradicts tells whether the policy differs from what was seen.
func (p SelfServePolicy) contradicts(seen map[Permission]bool) bool {
	for permission, on := range seen {
		if p.Allows(permission) != on {
			return true
		}
	}
	return false
}

// Confirm is Get for permissions that may have been written a short while ago: an answer that
// contradicts the write is believed only when it stays until [ReadLag] after it.
func (s SelfServePolicies) Confirm(ctx context.Context, customerID string, seen Seen) (SelfServePolicy, error) {
	return s.getUntil(ctx, customerID, seen.WrittenAt.Add(ReadLag), func(p SelfServePolicy) bool { return p.contradicts(seen.Allows) })
}

// firstReread and lastReread bound the pause between two reads of the same policy.
const (
	firstReread = 500 * time.Millisecond
	lastReread  = 5 * time.Second
)

// getUntil reads the policy again and again while it is stale, until no read can be stale any more.
func (s SelfServePolicies) getUntil(ctx context.Context, customerID string, end time.Time, stale func(SelfServePolicy) bool) (SelfServePolicy, error) {
	for pause := firstReread; ; pause = min(2*pause, lastReread) {
		p, err := s.Get(ctx, customerID)
		left := time.Until(end)
		if err != nil || left <= 0 || !stale(p) {
			return p, err
		}
		if err := httppipe.Sleep(ctx, min(pause, left)); err != nil {
			return SelfServePolicy{}, err
		}
	}
}
