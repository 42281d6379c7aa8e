package partnercenter_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

const (
	reservations = string(partnercenter.AzureReservedInstances)
	savingsPlan  = string(partnercenter.AzureSavingsPlan)
	adatum       = mockbackend.AdatumID

	list   = "GET /v1/SelfServePolicy"
	create = "POST /v1/SelfServePolicy"
	update = "PUT /v1/SelfServePolicy/{id}"
	remove = "DELETE /v1/SelfServePolicy/{id}"
)

// These are earlier states of Adatum's reservations permission.
var (
	seenOn  = partnercenter.Seen{Allows: map[partnercenter.Permission]bool{partnercenter.AzureReservedInstances: true}}
	seenOff = partnercenter.Seen{Allows: map[partnercenter.Permission]bool{partnercenter.AzureReservedInstances: false, partnercenter.AzureSavingsPlan: true}}
)

// TestGrantAndRevoke_requests checks that the minimum number of requests is sent, and that the
// other permission is not changed.
func TestGrantAndRevoke_requests(t *testing.T) {
	for _, c := range []struct {
		name   string
		before []string
		seen   partnercenter.Seen
		revoke bool
		sent   []string
		after  []string
	}{
		{name: "grant where there is no policy", sent: []string{create}, after: []string{reservations}},
		{name: "grant what is enabled already", before: []string{reservations}, sent: []string{create, list}, after: []string{reservations}},
		{name: "grant what is known to be enabled", before: []string{reservations}, seen: seenOn, sent: []string{list}, after: []string{reservations}},
		{name: "grant what was disabled a short time ago", before: []string{reservations}, seen: seenOff, sent: []string{list, list, list}, after: []string{reservations}},
		{name: "grant beside the other permission", before: []string{savingsPlan}, sent: []string{create, list, update, list, list, list}, after: []string{reservations, savingsPlan}},
		{name: "grant in a known policy", before: []string{savingsPlan}, seen: seenOff, sent: []string{list, update, list, list, list}, after: []string{reservations, savingsPlan}},
		{name: "grant where the known policy is gone", seen: seenOff, sent: []string{list, create}, after: []string{reservations}},
		{name: "revoke the only permission", before: []string{reservations}, seen: seenOn, revoke: true, sent: []string{list, remove}},
		{name: "revoke one of two", before: []string{reservations, savingsPlan}, seen: seenOn, revoke: true, sent: []string{list, update}, after: []string{savingsPlan}},
		{name: "revoke what is disabled beside the other", before: []string{savingsPlan}, seen: seenOff, revoke: true, sent: []string{list}, after: []string{savingsPlan}},
		{name: "revoke where there is no policy", revoke: true, sent: []string{list}},
		{name: "revoke where the known policy is gone", seen: seenOn, revoke: true, sent: []string{list, list, list}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				b.SetPermissions(adatum, c.before...)
				client := newClient(t, b)
				apply := client.SelfServePolicies.Grant
				if c.revoke {
					apply = client.SelfServePolicies.Revoke
				}
				got, err := apply(t.Context(), adatum, partnercenter.AzureReservedInstances, c.seen)
				if err != nil {
					t.Fatal(err)
				}
				if got.Allows(partnercenter.AzureReservedInstances) == c.revoke || (got.ID != "") != (len(c.after) > 0) {
					t.Errorf("the result is %+v", got)
				}
				expectSent(t, b, c.sent...)
				expectPermissions(t, b, adatum, c.after...)
			})
		})
	}
}

