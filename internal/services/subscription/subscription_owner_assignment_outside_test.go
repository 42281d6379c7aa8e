package subscription_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// A customer that has left does not prevent plans and destroys of other resources. The warning says how to
// remove the resource from the state.
func TestProtoOwner_customerLeft(t *testing.T) {
	t.Parallel()
	for name, leaves := range map[string]func(*mockbackend.Backend){
		"no access to the subscription": func(b *mockbackend.Backend) { b.EndDelegatedAccess(adatum) },
		"no subscription": func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.UnknownSubscriptions = 1000 })
		},
		"no consent in the tenant": func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.CustomerTenants = mockbackend.CustomerTenantsNoConsent })
		},
		"no relationship": func(b *mockbackend.Backend) { b.EndRelationship(adatum); b.EndDelegatedAccess(adatum) },
	} {
		for how, config := range map[string]acctest.Values{"by id": byID, "by name": byName} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
					r.MustApply(config)
					before := r.State()
					acctest.Pass(time.Hour)
					leaves(r.Backend)
					r.Again()
					r.MustRefresh()
					if got := strings.Join(r.Warnings, "\n"); !strings.Contains(got, "terraform state rm") || !strings.Contains(got, "removed block") {
						t.Errorf("the warnings are %q", r.Warnings)
					}
					if action, err := r.Plan(t.Context(), config); err != nil || action != acctest.NoOp {
						t.Errorf("the plan says %s: %v", action, err)
					}
					if _, err := r.Plan(t.Context(), nil); err != nil || r.State()["id"] != before["id"] {
						t.Errorf("%v, with the state %v", err, r.State())
					}
				})
			})
		}
	}
}

// If a role assignment was removed outside Terraform and cannot be created again, the plan warns and the apply
// fails.
func TestProtoOwner_removedAndNotPossible(t *testing.T) {
	t.Parallel()
	for name, outside := range map[string]func(*mockbackend.Backend){
		"disabled":     func(b *mockbackend.Backend) { b.SetSubscriptionStatus(adatum, azure, "suspended") },
		"user deleted": func(b *mockbackend.Backend) { b.DeletePrincipal(adatum, user) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				r.MustApply(byName)
				acctest.Pass(time.Hour)
				removeByHand(r.Backend)
				outside(r.Backend)
				r.Again()
				r.MustRefresh()
				if action, err := r.Plan(t.Context(), byName); action != acctest.Create || err != nil || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "was removed outside Terraform") {
					t.Errorf("%s, %v with the warnings %q", action, err, r.Warnings)
				}
				r.Again()
				if err := r.Apply(t.Context(), byName); err == nil || r.Exists() {
					t.Errorf("the apply succeeded: %v", r.State())
				}
			})
		})
	}
}

// If a read fails, the error says how to destroy without it.
func TestProtoOwner_destroyWithoutRefresh(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		r.MustApply(byID)
		acctest.Pass(time.Hour)
		r.Again()
		r.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Method: http.MethodGet, Kind: mockbackend.EmptyForbidden, Times: -1})
		if err := r.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "terraform destroy -refresh=false") {
			t.Errorf("got %v", err)
		}
		must(r, r.Apply(t.Context(), nil))
		expectOwners(r, 0)
	})
}

// Failures of the sign-in, of access and of the network are clear errors of an import.
func TestProtoOwner_importFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fails func(*mockbackend.Backend)
		want  string
	}{
		"sign-in refused": {func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.RefreshTokens = mockbackend.RefreshTokensRevoked })
		}, "Sign-in failed"},
		"401": {func(b *mockbackend.Backend) {
			b.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Kind: mockbackend.APIError, Status: http.StatusUnauthorized, Error: "ExpiredAuthenticationToken", Times: -1})
		}, "401 Unauthorized (ExpiredAuthenticationToken)"},
		"no answer": {func(b *mockbackend.Backend) {
			b.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Kind: mockbackend.DropBefore, Times: -1})
		}, "without an answer"},
	} {
		for _, id := range []string{adatum + "/" + azure + "/" + user, adatum + "|/subscriptions/" + azure + "/providers/Microsoft.Authorization/roleAssignments/" + user} {
			t.Run(name+" "+id[len(adatum):len(adatum)+1], func(t *testing.T) {
				t.Parallel()
				acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
					c.fails(r.Backend)
					if err := r.Import(t.Context(), id, nil); err == nil || !strings.Contains(err.Error(), "Could not import "+id) || !strings.Contains(err.Error(), c.want) || r.Exists() {
						t.Errorf("got %v", err)
					}
				})
			})
		}
	}
}

// Time limits must be positive. An error that a time limit caused names it.
func TestProtoOwner_timeouts(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"0s", "-1m", "soon"} {
		for _, name := range []string{"create", "read", "update", "delete"} {
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				_, err := r.Plan(t.Context(), with(byID, "timeouts", acctest.Values{name: bad}))
				if err == nil || !strings.Contains(err.Error(), "must be a positive duration such as 30m") {
					t.Errorf("%s = %q: got %v", name, bad, err)
				}
			})
		}
	}
	short := with(byID, "timeouts", acctest.Values{"create": "10s", "read": "10s", "update": "10s", "delete": "10s"})
	for name, do := range map[string]func(r acctest.Run) error{
		"create": func(r acctest.Run) error { return r.Apply(r.Context(), short) },
		"read": func(r acctest.Run) error {
			must(r, r.Apply(r.Context(), short))
			r.Again()
			throttled(r)
			return r.Refresh(r.Context())
		},
		"update": func(r acctest.Run) error {
			must(r, r.Apply(r.Context(), short))
			r.Again()
			throttled(r)
			return r.Apply(r.Context(), with(short, "description", "buys reservations"))
		},
		"delete": func(r acctest.Run) error {
			must(r, r.Apply(r.Context(), short))
			throttled(r)
			return r.Apply(r.Context(), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				if name == "create" {
					r.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Method: http.MethodPut, Kind: mockbackend.Throttle, RetryAfter: time.Minute, Times: -1})
				}
				if err := do(r); err == nil || !strings.Contains(err.Error(), "timeouts."+name+" (10s) ran out") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func throttled(r acctest.Run) {
	r.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Kind: mockbackend.Throttle, RetryAfter: time.Minute, Times: -1})
}

// A description of several lines causes no change. A description from outside Terraform is shown without
// terminal control characters.
func TestProtoOwner_description(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		config := with(byID, "description", "buys\n\treservations 👩\u200d💻")
		r.MustApply(config)
		acctest.Pass(time.Hour)
		r.ExpectPlan(config, acctest.NoOp)
		b := owners(r.Backend)[0]
		b.Description = "\x1b]0;owned\a\nby hand"
		r.RemoveAssignment(azure, b.Name)
		r.AssignRole(b)
		r.ExpectPlan(config, acctest.Update)
		if got := r.State()["description"]; got != "]0;owned\nby hand" {
			t.Errorf("the state says %q", got)
		}
		r.MustApply(config)
		r.ExpectPlan(config, acctest.NoOp)
	})
}
