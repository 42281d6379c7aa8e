package mockbackend

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// partnerCenterService has what all Partner Center calls share: headers, callers, errors and encoding.
type partnerCenterService struct{ serviceBase }

// inspect checks the headers that DEV/headers requires of a client. The answer stays normal: the server creates missing
// IDs.
func (s partnerCenterService) inspect(b *Backend, x *exchange) {
	call := x.req.Method + " " + x.req.URL.Path
	header := func(name string) string { return x.req.Header.Get(name) }
	if !acceptsJSON(x.req.Header.Values("Accept")) {
		b.violate("%s: no Accept: application/json", call)
	}
	b.inspectJSONBody(x)
	x.entry.RequestID, x.entry.CorrelationID = header("MS-RequestId"), header("MS-CorrelationId")
	if uuid.Validate(x.entry.CorrelationID) != nil {
		b.violate("%s: MS-CorrelationId is not a GUID: %q", call, x.entry.CorrelationID)
		x.entry.CorrelationID = newGUID()
	}
	if uuid.Validate(x.entry.RequestID) != nil {
		b.violate("%s: MS-RequestId is not a GUID: %q", call, x.entry.RequestID)
		x.entry.RequestID = newGUID()
	} else if !b.replays.sameCall(x) {
		b.violate("%s: MS-RequestId %s was used for another call", call, x.entry.RequestID)
	}
	b.inspectQuery(x)
}

func acceptsJSON(accept []string) bool {
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		if media, _, err := mime.ParseMediaType(part); err == nil && media == "application/json" {
			return true
		}
	}
	return false
}

// admit checks the bearer token (DEV/partner-center-authentication): audience, MFA, then the rights for the route. The
// codes for a missing token and a wrong role are a choice.
func (s partnerCenterService) admit(b *Backend, x *exchange) (response, bool) {
	call := x.req.Method + " " + x.req.URL.Path
	token := bearerOf(x.req)
	if token == "" {
		b.violate("%s: no bearer token", call)
		return unauthorized(&apiError{code: 800001, text: "The partner token is missing in the request context."}), false
	}
	claims, err := b.verify(token)
	if err != nil {
		return unauthorized(&apiError{code: 400, text: "Access denied: " + err.Error() + "."}), false
	}
	if b.resourceOf(claims.Audience[0]) != partnerCenterResource {
		b.violate("%s: token for the wrong audience %s", call, claims.Audience[0])
		return unauthorized(&apiError{code: 900420, asString: true, text: "The audience of the token is not accepted."}), false
	}
	x.caller = b.callerOf(claims)
	x.entry.TokenMode = claims.IDType
	if x.challenged(ClaimsChallengePartnerCenter) {
		refused := unauthorized(&apiError{code: 400, text: "Access denied: the token lacks claims."})
		refused.header = b.claimsChallenge(claims.TenantID)
		return refused, false
	}
	if !x.caller.mfa() && !x.knobs.MFANotEnforced {
		return unauthorized(&apiError{code: 900421, text: "Multi-factor authentication is required."}), false
	}
	switch {
	case x.route.access == entitled && x.knobs.EntitlementsAppOnly:
	case x.route.access >= anyUser && x.caller.user == nil:
		return x.refuse("app_only_"+x.nounOf(), http.StatusForbidden, 900329, "The resource does not support app-only authentication."), false
	case x.route.access == adminAgent && !x.caller.user.has(AdminAgent):
		return failure(http.StatusForbidden, 900150, "The supplied role does not have the rights for this operation."), false
	}
	return response{}, true
}

func unauthorized(e *apiError) response {
	// The realm has the form of recorded traffic.
	return response{status: http.StatusUnauthorized, body: e, header: http.Header{"Www-Authenticate": {"OAuth realm=urn:cpsvc:cpid:" + PartnerTenantID}}}
}

func (partnerCenterService) errorAnswer(_ *exchange, status int, e *apiError) response {
	return response{status: status, body: e}
}

// gatewayThrottle is the body of a 429. The gateway writes it, so it does not have the error format of the API.
type gatewayThrottle struct {
	StatusCode int    `json:"statusCode"`
	Message    string `json:"message"`
}

func (partnerCenterService) throttleAnswer(_ *exchange, seconds int) any {
	return gatewayThrottle{http.StatusTooManyRequests, "Rate limit is exceeded. Try again in " + strconv.Itoa(seconds) + " seconds."}
}

// partnerError is the documented error format and, from Message on, its longer form.
type partnerError struct {
	Code                 any            `json:"code"`
	Description          string         `json:"description"`
	Data                 []string       `json:"data"`
	Source               string         `json:"source"`
	Message              string         `json:"message,omitempty"`
	ErrorName            string         `json:"errorName,omitempty"`
	IsRetryable          *bool          `json:"isRetryable,omitempty"`
	Parameters           map[string]any `json:"parameters,omitempty"`
	ErrorMessageExtended string         `json:"errorMessageExtended,omitempty"`
}

