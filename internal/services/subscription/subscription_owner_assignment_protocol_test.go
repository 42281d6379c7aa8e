package subscription_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const (
	ownerType = "partnercenter_subscription_owner_assignment"
	adatum    = mockbackend.AdatumID
	azure     = mockbackend.AdatumAzureID
	user      = mockbackend.AdatumUserID
	upn       = mockbackend.AdatumUserPrincipalName

	tokenRoute        = "POST /{tenant}/oauth2/v2.0/token"
	usersRoute        = "GET /v1/customers/{customer}/users"
	customerRoute     = "GET /v1/customers/{customer}"
	subscriptionRoute = "GET /subscriptions/{subscription}"
	listRoute         = "GET /subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments"
	getRoute          = listRoute + "/{name}"
	putRoute          = "PUT /subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments/{name}"
	deleteRoute       = "DELETE /subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments/{name}"
)

var (
	byID   = acctest.Values{"customer_id": adatum, "subscription_id": azure, "principal_id": user}
	byName = acctest.Values{"customer_id": adatum, "subscription_id": azure, "user_principal_name": upn}
)

// with returns the configuration with one more argument.
func with(config acctest.Values, name string, value any) acctest.Values {
	c := maps.Clone(config)
	c[name] = value
	return c
}

// owners returns the role assignments of Owner that the server has for the subscription, without the
// partner's own.
func owners(b *mockbackend.Backend) []mockbackend.RoleAssignment {
	return slices.DeleteFunc(b.RoleAssignments(azure), func(a mockbackend.RoleAssignment) bool {
		return a.RoleID != mockbackend.OwnerRole || a.PrincipalType == mockbackend.ForeignGroupPrincipal
	})
}

func TestProtoOwner_requests(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		// Apply plans first, which reads the subscription and its role assignments.
		r.MustApply(byID)
		r.ExpectSent(tokenRoute, subscriptionRoute, tokenRoute, customerRoute, listRoute, putRoute)
		r.ExpectPlan(byID, acctest.NoOp)
		r.ExpectSent(tokenRoute, listRoute)
		r.MustApply(with(byID, "description", "buys reservations"))
		r.ExpectSent(tokenRoute, putRoute)
		r.ExpectPlan(with(byID, "description", "buys reservations"), acctest.NoOp)
		r.ExpectSent(tokenRoute, listRoute)
		r.MustApply(with(with(byID, "description", "buys reservations"), "adopt_existing", true))
		r.ExpectSent() // nothing changed on the server
		r.MustApply(nil)
		r.ExpectSent(tokenRoute, deleteRoute)
		if got := owners(r.Backend); len(got) != 0 {
			t.Errorf("the server has %+v", got)
		}
	})
}

func TestProtoOwner_byUserPrincipalName(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		config := with(byName, "user_principal_name", strings.ToUpper(upn))
		r.MustApply(config)
		r.ExpectSent(tokenRoute, usersRoute, tokenRoute, subscriptionRoute, customerRoute, listRoute, putRoute)
		if got := r.State(); got["principal_id"] != user || got["principal_type"] != "User" {
			t.Errorf("the state is %v", got)
		}
		r.ExpectPlan(byName, acctest.NoOp)
		// Naming the same user by its ID changes nothing on the server.
		r.ExpectPlan(byID, acctest.Update)
		r.ResetJournal()
		r.MustApply(byID)
		r.ExpectSent()
		r.ExpectPlan(byID, acctest.NoOp)
		r.MustApply(byName)
		// Another user gets another role assignment.
		other := with(byName, "user_principal_name", mockbackend.AdatumSecondUserPrincipalName)
		r.ExpectPlan(other, acctest.Replace)
		r.MustApply(other)
		if got := owners(r.Backend); len(got) != 1 || got[0].PrincipalID != mockbackend.AdatumSecondUserID {
			t.Errorf("the server has %+v", got)
		}
	})
}

