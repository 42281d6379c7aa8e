package mockbackend_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// overTLS starts the listeners and returns a client that trusts the CA.
func overTLS(t *testing.T, b *mockbackend.Backend) *rawClient {
	t.Helper()
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b.CACertificate()) {
		t.Fatal("no CA certificate")
	}
	c := anonymous(t, b)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	c.http.Transport = transport
	return c
}

// TestFaultKinds checks the answer of each kind, and whether the write was executed.
func TestFaultKinds(t *testing.T) {
	type outcome struct {
		status   int // 0 = an error instead of an answer
		executed bool
	}
	want := map[mockbackend.FaultKind]outcome{
		mockbackend.Throttle: {429, false}, mockbackend.ThrottleNoBody: {429, false}, mockbackend.ThrottleNoHeader: {429, false},
		mockbackend.ServerError: {500, false}, mockbackend.EmptyForbidden: {403, false}, mockbackend.HTMLError: {502, false},
		mockbackend.DropBefore: {0, false}, mockbackend.DropAfter: {0, true}, mockbackend.DropMidBody: {0, true}, mockbackend.Slow: {201, true},
		mockbackend.LostAfter: {0, true}, mockbackend.SlowAfter: {201, true},
		mockbackend.Garbage: {200, false}, mockbackend.APIError: {403, false}, mockbackend.Redirect: {307, false},
	}
	for _, where := range []string{"in process", "over TLS"} {
		for _, kind := range mockbackend.AllKinds() {
			t.Run(where+" "+string(kind), func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				c := anonymous(t, b)
				if where == "over TLS" {
					c = overTLS(t, b)
				}
				c.bearer = c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken)
				fault := mockbackend.Fault{Method: "POST", Path: "/SelfServePolicy", Kind: kind, Delay: time.Millisecond}
				if kind == mockbackend.APIError {
					fault.Status, fault.Code = 403, 2032
				}
				b.Fail(fault)
				c.call("GET", "/customers", nil).want(t, "another call", 200, 0)
				body := policyFor(mockbackend.AdatumID, mockbackend.AzureReservedInstances)
				got, err := c.try(c.request("POST", "/v1/SelfServePolicy", body))
				if (err != nil) != (want[kind].status == 0) || got.status != want[kind].status {
					t.Fatalf("%d %s, %v", got.status, got.raw, err)
				}
				if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
					t.Errorf("error %v", err)
				}
				if _, executed := b.Policy(mockbackend.AdatumID); executed != want[kind].executed {
					t.Errorf("executed: %t", executed)
				}
				checkFaultAnswer(t, b, kind, got)
				requests := b.Requests()
				entry := requests[len(requests)-1]
				if entry.Fault != string(kind) || entry.Executed != want[kind].executed {
					t.Errorf("journal: %+v", entry)
				}
				second := c.call("POST", "/SelfServePolicy", body) // the fault has no Times left
				if want[kind].executed {
					second.want(t, "second", 409, 600041)
				} else {
					second.want(t, "second", 201, 0)
				}
			})
		}
	}
}

func checkFaultAnswer(t *testing.T, b *mockbackend.Backend, kind mockbackend.FaultKind, got reply) {
	t.Helper()
	retryAfter := got.header.Get("Retry-After")
	ok := true
	switch kind {
	case mockbackend.Throttle:
		ok = retryAfter == "1" && string(got.raw) == `{"statusCode":429,"message":"Rate limit is exceeded. Try again in 1 seconds."}`
	case mockbackend.ThrottleNoBody:
		ok = retryAfter == "1" && len(got.raw) == 0
	case mockbackend.ThrottleNoHeader:
		ok = retryAfter == "" && len(got.raw) > 0
	case mockbackend.ServerError:
		ok = retryAfter == "" && got.code() == 800003
	case mockbackend.EmptyForbidden:
		ok = len(got.raw) == 0
	case mockbackend.HTMLError:
		ok = strings.HasPrefix(got.header.Get("Content-Type"), "text/html") && strings.Contains(string(got.raw), "<html>")
	case mockbackend.Garbage:
		ok = got.body == nil && len(got.raw) > 0
	case mockbackend.APIError:
		ok = got.code() == 2032
	case mockbackend.Redirect:
		ok = got.header.Get("Location") == b.Endpoints().Elsewhere+"/v1/SelfServePolicy"
	case mockbackend.Slow, mockbackend.SlowAfter:
		ok = got.body["id"] == policyID(mockbackend.AdatumID)
	}
	if !ok {
		t.Errorf("%v %s", got.header, got.raw)
	}
}

