package subscription_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// ownerOperation is an operation of Terraform on an Owner role assignment.
type ownerOperation struct {
	name string
	// state is the configuration that was applied before, if any.
	state acctest.Values
	// outside is a change outside Terraform before the operation.
	outside func(*mockbackend.Backend)
	// do runs the operation.
	do func(*testing.T, *acctest.Resource) error
	// wanted is the configuration; nil destroys.
	wanted acctest.Values
}

var refreshAndApply = acctest.RefreshAndApply

var described = with(byID, "description", "buys reservations")

func byHand(b *mockbackend.Backend) {
	b.AssignRole(mockbackend.RoleAssignment{
		SubscriptionID: azure, Name: "5c1f7a52-3f0e-4c6d-9a58-6f2b1f0c9d01", PrincipalID: user, Condition: "false", ConditionVersion: "2.0",
	})
}

func removeByHand(b *mockbackend.Backend) { b.RemoveAssignment(azure, owners(b)[0].Name) }

var ownerOperations = []ownerOperation{
	{name: "create", do: refreshAndApply(described), wanted: described},
	{name: "create by name", do: refreshAndApply(byName), wanted: byName},
	{name: "adopt", outside: byHand, do: refreshAndApply(with(byID, "adopt_existing", true)), wanted: with(byID, "adopt_existing", true)},
	{name: "read", state: byID, do: func(t *testing.T, r *acctest.Resource) error { return r.Refresh(t.Context()) }, wanted: byID},
	{name: "read what was removed", state: byID, outside: removeByHand, do: func(t *testing.T, r *acctest.Resource) error { return r.Refresh(t.Context()) }, wanted: byID},
	{name: "update", state: byID, do: refreshAndApply(described), wanted: described},
	{name: "delete", state: byID, do: refreshAndApply(nil)},
	{name: "import", outside: byHand, do: func(t *testing.T, r *acctest.Resource) error {
		return r.Import(t.Context(), adatum+"/"+azure+"/"+user, nil)
	}, wanted: byID},
}

// Every request of every operation fails in every way, once and permanently. The state stays
// correct, and another apply repairs the rest.
func TestProtoOwner_faults(t *testing.T) {
	t.Parallel()
	for _, o := range ownerOperations {
		t.Run(strings.ReplaceAll(o.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			acctest.EachFault(t, adatum, func(t *testing.T, b *mockbackend.Backend) acctest.Trial { return o.prepare(t, b, false) })
		})
	}
}

// As before, but the user destroys the resource: then the server has no role assignment from this provider.
func TestProtoOwner_faultsAndGiveUp(t *testing.T) {
	t.Parallel()
	for _, o := range ownerOperations {
		if o.outside == nil {
			t.Run(strings.ReplaceAll(o.name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				acctest.EachFault(t, adatum, func(t *testing.T, b *mockbackend.Backend) acctest.Trial { return o.prepare(t, b, true) })
			})
		}
	}
}

var errNone = errors.New("no error")

func (o ownerOperation) prepare(t *testing.T, b *mockbackend.Backend, giveUp bool) acctest.Trial {
	t.Helper()
	token := b.User(mockbackend.AdminAgent).RefreshToken
	p := acctest.NewProtocol(t, b, token)
	r := p.Resource(ownerType)
	if o.state != nil {
		if err := r.Apply(t.Context(), o.state); err != nil {
			t.Fatal(err)
		}
	}
	if o.outside != nil {
		o.outside(b)
	}
	acctest.Pass(time.Hour)
	token = b.User(mockbackend.AdminAgent).RefreshToken
	p.Restart(token)
	before := r.State()
	return acctest.Trial{
		Run:    func() error { return o.do(t, r) },
		GiveUp: o.giveUp(t, b, r, token),
		Stop:   p.Stop,
		Check: func(failed error) error {
			now := r.State()
			unsure := failed != nil && strings.Contains(failed.Error(), "The principal may be Owner")
			lost := len(r.Warnings) > 0 && strings.Contains(r.Warnings[0], "The state stays as it is")
			switch {
			case failed != nil && before != nil && now == nil:
				return errors.New("a failure removed the resource from the state")
			case failed != nil && !unsure && !maps.Equal(now, before):
				return fmt.Errorf("a failure changed the state from %v to %v", before, now)
			case now == nil && len(owners(b)) == 1 && owners(b)[0].CreatedBy != "" && o.name != "import":
				return fmt.Errorf("the server has %+v, and the state does not have it", owners(b))
			case failed == nil && now != nil && len(owners(b)) != 1 && !lost:
				return fmt.Errorf("the state says %v, and the server %+v", now, owners(b))
			}
			acctest.Pass(time.Hour)
			p.Restart(token)
			if giveUp {
				if err := refreshAndApply(nil)(t, r); err != nil || len(owners(b)) != 0 {
					return fmt.Errorf("after the destroy, the server has %+v (%w)", owners(b), cmp.Or(err, errNone))
				}
				return nil
			}
			if err := o.heal(t, r); err != nil {
				return fmt.Errorf("another apply does not repair it: %w", err)
			}
			return o.done(t, b, r)
		},
	}
}