// If the user was deleted, the plan warns, because the role assignment stays. A new user with the same name is
// another principal.
func TestProtoOwner_userGoneAndBack(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		r.MustApply(byName)
		r.DeletePrincipal(adatum, user)
		r.ExpectPlan(byName, acctest.NoOp)
		if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "Could not find user "+upn) || !strings.Contains(r.Warnings[0], "stays until the resource is removed") {
			t.Errorf("the warnings are %q", r.Warnings)
		}
		again := r.AddUser(adatum, mockbackend.Principal{UserPrincipalName: upn})
		r.ExpectPlan(byName, acctest.Replace)
		r.MustApply(byName)
		if got := owners(r.Backend); len(got) != 1 || got[0].PrincipalID != again.ID {
			t.Errorf("the server has %+v", got)
		}
	})
}

func TestProtoOwner_changedOutside(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config  acctest.Values
		change  func(r acctest.Run, name string)
		plan    acctest.Action
		warning string
	}{
		"nothing": {plan: acctest.NoOp, change: func(acctest.Run, string) {}},
		"removed": {plan: acctest.Create, change: func(r acctest.Run, name string) { r.RemoveAssignment(azure, name) }},
		"created again": {plan: acctest.NoOp, change: func(r acctest.Run, name string) {
			r.RemoveAssignment(azure, name)
			r.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: user})
		}},
		"description": {plan: acctest.Update, change: func(r acctest.Run, name string) {
			change(r, name, func(a *mockbackend.RoleAssignment) { a.Description = "by hand" })
		}},
		"condition": {plan: acctest.Update, change: func(r acctest.Run, name string) {
			change(r, name, func(a *mockbackend.RoleAssignment) { a.Condition, a.ConditionVersion = "false", "2.0" })
		}},
		"inherited only": {plan: acctest.Create, change: func(r acctest.Run, name string) {
			change(r, name, func(a *mockbackend.RoleAssignment) {
				a.Name, a.Scope = "", "/providers/Microsoft.Management/managementGroups/adatum"
			})
		}},
		"principal deleted": {plan: acctest.NoOp, change: func(r acctest.Run, _ string) { r.DeletePrincipal(adatum, user) }},
		"principal deleted, and Azure says so": {
			plan: acctest.NoOp, warning: "Principal " + user + " no longer exists",
			change: func(r acctest.Run, _ string) {
				r.DeletePrincipal(adatum, user)
				r.SetKnobs(func(k *mockbackend.Knobs) { k.DeletedPrincipalsUnknown = true })
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				r.MustApply(byID)
				acctest.Pass(time.Hour)
				c.change(r, owners(r.Backend)[0].Name)
				r.Again()
				r.MustRefresh()
				warnings := r.Warnings
				action, err := r.Plan(t.Context(), byID)
				if err != nil || action != c.plan {
					t.Fatalf("the plan says %q, not %q: %v", action, c.plan, err)
				}
				if c.warning != "" && (len(warnings) != 1 || !strings.Contains(warnings[0], c.warning)) {
					t.Errorf("the warnings are %q", warnings)
				}
				r.MustApply(byID)
				acctest.Pass(time.Hour)
				r.ExpectPlan(byID, acctest.NoOp)
				if got := owners(r.Backend); len(got) == 0 || got[len(got)-1].Condition != "" || got[len(got)-1].Description != "" {
					t.Errorf("the server has %+v", got)
				}
			})
		})
	}
}

