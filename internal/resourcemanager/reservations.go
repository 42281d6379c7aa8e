package resourcemanager

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

const (
	capacityProvider    = "/providers/Microsoft.Capacity"
	reservationsVersion = "2022-11-01"
)

// Reservations manages Azure reservations and pre-purchase plans. They belong to the tenant and have their own roles:
// they inherit none from subscriptions (https://learn.microsoft.com/rest/api/reserved-vm-instances/reservation).
type Reservations struct {
	c     *Client
	lists *httppipe.Answers[[]Reservation]
}

// ReservationID identifies a reservation by the GUIDs, in lower case, of its order and of itself.
type ReservationID struct{ OrderID, ID string }

// ErrReservationID describes the format of a reservation ID.
var ErrReservationID = errors.New("must be a reservation such as 86e1b22a-595b-55e2-b2bb-236d9a2e36e0/c33df6ba-9b55-5dda-96ff-535361164279 " +
	"(reservation order and reservation), or its Resource Manager ID, /providers/Microsoft.Capacity/reservationOrders/{order}/reservations/{reservation}")

// ParseReservationID parses {order}/{reservation} or a Resource Manager ID, ignoring case.
func ParseReservationID(s string) (ReservationID, error) {
	parts := strings.Split(strings.ToLower(s), "/")
	if len(parts) == 7 && strings.Join(parts[:4], "/") == "/providers/microsoft.capacity/reservationorders" && parts[5] == "reservations" {
		parts = []string{parts[4], parts[6]}
	}
	if len(parts) != 2 || !isGUID(parts[0]) || !isGUID(parts[1]) {
		return ReservationID{}, ErrReservationID
	}
	return ReservationID{parts[0], parts[1]}, nil
}

func isGUID(s string) bool { return len(s) == 36 && uuid.Validate(s) == nil }

// String returns {order}/{reservation}.
func (id ReservationID) String() string { return id.OrderID + "/" + id.ID }

func (id ReservationID) path() string {
	return pathOf(capacityProvider + "/reservationOrders/" + id.OrderID + "/reservations/" + id.ID)
}

// Reservation is an Azure reservation. Every field except ReservationID may be zero.
type Reservation struct {
	ReservationID

	DisplayName, SKU, Region string
	// ResourceType is the reserved resource, such as VirtualMachines.
	ResourceType string
	Quantity     int64
	// Term is in ISO 8601 format, such as P1Y or P3Y.
	Term                   string
	PurchasedOn, ExpiresOn time.Time
	// Renew means that Azure purchases the reservation again when it expires. The partner pays.
	Renew bool
	// ScopeType is Shared, Single or ManagementGroup. AppliedScopes contains the scopes if it is not Shared.
	ScopeType     string
	AppliedScopes []string
	// State is for example Succeeded, Cancelled, Expired, Split or Merged.
	State string
	// BillingScope is /subscriptions/{id} of the subscription that pays.
	BillingScope string
	// Utilization is in percent, keyed by the number of days: 1, 7 or 30.
	Utilization map[int]float64
	// RenewalPrice is the price of the renewal without tax; see [Reservations.WithRenewalPrice].
	RenewalPrice Amount
}

// Amount is an amount of money in decimal notation, with the digits that Azure sent.
type Amount struct{ Amount, Currency string }

// Ended reports whether the reservation has ended. It then does not renew, even if Renew is set.
func (r Reservation) Ended() bool {
	return slices.Contains([]string{"cancelled", "expired", "split", "merged", "failed", "billingfailed"}, strings.ToLower(r.State))
}

// List returns the reservations in the tenant that the caller may read, including archived ones, sorted by ID. The list
// is cached for a minute. A caller without access may receive an empty list.
// GET /providers/Microsoft.Capacity/reservations
// (https://learn.microsoft.com/rest/api/reserved-vm-instances/reservation/list-all).
func (s Reservations) List(ctx context.Context, tenantID string) ([]Reservation, error) {
	return s.lists.Get(ctx, strings.ToLower(tenantID), func(ctx context.Context) ([]Reservation, error) {
		var out []Reservation
		for one, err := range list(ctx, s.c.in(tenantID), pathOf(capacityProvider+"/reservations"), url.Values{"api-version": {reservationsVersion}}, reservation.check) {
			if err != nil {
				return nil, err
			}
			out = append(out, one.fromAPI())
		}
		slices.SortFunc(out, func(a, b Reservation) int { return cmp.Compare(a.String(), b.String()) })
		return out, nil
	})
}

