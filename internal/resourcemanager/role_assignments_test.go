package resourcemanager_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
)

// adatum is the assignment of most tests.
var adatum = resourcemanager.OwnerAssignment{TenantID: tenant, SubscriptionID: subscription, PrincipalID: user, PrincipalType: "User"}

// TestAssign_sameNameAsOtherTools checks that names are the same as those of
// Microsoft's tools.
func TestAssign_sameNameAsOtherTools(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	const upper = "ABCDEF00-0000-0000-0000-000000000000"
	plan := mockbackend.Subscription{AzureSubscriptions: []mockbackend.AzureEntitlement{{ID: strings.ToLower(upper)}, {ID: "00000000-0000-0000-0000-000000000000"}}}
	c := b.AddCustomer(mockbackend.Customer{}, plan)
	for _, v := range []struct{ subscription, principal, name string }{
		{"00000000-0000-0000-0000-000000000000", "11111111-1111-1111-1111-111111111111", "ca63c934-6431-5c9b-8940-90f44681088a"},
		{upper, "AAAAAAAA-1111-1111-1111-111111111111", "0d25bda5-ea4b-5364-bc10-8a8612ba4c0d"},
	} {
		b.AddUser(c.ID, mockbackend.Principal{ID: v.principal})
		a, err := newClient(t, b).RoleAssignments.Assign(t.Context(), resourcemanager.OwnerAssignment{TenantID: c.ID, SubscriptionID: v.subscription, PrincipalID: v.principal})
		if err != nil {
			t.Fatal(err)
		}
		if want := "/subscriptions/" + strings.ToLower(v.subscription) + "/providers/Microsoft.Authorization/roleAssignments/" + v.name; !strings.EqualFold(a.ID, want) {
			t.Errorf("got %s, want %s", a.ID, want)
		}
	}
}

func TestAssign_requests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := newClient(t, b)
		o := adatum
		o.Description = "buys reservations"
		a, err := c.RoleAssignments.Assign(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if a.PrincipalID != user || a.PrincipalType != "User" || a.Role != resourcemanager.Owner || a.Description != o.Description || !a.DirectlyAt(subscription) || a.CreatedOn != time.Now().UTC() {
			t.Errorf("got %+v", a)
		}
		expectSent(t, b, list, put)
		if got := owners(b, subscription); !slices.Equal(got, []string{user}) {
			t.Errorf("the server has the owners %q", got)
		}
		// The shared list contains the assignment without being read again.
		if found, ok, err := c.RoleAssignments.OwnerOf(t.Context(), tenant, subscription, strings.ToUpper(user)); !ok || err != nil || found != a {
			t.Errorf("got %+v, %t, %v", found, ok, err)
		}
		expectSent(t, b)
	})
}

// TestAssign_afterInterruption checks that Assign adopts what an apply that was interrupted after the write has
// created.
func TestAssign_afterInterruption(t *testing.T) {
	for name, knobs := range map[string]func(*mockbackend.Knobs){
		"as documented":         func(*mockbackend.Knobs) {},
		"without createdBy":     func(k *mockbackend.Knobs) { k.CreatedByNull = true },
		"in upper case":         func(k *mockbackend.Knobs) { k.UpperCaseGUIDs = true },
		"other role prefix":     func(k *mockbackend.Knobs) { k.RoleDefinitionIDForm = mockbackend.RoleDefinitionIDProvider },
		"not on lists yet":      func(k *mockbackend.Knobs) { k.StaleAssignmentLists = 1 },
		"a repeated PUT is 201": func(k *mockbackend.Knobs) { k.StaleAssignmentLists, k.RepeatedPUTCreated = 1, true },
		"one on a page":         func(k *mockbackend.Knobs) { k.RoleAssignmentPageSize = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			b.SetKnobs(knobs)
			if _, err := newClient(t, b).RoleAssignments.Assign(t.Context(), adatum); err != nil {
				t.Fatal(err)
			}
			a, err := newClient(t, b).RoleAssignments.Assign(t.Context(), adatum)
			if err != nil {
				t.Fatal(err)
			}
			if got := owners(b, subscription); !slices.Equal(got, []string{user}) || a.PrincipalID != user {
				t.Errorf("the server has the owners %q, the answer was %+v", got, a)
			}
		})
	}
}