// The role assignment of a deleted principal stays as it is. Its description can be changed and it can be
// destroyed, with and without a declared principal type.
func TestProtoOwner_principalGone(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]acctest.Values{"of any type": byID, "of a declared type": with(byID, "principal_type", "User"), "by name": byName} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				r.MustApply(config)
				acctest.Pass(time.Hour)
				r.DeletePrincipal(adatum, user)
				r.SetKnobs(func(k *mockbackend.Knobs) { k.DeletedPrincipalsUnknown = true })
				r.ExpectPlan(config, acctest.NoOp)
				described := with(config, "description", "left in March")
				r.MustApply(described)
				r.ExpectPlan(described, acctest.NoOp)
				if got := owners(r.Backend); len(got) != 1 || got[0].Description != "left in March" {
					t.Errorf("the server has %+v", got)
				}
				r.MustApply(nil)
			})
		})
	}
	t.Run("imported", func(t *testing.T) {
		t.Parallel()
		acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
			r.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: user})
			r.DeletePrincipal(adatum, user)
			r.SetKnobs(func(k *mockbackend.Knobs) { k.DeletedPrincipalsUnknown = true })
			if err := r.Import(t.Context(), adatum+"/"+azure+"/"+user, nil); err != nil {
				t.Fatal(err)
			}
			r.ExpectPlan(byID, acctest.NoOp)
			declared := with(with(byID, "description", "left in March"), "principal_type", "User")
			r.ExpectPlan(declared, acctest.Update)
			r.MustApply(declared)
			r.ExpectPlan(declared, acctest.NoOp)
		})
	})
}

// If the role assignment was removed after the refresh, Update creates it again as planned.
func TestProtoOwner_updateCreatesItAgain(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		r.MustApply(byID)
		acctest.Pass(time.Hour)
		r.RemoveAssignment(azure, owners(r.Backend)[0].Name)
		r.MustApply(with(byID, "description", "buys reservations"))
		r.ExpectPlan(with(byID, "description", "buys reservations"), acctest.NoOp)
		if now := time.Now().UTC().Format(time.RFC3339); r.State()["created_on"] != now {
			t.Errorf("the state is %v, want created_on %s", r.State(), now)
		}
	})
}

// change replaces a role assignment with a changed one, as in the Azure portal.
func change(r acctest.Run, name string, to func(*mockbackend.RoleAssignment)) {
	a := owners(r.Backend)[0]
	r.RemoveAssignment(azure, name)
	to(&a)
	r.AssignRole(a)
}

// The plan right after an apply is empty, although reads lag.
func TestProtoOwner_readsLag(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		r.SetKnobs(func(k *mockbackend.Knobs) {
			k.StaleAssignmentLists, k.StaleAssignmentGets, k.StaleDeletedLists = 3, 3, 3
		})
		r.MustApply(byID)
		for range 4 {
			r.ExpectPlan(byID, acctest.NoOp)
		}
		// The role assignment is destroyed and created again while lists still have the old one.
		r.MustApply(nil)
		r.Again()
		r.MustApply(byID)
		r.ExpectPlan(byID, acctest.NoOp)
		if got := owners(r.Backend); len(got) != 1 {
			t.Errorf("the server has %+v", got)
		}
	})
}

// If an apply was interrupted after the write and left no state, the next apply continues.
func TestProtoOwner_interrupted(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		empty := r.Save()
		r.MustApply(byID)
		r.Load(empty)
		r.Again()
		r.MustApply(byID)
		if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "An interrupted apply created it") {
			t.Errorf("the warnings are %q", r.Warnings)
		}
		if got := owners(r.Backend); len(got) != 1 {
			t.Errorf("the server has %+v", got)
		}
		r.ExpectPlan(byID, acctest.NoOp)
	})
}

// If a resource gets another address, one run creates the new object and destroys the old one, in any order. The role
// assignment stays.
func TestProtoOwner_otherAddress(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{-time.Second, 0, time.Second} {
		acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
			r.MustApply(byID)
			r.Again()
			r.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = 300 * time.Millisecond })
			other := r.Protocol.Resource(ownerType)
			acctest.Parallel(2, func(i int) {
				if i == 0 {
					acctest.Pass(max(0, wait))
					if err := other.Apply(t.Context(), byID); err != nil {
						t.Error(err)
					}
					return
				}
				acctest.Pass(max(0, -wait))
				if err := r.Apply(t.Context(), nil); err != nil {
					t.Error(err)
				}
			})
			if got := owners(r.Backend); len(got) != 1 {
				t.Errorf("the server has %+v", got)
			}
			acctest.Run{T: t, Backend: r.Backend, Resource: other}.ExpectPlan(byID, acctest.NoOp)
		})
	}
}

