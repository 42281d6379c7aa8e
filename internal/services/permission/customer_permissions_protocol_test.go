package permission_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const auditRoute = "GET /v1/auditrecords"

// of returns a configuration of partnercenter_customer_permissions: permissions by customer ID, and other
// settings as name and value.
func of(permissions acctest.Values, settings ...any) acctest.Values {
	config := acctest.Values{"permissions": permissions}
	for i := 0; i < len(settings); i += 2 {
		name, _ := settings[i].(string)
		config[name] = settings[i+1]
	}
	return config
}

var (
	bothOn  = acctest.Values{"azure_reservations": true, "azure_savings_plans": true}
	bothOff = acctest.Values{"azure_reservations": false, "azure_savings_plans": false}
	onlyRI  = acctest.Values{"azure_reservations": true}
)

func inFleet(t *testing.T, config mockbackend.Config, test func(*testing.T, acctest.Run)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(config)
		test(t, acctest.Run{T: t, Backend: b, Resource: acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken).Resource(fleetType)})
		acctest.FailOnViolations(t, b)
	})
}

// count returns the number of requests since the last reset, without those for tokens, and resets it.
func count(r acctest.Run) int {
	n := len(acctest.Sent(r.Backend))
	r.ResetJournal()
	return n
}

func TestProtoFleet_requests(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		config := of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.ContosoID: bothOn, mockbackend.NorthwindID: bothOff}, "verify_azure_subscription", false)
		r.MustApply(config)
		// The plan reads all three customers, and the name of the one that changes. Adatum has no policy, so
		// the write is a POST.
		if n := count(r); n != 5 {
			t.Errorf("create: %d requests", n)
		}
		r.ExpectPlan(config, acctest.NoOp)
		if n := count(r); n != 3 {
			t.Errorf("unchanged plan: %d requests", n)
		}
		r.MustApply(with(config, "max_changes", 7))
		if n := count(r); n != 0 {
			t.Errorf("settings: %d requests", n)
		}
		if n := r.Counters().TokensIssued(); n != 2 {
			t.Errorf("%d tokens in two runs", n)
		}
	})
}

func with(config acctest.Values, name string, value any) acctest.Values {
	c := maps.Clone(config)
	c[name] = value
	return c
}

// everyone returns permissions for all customers of the mock, with reservations enabled for every second one.
func everyone(b *mockbackend.Backend) acctest.Values {
	all := acctest.Values{}
	for i, c := range b.Customers() {
		all[c.ID] = acctest.Values{"azure_reservations": i%2 == 0, "azure_savings_plans": i%3 == 0}
	}
	return all
}

