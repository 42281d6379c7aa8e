package partnercenter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// scripted returns a client whose nth request gets the nth answer. An answer is a status and a body
// in one string.
func scripted(t testing.TB, change func(*Options), answers ...string) (c *Client, requests *int) {
	t.Helper()
	endpoint, err := httppipe.ParseEndpoint("https://pc.example")
	if err != nil {
		t.Fatal(err)
	}
	requests = new(int)
	o := Options{
		Endpoint: endpoint, Credential: new(tokens), TenantID: "partner", MaxRetries: -1,
		Client: httppipe.ClientOver(roundTripper(func(req *http.Request) (*http.Response, error) {
			var status int
			line, body, _ := strings.Cut(answers[min(*requests, len(answers)-1)], " ")
			if _, err := fmt.Sscan(line, &status); err != nil {
				return nil, err
			}
			*requests++
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
		})),
	}
	change(&o)
	return New(o), requests
}

// pageOf returns a page with n items and a continuation token.
func pageOf(n, first int) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(`{"id":"%d"}`, first+i)
	}
	return fmt.Sprintf(`200 {"totalCount":%d,"items":[%s],"continuationToken":"after-%d"}`, n, strings.Join(items, ","), first+n)
}

// The answer 400/2000 to a continuation token ends a list only after a full page, and only if a
// retry gets it again. In all other cases, part of a list would be mistaken for the whole list.
func TestAll_endOfList(t *testing.T) {
	const end = `400 {"code":2000,"description":"no more"}`
	for name, c := range map[string]struct {
		answers  []string
		sized    bool // requests pages of 500 items
		want     int  // number of items; -1 is an error
		requests int
	}{
		"after a full page, twice":        {[]string{pageOf(500, 0), end, end}, true, 500, 3},
		"after a full page, once":         {[]string{pageOf(500, 0), end, pageOf(500, 500), end, end}, true, 1000, 5},
		"after a page that is not full":   {[]string{pageOf(500, 0), pageOf(499, 500), end}, true, -1, 3},
		"then another error":              {[]string{pageOf(500, 0), end, `500 {}`}, true, -1, 3},
		"at the start":                    {[]string{end}, true, -1, 1},
		"no size, after the largest page": {[]string{pageOf(7, 0), pageOf(7, 7), end, end}, false, 14, 4},
		"no size, after a smaller page":   {[]string{pageOf(7, 0), pageOf(6, 7), end}, false, -1, 3},
		"no size, after a first page":     {[]string{pageOf(3, 0), end, end}, false, 3, 3},
		"another code after a full page":  {[]string{pageOf(500, 0), `400 {"code":3000}`}, true, -1, 2},
		"an item without an id":           {[]string{`200 {"items":[{"id":"1"},{"companyProfile":{}}]}`}, true, -1, 1},
		"an item without an id, no size":  {[]string{`200 {"items":[{}]}`}, false, -1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			client, requests := scripted(t, func(*Options) {}, c.answers...)
			n, failed := 0, error(nil)
			count := func(err error) {
				if failed = err; err == nil {
					n++
				}
			}
			if c.sized {
				for _, err := range client.Customers.All(t.Context(), CustomerFilter{}) {
					count(err)
				}
			} else {
				for _, err := range client.Orders.Of(t.Context(), "customer", OrderFilter{}) {
					count(err)
				}
			}
			if failed != nil != (c.want < 0) || failed == nil && n != c.want || *requests != c.requests {
				t.Errorf("got %d items, %v after %d requests, want %d after %d", n, failed, *requests, c.want, c.requests)
			}
		})
	}
}

func TestLists_itemsHaveIDs(t *testing.T) {
	const page = `200 {"totalCount":1,"items":[{"status":"active"}]}`
	ctx := t.Context()
	for name, read := range map[string]func(*Client) error{
		"customers":     func(c *Client) error { _, err := c.Customers.List(ctx, CustomerFilter{}); return err },
		"subscriptions": func(c *Client) error { _, err := c.Subscriptions.Of(ctx, "c"); return err },
		"entitlements": func(c *Client) error {
			_, err := c.Subscriptions.AzureEntitlements(ctx, "c", Subscription{ID: "s"})
			return err
		},
		"users": func(c *Client) error { _, err := c.CustomerUsers.ByPrincipalName(ctx, "c", "n"); return err },
		"orders": func(c *Client) (err error) {
			for _, err = range c.Orders.Of(ctx, "c", OrderFilter{}) { // the last error counts
			}
			return err
		},
		"a customer": func(c *Client) error { _, err := c.Customers.Get(ctx, "c"); return err },
	} {
		client, _ := scripted(t, func(*Options) {}, page)
		if err := read(client); !errors.Is(err, errUnreadable) {
			t.Errorf("%s: got %v, want errUnreadable", name, err)
		}
	}
}

// TestAll_endlessList checks that a list with endless continuation tokens ends in an error and not
// in exhausted memory.
func TestAll_endlessList(t *testing.T) {
	n := 0
	endpoint, err := httppipe.ParseEndpoint("https://pc.example")
	if err != nil {
		t.Fatal(err)
	}
	c := New(Options{Endpoint: endpoint, Credential: new(tokens), Client: httppipe.ClientOver(roundTripper(func(req *http.Request) (*http.Response, error) {
		n++
		body := fmt.Sprintf(`{"items":[{"id":"%d"}],"continuationToken":"%d"}`, n, n)
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
	}))})
	if _, err := c.Customers.List(t.Context(), CustomerFilter{}); err == nil || !strings.Contains(err.Error(), "more than 2000") || n != 2001 {
		t.Errorf("got %v after %d pages", err, n)
	}
}

// jwtTokens issues tokens of the tenant tid.
type jwtTokens struct{ tid string }

func (c jwtTokens) Token(context.Context, httppipe.TokenRequest) (*httppipe.Token, error) {
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"tid": c.tid}).SignedString([]byte("key"))
	return &httppipe.Token{Value: text}, err
}

// TestTenantID checks that the token provides the partner's tenant ID if a domain is configured.
func TestTenantID(t *testing.T) {
	const theirs = `200 {"totalCount":1,"items":[{"id":"p_c","selfServeEntity":{"tenantID":"c"},"grantor":{"tenantID":"other"},
		"permissions":[{"resource":"AzureReservedInstances","action":"Purchase"}]}]}`
	c, requests := scripted(t, func(o *Options) { o.TenantID, o.Credential = "", jwtTokens{"Ours"} }, theirs)
	if p, err := c.SelfServePolicies.Get(t.Context(), "c"); err != nil || p.ID != "" || *requests != 1 {
		t.Errorf("got %+v, %v after %d requests, want no policy, because it belongs to another partner", p, err, *requests)
	}
	if id, err := c.Profiles.TenantID(t.Context()); err != nil || id != "ours" {
		t.Errorf("got %q, %v", id, err)
	}
	c, requests = scripted(t, func(o *Options) { o.TenantID = "" }, `200 {"tenantId":"profile"}`)
	for range 3 {
		if id, err := c.Profiles.TenantID(t.Context()); err != nil || id != "profile" || *requests != 1 {
			t.Errorf("with an opaque token: got %q, %v after %d requests", id, err, *requests)
		}
	}
}