// Replacing a role assignment by itself sends no write. The plan does not report that it exists already, unless it
// was imported.
func TestProtoOwner_replacesItself(t *testing.T) {
	t.Parallel()
	for name, makes := range map[string]func(acctest.Run) error{
		"made here": func(r acctest.Run) error { return r.Apply(r.Context(), byID) },
		"imported": func(r acctest.Run) error {
			r.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: user})
			return r.Import(r.Context(), adatum+"/"+azure+"/"+user, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				if err := makes(r); err != nil {
					t.Fatal(err)
				}
				r.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: mockbackend.AdatumSecondUserID})
				acctest.Pass(time.Hour)
				r.Again()
				if err := r.Replace(t.Context(), with(byID, "principal_id", mockbackend.AdatumSecondUserID)); err == nil || !strings.Contains(err.Error(), "exists already") {
					t.Errorf("it was replaced by a role assignment that others created: %v", err)
				}
				r.Again()
				before := r.State()
				r.ResetJournal()
				if err := r.Replace(t.Context(), byID); err != nil || len(r.Warnings) != 0 && name != "imported" {
					t.Errorf("%v with the warnings %q", err, r.Warnings)
				}
				if got := r.State(); !maps.Equal(got, before) {
					t.Errorf("the state is %v, and was %v", got, before)
				}
				if n := len(acctest.Writes(r.Backend)); n != 0 {
					t.Errorf("%d writes: it was deleted and created again", n)
				}
				r.ExpectPlan(byID, acctest.NoOp)
			})
		})
	}
}

func TestProtoOwner_existing(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		existing := r.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: user, Description: "by hand"})
		_, err := r.Plan(t.Context(), byID)
		importID := adatum + "/" + azure + "/" + user
		if err == nil || !strings.Contains(err.Error(), existing.Name) || !strings.Contains(err.Error(), importID) || !strings.Contains(err.Error(), "adopt_existing = true") {
			t.Errorf("got %v", err)
		}
		adopt := with(byID, "adopt_existing", true)
		r.Again()
		action, err := r.Plan(t.Context(), adopt)
		if action != acctest.Create || err != nil || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "Destroying this resource will delete it") {
			t.Errorf("got %s, %v with the warnings %q", action, err, r.Warnings)
		}
		r.Again()
		r.MustApply(adopt)
		if got := owners(r.Backend); len(got) != 1 || got[0].Name != existing.Name || got[0].Description != "" {
			t.Errorf("the server has %+v", got)
		}
		r.ExpectPlan(adopt, acctest.NoOp)
		r.MustApply(nil)
		if got := owners(r.Backend); len(got) != 0 {
			t.Errorf("the server has %+v", got)
		}
	})
}

// If adopt_existing is set and the declared principal type is wrong, the server's error is reported, as in a creation.
func TestProtoOwner_existingOfAnotherType(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		r.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: user})
		err := r.Apply(t.Context(), with(with(byID, "adopt_existing", true), "principal_type", "Group"))
		if err == nil || !strings.Contains(err.Error(), "UnmatchedPrincipalType") || r.Exists() {
			t.Errorf("got %v with the state %v", err, r.State())
		}
	})
}

