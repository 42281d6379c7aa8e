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

// The values of read.
const (
	readSingle = "single"
	readByList = "list"
)

// listSample is how many single reads have to agree with the list of all policies before it is believed. With no more
// customers than that, all are read one by one.
const listSample = 20

// policies are those of customers, by id in lower case.
type policies map[string]partnercenter.SelfServePolicy

// listPolicies reads the policies of all customers by one list, which Microsoft does not document. What the list has as on
// is on. That a permission is missing from it is believed only after single reads of a sample agree, and never of a
// customer of whom declared says that it is on: it is read one by one. If one single read contradicts the list, nothing of it is
// believed. Then, and for few customers, the answer is nil; the warning says why.
//
// Customers that are missing from the answer have to be read one by one.
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
		return nil, nil // the single reads fail in the same way, and say so
	}
	out := make(policies, len(ids))
	for _, id := range slices.Concat(on, off) {
		out[id] = listed[id]
	}
	for i, id := range single {
		if failed[i] != nil { // read again, and reported, by the caller
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

// sampleOf takes the sample at random, half of it from those that are on as far as there are so many.
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
		"What to do: remove read = \"list\" if this warning stays. \"terraform-provider-partnercenter conformance\" shows what your Partner Center lists.")}
}
