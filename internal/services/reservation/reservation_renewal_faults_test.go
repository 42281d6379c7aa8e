package reservation_test

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

// operation is an operation of Terraform on a renewal.
type operation struct {
	name string
	// state is the configuration that was applied before, if any. Renews is the renewal on the server before that.
	state  acctest.Values
	renews bool
	// accepted means that Azure answers changes with 202.
	accepted bool
	// do runs the operation. Wanted is the configuration; nil destroys.
	do     func(*testing.T, *acctest.Resource) error
	wanted acctest.Values
}

var refreshAndApply = acctest.RefreshAndApply

var operations = []operation{
	{name: "create", renews: true, do: refreshAndApply(off), wanted: off},
	{name: "create accepted", renews: true, accepted: true, do: refreshAndApply(off), wanted: off},
	{name: "create on", do: refreshAndApply(on), wanted: on},
	{name: "adopt", do: refreshAndApply(off), wanted: off},
	{name: "read", renews: true, state: off, do: func(t *testing.T, r *acctest.Resource) error { return r.Refresh(t.Context()) }, wanted: off},
	{name: "turn on", renews: true, state: off, do: refreshAndApply(on), wanted: on},
	{name: "turn off", renews: true, state: on, accepted: true, do: refreshAndApply(off), wanted: off},
	{name: "delete", renews: true, state: off, do: refreshAndApply(nil)},
	{name: "import", renews: true, do: func(t *testing.T, r *acctest.Resource) error { return r.Import(t.Context(), contoso+"/"+bought, nil) }, wanted: on},
}

// Every request of every operation fails in every way, once and permanently. The state stays correct, and
// another apply repairs the rest.
func TestProtoRenewal_faults(t *testing.T) {
	t.Parallel()
	each(t, acctest.EachFault, "create", "create accepted", "create on", "adopt", "read", "turn on", "turn off", "import")
}

// After one failure, the request that checks its effect can fail, too.
func TestProtoRenewal_faultPairs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, on string, prepare acctest.Prepare) { acctest.EachFaultPair(t, on, 10, 1, prepare) }, "create", "turn off")
}

// From one request on, all requests fail.
func TestProtoRenewal_faultsOfAll(t *testing.T) {
	t.Parallel()
	each(t, acctest.EachFaultOfAll, "create on", "turn off")
}

// each runs a matrix of faults for the named operations.
func each(t *testing.T, matrix func(*testing.T, string, acctest.Prepare), names ...string) {
	t.Helper()
	for _, o := range operations {
		if slices.Contains(names, o.name) {
			t.Run(strings.ReplaceAll(o.name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				matrix(t, contoso, o.prepare)
			})
		}
	}
}

func (o operation) prepare(t *testing.T, b *mockbackend.Backend) acctest.Trial {
	t.Helper()
	token := b.User(mockbackend.AdminAgent).RefreshToken
	p := acctest.NewProtocol(t, b, token)
	r := p.Resource(renewalType)
	setOutside(b, o.renews)
	if o.state != nil {
		if err := r.Apply(t.Context(), o.state); err != nil {
			t.Fatal(err)
		}
	}
	acctest.Pass(time.Hour)
	if o.accepted {
		b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationUpdateTime = 5 * time.Second })
	}
	p.Restart(token)
	before, wasOn := r.State(), renews(b)
	restart := func() {
		acctest.Pass(time.Hour)
		p.Restart(token)
	}
	return acctest.Trial{
		Run:  func() error { return o.do(t, r) },
		Stop: p.Stop,
		Check: func(failed error) error {
			now := r.State()
			unsure := failed != nil && strings.Contains(failed.Error(), "The renewal may be enabled")
			switch {
			case failed != nil && before != nil && now == nil:
				return errors.New("a failure removed the resource from the state")
			case failed != nil && !unsure && !maps.Equal(now, before):
				return fmt.Errorf("a failure changed the state from %v to %v", before, now)
			case unsure && now["renew"] != true:
				return fmt.Errorf("the renewal may be enabled, and the state says %v", now)
			case now != nil && now["renew"] == false && renews(b):
				return fmt.Errorf("the state says %v, and it renews", now)
			case now == nil && renews(b) && !wasOn:
				return errors.New("the provider enabled the renewal, and the state does not have it")
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
			if r.Exists() {
				return fmt.Errorf("after giving up the state is %v", r.State())
			}
			return nil
		},
	}
}

// done checks that server and state agree with the configuration, and that the next plan is empty.
func (o operation) done(t *testing.T, b *mockbackend.Backend, r *acctest.Resource, restart func()) error {
	t.Helper()
	if want := o.wanted["renew"] == true; renews(b) != want {
		return fmt.Errorf("on the server, renew is %t", renews(b))
	}
	restart()
	return acctest.PlanIsEmpty(t, r, o.wanted)
}
