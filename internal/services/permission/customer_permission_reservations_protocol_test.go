package permission_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const (
	tokenRoute = "POST /{tenant}/oauth2/v2.0/token"
	subsRoute  = "GET /v1/customers/{customer}/subscriptions"
	listRoute  = "GET /v1/SelfServePolicy"
	nameRoute  = "GET /v1/customers/{customer}"
	postRoute  = "POST /v1/SelfServePolicy"
)

func TestProtoReservations_requests(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		// Apply plans first, and the plan checks the prerequisite, too.
		r.MustApply(on)
		r.ExpectSent(tokenRoute, nameRoute, subsRoute, postRoute)
		r.ExpectPlan(on, acctest.NoOp)
		r.ExpectSent(tokenRoute, listRoute)
		r.MustApply(off)
		r.ExpectSent(tokenRoute, listRoute, "DELETE /v1/SelfServePolicy/{id}")
		r.ExpectPlan(off, acctest.NoOp)
		r.ExpectSent(tokenRoute, listRoute)
		r.MustApply(acctest.Values{"customer_id": customer, "enabled": false, "verify_azure_subscription": false})
		r.ExpectSent() // no attribute changed that the server stores
		r.MustApply(acctest.Values{"customer_id": customer, "verify_azure_subscription": false})
		r.ExpectSent(tokenRoute, postRoute)
	})
}

func TestProtoReservations_identity(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		want := acctest.Values{"customer_id": customer}
		expect := func(after string) {
			t.Helper()
			if got := r.Identity(); !maps.Equal(got, want) {
				t.Errorf("the identity after %s is %v, not %v", after, got, want)
			}
		}
		r.MustApply(acctest.Values{"customer_id": strings.ToUpper(customer)})
		expect("create")
		r.MustApply(acctest.Values{"customer_id": strings.ToUpper(customer), "enabled": false})
		expect("update")
		r.MustRefresh()
		expect("read")
		// A state from an older CLI gets an identity.
		r.DropIdentity()
		r.MustRefresh()
		expect("the first read by a newer CLI")
		r.DropIdentity()
		r.MustApply(acctest.Values{"customer_id": strings.ToUpper(customer), "enabled": true})
		expect("an update without a read")
	})
}

func TestProtoReservations_importByIdentity(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		r.SetPermissions(customer, ri, sp)
		if err := r.Import(t.Context(), "", acctest.Values{"customer_id": strings.ToUpper(customer)}); err != nil {
			t.Fatal(err)
		}
		want := acctest.Values{"id": customer, "name": "Adatum Demo", "customer_id": customer, "enabled": true, "verify_azure_subscription": true, "unconfirmed": nil, "timeouts": nil}
		if got := r.State(); !maps.Equal(got, want) {
			t.Errorf("the state is %v, not %v", got, want)
		}
		if got := r.Identity()["customer_id"]; got != customer {
			t.Errorf("the identity is %v", got)
		}
		r.ExpectPlan(on, acctest.NoOp)
	})
}

func TestProtoReservations_importRefused(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"adatum": `"adatum" must be a GUID such as 7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202`,
		mockbackend.PartnerTenantID + "_" + customer: "must be a GUID",
		" " + customer:                         "must be a GUID",
		"00000000-0000-4000-8000-000000000000": "There is no customer tenant with this ID",
	} {
		acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
			if err := r.Import(t.Context(), id, nil); err == nil || !strings.Contains(err.Error(), want) || r.Exists() {
				t.Errorf("import of %q: %v", id, err)
			}
		})
	}
}

// Terraform before 1.12 stores no identity, and the framework requires one even for a resource that a read
// removes.
func TestProtoReservations_removedWithoutIdentity(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		r.MustApply(on)
		r.SetKnobs(func(k *mockbackend.Knobs) { k.RelationshipEnded = mockbackend.RelationshipEndedNotFound })
		r.EndRelationship(customer)
		r.DropIdentity()
		r.Again()
		r.MustRefresh()
		if r.Exists() {
			t.Errorf("still there: %v", r.State())
		}
	})
}

