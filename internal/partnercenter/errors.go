package partnercenter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"terraform-provider-partnercenter/internal/httppipe"
)

// Error is a call that failed
// (https://learn.microsoft.com/partner-center/developer/error-codes).
type Error struct {
	// StatusCode is the HTTP status, 0 when there was no answer.
	StatusCode int
	// Code is Partner Center's code, such as 600041, or "".
	Code string
	// Message is the server's text. It may be localised: act on the codes only.
	Message string
	// Method and Path are those of the request. The path includes the query.
	Method, Path string
	// RequestID and CorrelationID are for Microsoft support; the activity log has the second.
	RequestID, CorrelationID string
	// Err is the cause when there was no answer or none that can be read.
	Err error

	outcome httppipe.Outcome
}

// errUnreadable is the cause when a successful answer has another body than documented.
var errUnreadable = errors.New("the answer is not what the API documents")

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s", e.Method, e.Path, e.Answer())
	return b.String()
}

// Answer says in one line what the server answered, or why there is no answer.
func (e *Error) Answer() string {
	if e.Err != nil {
		if e.StatusCode == 0 {
			return e.Err.Error()
		}
		return fmt.Sprintf("Partner Center answered %d %s, but %s", e.StatusCode, http.StatusText(e.StatusCode), e.Err)
	}
	s := fmt.Sprintf("Partner Center answered %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	if e.Code != "" {
		s += " (code " + e.Code + ")"
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Outcome says what became of the request, over all attempts.
func (e *Error) Outcome() httppipe.Outcome {
	if e.StatusCode == 0 {
		return httppipe.OutcomeOf(e.Err)
	}
	return e.outcome
}

// Sent tells whether a request may have reached the server. None did when there was no token,
// no turn or no connection.
func (e *Error) Sent() bool { return e.Outcome() != httppipe.NotSent }

// Request says what was asked.
func (e *Error) Request() string { return e.Method + " " + e.Path }

// IDs are for Microsoft support.
func (e *Error) IDs() (request, correlation string) { return e.RequestID, e.CorrelationID }

// is tells whether err is the server's answer with this status and code.
func is(err error, status int, codes ...string) bool {
	var e *Error
	if !errors.As(err, &e) || e.StatusCode != status || e.Err != nil {
		return false
	}
	return len(codes) == 0 || slices.Contains(codes, e.Code)
}

// IsCustomerNotFound tells whether Partner Center knows no such customer tenant.
// A 404 without the code is not enough: a wrong base URL answers that too.
func IsCustomerNotFound(err error) bool { return is(err, http.StatusNotFound, "60003") }

// IsNoRelationship tells whether the customer exists but has no reseller relationship
// with this partner, or no longer. The status is documented as 403 and seen as 400.
func IsNoRelationship(err error) bool {
	return is(err, http.StatusForbidden, "20002") || is(err, http.StatusBadRequest, "20002")
}

// newError reads every documented shape of an error body, and bears any other.
func newError(req *http.Request, resp *http.Response, body []byte, cause error) *Error {
	e := &Error{
		Method: req.Method, Path: req.URL.RequestURI(), Err: cause,
		RequestID: req.Header.Get("MS-RequestId"), CorrelationID: req.Header.Get("MS-CorrelationId"),
	}
	if resp == nil {
		return e
	}
	e.StatusCode = resp.StatusCode
	if e.outcome = httppipe.OutcomeOfAnswer(resp); e.outcome == httppipe.Done {
		e.outcome = httppipe.Unsure // executed, perhaps, and the answer cannot be read
	}
	if id := resp.Header.Get("MS-RequestId"); id != "" {
		e.RequestID = id
	}
	if id := resp.Header.Get("MS-CorrelationId"); id != "" {
		e.CorrelationID = id
	}
	e.Code, e.Message = parseErrorBody(body)
	return e
}

// maxMessage bounds what a message takes of the screen, in bytes: the documented
// maximum of a description.
const maxMessage = 1024

// parseErrorBody finds code and message. Each field is decoded on its own, so that an
// unexpected one does not hide the others.
func parseErrorBody(body []byte) (code, message string) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(bytes.TrimPrefix(body, bom), &fields) != nil {
		return "", "" // empty, or a proxy's page: the status says all
	}
	lower := make(map[string]json.RawMessage, len(fields))
	for k, v := range fields {
		lower[strings.ToLower(k)] = v
	}
	if inner := lower["error"]; len(inner) > 0 && inner[0] == '{' {
		return parseErrorBody(inner) // the envelope of Azure's gateways
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
	if code == "0" { // "not defined"
		code = ""
	}
	return clean(code), clean(message)
}

// scalar returns a JSON string or number as text, anything else as "".
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

// clean makes a text from outside fit for one line of a terminal.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	if len(s) > maxMessage {
		cut := maxMessage
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strings.TrimSpace(s)
}