func TestFaultMatching(t *testing.T) {
	customer := "/customers/" + mockbackend.AdatumID
	for _, test := range []struct {
		fault mockbackend.Fault
		hit   []string
		miss  []string
	}{
		{mockbackend.Fault{}, []string{"/customers", customer}, nil},
		{mockbackend.Fault{Path: "/customers"}, []string{"/customers", "/Customers/"}, []string{customer}},
		{mockbackend.Fault{Path: "/v1/customers"}, []string{"/customers"}, []string{customer}},
		{mockbackend.Fault{Path: "/customers/*"}, []string{customer}, []string{"/customers", customer + "/subscriptions"}},
		{mockbackend.Fault{Path: "/customers/*/subscriptions"}, []string{customer + "/subscriptions"}, []string{customer}},
		{mockbackend.Fault{Path: "/customers/**"}, []string{customer, customer + "/subscriptions"}, []string{"/customers"}},
		{mockbackend.Fault{Path: "/selfservepolicy*"}, []string{"/SelfServePolicy", "/SelfServePolicy/" + policyID(mockbackend.ContosoID)}, []string{customer}},
		{mockbackend.Fault{Method: "PUT"}, nil, []string{"/customers"}},
		{mockbackend.Fault{Method: "get"}, []string{"/customers"}, nil},
		{mockbackend.Fault{Service: mockbackend.PartnerCenter}, []string{"/customers"}, nil},
		{mockbackend.Fault{Service: mockbackend.ResourceManager}, nil, []string{"/customers"}},
		{mockbackend.Fault{Service: mockbackend.SignIn}, nil, []string{"/customers"}},
	} {
		b := newBackend(t, mockbackend.Config{})
		c := admin(t, b)
		test.fault.Kind, test.fault.Times = mockbackend.EmptyForbidden, -1
		b.Fail(test.fault)
		for i, path := range append(test.hit, test.miss...) {
			if got := c.call("GET", path, nil); (got.status == 403) != (i < len(test.hit)) {
				t.Errorf("%+v: GET %s: %d", test.fault, path, got.status)
			}
		}
		b.ClearFaults()
		c.call("GET", "/customers", nil).want(t, "cleared", 200, 0)
	}
}

