package partnercenter

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// CustomerAgreements reads whether customers have accepted the Microsoft Customer Agreement. The partner cannot buy
// for a customer without it. Reading needs app+user sign-in. National clouds have no agreements.
type CustomerAgreements struct {
	c       *Client
	answers *httppipe.Answers[CustomerAgreement]
}

func newCustomerAgreements(c *Client) CustomerAgreements {
	// A missing acceptance is not cached, because somebody may be about to accept.
	return CustomerAgreements{c, &httppipe.Answers[CustomerAgreement]{For: subscriptionsFor, Keep: CustomerAgreement.Accepted}}
}

// AcceptAgreementLink is the page where a Global Administrator of the customer accepts the
// agreement.
const AcceptAgreementLink = "https://admin.microsoft.com/AdminPortal/Home?ref=/BillingAccounts/agreement"

// acceptAgreement is the remedy for a missing agreement.
const acceptAgreement = "A Global Administrator of the customer accepts it at " + AcceptAgreementLink +
	" or in the acceptance page of the partner's own shop system."

// CustomerAgreement describes how a customer accepted the Microsoft Customer Agreement. The zero value means not
// accepted.
type CustomerAgreement struct {
	// SignedDirectly means that the customer accepted it directly with Microsoft.
	SignedDirectly bool
	// Confirmed means that the partner confirmed an acceptance. The other fields describe the newest one.
	Confirmed bool
	// AgreedOn is the day of the acceptance, if it is known.
	AgreedOn         Time
	TemplateID, Link string
	// Contact is the person who accepted for the customer.
	Contact AgreementContact
}

// AgreementContact is a person of the customer.
type AgreementContact struct {
	FirstName   string `json:"firstName"`
	LastName    string `json:"lastName"`
	Email       string `json:"email"`
	PhoneNumber string `json:"phoneNumber"`
}

// Accepted reports whether the customer accepted the agreement in either way.
func (a CustomerAgreement) Accepted() bool { return a.SignedDirectly || a.Confirmed }

// agreementCut is the day from which acceptances are valid. Customers have to accept again after an earlier
// acceptance, unless they accepted directly with Microsoft. No field of the API says whether an acceptance is
// still valid.
var agreementCut = time.Date(2023, time.April, 1, 0, 0, 0, 0, time.UTC)

// Outdated reports whether the acceptance is from before April 2023 and therefore probably no longer
// valid.
func (a CustomerAgreement) Outdated() bool {
	return a.Confirmed && !a.SignedDirectly && !a.AgreedOn.IsZero() && a.AgreedOn.Before(agreementCut)
}

const customerAgreementType = "MicrosoftCustomerAgreement"

// Get returns how a customer accepted the agreement. An acceptance is cached for 5 minutes.
// GET /v1/customers/{customer}/agreements and …/directSignedMicrosoftCustomerAgreementStatus, app+user only
// (https://learn.microsoft.com/partner-center/developer/get-confirmation-of-customer-agreement and
// …/get-direct-sign-status-of-customer-agreement).
func (s CustomerAgreements) Get(ctx context.Context, customerID string) (CustomerAgreement, error) {
	return s.answers.Get(ctx, strings.ToLower(customerID), func(ctx context.Context) (CustomerAgreement, error) {
		out, err := s.confirmed(ctx, customerID)
		if err != nil {
			return CustomerAgreement{}, err
		}
		var status struct {
			IsSigned *bool `json:"isSigned"`
		}
		_, err = s.c.get(ctx, call{
			method: http.MethodGet, path: pathOf("customers", customerID, "directSignedMicrosoftCustomerAgreementStatus"),
			check: func() error {
				if status.IsSigned == nil {
					return errUnreadable
				}
				return nil
			},
		}, &status)
		if err != nil {
			return CustomerAgreement{}, err
		}
		out.SignedDirectly = *status.IsSigned
		return out, nil
	})
}

// confirmed returns the newest acceptance that the partner confirmed. Whether the API returns an empty list or a 404
// for none is not documented.
func (s CustomerAgreements) confirmed(ctx context.Context, customerID string) (CustomerAgreement, error) {
	type item struct {
		PrimaryContact AgreementContact `json:"primaryContact"`
		TemplateID     string           `json:"templateId"`
		DateAgreed     Time             `json:"dateAgreed"`
		Type           string           `json:"type"`
		AgreementLink  string           `json:"agreementLink"`
	}
	var out CustomerAgreement
	list := call{method: http.MethodGet, path: pathOf("customers", customerID, "agreements"), query: url.Values{"agreementType": {customerAgreementType}}}
	for one, err := range all[item](ctx, s.c, list) {
		switch {
		case isNone(err):
			return CustomerAgreement{}, nil
		case err != nil:
			return CustomerAgreement{}, err
		case !sameEnum(one.Type, customerAgreementType), out.Confirmed && !one.DateAgreed.After(out.AgreedOn.Time):
		default:
			out = CustomerAgreement{Confirmed: true, AgreedOn: one.DateAgreed, TemplateID: one.TemplateID, Link: one.AgreementLink, Contact: one.PrimaryContact}
		}
	}
	return out, nil
}

// isNone reports whether err is a 404 about an object that the customer does not have. It excludes a 404 about the
// customer or the URL.
func isNone(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Err == nil && e.StatusCode == http.StatusNotFound && e.Code != "" && e.Code != unknownAddress && !IsCustomerNotFound(err)
}

// IsNoAgreements reports whether the service has no customer agreements at all, as in national clouds.
func IsNoAgreements(err error) bool { return is(err, http.StatusNotFound, unknownAddress) }