// TestAssign_existing checks that an assignment of somebody else is an error with its ID, or is
// adopted.
func TestAssign_existing(t *testing.T) {
	for name, c := range map[string]struct {
		existing mockbackend.RoleAssignment
		knobs    func(*mockbackend.Knobs)
	}{
		"on the list":                 {existing: mockbackend.RoleAssignment{}},
		"with a description":          {existing: mockbackend.RoleAssignment{Description: "by hand"}},
		"with a condition":            {existing: mockbackend.RoleAssignment{Condition: "false", ConditionVersion: "2.0"}},
		"under our name":              {existing: mockbackend.RoleAssignment{Name: ourName(t, adatum), CreatedBy: mockbackend.AdatumGroupID}},
		"not on the list":             {existing: mockbackend.RoleAssignment{}, knobs: func(k *mockbackend.Knobs) { k.StaleAssignmentLists = 1 }},
		"not on the list, without id": {existing: mockbackend.RoleAssignment{}, knobs: func(k *mockbackend.Knobs) { k.StaleAssignmentLists, k.ExistsWithoutID = 1, true }},
	} {
		t.Run(name, func(t *testing.T) {
			prepare := func(t *testing.T) (*mockbackend.Backend, mockbackend.RoleAssignment) {
				b := newBackend(t, mockbackend.Config{})
				if c.knobs != nil {
					b.SetKnobs(c.knobs)
				}
				if b.Knobs().StaleAssignmentLists > 0 { // only assignments from requests are missing on lists
					if _, err := newClient(t, b).RoleAssignments.Update(t.Context(), adatum, assignmentID("4d0c6c1e-8f0f-4f63-8c5b-1f3f4ab2c001")); err != nil {
						t.Fatal(err)
					}
					b.ResetCounters()
					return b, b.RoleAssignments(subscription)[1]
				}
				given := c.existing
				given.SubscriptionID, given.PrincipalID = subscription, user
				return b, b.AssignRole(given)
			}
			t.Run("refused", func(t *testing.T) {
				b, existing := prepare(t)
				_, err := newClient(t, b).RoleAssignments.Assign(t.Context(), adatum)
				e, ok := errors.AsType[*resourcemanager.ExistsError](err)
				if !ok || !strings.HasSuffix(e.Existing.ID, existing.Name) {
					t.Errorf("got %v, want an error that contains %s", err, existing.Name)
				}
				if got := b.RoleAssignments(subscription); len(got) != 2 || got[1].Name != existing.Name || got[1].UpdatedOn != existing.UpdatedOn {
					t.Errorf("the server has %+v", got)
				}
			})
			t.Run("adopted", func(t *testing.T) {
				b, existing := prepare(t)
				o := adatum
				o.Adopt = true
				a, err := newClient(t, b).RoleAssignments.Assign(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.HasSuffix(a.ID, existing.Name) || a.Description != "" || a.Condition != "" {
					t.Errorf("got %+v", a)
				}
				if got := b.Counters().Route(put); got != 1 { // a read may return an assignment that was just deleted
					t.Errorf("%d writes, want 1", got)
				}
				if got := b.RoleAssignments(subscription); len(got) != 2 || got[1].Description != "" || got[1].Condition != "" {
					t.Errorf("the server has %+v", got)
				}
			})
		})
	}
}

func assignmentID(name string) string {
	return "/subscriptions/" + subscription + "/providers/Microsoft.Authorization/roleAssignments/" + name
}

// ourName returns the name that the client gives to an assignment.
func ourName(t *testing.T, o resourcemanager.OwnerAssignment) string {
	t.Helper()
	a, err := newClient(t, newBackend(t, mockbackend.Config{})).RoleAssignments.Assign(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return a.ID[strings.LastIndex(a.ID, "/")+1:]
}

// TestAssign_partnersAccess checks that the partner's own access is neither adopted
// nor imported.
func TestAssign_partnersAccess(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	o := adatum
	o.PrincipalID, o.PrincipalType, o.Adopt = mockbackend.GroupID(mockbackend.AdminAgent), "", true
	c := newClient(t, b)
	_, err := c.RoleAssignments.Assign(t.Context(), o)
	if e, ok := errors.AsType[*resourcemanager.ExistsError](err); !ok || !e.Existing.Foreign() || !strings.Contains(err.Error(), "partner's own access") {
		t.Errorf("got %v", err)
	}
	for _, id := range []string{"", assignmentID(b.RoleAssignments(subscription)[0].Name)} {
		_, err := c.RoleAssignments.ReadImportable(t.Context(), o, id)
		if !errors.As(err, new(*resourcemanager.NotOwnerError)) || !strings.Contains(err.Error(), "partner's own access") {
			t.Errorf("import of %q: got %v", id, err)
		}
	}
	if b.Counters().Route(put)+b.Counters().Route(remove) != 0 {
		t.Error("something was written")
	}
}

// TestAssign_temporaryErrors checks that errors that may be temporary are retried for a limited
// time, and other errors not at all.
func TestAssign_temporaryErrors(t *testing.T) {
	taken := ourName(t, adatum)
	unknownUser := func(o *resourcemanager.OwnerAssignment) { o.PrincipalID = "11111111-1111-1111-1111-111111111111" }
	for name, c := range map[string]struct {
		prepare func(*mockbackend.Backend)
		change  func(*resourcemanager.OwnerAssignment)
		code    string // empty if the retries succeed
		within  time.Duration
		writes  int // maximum number of writes
	}{
		"a principal that was just created":               {prepare: knob(func(k *mockbackend.Knobs) { k.UnknownPrincipals = 3 }), within: 30 * time.Second, writes: 4},
		"a principal that does not exist":                 {change: unknownUser, code: "PrincipalNotFound", within: 2 * time.Minute, writes: 9},
		"a principal of unknown type":                     {change: func(o *resourcemanager.OwnerAssignment) { unknownUser(o); o.PrincipalType = "" }, code: "PrincipalNotFound", within: 5 * time.Minute, writes: 15},
		"a subscription that was just created":            {prepare: knob(func(k *mockbackend.Knobs) { k.UnknownSubscriptions = 4 }), within: 30 * time.Second, writes: 4},
		"a subscription that does not exist":              {change: func(o *resourcemanager.OwnerAssignment) { o.SubscriptionID = "11111111-1111-1111-1111-111111111111" }, code: "SubscriptionNotFound", within: 5 * time.Minute, writes: 15},
		"access that was just granted":                    {prepare: func(b *mockbackend.Backend) { b.GrantDelegatedAccess(tenant, 4) }, within: 30 * time.Second, writes: 4},
		"access that was removed":                         {prepare: func(b *mockbackend.Backend) { b.EndDelegatedAccess(tenant) }, code: "AuthorizationFailed", within: 5 * time.Minute, writes: 15},
		"the wrong principal type, immediately":           {change: func(o *resourcemanager.OwnerAssignment) { o.PrincipalType = "Group" }, code: "UnmatchedPrincipalType", writes: 1},
		"a subscription of another tenant, immediately":   {change: func(o *resourcemanager.OwnerAssignment) { o.SubscriptionID = mockbackend.ContosoAzureID }, code: "InvalidAuthenticationTokenTenant"},
		"a disabled subscription, immediately":            {prepare: func(b *mockbackend.Backend) { b.SetSubscriptionStatus(tenant, subscription, "suspended") }, code: "ReadOnlyDisabledSubscription", writes: 1},
		"a locked subscription, immediately":              {prepare: func(b *mockbackend.Backend) { b.LockSubscription(subscription, mockbackend.ReadOnly) }, code: "ScopeLocked", writes: 1},
		"a subscription with too many roles, immediately": {prepare: knob(func(k *mockbackend.Knobs) { k.RoleAssignmentLimit = 1 }), code: "RoleAssignmentLimitExceeded", writes: 1},
		"an application without principal, immediately":   {prepare: knob(func(k *mockbackend.Knobs) { k.NoServicePrincipal = true }), code: "InvalidAuthenticationToken"},
		"our name, used by another principal, immediately": {prepare: func(b *mockbackend.Backend) {
			b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: subscription, PrincipalID: mockbackend.AdatumSecondUserID, Name: taken})
		}, code: "RoleAssignmentUpdateNotPermitted", writes: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				if c.prepare != nil {
					c.prepare(b)
				}
				o := adatum
				if c.change != nil {
					c.change(&o)
				}
				client := newClient(t, b)
				if b.Knobs().NoServicePrincipal {
					client = newClientAs(t, b, "")
				}
				start := time.Now()
				a, err := client.RoleAssignments.Assign(t.Context(), o)
				took := time.Since(start)
				if c.code == "" {
					if err != nil || a.PrincipalID != user {
						t.Errorf("got %+v, %v", a, err)
					}
				} else if e, ok := errors.AsType[*resourcemanager.Error](err); !ok || e.Code != c.code || e.Remedy() == "" || e.TenantID != tenant {
					t.Errorf("got %v, want %s with a remedy", err, c.code)
				} else if waited := e.Waited.Round(time.Second); c.within > time.Minute && waited != c.within {
					t.Errorf("the error says that it waited %s", waited)
				}
				if took > c.within+time.Second || c.code != "" && took < c.within {
					t.Errorf("it took %s, want %s", took, c.within)
				}
				if n := b.Counters().Route(put); n > c.writes || c.writes > 0 && n == 0 {
					t.Errorf("%d writes, want 1 to %d", n, c.writes)
				}
			})
		})
	}
}

