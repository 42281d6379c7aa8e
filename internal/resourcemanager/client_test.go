package resourcemanager_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
)

const (
	tenant       = mockbackend.AdatumID
	subscription = mockbackend.AdatumAzureID
	user         = mockbackend.AdatumUserID
)

// newBackend returns an in-process mock. The test fails if the mock receives a request that the API
// does not document.
func newBackend(t testing.TB, config mockbackend.Config) *mockbackend.Backend {
	b := mockbackend.New(config)
	t.Cleanup(func() {
		for _, v := range b.Violations() {
			t.Errorf("the mock received a request that the API does not document: %s", v)
		}
	})
	return b
}

// newClient returns a client that is signed in as an Admin agent, as in one run of the provider.
func newClient(t testing.TB, b *mockbackend.Backend) *resourcemanager.Client {
	t.Helper()
	return newClientAs(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
}

// newClientAs returns a client that is signed in with a refresh token; "" means app-only.
func newClientAs(t testing.TB, b *mockbackend.Backend, refreshToken string) *resourcemanager.Client {
	t.Helper()
	return newClientOver(t, b, refreshToken, b.Transport())
}

func newClientOver(t testing.TB, b *mockbackend.Backend, refreshToken string, transport http.RoundTripper) *resourcemanager.Client {
	t.Helper()
	authority, err := httppipe.ParseEndpoint(b.Endpoints().SignIn)
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := httppipe.ParseEndpoint(b.Endpoints().ResourceManager)
	if err != nil {
		t.Fatal(err)
	}
	client := httppipe.ClientOver(transport)
	p := b.Partner()
	cred, err := credential.New(credential.Config{
		TenantID: p.TenantID, ClientID: p.ClientID, Proof: credential.ClientSecret(p.ClientSecret), RefreshToken: refreshToken,
		Authority: authority, DisableInstanceDiscovery: true, Client: client, UserAgent: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	return resourcemanager.New(resourcemanager.Options{
		Endpoint: endpoint, Audience: "https://management.core.windows.net/", Credential: cred, Client: client, UserAgent: "test",
	})
}

// lists answers all list requests itself, and forwards all other requests.
type lists struct {
	rest   http.RoundTripper
	answer func(url string) (status int, body string)
}

func (l lists) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/subscriptions") && !strings.HasSuffix(r.URL.Path, "/roleAssignments") {
		return l.rest.RoundTrip(r)
	}
	status, body := l.answer(r.URL.String())
	header := http.Header{"Content-Type": {"application/json"}, "X-Ms-Request-Id": {"an-id"}}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// TestLists_repeatedPage checks that a list that repeats a page ends in an error.
func TestLists_repeatedPage(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := newClientOver(t, b, b.User(mockbackend.AdminAgent).RefreshToken, lists{b.Transport(), func(url string) (int, string) {
		return http.StatusOK, fmt.Sprintf(`{"value":[],"nextLink":%q}`, url)
	}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := c.RoleAssignments.List(ctx, tenant, subscription)
	if e, ok := errors.AsType[*resourcemanager.Error](err); !ok || !strings.Contains(e.Error(), "the server repeats a page") || e.RequestID != "an-id" {
		t.Errorf("role assignments: %+v", err)
	}
	err = nil
	for _, err = range c.Subscriptions.List(ctx, tenant) { // the last error counts
	}
	if err == nil || !strings.Contains(err.Error(), "the server repeats a page") {
		t.Errorf("subscriptions: %v", err)
	}
}

// TestLists_refused checks that a list is read from the configured host only, and that an answer
// that is not a list is an error.
func TestLists_refused(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"a page on another host":           {`{"value":[],"nextLink":"https://evil.example/subscriptions"}`, "another host"},
		"a host in the user part of a URL": {`{"value":[],"nextLink":"https://management.azure.com@evil.example/subscriptions"}`, "another host"},
		"a malformed link":                 {`{"value":[],"nextLink":"/subscriptions/%zz"}`, "malformed"},
		"not a list":                       {`{}`, "not what the API documents"},
		"null":                             {`null`, "not what the API documents"},
		"nothing":                          {``, "not what the API documents"},
		"an object without an id":          {`{"value":[{"properties":{}}]}`, "has no ID"},
		"an object without role":           {`{"value":[{"id":"/x"}]}`, "has no"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				client := newClientOver(t, b, b.User(mockbackend.AdminAgent).RefreshToken, lists{b.Transport(), func(string) (int, string) { return http.StatusOK, c.body }})
				_, err := client.RoleAssignments.List(t.Context(), tenant, subscription)
				if e, ok := errors.AsType[*resourcemanager.Error](err); !ok || !strings.Contains(err.Error(), c.want) || e.TenantID != tenant || resourcemanager.IsNoAccess(err) || resourcemanager.IsNotFound(err) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// TestLists_unreadableOnce checks that a list is read again after an unreadable answer.
func TestLists_unreadableOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, n := newBackend(t, mockbackend.Config{}), 0
		c := newClientOver(t, b, b.User(mockbackend.AdminAgent).RefreshToken, lists{b.Transport(), func(string) (int, string) {
			if n++; n == 1 {
				return http.StatusOK, `{"value":[`
			}
			return http.StatusOK, `{"value":[]}`
		}})
		if all, err := c.RoleAssignments.List(t.Context(), tenant, subscription); err != nil || len(all) != 0 || n != 2 {
			t.Errorf("got %v, %v after %d requests", all, err, n)
		}
	})
}

// TestDescription checks that a description is read back unchanged, and that its displayed form is
// harmless.
func TestDescription(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	o := adatum
	o.Description = "buys\n\treservations\x1b[2J \u202e👩\u200d💻 "
	written, err := newClient(t, b).RoleAssignments.Assign(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	read, err := newClient(t, b).RoleAssignments.Get(t.Context(), tenant, written.ID)
	for _, a := range []resourcemanager.RoleAssignment{written, read} {
		if err != nil || a.Description != o.Description || a.Shown != "buys\n reservations[2J 👩💻 " {
			t.Errorf("got %q, shown as %q, %v", a.Description, a.Shown, err)
		}
	}
}

// TestError_flat checks that the error code is also found if the body does not have the documented
// form.
func TestError_flat(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := newClientOver(t, b, b.User(mockbackend.AdminAgent).RefreshToken, lists{b.Transport(), func(string) (int, string) {
		return http.StatusForbidden, `{"code":"AuthorizationFailed","message":"no"}`
	}})
	_, err := c.RoleAssignments.List(t.Context(), tenant, subscription)
	if e, ok := errors.AsType[*resourcemanager.Error](err); !ok || e.Code != "AuthorizationFailed" || !resourcemanager.IsPassing(err) {
		t.Errorf("got %+v", err)
	}
}

// These are the routes of Resource Manager that the client uses.
const (
	list   = "GET /subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments"
	get    = list + "/{name}"
	put    = "PUT /subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments/{name}"
	remove = "DELETE /subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments/{name}"
)

// expectSent fails the test unless exactly these requests were sent to Resource Manager. It resets
// the journal.
func expectSent(t testing.TB, b *mockbackend.Backend, want ...string) {
	t.Helper()
	var got []string
	for _, r := range b.Requests() {
		if r.Service == mockbackend.ResourceManager {
			got = append(got, r.Route)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
	b.ResetJournal()
}

// owners returns the principals that are Owner of the subscription on the server, without the
// partner's, sorted.
func owners(b *mockbackend.Backend, subscriptionID string) []string {
	var out []string
	for _, a := range b.RoleAssignments(subscriptionID) {
		if a.RoleID == mockbackend.OwnerRole && a.PrincipalType != mockbackend.ForeignGroupPrincipal {
			out = append(out, a.PrincipalID)
		}
	}
	slices.Sort(out)
	return out
}