// TestGrantAndRevoke_undocumentedBehavior checks that the result is the same for all server
// behaviors that Microsoft does not document.
func TestGrantAndRevoke_undocumentedBehavior(t *testing.T) {
	for name, change := range map[string]func(*mockbackend.Knobs){
		"stale reads":                func(k *mockbackend.Knobs) { k.StaleReads = 2 },
		"stale lists":                func(k *mockbackend.Knobs) { k.StaleReads, k.StaleListOnly = 2, true },
		"delete answers with a body": func(k *mockbackend.Knobs) { k.DeleteAnswersBody = true },
		"stale etag is 412":          func(k *mockbackend.Knobs) { k.StaleETag = mockbackend.StaleETagReject412 },
		"stale etag is ignored":      func(k *mockbackend.Knobs) { k.StaleETag = mockbackend.StaleETagIgnore },
		"upper case and shuffled":    func(k *mockbackend.Knobs) { k.UpperCaseGUIDs, k.ShuffleOrder = true, true },
		"string codes, long errors":  func(k *mockbackend.Knobs) { k.NumericCodes, k.LongErrors, k.BOMOnErrors = false, true, true },
		"no byte order mark":         func(k *mockbackend.Knobs) { k.BOM = false },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				b.SetKnobs(change)
				client, ctx := newClient(t, b), t.Context()
				seen := map[partnercenter.Permission]partnercenter.Seen{}
				for i, step := range []struct {
					permission partnercenter.Permission
					on         bool
					after      []string
				}{
					{partnercenter.AzureReservedInstances, true, []string{reservations}},
					{partnercenter.AzureSavingsPlan, true, []string{reservations, savingsPlan}},
					{partnercenter.AzureReservedInstances, false, []string{savingsPlan}},
					{partnercenter.AzureReservedInstances, true, []string{reservations, savingsPlan}},
					{partnercenter.AzureSavingsPlan, false, []string{reservations}},
					{partnercenter.AzureReservedInstances, false, nil},
					{partnercenter.AzureSavingsPlan, true, []string{savingsPlan}},
				} {
					apply := client.SelfServePolicies.Grant
					if !step.on {
						apply = client.SelfServePolicies.Revoke
					}
					p, err := apply(ctx, adatum, step.permission, seen[step.permission])
					if err != nil {
						t.Fatalf("step %d: %v", i, err)
					}
					seen[step.permission] = partnercenter.Seen{Allows: map[partnercenter.Permission]bool{step.permission: p.Allows(step.permission)}}
					expectPermissions(t, b, adatum, step.after...)
				}
			})
		})
	}
}

// TestWriters_race runs several concurrent writers of one policy, one for each permission. What a
// writer sets must stay until that writer changes it, whatever the others do.
func TestWriters_race(t *testing.T) {
	permissions := []partnercenter.Permission{partnercenter.AzureReservedInstances, partnercenter.AzureSavingsPlan}
	for _, c := range []struct {
		name      string
		processes int
	}{{"two resources of one run", 1}, {"two processes", 2}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				var clients []*partnercenter.Client
				for range c.processes {
					clients = append(clients, newClientOver(t, b, jitter{t, b.Transport()}, func(*partnercenter.Options) {}))
				}
				var wg sync.WaitGroup
				for i, permission := range permissions {
					client := clients[i%c.processes]
					wg.Go(func() {
						var seen partnercenter.Seen
						for round := range 300 {
							on := round%2 == 0
							apply := client.SelfServePolicies.Revoke
							if on {
								apply = client.SelfServePolicies.Grant
							}
							p, err := apply(t.Context(), adatum, permission, seen)
							if err != nil {
								t.Errorf("round %d of %s: %v", round, permission, err)
								return
							}
							seen = partnercenter.Seen{Allows: map[partnercenter.Permission]bool{permission: p.Allows(permission)}}
							for range 3 {
								pass(t, rand.N(time.Second))
								now, _ := b.Policy(adatum)
								if slices.Contains(now.Permissions, string(permission)) != on {
									t.Errorf("round %d: %s was changed by another writer (enabled: %t); the server has %q", round, permission, on, now.Permissions)
									return
								}
							}
						}
					})
				}
				wg.Wait()
				t.Logf("updates by status: %v", b.Counters().Routes[update])
			})
		})
	}
}

// jitter delays requests and answers at random, so that their order changes.
type jitter struct {
	t    *testing.T
	next http.RoundTripper
}

func (j jitter) RoundTrip(req *http.Request) (*http.Response, error) {
	pass(j.t, rand.N(200*time.Millisecond))
	resp, err := j.next.RoundTrip(req)
	pass(j.t, rand.N(200*time.Millisecond))
	return resp, err
}

// TestWrites_lostAnswers covers connections that fail after the server executed the write.
func TestWrites_lostAnswers(t *testing.T) {
	for _, c := range []struct {
		name, method string
		before       []string
		revoke       bool
		sent         []string
		after        []string
	}{
		// The second create has the same MS-RequestId, so the server repeats its answer.
		{"create", http.MethodPost, nil, false, []string{create, create}, []string{reservations}},
		{"update", http.MethodPut, []string{savingsPlan}, false, []string{create, list, update, list}, []string{reservations, savingsPlan}},
		{"delete", http.MethodDelete, []string{reservations}, true, []string{list, remove, list}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				b.SetPermissions(adatum, c.before...)
				b.Fail(mockbackend.Fault{Method: c.method, Path: "/SelfServePolicy*", Kind: mockbackend.DropAfter})
				client := newClient(t, b)
				apply := client.SelfServePolicies.Grant
				if c.revoke {
					apply = client.SelfServePolicies.Revoke
				}
				if _, err := apply(t.Context(), adatum, partnercenter.AzureReservedInstances, partnercenter.Seen{}); err != nil {
					t.Fatal(err)
				}
				writes := slices.DeleteFunc(b.Requests(), func(r mockbackend.Request) bool { return r.Method != c.method })
				if len(writes) == 2 && writes[0].RequestID != writes[1].RequestID {
					t.Error("the retried create has a different MS-RequestId")
				}
				expectSent(t, b, c.sent...)
				expectPermissions(t, b, adatum, c.after...)
			})
		})
	}
}

