package partnercenter

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"terraform-provider-partnercenter/internal/httppipe"
)

// SelfServePolicies say what a customer may buy by itself; the dashboard calls them
// customer permissions
// (https://learn.microsoft.com/partner-center/developer/self-serve-policy-resources).
// All calls need app+user sign-in; only Admin agents may write.
type SelfServePolicies struct {
	c       *Client
	writers *writers
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
	list := call{method: http.MethodGet, path: "/SelfServePolicy", query: url.Values{"entity_id": {customerID}}}
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

// ReadLag is how long after a write a read may still show what was before.
const ReadLag = time.Minute

// rereads and rereadPause say how often, and after which wait, a read that contradicts what
// is known is repeated. Nothing is documented of the API's read-after-write consistency; one or
// two stale reads are borne.
const (
	rereads     = 2
	rereadPause = time.Second
)

// Confirm is Get for permissions that were written a short while ago: an answer that
// contradicts the write is believed only when it stays.
func (s SelfServePolicies) Confirm(ctx context.Context, customerID string, written map[Permission]bool) (SelfServePolicy, error) {
	for again := 0; ; again++ {
		p, err := s.Get(ctx, customerID)
		if err != nil || p.is(written) || again == rereads {
			return p, err
		}
		if err := httppipe.Sleep(ctx, rereadPause); err != nil {
			return SelfServePolicy{}, err
		}
	}
}

// is tells whether the permissions are on and off as said.
func (p SelfServePolicy) is(written map[Permission]bool) bool {
	for permission, on := range written {
		if p.Allows(permission) != on {
			return false
		}
	}
	return true
}

// Seen is what the caller saw last. The zero value means that it saw no policy. A right
// guess saves a request; a wrong one costs one.
type Seen struct {
	// Policy says that the customer had one.
	Policy bool
	// On says that the permission that is to be written was on.
	On bool
}

// Grant turns a permission on and leaves the other as it is.
//
// Where there is no policy that is one request. Where there is one it is read, extended
// and, after a moment, read again, since another process may have been about to delete
// it: DELETE has no precondition. Where the permission is on already nothing is written;
// when another process turned it off within the last moments, that read may lag behind,
// and the next plan tells.
func (s SelfServePolicies) Grant(ctx context.Context, customerID string, permission Permission, seen Seen) (SelfServePolicy, error) {
	return s.apply(ctx, customerID, change{on: []Permission{permission}}, seen)
}

// Revoke turns a permission off and leaves the other as it is: it shortens the policy,
// or deletes it when nothing is left. What was bought before stays.
func (s SelfServePolicies) Revoke(ctx context.Context, customerID string, permission Permission, seen Seen) (SelfServePolicy, error) {
	return s.apply(ctx, customerID, change{off: []Permission{permission}}, seen)
}

// Set turns some of a customer's permissions on and others off, and leaves the rest as it is,
// with the writes of one [SelfServePolicies.Grant] or [SelfServePolicies.Revoke].
func (s SelfServePolicies) Set(ctx context.Context, customerID string, on, off []Permission, seen Seen) (SelfServePolicy, error) {
	return s.apply(ctx, customerID, change{on: on, off: off}, seen)
}

// change is what a write is for, whatever else the policy says by then.
type change struct{ on, off []Permission }

// done tells whether the policy is as wanted.
func (c change) done(p SelfServePolicy) bool {
	return !slices.ContainsFunc(c.on, func(w Permission) bool { return !p.Allows(w) }) &&
		!slices.ContainsFunc(c.off, p.Allows)
}

// merge returns the permissions as wanted. It keeps those it does not know.
func (c change) merge(p SelfServePolicy) []PolicyPermission {
	out := slices.DeleteFunc(slices.Clone(p.Permissions), func(l PolicyPermission) bool {
		return slices.ContainsFunc(c.off, l.is)
	})
	for _, w := range c.on {
		if !p.Allows(w) {
			out = append(out, PolicyPermission{Resource: string(w), Action: purchase})
		}
	}
	return out
}

const (
	// maxMoves bounds how often a write starts over because others moved the policy.
	// Every round that is lost to another writer is one the other won.
	maxMoves = 12
	// maxDoubts bounds how often it does because nobody knew what a failed write did.
	maxDoubts = 3
	// settle is how long after an extension a delete of another process, decided on
	// before, can still arrive: several times its way from read to delete.
	settle = 2 * time.Second
	// applyTimeout bounds a change whose context has no deadline.
	applyTimeout = 20 * time.Minute
)

// apply brings a policy to where the change wants it: read, decide, write, and again
// when the policy moved in between or nobody knows whether the write took place. One
// goroutine at a time does it for a customer; other processes are kept apart by the
// etag.
func (s SelfServePolicies) apply(ctx context.Context, customerID string, want change, seen Seen) (SelfServePolicy, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, applyTimeout)
		defer cancel()
	}
	writer, err := s.writers.acquire(ctx, customerID)
	if err != nil {
		return SelfServePolicy{}, err
	}
	defer writer.release()

	var current SelfServePolicy
	known := !seen.Policy && len(want.on) > 0 // create answers 409 when that is wrong
	// A read that says there is nothing to do, against what the caller saw or shortly after
	// a write, may lag behind; it is believed when it stays.
	doubtful := 0
	if seen.Policy && seen.On == (len(want.off) > 0) || time.Since(writer.wrote) < ReadLag {
		doubtful = rereads
	}
	for moves, doubts := 0, 0; ; {
		if !known {
			if current, err = s.Get(ctx, customerID); err != nil {
				return SelfServePolicy{}, err
			}
		}
		known = false
		if want.done(current) {
			if doubtful == 0 {
				return current, nil
			}
			doubtful--
			if err := httppipe.Sleep(ctx, rereadPause); err != nil {
				return SelfServePolicy{}, err
			}
			continue
		}
		if current.ID != "" {
			doubtful = 0 // there was something to do, so what was read is new enough
		}
		start := time.Now()
		writer.wrote = start
		next, err := s.write(ctx, customerID, current, want)
		var pause time.Duration
		switch {
		case err == nil && next.deletedToo != nil:
			// The answer to the delete shows that another process had extended the policy.
			want, current, known = change{on: next.deletedToo}, SelfServePolicy{}, true
		case err == nil && current.ID != "" && len(want.on) > 0 && moves < maxMoves:
			moves++
			pause = settle + 2*time.Since(start) // done when the next look finds it
		case err == nil:
			return next.policy, nil
		case refused(err): // the next look waits at the gate
		case moved(err) && moves < maxMoves:
			moves++
			pause = time.Duration(moves) * 50 * time.Millisecond
		case uncertain(err) && doubts < maxDoubts:
			doubts++
			pause = time.Duration(doubts) * 500 * time.Millisecond
		default:
			return SelfServePolicy{}, err
		}
		if sleepErr := httppipe.Sleep(ctx, pause); sleepErr != nil {
			if err == nil && next.deletedToo == nil {
				return next.policy, nil // it is written, and there is no time to look again
			}
			return SelfServePolicy{}, errors.Join(err, sleepErr)
		}
	}
}

