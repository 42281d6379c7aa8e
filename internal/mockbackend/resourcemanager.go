package mockbackend

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// resourceManagerService has what all Azure Resource Manager calls share.
// https://learn.microsoft.com/rest/api/resources/subscriptions
type resourceManagerService struct{ serviceBase }

func (resourceManagerService) inspect(b *Backend, x *exchange) {
	if x.route == nil {
		return
	}
	b.inspectJSONBody(x)
	b.inspectQuery(x)
}

var apiVersion = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(-preview)?$`)

// admit checks api-version and bearer token. A request without a token is not a violation: its 401 is a usual way to
// find the tenant of a subscription.
func (s resourceManagerService) admit(b *Backend, x *exchange) (response, bool) {
	if strings.Contains(x.req.URL.RawQuery, " ") { // net/http refuses such a request line if it is sent over a socket
		b.violate("%s %s: a space in the query %q", x.req.Method, x.req.URL.Path, x.req.URL.RawQuery)
		return response{status: http.StatusBadRequest}, false
	}
	switch version := queryValue(x.query, "api-version"); {
	case version == "":
		return armFailure(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests."), false
	case !apiVersion.MatchString(version):
		return armFailure(http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '%s' is invalid.", version), false
	}
	token := bearerOf(x.req)
	if token == "" {
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
	if claims.ObjectID == "" { // an application without a service principal in the tenant
		return b.challenge(claims.TenantID, "invalid_token", "InvalidAuthenticationToken", "The received access token is not valid: at least one of the claims 'puid' or 'altsecid' or 'oid' should be present. If you are accessing as application please make sure service principal is properly created in the tenant."), false
	}
	if wait := b.takeBucketToken(x); wait > 0 {
		seconds := secondsRoundedUp(wait)
		refused := response{status: http.StatusTooManyRequests, body: s.throttleAnswer(x, seconds)}
		refused.header = http.Header{"Retry-After": {strconv.Itoa(seconds)}}
		return refused, false
	}
	return response{}, true
}

// challenge is a 401 that names the tenant to authenticate in.
func (b *Backend) challenge(tenant, oauthError, code, format string, args ...any) response {
	refused := armFailure(http.StatusUnauthorized, code, format, args...)
	value := fmt.Sprintf("Bearer authorization_uri=%q", b.endpoints.SignIn+"/"+tenant)
	if oauthError != "" {
		value += fmt.Sprintf(", error=%q, error_description=%q", oauthError, code)
	}
	refused.header = http.Header{"Www-Authenticate": {value}}
	return refused
}

// armError is the error body of Resource Manager.
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

func (resourceManagerService) errorAnswer(x *exchange, status int, e *apiError) response {
	if x.route == nil && status == http.StatusNotFound && strings.Contains(strings.ToLower(x.req.URL.Path), "/providers/microsoft.authorization/") {
		return armFailure(status, "MissingSubscription", "The request did not have a subscription or a valid tenant level resource provider.")
	}
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
		"Date": time.Now().UTC().Format(http.TimeFormat),
	} {
		header.Set(name, value)
	}
	if id := x.req.Header.Get("x-ms-client-request-id"); id != "" {
		header.Set("x-ms-client-request-id", id)
	}
	maps.Copy(header, x.limits)
	a := jsonAnswer(header, r)
	if x.knobs.UpperCaseGUIDs && r.status < 300 {
		a.body = upperCaseGUIDs(a.body)
	}
	return a
}
