package conformance

import (
	"context"
	"slices"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// probe is one open question about Partner Center.
type probe struct {
	// id identifies the question. The mock uses it as well: partnercenter-mock -behaviour plays the
	// answers.
	id, question string
	run          func(ctx context.Context, o *observer) (string, error)
}

// probes returns all probes that only read. Each is about a behavior that Microsoft does not
// document.
func probes() []probe {
	return slices.Concat(signInProbes(), formProbes(), listProbes(), policyProbes(), codeProbes(), logProbes(), purchaseProbes(), savingsPlanProbes(), selfServeProbes(), agreementProbes(),
		azureProbes(), throttlingProbes())
}

// notObserved is the answer if the partner's data does not show the behavior.
func notObserved(reason string) string { return "not observed: " + reason }

// These are the reasons.
const (
	noPolicy       = "no customer with a permission"
	noCustomer     = "no customer"
	noSecondPage   = "too few objects for a second page"
	noLicenses     = "no license subscription"
	noReservation  = "no reservation"
	noDetails      = "the order or the artifact of the reservation cannot be read"
	noSavingsPlan  = "no savings plan"
	noRecords      = "no activity on both sides of a midnight"
	noThrottling   = "no request was throttled"
	noPlan         = "no Azure plan"
	noPolicyChange = "no change of a permission in the activity log"
	noAzure        = "no access to Azure in the tenant of a customer"
	noAppOnly      = "the application cannot sign in without a user"
	noSelfServe    = "no order of a customer's user in the activity log"
	notListed      = "the order of a customer's user is not listed"
	noEntitlement  = "no entitlement of an order of a customer's user"
	allAgreed      = "all customers that were read have an agreement"
	noneAgreed     = "no customer that was read accepted the agreement directly"
	noneInAzure    = "no current reservation in Azure"
)

// report runs all probes.
func (o *observer) report(ctx context.Context, version, role string) (*report, error) {
	caller, err := o.pc.Caller(ctx)
	if err != nil {
		return nil, err
	}
	if err := o.gather(ctx); err != nil {
		return nil, err
	}
	r := newReport(version, role, caller, o.pc.AppOnly())
	for _, p := range probes() {
		o.calls = nil
		value, err := p.run(ctx, o)
		if err != nil {
			return nil, err
		}
		r.Answers = append(r.Answers, Answer{p.id, p.question, value, o.calls})
	}
	return r, nil
}

// status returns a probe whose answer is the status and code of one call.
func status(id, question, pattern string, ids ...func(*observer) string) probe {
	return probe{id, question, func(ctx context.Context, o *observer) (string, error) {
		if len(o.customers) == 0 && len(ids) > 0 {
			return notObserved(noCustomer), nil
		}
		values := make([]string, len(ids))
		for i, id := range ids {
			values[i] = id(o)
		}
		got, err := o.get(ctx, pattern, nil, values...)
		return codeOf(got), err
	}}
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

// listOf joins names, or returns "none" for an empty list.
func listOf(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(sorted(names), ",")
}

// either returns ifYes or ifNo.
func either(yes bool, ifYes, ifNo string) string {
	if yes {
		return ifYes
	}
	return ifNo
}

// clientOf returns the client without a user, or nil.
func clientOf(o *observer) *partnercenter.Client {
	if o.pc.AppOnly() {
		return o.pc
	}
	return o.appOnly
}