// written is the outcome of a write.
type written struct {
	policy SelfServePolicy
	// deletedToo are permissions that went with a deleted policy although they were not
	// in it when it was read.
	deletedToo []Permission
}

// write sends the one request that takes the policy from current to what is wanted.
// Updates and deletes are never sent late: what they replace is what was read a moment ago.
func (s SelfServePolicies) write(ctx context.Context, customerID string, current SelfServePolicy, want change) (written, error) {
	permissions := want.merge(current)
	var out SelfServePolicy
	switch {
	case current.ID == "":
		partner, err := s.c.Profiles.TenantID(ctx)
		if err != nil {
			return written{}, err
		}
		body := SelfServePolicy{Permissions: permissions}
		body.Entity.Type, body.Entity.TenantID = "customer", customerID
		body.Grantor.Type, body.Grantor.TenantID = "billToPartner", partner
		return s.result(ctx, want, call{
			method: http.MethodPost, path: "/SelfServePolicy", body: body,
			repeat: httppipe.RepeatSafe, // under the same MS-RequestId the server does it once
		})
	case len(permissions) == 0:
		_, err := s.c.send(ctx, call{
			method: http.MethodDelete, path: pathOf("SelfServePolicy", current.ID), repeat: httppipe.RepeatNever,
		}, &out)
		if is(err, http.StatusNotFound, "600039") {
			err = nil
		}
		w := written{}
		for _, l := range want.merge(out) {
			w.deletedToo = append(w.deletedToo, Permission(l.Resource))
		}
		return w, err
	default:
		current.Permissions = permissions
		return s.result(ctx, want, call{
			method: http.MethodPut, path: pathOf("SelfServePolicy", current.ID), body: current, repeat: httppipe.RepeatNever,
		})
	}
}

// result does a create or update, whose answer is the policy as it is now.
func (s SelfServePolicies) result(ctx context.Context, want change, in call) (written, error) {
	var out SelfServePolicy
	a, err := s.c.send(ctx, in, &out)
	if err == nil && (out.ID == "" || !want.done(out)) {
		err = a.Unfit(errUnreadable)
	}
	return written{policy: out}, err
}

// refused tells whether the write was throttled, or not sent since others were.
func refused(err error) bool {
	return is(err, http.StatusTooManyRequests) || errors.Is(err, httppipe.ErrNotSent)
}

// moved tells whether a write failed because the policy is no longer as it was read.
// How the server answers an outdated etag is not documented; these are the candidates.
func moved(err error) bool {
	return is(err, http.StatusConflict) || is(err, http.StatusBadRequest, "2055") ||
		is(err, http.StatusPreconditionFailed) || is(err, http.StatusNotFound, "600039")
}

// uncertain tells whether the policy has to be read again to know what a failed write did.
func uncertain(err error) bool {
	return errors.As(err, new(*Error)) && httppipe.OutcomeOf(err) == httppipe.Unsure
}