func knob(change func(*mockbackend.Knobs)) func(*mockbackend.Backend) {
	return func(b *mockbackend.Backend) { b.SetKnobs(change) }
}

// TestAssign_sharedWait checks that a thousand assignments without access wait together and
// not one after the other.
func TestAssign_sharedWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		b.EndDelegatedAccess(tenant)
		c := newClient(t, b)
		work := make(chan int)
		start := time.Now()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				for range work {
					if _, err := c.RoleAssignments.Assign(t.Context(), adatum); err == nil {
						t.Error("it was assigned")
					}
				}
			})
		}
		for i := range 1000 {
			work <- i
		}
		close(work)
		all.Wait()
		if took := time.Since(start); took > 5*time.Minute+2*time.Minute { // the mock accepts 10 writes per second
			t.Errorf("it took %s", took)
		}
		if n := b.Counters().TokensIssued(); n > 20 {
			t.Errorf("%d tokens", n)
		}
	})
}

func TestAssign_contextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		b.EndDelegatedAccess(tenant)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		start := time.Now()
		_, err := newClient(t, b).RoleAssignments.Assign(ctx, adatum)
		if e, ok := errors.AsType[*resourcemanager.Error](err); !ok || e.Code != "AuthorizationFailed" {
			t.Errorf("got %v, want the server's last answer", err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("it took %s", took)
		}
		stopped, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := newClient(t, b).RoleAssignments.Assign(stopped, adatum); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		stop()
		all.Wait()
	})
}

