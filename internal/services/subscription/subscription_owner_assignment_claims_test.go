package subscription_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// other returns a second object of the state, in the same run.
func other(r acctest.Run) acctest.Run {
	return acctest.Run{T: r.T, Backend: r.Backend, Resource: r.Protocol.Resource(ownerType)}
}

func expectOwners(r acctest.Run, want int) {
	r.Helper()
	if got := owners(r.Backend); len(got) != want {
		r.Errorf("the server has %+v, want %d", got, want)
	}
}

func must(r acctest.Run, err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// deposed applies with create_before_destroy until Ctrl-C after the creation. R becomes the deposed object.
func deposed(r acctest.Run, config acctest.Values) (current acctest.Run) {
	r.Helper()
	r.MustApply(config)
	r.Again()
	current = other(r)
	current.MustApply(config)
	return current
}

// Destroying a deposed object does not delete the role assignment of the current object, in any order of
// both. In the apply, Terraform plans the destruction of a deposed object again, without the private state
// of the plan. An object that does not change takes part in the plan only.
func TestProtoOwner_deposed(t *testing.T) {
	t.Parallel()
	for _, plan := range []string{"crcpdrdp", "drdpcrcp", "crdrcpdp", "crdrdpcp", "drcrcpdp", "drcrdpcp"} {
		for _, apply := range []string{"cd", "dc"} {
			t.Run(plan+"_"+apply, func(t *testing.T) {
				t.Parallel()
				acctest.InBubble(t, ownerType, func(t *testing.T, d acctest.Run) {
					c := deposed(d, byID)
					acctest.Pass(time.Hour)
					d.Again()
					var action acctest.Action
					for i := 0; i < len(plan); i += 2 {
						var err error
						switch plan[i : i+2] {
						case "cr":
							c.MustRefresh()
						case "dr":
							d.MustRefresh()
						case "cp":
							action, err = c.Plan(t.Context(), byID)
						case "dp":
							_, err = d.Plan(t.Context(), nil)
						}
						must(d, err)
					}
					d.Again()
					for _, one := range apply {
						switch {
						case one == 'd':
							must(d, d.Apply(t.Context(), nil))
						case action != acctest.NoOp:
							must(c, c.Apply(t.Context(), byID))
						}
					}
					expectOwners(c, 1)
					acctest.Pass(time.Hour)
					c.ExpectPlan(byID, acctest.NoOp)
					c.MustApply(nil)
					expectOwners(c, 0)
				})
			})
			t.Run(plan+"_"+apply+"_destroy", func(t *testing.T) {
				t.Parallel()
				acctest.InBubble(t, ownerType, func(t *testing.T, d acctest.Run) {
					c := deposed(d, byID)
					acctest.Pass(time.Hour)
					d.Again()
					for i := 0; i < len(plan); i += 2 {
						var err error
						switch plan[i : i+2] {
						case "cr":
							c.MustRefresh()
						case "dr":
							d.MustRefresh()
						case "cp":
							_, err = c.Plan(t.Context(), byID) // the refresh of terraform destroy also plans
						case "dp":
							_, err = d.Plan(t.Context(), nil)
						}
						must(d, err)
					}
					d.Again()
					for _, one := range apply {
						if one == 'd' {
							must(d, d.Apply(t.Context(), nil))
						} else {
							must(c, c.Apply(t.Context(), nil))
						}
					}
					expectOwners(c, 0)
				})
			})
		}
	}
}

// Declaring a principal twice is an error, in both orders and also if the state has both resources.
func TestProtoOwner_declaredTwice(t *testing.T) {
	t.Parallel()
	for name, configs := range map[string][2]acctest.Values{"by id first": {byID, byName}, "by name first": {byName, byID}} {
		for _, applied := range []int{0, 1, 2} {
			t.Run(fmt.Sprintf("%s, %d applied", name, applied), func(t *testing.T) {
				t.Parallel()
				acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
					all := [2]acctest.Run{r, other(r)}
					for i := range applied {
						r.Again()
						all[i].MustApply(configs[i])
					}
					acctest.Pass(time.Hour)
					r.Again()
					for _, one := range all {
						one.MustRefresh()
					}
					_, err := all[0].Plan(t.Context(), configs[0])
					must(r, err)
					_, err = all[1].Plan(t.Context(), configs[1])
					if err == nil || !strings.Contains(err.Error(), "Two resources declare") || !strings.Contains(err.Error(), azure) || !strings.Contains(err.Error(), user) {
						t.Errorf("got %v", err)
					}
				})
			})
		}
	}
}

