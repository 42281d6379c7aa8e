package azureplan_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const (
	planType  = "partnercenter_azure_plan"
	northwind = mockbackend.NorthwindID // this customer has no plan and has accepted the agreement
)

// configure returns a configuration for the customer. More arguments are pairs of name and value.
func configure(customerID string, more ...any) acctest.Values {
	v := acctest.Values{
		"customer_id": customerID, "partner_on_record_attestation_accepted": true,
		"timeouts": acctest.Values{"create": "20m", "read": "20m", "update": "20m", "delete": "20m"},
	}
	for i := 0; i < len(more); i += 2 {
		v[more[i].(string)] = more[i+1]
	}
	return v
}

var config = configure(northwind)

// bought returns the Azure plans of a customer, and the orders that may still result in one.
func bought(b *mockbackend.Backend, customerID string) []string {
	var out []string
	plans := map[string]bool{}
	for _, s := range b.Subscriptions(customerID) {
		if strings.HasPrefix(s.OfferID, "DZH318Z0BPS6:") && s.Status != "deleted" {
			out = append(out, s.ID+" "+s.Status)
			plans[s.OrderID] = true
		}
	}
	for _, o := range b.Orders(customerID) {
		if len(o.Lines) == 1 && strings.HasPrefix(o.Lines[0].OfferID, "DZH318Z0BPS6:") && !plans[o.ID] && o.Lines[0].SubscriptionID == "" && o.Status != "cancelled" {
			out = append(out, "order "+o.ID+" "+o.Status)
		}
	}
	return out
}

// slowly makes the mock as slow as the real service can be.
func slowly(k *mockbackend.Knobs) {
	k.OrderPendingPolls, k.PlanPendingReads, k.OrderDelay, k.EntitlementDelay = 1, 1, 15*time.Minute, 30*time.Second
}

// late delays only the order in the list of orders. Fewer requests keep the matrices small, which have cases for each
// request.
func late(k *mockbackend.Knobs) { k.OrderPendingPolls, k.OrderDelay = 1, 15*time.Minute }

// operation is an operation of Terraform on an Azure plan.
type operation struct {
	name string
	// existed means that the customer already has a plan. State is the configuration that was applied before, if any.
	existed bool
	state   acctest.Values
	// do runs the operation. Wanted is the configuration; nil destroys.
	do     func(*testing.T, *acctest.Resource) error
	wanted acctest.Values
	// suspended means that the operation suspends the plan.
	suspended bool
}

var refreshAndApply = acctest.RefreshAndApply

var (
	named    = configure(northwind, "friendly_name", "Northwind plan")
	adopting = configure(northwind, "adopt_existing", true, "friendly_name", "Northwind plan")
	removing = configure(northwind, "adopt_existing", true, "on_destroy", "suspend")
)

var operations = []operation{
	{name: "create", do: refreshAndApply(config), wanted: config},
	{name: "adopt", existed: true, do: refreshAndApply(adopting), wanted: adopting},
	{name: "read", existed: true, state: adopting, do: func(t *testing.T, r *acctest.Resource) error { return r.Refresh(t.Context()) }, wanted: adopting},
	{name: "rename", existed: true, state: configure(northwind, "adopt_existing", true), do: refreshAndApply(adopting), wanted: adopting},
	{name: "suspend", existed: true, state: removing, do: refreshAndApply(nil), suspended: true},
	{name: "import", existed: true, do: func(t *testing.T, r *acctest.Resource) error { return r.Import(t.Context(), northwind, nil) }, wanted: config},
}

// Every request of every operation fails in every way, once and permanently. The customer never gets two plans, the state
// stays correct, and another apply repairs the rest.
func TestProtoAzurePlan_faults(t *testing.T) {
	t.Parallel()
	each(t, acctest.EachFault, operation.prepare)
}

// As before, but the user destroys the resource after the failure.
func TestProtoAzurePlan_faultsGivenUp(t *testing.T) {
	t.Parallel()
	each(t, acctest.EachFaultGivenUp, operation.prepare, "create", "suspend")
}

// After one failure, the request that checks its effect can fail, too.
func TestProtoAzurePlan_faultPairs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, on string, prepare acctest.Prepare) { acctest.EachFaultPair(t, on, 25, 1, prepare) }, operation.prepare, "create")
}

// From one request on, all requests fail.
func TestProtoAzurePlan_faultsOfAll(t *testing.T) {
	t.Parallel()
	each(t, acctest.EachFaultOfAll, operation.prepare, "create", "suspend")
}

// After each interruption the state is lost, as after kill -9. The next run finds what the first one has bought. Only the
// request IDs prevent the server from selling two plans.
func TestProtoAzurePlan_faultsStateLost(t *testing.T) {
	t.Parallel()
	for name, knobs := range map[string]func(*mockbackend.Knobs){
		"sells two":          func(k *mockbackend.Knobs) { late(k); k.SecondPlan = mockbackend.SecondPlanSell },
		"forgets requests":   func(k *mockbackend.Knobs) { late(k); k.RequestIDsForgotten = true },
		"refuses repetition": func(k *mockbackend.Knobs) { late(k); k.RepeatedCheckout = mockbackend.RepeatedCheckoutRefuse },
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			lost := func(o operation, t *testing.T, b *mockbackend.Backend) acctest.Trial {
				return o.prepareLost(t, b, knobs)
			}
			each(t, acctest.EachFaultOfAll, lost, "create")
		})
	}
}

