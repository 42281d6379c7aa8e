package permission_test

import (
	"errors"
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

// operation is an operation of Terraform on one customer's permission.
type operation struct {
	name string
	// before are the customer's permissions on the server.
	before []string
	// state is the configuration that was applied before, or nil.
	state acctest.Values
	// meanwhile are the permissions after a later change outside Terraform, or nil.
	meanwhile []string
	// soon starts the operation without a pause after that.
	soon bool
	// do is the operation.
	do func(*testing.T, *acctest.Resource) error
	// wanted is the configuration, or nil to destroy.
	wanted acctest.Values
}

const customer = mockbackend.AdatumID

var (
	on  = acctest.Values{"customer_id": customer}
	off = acctest.Values{"customer_id": customer, "enabled": false}
)

func refresh(t *testing.T, r *acctest.Resource) error { return r.Refresh(t.Context()) }

func importIt(t *testing.T, r *acctest.Resource) error { return r.Import(t.Context(), customer, nil) }

var operations = []operation{
	{name: "create on", do: acctest.RefreshAndApply(on), wanted: on},
	{name: "create on beside another", before: []string{sp}, do: acctest.RefreshAndApply(on), wanted: on},
	{name: "create off", do: acctest.RefreshAndApply(off), wanted: off},
	{name: "create off over on", before: []string{ri}, do: acctest.RefreshAndApply(off), wanted: off},
	{name: "create off beside another", before: []string{ri, sp}, do: acctest.RefreshAndApply(off), wanted: off},
	{name: "adopt", before: []string{ri, sp}, do: acctest.RefreshAndApply(on), wanted: on},
	{name: "read", state: on, do: refresh, wanted: on},
	{name: "read a disabled one", state: on, meanwhile: []string{sp}, do: refresh, wanted: on},
	{name: "read shortly after a change outside", state: on, meanwhile: []string{sp}, soon: true, do: refresh, wanted: on},
	{name: "read an enabled one", state: off, meanwhile: []string{ri}, do: refresh, wanted: off},
	{name: "update on", state: off, do: acctest.RefreshAndApply(on), wanted: on},
	{name: "update on beside another", before: []string{sp}, state: off, do: acctest.RefreshAndApply(on), wanted: on},
	{name: "update off", state: on, do: acctest.RefreshAndApply(off), wanted: off},
	{name: "update off beside another", before: []string{sp}, state: on, do: acctest.RefreshAndApply(off), wanted: off},
	{name: "delete", state: on, do: acctest.RefreshAndApply(nil)},
	{name: "delete beside another", before: []string{sp}, state: on, do: acctest.RefreshAndApply(nil)},
	{name: "delete off", before: []string{sp}, state: off, do: acctest.RefreshAndApply(nil)},
	{name: "import on", before: []string{ri, sp}, do: importIt, wanted: on},
	{name: "import off", before: []string{sp}, do: importIt, wanted: off},
}

// Every request of every operation fails in every way, once and permanently. The state stays true, no other
// permission is lost, and another apply repairs the rest.
func TestProtoReservations_faults(t *testing.T) {
	t.Parallel()
	for _, o := range operations {
		t.Run(strings.ReplaceAll(o.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			var saved acctest.Saved
			synctest.Test(t, func(t *testing.T) { saved = o.applyState(t) })
			acctest.EachFault(t, customer, func(t *testing.T, b *mockbackend.Backend) acctest.Trial { return o.prepare(t, b, saved) })
		})
	}
}

// applyState returns the state at the start of the operation.
func (o operation) applyState(t *testing.T) acctest.Saved {
	t.Helper()
	b := mockbackend.New(mockbackend.Config{})
	b.SetPermissions(customer, o.before...)
	r := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken).Resource(typeName)
	if o.state != nil {
		if err := r.Apply(t.Context(), o.state); err != nil {
			t.Fatal(err)
		}
	}
	return r.Save()
}