// If two resources swap their principals, both role assignments exist after the apply.
func TestProtoOwner_swap(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, a acctest.Run) {
		b, second := other(a), with(byID, "principal_id", mockbackend.AdatumSecondUserID)
		a.MustApply(byID)
		b.MustApply(second)
		acctest.Pass(time.Hour)
		a.Again()
		must(a, a.Apply(t.Context(), second))
		must(b, b.Apply(t.Context(), byID))
		expectOwners(a, 2)
		a.ExpectPlan(second, acctest.NoOp)
	})
}

// lost drops the answers of all writes, and fails the reads after them.
func lost(b *mockbackend.Backend) {
	path := "/subscriptions/*/providers/Microsoft.Authorization/roleAssignments/*"
	b.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Method: http.MethodGet, Path: path, Kind: mockbackend.ServerError, Times: -1})
	b.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Method: http.MethodPut, Path: path, Kind: mockbackend.DropAfter, Times: -1})
}

func expectUnsure(r acctest.Run, err error) {
	r.Helper()
	if err == nil || !strings.Contains(err.Error(), "The principal may be Owner") {
		r.Errorf("got %v", err)
	}
	if id, _ := r.State()["id"].(string); len(owners(r.Backend)) != 1 || !strings.HasSuffix(id, owners(r.Backend)[0].Name) {
		r.Errorf("the state is %v, and the server has %+v", r.State(), owners(r.Backend))
	}
}

// A write whose answer is lost counts as done: the state has the role assignment, as tainted. The next apply
// neither deletes nor creates it. A destroy deletes it.
func TestProtoOwner_unsure(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]acctest.Values{"by id": byID, "by name": byName} {
		for _, giveUp := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, given up %t", name, giveUp), func(t *testing.T) {
				t.Parallel()
				acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
					lost(r.Backend)
					expectUnsure(r, r.Apply(t.Context(), config))
					r.ClearFaults()
					r.ResetJournal()
					r.Again()
					r.MustRefresh()
					if giveUp {
						r.MustApply(nil)
						expectOwners(r, 0)
						return
					}
					must(r, r.ReplaceTainted(t.Context(), config, r.Again))
					if n := len(acctest.Writes(r.Backend)); n != 0 {
						t.Errorf("%d writes", n)
					}
					r.ExpectPlan(config, acctest.NoOp)
				})
			})
		}
	}
	t.Run("update", func(t *testing.T) {
		t.Parallel()
		acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
			r.MustApply(byID)
			lost(r.Backend)
			r.Again()
			expectUnsure(r, r.Apply(t.Context(), with(byID, "description", "buys reservations")))
			r.ClearFaults()
			r.ExpectPlan(with(byID, "description", "buys reservations"), acctest.NoOp)
		})
	})
}

// After Ctrl-C during the write, the state has the role assignment.
func TestProtoOwner_cancelled(t *testing.T) {
	t.Parallel()
	for _, kind := range []mockbackend.FaultKind{mockbackend.SlowAfter, mockbackend.LostAfter} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				r.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Method: http.MethodPut, Kind: kind, Delay: 20 * time.Second})
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(5*time.Second, cancel)
				err := r.Apply(ctx, byID)
				expectOwners(r, 1)
				if !r.Exists() {
					t.Errorf("the state does not have the role assignment (%v)", err)
				}
				acctest.Pass(time.Hour)
			})
		})
	}
}

// A refused write leaves no state.
func TestProtoOwner_refused(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		r.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Method: http.MethodPut, Kind: mockbackend.APIError, Status: http.StatusForbidden, Error: "RequestDisallowedByPolicy", Times: -1})
		if err := r.Apply(t.Context(), byID); err == nil || strings.Contains(err.Error(), "may be Owner") || r.Exists() {
			t.Errorf("got %v with the state %v", err, r.State())
		}
	})
}