// expectFleet compares the server with the declared permissions.
func expectFleet(t *testing.T, b *mockbackend.Backend, want acctest.Values) {
	t.Helper()
	wrong := 0
	for id, v := range want {
		var on []string
		one, _ := v.(acctest.Values)
		for name, permission := range map[string]string{"azure_reservations": ri, "azure_savings_plans": sp} {
			if one[name] == true {
				on = append(on, permission)
			}
		}
		slices.Sort(on)
		if got := acctest.Permissions(b, id); !slices.Equal(got, on) {
			if wrong++; wrong < 5 {
				t.Errorf("customer %s may purchase %q, not %q", id, got, on)
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d customers are not as declared", wrong)
	}
}

// One apply adds, changes and removes thousands of customers, and writes no other customer.
func TestProtoFleet_many(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{Customers: scale, Latency: 20 * time.Millisecond}, func(t *testing.T, r acctest.Run) {
		before, after, want := acctest.Values{}, acctest.Values{}, acctest.Values{}
		changes := 0
		for i, c := range r.Customers() {
			one := acctest.Values{"azure_reservations": i%2 == 0, "azure_savings_plans": i%8 < 4}
			opposite := acctest.Values{"azure_reservations": i%2 != 0, "azure_savings_plans": i%8 >= 4}
			r.SetPermissions(c.ID)
			switch i % 5 {
			case 0: // unchanged
				before[c.ID], after[c.ID] = one, one
			case 1: // added
				after[strings.ToUpper(c.ID)] = one
			case 2: // changed, and spelled differently
				before[c.ID], after[strings.ToUpper(c.ID)] = one, opposite
			case 3: // removed
				before[c.ID] = one
			case 4: // not managed
				r.SetPermissions(c.ID, ri)
				want[c.ID] = onlyRI
			}
			if i%5 == 2 || (i%5 == 1 || i%5 == 3) && (i%2 == 0 || i%8 < 4) {
				changes++
			}
		}
		r.MustApply(of(before, "verify_azure_subscription", false))
		expectFleet(t, r.Backend, before)
		r.ExpectPlan(of(before, "verify_azure_subscription", false), acctest.NoOp)

		r.ResetJournal()
		r.MustApply(of(after, "verify_azure_subscription", false, "max_changes", scale))
		written := map[string]bool{}
		for _, w := range acctest.Writes(r.Backend) {
			id := strings.ToLower(w.RequestBody + w.Path)
			if written[id] {
				t.Errorf("written twice: %s %s", w.Method, id)
			}
			written[id] = true
		}
		if n := len(written); n > changes {
			t.Errorf("%d writes for %d customers that change", n, changes)
		}
		maps.Copy(want, after)
		for id := range before {
			if after[id] == nil && after[strings.ToUpper(id)] == nil {
				want[id] = bothOff
			}
		}
		expectFleet(t, r.Backend, want)
		r.ExpectPlan(of(after, "verify_azure_subscription", false, "max_changes", scale), acctest.NoOp)
	})
}

// Deny disables all enabled permissions of unlisted customers, and never changes a listed customer.
func TestProtoFleet_denyLeavesListed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			inFleet(t, mockbackend.Config{Customers: 100}, func(t *testing.T, r acctest.Run) {
				random := rand.New(rand.NewPCG(seed, 2))
				listed, others := acctest.Values{}, acctest.Values{}
				for _, c := range r.Customers() {
					r.SetPermissions(c.ID, ri, sp)
					if random.IntN(2) == 0 {
						listed[c.ID] = bothOn
					} else {
						others[c.ID] = bothOff
					}
				}
				config := of(listed, "unlisted", "deny", "refresh", []string{"full", "activity_log"}[random.IntN(2)])
				for range 4 {
					r.ResetJournal()
					r.Again()
					r.MustRefresh()
					r.MustApply(config)
					for _, w := range acctest.Writes(r.Backend) {
						for id := range listed {
							if strings.Contains(strings.ToLower(w.Path+w.RequestBody), id) {
								t.Errorf("%s %s %s is of a customer listed as on", w.Method, w.Path, w.RequestBody)
							}
						}
					}
					expectFleet(t, r.Backend, listed)
					expectFleet(t, r.Backend, others)
					acctest.Pass(time.Hour)
					for id := range others {
						if random.IntN(4) == 0 {
							r.SetPermissions(id, [][]string{{ri}, {sp}, {ri, sp}}[random.IntN(3)]...)
						}
					}
				}
			})
		})
	}
}

// One request in ten fails with any transient error. The customers end as declared, and no write is repeated.
func TestProtoFleet_randomFaults(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			inFleet(t, mockbackend.Config{Customers: 150}, func(t *testing.T, r acctest.Run) {
				random := rand.New(rand.NewPCG(seed, 1))
				kinds := []mockbackend.FaultKind{mockbackend.Throttle, mockbackend.ServerError, mockbackend.DropBefore, mockbackend.DropAfter, mockbackend.DropMidBody, mockbackend.HTMLError}
				for at := 0; at < 2000; at += 1 + random.IntN(19) {
					r.Fail(mockbackend.Fault{Service: mockbackend.PartnerCenter, Path: "/SelfServePolicy*", Kind: kinds[random.IntN(len(kinds))], Skip: at, Times: 1})
				}
				want := everyone(r.Backend)
				config := of(want, "verify_azure_subscription", false)
				// The next apply continues what fails permanently in one apply.
				var err error
				for range 5 {
					if err = r.Apply(t.Context(), config); err == nil {
						break
					}
					r.Again()
					if err := r.Refresh(t.Context()); err != nil {
						t.Log(err)
					}
				}
				if err != nil {
					t.Fatal(err)
				}
				r.ClearFaults()
				expectFleet(t, r.Backend, want)
				acctest.Pass(time.Hour)
				r.ExpectPlan(config, acctest.NoOp)
				// A successful write is not repeated: a second request for a customer is a different kind of
				// write.
				seen := map[string]int{}
				for _, w := range acctest.Writes(r.Backend) {
					if w.Method == http.MethodPost && !w.Replayed {
						seen[w.RequestBody]++
					}
				}
				for body, n := range seen {
					if n > 1 {
						t.Errorf("written %d times: %s", n, body)
					}
				}
			})
		})
	}
}