func TestProtoReservations_relationshipEnded(t *testing.T) {
	t.Parallel()
	for _, how := range []mockbackend.RelationshipEnded{
		mockbackend.RelationshipEndedForbidden, mockbackend.RelationshipEndedNotFound, mockbackend.RelationshipEndedEmptyList,
	} {
		acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
			r.SetKnobs(func(k *mockbackend.Knobs) { k.RelationshipEnded = how })
			r.MustApply(on)
			r.EndRelationship(customer)
			r.Again()
			r.MustRefresh()
			warned := strings.Join(r.Warnings, "\n")
			if want := how == mockbackend.RelationshipEndedForbidden; want != strings.Contains(warned, adatum+" has no reseller relationship") {
				t.Errorf("%s: the read warned %q", how, warned)
			}
			// A change outside Terraform is only a warning, so that a destroy, which plans first, does not
			// fail.
			if _, err := r.Plan(t.Context(), on); err != nil || !strings.Contains(strings.Join(r.Warnings, "\n"), "enabling it again will fail") {
				t.Errorf("%s: the plan to enable it again: %v, %q", how, err, r.Warnings)
			}
			if how == mockbackend.RelationshipEndedNotFound {
				if r.Exists() {
					t.Errorf("%s: still there: %v", how, r.State())
				}
				return
			}
			if r.State()["enabled"] != false {
				t.Errorf("%s: the state is %v", how, r.State())
			}
			// Without the check in the plan, the apply reports it. The state does not change.
			before := r.State()
			unchecked := acctest.Values{"customer_id": customer, "verify_azure_subscription": false}
			if err := r.Apply(t.Context(), unchecked); err == nil || !strings.Contains(err.Error(), "Renew the relationship") {
				t.Errorf("%s: apply: %v", how, err)
			}
			if !maps.Equal(before, r.State()) {
				t.Errorf("%s: after a failed apply the state is %v", how, r.State())
			}
			r.MustApply(nil)
		})
	}
}

// Destroy also works without a read before it (-refresh=false).
func TestProtoReservations_destroyAfterRelationshipEnded(t *testing.T) {
	t.Parallel()
	for how, warns := range map[mockbackend.RelationshipEnded]bool{
		mockbackend.RelationshipEndedForbidden: true, mockbackend.RelationshipEndedNotFound: false, mockbackend.RelationshipEndedEmptyList: false,
	} {
		acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
			r.SetKnobs(func(k *mockbackend.Knobs) { k.RelationshipEnded = how })
			r.MustApply(on)
			r.EndRelationship(customer)
			r.MustApply(nil)
			if r.Exists() || (len(r.Warnings) > 0) != warns {
				t.Errorf("%s: the resource is there: %t; warnings: %q", how, r.Exists(), r.Warnings)
			}
		})
	}
}

// A read that lags behind a write looks like a change outside Terraform, and must not be shown as one.
func TestProtoReservations_staleReads(t *testing.T) {
	t.Parallel()
	for _, stale := range []int{1, 2} {
		for _, listOnly := range []bool{false, true} {
			for name, steps := range map[string][]acctest.Values{
				"create":                {on},
				"update off":            {on, off},
				"update on":             {off, on},
				"there and back":        {on, off, on},
				"replaced":              {on, nil, on},
				"destroyed when off":    {on, off, nil},
				"destroyed right after": {on, nil},
				"replaced when off":     {off, nil, on},
				"replaced by off":       {on, nil, off},
			} {
				for _, other := range [][]string{nil, {sp}} {
					t.Run(fmt.Sprintf("%s/%d_stale/list_only_%t/beside_%d", name, stale, listOnly, len(other)), func(t *testing.T) {
						acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
							r.SetPermissions(customer, other...)
							r.SetKnobs(func(k *mockbackend.Knobs) { k.StaleReads, k.StaleListOnly = stale, listOnly })
							for i, config := range steps {
								if config == nil && i+1 < len(steps) {
									continue
								}
								r.Again()
								apply := r.Apply
								if i > 0 && steps[i-1] == nil {
									apply = r.Replace
								}
								if err := errors.Join(r.Refresh(t.Context()), apply(t.Context(), config)); err != nil {
									t.Fatal(err)
								}
								if config != nil {
									r.Again()
									if err := planIsEmpty(t, r.Resource, config); err != nil {
										t.Errorf("right after apply %d: %v", i+1, err)
									}
								}
								acctest.ExpectPermissions(t, r.Backend, customer, wanted(config, other)...)
							}
						})
					})
				}
			}
		}
	}
}

// wanted returns the permissions that the configuration and the other resources enable.
func wanted(config acctest.Values, others []string) []string {
	if config != nil && config["enabled"] == nil {
		return append([]string{ri}, others...)
	}
	return others
}

// A permission that was disabled outside Terraform long after the write is shown after one read.
func TestProtoReservations_driftCostsOneRead(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		r.MustApply(on)
		acctest.Pass(time.Hour)
		r.SetPermissions(customer)
		r.ResetJournal()
		r.ExpectPlan(on, acctest.Update)
		r.ExpectSent(tokenRoute, listRoute, "GET /v1/auditrecords", subsRoute) // the user who did it, and whether the permission can be enabled again
	})
}

