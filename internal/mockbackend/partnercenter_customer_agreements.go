package mockbackend

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// CustomerAgreements say how a customer has accepted the Microsoft Customer Agreement. The zero value says that it has not.
type CustomerAgreements struct {
	SignedDirectly bool                `json:"signedDirectly"` // accepted by the customer itself, in the admin center
	Confirmed      []CustomerAgreement `json:"confirmed"`      // acceptances that the partner has confirmed
}

// CustomerAgreement is an acceptance that the partner has confirmed (DEV/agreement-resources).
type CustomerAgreement struct {
	Type           string           `json:"type"`       // empty = MicrosoftCustomerAgreement
	TemplateID     string           `json:"templateId"` // empty = the one of the Microsoft Customer Agreement
	DateAgreed     time.Time        `json:"dateAgreed"`
	PrimaryContact AgreementContact `json:"primaryContact"`
}

// AgreementContact is the person of the customer who accepted.
type AgreementContact struct {
	FirstName   string `json:"firstName"`
	LastName    string `json:"lastName"`
	Email       string `json:"email"`
	PhoneNumber string `json:"phoneNumber,omitempty"`
}

const (
	customerAgreementType     = "MicrosoftCustomerAgreement"
	cloudAgreementType        = "MicrosoftCloudAgreement"
	customerAgreementTemplate = "117a77b0-9360-443b-8795-c6dedc750cf9"
	customerAgreementLink     = "https://aka.ms/customeragreement"

	agreementExists  = 600061
	agreementMissing = 13605
)

// agreementCut is the day from which acceptances are valid. Earlier acceptances must be repeated.
var agreementCut = time.Date(2023, time.April, 1, 0, 0, 0, 0, time.UTC)

// agreementsOf returns the agreements of a customer. Contoso has accepted directly, Litware before agreementCut, and
// Fabrikam not at all. The partner has confirmed the acceptance of all others.
func (b *Backend) agreementsOf(record *customerRecord) *CustomerAgreements {
	if record.agreements != nil {
		return record.agreements
	}
	confirmed := func(year int, month time.Month, day int) CustomerAgreements {
		agreement := CustomerAgreement{DateAgreed: time.Date(year, month, day, 0, 0, 0, 0, time.UTC), PrimaryContact: AgreementContact{
			FirstName: "Ana", LastName: "Ruiz", Email: "ana@" + strings.TrimSuffix(record.Domain, ".onmicrosoft.com") + ".example", PhoneNumber: "4255550100",
		}}
		agreement.fill()
		return CustomerAgreements{Confirmed: []CustomerAgreement{agreement}}
	}
	agreements := confirmed(2026, time.February, 3)
	switch record.ID {
	case ContosoID:
		agreements = CustomerAgreements{SignedDirectly: true}
	case LitwareID:
		agreements = confirmed(2021, time.June, 15)
	case FabrikamID:
		agreements = CustomerAgreements{}
	}
	record.agreements = &agreements
	return record.agreements
}

func (a *CustomerAgreement) fill() {
	setDefault(&a.Type, customerAgreementType)
	setDefault(&a.TemplateID, customerAgreementTemplate)
}

// CustomerAgreements returns how a customer has accepted the agreement.
func (b *Backend) CustomerAgreements(customerID string) CustomerAgreements {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customerFor("CustomerAgreements", customerID)
	if record == nil {
		return CustomerAgreements{}
	}
	agreements := *b.agreementsOf(record)
	agreements.Confirmed = append([]CustomerAgreement{}, agreements.Confirmed...)
	return agreements
}

// SetCustomerAgreements replaces how a customer has accepted the agreement. An unknown customer is a violation.
func (b *Backend) SetCustomerAgreements(customerID string, agreements CustomerAgreements) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if record := b.customerFor("SetCustomerAgreements", customerID); record != nil {
		agreements.Confirmed = slices.Clone(agreements.Confirmed)
		for i := range agreements.Confirmed {
			agreements.Confirmed[i].fill()
		}
		record.agreements = &agreements
	}
}

// accepted reports whether the customer may buy. Whether the server refuses an outdated acceptance is not documented
// (Knobs.OutdatedAgreementRefused).
func (b *Backend) accepted(x *exchange, record *customerRecord) bool {
	agreements := b.agreementsOf(record)
	return agreements.SignedDirectly || slices.ContainsFunc(agreements.Confirmed, func(a CustomerAgreement) bool {
		return a.Type == customerAgreementType && !(x.knobs.OutdatedAgreementRefused && a.DateAgreed.Before(agreementCut))
	})
}

// customerAgreementBody is the wire form. dateAgreed has no zone, as in the page's example.
type customerAgreementBody struct {
	PrimaryContact AgreementContact `json:"primaryContact"`
	TemplateID     string           `json:"templateId"`
	DateAgreed     string           `json:"dateAgreed"`
	Type           string           `json:"type"`
	AgreementLink  string           `json:"agreementLink"`
}

