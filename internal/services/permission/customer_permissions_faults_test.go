package permission_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// fleetOperations are the operations of Terraform on two customers in one resource.
var fleetOperations = []fleetOperation{
	{name: "create", wanted: twoOn, do: acctest.RefreshAndApply(twoOn)},
	{name: "read", state: twoOn, wanted: twoOn, do: refresh},
	{name: "read by the log", state: twoByLog, wanted: twoByLog, do: refresh},
	{name: "update", state: twoOn, wanted: twoOff, do: acctest.RefreshAndApply(twoOff)},
	{name: "delete", state: twoOn, do: acctest.RefreshAndApply(nil)},
}

var (
	soon     = acctest.Values{"create": "20m", "read": "20m", "update": "20m", "delete": "20m"}
	twoOn    = of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: onlyRI}, "timeouts", soon)
	twoOff   = of(acctest.Values{mockbackend.AdatumID: acctest.Values{"azure_reservations": false}, mockbackend.LitwareID: acctest.Values{"azure_reservations": false}}, "timeouts", soon)
	twoByLog = with(twoOn, "refresh", "activity_log")
)

// fleetOperation changes the state to what is wanted.
type fleetOperation struct {
	name          string
	state, wanted acctest.Values
	do            func(*testing.T, *acctest.Resource) error
}

// turnsOff reports whether the operation disables the customers.
func (o fleetOperation) turnsOff() bool { return o.name == "update" || o.wanted == nil }

func (o fleetOperation) prepare(t *testing.T, b *mockbackend.Backend) acctest.Trial {
	t.Helper()
	token := b.User(mockbackend.AdminAgent).RefreshToken
	b.SetPermissions(mockbackend.ContosoID) // deny would disable it
	b.SetPermissions(mockbackend.TailspinID)
	p := acctest.NewProtocol(t, b, token)
	r := p.Resource(fleetType)
	if o.state != nil {
		if err := r.Apply(t.Context(), o.state); err != nil {
			t.Fatal(err)
		}
	}
	acctest.Pass(time.Hour)
	p.Restart(token)
	wasOn := len(acctest.Permissions(b, mockbackend.AdatumID)) > 0
	again := func() { // in a new process, as in Terraform
		acctest.Pass(time.Hour)
		p.Restart(token)
	}
	return acctest.Trial{
		Run:  func() error { return o.do(t, r) },
		Stop: p.Stop,
		Check: func(failed error) error {
			if !o.turnsOff() && wasOn && len(acctest.Permissions(b, mockbackend.AdatumID)) == 0 {
				return errors.New("a customer was disabled")
			}
			if failed != nil && o.state != nil && !r.Exists() {
				return errors.New("a failure removed the resource from the state")
			}
			again()
			if err := acctest.RefreshAndApply(o.wanted)(t, r); err != nil {
				return fmt.Errorf("another apply does not repair it: %w", err)
			}
			want := []string(nil)
			if !o.turnsOff() {
				want = []string{ri}
			}
			if err := bothHave(b, want); err != nil {
				return err
			}
			again()
			return planIsEmpty(t, r, o.wanted)
		},
		GiveUp: func(error) error {
			again()
			if err := acctest.RefreshAndApply(nil)(t, r); err != nil {
				return fmt.Errorf("it cannot be destroyed: %w", err)
			}
			if r.Exists() {
				return fmt.Errorf("the state after the destroy is %v", r.State())
			}
			return bothHave(b, nil) // no permission was enabled before
		},
	}
}

// bothHave returns an error unless both customers of the operations have the permissions.
func bothHave(b *mockbackend.Backend, want []string) error {
	for _, id := range []string{mockbackend.AdatumID, mockbackend.LitwareID} {
		if got := acctest.Permissions(b, id); !slices.Equal(got, want) {
			return fmt.Errorf("customer %s may purchase %q, want %q", id, got, want)
		}
	}
	return nil
}

// eachOfFleet runs a matrix of faults for the operations with these names, or all of them.
func eachOfFleet(t *testing.T, matrix func(*testing.T, string, acctest.Prepare), names ...string) {
	t.Helper()
	for _, o := range fleetOperations {
		if names != nil && !slices.Contains(names, o.name) {
			continue
		}
		t.Run(strings.ReplaceAll(o.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			matrix(t, "", o.prepare)
		})
	}
}

// Every request of every operation fails in every way, once and permanently. No customer is disabled that is
// declared as enabled, and another apply repairs the rest.
func TestProtoFleet_faults(t *testing.T) {
	t.Parallel()
	eachOfFleet(t, acctest.EachFault)
}

// Whatever failed, a destroy leaves no permission that Terraform has enabled.
func TestProtoFleet_faultsGivenUp(t *testing.T) {
	t.Parallel()
	eachOfFleet(t, acctest.EachFaultGivenUp)
}

// After a failed write, the read of its outcome can also fail.
func TestProtoFleet_faultPairs(t *testing.T) {
	t.Parallel()
	eachOfFleet(t, func(t *testing.T, on string, prepare acctest.Prepare) {
		acctest.EachFaultPair(t, on, 25, 1, prepare)
	}, "create", "update")
}

// From some request on, all later requests fail.
func TestProtoFleet_faultsOfAll(t *testing.T) {
	t.Parallel()
	eachOfFleet(t, acctest.EachFaultOfAll, "create", "update", "delete")
}