// Customers that fail do not stop the others. Each failure is reported with what to do.
func TestProtoFleet_partialFailure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failing int
		lines   []string
	}{
		"three":  {3, []string{"Could not set the permissions of 3 of 100 customers", "97 of 100 customers are done", ": Partner Center answered 400 Bad Request (code 3000)"}},
		"thirty": {30, []string{"Could not set the permissions of 30 of 100 customers", "30 customers, such as ", ": Partner Center answered 400 Bad Request (code 3000)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFleet(t, mockbackend.Config{Customers: 100}, func(t *testing.T, r acctest.Run) {
				want := acctest.Values{}
				for _, customer := range r.Customers() {
					r.SetPermissions(customer.ID)
					want[customer.ID] = onlyRI
				}
				config := of(want, "verify_azure_subscription", false)
				r.MustApply(of(acctest.Values{}, "verify_azure_subscription", false)) // so that it is an update
				r.Fail(mockbackend.Fault{Method: http.MethodPost, Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 3000, Times: c.failing})
				err := r.Apply(t.Context(), config)
				for _, line := range c.lines {
					if err == nil || !strings.Contains(err.Error(), line) {
						t.Errorf("got %v, want %q", err, line)
					}
				}
				inState, _ := r.State()["permissions"].(acctest.Values)
				enabled := 0
				for id, one := range inState {
					if one, _ := one.(acctest.Values); one["azure_reservations"] == true {
						enabled++
						acctest.ExpectPermissions(t, r.Backend, id, ri)
					} else {
						acctest.ExpectPermissions(t, r.Backend, id)
					}
				}
				if enabled != 100-c.failing {
					t.Errorf("%d customers are enabled in the state", enabled)
				}
				if reached, _ := r.State()["changes"].(acctest.Values); len(reached) != enabled {
					t.Errorf("the state says that %d customers were changed", len(reached))
				}
				r.ResetJournal()
				r.Again()
				r.MustRefresh()
				r.MustApply(config)
				if n := len(acctest.Writes(r.Backend)); n != c.failing {
					t.Errorf("the next apply wrote %d customers", n)
				}
				expectFleet(t, r.Backend, want)
			})
		})
	}
}

// The first half of a replacement disables the customers that the second half does not list. If a customer
// fails there, it stays in the state, with all customers that were not changed.
func TestProtoFleet_replaceFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, after acctest.Values }{
		"two of three are removed": {acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: onlyRI, mockbackend.TailspinID: onlyRI}, acctest.Values{mockbackend.TailspinID: onlyRI}},
		"all are removed":          {acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: onlyRI}, acctest.Values{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
				r.SetPermissions(mockbackend.AdatumID)
				r.MustApply(of(c.before, "verify_azure_subscription", false))
				r.Fail(mockbackend.Fault{Method: http.MethodDelete, Path: "/SelfServePolicy/*", Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 3000, Times: 1})
				after := of(c.after, "verify_azure_subscription", false)
				r.Again()
				if err := r.Replace(t.Context(), after); err == nil || !strings.Contains(err.Error(), "1 of 2 customers are done, and are in the state") {
					t.Fatalf("got %v", err)
				}
				if left, _ := r.State()["permissions"].(acctest.Values); len(left) != len(c.after)+1 {
					t.Errorf("the state has %v", left)
				}
				r.Again()
				if err := r.Replace(t.Context(), after); err != nil {
					t.Fatal(err)
				}
				for id := range c.before {
					if on := slices.Contains(acctest.Permissions(r.Backend, id), ri); on != (c.after[id] != nil) {
						t.Errorf("customer %s may buy: %t", id, on)
					}
				}
				r.ExpectPlan(after, acctest.NoOp)
			})
		})
	}
}

// An interrupted apply keeps what it has done.
func TestProtoFleet_interrupted(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{Customers: 500, Latency: time.Second}, func(t *testing.T, r acctest.Run) {
		want := acctest.Values{}
		for _, customer := range r.Customers() {
			want[customer.ID] = onlyRI
		}
		config := of(want, "verify_azure_subscription", false)
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second) // the plan reads all customers in 17 seconds
		defer cancel()
		err := r.Apply(ctx, config)
		if err == nil {
			t.Fatal("it was not interrupted, so this test proves nothing")
		}
		inState, _ := r.State()["permissions"].(acctest.Values)
		enabled := 0
		for id, one := range inState {
			want := others(r.Backend, id)
			if one, _ := one.(acctest.Values); one["azure_reservations"] == true {
				enabled++
				want = slices.Concat([]string{ri}, want)
			}
			acctest.ExpectPermissions(t, r.Backend, id, want...)
		}
		if enabled == 0 || enabled == 500 {
			t.Errorf("%d customers are enabled in the state", enabled)
		}
	})
}

