package httppipe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// API describes what is specific to a service.
type API struct {
	// Name is the name of the service. It starts a sentence, as in "Partner Center".
	Name string
	// RequestID and CorrelationID are names of request headers. The request ID identifies one
	// attempt, or several if the earlier ones got no answer. The correlation ID identifies the
	// operation that the call belongs to. Both are empty for a service without such headers.
	RequestID, CorrelationID string
	// AnswerID is the header in which the server returns its own request ID. Empty means that it
	// returns the client's.
	AnswerID string
	// Remedy returns what to do about an error, in whole sentences, or "". It may be nil.
	Remedy func(*Error) string
}

// Error is a failed call. Its texts from outside were cleaned by [Texts].
type Error struct {
	API *API
	// StatusCode is the HTTP status, or 0 without an answer.
	StatusCode int
	// Code is the service's code, such as 600041 or AuthorizationFailed, or "".
	Code string
	// Message is the server's text. It may be localized, so code must not depend on it.
	Message string
	// Challenge is the WWW-Authenticate header of the answer to a request without a token, or "".
	Challenge string
	// Method and Path are from the request. The path includes the query.
	Method, Path string
	// TenantID is the tenant of the access token, or "" for the credential's own tenant.
	TenantID string
	// RequestID and CorrelationID are for Microsoft support, or "".
	RequestID, CorrelationID string
	// Err is the cause if there was no answer, or no readable one.
	Err error
	// Wait is set if the server asked for a longer wait than the call had time.
	Wait *DeadlineError
	// Waited is how long the client retried an error that might have been temporary, or 0.
	Waited time.Duration

	outcome Outcome
	token   *Token
	body    []byte
	texts   *Texts
}

// ErrUnreadable is the cause if a successful answer has an undocumented body.
var ErrUnreadable = errors.New("the answer is not what the API documents")

func (e *Error) Error() string { return e.Request() + ": " + e.Answer() }

// Answer returns in one line what the server answered, or why there is no answer.
func (e *Error) Answer() string {
	if e.StatusCode == 0 {
		return e.texts.Clean(e.Err.Error())
	}
	s := fmt.Sprintf("%s answered %d %s", e.name(), e.StatusCode, http.StatusText(e.StatusCode))
	if e.Err != nil {
		return s + ", but " + e.texts.Clean(e.Err.Error())
	}
	switch {
	case e.Code == "":
	case e.Code[0] >= '0' && e.Code[0] <= '9':
		s += " (code " + e.Code + ")"
	default:
		s += " (" + e.Code + ")"
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Waited > 0 {
		s = fmt.Sprintf("%s All attempts failed, for %s.", s, max(e.Waited, time.Second).Round(time.Second))
	}
	if e.Wait != nil {
		s = strings.TrimSuffix(s, ".") + "; " + e.Wait.Error()
	}
	return s
}

func (e *Error) name() string {
	if e.API == nil {
		return "The server"
	}
	return e.API.Name
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Outcome returns the outcome of the call over all attempts.
func (e *Error) Outcome() Outcome {
	if e.StatusCode == 0 {
		return OutcomeOf(e.Err)
	}
	return e.outcome
}

// Sent reports whether a request may have reached the server. It returns false if there was no
// token, no turn at the gate or no connection.
func (e *Error) Sent() bool { return e.Outcome() != NotSent }

// Request returns method, path and tenant of the request.
func (e *Error) Request() string {
	if e.TenantID == "" {
		return e.Method + " " + e.Path
	}
	return e.Method + " " + e.Path + " in tenant " + e.TenantID
}

// RenewToken makes the next request get a new access token; see [Token.Renew].
func (e *Error) RenewToken() {
	if e.token != nil {
		e.token.Renew()
	}
}

// IDs returns the IDs for Microsoft support.
func (e *Error) IDs() (request, correlation string) { return e.RequestID, e.CorrelationID }

// Remedy returns what to do, in whole sentences, or "". The remedy of the cause takes precedence.
func (e *Error) Remedy() string {
	var cause interface{ Remedy() string }
	if errors.As(e.Err, &cause) {
		return cause.Remedy()
	}
	if e.API == nil || e.API.Remedy == nil {
		return ""
	}
	return e.API.Remedy(e)
}

// Decode decodes the JSON body of the server's answer into v and cleans its texts.
func (e *Error) Decode(v any) error {
	if err := json.Unmarshal(e.body, v); err != nil {
		return err
	}
	e.texts.CleanAll(v)
	return nil
}

// parseErrorBody finds code and message in all forms that the services use. It decodes each field
// separately, so that an unexpected field does not hide the others.
func parseErrorBody(body []byte) (code, message string) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(bytes.TrimPrefix(body, bom), &fields) != nil {
		return "", "" // empty, or the page of a proxy: the status has to be enough
	}
	lower := make(map[string]json.RawMessage, len(fields))
	for k, v := range fields {
		lower[strings.ToLower(k)] = v
	}
	if inner := lower["error"]; len(inner) > 0 && inner[0] == '{' {
		return parseErrorBody(inner) // the error envelope of Azure
	}
	code = scalar(lower["code"])
	for _, k := range []string{"description", "message", "errorname", "error_description", "error"} {
		if message = scalar(lower[k]); message != "" {
			break
		}
	}
	if more := scalar(lower["errormessageextended"]); more != "" {
		message = strings.TrimSpace(message + " (" + more + ")")
	}
	if code == "0" { // Microsoft documents 0 as "not defined"
		code = ""
	}
	return code, message
}

// scalar returns a JSON string or integer as text, and "" for anything else.
func scalar(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return strings.TrimSpace(s)
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
			return strconv.FormatInt(i, 10)
		}
	}
	return ""
}