// The server may have each of these behaviours. None of them shows in the result.
func TestProtoReservations_knobs(t *testing.T) {
	t.Parallel()
	variants := []struct {
		name string
		set  func(*mockbackend.Knobs)
	}{
		{"default", func(*mockbackend.Knobs) {}},
		{"upper case", func(k *mockbackend.Knobs) { k.UpperCaseGUIDs = true }},
		{"shuffled", func(k *mockbackend.Knobs) { k.ShuffleOrder = true }},
		{"no BOM", func(k *mockbackend.Knobs) { k.BOM = false }},
		{"BOM on errors", func(k *mockbackend.Knobs) { k.BOMOnErrors = true }},
		{"codes as strings", func(k *mockbackend.Knobs) { k.NumericCodes = false }},
		{"long errors", func(k *mockbackend.Knobs) { k.LongErrors = true }},
		{"stale etag is 412", func(k *mockbackend.Knobs) { k.StaleETag = mockbackend.StaleETagReject412 }},
		{"stale etag is ignored", func(k *mockbackend.Knobs) { k.StaleETag = mockbackend.StaleETagIgnore }},
		{"update by id only", func(k *mockbackend.Knobs) { k.PUTPath = mockbackend.PUTPathIDOnly }},
		{"delete answers a body", func(k *mockbackend.Knobs) { k.DeleteAnswersBody = true }},
		{"empty list accepted", func(k *mockbackend.Knobs) { k.EmptyPermissions = mockbackend.EmptyPermissionsAccept }},
		{"total count wrong", func(k *mockbackend.Knobs) { k.TotalCountWrong = true }},
		{"links with /v1", func(k *mockbackend.Knobs) { k.LinkPrefixV1 = true }},
		{"same refresh token", func(k *mockbackend.Knobs) { k.RotateRefreshTokens = false }},
		{"short tokens", func(k *mockbackend.Knobs) { k.TokenLifetime = 10 * time.Minute }},
		{"all at once", func(k *mockbackend.Knobs) {
			k.UpperCaseGUIDs, k.ShuffleOrder, k.BOMOnErrors, k.NumericCodes, k.LongErrors = true, true, true, false, true
			k.StaleETag, k.PUTPath, k.DeleteAnswersBody, k.TotalCountWrong = mockbackend.StaleETagReject412, mockbackend.PUTPathIDOnly, true, true
			k.StaleReads, k.Latency = 2, 3*time.Second
		}},
	}
	for _, v := range variants {
		for _, other := range [][]string{nil, {sp}} {
			t.Run(fmt.Sprintf("%s/beside_%d", v.name, len(other)), func(t *testing.T) {
				acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
					r.SetPermissions(customer, other...)
					r.SetKnobs(v.set)
					for _, config := range []acctest.Values{on, off, on, nil} {
						r.Again()
						if err := acctest.RefreshAndApply(config)(t, r.Resource); err != nil {
							t.Fatal(err)
						}
						acctest.ExpectPermissions(t, r.Backend, customer, wanted(config, other)...)
						r.Again()
						if err := planIsEmpty(r.T, r.Resource, config); err != nil {
							t.Error(err)
						}
						if config != nil && r.Identity()["customer_id"] != customer {
							t.Errorf("the identity is %v", r.Identity())
						}
					}
				})
			})
		}
	}
}

// A policy that was deleted and created again with the same content is not a change.
func TestProtoReservations_recreatedPolicyIsNoChange(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		r.MustApply(on)
		r.SetPermissions(customer)
		r.SetPermissions(customer, ri)
		r.ExpectPlan(on, acctest.NoOp)
	})
}

func TestProtoReservations_replace(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		r.MustApply(on)
		r.ExpectPlan(acctest.Values{"customer_id": mockbackend.LitwareID}, acctest.Replace)
		r.ExpectPlan(acctest.Values{"customer_id": strings.ToUpper(customer)}, acctest.NoOp)
		r.MustApply(acctest.Values{"customer_id": mockbackend.LitwareID})
		acctest.ExpectPermissions(t, r.Backend, customer)
		acctest.ExpectPermissions(t, r.Backend, mockbackend.LitwareID, ri)
	})
}

// Values that are unknown at plan time are checked in the apply.
func TestProtoReservations_unknownAtPlan(t *testing.T) {
	t.Parallel()
	for attribute, config := range map[string]acctest.Values{
		"customer_id":               {"customer_id": acctest.Unknown},
		"enabled":                   {"customer_id": mockbackend.NorthwindID, "enabled": acctest.Unknown},
		"verify_azure_subscription": {"customer_id": mockbackend.NorthwindID, "verify_azure_subscription": acctest.Unknown},
	} {
		acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
			if action, err := r.Plan(t.Context(), config); err != nil || action != acctest.Create {
				t.Errorf("%s: %s %v", attribute, action, err)
			}
			if attribute == "customer_id" {
				r.ExpectSent()
			} else {
				r.ExpectSent(tokenRoute, nameRoute)
			}
		})
	}
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		_, err := r.Plan(t.Context(), acctest.Values{"customer_id": mockbackend.NorthwindID})
		if err == nil || !strings.Contains(err.Error(), "does not qualify") {
			t.Errorf("the control: %v", err)
		}
	})
}