func TestFaultTimesSkipAndOrder(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.Fail(mockbackend.Fault{Path: "/customers", Kind: mockbackend.ServerError, Status: 503, RetryAfter: 1500 * time.Millisecond, Skip: 1, Times: 2})
	b.Fail(mockbackend.Fault{Path: "/customers", Kind: mockbackend.EmptyForbidden, Skip: 2})
	for i, want := range []int{200, 503, 403, 503, 200} { // the newer fault applies where both match
		got := c.call("GET", "/customers", nil)
		if got.status != want {
			t.Errorf("call %d: %d, want %d", i, got.status, want)
		}
		if got.status == 503 && got.header.Get("Retry-After") != "2" {
			t.Errorf("Retry-After %s", got.header.Get("Retry-After"))
		}
	}
	if left := b.Faults(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	for _, bad := range []mockbackend.Fault{{Kind: "earthquake"}, {}, {Kind: mockbackend.Slow, Service: "mail"}, {Kind: mockbackend.Slow, Path: "["}, {Kind: mockbackend.ServerError, Status: 5}} {
		b.Fail(bad)
		wantViolation(t, b, "bad fault", "Fail: ")
	}
}

func TestFaultsOfOtherServices(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	form := c.form(resourceManagerScope+"/.default", "")
	b.Fail(mockbackend.Fault{Service: mockbackend.SignIn, Kind: mockbackend.Throttle, RetryAfter: 3 * time.Second})
	if got := c.signIn(v2Path, form); got.status != 429 || got.header.Get("Retry-After") != "3" || got.body["error"] == nil {
		t.Errorf("sign-in: %d %s", got.status, got.raw)
	}
	b.Fail(mockbackend.Fault{Service: mockbackend.SignIn, Kind: mockbackend.APIError, Status: 400, Error: "interaction_required", Code: 50076})
	if got := c.signIn(v2Path, form); got.status != 400 || got.body["error"] != "interaction_required" || got.body["error_codes"].([]any)[0] != 50076.0 {
		t.Errorf("sign-in: %d %s", got.status, got.raw)
	}
	c.bearer = c.token(mockbackend.AdatumID, resourceManagerScope+"/.default", "")
	b.Fail(mockbackend.Fault{Path: "/subscriptions", Kind: mockbackend.APIError, Status: 403, Error: "AuthorizationFailed"})
	b.Fail(mockbackend.Fault{Path: "/subscriptions", Kind: mockbackend.Throttle})
	if got := c.arm("/subscriptions?api-version=2022-12-01"); got.status != 429 || armCode(got) != "TooManyRequests" {
		t.Errorf("Resource Manager: %d %s", got.status, got.raw)
	}
	if got := c.arm("/subscriptions?api-version=2022-12-01"); got.status != 403 || armCode(got) != "AuthorizationFailed" {
		t.Errorf("Resource Manager: %d %s", got.status, got.raw)
	}
}

func TestDropMidBodyOfAnAnswerWithoutBody(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.Fail(mockbackend.Fault{Method: "DELETE", Kind: mockbackend.DropMidBody})
	if _, err := c.try(c.request("DELETE", "/v1/SelfServePolicy/"+policyID(mockbackend.ContosoID), nil)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
	if _, left := b.Policy(mockbackend.ContosoID); left {
		t.Error("not executed")
	}
}

func TestSlowAndLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{Latency: 20 * time.Millisecond})
		c := admin(t, b)
		begin := time.Now()
		c.call("GET", "/customers", nil)
		if took := time.Since(begin); took != 20*time.Millisecond {
			t.Errorf("latency %s", took)
		}
		b.Fail(mockbackend.Fault{Kind: mockbackend.Slow, Delay: time.Minute})
		begin = time.Now()
		c.call("GET", "/customers", nil).want(t, "slow", 200, 0)
		if took := time.Since(begin); took != time.Minute+20*time.Millisecond {
			t.Errorf("slow %s", took)
		}
		b.Fail(mockbackend.Fault{Kind: mockbackend.Slow, Delay: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begin = time.Now()
		req := c.request("POST", "/v1/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan))
		if _, err := c.try(req.WithContext(ctx)); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 10*time.Second {
			t.Errorf("%v after %s", err, time.Since(begin))
		}
		if _, made := b.Policy(mockbackend.AdatumID); made {
			t.Error("executed, although the client had disconnected")
		}
	})
}

func TestCloseEndsSlowAnswers(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := overTLS(t, b)
	c.bearer = c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken)
	b.Fail(mockbackend.Fault{Kind: mockbackend.Slow, Delay: time.Hour})
	ended := make(chan error, 1)
	go func() {
		_, err := c.try(c.request("GET", "/v1/customers", nil))
		ended <- err
	}()
	for len(b.Faults()) > 0 { // until the fault has been applied to the request
		runtime.Gosched()
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("an answer after Close")
	}
	if _, err := anonymous(t, b).try(c.request("GET", "/v1/customers", nil)); err == nil {
		t.Error("an in-process answer after Close")
	}
	if err := b.Start(); err == nil {
		t.Error("started after Close")
	}
}

func TestRedirectLeaksToken(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := overTLS(t, b)
	c.bearer = c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken)
	c.http.CheckRedirect = nil
	b.Fail(mockbackend.Fault{Kind: mockbackend.Redirect})
	c.call("GET", "/customers", nil) // Go forwards the token, because it ignores the port when it compares hosts
	wantViolation(t, b, "redirect", "a token was sent to another host")
}