// others returns the enabled permissions of a customer except reservations.
func others(b *mockbackend.Backend, id string) []string {
	return slices.DeleteFunc(acctest.Permissions(b, id), func(p string) bool { return p == ri })
}

// A failed sign-in, a missing role or an outage ends the apply at once with one error.
func TestProtoFleet_concernsAll(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{Customers: 2000}, func(t *testing.T, r acctest.Run) {
		config := of(everyone(r.Backend), "verify_azure_subscription", false)
		r.Fail(mockbackend.Fault{Method: http.MethodPost, Kind: mockbackend.APIError, Status: http.StatusForbidden, Code: 900150, Times: -1})
		err := r.Apply(t.Context(), config)
		if err == nil || strings.Count(err.Error(), "900150") != 1 || !strings.Contains(err.Error(), "Only an Admin agent") {
			t.Errorf("got %v", err)
		}
		if n := r.Counters().Route("POST /v1/SelfServePolicy"); n > 64 {
			t.Errorf("%d useless requests", n)
		}
	})
}

// Only customers that the activity log names are read.
func TestProtoFleet_activityLog(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change   func(acctest.Run)
		wait     time.Duration
		settings []any
		plan     acctest.Action
		audits   int // one for the refresh, and one for the user of each change that it found
		reads    int
	}{
		"nothing changed":                {wait: time.Hour, plan: acctest.NoOp, audits: 1},
		"changed outside":                {change: func(r acctest.Run) { r.SetPermissions(mockbackend.AdatumID) }, wait: time.Hour, plan: acctest.Update, audits: 2, reads: 1},
		"an unlisted customer changed":   {change: func(r acctest.Run) { r.SetPermissions(mockbackend.LitwareID, sp) }, wait: time.Hour, plan: acctest.NoOp, audits: 1},
		"the record came 5 hours late":   {change: late(5 * time.Hour), wait: 7 * time.Hour, plan: acctest.Update, audits: 2, reads: 1},
		"a day later":                    {change: func(r acctest.Run) { r.SetPermissions(mockbackend.AdatumID) }, wait: 24 * time.Hour, plan: acctest.Update, audits: 1, reads: 2},
		"after a longer time of its own": {settings: []any{"full_refresh_after", "1000h"}, change: func(r acctest.Run) { r.SetPermissions(mockbackend.AdatumID) }, wait: 40 * 24 * time.Hour, plan: acctest.Update, audits: 3, reads: 1},
		"longer than the log keeps":      {settings: []any{"full_refresh_after", "10000h"}, change: func(r acctest.Run) { r.SetPermissions(mockbackend.AdatumID) }, wait: 100 * 24 * time.Hour, plan: acctest.Update, audits: 1, reads: 2},
		"the log cannot be read": {change: func(r acctest.Run) {
			r.SetPermissions(mockbackend.AdatumID)
			r.Fail(mockbackend.Fault{Path: "/auditrecords", Kind: mockbackend.APIError, Status: http.StatusForbidden, Code: 900150, Times: -1})
		}, wait: time.Hour, plan: acctest.Update, audits: 2, reads: 2},
		"the log is not what is documented": {change: func(r acctest.Run) {
			r.Fail(mockbackend.Fault{Path: "/auditrecords", Kind: mockbackend.Garbage, Times: -1})
		}, wait: time.Hour, plan: acctest.NoOp, audits: 5, reads: 2}, // with 4 retries
		"a change of a customer that is not named": {change: unnamed(""), wait: time.Hour, plan: acctest.NoOp, audits: 1, reads: 2},
		"a change that names the partner":          {change: unnamed(mockbackend.PartnerTenantID), wait: time.Hour, plan: acctest.NoOp, audits: 1, reads: 2},
		"deny, and an unlisted one was enabled":    {settings: []any{"unlisted", "deny"}, change: func(r acctest.Run) { r.SetPermissions(mockbackend.LitwareID, sp) }, wait: time.Hour, plan: acctest.Update, audits: 2, reads: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
				r.SetKnobs(func(k *mockbackend.Knobs) { k.RefreshTokenLifetime = 1000 * 24 * time.Hour })
				config := of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.ContosoID: bothOn}, append([]any{"refresh", "activity_log", "verify_azure_subscription", false}, c.settings...)...)
				r.MustApply(config)
				acctest.Pass(time.Minute)
				if c.change != nil {
					c.change(r)
				}
				acctest.Pass(c.wait)
				r.ResetCounters()
				r.ExpectPlan(config, c.plan)
				if n := r.Counters().Route(auditRoute); n != c.audits {
					t.Errorf("the log was read %d times, not %d", n, c.audits)
				}
				if n := r.Counters().Route(listRoute); n != c.reads {
					t.Errorf("%d customers were read, not %d", n, c.reads)
				}
				r.ClearFaults()
				r.MustApply(config)
				acctest.Pass(time.Minute)
				r.ResetCounters()
				r.ExpectPlan(config, acctest.NoOp)
			})
		})
	}
}