func (a CustomerAgreement) body() customerAgreementBody {
	return customerAgreementBody{a.PrimaryContact, a.TemplateID, a.DateAgreed.UTC().Format("2006-01-02T15:04:05"), a.Type, customerAgreementLink}
}

// listCustomerAgreements: DEV/get-confirmation-of-customer-agreement. Without agreementType, the default is the agreement
// before the Microsoft Customer Agreement; "*" selects all.
func (b *Backend) listCustomerAgreements(x *exchange) response {
	if refused, ok := x.overridden("agreements"); ok {
		return refused
	}
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return refused
	}
	requested := queryValue(x.query, "agreementType")
	setDefault(&requested, cloudAgreementType)
	if requested != "*" && !strings.EqualFold(requested, customerAgreementType) && !strings.EqualFold(requested, cloudAgreementType) {
		return failure(http.StatusBadRequest, invalidRequestInput, "agreementType %q is not an agreement type.", requested)
	}
	agreements, bodies := *b.agreementsOf(record), []customerAgreementBody{}
	if x.knobs.DirectAgreementListed && agreements.SignedDirectly {
		agreements.Confirmed = append([]CustomerAgreement{{Type: customerAgreementType, TemplateID: customerAgreementTemplate, DateAgreed: agreementCut.AddDate(1, 0, 0)}}, agreements.Confirmed...)
	}
	for _, agreement := range agreements.Confirmed {
		if requested == "*" || strings.EqualFold(requested, agreement.Type) {
			bodies = append(bodies, agreement.body())
		}
	}
	if len(bodies) == 0 && x.knobs.NoAgreementNotFound { // the code is a choice
		return x.refuse("no_agreement", http.StatusNotFound, 600009, "The customer has no agreement.")
	}
	return response{status: http.StatusOK, body: collectionOf(b, x, bodies)}
}

// getDirectSignStatus: DEV/get-direct-sign-status-of-customer-agreement.
func (b *Backend) getDirectSignStatus(x *exchange) response {
	if refused, ok := x.overridden("direct_agreement"); ok {
		return refused
	}
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return refused
	}
	return response{status: http.StatusOK, body: map[string]bool{"isSigned": b.agreementsOf(record).SignedDirectly}}
}

// createCustomerAgreement is the old way to confirm an acceptance: DEV/confirm-customer-consent-customer-agreement. Since
// January 2026 it is refused (Knobs.OldAttestation); the code is a choice.
func (b *Backend) createCustomerAgreement(x *exchange) response {
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return refused
	}
	if !x.knobs.OldAttestation {
		return failure(http.StatusForbidden, 600062, "Confirm the acceptance of the customer with the enhanced attestation API.")
	}
	var body struct {
		customerAgreementBody
		UserID string `json:"userId"`
	}
	if err := decodeKnown(x.body, &body); err != nil {
		if json.Valid(x.body) {
			b.violate("%s %s: %v", x.req.Method, x.req.URL.Path, err)
		}
		return failure(http.StatusBadRequest, invalidRequestInput, "The request body can not be read: %s.", err)
	}
	at, _, dated := auditDate(body.DateAgreed)
	contact := body.PrimaryContact
	switch {
	case body.Type != customerAgreementType || body.TemplateID != customerAgreementTemplate || !dated:
		return failure(http.StatusBadRequest, invalidProperty, "type, templateId or dateAgreed is not valid.")
	case contact.FirstName == "" || contact.LastName == "" || contact.Email == "":
		return failure(http.StatusBadRequest, invalidProperty, "primaryContact is not complete.")
	}
	agreements := b.agreementsOf(record)
	if slices.ContainsFunc(agreements.Confirmed, func(a CustomerAgreement) bool { return a.PrimaryContact == contact }) {
		return failure(http.StatusConflict, agreementExists, "The partner has confirmed the acceptance of this contact already.")
	}
	agreement := CustomerAgreement{Type: body.Type, TemplateID: body.TemplateID, DateAgreed: at, PrimaryContact: contact}
	agreements.Confirmed = append(agreements.Confirmed, agreement)
	b.addAudit(b.portalAudit(record, "create_agreement", "agreement"), record.ID, "", "")
	return response{status: http.StatusCreated, body: agreement.body()}
}

// listAgreementTemplates: DEV/get-customer-agreement-metadata.
func (b *Backend) listAgreementTemplates(x *exchange) response {
	type template struct {
		TemplateID    string `json:"templateId"`
		AgreementType string `json:"agreementType"`
		AgreementLink string `json:"agreementLink"`
		VersionRank   int    `json:"versionRank"`
	}
	templates := []template{}
	if requested := queryValue(x.query, "agreementType"); requested == "*" || strings.EqualFold(requested, customerAgreementType) {
		templates = append(templates, template{customerAgreementTemplate, customerAgreementType, customerAgreementLink, 0})
	}
	return response{status: http.StatusOK, body: collectionOf(b, x, templates)}
}