func TestRefresh(t *testing.T) {
	type outcome int
	const (
		same outcome = iota
		renamed
		gone
	)
	for name, c := range map[string]struct {
		knobs  func(*mockbackend.Knobs) // set before the write
		change func(*mockbackend.Backend, string)
		lately bool
		want   outcome
		sent   []string
	}{
		"unchanged": {sent: []string{list}},
		"in upper case": {change: func(b *mockbackend.Backend, _ string) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.UpperCaseGUIDs = true })
		}, sent: []string{list}},
		"on several pages": {change: func(b *mockbackend.Backend, _ string) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.RoleAssignmentPageSize = 1 })
		}, sent: []string{list, list}},
		"removed":                          {change: func(b *mockbackend.Backend, id string) { b.RemoveAssignment(subscription, id) }, want: gone, sent: []string{list, get}},
		"recreated with another name":      {change: remake, want: renamed, sent: []string{list}},
		"lists lag":                        {knobs: func(k *mockbackend.Knobs) { k.StaleAssignmentLists = 1 }, lately: true, sent: []string{list, get}},
		"all reads lag, right after write": {knobs: func(k *mockbackend.Knobs) { k.StaleAssignmentLists, k.StaleAssignmentGets = 1, 3 }, lately: true, sent: []string{list, get, get, get, get}},
		"removed right after the write":    {change: func(b *mockbackend.Backend, id string) { b.RemoveAssignment(subscription, id) }, lately: true, want: gone, sent: []string{list, get, get, get, get, get, get, get, get}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				if c.knobs != nil {
					b.SetKnobs(c.knobs)
				}
				before, err := newClient(t, b).RoleAssignments.Assign(t.Context(), adatum)
				if err != nil {
					t.Fatal(err)
				}
				if c.change != nil {
					c.change(b, before.ID[strings.LastIndex(before.ID, "/")+1:])
				}
				b.ResetJournal()
				start := time.Now()
				var written *resourcemanager.RoleAssignment
				if c.lately {
					written = &before
				}
				a, err := newClient(t, b).RoleAssignments.Refresh(t.Context(), adatum, before.ID, written)
				switch {
				case c.want == gone && !resourcemanager.IsNotFound(err), c.want != gone && err != nil:
					t.Errorf("got %+v, %v", a, err)
				case c.want == same && !strings.EqualFold(a.ID, before.ID), c.want == renamed && strings.EqualFold(a.ID, before.ID):
					t.Errorf("got %s, it was %s", a.ID, before.ID)
				}
				expectSent(t, b, c.sent...)
				if took := time.Since(start); took > time.Minute {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func remake(b *mockbackend.Backend, name string) {
	b.RemoveAssignment(subscription, name)
	b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: subscription, PrincipalID: user})
}

