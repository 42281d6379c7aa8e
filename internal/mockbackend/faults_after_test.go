package mockbackend_test

import (
	"context"
	"net/http"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"terraform-provider-partnercenter/internal/mockbackend"
)

// A write that was executed stays when its client leaves before the answer.
func TestExecutedThoughTheClientLeaves(t *testing.T) {
	for _, kind := range []mockbackend.FaultKind{mockbackend.SlowAfter, mockbackend.LostAfter} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			c := admin(t, b)
			b.Fail(mockbackend.Fault{Method: "POST", Kind: kind})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			begin := time.Now()
			req := c.request("POST", "/v1/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan))
			if _, err := c.try(req.WithContext(ctx)); err == nil || time.Since(begin) != 10*time.Second {
				t.Errorf("%s: %v after %s", kind, err, time.Since(begin))
			}
			if _, made := b.Policy(mockbackend.AdatumID); !made {
				t.Errorf("%s: not executed", kind)
			}
			if last := lastRequest(b); last.Status != 0 || !last.Executed || last.Fault != string(kind) {
				t.Errorf("%s: journal: %+v", kind, last)
			}
		})
	}
}

func lastRequest(b *mockbackend.Backend) mockbackend.Request {
	requests := b.Requests()
	return requests[len(requests)-1]
}

// The same over sockets, where the handler learns only by the connection that the client has left.
func TestExecutedThoughTheClientLeavesOverTLS(t *testing.T) {
	for _, kind := range []mockbackend.FaultKind{mockbackend.SlowAfter, mockbackend.LostAfter} {
		b := newBackend(t, mockbackend.Config{})
		c := overTLS(t, b)
		c.bearer = c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken)
		b.Fail(mockbackend.Fault{Method: "POST", Kind: kind, Delay: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		req := c.request("POST", "/v1/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)).WithContext(ctx)
		go func() {
			_, err := c.try(req)
			left <- err
		}()
		for made := false; !made; _, made = b.Policy(mockbackend.AdatumID) {
			runtime.Gosched()
		}
		cancel()
		if err := <-left; err == nil {
			t.Errorf("%s: an answer", kind)
		}
		for lastRequest(b).Service != mockbackend.PartnerCenter { // until the handler has noticed
			runtime.Gosched()
		}
		if last := lastRequest(b); last.Status != 0 || !last.Executed {
			t.Errorf("%s: journal: %+v", kind, last)
		}
	}
}

// With a latency the client can leave before the request arrives, or while the answer is on its way.
func TestLatencyIsOnBothWays(t *testing.T) {
	for wait, executed := range map[time.Duration]bool{400 * time.Millisecond: false, 600 * time.Millisecond: true} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{Latency: time.Second})
			c := admin(t, b)
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			req := c.request("POST", "/v1/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan))
			if _, err := c.try(req.WithContext(ctx)); err == nil {
				t.Error("an answer")
			}
			if _, made := b.Policy(mockbackend.AdatumID); made != executed {
				t.Errorf("the client left after %s: executed: %t", wait, made)
			}
		})
	}
}

func TestReadLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := admin(t, b)
		b.SetKnobs(func(k *mockbackend.Knobs) { k.ReadLag = 4 * time.Second })
		shown := func(by string) bool {
			t.Helper()
			if by == "list" {
				return len(c.call("GET", "/SelfServePolicy?entity_id="+mockbackend.AdatumID, nil).items()) == 1
			}
			return c.call("GET", "/SelfServePolicy/"+policyID(mockbackend.AdatumID), nil).status == http.StatusOK
		}
		expect := func(list, get bool) {
			t.Helper()
			if shown("list") != list || shown("id") != get {
				t.Errorf("listed: %t, by id: %t; want %t and %t", shown("list"), shown("id"), list, get)
			}
		}
		c.call("POST", "/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)).want(t, "create", 201, 0)
		expect(false, false)
		pass(3 * time.Second)
		expect(false, false)
		c.call("DELETE", "/SelfServePolicy/"+policyID(mockbackend.AdatumID), nil).want(t, "writes see what is", 204, 0)
		pass(time.Second)
		expect(true, true) // each write shows when it is old enough
		b.SetKnobs(func(k *mockbackend.Knobs) { k.StaleListOnly = true })
		expect(true, false)
		pass(3 * time.Second)
		expect(false, false)
		c.call("POST", "/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)).want(t, "create", 201, 0)
		b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureReservedInstances)
		expect(true, true) // changes in the portal show at once
	})
}

func TestAssignmentReadLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := inTenant(t, b, mockbackend.AdatumID)
		b.SetKnobs(func(k *mockbackend.Knobs) { k.AssignmentReadLag = 4 * time.Second })
		path := adatumAssignments + "/" + firstAssignment + assignmentVersion
		user := b.AddUser(mockbackend.AdatumID, mockbackend.Principal{}).ID
		expect := func(when string, want any) {
			t.Helper()
			got := c.armCall("GET", path, nil)
			listed := slices.ContainsFunc(c.arm(adatumAssignments + assignmentVersion).body["value"].([]any), func(v any) bool {
				one := v.(map[string]any)
				return one["name"] == firstAssignment && one["properties"].(map[string]any)["description"] == want
			})
			switch {
			case want == "none" && (got.status != http.StatusNotFound || listed),
				want != "none" && (got.status != http.StatusOK || got.properties()["description"] != want || !listed):
				t.Errorf("%s: %d %s, listed: %t", when, got.status, got.raw, listed)
			}
		}
		c.armCall("PUT", path, assign(user, "User", "description", "first")).wantARM(t, "create", 201, nil)
		expect("just made", "none")
		pass(4 * time.Second)
		expect("made", "first")
		c.armCall("PUT", path, assign(user, "User", "description", "second")).wantARM(t, "update", 200, nil)
		expect("just changed", "first")
		pass(4 * time.Second)
		expect("changed", "second")
		c.armCall("DELETE", path, nil).wantARM(t, "delete", 200, nil)
		expect("just deleted", "second")
		pass(4 * time.Second)
		expect("deleted", "none")
	})
}

// pass lets time pass in a synctest bubble.
func pass(d time.Duration) { <-time.After(d) }

// Changes are in the order in which they took effect, whoever made them.
func TestChanges(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	c.call("POST", "/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)).want(t, "create", 201, 0)
	b.SetPermissions(mockbackend.AdatumID)
	made := b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: b.AddUser(mockbackend.AdatumID, mockbackend.Principal{}).ID})
	inTenant(t, b, mockbackend.AdatumID).armCall("DELETE", adatumAssignments+"/"+made.Name+assignmentVersion, nil)
	changes := b.Changes()
	if len(changes) != 4 {
		t.Fatalf("changes: %+v", changes)
	}
	on, off, assigned, removed := changes[0], changes[1], changes[2], changes[3]
	if on.Outside || on.Before != nil || !slices.Equal(on.After, []string{mockbackend.AzureSavingsPlan}) {
		t.Errorf("turned on: %+v", on)
	}
	if !off.Outside || off.After != nil || off.CustomerID != mockbackend.AdatumID {
		t.Errorf("turned off: %+v", off)
	}
	if !assigned.Outside || assigned.Name != made.Name || removed.Outside || removed.After != nil || !slices.Equal(removed.Before, []string{made.PrincipalID}) {
		t.Errorf("assigned: %+v, removed: %+v", assigned, removed)
	}
}

func TestRenewRelationship(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.EndRelationship(mockbackend.AdatumID)
	c.call("GET", "/SelfServePolicy?entity_id="+mockbackend.AdatumID, nil).want(t, "ended", 403, 20002)
	b.RenewRelationship(mockbackend.AdatumID)
	c.call("GET", "/SelfServePolicy?entity_id="+mockbackend.AdatumID, nil).want(t, "renewed", 200, 0)
	b.RenewRelationship("nobody")
	wantViolation(t, b, "nobody", "RenewRelationship: no customer nobody")
}
