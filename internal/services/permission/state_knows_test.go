package permission_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// These tests check the first promise of the design: whatever fails, the state has every permission that may be
// enabled, and plans and applies still work.

// customersOf returns the IDs of customers without an enabled permission.
func customersOf(b *mockbackend.Backend) []string {
	var out []string
	for _, c := range b.Customers() {
		if len(acctest.Permissions(b, c.ID)) == 0 {
			out = append(out, c.ID)
		}
	}
	return out
}

// notKnown returns the customers that may buy although the state does not say so.
func notKnown(r acctest.Run, ids []string) []string {
	permissions, _ := r.State()["permissions"].(acctest.Values)
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		one, _ := permissions[id].(acctest.Values)
		return one["azure_reservations"] == true || !slices.Contains(acctest.Permissions(r.Backend, id), ri)
	})
}

// Answers are lost, and the user presses Ctrl-C. Every customer that may buy is in the state, and a destroy
// disables all of them.
func TestProtoFleet_stateKnows(t *testing.T) {
	t.Parallel()
	lost := mockbackend.Fault{Method: http.MethodPost, Path: "/SelfServePolicy", Kind: mockbackend.LostAfter, Times: -1}
	for name, faults := range map[string][]mockbackend.Fault{
		"answers are lost, and Ctrl-C": {{Method: lost.Method, Path: lost.Path, Kind: lost.Kind, Times: -1, Skip: 100}},
		"the role is missing, and other answers are lost": {
			lost, {Method: http.MethodPost, Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: 403, Code: 900150, Times: 1, Skip: 15, Delay: time.Second},
		},
		"every read fails, too": {lost, {Method: http.MethodGet, Path: "/SelfServePolicy", Kind: mockbackend.ServerError, Times: -1, Skip: 300}}, // after the plan
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFleet(t, mockbackend.Config{Customers: 300, Latency: 50 * time.Millisecond}, func(t *testing.T, r acctest.Run) {
				ids, want := customersOf(r.Backend), acctest.Values{}
				for _, id := range ids {
					want[id] = onlyRI
				}
				for _, f := range faults {
					r.Fail(f)
				}
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(2*time.Second, cancel)
				start := time.Now()
				err := r.Apply(ctx, of(want, "verify_azure_subscription", false))
				if took := time.Since(start); err == nil || took > 2*time.Minute {
					t.Fatalf("after %s: %v", took, err)
				}
				r.ClearFaults()
				if left := notKnown(r, ids); len(left) > 0 {
					t.Errorf("%d customers may buy and are not in the state, such as %s", len(left), left[0])
				}
				r.Again()
				if err := r.Apply(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
				for _, id := range ids {
					acctest.ExpectPermissions(t, r.Backend, id)
				}
			})
		})
	}
}

// For a single resource, the answer is lost and the following reads fail. The resource is in the state as
// unconfirmed.
func TestProtoReservations_stateKnows(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		r.Fail(mockbackend.Fault{Method: http.MethodPost, Path: "/SelfServePolicy", Kind: mockbackend.DropAfter, Times: -1})
		r.Fail(mockbackend.Fault{Method: http.MethodGet, Path: "/SelfServePolicy", Kind: mockbackend.ServerError, Times: -1})
		err := r.Apply(t.Context(), on)
		if err == nil || !strings.Contains(err.Error(), "may be enabled") || r.State()["enabled"] != true || r.State()["unconfirmed"] != true || !r.Tainted() {
			t.Fatalf("the state is %v: %v", r.State(), err)
		}
		r.ClearFaults()
		r.Again()
		if err := r.Apply(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		acctest.ExpectPermissions(t, r.Backend, customer)
	})
}

// After an apply, reads still show the old values. A destroy disables the permission nevertheless.
func TestProto_destroysUnderLag(t *testing.T) {
	t.Parallel()
	for _, beside := range []bool{false, true} {
		t.Run(fmt.Sprint("beside another: ", beside), func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
				r.SetKnobs(func(k *mockbackend.Knobs) { k.ReadLag = 4 * time.Second })
				var others []string
				if beside {
					others = []string{sp}
					r.SetPermissions(customer, sp)
				}
				r.MustApply(on)
				r.Again()
				r.MustApply(acctest.Values{"customer_id": customer, "enabled": false})
				acctest.ExpectPermissions(t, r.Backend, customer, others...)
				r.Again()
				r.MustApply(on)
				r.Again()
				if err := r.Apply(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
				acctest.ExpectPermissions(t, r.Backend, customer, others...)
			})
		})
	}
}