// If the check itself fails, the message does not say that the customer does not qualify.
func TestProtoReservations_checkFailed(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		r.Fail(mockbackend.Fault{Kind: mockbackend.ServerError, Path: "/customers/*/subscriptions", Times: -1})
		_, err := r.Plan(t.Context(), on)
		if err == nil || !strings.Contains(err.Error(), "Could not check whether "+adatum+" qualifies") ||
			strings.Contains(err.Error(), "verify_azure_subscription") {
			t.Errorf("the plan says: %v", err)
		}
	})
}

// A subscription that is bought after a failed plan is found by the next plan.
func TestProtoReservations_qualifiesLater(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		fabrikam := acctest.Values{"customer_id": mockbackend.FabrikamID}
		if _, err := r.Plan(t.Context(), fabrikam); err == nil {
			t.Error("a suspended plan qualifies")
		}
		r.SetSubscriptionStatus(mockbackend.FabrikamID, mockbackend.FabrikamAzurePlanID, "active")
		r.MustApply(fabrikam)
		acctest.ExpectPermissions(t, r.Backend, mockbackend.FabrikamID, ri)
	})
}

// Each insufficient sign-in causes one message that says what to do, at plan time if possible.
func TestProtoReservations_signIn(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		r.MustApply(on)
		r.Restart("")
		if err := r.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "This call needs app+user sign-in") {
			t.Errorf("an app-only read: %v", err)
		}
		for _, config := range []acctest.Values{off, {"customer_id": acctest.Unknown}} {
			if _, err := r.Plan(t.Context(), config); err == nil || !strings.Contains(err.Error(), "refresh_token") {
				t.Errorf("an app-only plan of %v: %v", config, err)
			}
		}
		r.Restart(r.User(mockbackend.SalesAgent).RefreshToken)
		r.MustRefresh() // agents of all roles may read
		for _, config := range []acctest.Values{off, nil} {
			if err := r.Apply(t.Context(), config); err == nil || !strings.Contains(err.Error(), "Only an Admin agent can enable or disable customer permissions") {
				t.Errorf("a Sales agent's apply: %v", err)
			}
		}
		if !r.Exists() || r.State()["enabled"] != true {
			t.Errorf("after refused writes the state is %v", r.State())
		}
		acctest.ExpectPermissions(t, r.Backend, customer, ri)
	})
}

// A time limit of the configuration holds, and the error names it. Setting one sends no request.
func TestProtoReservations_timeouts(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		brief := with(on, "timeouts", acctest.Values{"create": "1m", "read": "2m", "update": "3m", "delete": "4m"})
		throttle := func(method string) {
			r.ClearFaults()
			r.Fail(mockbackend.Fault{Method: method, Path: "/SelfServePolicy*", Kind: mockbackend.Throttle, RetryAfter: 30 * time.Minute, Times: -1})
		}
		expect := func(what, limit string, d time.Duration, do func() error) {
			t.Helper()
			start := time.Now()
			if err := do(); err == nil || !strings.Contains(err.Error(), "The time limit timeouts."+what+" ("+limit+") ran out.") {
				t.Errorf("%s: %v", what, err)
			}
			if took := time.Since(start); took > d {
				t.Errorf("%s took %s", what, took)
			}
		}
		throttle("POST")
		expect("create", "1m", 2*time.Minute, func() error { return r.Apply(t.Context(), brief) })
		r.ClearFaults()
		r.Again()
		r.MustApply(on)
		r.ResetJournal()
		r.MustApply(brief)
		if sent := acctest.Sent(r.Backend); len(sent) > 0 {
			t.Errorf("setting them sent %v", acctest.Routes(sent))
		}
		throttle("GET")
		expect("read", "2m", 3*time.Minute, func() error { return r.Refresh(t.Context()) })
		r.ClearFaults()
		r.Again()
		throttle("DELETE")
		expect("update", "3m", 4*time.Minute, func() error { return r.Apply(t.Context(), with(brief, "enabled", false)) })
		r.ClearFaults()
		r.Again()
		r.MustRefresh()
		throttle("DELETE")
		expect("delete", "4m", 5*time.Minute, func() error { return r.Apply(t.Context(), nil) })
	})
}