// late changes a permission whose record appears only after d.
func late(d time.Duration) func(acctest.Run) {
	return func(r acctest.Run) {
		r.SetKnobs(func(k *mockbackend.Knobs) { k.AuditDelay = d })
		r.SetPermissions(mockbackend.AdatumID)
	}
}

// unnamed adds a record of a change that does not name the customer.
func unnamed(customerID string) func(acctest.Run) {
	return func(r acctest.Run) {
		r.AddAuditRecord(customerID, mockbackend.AuditRecord{ResourceType: "self_serve_policy", OperationType: "update_self_serve_policy"})
	}
}

// The provider's own writes need no second read.
func TestProtoFleet_ownWrites(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{Customers: 300}, func(t *testing.T, r acctest.Run) {
		config := of(everyone(r.Backend), "refresh", "activity_log", "verify_azure_subscription", false)
		r.MustApply(config)
		acctest.Pass(time.Minute)
		r.ResetCounters()
		r.ExpectPlan(config, acctest.NoOp)
		if n := r.Counters().Route(listRoute); n != 0 {
			t.Errorf("%d customers were read", n)
		}
	})
}

// A state without a refresh by activity log starts with a full refresh, and so does an import.
func TestProtoFleet_import(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		if err := r.Import(t.Context(), "", acctest.Values{"id": "all"}); err != nil {
			t.Fatal(err)
		}
		permissions, _ := r.State()["permissions"].(acctest.Values)
		if len(permissions) != len(r.Customers()) {
			t.Errorf("%d customers were imported", len(permissions))
		}
		expectFleet(t, r.Backend, permissions)
		if got := r.Identity(); !maps.Equal(got, acctest.Values{"id": "all"}) {
			t.Errorf("the identity is %v", got)
		}
		r.ExpectPlan(of(permissions), acctest.NoOp)
	})
}

// Values that are unknown at plan time are neither checked nor read.
func TestProtoFleet_unknown(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		for _, config := range []acctest.Values{
			{"permissions": acctest.Unknown},
			of(acctest.Values{mockbackend.AdatumID: acctest.Unknown}),
			of(acctest.Values{mockbackend.AdatumID: acctest.Values{"azure_reservations": acctest.Unknown}}),
			of(acctest.Values{mockbackend.AdatumID: onlyRI}, "unlisted", acctest.Unknown, "verify_azure_subscription", false),
		} {
			if action, err := r.Plan(t.Context(), config); action != acctest.Create || err != nil {
				t.Errorf("%v: %s, %v", config, action, err)
			}
		}
		if n := len(r.Requests()); n != 0 {
			t.Errorf("%d requests", n)
		}
	})
}

// A customer that is null is listed without a managed permission, and stays null when the state is written again.
func TestProtoFleet_nullCustomer(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		config := of(acctest.Values{mockbackend.AdatumID: nil, mockbackend.ContosoID: acctest.Values{"azure_reservations": true, "azure_savings_plans": nil}})
		r.MustApply(config)
		acctest.Pass(time.Hour)
		r.SetPermissions(mockbackend.ContosoID)
		r.ExpectPlan(config, acctest.Update) // and the refresh has written the state
		want := acctest.Values{mockbackend.AdatumID: nil, mockbackend.ContosoID: acctest.Values{"azure_reservations": false, "azure_savings_plans": nil}}
		if got := r.State()["permissions"]; !reflect.DeepEqual(got, want) {
			t.Errorf("the state has %v", got)
		}
		r.MustApply(config)
		r.ExpectPlan(config, acctest.NoOp)
	})
}