// TestWrites_rereadAfterThrottling checks that a throttled update or delete reads the policy again before the
// retry, because the policy may have changed during the wait.
func TestWrites_rereadAfterThrottling(t *testing.T) {
	for _, c := range []struct {
		name, method string
		before       []string
		sent         []string
	}{
		{"delete", http.MethodDelete, []string{reservations}, []string{list, remove, list, update}},
		{"update", http.MethodPut, []string{reservations, "AzureOther"}, []string{list, update, list, update}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				b.SetPermissions(adatum, reservations)
				if c.name == "update" {
					b.SetPermissions(adatum, reservations, savingsPlan)
				}
				b.Fail(mockbackend.Fault{Method: c.method, Path: "/SelfServePolicy*", Kind: mockbackend.Throttle, RetryAfter: time.Hour})
				client := newClient(t, b)
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
				defer cancel()
				go func() {
					pass(t, 30*time.Minute)
					b.SetPermissions(adatum, reservations, savingsPlan)
				}()
				if _, err := client.SelfServePolicies.Revoke(ctx, adatum, partnercenter.AzureReservedInstances, partnercenter.Seen{}); err != nil {
					t.Fatal(err)
				}
				expectSent(t, b, c.sent...)
				expectPermissions(t, b, adatum, savingsPlan)
			})
		})
	}
}

// TestGrant_concurrentDelete covers another process that read the policy before it was
// extended and deletes it afterwards. The API has no precondition for a delete, so the grant reads
// the policy again.
func TestGrant_concurrentDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		b.SetPermissions(adatum, savingsPlan)
		b.Fail(mockbackend.Fault{Method: http.MethodDelete, Path: "/SelfServePolicy*", Kind: mockbackend.Slow, Delay: time.Second})
		b.Fail(mockbackend.Fault{Method: http.MethodPut, Path: "/SelfServePolicy*", Kind: mockbackend.Slow, Delay: 500 * time.Millisecond})
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := newClient(t, b).SelfServePolicies.Revoke(t.Context(), adatum, partnercenter.AzureSavingsPlan, partnercenter.Seen{}); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if _, err := newClient(t, b).SelfServePolicies.Grant(t.Context(), adatum, partnercenter.AzureReservedInstances, seenOff); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		expectPermissions(t, b, adatum, reservations)
	})
}

// TestRevoke_restoresOtherPermission checks that the revoking process restores permissions
// that its delete removed by accident. This is possible if the delete answers with the deleted
// policy.
func TestRevoke_restoresOtherPermission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		b.SetKnobs(func(k *mockbackend.Knobs) { k.DeleteAnswersBody = true })
		b.SetPermissions(adatum, reservations)
		b.Fail(mockbackend.Fault{Method: http.MethodDelete, Path: "/SelfServePolicy*", Kind: mockbackend.Slow, Delay: time.Minute})
		go func() {
			pass(t, time.Second)
			b.SetPermissions(adatum, reservations, savingsPlan)
		}()
		if _, err := newClient(t, b).SelfServePolicies.Revoke(t.Context(), adatum, partnercenter.AzureReservedInstances, partnercenter.Seen{}); err != nil {
			t.Fatal(err)
		}
		expectSent(t, b, list, remove, create)
		expectPermissions(t, b, adatum, savingsPlan)
	})
}

// TestGet_unreadable checks that an unreadable policy never counts as disabled.
func TestGet_unreadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		b.SetPermissions(adatum, reservations)
		b.Fail(mockbackend.Fault{Method: http.MethodGet, Path: "/SelfServePolicy", Kind: mockbackend.Garbage, Times: -1})
		client := newClient(t, b)
		if p, err := client.SelfServePolicies.Get(t.Context(), adatum); err == nil {
			t.Errorf("an unreadable body counts as %+v", p)
		}
		if _, err := client.SelfServePolicies.Revoke(t.Context(), adatum, partnercenter.AzureReservedInstances, partnercenter.Seen{}); err == nil {
			t.Error("an unreadable body counts as no policy")
		}
		expectPermissions(t, b, adatum, reservations)
	})
}