// Get reads one reservation. [IsReservationNotFound] recognizes the error if there is none.
// GET {id} (https://learn.microsoft.com/rest/api/reserved-vm-instances/reservation/get).
func (s Reservations) Get(ctx context.Context, tenantID string, id ReservationID) (Reservation, error) {
	r, _, err := s.get(ctx, tenantID, id, url.Values{})
	return r, err
}

// WithRenewalPrice reads one reservation with the price of its renewal. Azure returns the price if the renewal is
// enabled, and fixes it 30 days before the reservation expires.
func (s Reservations) WithRenewalPrice(ctx context.Context, tenantID string, id ReservationID) (Reservation, error) {
	r, _, err := s.get(ctx, tenantID, id, url.Values{"expand": {"renewProperties"}})
	return r, err
}

func (s Reservations) get(ctx context.Context, tenantID string, id ReservationID, query url.Values) (Reservation, httppipe.Answer, error) {
	query.Set("api-version", reservationsVersion)
	var out reservation
	answer, err := s.c.in(tenantID).Do(ctx, httppipe.Call{
		Method: http.MethodGet, Path: id.path(), Query: query, Answer: &out, Need: true, Check: func() error { return out.check() },
	})
	if err != nil {
		return Reservation{}, answer, err
	}
	return out.fromAPI(), answer, nil
}

// Find returns a reservation from the shared list of [Reservations.List] or, if the list does not contain it, from
// [Reservations.Get].
func (s Reservations) Find(ctx context.Context, tenantID string, id ReservationID) (Reservation, error) {
	all, err := s.List(ctx, tenantID)
	if err != nil && (!IsNoAccess(err) || answered(err) == nil) { // a refused list does not exclude access to one reservation, but a refused sign-in does
		return Reservation{}, err
	}
	if i := slices.IndexFunc(all, func(r Reservation) bool { return r.ReservationID == id }); i >= 0 {
		return all[i], nil
	}
	return s.Get(ctx, tenantID, id)
}

// ReadWritten reads a reservation whose renewal was changed recently. It repeats a read that does not show the change
// for up to [ReadLag]. Then it returns what it reads.
func (s Reservations) ReadWritten(ctx context.Context, tenantID string, id ReservationID, renew bool) (Reservation, error) {
	wait := time.Second
	for giveUp := time.Now().Add(ReadLag); ; wait = min(2*wait, 15*time.Second) {
		r, err := s.Get(ctx, tenantID, id)
		if err != nil || r.Renew == renew || r.Ended() || time.Now().Add(wait).After(giveUp) {
			return r, err
		}
		s.c.options.Logger.WarnContext(ctx, "waiting until reads return the changed reservation", "reservation", id.String(), "wait", wait.String())
		if err := httppipe.Sleep(ctx, wait); err != nil {
			return r, fmt.Errorf("the renewal of reservation %s was changed a short time ago, and reads do not show it yet: %w", id, err)
		}
	}
}

// appliedWithin is the maximum time until an accepted change is in effect. Microsoft's example has
// a Retry-After of 2 minutes.
const appliedWithin = 10 * time.Minute

// NotAppliedError means that Azure accepted a change of a renewal, but it is not in effect.
type NotAppliedError struct {
	ReservationID

	Renew bool
}

func (e *NotAppliedError) Error() string {
	return fmt.Sprintf("Azure accepted the change of reservation %s, but after %s its renewal is still %s", e.ReservationID, appliedWithin, enabledOrDisabled(!e.Renew))
}

// Remedy returns what to do.
func (e *NotAppliedError) Remedy() string {
	return "Apply again in some minutes. If this persists, check the reservation in the Azure portal: Reservations > the reservation > Renewal."
}