// Customers without a relationship count as disabled, with one warning.
func TestProtoFleet_goneCustomers(t *testing.T) {
	t.Parallel()
	for _, answer := range []mockbackend.RelationshipEnded{mockbackend.RelationshipEndedForbidden, mockbackend.RelationshipEndedNotFound} {
		t.Run(string(answer), func(t *testing.T) {
			t.Parallel()
			inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
				r.SetKnobs(func(k *mockbackend.Knobs) { k.RelationshipEnded = answer })
				config := of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.ContosoID: bothOn})
				r.MustApply(config)
				r.EndRelationship(mockbackend.AdatumID)
				r.Again()
				r.MustRefresh()
				if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], mockbackend.AdatumID) {
					t.Errorf("the warnings are %q", r.Warnings)
				}
				r.MustApply(of(acctest.Values{mockbackend.ContosoID: bothOn}))
				r.ExpectPlan(of(acctest.Values{mockbackend.ContosoID: bothOn}), acctest.NoOp)
				r.MustApply(nil)
			})
		})
	}
}

// A customer that left and is not listed has no warning: there is nothing to remove.
func TestProtoFleet_goneCustomerUnlisted(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		r.MustApply(of(acctest.Values{mockbackend.ContosoID: bothOn}, "unlisted", "deny", "refresh", "activity_log"))
		acctest.Pass(time.Hour)
		r.SetPermissions(mockbackend.AdatumID, ri)
		r.EndRelationship(mockbackend.AdatumID)
		r.Again()
		r.MustRefresh()
		if len(r.Warnings) > 0 {
			t.Errorf("the warnings are %q", r.Warnings)
		}
	})
}

// The cost grows linearly with the number of customers. The test measures allocated memory, because other
// programs do not change it.
func TestProtoFleet_costAtScale(t *testing.T) { // not parallel, because other tests would change the result
	acctest.AtScale(t)
	cost := func(customers int) float64 {
		var before, after runtime.MemStats
		inFleet(t, mockbackend.Config{Customers: customers}, func(t *testing.T, r acctest.Run) {
			config := acctest.Values{}
			for _, c := range r.Customers() {
				config[c.ID] = bothOff
				r.SetPermissions(c.ID)
			}
			runtime.ReadMemStats(&before)
			r.MustApply(of(config))
			r.SetPermissions(mockbackend.AdatumID, ri)
			r.MustRefresh()
			r.ExpectPlan(of(config), acctest.Update)
			runtime.ReadMemStats(&after)
		})
		return float64(after.TotalAlloc - before.TotalAlloc)
	}
	few, many := cost(300), cost(2400)
	t.Logf("8 times the customers take %.1f times the memory", many/few)
	if many > 10*few {
		t.Errorf("8 times the customers take %.1f times the memory", many/few)
	}
}

// With deny, a customer that is no longer listed also loses permissions that were not managed.
func TestProtoFleet_denyRemoved(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		r.SetPermissions(mockbackend.TailspinID)
		r.MustApply(of(acctest.Values{mockbackend.ContosoID: onlyRI}, "unlisted", "deny"))
		acctest.ExpectPermissions(t, r.Backend, mockbackend.ContosoID, ri, sp) // savings plans of a listed customer are not managed
		nobody := of(acctest.Values{}, "unlisted", "deny")
		r.MustApply(nobody)
		acctest.ExpectPermissions(t, r.Backend, mockbackend.ContosoID)
		acctest.Pass(time.Hour)
		r.ExpectPlan(nobody, acctest.NoOp)
	})
}

// With ignore, unlisted customers keep their permissions, also those that deny would have disabled.
func TestProtoFleet_denyToIgnore(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		r.SetPermissions(mockbackend.TailspinID)
		fleet := acctest.Values{mockbackend.ContosoID: bothOn}
		r.MustApply(of(fleet, "unlisted", "deny"))
		r.SetPermissions(mockbackend.LitwareID, ri)
		r.ExpectPlan(of(fleet), acctest.Update)
		r.MustApply(of(fleet))
		acctest.ExpectPermissions(t, r.Backend, mockbackend.LitwareID, ri)
		r.ExpectPlan(of(fleet), acctest.NoOp)
	})
}

