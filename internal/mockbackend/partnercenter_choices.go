package mockbackend

import (
	"fmt"
	"net/http"
	"strings"
)

// choices maps the name of a choice to its answer, where Microsoft does not document the answer. Each place that
// refuses a call with an undocumented code names its choice and has a default. A Behaviour replaces the default.
type choices map[string]refusalCode

// refusalCode is an HTTP status with the code of the body; code 0 = none.
type refusalCode struct{ status, code int }

// refuse refuses a call with the default, unless choices has another answer.
func (c choices) refuse(choice string, status, code int, format string, args ...any) response {
	if other, ok := c[choice]; ok {
		status, code = other.status, other.code
	}
	if code == 0 {
		return response{status: status}
	}
	return failure(status, code, format, args...)
}

func (x *exchange) refuse(choice string, status, code int, format string, args ...any) response {
	return x.choices.refuse(choice, status, code, format, args...)
}

// overridden returns the refusal of a call that the mock answers with success by default.
func (x *exchange) overridden(choice string) (response, bool) {
	other, ok := x.choices[choice]
	if !ok || other.status < http.StatusBadRequest {
		return response{}, false
	}
	return x.refuse(choice, other.status, other.code, "The call is refused."), true
}

// nounOf names the resource of a route, for choices that several routes share.
func (x *exchange) nounOf() string {
	for part, noun := range map[string]string{
		"/SelfServePolicy": "policies", "/entitlements": "entitlements", "/artifacts/": "entitlements",
		"/profiles/organization": "organization", "/users": "users", "/applicationconsents": "consents",
	} {
		if strings.Contains(x.route.pattern, part) {
			return noun
		}
	}
	return "others"
}

// parseRefusal reads "404/60003" or "404".
func parseRefusal(text string) (refusalCode, error) {
	var r refusalCode
	status, code, hasCode := strings.Cut(text, "/")
	if _, err := fmt.Sscanf(status, "%d", &r.status); err != nil || r.status < 400 || r.status > 599 {
		return r, fmt.Errorf("%q is not a status of an error", text)
	}
	if _, err := fmt.Sscanf(code, "%d", &r.code); hasCode && err != nil {
		return r, fmt.Errorf("%q has a code that is not a number", text)
	}
	return r, nil
}
