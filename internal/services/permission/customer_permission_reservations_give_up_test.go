package permission_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// giveUp is the case in which the user destroys what the state has. After that, no permission remains that
// Terraform has enabled, and the other permission is unchanged.
func (o operation) giveUp(t *testing.T, b *mockbackend.Backend, r *acctest.Resource, token string) func(error) error {
	t.Helper()
	before, existed := acctest.Permissions(b, customer), r.Exists()
	return func(error) error {
		acctest.Pass(time.Hour)
		r.Restart(token)
		if err := acctest.RefreshAndApply(nil)(t, r); err != nil {
			return fmt.Errorf("it cannot be destroyed: %w", err)
		}
		now := acctest.Permissions(b, customer)
		isOn, wasOn := slices.Contains(now, ri), slices.Contains(before, ri)
		switch {
		case r.Exists():
			return fmt.Errorf("the state after the destroy is %v", r.State())
		case isOn && (existed || !wasOn):
			return fmt.Errorf("after the destroy, the customer may purchase %q, and no state has it", now)
		}
		return keeps(b, slices.Contains(before, sp))
	}
}

// some returns the operations with these names, which represent all.
func some(t *testing.T, names ...string) []operation {
	t.Helper()
	out := slices.DeleteFunc(slices.Clone(operations), func(o operation) bool { return !slices.Contains(names, o.name) })
	if len(out) != len(names) {
		t.Fatalf("there are %d operations %q", len(out), names)
	}
	return out
}

// each runs a matrix of faults for some operations.
func each(t *testing.T, matrix func(*testing.T, string, acctest.Prepare), names ...string) {
	t.Helper()
	for _, o := range some(t, names...) {
		t.Run(strings.ReplaceAll(o.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			var saved acctest.Saved
			synctest.Test(t, func(t *testing.T) { saved = o.applyState(t) })
			matrix(t, customer, func(t *testing.T, b *mockbackend.Backend) acctest.Trial { return o.prepare(t, b, saved) })
		})
	}
}

// Whatever failed, a destroy leaves no permission that Terraform has enabled.
func TestProtoReservations_faultsGivenUp(t *testing.T) {
	t.Parallel()
	each(t, acctest.EachFaultGivenUp, "create on", "create on beside another", "update on")
}

// After a failed write, the read of its outcome can also fail.
func TestProtoReservations_faultPairs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, on string, prepare acctest.Prepare) { acctest.EachFaultPair(t, on, 25, 1, prepare) },
		"create on", "update on beside another")
}

// From some request on, all later requests fail.
func TestProtoReservations_faultsOfAll(t *testing.T) {
	t.Parallel()
	each(t, acctest.EachFaultOfAll, "create on", "create on beside another", "update off", "delete")
}
