package mockbackend

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
)

// resourceManagerService is what all Azure Resource Manager calls have in common.
// https://learn.microsoft.com/rest/api/resources/subscriptions
type resourceManagerService struct{ serviceBase }

func (resourceManagerService) inspect(b *Backend, x *exchange) {
	if x.route == nil {
		return
	}
	if name, unknown := x.route.unknownQuery(x.query); unknown {
		b.violate("%s %s: unknown query parameter %q", x.req.Method, x.req.URL.Path, name)
	}
}

var apiVersion = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(-preview)?$`)

// admit judges api-version and bearer token. A request without a token is no violation: its 401 is a known way to learn
// the tenant of a subscription.
func (s resourceManagerService) admit(b *Backend, x *exchange) (response, bool) {
	switch version := queryValue(x.query, "api-version"); {
	case version == "":
		return armFailure(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests."), false
	case !apiVersion.MatchString(version):
		return armFailure(http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '%s' is invalid.", version), false
	}
	scheme, token, _ := strings.Cut(x.req.Header.Get("Authorization"), " ")
	if token == "" || !strings.EqualFold(scheme, "Bearer") {
		tenant := "common"
		if id, ok := x.values["subscription"]; ok {
			owner, ok := b.azureOwner(id)
			if !ok {
				return subscriptionNotFound(id), false
			}
			tenant = owner.ID
		}
		return b.challenge(tenant, "", "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."), false
	}
	claims, err := b.verify(token)
	switch {
	case errors.Is(err, errTokenExpired):
		return b.challenge(claims.TenantID, "invalid_token", "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time."), false
	case err != nil:
		return b.challenge("common", "invalid_token", "InvalidAuthenticationToken", "The access token is invalid."), false
	case b.resourceOf(claims.Audience[0]) != resourceManagerResource:
		b.violate("%s %s: token for the wrong audience %s", x.req.Method, x.req.URL.Path, claims.Audience[0])
		return b.challenge(claims.TenantID, "invalid_token", "InvalidAuthenticationTokenAudience", "The access token has been obtained for wrong audience or resource '%s'.", claims.Audience[0]), false
	}
	x.caller = b.callerOf(claims)
	x.entry.TokenMode = claims.IDType
	if x.challenged(ClaimsChallengeResourceManager) {
		refused := armFailure(http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token does not have the claims that are needed.")
		refused.header = b.claimsChallenge(claims.TenantID)
		return refused, false
	}
	return response{}, true
}

func (b *Backend) challenge(tenant, oauthError, code, format string, args ...any) response {
	refused := armFailure(http.StatusUnauthorized, code, format, args...)
	value := fmt.Sprintf("Bearer authorization_uri=%q", b.endpoints.SignIn+"/"+tenant)
	if oauthError != "" {
		value += fmt.Sprintf(", error=%q, error_description=%q", oauthError, code)
	}
	refused.header = http.Header{"Www-Authenticate": {value}}
	return refused
}

// armError is the error envelope of Resource Manager.
type armError struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func armFailure(status int, code, format string, args ...any) response {
	var body armError
	body.Error.Code, body.Error.Message = code, fmt.Sprintf(format, args...)
	return response{status: status, body: body}
}

func (resourceManagerService) errorAnswer(_ *exchange, status int, e *apiError) response {
	return armFailure(status, e.name, "%s", e.text)
}

func (resourceManagerService) throttleAnswer(_ *exchange, seconds int) any {
	return armFailure(0, "TooManyRequests", "The request is being throttled as the limit has been reached. Please retry after %d seconds.", seconds).body
}

func (resourceManagerService) encode(x *exchange, r response) answer {
	correlation := x.req.Header.Get("x-ms-correlation-request-id")
	if correlation == "" {
		correlation = newGUID()
	}
	x.entry.CorrelationID, x.entry.RequestID = correlation, newGUID()
	header := http.Header{}
	for name, value := range map[string]string{
		"x-ms-request-id": x.entry.RequestID, "x-ms-correlation-request-id": correlation, "Cache-Control": "no-cache",
		"x-ms-ratelimit-remaining-subscription-reads": "249", "x-ms-ratelimit-remaining-subscription-global-reads": "3749",
		"Date": time.Now().UTC().Format(http.TimeFormat),
	} {
		header.Set(name, value)
	}
	if id := x.req.Header.Get("x-ms-client-request-id"); id != "" {
		header.Set("x-ms-client-request-id", id)
	}
	maps.Copy(header, r.header)
	if r.body == nil {
		return answer{status: r.status, header: header}
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	return answer{status: r.status, header: header, body: encodeJSON(r.body)}
}

// azureSubscription is the wire form.
type azureSubscription struct {
	ID                   string                    `json:"id"`
	AuthorizationSource  string                    `json:"authorizationSource"`
	ManagedByTenants     []string                  `json:"managedByTenants"`
	SubscriptionID       string                    `json:"subscriptionId"`
	TenantID             string                    `json:"tenantId"`
	DisplayName          string                    `json:"displayName"`
	State                string                    `json:"state"`
	SubscriptionPolicies azureSubscriptionPolicies `json:"subscriptionPolicies"`
}

type azureSubscriptionPolicies struct {
	LocationPlacementID string `json:"locationPlacementId"`
	QuotaID             string `json:"quotaId"`
	SpendingLimit       string `json:"spendingLimit"`
}

// listAzureSubscriptions gives those of the token's tenant.
func (b *Backend) listAzureSubscriptions(x *exchange) response {
	items := []azureSubscription{}
	if owner := b.customer(x.caller.TenantID); owner != nil {
		items = append(items, b.azureSubscriptionsOf(owner)...)
	}
	return response{status: http.StatusOK, body: map[string]any{"value": items, "count": map[string]any{"type": "Total", "value": len(items)}}}
}

// getAzureSubscription refuses a token from another tenant than the subscription's.
func (b *Backend) getAzureSubscription(x *exchange) response {
	id := x.values["subscription"]
	if uuid.Validate(id) != nil {
		return armFailure(http.StatusBadRequest, "InvalidSubscriptionId", "The provided subscription identifier '%s' is malformed or invalid.", id)
	}
	owner, ok := b.azureOwner(id)
	switch {
	case !ok:
		return subscriptionNotFound(id)
	case owner.ID != x.caller.TenantID:
		return b.challenge(owner.ID, "invalid_token", "InvalidAuthenticationTokenTenant",
			"The access token is from the wrong issuer '%s'. It must match the tenant '%s' associated with this subscription.", x.caller.Issuer, "https://sts.windows.net/"+owner.ID+"/")
	}
	for _, subscription := range b.azureSubscriptionsOf(owner) {
		if strings.EqualFold(subscription.SubscriptionID, id) {
			return response{status: http.StatusOK, body: subscription}
		}
	}
	return subscriptionNotFound(id)
}

func subscriptionNotFound(id string) response {
	return armFailure(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.", id)
}

func (b *Backend) azureSubscriptionsOf(owner *customerRecord) []azureSubscription {
	var found []azureSubscription
	add := func(id, name, status, quota string) {
		id = strings.ToLower(id) // Resource Manager prints legacy ids in lower case too
		found = append(found, azureSubscription{
			ID: "/subscriptions/" + id, AuthorizationSource: "RoleBased", ManagedByTenants: []string{}, SubscriptionID: id, TenantID: owner.ID,
			DisplayName: name, State: azureState(status), SubscriptionPolicies: azureSubscriptionPolicies{"Public_2014-09-01", quota, "Off"},
		})
	}
	for _, subscription := range b.subscriptionsOf(owner) {
		switch {
		case subscription.isLegacyAzure():
			add(subscription.ID, subscription.FriendlyName, subscription.Status, "CSP_2015-05-01")
		case subscription.isAzurePlan():
			for _, entitlement := range subscription.AzureSubscriptions {
				status := entitlement.Status
				if subscription.Status != "active" && status == "active" {
					status = subscription.Status // a suspended plan takes its Azure subscriptions along
				}
				add(entitlement.ID, entitlement.FriendlyName, status, "CSP_2015-05-01")
			}
		}
	}
	return found
}

// azureState maps Partner Center's words to Resource Manager's (choice; only active is documented on both sides).
func azureState(status string) string {
	switch status {
	case "active":
		return "Enabled"
	case "deleted":
		return "Deleted"
	}
	return "Disabled"
}

// azureOwner finds the customer of an Azure subscription. The index over all customers is made when first needed.
func (b *Backend) azureOwner(subscriptionID string) (*customerRecord, bool) {
	if b.azureOwners == nil {
		b.azureOwners = map[string]string{}
		for _, record := range b.customers {
			for _, subscription := range b.azureSubscriptionsOf(record) {
				b.azureOwners[subscription.SubscriptionID] = record.ID
			}
		}
	}
	owner := b.customer(b.azureOwners[strings.ToLower(subscriptionID)])
	return owner, owner != nil
}
