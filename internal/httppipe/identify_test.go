package httppipe_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

func TestCorrelationID_isTheSameForAllCallsOfAnOperation(t *testing.T) {
	s := new(service)
	p := pipeline(t, httppipe.Options{}, s, nil)
	ctx := httppipe.WithCorrelationID(t.Context())
	for range 3 {
		resp, err := do(ctx, t, p, http.MethodGet)
		mustStatus(t, http.StatusOK, resp, err)
	}
	correlation, requests := s.headers("MS-CorrelationId"), s.headers("MS-RequestId")
	if !allEqual(correlation) || correlation[0] != httppipe.CorrelationID(ctx) || uuid.Validate(correlation[0]) != nil {
		t.Errorf("sent the correlation IDs %q, want three times %q", correlation, httppipe.CorrelationID(ctx))
	}
	slices.Sort(requests)
	if len(slices.Compact(requests)) != 3 {
		t.Errorf("sent the request IDs %q, want three different ones", requests)
	}
}

func TestCorrelationID_isNewForEachCallOutsideOfAnOperation(t *testing.T) {
	s := new(service)
	p := pipeline(t, httppipe.Options{}, s, nil)
	for range 2 {
		resp, err := do(t.Context(), t, p, http.MethodGet)
		mustStatus(t, http.StatusOK, resp, err)
	}
	if ids := s.headers("MS-CorrelationId"); ids[0] == ids[1] || uuid.Validate(ids[0]) != nil || uuid.Validate(ids[1]) != nil {
		t.Errorf("sent the correlation IDs %q, want two different GUIDs", ids)
	}
}

func TestWithCorrelationID_keepsExistingID(t *testing.T) {
	if id := httppipe.CorrelationID(t.Context()); id != "" {
		t.Errorf("a fresh context has the correlation ID %q", id)
	}
	ctx := httppipe.WithCorrelationID(t.Context())
	if a, b := httppipe.CorrelationID(ctx), httppipe.CorrelationID(httppipe.WithCorrelationID(ctx)); a != b || a == "" {
		t.Errorf("got %q and then %q, want the same", a, b)
	}
}

func TestUserAgent_isSentUnchanged(t *testing.T) {
	const userAgent = "github.com/partnercenter/terraform-provider-partnercenter/1.2.3 (+https://registry.terraform.io/partnercenter/partnercenter) Terraform/1.11.4"
	s := new(service)
	resp, err := do(t.Context(), t, pipeline(t, httppipe.Options{UserAgent: userAgent}, s, nil), http.MethodGet)
	mustStatus(t, http.StatusOK, resp, err)
	if got := s.headers("User-Agent"); got[0] != userAgent {
		t.Errorf("sent %q, want %q", got[0], userAgent)
	}
}

func TestForeignHost_isRefusedBeforeSignIn(t *testing.T) {
	for name, target := range map[string]string{
		"another host":            "https://evil.example/v1/things",
		"a longer name":           "https://api.example.evil.example/v1/things",
		"a subdomain":             "https://x.api.example/v1/things",
		"another port":            "https://api.example:8443/v1/things",
		"plain http":              "http://api.example/v1/things",
		"the right name as user":  "https://api.example@evil.example/v1/things",
		"a name that looks alike": "https://apí.example/v1/things",
	} {
		t.Run(name, func(t *testing.T) {
			s, cred := new(service), new(tokens)
			_, err := pipeline(t, httppipe.Options{}, s, cred).Do(request(t.Context(), t, http.MethodGet, target))
			var host *httppipe.HostError
			if !errors.As(err, &host) {
				t.Fatalf("got %v, want a HostError", err)
			}
			if host.Want != base || !strings.Contains(err.Error(), host.Got) || !strings.Contains(err.Error(), host.Want) {
				t.Errorf("the error %q does not contain both hosts", err)
			}
			if s.count() != 0 || cred.n != 0 {
				t.Errorf("sent %d requests and requested %d tokens, want none", s.count(), cred.n)
			}
		})
	}
}