// If a replacement fails halfway, the state still has the role assignment.
func TestProtoOwner_halfAReplacement(t *testing.T) {
	t.Parallel()
	described := with(byName, "description", "buys reservations")
	for name, fails := range map[string]func(r acctest.Run){
		"the sign-in is refused": func(r acctest.Run) {
			r.SetKnobs(func(k *mockbackend.Knobs) { k.RefreshTokens = mockbackend.RefreshTokensRevoked })
		},
		"the users cannot be read": func(r acctest.Run) {
			r.Fail(mockbackend.Fault{Service: mockbackend.PartnerCenter, Path: "/customers/*/users", Kind: mockbackend.EmptyForbidden, Times: -1})
		},
		"the users can be read only once": func(r acctest.Run) {
			r.Fail(mockbackend.Fault{Service: mockbackend.PartnerCenter, Path: "/customers/*/users", Kind: mockbackend.EmptyForbidden, Skip: 1, Times: -1})
			r.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Method: http.MethodPut, Kind: mockbackend.EmptyForbidden, Times: -1})
		},
		"the write is refused": func(r acctest.Run) {
			r.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Method: http.MethodPut, Kind: mockbackend.EmptyForbidden, Times: -1})
		},
		"the write is lost":           func(r acctest.Run) { lost(r.Backend); r.ClearFaults(); lostPut(r.Backend) },
		"everything but a read fails": func(r acctest.Run) { r.Fail(mockbackend.Fault{Kind: mockbackend.EmptyForbidden, Skip: 2, Times: -1}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				r.MustApply(byName)
				acctest.Pass(time.Hour)
				r.Again()
				r.MustRefresh()
				err := r.ReplaceTainted(t.Context(), described, func() { r.Again(); fails(r) })
				if name != "the write is lost" && err == nil {
					t.Error("the replacement did not fail")
				}
				expectOwners(r, 1)
				if !r.Exists() {
					t.Fatalf("no state after %v", err)
				}
				r.ClearFaults()
				r.SetKnobs(func(k *mockbackend.Knobs) { k.RefreshTokens = mockbackend.RefreshTokensValid })
				acctest.Pass(time.Hour)
				r.Again()
				must(r, r.ReplaceTainted(t.Context(), described, r.Again))
				r.ExpectPlan(described, acctest.NoOp)
			})
		})
	}
}

func lostPut(b *mockbackend.Backend) {
	b.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Method: http.MethodPut, Kind: mockbackend.DropAfter, Times: -1})
}

// Shortly after the creation, a destroy deletes the role assignment even if reads or DELETE do not find it yet.
func TestProtoOwner_destroyedAtOnce(t *testing.T) {
	t.Parallel()
	path := "/subscriptions/*/providers/Microsoft.Authorization/roleAssignments/*"
	for name, lag := range map[string]func(b *mockbackend.Backend){
		"reads lag": func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.AssignmentReadLag = 40 * time.Second })
		},
		"DELETE is answered 404": func(b *mockbackend.Backend) {
			b.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Method: http.MethodDelete, Path: path, Kind: mockbackend.APIError, Status: http.StatusNotFound, Error: "RoleAssignmentNotFound", Times: 3})
		},
		"DELETE is answered 204": func(b *mockbackend.Backend) {
			b.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Method: http.MethodDelete, Path: path, Kind: mockbackend.ServerError, Status: http.StatusNoContent, Times: 3})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				lag(r.Backend)
				r.MustApply(byID)
				r.Again()
				r.MustRefresh()
				r.MustApply(nil)
				expectOwners(r, 0)
			})
		})
	}
	t.Run("a read that runs out of time", func(t *testing.T) {
		t.Parallel()
		acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
			r.SetKnobs(func(k *mockbackend.Knobs) { k.AssignmentReadLag = 40 * time.Second })
			r.MustApply(with(byID, "timeouts", acctest.Values{"read": "5s"}))
			r.Again()
			if err := r.Refresh(t.Context()); err == nil || !r.Exists() || !strings.Contains(err.Error(), "timeouts.read (5s)") {
				t.Errorf("got %v with the state %v", err, r.State())
			}
		})
	})
}
