package credential

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// Error is a failed sign-in. A retry cannot help, because transient errors have already been
// retried.
type Error struct {
	// StatusCode is the HTTP status of the token endpoint, or 0 without an answer.
	StatusCode int
	// OAuthError is the OAuth 2.0 error, such as invalid_grant.
	OAuthError string
	// Codes are Entra ID's error codes, which are the numbers after AADSTS.
	Codes []int
	// Description is Entra ID's text without its IDs.
	Description string
	// TraceID and CorrelationID are for Microsoft support.
	TraceID, CorrelationID string
	// Err is the cause if there was no answer, or no readable one.
	Err error
	// CustomerTenant is the tenant of the sign-in if it is not the partner's own.
	CustomerTenant string
	// From is the source of the refused credential, or "".
	From string

	hosts    []string
	reported *sync.Map
}

func (e *Error) Error() string {
	if e.From != "" {
		plain := *e
		plain.From = ""
		return strings.TrimSuffix(plain.Error(), ".") + ". The refused credential is from " + e.From + "."
	}
	switch {
	case e.Err != nil:
		return "sign-in failed: " + e.Err.Error()
	case e.OAuthError == "" && e.Description == "":
		return fmt.Sprintf("sign-in failed: the sign-in service answered %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	}
	text := fmt.Sprintf("sign-in failed: Microsoft Entra ID answered %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	if e.OAuthError != "" {
		text += " (" + e.OAuthError + ")"
	}
	text += ": " + e.Description
	if e.TraceID != "" {
		text += fmt.Sprintf(" Trace ID: %s, correlation ID: %s.", e.TraceID, e.CorrelationID)
	}
	return text
}

// CameFrom returns the source of the refused credential, or "".
func (e *Error) CameFrom() string { return e.From }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// NonRetriable marks the error for azcore.
func (*Error) NonRetriable() {}

// Outcome reports that the request that needed the token was not sent.
func (*Error) Outcome() httppipe.Outcome { return httppipe.NotSent }

// refusal reports whether Entra ID understood the request and refused it.
func (e *Error) refusal() bool {
	return len(e.Codes) > 0 && e.StatusCode >= 400 && e.StatusCode < 500 && e.StatusCode != http.StatusTooManyRequests
}

// globalCodes contains the codes of refusals that do not depend on the tenant: the credential of the
// application or the refresh token is wrong.
var globalCodes = slices.Concat(credentialCodes, []int{700082, 70008, 50173, 50133, 50132, 70000, 9002313})

// credentialCodes contains the codes of refusals of the application's credential.
var credentialCodes = []int{7000215, 7000222, 700027, 700024, 70021, 700213, 700211, 700212}

// ownTenantCodes contains the codes that apply to all tenants if the sign-in was to the partner's own
// tenant. In another tenant they are about that tenant: its ID is wrong, or it has a policy.
var ownTenantCodes = []int{70043, 90002, 900382, 90038}

// OfTenant reports whether Entra ID refused the sign-in for a reason that applies to this tenant
// only: the application or its consent is missing there, the user is unknown, or a policy forbids
// it. The same sign-in may work in another tenant.
func (e *Error) OfTenant() bool {
	return e.refusal() && !e.has(globalCodes) && (e.CustomerTenant != "" || !e.has(ownTenantCodes))
}

// NoConsent reports whether the customer's tenant has not consented to the application.
func (e *Error) NoConsent() bool {
	return e.CustomerTenant != "" && e.refusal() && e.has([]int{65001, 90099, 700016})
}

// has reports whether the error has one of the codes.
func (e *Error) has(codes []int) bool {
	return slices.ContainsFunc(e.Codes, func(code int) bool { return slices.Contains(codes, code) })
}

// First reports whether this error is reported for the first time in the run. Errors of the same
// kind count as one. Errors that apply to one tenant are counted separately for each tenant.
func (e *Error) First() bool {
	key := fmt.Sprint(e.StatusCode, e.OAuthError, e.Codes)
	if e.OfTenant() {
		key += e.CustomerTenant
	}
	if e.reported == nil {
		return true
	}
	_, before := e.reported.LoadOrStore(key, true)
	return !before
}

// Reason returns in whole sentences why Entra ID refused, without IDs that differ between errors.
func (e *Error) Reason() string {
	return strings.TrimSpace(fmt.Sprintf("Microsoft Entra ID refused the sign-in in the tenant: %s %s", e.Description, e.Remedy()))
}

// bom is the byte order mark, which may start a body. encoding/json does not accept it.
var bom = []byte("\xef\xbb\xbf")

// refusalBody is the error body of the token endpoint.
type refusalBody struct {
	Error         string `json:"error"`
	Description   string `json:"error_description" text:"raw"`
	Codes         []int  `json:"error_codes"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
}

// parsed returns the error for a decoded body.
func (b refusalBody) parsed(status int, texts *httppipe.Texts) *Error {
	// Entra ID appends IDs and time to the text. They are removed here, because the body has
	// separate fields for them.
	text, _, _ := strings.Cut(b.Description, " Trace ID:")
	text, _, _ = strings.Cut(text, "\n")
	return &Error{
		StatusCode: status, OAuthError: b.Error, Codes: b.Codes, Description: texts.Clean(text),
		TraceID: texts.ID(b.TraceID), CorrelationID: texts.ID(b.CorrelationID),
	}
}

// failed returns the error of a sign-in to a tenant.
func (c *Credential) failed(err error, tenant string) *Error {
	e := *c.asError(err)
	e.hosts, e.reported = c.config.Hosts, c.config.Reported
	if !strings.EqualFold(tenant, c.config.TenantID) {
		e.CustomerTenant = tenant
	}
	switch {
	case e.has(credentialCodes):
		e.From = c.config.ProofFrom
	case e.has(globalCodes), c.refresh != nil && strings.Contains(e.Remedy(), consentAgain):
		e.From = c.config.RefreshTokenFrom
	}
	return &e
}

// asError converts every error of a sign-in to an [*Error] without secrets.
func (c *Credential) asError(err error) *Error {
	texts := c.config.Texts
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	var body refusalBody
	if answered, ok := errors.AsType[*httppipe.Error](err); ok && answered.StatusCode != 0 {
		if answered.Decode(&body) != nil {
			body = refusalBody{}
		}
		return body.parsed(answered.StatusCode, texts)
	}
	if failed, ok := errors.AsType[*azidentity.AuthenticationFailedError](err); ok && failed.RawResponse != nil {
		content, readErr := runtime.Payload(failed.RawResponse)
		if readErr != nil || json.Unmarshal(bytes.TrimPrefix(content, bom), &body) != nil {
			body = refusalBody{}
		}
		texts.CleanAll(&body)
		return body.parsed(failed.RawResponse.StatusCode, texts)
	}
	if strings.Contains(err.Error(), "json decode error") { // azidentity's error contains the body
		err = errUnreadable
	}
	if text := err.Error(); texts.Clean(text) != text {
		err = errors.New(texts.Clean(text))
	}
	return &Error{Err: err}
}