var (
	bom = []byte("\xef\xbb\xbf")
	// The GUID of an etag follows an escaped quote and is not changed, because clients return an etag unchanged.
	guidPattern = regexp.MustCompile(`(\\")?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
)

func (s partnerCenterService) encode(x *exchange, r response) answer {
	locale := x.req.Header.Get("X-Locale")
	if locale == "" {
		locale = "en-US"
	}
	vector := make([]byte, 12)
	_, _ = rand.Read(vector) // never fails, by its documentation
	header := http.Header{}
	for name, value := range map[string]string{
		"MS-RequestId": x.entry.RequestID, "MS-CorrelationId": x.entry.CorrelationID, "X-Locale": locale,
		"MS-CV": base64.StdEncoding.EncodeToString(vector) + ".0", "MS-ServerId": "0000112D",
		"Request-Context": "appId=cid-v1:03c0ffee-0000-4000-8000-00000000cafe", "Date": time.Now().UTC().Format(http.TimeFormat),
	} {
		header.Set(name, value)
	}
	if x.caller.AppID != "" && strings.EqualFold(x.req.Header.Get("ValidateMfa"), "true") {
		header.Set("isMfaCompliant", strconv.FormatBool(x.caller.mfa()))
	}
	if x.knobs.NoMFAHeader {
		header.Del("isMfaCompliant")
	}
	listed := x.knobs.Headers
	if r.status >= http.StatusBadRequest {
		listed = x.knobs.ErrorHeaders
	}
	keepHeaders(header, listed)
	maps.Copy(header, r.header)
	if r.body == nil {
		return answer{status: r.status, header: header}
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	var body []byte
	withBOM := x.knobs.BOM
	if e, isError := r.body.(*apiError); isError {
		withBOM = x.knobs.BOMOnErrors
		body = encodeJSON(partnerErrorBody(x.knobs, r.status, e))
	} else {
		body = encodeJSON(r.body)
		withBOM = withBOM && r.status < 300
		if x.knobs.UpperCaseGUIDs {
			body = upperCaseGUIDs(body)
		}
	}
	if withBOM {
		body = slices.Concat(bom, body)
	}
	return answer{status: r.status, header: header, body: body}
}

// ownHeaders are the headers of Partner Center that Knobs.Headers and ErrorHeaders select from.
var ownHeaders = []string{"ms-correlationid", "ms-cv", "ms-requestid", "ms-serverid", "request-context", "x-locale"}

// keepHeaders removes the headers that a knob does not list; an empty list keeps all.
func keepHeaders(header http.Header, list string) {
	if list == "" {
		return
	}
	for _, name := range ownHeaders {
		if !slices.Contains(strings.Split(list, ","), name) {
			header.Del(name)
		}
	}
}

func partnerErrorBody(knobs Knobs, status int, e *apiError) partnerError {
	body := partnerError{Code: e.code, Description: e.text, Data: []string{}, Source: "PartnerApiServiceControllers"}
	if e.asString || !knobs.NumericCodes {
		body.Code = strconv.Itoa(e.code)
	}
	if knobs.LongErrors {
		retryable := status >= 500
		body.Message, body.ErrorName, body.IsRetryable = e.text, "Error"+strconv.Itoa(e.code), &retryable
		body.Parameters = map[string]any{"code": strconv.Itoa(e.code)}
		body.ErrorMessageExtended = "InternalErrorCode=" + strconv.Itoa(e.code)
	}
	return body
}

// customerOf finds the customer of a call, or returns the refusal (DEV/error-codes).
func (b *Backend) customerOf(x *exchange, id string) (*customerRecord, response, bool) {
	if !isGUID(id) {
		return nil, failure(http.StatusBadRequest, 900118, "The customer id %q is not valid.", id), false
	}
	record := b.customer(id)
	switch {
	case record == nil, x.knobs.PathIDCase == IDCaseExact && strings.EqualFold(id, x.values["customer"]) && strings.ToLower(id) != id:
		return nil, x.refuse(x.notCustomerChoice(id), http.StatusNotFound, 60003, "The tenant %s was not found.", strings.ToLower(id)), false
	case record.RelationshipEnded && x.knobs.RelationshipEnded == RelationshipEndedNotFound:
		return nil, failure(http.StatusNotFound, 60003, "The tenant %s was not found.", record.ID), false
	case record.RelationshipEnded:
		return nil, noRelationship(record.ID), false
	}
	return record, response{}, true
}

func noRelationship(customerID string) response {
	return failure(http.StatusForbidden, noCommerceRelationship, "%s", noRelationshipText(customerID))
}

func noRelationshipText(customerID string) string {
	return "The partner does not have a commerce relationship with the customer " + strings.ToLower(customerID) + "."
}

// ForeignTenantID is a tenant that exists and is not a customer of the partner: Microsoft's own tenant.
const ForeignTenantID = "72f988bf-86f1-41af-91ab-2d7cd011db47"

// notCustomerChoice names the choice for a tenant that is not a customer. The choice differs if the tenant exists.
func (x *exchange) notCustomerChoice(id string) string {
	if strings.EqualFold(id, ForeignTenantID) {
		return "foreign_customer"
	}
	return "unknown_customer"
}

// partnerCenterPath returns the path of a call with /v1, for all forms that clients send. The PowerShell module adds
// the URI of a link to "v1/", so that it requests "/v1//customers" (PSH src/PowerShell). "/v1.0" is a knob.
func (x *exchange) partnerCenterPath(path string) string {
	if rest, ok := strings.CutPrefix(path, "/v1.0/"); ok && x.knobs.AcceptV10 {
		path = "/v1/" + rest
	}
	if rest, ok := strings.CutPrefix(path, "/v1//"); ok {
		return "/v1/" + rest
	}
	return path
}
