package subscription_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// giveUp returns the ending in which the user destroys the resource. Then no role assignment of this provider is left.
func (o ownerOperation) giveUp(t *testing.T, b *mockbackend.Backend, r *acctest.Resource, token string) func(error) error {
	t.Helper()
	before, existed := len(owners(b)), r.Exists()
	return func(error) error {
		acctest.Pass(time.Hour)
		r.Restart(token)
		if err := refreshAndApply(nil)(t, r); err != nil {
			return fmt.Errorf("it cannot be destroyed: %w", err)
		}
		switch left := owners(b); {
		case r.Exists():
			return fmt.Errorf("after destroying it the state is %v", r.State())
		case len(left) > 0 && (existed || before == 0):
			return fmt.Errorf("after giving up the server has %+v, and no state has it", left)
		}
		return nil
	}
}

// eachOwner runs a matrix of faults for the named operations.
func eachOwner(t *testing.T, matrix func(*testing.T, string, acctest.Prepare), names ...string) {
	t.Helper()
	found := 0
	for _, o := range ownerOperations {
		if !slices.Contains(names, o.name) {
			continue
		}
		found++
		t.Run(strings.ReplaceAll(o.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			matrix(t, adatum, func(t *testing.T, b *mockbackend.Backend) acctest.Trial { return o.prepare(t, b, false) })
		})
	}
	if found != len(names) {
		t.Errorf("there are %d operations %q", found, names)
	}
}

// After any failure, destroying the resource leaves no Owner behind.
func TestProtoOwner_faultsGivenUp(t *testing.T) {
	t.Parallel()
	eachOwner(t, acctest.EachFaultGivenUp, "create")
}

// After one failure, the request that checks its effect can fail, too.
func TestProtoOwner_faultPairs(t *testing.T) {
	t.Parallel()
	eachOwner(t, func(t *testing.T, on string, prepare acctest.Prepare) { acctest.EachFaultPair(t, on, 25, 1, prepare) }, "create")
}

// From one request on, all requests fail.
func TestProtoOwner_faultsOfAll(t *testing.T) {
	t.Parallel()
	eachOwner(t, acctest.EachFaultOfAll, "create", "update", "delete")
}
