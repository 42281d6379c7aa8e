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

// CustomerAgreements say whether customers have accepted the Microsoft Customer Agreement, without which the partner
// cannot buy for them. Reading takes app+user sign-in. National clouds have no agreements.
type CustomerAgreements struct {
	c       *Client
	answers *httppipe.Answers[CustomerAgreement]
}

func newCustomerAgreements(c *Client) CustomerAgreements {
	// What a customer lacks is what somebody is about to give it, so that is asked again.
	return CustomerAgreements{c, &httppipe.Answers[CustomerAgreement]{For: subscriptionsFor, Keep: CustomerAgreement.Accepted}}
}

// AcceptAgreementLink is where a Global Administrator of the customer accepts the agreement.
const AcceptAgreementLink = "https://admin.microsoft.com/AdminPortal/Home?ref=/BillingAccounts/agreement"

// acceptAgreement says what to do without an agreement.
const acceptAgreement = "A Global Administrator of the customer accepts it at " + AcceptAgreementLink +
	" or in the acceptance page of the partner's own shop system."

// CustomerAgreement is how a customer has accepted the Microsoft Customer Agreement. The zero value means not at all.
type CustomerAgreement struct {
	// SignedDirectly says that the customer has accepted it with Microsoft itself.
	SignedDirectly bool
	// Confirmed says that the partner has confirmed an acceptance. The other fields are of the newest one.
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

// Accepted tells whether the customer has accepted the agreement in either way.
func (a CustomerAgreement) Accepted() bool { return a.SignedDirectly || a.Confirmed }

// agreementCut is the day since which acceptances are valid. Earlier ones have to be repeated, unless the customer
// accepted with Microsoft itself. No field of the API tells.
var agreementCut = time.Date(2023, time.April, 1, 0, 0, 0, 0, time.UTC)

// Outdated tells whether the acceptance is from before April 2023 and so probably no longer valid.
func (a CustomerAgreement) Outdated() bool {
	return a.Confirmed && !a.SignedDirectly && !a.AgreedOn.IsZero() && a.AgreedOn.Before(agreementCut)
}

const customerAgreementType = "MicrosoftCustomerAgreement"

// Get returns how a customer has accepted the agreement. All who ask within 5 minutes share one answer, once the
// customer has accepted.
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

// confirmed returns the newest acceptance that the partner has confirmed. Whether none is an empty list or a 404 is not
// documented.
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

// isNone tells whether a 404 is about something that the customer does not have. One about the customer or the address
// says nothing of that.
func isNone(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Err == nil && e.StatusCode == http.StatusNotFound && e.Code != "" && e.Code != unknownAddress && !IsCustomerNotFound(err)
}

// IsNoAgreements tells whether the service has no agreements of customers at all, as in national clouds.
func IsNoAgreements(err error) bool { return is(err, http.StatusNotFound, unknownAddress) }