func (o operation) prepare(t *testing.T, b *mockbackend.Backend, saved acctest.Saved) acctest.Trial {
	t.Helper()
	token := b.User(mockbackend.AdminAgent).RefreshToken
	p := acctest.NewProtocol(t, b, token)
	r := p.Resource(typeName)
	r.Load(saved)
	switch {
	case o.meanwhile != nil:
		b.SetPermissions(customer, o.meanwhile...)
	case r.Exists() && r.State()["enabled"] == true:
		b.SetPermissions(customer, append(o.before, ri)...)
	default:
		b.SetPermissions(customer, o.before...)
	}
	if !o.soon {
		acctest.Pass(time.Hour)
	}
	other := slices.Contains(acctest.Permissions(b, customer), sp)
	before := r.State()
	return acctest.Trial{
		Run:    func() error { return o.do(t, r) },
		GiveUp: o.giveUp(t, b, r, token),
		Stop:   p.Stop,
		Check: func(failed error) error {
			if err := errors.Join(o.stateIsTrue(b, r, before, failed), keeps(b, other)); err != nil {
				return err
			}
			p.Restart(token)
			if failed != nil || o.meanwhile != nil {
				if err := o.repair(t, r); err != nil {
					return fmt.Errorf("another apply does not repair it: %w", err)
				}
			}
			if err := errors.Join(o.done(b, r), keeps(b, other)); err != nil {
				return fmt.Errorf("after another apply: %w", err)
			}
			return planIsEmpty(t, r, o.wanted)
		},
	}
}

// keeps returns an error if the other permission of the policy has changed.
func keeps(b *mockbackend.Backend, other bool) error {
	if now := slices.Contains(acctest.Permissions(b, customer), sp); now != other {
		return fmt.Errorf("the other permission is %t and was %t", now, other)
	}
	return nil
}

// stateIsTrue checks the state immediately after the operation.
func (o operation) stateIsTrue(b *mockbackend.Backend, r *acctest.Resource, before acctest.Values, failed error) error {
	now := r.State()
	switch {
	case failed != nil && before != nil && now == nil:
		return errors.New("a failure removed the resource from the state")
	case failed != nil && maps.Equal(now, before), now == nil && o.wanted == nil:
		return nil // unchanged, or destroyed
	case failed == nil && now == nil:
		return errors.New("there is no state")
	case now["unconfirmed"] == true && now["enabled"] == true:
		return nil // it may be on
	case now["enabled"] != slices.Contains(acctest.Permissions(b, customer), ri):
		return fmt.Errorf("the state says %v, and the server %q", now, acctest.Permissions(b, customer))
	}
	return nil
}

func (o operation) repair(t *testing.T, r *acctest.Resource) error {
	t.Helper()
	if o.state == nil && !r.Exists() && strings.HasPrefix(o.name, "import") {
		return o.do(t, r)
	}
	return acctest.RefreshAndApply(o.wanted)(t, r)
}

// done checks that server and state agree with the configuration.
func (o operation) done(b *mockbackend.Backend, r *acctest.Resource) error {
	isOn := slices.Contains(acctest.Permissions(b, customer), ri)
	if o.wanted == nil {
		if isOn || r.Exists() {
			return fmt.Errorf("the permission is on (%t) or in the state (%t)", isOn, r.Exists())
		}
		return nil
	}
	want := o.wanted["enabled"] == nil
	if isOn != want || r.State()["enabled"] != want {
		return fmt.Errorf("wanted %t, the server says %t, the state %v", want, isOn, r.State())
	}
	return nil
}

// planIsEmpty refreshes and plans, as "terraform plan" does.
func planIsEmpty(t *testing.T, r *acctest.Resource, config acctest.Values) error {
	t.Helper()
	if config == nil {
		return nil
	}
	if err := r.Refresh(t.Context()); err != nil {
		return err
	}
	switch action, err := r.Plan(t.Context(), config); {
	case err != nil:
		return fmt.Errorf("the plan failed: %w", err)
	case action != acctest.NoOp:
		return fmt.Errorf("the plan says %s", action)
	}
	return nil
}