// The second half of a replacement cannot start. The state is kept.
func TestProtoFleet_replacementCannotStart(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		config := of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: onlyRI}, "max_changes", 5)
		r.MustApply(config)
		r.Again()
		r.Fail(mockbackend.Fault{Method: http.MethodGet, Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: 403, Code: 900329, Times: -1})
		if err := r.Replace(t.Context(), config); err == nil {
			t.Fatal("no error")
		}
		r.ClearFaults()
		if left := notKnown(r, []string{mockbackend.AdatumID, mockbackend.LitwareID}); len(left) > 0 {
			t.Errorf("these customers are not in the state: %v", left)
		}
		r.ResetJournal()
		r.Again()
		if err := r.Replace(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		if n := len(acctest.Writes(r.Backend)); n > 0 {
			t.Errorf("%d writes", n)
		}
	})
}

// One customer never stops the others. A customer that has left is a warning in plan and apply, and the others
// are changed.
func TestProtoFleet_customerHasLeft(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		r.MustApply(of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: onlyRI}))
		acctest.Pass(time.Hour)
		r.EndRelationship(mockbackend.LitwareID)
		r.Again()
		r.MustRefresh()
		if warned := strings.Join(r.Warnings, "\n"); !strings.Contains(warned, mockbackend.LitwareID) {
			t.Errorf("the refresh warned %q", warned)
		}
		config := of(acctest.Values{mockbackend.AdatumID: acctest.Values{"azure_reservations": false}, mockbackend.LitwareID: onlyRI})
		r.MustApply(config)
		acctest.ExpectPermissions(t, r.Backend, mockbackend.AdatumID)
		if got, _ := r.State()["unconfirmed"].(acctest.Values); got[mockbackend.LitwareID] != "no_relationship" {
			t.Errorf("unconfirmed is %v", got)
		}
		r.Again()
		r.MustRefresh()
		r.ExpectPlan(config, acctest.NoOp)
		r.MustApply(nil)
	})
}

// With on_error = "report", a customer that cannot be enabled is left out, and every plan tries it again.
func TestProtoFleet_reports(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		sub := r.Subscriptions(mockbackend.LitwareID)
		for _, s := range sub {
			r.SetSubscriptionStatus(mockbackend.LitwareID, s.ID, "suspended")
		}
		config := of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: onlyRI}, "on_error", "report")
		if _, err := r.Plan(t.Context(), of(acctest.Values{mockbackend.LitwareID: onlyRI})); err == nil || !strings.Contains(err.Error(), `on_error = "report"`) {
			t.Errorf("without it: %v", err)
		}
		r.Again()
		r.MustApply(config)
		acctest.ExpectPermissions(t, r.Backend, mockbackend.AdatumID, ri)
		acctest.ExpectPermissions(t, r.Backend, mockbackend.LitwareID)
		if got, _ := r.State()["unconfirmed"].(acctest.Values); got[mockbackend.LitwareID] != "no_azure_subscription" {
			t.Errorf("unconfirmed is %v", got)
		}
		acctest.Pass(time.Hour)
		r.Again()
		r.MustRefresh()
		r.ExpectPlan(config, acctest.NoOp)
		for _, s := range sub {
			r.SetSubscriptionStatus(mockbackend.LitwareID, s.ID, "active")
		}
		r.Again()
		r.MustApply(config)
		acctest.ExpectPermissions(t, r.Backend, mockbackend.LitwareID, ri)
		r.ExpectPlan(config, acctest.NoOp)
	})
}

// An invalid timeout is rejected at plan time, before it can block later operations.
func TestProtoFleet_timeouts(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"0s", "-1m", "soon"} {
		inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
			_, err := r.Plan(t.Context(), of(acctest.Values{}, "timeouts", acctest.Values{"read": value}))
			if err == nil || !strings.Contains(err.Error(), "such as 30m") {
				t.Errorf("%s: %v", value, err)
			}
		})
	}
}

// An import that fails for all customers returns an error and does not panic.
func TestProtoFleet_importFails(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"all", mockbackend.AdatumID + "," + mockbackend.LitwareID} {
		inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
			r.RevokeRefreshTokens(r.User(mockbackend.AdminAgent))
			if err := r.Import(t.Context(), id, nil); err == nil || r.Exists() {
				t.Errorf("%s: %v", id, err)
			}
		})
	}
}