func TestProtoOwner_import(t *testing.T) {
	t.Parallel()
	name := func(r acctest.Run) string { return owners(r.Backend)[0].Name }
	arm := func(r acctest.Run) string {
		return "/subscriptions/" + azure + "/providers/Microsoft.Authorization/roleAssignments/" + name(r)
	}
	for title, id := range map[string]func(acctest.Run) string{
		"three ids":               func(acctest.Run) string { return adatum + "/" + azure + "/" + user },
		"three ids in upper case": func(acctest.Run) string { return strings.ToUpper(adatum + "/" + azure + "/" + user) },
		"id and tenant":           func(r acctest.Run) string { return arm(r) + "|" + adatum },
		"tenant and id":           func(r acctest.Run) string { return adatum + "|" + arm(r) },
		"id in other case": func(r acctest.Run) string {
			return "/Subscriptions/" + strings.ToUpper(azure) + "/providers/microsoft.authorization/RoleAssignments/" + strings.ToUpper(name(r)) + "|" + strings.ToUpper(adatum)
		},
		"identity": func(acctest.Run) string { return "" },
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				r.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: user, Description: "by hand"})
				identity := acctest.Values{"customer_id": adatum, "subscription_id": azure, "principal_id": user}
				if err := r.Import(t.Context(), id(r), identity); err != nil {
					t.Fatal(err)
				}
				want := acctest.Values{
					"customer_id": adatum, "subscription_id": azure, "principal_id": user, "user_principal_name": nil, "principal_type": "User",
					"description": "by hand", "adopt_existing": false, "condition": nil, "timeouts": nil,
					"id": arm(r), "name": user + " on Production of Adatum Demo", "created_on": time.Now().UTC().Format(time.RFC3339),
				}
				if got := r.State(); !maps.Equal(got, want) {
					t.Errorf("the state is %v, not %v", got, want)
				}
				if got := r.Identity(); !maps.Equal(got, identity) {
					t.Errorf("the identity is %v", got)
				}
				r.ExpectPlan(with(byID, "description", "by hand"), acctest.NoOp)
				r.ExpectPlan(with(byName, "description", "by hand"), acctest.Update)
			})
		})
	}
}

func TestProtoOwner_importRefused(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		reader := r.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: user, RoleID: mockbackend.ReaderRole})
		r.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: mockbackend.AdatumGroupID, Scope: "/providers/Microsoft.Management/managementGroups/adatum"})
		prefix := "/subscriptions/" + azure + "/providers/Microsoft.Authorization/roleAssignments/"
		for id, want := range map[string]string{
			user:                                  "The import ID is",
			"":                                    "The import ID is",
			adatum + "/" + azure:                  "The import ID is",
			adatum + "/" + azure + "/ana":         "The import ID is",
			prefix + reader.Name:                  "is not of the Owner role",
			prefix + reader.Name + "/x|" + adatum: "The import ID is",
			prefix + reader.Name + "|" + adatum:   "is not of the Owner role",
			prefix + "00000000-0000-4000-8000-000000000000|" + adatum:                "RoleAssignmentNotFound",
			adatum + "/" + azure + "/" + user:                                        "has no Owner assignment directly on subscription",
			adatum + "/" + azure + "/" + mockbackend.AdatumGroupID:                   "it is Owner by inheritance from /providers/Microsoft.Management/managementGroups/adatum",
			adatum + "/" + azure + "/" + mockbackend.GroupID(mockbackend.AdminAgent): "the partner's own access",
			mockbackend.ContosoID + "/" + azure + "/" + user:                         "The subscription belongs to the tenant " + adatum,
		} {
			if err := r.Import(t.Context(), id, acctest.Values{}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: got %v, want %q", id, err, want)
			}
		}
		if n := len(acctest.Writes(r.Backend)); n != 0 {
			t.Errorf("%d writes", n)
		}
	})
}

