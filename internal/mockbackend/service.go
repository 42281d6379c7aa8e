package mockbackend

import (
	"maps"
	"net/http"
	"strings"
)

// Service names one of the hosts of the mock.
type Service string

// The services.
const (
	SignIn          Service = "signin"
	PartnerCenter   Service = "partnercenter"
	ResourceManager Service = "resourcemanager"
	CI              Service = "ci" // token requests of GitHub Actions and Azure DevOps jobs
	Control         Service = "control"
	Elsewhere       Service = "elsewhere"
)

// service is one of the hosts of the mock.
type service interface {
	name() Service
	table() []route
	inspect(b *Backend, x *exchange)                           // records violations; the answer stays the same
	admit(b *Backend, x *exchange) (refusal response, ok bool) // checks the caller; sets x.caller
	errorAnswer(x *exchange, status int, e *apiError) response
	throttleAnswer(x *exchange, seconds int) (body any)
	encode(x *exchange, r response) answer
}

// serviceBase has the defaults: every call is allowed, and the body of a throttle answer is empty.
type serviceBase struct {
	service Service
	routes  []route
}

func (s serviceBase) name() Service                            { return s.service }
func (s serviceBase) table() []route                           { return s.routes }
func (serviceBase) inspect(*Backend, *exchange)                {}
func (serviceBase) admit(*Backend, *exchange) (response, bool) { return response{}, true }
func (serviceBase) throttleAnswer(*exchange, int) any          { return nil }

// bearerOf returns the bearer token of a request, or an empty text.
func bearerOf(req *http.Request) string {
	scheme, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// jsonAnswer adds the headers and the body of a response to the headers of the service.
func jsonAnswer(header http.Header, r response) answer {
	maps.Copy(header, r.header)
	if r.body == nil {
		return answer{status: r.status, header: header}
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	return answer{status: r.status, header: header, body: encodeJSON(r.body)}
}
