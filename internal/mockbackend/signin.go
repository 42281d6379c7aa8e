package mockbackend

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// signInService is Entra: the token endpoint, v1 and v2, and the sign-in page with the flows that use it.
type signInService struct{ serviceBase }

func (signInService) inspect(b *Backend, x *exchange) {
	if strings.HasPrefix(strings.ToLower(x.req.Header.Get("Authorization")), "bearer ") {
		b.violate("%s %s: a bearer token was sent to the sign-in host", x.req.Method, x.req.URL.Path)
	}
	for _, secret := range []string{"client_secret", "client_assertion", "refresh_token"} {
		if x.query.Has(secret) {
			b.violate("%s %s: %s in the query, which ends in logs", x.req.Method, x.req.URL.Path, secret)
		}
	}
}

func (signInService) throttleAnswer(x *exchange, _ int) any {
	return entraErrorBody(x, &apiError{code: 50196, name: "temporarily_unavailable", text: "The server terminated an operation because it encountered a loop while processing a request."})
}

// errorAnswer translates general errors to those of the token endpoint.
func (signInService) errorAnswer(x *exchange, status int, e *apiError) response {
	switch e.name {
	case "NotFound":
		return response{status: status}
	case "MethodNotAllowed":
		e = &apiError{code: 900561, name: "invalid_request", text: "The endpoint does not accept " + x.req.Method + " requests."}
	case "InternalServerError":
		e = &apiError{code: 90033, name: "server_error", text: "A transient error has occurred. Please try again."}
	}
	return response{status: status, body: entraErrorBody(x, e)}
}

func (signInService) encode(x *exchange, r response) answer {
	header := http.Header{
		"Cache-Control": {"no-store, no-cache"}, "Pragma": {"no-cache"}, "X-Ms-Request-Id": {newGUID()},
		"Date": {time.Now().UTC().Format(http.TimeFormat)},
	}
	if id := x.req.Header.Get("client-request-id"); id != "" {
		header.Set("client-request-id", id)
	}
	if text, ok := r.body.(string); ok {
		maps.Copy(header, r.header)
		header.Set("Content-Type", "text/html; charset=utf-8")
		return answer{status: r.status, header: header, body: []byte(text)}
	}
	return jsonAnswer(header, r)
}

// entraError is the error body of the token endpoint.
type entraError struct {
	Error         string `json:"error"`
	SubError      string `json:"suberror,omitempty"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	URI           string `json:"error_uri"`
}

func entraErrorBody(x *exchange, e *apiError) entraError {
	correlation := x.req.Header.Get("client-request-id")
	if uuid.Validate(correlation) != nil {
		correlation = newGUID()
	}
	trace, at := newGUID(), time.Now().UTC().Format("2006-01-02 15:04:05Z")
	return entraError{
		Error: e.name, SubError: e.subError, Codes: []int{e.code}, Timestamp: at, TraceID: trace, CorrelationID: correlation,
		Description: fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", e.code, e.text, trace, correlation, at),
		URI:         "https://login.microsoftonline.com/error?code=" + strconv.Itoa(e.code),
	}
}
