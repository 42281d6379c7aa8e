package partnercenter

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// ApplicationConsents manages the consents of customers' tenants to applications of the partner
// (https://learn.microsoft.com/partner-center/developer/control-panel-vendor-apis). Microsoft
// documents no call that reads a consent. All calls need app+user sign-in by an Admin agent with a
// GDAP relationship to the customer.
type ApplicationConsents struct {
	caller *httppipe.Caller // has its own gate, because these calls have their own rate limit
}

// consentsPerSecond is slightly below the documented limit of 50 requests per second and
// application, because requests take varying times to arrive.
const consentsPerSecond = 45

// ApplicationConsent allows an application to act on behalf of the partner's users in a customer's
// tenant.
type ApplicationConsent struct {
	ApplicationID, DisplayName string
	// Grants are the delegated permissions, keyed by the application ID of their API.
	Grants map[string][]string
}

// AzureServiceManagement is the application ID of the Azure Resource Manager API.
const AzureServiceManagement = "797f4846-ba00-4fd7-ba43-dac1f8f63013"

// consentBody is the JSON form of an application consent.
type consentBody struct {
	ApplicationID string         `json:"applicationId"`
	DisplayName   string         `json:"displayName"`
	Grants        []consentGrant `json:"applicationGrants"`
}

type consentGrant struct {
	EnterpriseApplicationID string `json:"enterpriseApplicationId"`
	Scope                   string `json:"scope"`
}

func (a ApplicationConsent) body() consentBody {
	b := consentBody{ApplicationID: a.ApplicationID, DisplayName: a.DisplayName}
	for _, id := range slices.Sorted(maps.Keys(a.Grants)) {
		b.Grants = append(b.Grants, consentGrant{id, strings.Join(slices.Sorted(slices.Values(a.Grants[id])), ",")})
	}
	return b
}

// Create consents to the application for the customer. If a consent exists already, it returns true
// and leaves that consent unchanged.
// POST /v1/customers/{customer}/applicationconsents.
func (s ApplicationConsents) Create(ctx context.Context, customerID string, a ApplicationConsent) (existed bool, err error) {
	var created consentBody
	// A retry of a request that was executed gets the same answer as for any existing consent.
	_, err = s.caller.Do(ctx, httppipe.Call{
		Method: http.MethodPost, Path: "/v1" + pathOf("customers", customerID, "applicationconsents"), Body: a.body(), Repeat: httppipe.RepeatSafe,
		Answer: &created, Check: func() error {
			if !sameID(created.ApplicationID, a.ApplicationID) {
				return errUnreadable
			}
			return nil
		},
	})
	if isConsentExists(err) {
		return true, nil
	}
	return false, err
}

// isConsentExists reports whether the server answered that the consent exists. The status is not
// documented; the text is taken from public scripts.
func isConsentExists(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Err == nil && (e.StatusCode == http.StatusConflict || e.StatusCode == http.StatusBadRequest) &&
		strings.HasPrefix(e.Message, "Permission entry already exists")
}

// unknownAddress is the error code of a 404 that means an unknown URL, not a missing object.
const unknownAddress = "1000"

// Delete withdraws the consent. A missing consent is not an error. The code for a missing consent
// is not documented.
// DELETE /v1/customers/{customer}/applicationconsents/{application}.
func (s ApplicationConsents) Delete(ctx context.Context, customerID, applicationID string) error {
	var content any // usually empty; decoding it rejects the HTML page of a proxy
	_, err := s.caller.Do(ctx, httppipe.Call{
		Method: http.MethodDelete, Path: "/v1" + pathOf("customers", customerID, "applicationconsents", applicationID), Answer: &content,
	})
	if isNone(err) {
		return nil
	}
	return err
}

// Replace withdraws the consent, if one exists, and creates it again.
func (s ApplicationConsents) Replace(ctx context.Context, customerID string, a ApplicationConsent) error {
	if err := s.Delete(ctx, customerID, a.ApplicationID); err != nil {
		return err
	}
	_, err := s.Create(ctx, customerID, a)
	return err
}