func enabledOrDisabled(enabled bool) string {
	if enabled {
		return "enabled"
	}
	return "disabled"
}

// SetRenewal enables or disables the renewal of a reservation, and returns the changed reservation. It waits up to 10
// minutes for a change that Azure accepts but does not apply immediately. [httppipe.OutcomeOf] of an error reports
// whether the change may have been made.
// PATCH {id} (https://learn.microsoft.com/rest/api/reserved-vm-instances/reservation/update).
func (s Reservations) SetRenewal(ctx context.Context, tenantID string, id ReservationID, renew bool) (Reservation, error) {
	body := map[string]any{"properties": map[string]any{"renew": renew}}
	var out reservation
	answer, err := s.c.in(tenantID).Do(ctx, httppipe.Call{
		Method: http.MethodPatch, Path: id.path(), Query: url.Values{"api-version": {reservationsVersion}}, Body: body, Answer: &out,
		Repeat: httppipe.RepeatSafe, // setting a value twice is harmless
	})
	var r Reservation
	refused := answered(err)
	switch {
	case refused != nil && refused.Code == codeSameValues:
		r, err = s.ReadWritten(ctx, tenantID, id, renew)
	case err != nil:
		r, err = s.confirm(ctx, tenantID, id, renew, err)
	case answer.StatusCode == http.StatusOK && out.check() == nil && out.Properties.Renew == renew:
		r = out.fromAPI()
	default:
		r, err = s.await(ctx, tenantID, id, renew, answer.RetryAfter())
	}
	if err == nil && r.Renew != renew {
		err = &NotAppliedError{id, renew}
	}
	if err != nil {
		return Reservation{}, err
	}
	s.lists.Change(strings.ToLower(tenantID), func(all []Reservation) []Reservation {
		all = slices.Clone(all)
		for i := range all {
			if all[i].ReservationID == id {
				all[i].Renew = renew
			}
		}
		return all
	})
	return r, nil
}

// confirm reads the reservation once after a write with an unknown outcome, even if ctx has ended.
func (s Reservations) confirm(ctx context.Context, tenantID string, id ReservationID, renew bool, failed error) (Reservation, error) {
	if outcome := httppipe.OutcomeOf(failed); outcome == httppipe.NotSent || outcome == httppipe.Refused {
		return Reservation{}, failed
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), confirmWithin)
	defer cancel()
	if r, err := s.Get(ctx, tenantID, id); err == nil && r.Renew == renew {
		return r, nil
	}
	return Reservation{}, failed
}

// await reads the reservation until it shows the change. The links of an accepted change lead to the reservation
// itself.
func (s Reservations) await(ctx context.Context, tenantID string, id ReservationID, renew bool, wait time.Duration) (Reservation, error) {
	for giveUp := time.Now().Add(appliedWithin); ; {
		wait = min(max(wait, time.Second), 2*time.Minute)
		if err := httppipe.Sleep(ctx, wait); err != nil {
			return Reservation{}, fmt.Errorf("azure accepted the change of reservation %s, and it may not be in effect yet: %w", id, err)
		}
		r, answer, err := s.get(ctx, tenantID, id, url.Values{})
		if err != nil {
			return Reservation{}, &unsureError{err}
		}
		if r.Renew == renew || time.Now().After(giveUp) {
			return r, nil
		}
		if after := answer.RetryAfter(); after > 0 {
			wait = after
		} else {
			wait = min(2*wait, 30*time.Second)
		}
	}
}

// unsureError is the error of a read that was needed to find out the result of a write.
type unsureError struct{ error }

func (e *unsureError) Unwrap() error { return e.error }

// Outcome returns the outcome of the write.
func (e *unsureError) Outcome() httppipe.Outcome { return httppipe.Unsure }

// MayBeDone reports whether a change that failed with the error may have been made.
func MayBeDone(err error) bool {
	outcome := httppipe.OutcomeOf(err)
	return outcome == httppipe.Unsure || outcome == httppipe.Done
}