// After a failure, the permissions are uncertain, so the next refresh reads all customers.
func TestProtoFleet_fullRefreshAfterFailure(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		settings := []any{"refresh", "activity_log", "verify_azure_subscription", false}
		r.MustApply(of(acctest.Values{mockbackend.AdatumID: onlyRI}, settings...))
		r.Fail(mockbackend.Fault{Method: http.MethodPost, Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 3000, Times: 1})
		two := of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: onlyRI}, settings...)
		if err := r.Apply(t.Context(), two); err == nil {
			t.Fatal("it did not fail, so this test proves nothing")
		}
		acctest.Pass(time.Hour)
		r.Again()
		r.ResetCounters()
		r.MustRefresh()
		if asked, read := r.Counters().Route(auditRoute), r.Counters().Route(listRoute); asked != 0 || read != 2 {
			t.Errorf("the log was read %d times, and %d customers were read", asked, read)
		}
		r.MustApply(two)
		acctest.ExpectPermissions(t, r.Backend, mockbackend.LitwareID, ri)
		r.ExpectPlan(two, acctest.NoOp)
	})
}

// After a kill of the provider, there is no state. The next apply finds the enabled permissions, and writes the
// rest.
func TestProtoFleet_killed(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{Customers: 100}, func(t *testing.T, r acctest.Run) {
		want := acctest.Values{}
		for i, c := range r.Customers() {
			if r.SetPermissions(c.ID); i < 60 {
				r.SetPermissions(c.ID, ri) // the part that the first apply has done
			}
			want[c.ID] = onlyRI
		}
		config := of(want, "verify_azure_subscription", false)
		r.MustApply(config)
		if n := len(acctest.Writes(r.Backend)); n != 40 {
			t.Errorf("%d writes", n)
		}
		expectFleet(t, r.Backend, want)
		r.ExpectPlan(config, acctest.NoOp)
	})
}

// A second plan immediately after an apply is empty, although reads lag behind.
func TestProtoFleet_readsLag(t *testing.T) {
	t.Parallel()
	for _, config := range []acctest.Values{
		of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.ContosoID: bothOff}),
		of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.ContosoID: bothOff}, "refresh", "activity_log"),
	} {
		inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
			r.SetKnobs(func(k *mockbackend.Knobs) { k.StaleReads = 2 })
			r.MustApply(config)
			r.ExpectPlan(config, acctest.NoOp)
			acctest.ExpectPermissions(t, r.Backend, mockbackend.AdatumID, ri)
			acctest.ExpectPermissions(t, r.Backend, mockbackend.ContosoID)
		})
	}
}

// The same holds with deny, which disabled customers that are not listed, or no longer listed.
func TestProtoFleet_readsLagUnderDeny(t *testing.T) {
	t.Parallel()
	for _, refresh := range []string{"full", "activity_log"} {
		inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
			r.SetKnobs(func(k *mockbackend.Knobs) { k.StaleReads = 2 })
			listed := acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: onlyRI}
			for range 2 {
				config := of(listed, "unlisted", "deny", "refresh", refresh)
				r.MustApply(config)
				r.ExpectPlan(config, acctest.NoOp)
				listed = acctest.Values{mockbackend.AdatumID: onlyRI}
				acctest.Pass(time.Hour)
			}
			acctest.ExpectPermissions(t, r.Backend, mockbackend.LitwareID)
		})
	}
}

