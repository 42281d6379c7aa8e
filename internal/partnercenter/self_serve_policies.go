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

// SelfServePolicies manages what customers may buy themselves. Partner Center's portal calls this
// customer permissions
// (https://learn.microsoft.com/partner-center/developer/self-serve-policy-resources). All calls
// need app+user sign-in; only Admin agents may write.
type SelfServePolicies struct {
	c       *Client
	writers *writers
	once    *httppipe.Answers[SelfServePolicy]
	// withoutID means that the server accepts updates only without the ID in the path.
	withoutID *atomic.Bool
}

// Permission is a resource that a customer may be allowed to purchase.
type Permission string

// These are the permissions. The API keeps both permissions of a customer in one policy.
const (
	AzureReservedInstances Permission = "AzureReservedInstances"
	AzureSavingsPlan       Permission = "AzureSavingsPlan"
)

// purchase is the only documented action of a permission.
const purchase = "Purchase"

// SelfServePolicy is a customer's policy. The zero value means that there is no policy, and no
// permission is enabled.
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
	// Attributes contains the etag, which changes with every write. It is sent back in the body,
	// because this resource does not use If-Match.
	Attributes *policyAttributes `json:"attributes,omitempty"`
}

type policyAttributes struct {
	ETag       string `json:"etag,omitempty" text:"raw"`
	ObjectType string `json:"objectType,omitempty"`
}

// etag returns the version of the policy, or "".
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

// Allows reports whether the permission is enabled.
func (p SelfServePolicy) Allows(permission Permission) bool {
	return slices.ContainsFunc(p.Permissions, func(l PolicyPermission) bool { return l.grants(permission) })
}

func (l PolicyPermission) grants(p Permission) bool {
	return strings.EqualFold(l.Resource, string(p)) && strings.EqualFold(l.Action, purchase)
}

// Get returns a customer's policy, or the zero value if there is none.
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
		// A customer can have several partners, and each partner has its own policy.
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

// GetOnce is Get with a cache for runs that change nothing. Each customer is read once. Callers
// must not modify the result.
func (s SelfServePolicies) GetOnce(ctx context.Context, customerID string) (SelfServePolicy, error) {
	return s.once.Get(ctx, strings.ToLower(customerID), func(ctx context.Context) (SelfServePolicy, error) { return s.Get(ctx, customerID) })
}

// ReadLag is the assumed time after a write during which a read may still return the previous
// state. Microsoft documents no limit. During this time, the answer to the write takes precedence
// over reads.
const ReadLag = time.Minute

// Seen is the state of a customer's permissions that a caller knows from an earlier read or write.
type Seen struct {
	// Allows contains the state of each permission. Missing permissions are unknown.
	Allows map[Permission]bool
	// WrittenAt is when the caller wrote this state. It is zero if the state was only read.
	WrittenAt time.Time
}

// contradicts reports whether the policy differs from the given state.
func (p SelfServePolicy) contradicts(seen map[Permission]bool) bool {
	for permission, on := range seen {
		if p.Allows(permission) != on {
			return true
		}
	}
	return false
}

// Confirm is Get for permissions that may have been written recently. An answer that contradicts
// the write is returned only if it still does [ReadLag] after the write.
func (s SelfServePolicies) Confirm(ctx context.Context, customerID string, seen Seen) (SelfServePolicy, error) {
	return s.getUntil(ctx, customerID, seen.WrittenAt.Add(ReadLag), func(p SelfServePolicy) bool { return p.contradicts(seen.Allows) })
}

// firstReread and lastReread are the minimum and maximum pause between two reads of the same
// policy.
const (
	firstReread = 500 * time.Millisecond
	lastReread  = 5 * time.Second
)

// getUntil reads the policy repeatedly while it is stale, until end.
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
