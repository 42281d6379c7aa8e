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

// ApplicationConsents are the consents of customers' tenants for applications of the partner
// (https://learn.microsoft.com/partner-center/developer/control-panel-vendor-apis). There is no
// documented call that reads one. All calls need app+user sign-in by an Admin agent with a GDAP
// relationship to the customer.
type ApplicationConsents struct {
	caller *httppipe.Caller // has a gate of its own, as these calls have a limit of their own
}

// consentsPerSecond is a little less than the documented limit of 50 for each application, since not
// all requests take equally long.
const consentsPerSecond = 45

// ApplicationConsent lets an application act for users of the partner in a customer's tenant.
type ApplicationConsent struct {
	ApplicationID, DisplayName string
	// Grants are the delegated permissions, by the application ID of their API.
	Grants map[string][]string
}

// AzureServiceManagement is the application ID of the API of Azure Resource Manager.
const AzureServiceManagement = "797f4846-ba00-4fd7-ba43-dac1f8f63013"

// consentBody is an application consent on the wire.
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

// Create consents to the application for the customer. It tells whether a consent existed before,
// which then stays as it was.
// POST /v1/customers/{customer}/applicationconsents.
func (s ApplicationConsents) Create(ctx context.Context, customerID string, a ApplicationConsent) (existed bool, err error) {
	var created consentBody
	// A repetition of one that was executed is answered as any other that exists.
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

// isConsentExists tells whether the server has such a consent. The status is not documented; the
// text is known from public scripts.
func isConsentExists(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Err == nil && (e.StatusCode == http.StatusConflict || e.StatusCode == http.StatusBadRequest) &&
		strings.HasPrefix(e.Message, "Permission entry already exists")
}

// unknownAddress is the code of a 404 that is about the address, not about what it names.
const unknownAddress = "1000"

// Delete withdraws the consent. One that does not exist is no error; the code for that is not
// documented.
// DELETE /v1/customers/{customer}/applicationconsents/{application}.
func (s ApplicationConsents) Delete(ctx context.Context, customerID, applicationID string) error {
	var content any // usually none; a page of something in between cannot be read
	_, err := s.caller.Do(ctx, httppipe.Call{
		Method: http.MethodDelete, Path: "/v1" + pathOf("customers", customerID, "applicationconsents", applicationID), Answer: &content,
	})
	if isNone(err) {
		return nil
	}
	return err
}

// Replace withdraws the consent, if there is one, and consents anew.
func (s ApplicationConsents) Replace(ctx context.Context, customerID string, a ApplicationConsent) error {
	if err := s.Delete(ctx, customerID, a.ApplicationID); err != nil {
		return err
	}
	_, err := s.Create(ctx, customerID, a)
	return err
}