// A customer counts for max_changes only if one of its permissions changes.
func TestProtoFleet_maxChangesCounts(t *testing.T) {
	t.Parallel()
	two := acctest.Values{mockbackend.AdatumID: bothOff, mockbackend.LitwareID: bothOff}
	three := acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.ContosoID: bothOff, mockbackend.LitwareID: bothOff}
	for name, c := range map[string]struct {
		before, after acctest.Values
		refused       string
	}{
		"added, and one changes":              {acctest.Values{}, three, ""},
		"added, and two change":               {acctest.Values{}, with(three, mockbackend.LitwareID, bothOn), "This would change 2 customers (1 enabled, 1 disabled), and max_changes allows 1"},
		"more is managed, and one changes":    {acctest.Values{mockbackend.ContosoID: acctest.Values{"azure_savings_plans": true}, mockbackend.LitwareID: acctest.Values{"azure_savings_plans": false}}, three, ""},
		"deny, and a disabled one is removed": {two, nil, ""},
		"deny, and an enabled one is listed":  {acctest.Values{}, with(two, mockbackend.ContosoID, bothOff), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
				for _, customer := range r.Customers() {
					r.SetPermissions(customer.ID)
				}
				unlisted := "ignore"
				if strings.HasPrefix(name, "deny") {
					unlisted = "deny"
				}
				r.MustApply(of(c.before, "unlisted", unlisted, "verify_azure_subscription", false))
				r.SetPermissions(mockbackend.AdatumID, ri)
				r.SetPermissions(mockbackend.ContosoID, sp)
				if unlisted == "deny" {
					r.SetPermissions(mockbackend.AdatumID)
				}
				r.MustRefresh()
				r.ResetJournal()
				r.Again()
				config := of(c.after, "unlisted", unlisted, "verify_azure_subscription", false, "max_changes", 1)
				expectText(t, "the error", errorText(r.Apply(t.Context(), config)), c.refused)
				if n := len(acctest.Writes(r.Backend)); c.refused != "" && n > 0 || n > 1 {
					t.Errorf("%d writes", n)
				}
				if c.refused == "" {
					expectFleet(t, r.Backend, c.after)
					r.ExpectPlan(config, acctest.NoOp)
				}
			})
		})
	}
}

// An apply without a refresh does not replace the full refresh after a failed apply.
func TestProtoFleet_failureThenNoRefresh(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		settings := []any{"refresh", "activity_log", "verify_azure_subscription", false}
		r.MustApply(of(acctest.Values{mockbackend.AdatumID: onlyRI}, settings...))
		acctest.Pass(time.Hour)
		r.Again()
		// Adatum is disabled, but the answer is lost.
		r.Fail(mockbackend.Fault{Method: http.MethodDelete, Path: "/SelfServePolicy/*", Kind: mockbackend.DropAfter, Times: 1})
		r.Fail(mockbackend.Fault{Method: http.MethodGet, Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 3000, Skip: 1, Times: -1})
		if err := r.Apply(t.Context(), of(acctest.Values{mockbackend.AdatumID: acctest.Values{"azure_reservations": false}}, settings...)); err == nil {
			t.Fatal("it did not fail, so this test proves nothing")
		}
		acctest.ExpectPermissions(t, r.Backend, mockbackend.AdatumID)
		r.ClearFaults()
		acctest.Pass(12 * time.Hour)
		config := of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: onlyRI}, settings...)
		// The state has Adatum as unconfirmed, so the apply writes it again, even without a refresh.
		r.MustApply(config)
		acctest.ExpectPermissions(t, r.Backend, mockbackend.AdatumID, ri)
		r.ExpectPlan(config, acctest.NoOp)
	})
}

// An error gives the number of failed customers, but does not list all of them if their reasons differ.
func TestProtoFleet_manyFailures(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{Customers: 60}, func(t *testing.T, r acctest.Run) {
		on := acctest.Values{}
		for _, customer := range r.Customers() {
			on[customer.ID] = onlyRI
			for _, s := range r.Subscriptions(customer.ID) {
				r.SetSubscriptionStatus(customer.ID, s.ID, "suspended")
			}
		}
		_, err := r.Plan(t.Context(), of(on))
		if err == nil || !strings.Contains(err.Error(), "of 58 customers") || !strings.Contains(err.Error(), "more") || strings.Count(err.Error(), "\n") > 30 {
			t.Errorf("got %v", err)
		}
		r.Again()
		r.MustApply(of(acctest.Values{mockbackend.AdatumID: bothOff}, "unlisted", "deny"))
		r.Fail(mockbackend.Fault{Method: http.MethodGet, Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 3000, Times: 30})
		r.Again()
		if err := r.Refresh(t.Context()); err != nil {
			t.Fatal(err) // a change outside Terraform is only a warning
		}
		for _, want := range []string{"Could not read the permissions of 30 of 60 customers", "30 customers, such as ", "Correlation ID: ", "The state keeps their values."} {
			if warned := strings.Join(r.Warnings, "\n"); !strings.Contains(warned, want) {
				t.Errorf("got %q, want %q", warned, want)
			}
		}
	})
}

// Customers that the apply left out are disabled, so a destroy right after the apply has nothing to wait for.
func TestProtoFleet_destroyLeftOut(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		r.MustApply(of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.FabrikamID: onlyRI}, "on_error", "report"))
		r.Again()
		start := time.Now()
		r.MustRefresh()
		if err := r.Apply(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("the destroy took %s", took)
		}
	})
}
