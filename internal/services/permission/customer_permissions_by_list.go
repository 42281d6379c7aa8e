package permission

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// Values of the attribute read.
const (
	readSingle = "single"
	readByList = "list"
)

// listSample is the number of single reads that must agree with the list of all policies before the list is
// used. Up to this number of customers, all are read one by one.
const listSample = 20

// policies are policies by customer ID in lower case.
type policies map[string]partnercenter.SelfServePolicy

// listPolicies reads the policies of all customers with one list call, which Microsoft does not document. A
// permission in the list counts as enabled. A permission that is not in the list counts as disabled only after
// single reads of a sample agree with the list. If declared returns a permission that is not in the list, the
// customer is always read on its own. If one single read contradicts the list, the list is not used: the result
// is nil, with a warning that says why. For at most listSample customers, the result is nil without a warning.
//
// Customers that are missing from the result have to be read one by one.
func listPolicies(ctx context.Context, c *tfkit.Clients, ids []string, declared func(id string) []partnercenter.Permission) (policies, diag.Diagnostics) {
	if len(ids) <= listSample {
		return nil, nil
	}
	listed, err := c.PartnerCenter.SelfServePolicies.List(ctx)
	if err != nil {
		return nil, notListed(tfkit.Reason(err))
	}
	var doubted, on, off []string
	for _, id := range ids {
		policy, isListed := listed[id]
		switch {
		case slices.ContainsFunc(declared(id), func(p partnercenter.Permission) bool { return !policy.Allows(p) }):
			doubted = append(doubted, id)
		case isListed:
			on = append(on, id)
		default:
			off = append(off, id)
		}
	}
	single := slices.Concat(doubted, sampleOf(on, off))
	read := make([]partnercenter.SelfServePolicy, len(single))
	failed, err := c.PartnerCenter.Each(ctx, len(single), func(ctx context.Context, i int) error {
		var err error
		read[i], err = c.PartnerCenter.SelfServePolicies.Get(ctx, single[i])
		return err
	})
	if err != nil {
		return nil, nil // the caller's single reads fail in the same way and report it
	}
	out := make(policies, len(ids))
	for _, id := range slices.Concat(on, off) {
		out[id] = listed[id]
	}
	for i, id := range single {
		if failed[i] != nil { // the caller reads it again and reports it
			delete(out, id)
			continue
		}
		for _, permission := range memberPermissions {
			if policy := listed[id]; policy.Allows(permission) != read[i].Allows(permission) {
				return nil, notListed(fmt.Sprintf("For customer %s the list of all permissions and a single read contradict each other.", id))
			}
		}
		out[id] = read[i]
	}
	return out, nil
}

// sampleOf returns a random sample. Half of it are customers with an enabled permission, if there are so many.
func sampleOf(on, off []string) []string {
	pick := func(from []string, n int) []string {
		from = slices.Clone(from)
		rand.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
		return from[:min(n, len(from))]
	}
	half := max(listSample/2, listSample-len(off))
	out := pick(on, half)
	return append(out, pick(off, listSample-len(out))...)
}

func notListed(reason string) diag.Diagnostics {
	return diag.Diagnostics{diag.NewWarningDiagnostic("Permissions were read one by one, not by list", reason+
		" Because of that the list was not used, and the permissions below are those of single reads.\n\n"+
		"What to do: remove read = \"list\" if this warning persists. \"terraform-provider-partnercenter conformance\" shows what your Partner Center lists.")}
}
