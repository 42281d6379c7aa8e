package conformance

import (
	"context"
	"net/http"
	"net/url"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// agreementSample is the maximum number of customers whose agreements are read.
const agreementSample = 10

// agreementProbes returns the probes about the Microsoft Customer Agreement.
func agreementProbes() []probe {
	return []probe{
		{"no_agreement", "What is the answer for the agreements of a customer that has none?", noAgreement},
		{"direct_agreement", "Is an agreement listed that a customer accepted directly?", directAgreement},
	}
}

// agreements reads the agreements of a customer, once.
func (o *observer) agreements(ctx context.Context, customer string) (partnercenter.RawAnswer, error) {
	if got, known := o.agreementsOf[customer]; known {
		return got, nil
	}
	got, err := o.get(ctx, "/v1/customers/{customer}/agreements", url.Values{"agreementType": {"MicrosoftCustomerAgreement"}}, customer)
	if err == nil {
		o.agreementsOf[customer] = got
	}
	return got, err
}

func (o *observer) agreementSample() []string {
	return o.customers[:min(len(o.customers), agreementSample)]
}

func noAgreement(ctx context.Context, o *observer) (string, error) {
	if len(o.customers) == 0 {
		return notObserved(noCustomer), nil
	}
	for _, customer := range o.agreementSample() {
		switch got, err := o.agreements(ctx, customer); {
		case err != nil:
			return "", err
		case object(got) == nil:
			return codeOf(got), nil
		case len(items(got)) == 0:
			return "empty list", nil
		}
	}
	return notObserved(allAgreed), nil
}

// directAgreement searches for a customer that accepted the agreement directly and is not listed. A listed customer may
// also have a confirmation of the partner. It therefore counts only if no other customer is found.
func directAgreement(ctx context.Context, o *observer) (string, error) {
	if len(o.customers) == 0 {
		return notObserved(noCustomer), nil
	}
	answer := notObserved(noneAgreed)
	for _, customer := range o.agreementSample() {
		got, err := o.get(ctx, "/v1/customers/{customer}/directSignedMicrosoftCustomerAgreementStatus", nil, customer)
		if err != nil || object(got) == nil {
			return codeOf(got), err
		}
		if signed, _ := object(got)["isSigned"].(bool); !signed {
			continue
		}
		if got, err = o.agreements(ctx, customer); err != nil {
			return "", err
		}
		switch {
		case got.StatusCode == http.StatusNotFound || object(got) != nil && len(items(got)) == 0:
			return "not listed", nil
		case object(got) == nil:
			return codeOf(got), nil
		}
		answer = "listed"
	}
	return answer, nil
}