func TestProtoOwner_planRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config acctest.Values
		before func(*mockbackend.Backend)
		want   []string
	}{
		"no principal":           {acctest.Values{"customer_id": adatum, "subscription_id": azure}, nil, []string{"principal_id", "user_principal_name"}},
		"two principals":         {with(byID, "user_principal_name", upn), nil, []string{"principal_id", "user_principal_name"}},
		"no GUID":                {with(byID, "principal_id", "ana"), nil, []string{"must be a GUID such as"}},
		"no subscription":        {with(byID, "subscription_id", "/subscriptions/"), nil, []string{"must be an Azure subscription ID such as"}},
		"a resource group":       {with(byID, "subscription_id", "/subscriptions/"+azure+"/resourceGroups/x"), nil, []string{"must be an Azure subscription ID such as"}},
		"a type of its own":      {with(byID, "principal_type", "Device"), nil, []string{"User"}},
		"a group with a name":    {with(byName, "principal_type", "Group"), nil, []string{"With user_principal_name the principal is a User"}},
		"an empty description":   {with(byID, "description", ""), nil, []string{"description"}},
		"a name nobody has":      {with(byName, "user_principal_name", "nobody@adatum.example"), nil, []string{"ustomer " + adatum + " has no user nobody@adatum.example", "@adatum-demo.onmicrosoft.com", "What to do:"}},
		"another's subscription": {with(byID, "subscription_id", mockbackend.ContosoAzureID), nil, []string{"InvalidAuthenticationTokenTenant", "The subscription belongs to the tenant " + mockbackend.ContosoID}},
		"disabled":               {byID, func(b *mockbackend.Backend) { b.SetSubscriptionStatus(adatum, azure, "suspended") }, []string{"is disabled", "Reactivate"}},
		"the partner's group":    {with(byID, "principal_id", mockbackend.GroupID(mockbackend.AdminAgent)), nil, []string{"This is the partner's own access"}},
		"no consent": {byID, func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.CustomerTenants = mockbackend.CustomerTenantsNoConsent })
		}, []string{"Sign-in failed", "What to do:"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				if c.before != nil {
					c.before(r.Backend)
				}
				_, err := r.Plan(t.Context(), c.config)
				for _, want := range c.want {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("got %v, want %q", err, want)
					}
				}
			})
		})
	}
	for name, before := range map[string]func(*mockbackend.Backend){
		"new access":       func(b *mockbackend.Backend) { b.GrantDelegatedAccess(adatum, 3) },
		"new subscription": func(b *mockbackend.Backend) { b.SetKnobs(func(k *mockbackend.Knobs) { k.UnknownSubscriptions = 3 }) },
		"new principal":    func(b *mockbackend.Backend) { b.SetKnobs(func(k *mockbackend.Knobs) { k.UnknownPrincipals = 3 }) },
	} {
		t.Run(name+" is no error", func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				before(r.Backend)
				r.MustApply(byID)
				r.ExpectPlan(byID, acctest.NoOp)
			})
		})
	}
	t.Run("not yet known", func(t *testing.T) {
		t.Parallel()
		acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
			for _, name := range []string{"customer_id", "subscription_id", "principal_id"} {
				r.Again()
				if action, err := r.Plan(t.Context(), with(byID, name, acctest.Unknown)); action != acctest.Create || err != nil {
					t.Errorf("%s: %s, %v", name, action, err)
				}
			}
			for _, name := range []string{"user_principal_name", "principal_type"} {
				r.Again()
				if action, err := r.Plan(t.Context(), with(byID, name, acctest.Unknown)); action != acctest.Create || err != nil {
					t.Errorf("%s: %s, %v", name, action, err)
				}
			}
			r.ExpectSent(tokenRoute, subscriptionRoute, tokenRoute, customerRoute, listRoute, tokenRoute, subscriptionRoute, tokenRoute, customerRoute, listRoute)
			r.Again()
			for _, name := range []string{"customer_id", "user_principal_name"} {
				if action, err := r.Plan(t.Context(), with(byName, name, acctest.Unknown)); action != acctest.Create || err != nil {
					t.Errorf("%s: %s, %v", name, action, err)
				}
			}
			if n := len(r.Requests()); n != 0 {
				t.Errorf("%d requests, although nothing can be checked yet", n)
			}
			if action, err := r.Plan(t.Context(), with(byName, "principal_type", acctest.Unknown)); action != acctest.Create || err != nil {
				t.Errorf("principal_type: %s, %v", action, err)
			}
		})
	})
}