// each runs a matrix of faults for the named operations, or for all.
func each(t *testing.T, matrix func(*testing.T, string, acctest.Prepare), prepare func(operation, *testing.T, *mockbackend.Backend) acctest.Trial, names ...string) {
	t.Helper()
	for _, o := range operations {
		if len(names) == 0 || slices.Contains(names, o.name) {
			t.Run(o.name, func(t *testing.T) {
				t.Parallel()
				matrix(t, northwind, func(t *testing.T, b *mockbackend.Backend) acctest.Trial { return prepare(o, t, b) })
			})
		}
	}
}

func (o operation) prepare(t *testing.T, b *mockbackend.Backend) acctest.Trial {
	t.Helper()
	token := b.User(mockbackend.AdminAgent).RefreshToken
	p := acctest.NewProtocol(t, b, token)
	r := p.Resource(planType)
	if o.existed {
		plan := b.BuyAzurePlan(northwind)
		acctest.Pass(3 * time.Hour) // so that the plan is not a new one
		if o.suspended {
			b.SetSubscriptionStatus(northwind, plan.AzureSubscriptions[0].ID, "inactive")
		}
	}
	if o.state != nil {
		if err := r.Apply(t.Context(), o.state); err != nil {
			t.Fatal(err)
		}
	}
	acctest.Pass(time.Hour)
	p.Restart(token)
	b.SetKnobs(late)
	before := r.State()
	restart := func(d time.Duration) {
		acctest.Pass(d)
		p.Restart(token)
	}
	return acctest.Trial{
		Run:  func() error { return o.do(t, r) },
		Stop: p.Stop,
		Check: func(failed error) error {
			has := bought(b, northwind)
			switch now := r.State(); {
			case len(has) > 1:
				return fmt.Errorf("the customer has two plans: %q", has)
			case failed != nil && before != nil && now == nil:
				return errors.New("a failure removed the resource from the state")
			case now == nil && len(has) > 0 && !o.existed:
				return fmt.Errorf("%q was bought, and the state does not have it", has)
			case failed != nil && before == nil && o.name == "adopt" && now == nil && b.Subscriptions(northwind)[1].FriendlyName != "Azure plan":
				return errors.New("the plan was renamed, and the state does not have it")
			}
			restart(time.Minute)
			if o.name == "import" && !r.Exists() {
				if err := o.do(t, r); err != nil {
					return err
				}
			}
			if err := refreshAndApply(o.wanted)(t, r); err != nil {
				return fmt.Errorf("another apply does not repair it: %w", err)
			}
			return o.done(t, b, r, restart)
		},
		GiveUp: func(error) error {
			restart(time.Minute)
			if err := refreshAndApply(nil)(t, r); err != nil {
				return fmt.Errorf("it cannot be destroyed: %w", err)
			}
			if has := bought(b, northwind); r.Exists() || len(has) > 1 {
				return fmt.Errorf("after giving up the customer has %q, and the state is %v", has, r.State())
			}
			return nil
		},
	}
}

// prepareLost prepares a creation after which the state is lost.
func (o operation) prepareLost(t *testing.T, b *mockbackend.Backend, knobs func(*mockbackend.Knobs)) acctest.Trial {
	t.Helper()
	token := b.User(mockbackend.AdminAgent).RefreshToken
	b.SetKnobs(knobs)
	p := acctest.NewProtocol(t, b, token)
	r := p.Resource(planType)
	restart := func(d time.Duration) {
		acctest.Pass(d)
		p.Restart(token)
	}
	check := func(error) error {
		restart(5 * time.Second)
		r = p.Resource(planType)
		if err := refreshAndApply(o.wanted)(t, r); err != nil {
			return fmt.Errorf("another apply does not repair it: %w", err)
		}
		return o.done(t, b, r, restart)
	}
	return acctest.Trial{Run: func() error { return o.do(t, r) }, Stop: p.Stop, Check: check, GiveUp: check}
}

// done checks that server and state agree with the configuration, and that the next plan is empty.
func (o operation) done(t *testing.T, b *mockbackend.Backend, r *acctest.Resource, restart func(time.Duration)) error {
	t.Helper()
	has := bought(b, northwind)
	if len(has) != 1 || strings.HasPrefix(has[0], "order") || strings.HasSuffix(has[0], "suspended") != o.suspended {
		return fmt.Errorf("the customer has %q", has)
	}
	if o.wanted == nil {
		if r.Exists() {
			return fmt.Errorf("the state is %v", r.State())
		}
		return nil
	}
	restart(2 * time.Minute)
	if err := r.Refresh(t.Context()); err != nil {
		return err
	}
	if state := r.State(); state["status"] != "active" || !strings.HasPrefix(has[0], fmt.Sprint(state["subscription_id"])) || r.Tainted() {
		return fmt.Errorf("the state is %v", maps.Clone(state))
	}
	if action, err := r.Plan(t.Context(), o.wanted); action != acctest.NoOp || err != nil {
		return fmt.Errorf("the next plan says %s: %w", action, err)
	}
	return nil
}
