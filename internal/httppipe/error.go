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

// API is what differs between the services that are called.
type API struct {
	// Name begins a sentence, such as Partner Center.
	Name string
	// RequestID and CorrelationID are the headers for the ids of one attempt, or of attempts
	// after no answer, and of the operation that a call is part of. Both are empty for a service
	// that has none.
	RequestID, CorrelationID string
	// AnswerID is the header in which the server answers its own id of the request. Empty means
	// that it takes the client's.
	AnswerID string
	// Remedy says what to do about an answer, in whole sentences, or "". It may be nil.
	Remedy func(*Error) string
}

// Error is a call that failed. Its texts from outside have passed [Texts].
type Error struct {
	API *API
	// StatusCode is the HTTP status, 0 when there was no answer.
	StatusCode int
	// Code is the service's code, such as 600041 or AuthorizationFailed, or "".
	Code string
	// Message is the server's text. It may be localised: act on the codes only.
	Message string
	// Challenge is the header WWW-Authenticate of a refusal of a request without a token, or "".
	Challenge string
	// Method and Path are those of the request. The path includes the query.
	Method, Path string
	// TenantID is the tenant that the request was authenticated in, or "" for the credential's own.
	TenantID string
	// RequestID and CorrelationID are for Microsoft support, or "".
	RequestID, CorrelationID string
	// Err is the cause when there was no answer or none that can be read.
	Err error
	// Wait says that the server asked to wait for longer than the call had time, or nil.
	Wait *DeadlineError
	// Waited is how long the client has retried a refusal that could have been temporary, or 0.
	Waited time.Duration

	outcome Outcome
	token   *Token
	body    []byte
	texts   *Texts
}

// ErrUnreadable is the cause when a successful answer has another body than documented.
var ErrUnreadable = errors.New("the answer is not what the API documents")

func (e *Error) Error() string { return e.Request() + ": " + e.Answer() }

// Answer says in one line what the server answered, or why there is no answer.
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
		s = fmt.Sprintf("%s It was so for %s, over all attempts.", s, max(e.Waited, time.Second).Round(time.Second))
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

// Outcome says what became of the request, over all attempts.
func (e *Error) Outcome() Outcome {
	if e.StatusCode == 0 {
		return OutcomeOf(e.Err)
	}
	return e.outcome
}

// Sent reports whether a request may have reached the server. None did when there was no token,
// no turn or no connection.
func (e *Error) Sent() bool { return e.Outcome() != NotSent }

// Request says what was asked.
func (e *Error) Request() string {
	if e.TenantID == "" {
		return e.Method + " " + e.Path
	}
	return e.Method + " " + e.Path + " in tenant " + e.TenantID
}

// RenewToken makes the next request ask for another access token; see [Token.Renew].
func (e *Error) RenewToken() {
	if e.token != nil {
		e.token.Renew()
	}
}

// IDs are for Microsoft support.
func (e *Error) IDs() (request, correlation string) { return e.RequestID, e.CorrelationID }

// Remedy says what to do, in whole sentences, or "". That of the cause goes first.
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

// Decode reads the body of the server's answer into v, as JSON with clean texts.
func (e *Error) Decode(v any) error {
	if err := json.Unmarshal(e.body, v); err != nil {
		return err
	}
	e.texts.CleanAll(v)
	return nil
}

// parseErrorBody finds code and message in every form that the services have. Each field is
// decoded on its own, so that an unexpected one does not hide the others.
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
		return parseErrorBody(inner) // the envelope of Azure
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
	return code, message
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