// IDs in another spelling cause no change. Other values replace the resource.
func TestProtoOwner_spelling(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		r.MustApply(with(byID, "principal_type", "User"))
		for name, same := range map[string]string{
			"customer_id": strings.ToUpper(adatum), "principal_id": strings.ToUpper(user), "subscription_id": "/subscriptions/" + strings.ToUpper(azure),
		} {
			r.ExpectPlan(with(byID, name, same), acctest.NoOp)
		}
		for name, other := range map[string]string{
			"customer_id": mockbackend.ContosoID, "principal_id": mockbackend.AdatumSecondUserID, "subscription_id": mockbackend.TailspinAzureID,
			"principal_type": "Group",
		} {
			r.Again()
			r.MustRefresh()
			// The plan of the creation fails if the customer does not have the subscription.
			if action, err := r.Plan(t.Context(), with(byID, name, other)); action != acctest.Replace {
				t.Errorf("another %s: the plan says %q, %v", name, action, err)
			}
		}
	})
}

// A refresh of all role assignments of a subscription takes one list request, and one token per tenant.
func TestProtoOwner_readsAreShared(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tenants, each int }{{1, 1}, {1, 10}, {1, 100}, {100, 1}, {50, 2}} {
		t.Run(fmt.Sprintf("%d_of_%d_tenants", c.tenants*c.each, c.tenants), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := mockbackend.New(mockbackend.Config{Latency: 20 * time.Millisecond})
				var resources []*acctest.Resource
				var configs []acctest.Values
				p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
				for range c.tenants {
					owner := b.AddCustomer(mockbackend.Customer{}, mockbackend.Subscription{AzureSubscriptions: []mockbackend.AzureEntitlement{{}}})
					for range c.each {
						resources = append(resources, p.Resource(ownerType))
						configs = append(configs, acctest.Values{
							"customer_id": owner.ID, "subscription_id": b.Subscriptions(owner.ID)[0].AzureSubscriptions[0].ID,
							"principal_id": b.AddUser(owner.ID, mockbackend.Principal{}).ID, "principal_type": "User",
						})
					}
				}
				tokens := func() int {
					n := 0
					for _, token := range b.Counters().Tokens {
						if token.Audience != "https://api.partnercenter.microsoft.com" {
							n += token.Count
						}
					}
					return n
				}
				acctest.Parallel(len(resources), func(i int) {
					if err := resources[i].Apply(t.Context(), configs[i]); err != nil {
						t.Error(err)
					}
				})
				lists, puts := b.Counters().Route(listRoute), b.Counters().Route(putRoute)
				if lists != c.tenants || puts != c.tenants*c.each || tokens() != c.tenants {
					t.Errorf("apply: %d lists, %d writes, %d tokens", lists, puts, tokens())
				}
				b.ResetCounters()
				p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
				acctest.Parallel(len(resources), func(i int) {
					if err := resources[i].Refresh(t.Context()); err != nil {
						t.Error(err)
					}
					if action, err := resources[i].Plan(t.Context(), configs[i]); action != acctest.NoOp || err != nil {
						t.Error(action, err)
					}
				})
				if lists := b.Counters().Route(listRoute); lists != c.tenants || tokens() != c.tenants {
					t.Errorf("plan: %d lists, %d tokens", lists, tokens())
				}
				names := min(c.tenants, 4) // three are read one by one, and then one list reads all
				if n := len(acctest.Sent(b)); n != c.tenants+lists+puts+c.tenants+names {
					t.Errorf("%d requests in all", n)
				}
				acctest.FailOnViolations(t, b)
			})
		})
	}
}
