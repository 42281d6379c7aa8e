package consent_test

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

// operation is an operation of Terraform on a consent.
type operation struct {
	name string
	// state is the configuration that was applied before, if any. Existed means that there is a consent already.
	state   acctest.Values
	existed bool
	// do runs the operation. Wanted is the configuration; nil destroys.
	do     func(*testing.T, *acctest.Resource) error
	wanted acctest.Values
}

var refreshAndApply = acctest.RefreshAndApply

var changed = acctest.Values{"customer_id": adatum, "display_name": "automation", "grants": acctest.Values{azureAPI: []any{"user_impersonation"}, graph: []any{"User.Read.All"}}}

var operations = []operation{
	{name: "create", do: refreshAndApply(config), wanted: config},
	{name: "adopt", existed: true, do: refreshAndApply(config), wanted: config},
	{name: "read", state: config, do: func(t *testing.T, r *acctest.Resource) error { return r.Refresh(t.Context()) }, wanted: config},
	{name: "update", state: config, do: refreshAndApply(changed), wanted: changed},
	{name: "delete", state: config, do: refreshAndApply(nil)},
	{name: "import", existed: true, do: func(t *testing.T, r *acctest.Resource) error { return r.Import(t.Context(), adatum, nil) }, wanted: config},
}

// Every request of every operation fails in every way, once and permanently. The state stays correct, and
// another apply repairs the rest.
func TestProtoConsent_faults(t *testing.T) {
	t.Parallel()
	each(t, acctest.EachFault)
}

// After any failure, destroying the resource leaves no consent behind.
func TestProtoConsent_faultsGivenUp(t *testing.T) {
	t.Parallel()
	each(t, acctest.EachFaultGivenUp, "create", "update", "delete")
}

// After one failure, the request that checks its effect can fail, too.
func TestProtoConsent_faultPairs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, on string, prepare acctest.Prepare) { acctest.EachFaultPair(t, on, 25, 1, prepare) }, "create", "update")
}

// From one request on, all requests fail.
func TestProtoConsent_faultsOfAll(t *testing.T) {
	t.Parallel()
	each(t, acctest.EachFaultOfAll, "create", "update", "delete")
}

// each runs a matrix of faults for the named operations, or for all.
func each(t *testing.T, matrix func(*testing.T, string, acctest.Prepare), names ...string) {
	t.Helper()
	for _, o := range operations {
		if len(names) == 0 || slices.Contains(names, o.name) {
			t.Run(o.name, func(t *testing.T) {
				t.Parallel()
				matrix(t, adatum, o.prepare)
			})
		}
	}
}

func (o operation) prepare(t *testing.T, b *mockbackend.Backend) acctest.Trial {
	t.Helper()
	token := b.User(mockbackend.AdminAgent).RefreshToken
	p := acctest.NewProtocol(t, b, token)
	r := p.Resource(consentType)
	if !o.existed {
		b.RemoveApplicationConsents(adatum)
	}
	if o.state != nil {
		if err := r.Apply(t.Context(), o.state); err != nil {
			t.Fatal(err)
		}
	}
	acctest.Pass(time.Hour)
	p.Restart(token)
	before := r.State()
	consents := func() int { return len(b.ApplicationConsents(adatum)) }
	restart := func() {
		acctest.Pass(time.Hour)
		p.Restart(token)
	}
	return acctest.Trial{
		Run:  func() error { return o.do(t, r) },
		Stop: p.Stop,
		Check: func(failed error) error {
			now := r.State()
			unsure := failed != nil && strings.Contains(failed.Error(), "may exist")
			switch {
			case failed != nil && before != nil && now == nil:
				return errors.New("a failure removed the resource from the state")
			case failed != nil && !unsure && !maps.EqualFunc(now, before, func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }):
				return fmt.Errorf("a failure changed the state from %v to %v", before, now)
			case now == nil && consents() > 0 && !o.existed:
				return errors.New("there is a consent that the state does not have")
			case failed == nil && now != nil && consents() != 1:
				return fmt.Errorf("the state says %v, and there is no consent", now)
			}
			restart()
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
			restart()
			if err := refreshAndApply(nil)(t, r); err != nil {
				return fmt.Errorf("it cannot be destroyed: %w", err)
			}
			if r.Exists() || consents() > 0 {
				return fmt.Errorf("after giving up there are %d consents, and the state is %v", consents(), r.State())
			}
			return nil
		},
	}
}

// done checks that server and state agree with the configuration, and that the next plan is empty.
func (o operation) done(t *testing.T, b *mockbackend.Backend, r *acctest.Resource, restart func()) error {
	t.Helper()
	left := b.ApplicationConsents(adatum)
	if o.wanted == nil {
		if len(left) != 0 || r.Exists() {
			return fmt.Errorf("there is %+v, the state is %v", left, r.State())
		}
		return nil
	}
	want := 1
	if o.wanted["grants"] != nil || o.existed {
		want = 2
	}
	if len(left) != 1 || len(left[0].Grants) != want {
		return fmt.Errorf("there is %+v", left)
	}
	restart()
	return acctest.PlanIsEmpty(t, r, o.wanted)
}

// If a deposed object is planned first, the declared one is planned as an update. It then takes part in the
// apply and keeps the consent.
func TestProtoConsent_deposedFirst(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, consentType, func(t *testing.T, r acctest.Run) {
		deposed, declared := r.Resource, r.Protocol.Resource(consentType)
		for _, one := range []*acctest.Resource{deposed, declared} {
			r.Again()
			if err := one.Apply(t.Context(), config); err != nil {
				t.Fatal(err)
			}
		}
		acctest.Pass(time.Hour)
		r.Again()
		if err := deposed.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := deposed.Plan(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if err := declared.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if action, err := declared.Plan(t.Context(), config); action != acctest.Update || err != nil {
			t.Fatalf("the plan of the declared object is %s, %v", action, err)
		}
	})
}