func (o ownerOperation) heal(t *testing.T, r *acctest.Resource) error {
	t.Helper()
	if o.name == "import" && !r.Exists() {
		if err := o.do(t, r); err != nil {
			return err
		}
	}
	return refreshAndApply(o.wanted)(t, r)
}

// done checks that server and state agree with the configuration, and that the next plan is
// empty.
func (o ownerOperation) done(t *testing.T, b *mockbackend.Backend, r *acctest.Resource) error {
	t.Helper()
	left := owners(b)
	if o.wanted == nil {
		if len(left) != 0 || r.Exists() {
			return fmt.Errorf("the server has %+v, the state %v", left, r.State())
		}
		return nil
	}
	if len(left) != 1 || left[0].PrincipalID != user || left[0].Condition != "" || (o.wanted["description"] != nil) != (left[0].Description != "") {
		return fmt.Errorf("the server has %+v", left)
	}
	r.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
	return acctest.PlanIsEmpty(t, r, o.wanted)
}

// If Azure reports that a role assignment exists but does not return it, the error says what to do.
func TestProtoOwner_existsUnseen(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		r.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Method: http.MethodPut, Kind: mockbackend.APIError, Status: http.StatusConflict, Error: "RoleAssignmentExists", Times: -1})
		if err := r.Apply(t.Context(), byID); err == nil || !strings.Contains(err.Error(), "(RoleAssignmentExists)") || !strings.Contains(err.Error(), "Try again in some minutes") {
			t.Errorf("got %v", err)
		}
	})
}

// Ten role assignments in each of 20 tenants are created once each, although some requests fail in
// different ways.
func TestProtoOwner_manyWithFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		var configs []acctest.Values
		for range 20 {
			c := b.AddCustomer(mockbackend.Customer{}, mockbackend.Subscription{AzureSubscriptions: []mockbackend.AzureEntitlement{{}}})
			for range 10 {
				configs = append(configs, acctest.Values{
					"customer_id": c.ID, "subscription_id": b.Subscriptions(c.ID)[0].AzureSubscriptions[0].ID, "principal_id": b.AddUser(c.ID, mockbackend.Principal{}).ID,
				})
			}
		}
		for i, kind := range []mockbackend.FaultKind{mockbackend.Throttle, mockbackend.ServerError, mockbackend.DropBefore, mockbackend.DropAfter, mockbackend.DropMidBody, mockbackend.HTMLError} {
			for n := range 5 {
				b.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Kind: kind, Skip: 7 * (6*n + i), Times: 1})
			}
		}
		acctest.Parallel(len(configs), func(i int) {
			if err := p.Resource(ownerType).Apply(t.Context(), configs[i]); err != nil {
				t.Error(err)
			}
		})
		for _, c := range configs {
			subscription, _ := c["subscription_id"].(string)
			if n := len(b.RoleAssignments(subscription)); n != 11 {
				t.Errorf("subscription %s has %d role assignments, want 11 with the partner's", subscription, n)
			}
		}
		acctest.FailOnViolations(t, b)
	})
}