// TestRefresh_shared checks that a hundred assignments of one subscription need one list. A
// hundred tenants need one list and one token each.
func TestRefresh_shared(t *testing.T) {
	for _, c := range []struct{ assignments, tenants int }{{1, 1}, {10, 1}, {100, 1}, {100, 100}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{Latency: 20 * time.Millisecond})
			var all []resourcemanager.OwnerAssignment
			for range c.tenants {
				owner := b.AddCustomer(mockbackend.Customer{}, mockbackend.Subscription{AzureSubscriptions: []mockbackend.AzureEntitlement{{}}})
				for range c.assignments / c.tenants {
					o := resourcemanager.OwnerAssignment{TenantID: owner.ID, SubscriptionID: b.Subscriptions(owner.ID)[0].AzureSubscriptions[0].ID}
					o.PrincipalID = b.AddUser(owner.ID, mockbackend.Principal{}).ID
					b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: o.SubscriptionID, PrincipalID: o.PrincipalID})
					all = append(all, o)
				}
			}
			client := newClient(t, b)
			var wait sync.WaitGroup
			for _, o := range all {
				wait.Go(func() {
					if a, err := client.RoleAssignments.Refresh(t.Context(), o, "", nil); err != nil || a.PrincipalID != o.PrincipalID {
						t.Errorf("got %+v, %v", a, err)
					}
				})
			}
			wait.Wait()
			if n := b.Counters().Route(list); n != c.tenants || b.Counters().TokensIssued() != c.tenants {
				t.Errorf("%d assignments in %d tenants: %d lists, %d tokens", c.assignments, c.tenants, n, b.Counters().TokensIssued())
			}
		})
	}
}

func TestUpdateAndRemove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := newClient(t, b)
		a, err := c.RoleAssignments.Assign(t.Context(), adatum)
		if err != nil {
			t.Fatal(err)
		}
		b.ResetJournal()
		o := adatum
		o.Description = "another"
		updated, err := c.RoleAssignments.Update(t.Context(), o, a.ID)
		if err != nil || updated.Description != "another" || updated.ID != a.ID || updated.CreatedOn != a.CreatedOn {
			t.Errorf("got %+v, %v", updated, err)
		}
		expectSent(t, b, put)
		for range 2 { // the second time, it does not exist
			if err := c.RoleAssignments.Remove(t.Context(), adatum, a.ID, false); err != nil {
				t.Error(err)
			}
		}
		expectSent(t, b, remove, remove)
		if got := owners(b, subscription); got != nil {
			t.Errorf("the server has the owners %q", got)
		}
		if _, ok, err := c.RoleAssignments.OwnerOf(t.Context(), tenant, subscription, user); ok || err != nil {
			t.Errorf("the list still has it (%v)", err)
		}
	})
}

func TestRemove_refused(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := newClient(t, b)
	a, err := c.RoleAssignments.Assign(t.Context(), adatum)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range b.RoleAssignments(subscription) {
		if other.PrincipalType == mockbackend.ForeignGroupPrincipal {
			b.RemoveAssignment(subscription, other.Name)
			other.Scope = "/providers/Microsoft.Management/managementGroups/adatum"
			b.AssignRole(other)
		}
	}
	err = c.RoleAssignments.Remove(t.Context(), adatum, a.ID, false)
	if e, ok := errors.AsType[*resourcemanager.Error](err); !ok || !resourcemanager.IsLastOwner(err) || !strings.Contains(e.Remedy(), "another principal Owner first") {
		t.Errorf("got %v", err)
	}
}
