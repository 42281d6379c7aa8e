package mockbackend

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// ApplicationConsent says that a customer's tenant lets an application act for users of the partner
// (DEV/control-panel-vendor-apis).
type ApplicationConsent struct {
	ApplicationID string             `json:"applicationId"`
	DisplayName   string             `json:"displayName"`
	Grants        []ApplicationGrant `json:"applicationGrants"`
}

// ApplicationGrant is what the application may do with an API.
type ApplicationGrant struct {
	EnterpriseApplicationID string `json:"enterpriseApplicationId"` // application ID of the API
	Scope                   string `json:"scope"`                   // names, separated by commas
}

// The APIs that an application consent usually names.
const (
	AzureServiceManagementID = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
	MicrosoftGraphID         = "00000003-0000-0000-c000-000000000000"
)

// The answers to a consent that exists and to a missing consent are not documented. The text of the first is in
// several public scripts.
const (
	consentExists   = 409
	consentNotFound = 404
)

// consentsPerSecond is the documented limit per application.
const consentsPerSecond = 50

// consentsOf returns the consents of a customer's tenant. The first call creates the one for the partner's
// application, which customers have from the start.
func (b *Backend) consentsOf(record *customerRecord) map[string]ApplicationConsent {
	if record.consents == nil {
		record.consents = map[string]ApplicationConsent{b.partner.ClientID: {
			ApplicationID: b.partner.ClientID, DisplayName: b.partner.CompanyName,
			Grants: []ApplicationGrant{{AzureServiceManagementID, "user_impersonation"}, {MicrosoftGraphID, "User.Read.All"}},
		}}
	}
	return record.consents
}

// ApplicationConsents returns the consents of a customer's tenant, by application ID.
func (b *Backend) ApplicationConsents(customerID string) []ApplicationConsent {
	b.mu.Lock()
	defer b.mu.Unlock()
	var consents []ApplicationConsent
	if record := b.customerFor("ApplicationConsents", customerID); record != nil {
		for _, consent := range b.consentsOf(record) {
			consents = append(consents, consent)
		}
	}
	slices.SortFunc(consents, func(a, b ApplicationConsent) int { return strings.Compare(a.ApplicationID, b.ApplicationID) })
	return consents
}

// RemoveApplicationConsents deletes the enterprise applications in a customer's tenant, as its
// administrator does. From then on users of the partner get no tokens there.
func (b *Backend) RemoveApplicationConsents(customerID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if record := b.customerFor("RemoveApplicationConsents", customerID); record != nil {
		for id := range b.consentsOf(record) {
			b.consentChanged(record, id, false, true)
		}
		record.consents = map[string]ApplicationConsent{}
	}
}

// createApplicationConsent: DEV/control-panel-vendor-apis.
func (b *Backend) createApplicationConsent(x *exchange) response {
	record, refused, ok := b.consentCustomer(x)
	if !ok {
		return refused
	}
	var body ApplicationConsent
	if err := decodeKnown(x.body, &body); err != nil {
		if json.Valid(x.body) {
			b.violate("%s %s: %v", x.req.Method, x.req.URL.Path, err)
		}
		return failure(http.StatusBadRequest, invalidRequestInput, "The request body can not be read: %s.", err)
	}
	body.ApplicationID = strings.ToLower(body.ApplicationID)
	switch {
	case !isGUID(body.ApplicationID):
		return failure(http.StatusBadRequest, invalidProperty, "applicationId %q is not a GUID.", body.ApplicationID)
	case len(body.Grants) == 0:
		return failure(http.StatusBadRequest, invalidProperty, "applicationGrants must not be empty.")
	case slices.ContainsFunc(body.Grants, func(g ApplicationGrant) bool { return !isGUID(g.EnterpriseApplicationID) || g.Scope == "" }):
		return failure(http.StatusBadRequest, invalidProperty, "applicationGrants is not valid.")
	}
	if _, exists := b.consentsOf(record)[body.ApplicationID]; exists {
		status := http.StatusConflict
		if x.knobs.ConsentExistsBadRequest {
			status = http.StatusBadRequest
		}
		return failure(status, consentExists, "Permission entry already exists.")
	}
	record.consents[body.ApplicationID] = body
	record.consentAt = time.Now()
	b.consentChanged(record, body.ApplicationID, true, false)
	return response{status: http.StatusCreated, body: body}
}

// deleteApplicationConsent: DEV/control-panel-vendor-apis.
func (b *Backend) deleteApplicationConsent(x *exchange) response {
	record, refused, ok := b.consentCustomer(x)
	if !ok {
		return refused
	}
	id := strings.ToLower(x.values["application"])
	if _, exists := b.consentsOf(record)[id]; !exists {
		return failure(http.StatusNotFound, consentNotFound, "The application consent of %s was not found.", id)
	}
	delete(record.consents, id)
	b.consentChanged(record, id, false, false)
	return response{status: http.StatusNoContent}
}

// consentCustomer finds the customer of a call, within the limit of the application.
func (b *Backend) consentCustomer(x *exchange) (*customerRecord, response, bool) {
	now := time.Now()
	if now.Sub(b.consentWindow.start) >= time.Second {
		b.consentWindow = rateWindow{start: now}
	}
	if b.consentWindow.count++; b.consentWindow.count > consentsPerSecond {
		return nil, response{
			status: http.StatusTooManyRequests, body: gatewayThrottle{http.StatusTooManyRequests, "Rate limit is exceeded. Try again in 1 seconds."},
			header: http.Header{"Retry-After": {"1"}},
		}, false
	}
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if ok && record.access.ended {
		return nil, failure(http.StatusForbidden, insufficientRights, "Access to the tenant %s is denied.", record.ID), false
	}
	return record, refused, ok
}

// consented reports whether a customer's tenant allows an application to request tokens of an API. A new consent
// takes effect after Knobs.ConsentLag.
func (b *Backend) consented(x *exchange, record *customerRecord, applicationID string, api resource) bool {
	consent, ok := b.consentsOf(record)[strings.ToLower(applicationID)]
	if !ok || time.Since(record.consentAt) < x.knobs.ConsentLag {
		return false
	}
	id := map[resource]string{resourceManagerResource: AzureServiceManagementID, microsoftGraph: MicrosoftGraphID}[api]
	return id == "" || slices.ContainsFunc(consent.Grants, func(g ApplicationGrant) bool { return strings.EqualFold(g.EnterpriseApplicationID, id) })
}