// BenchmarkGrantAndGet enables a permission of one customer and reads it back.
func BenchmarkGrantAndGet(b *testing.B) {
	backend := newBackend(b, mockbackend.Config{})
	client := newClient(b, backend)
	for i := 0; b.Loop(); i++ {
		if _, err := client.SelfServePolicies.Grant(b.Context(), adatum, partnercenter.AzureReservedInstances, partnercenter.Seen{}); err != nil {
			b.Fatal(err)
		}
		if p, err := client.SelfServePolicies.Get(b.Context(), adatum); err != nil || p.ID == "" {
			b.Fatal(fmt.Errorf("got %+v, %w", p, err))
		}
		b.StopTimer()
		backend.SetPermissions(adatum)
		b.StartTimer()
	}
}

// TestGrant_afterRevoke covers terraform apply -replace, which destroys and creates in one
// process while reads may be stale.
func TestGrant_afterRevoke(t *testing.T) {
	for _, stale := range []int{0, 1, 2} {
		t.Run(fmt.Sprint(stale, " stale reads"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				b.SetPermissions(adatum, reservations, savingsPlan)
				b.SetKnobs(func(k *mockbackend.Knobs) { k.StaleReads = stale })
				client := newClient(t, b)
				if _, err := client.SelfServePolicies.Revoke(t.Context(), adatum, partnercenter.AzureReservedInstances, seenOn); err != nil {
					t.Fatal(err)
				}
				if _, err := client.SelfServePolicies.Grant(t.Context(), adatum, partnercenter.AzureReservedInstances, partnercenter.Seen{}); err != nil {
					t.Fatal(err)
				}
				expectPermissions(t, b, adatum, reservations, savingsPlan)
			})
		})
	}
}

// TestSet_interrupted checks that Set still finds the result of a sent write after the caller's
// context has ended. If it cannot, the outcome is Unsure.
func TestSet_interrupted(t *testing.T) {
	for name, c := range map[string]struct {
		faults []mockbackend.Fault
		want   partnercenter.Outcome
	}{
		"answered late":              {[]mockbackend.Fault{{Method: http.MethodPost, Kind: mockbackend.SlowAfter, Delay: 20 * time.Second}}, partnercenter.Done},
		"answered too late":          {[]mockbackend.Fault{{Method: http.MethodPost, Kind: mockbackend.SlowAfter, Delay: time.Minute}}, partnercenter.Done},
		"never answered":             {[]mockbackend.Fault{{Method: http.MethodPost, Kind: mockbackend.LostAfter, Times: -1}}, partnercenter.Done},
		"never answered, no read":    {[]mockbackend.Fault{{Method: http.MethodPost, Kind: mockbackend.LostAfter, Times: -1}, {Method: http.MethodGet, Kind: mockbackend.ServerError, Times: -1}}, partnercenter.Unsure},
		"refused late":               {[]mockbackend.Fault{{Method: http.MethodPost, Kind: mockbackend.APIError, Status: 403, Code: 900150, Delay: 5 * time.Second}}, partnercenter.Refused},
		"nothing reaches the server": {[]mockbackend.Fault{{Service: mockbackend.SignIn, Kind: mockbackend.Slow, Delay: time.Hour}}, partnercenter.NotSent},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{Latency: 200 * time.Millisecond})
				for _, f := range c.faults {
					b.Fail(f)
				}
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(500*time.Millisecond, cancel)
				start := time.Now()
				_, err := newClient(t, b).SelfServePolicies.Grant(ctx, adatum, partnercenter.AzureReservedInstances, partnercenter.Seen{})
				if got := partnercenter.OutcomeOf(err); got != c.want || time.Since(start) > time.Minute+time.Second {
					t.Errorf("%v after %v: %v", got, time.Since(start), err)
				}
				pass(t, 2*time.Hour) // a shared request continues after its caller has given up
			})
		})
	}
}

// TestSet_twoStates covers two states that manage different permissions of the same customers, with stale reads. What
// each state sets must stay.
func TestSet_twoStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{Customers: 300})
		b.SetKnobs(func(k *mockbackend.Knobs) { k.StaleReads = 1 })
		var wg sync.WaitGroup
		for _, c := range b.Customers() {
			b.SetPermissions(c.ID, reservations)
		}
		one := newClientOver(t, b, jitter{t, b.Transport()}, func(*partnercenter.Options) {})
		other := newClientOver(t, b, jitter{t, b.Transport()}, func(*partnercenter.Options) {})
		for _, c := range b.Customers() {
			wg.Go(func() {
				if _, err := one.SelfServePolicies.Revoke(t.Context(), c.ID, partnercenter.AzureReservedInstances, seenOn); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if _, err := other.SelfServePolicies.Grant(t.Context(), c.ID, partnercenter.AzureSavingsPlan, partnercenter.Seen{}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, c := range b.Customers() {
			expectPermissions(t, b, c.ID, savingsPlan)
		}
	})
}
