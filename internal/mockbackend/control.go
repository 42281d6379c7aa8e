package mockbackend

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// controlService changes the mock from outside: plain HTTP on loopback, JSON in and out. Its calls are not in the
// journal and not counted.
type controlService struct{ serviceBase }

// controlCall is a route of control with its text in the index.
type controlCall struct {
	route
	about string
	data  string // example body for curl
}

func newControlCall(method, pattern string, handle func(*Backend, *exchange) response, about, data string) controlCall {
	return controlCall{route{method, pattern, open, nil, handle}, about, data}
}

func controlCalls() []controlCall {
	call := newControlCall
	return slices.Concat([]controlCall{
		call("GET", "/", (*Backend).controlIndex, "this text", ""),
		call("GET", "/health", controlHealth, "status and base URLs", ""),
		call("GET", "/knobs", controlGet((*Backend).Knobs), "all knobs", ""),
		call("PATCH", "/knobs", controlPatchKnobs, "change some knobs", `{"pageSize":2,"latency":"20ms"}`),
		call("DELETE", "/knobs", controlResetKnobs, "all knobs back to their defaults", ""),
		call("GET", "/faults", controlGet((*Backend).Faults), "faults that still wait for requests", ""),
		call("POST", "/faults", controlFail, "make requests fail; kinds: "+kindNames(), `{"method":"PUT","path":"/SelfServePolicy*","kind":"throttle","retryAfter":"2s","times":1}`),
		call("DELETE", "/faults", controlDo((*Backend).ClearFaults), "remove all faults", ""),
		call("GET", "/journal", controlGet((*Backend).Requests), "the last requests", ""),
		call("DELETE", "/journal", controlDo((*Backend).ResetJournal), "empty the journal", ""),
		call("GET", "/counters", controlGet((*Backend).Counters), "requests by route and status, tokens, connections", ""),
		call("DELETE", "/counters", controlDo((*Backend).ResetCounters), "reset the counters", ""),
		call("GET", "/violations", controlGet((*Backend).Violations), "errors of the client that the API may tolerate", ""),
		call("DELETE", "/violations", controlDo((*Backend).ClearViolations), "clear the violations", ""),
	}, controlPartnerCenterCalls(), controlResourceManagerCalls(), controlSignInCalls())
}

func kindNames() string {
	names := make([]string, 0, len(AllKinds()))
	for _, kind := range AllKinds() {
		names = append(names, string(kind))
	}
	return strings.Join(names, ", ")
}

func controlRoutes() []route {
	var table []route
	for _, call := range controlCalls() {
		table = append(table, call.route)
	}
	return table
}

func (controlService) errorAnswer(_ *exchange, status int, e *apiError) response {
	return controlError(status, "%s", e.text)
}

func (controlService) encode(_ *exchange, r response) answer {
	header := http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}, "Content-Type": {"application/json; charset=utf-8"}}
	maps.Copy(header, r.header)
	switch body := r.body.(type) {
	case nil:
		return answer{status: r.status}
	case string:
		header.Set("Content-Type", "text/plain; charset=utf-8")
		return answer{status: r.status, header: header, body: []byte(body)}
	default:
		return answer{status: r.status, header: header, body: append(encodeJSON(body), '\n')}
	}
}

func controlError(status int, format string, args ...any) response {
	return response{status: status, body: map[string]string{"error": fmt.Sprintf(format, args...)}}
}

func noContent() response { return response{status: http.StatusNoContent} }

// controlGet answers with what a method returns.
func controlGet[T any](read func(*Backend) T) func(*Backend, *exchange) response {
	return func(b *Backend, _ *exchange) response { return response{status: http.StatusOK, body: read(b)} }
}

// controlDo runs a method that returns nothing.
func controlDo(do func(*Backend)) func(*Backend, *exchange) response {
	return func(b *Backend, _ *exchange) response {
		do(b)
		return noContent()
	}
}

// controlOf serves a call about the object that its path names: a customer, an Azure subscription or a user. A mistyped
// ID is answered with 404 by find. The exported methods would record a violation.
func controlOf[K any](find func(*Backend, *exchange) (K, response, bool), handle func(*Backend, *exchange, K) response) func(*Backend, *exchange) response {
	return func(b *Backend, x *exchange) response {
		key, refused, ok := find(b, x)
		if !ok {
			return refused
		}
		return handle(b, x, key)
	}
}

// controlRead answers with what a method returns for the object.
func controlRead[K, T any](method func(*Backend, K) T) func(*Backend, *exchange, K) response {
	return func(b *Backend, _ *exchange, key K) response {
		return response{status: http.StatusOK, body: method(b, key)}
	}
}

// withBody decodes the JSON body of a call about an object. Unknown fields are answered with 400.
func withBody[K, T any](handle func(*Backend, *exchange, K, T) response) func(*Backend, *exchange, K) response {
	return func(b *Backend, x *exchange, key K) response {
		var body T
		if err := decodeKnown(x.body, &body); err != nil {
			return controlError(http.StatusBadRequest, "%v", err)
		}
		return handle(b, x, key, body)
	}
}

func (b *Backend) controlIndex(*exchange) response {
	base := b.Endpoints().Control
	var text strings.Builder
	fmt.Fprintf(&text, "Mock of Microsoft Partner Center: control.\n\n")
	for _, call := range controlCalls() {
		fmt.Fprintf(&text, "%s %s\n    %s\n    curl -s", call.method, call.pattern, call.about)
		if call.method != http.MethodGet {
			fmt.Fprintf(&text, " -X %s", call.method)
		}
		path := strings.NewReplacer("{azure}", AdatumAzureID, "{principal}", AdatumSecondUserID, "{assignment}", guidFor("role assignment", AdatumAzureID, GroupID(AdminAgent)),
			"{customer}", AdatumID, "{subscription}", AdatumAzurePlanID, "{order}", ContosoReservationOrderID, "{certificate}", string(RegisteredCertificate), "{user}", b.User(AdminAgent).UserPrincipalName).Replace(call.pattern)
		fmt.Fprintf(&text, " %s%s", base, path)
		if call.data != "" {
			fmt.Fprintf(&text, " -d '%s'", call.data)
		}
		text.WriteString("\n\n")
	}
	return response{status: http.StatusOK, body: text.String()}
}

func controlHealth(b *Backend, _ *exchange) response {
	b.mu.Lock()
	defer b.mu.Unlock()
	return response{status: http.StatusOK, body: map[string]any{"status": "ok", "endpoints": b.endpoints, "customers": len(b.customers)}}
}

func controlPatchKnobs(b *Backend, x *exchange) response {
	b.mu.Lock()
	defer b.mu.Unlock()
	knobs := b.knobs
	if err := json.Unmarshal(x.body, &knobs); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	b.knobs = knobs
	return response{status: http.StatusOK, body: knobs}
}

func controlResetKnobs(b *Backend, _ *exchange) response {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.knobs = DefaultKnobs()
	b.knobs.Latency = b.cfg.Latency
	return response{status: http.StatusOK, body: b.knobs}
}

func controlFail(b *Backend, x *exchange) response {
	var fault Fault
	if err := json.Unmarshal(x.body, &fault); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	b.Fail(fault)
	return response{status: http.StatusCreated, body: fault}
}
