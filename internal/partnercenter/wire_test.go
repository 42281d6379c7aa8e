package partnercenter

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// serving returns a client that gets the given answers in order, and then the last one repeatedly.
func serving(t testing.TB, requests *[]*http.Request, bodies ...string) *Client {
	t.Helper()
	endpoint, err := httppipe.ParseEndpoint("https://pc.example/base")
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	return New(Options{
		Endpoint: endpoint, Credential: new(tokens), TenantID: "partner", MaxRetries: -1,
		Client: httppipe.ClientOver(roundTripper(func(req *http.Request) (*http.Response, error) {
			if requests != nil {
				*requests = append(*requests, req)
			}
			body := bodies[min(next, len(bodies)-1)]
			next++
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
		})),
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// tokens returns the same token for all requests.
type tokens struct {
	once sync.Once
	one  httppipe.Token
}

func (c *tokens) Token(context.Context, httppipe.TokenRequest) (*httppipe.Token, error) {
	c.once.Do(func() { c.one.Value = "fake_token" })
	return &c.one, nil
}

func TestResolve(t *testing.T) {
	c := serving(t, nil, "")
	for uri, want := range map[string]string{
		"/customers?size=2&seekOperation=Next": "/customers?seekOperation=Next&size=2",
		"/v1/customers?size=2":                 "/customers?size=2",
		"/V1/customers":                        "/customers?",
		"customers?size=2":                     "/customers?size=2",
		"/v1":                                  "?",
		"/v10/customers":                       "/v10/customers?",
		"https://pc.example/base/v1/customers?x=%2F": "/customers?x=%2F",
		"https://PC.EXAMPLE/base/customers":          "/customers?",
		"https://evil.example/v1/customers":          "",
		"//evil.example/v1/customers":                "",
		"http://pc.example/base/v1/customers":        "",
		"https://pc.example:444/base/v1/customers":   "",
		"https://user@pc.example/base/v1/customers":  "",
		"https://pc.example@evil.example/":           "",
		"javascript:alert(1)":                        "",
		"/v1/../../elsewhere":                        "",
		"/v1/%2e%2e/elsewhere":                       "",
		"/customers?%zz":                             "",
		"\x00":                                       "",
	} {
		path, query, err := c.resolve(uri)
		got := path + "?" + query.Encode()
		if (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%q: got %q, %v, want %q", uri, got, err, want)
		}
	}
}

func FuzzNextLink(f *testing.F) {
	for _, s := range []string{
		"/customers?size=2", "/v1/customers", "//evil.example", "https://evil.example/v1", "https://pc.example/base/v1/x",
		`\\evil.example\x`, "/\\evil.example", "https:evil.example", "/v1/..%2f..%2f", "?a=b", "@evil.example", "/%2f%2fevil.example",
	} {
		f.Add(s)
	}
	var requests []*http.Request
	c := serving(f, &requests, `{"totalCount":0,"items":[]}`)
	f.Fuzz(func(t *testing.T, uri string) {
		next, err := c.nextCall(call{method: http.MethodGet}, &link{URI: uri}, "")
		if err != nil || next == nil {
			return
		}
		requests = nil
		_, _ = c.send(t.Context(), *next, nil)
		for _, r := range requests {
			if r.URL.Scheme != "https" || r.URL.Host != "pc.example" || !strings.HasPrefix(r.URL.Path, "/base/v1") {
				t.Errorf("the link %q caused a request to %s", uri, r.URL)
			}
		}
	})
}

// TestAll_links checks which links the client follows, and that a link cannot replace headers.
func TestAll_links(t *testing.T) {
	read := func(c *Client) error {
		for _, err := range c.Customers.All(t.Context(), CustomerFilter{}) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	const last = `{"totalCount":0,"items":[]}`

	var requests []*http.Request
	err := read(serving(t, &requests, `{"totalCount":1,"items":[{"id":"1"}],"links":{"next":{"uri":"/customers?a=b","method":"GET","headers":[
		{"key":"MS-ContinuationToken","value":"token"},{"key":"Authorization","value":"Bearer stolen"},{"key":"MS-RequestId","value":"x"}]}}}`, last))
	if err != nil {
		t.Fatal(err)
	}
	next := requests[1]
	if next.Header.Get("MS-ContinuationToken") != "token" || next.Header.Get("Authorization") != "Bearer fake_token" || next.Header.Get("MS-RequestId") == "x" {
		t.Errorf("the link's headers became %v", next.Header)
	}
	if got := next.URL.String(); got != "https://pc.example/base/v1/customers?a=b" {
		t.Errorf("the link became %s", got)
	}

	for name, page := range map[string]string{
		"another method":        `{"totalCount":0,"items":[],"links":{"next":{"uri":"/customers","method":"POST"}}}`,
		"another host":          `{"totalCount":0,"items":[],"links":{"next":{"uri":"https://evil.example/v1/customers"}}}`,
		"the same token always": `{"totalCount":0,"items":[],"continuationToken":"again"}`,
		"no items":              `{"links":{}}`,
		"an object":             `{"id":"x"}`,
		"null":                  `null`,
		"nothing":               ``,
		"only the mark":         "\xef\xbb\xbf",
		"HTML":                  `<html></html>`,
		"items of another type": `{"totalCount":1,"items":["x"]}`,
	} {
		var e *Error
		if err := read(serving(t, nil, page)); !errors.As(err, &e) {
			t.Errorf("%s: counts as an empty list", name)
		} else if e.StatusCode != http.StatusOK || e.RequestID == "" || e.CorrelationID == "" || !strings.HasPrefix(e.Remedy(), "A proxy or firewall may have answered instead") || strings.Contains(err.Error(), "Go struct") {
			t.Errorf("%s: %v, with the IDs %q and %q, has the remedy %q", name, e, e.RequestID, e.CorrelationID, e.Remedy())
		}
	}
	if err := read(serving(t, nil, `{"totalCount":0}`)); err != nil {
		t.Errorf("an empty list without items: %v", err)
	}
}

// TestGet_partners checks that only the policy of this partner and customer counts, because a
// customer can have several partners. A policy without a customer is an error.
func TestGet_partners(t *testing.T) {
	get := func(grantor, entity string) (SelfServePolicy, error) {
		return serving(t, nil, `{"totalCount":1,"items":[{"id":"p_c","selfServeEntity":{"tenantID":"`+entity+`"},"grantor":{"tenantID":"`+grantor+`"},
			"permissions":[{"resource":"azurereservedinstances","action":"purchase"}]}]}`).SelfServePolicies.Get(t.Context(), "Customer")
	}
	if p, err := get("PARTNER", "CUSTOMER"); err != nil || !p.Allows(AzureReservedInstances) {
		t.Errorf("own policy: %+v, %v", p, err)
	}
	if p, err := get("other", "customer"); err != nil || p.ID != "" {
		t.Errorf("another partner's: %+v, %v", p, err)
	}
	if p, err := get("partner", "another"); err != nil || p.ID != "" {
		t.Errorf("another customer's: %+v, %v", p, err)
	}
	if p, err := get("partner", ""); err == nil {
		t.Errorf("a policy without a customer: %+v", p)
	}
}

// TestWrites_unreadable checks that an unreadable answer to a write is not a success.
func TestWrites_unreadable(t *testing.T) {
	for _, body := range []string{``, `{}`, `null`, `<html>`} {
		want := change{off: []Permission{AzureSavingsPlan}}
		got, err := serving(t, nil, body).SelfServePolicies.sendPolicy(t.Context(), want, call{method: http.MethodPut, path: "/SelfServePolicy/p_c"})
		if err == nil || OutcomeOf(err) != Unsure {
			t.Errorf("%q counts as %+v, %v", body, got, err)
		}
	}
}

// TestGrant_noTimeToRead checks that a successful write is a success, even if no time is
// left to check whether another process undid it.
func TestGrant_noTimeToRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy := func(permissions string) string {
			return `{"id":"p_c","selfServeEntity":{"tenantID":"c"},"grantor":{"tenantID":"partner"},"permissions":[` + permissions + `]}`
		}
		const savings, reservations = `{"resource":"AzureSavingsPlan","action":"Purchase"}`, `{"resource":"AzureReservedInstances","action":"Purchase"}`
		c := serving(t, nil, `{"totalCount":1,"items":[`+policy(savings)+`]}`, policy(savings+","+reservations))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		p, err := c.SelfServePolicies.Grant(ctx, "c", AzureReservedInstances, Seen{Allows: map[Permission]bool{AzureSavingsPlan: true}})
		if err != nil || !p.Allows(AzureReservedInstances) || !p.Allows(AzureSavingsPlan) {
			t.Errorf("got %+v, %v", p, err)
		}
	})
}

// TestRemedies checks that every remedy is a whole sentence with valid links.
func TestRemedies(t *testing.T) {
	for code, text := range remedies {
		if !strings.HasSuffix(text, ".") {
			t.Errorf("%s: %q is not a sentence", code, text)
		}
		for word := range strings.FieldsSeq(text) {
			if strings.HasPrefix(word, "http") {
				if u, err := url.Parse(word); err != nil || u.Host == "" {
					t.Errorf("%s: %q is not a link", code, word)
				}
			}
		}
	}
}
