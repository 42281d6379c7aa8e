package partnercenter_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

func collect(ctx context.Context, c *partnercenter.Client, filter partnercenter.CustomerFilter) ([]string, error) {
	var ids []string
	for customer, err := range c.Customers.All(ctx, filter) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, strings.ToLower(customer.ID))
	}
	slices.Sort(ids)
	return ids, nil
}

// TestCustomers_pages expects every customer once, for each form of the link to the next page.
func TestCustomers_pages(t *testing.T) {
	for _, mode := range []mockbackend.ContinuationMode{mockbackend.ContinuationBoth, mockbackend.ContinuationLinks, mockbackend.ContinuationToken} {
		for name, change := range map[string]func(*mockbackend.Knobs){
			"plain":                     func(*mockbackend.Knobs) {},
			"links with /v1":            func(k *mockbackend.Knobs) { k.LinkPrefixV1 = true },
			"token after the last page": func(k *mockbackend.Knobs) { k.TokenAfterLastPage = true },
			"wrong totals":              func(k *mockbackend.Knobs) { k.TotalCountWrong = true },
			"shuffled, upper case":      func(k *mockbackend.Knobs) { k.ShuffleOrder, k.UpperCaseGUIDs = true, true },
		} {
			t.Run(string(mode)+"/"+name, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{Customers: 1500})
				b.SetKnobs(change)
				b.SetKnobs(func(k *mockbackend.Knobs) { k.ContinuationMode = mode })
				got, err := collect(t.Context(), newClient(t, b), partnercenter.CustomerFilter{})
				if err != nil {
					t.Fatal(err)
				}
				var want []string
				for _, c := range b.Customers() {
					want = append(want, c.ID)
				}
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("got %d customers, want each of %d once", len(got), len(want))
				}
				pages := 3
				if b.Knobs().TokenAfterLastPage {
					pages = 5 // a 400 after the last page is retried once
				}
				if n := b.Counters().Route("GET /v1/customers"); n != pages {
					t.Errorf("%d requests for %d pages", n, pages)
				}
			})
		}
	}
}

// TestCustomers_stopsEarly checks that later pages are not read if the caller stops.
func TestCustomers_stopsEarly(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 2500})
	for _, err := range newClient(t, b).Customers.All(t.Context(), partnercenter.CustomerFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if n := b.Counters().Route("GET /v1/customers"); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// TestCustomers_failedPage checks that a failed page is an error, not the end of the list.
func TestCustomers_failedPage(t *testing.T) {
	for _, fault := range []mockbackend.Fault{
		{Kind: mockbackend.APIError, Status: 400, Code: 3000},
		{Kind: mockbackend.EmptyForbidden},
		{Kind: mockbackend.Garbage},
		{Kind: mockbackend.Redirect},
	} {
		t.Run(string(fault.Kind), func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{Customers: 2500})
			fault.Path, fault.Skip, fault.Times = "/customers", 2, -1
			b.Fail(fault)
			if got, err := collect(t.Context(), newClientOver(t, b, b.Transport(), func(o *partnercenter.Options) { o.MaxRetries = -1 }), partnercenter.CustomerFilter{}); err == nil {
				t.Errorf("got %d customers and no error", len(got))
			}
		})
	}
}

// TestCustomers_error2000 checks that 400/2000 ends a list only after a continuation token was
// sent.
func TestCustomers_error2000(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	b.Fail(mockbackend.Fault{Path: "/customers", Kind: mockbackend.APIError, Status: 400, Code: 2000})
	if _, err := collect(t.Context(), newClient(t, b), partnercenter.CustomerFilter{}); err == nil {
		t.Error("the 400 of the first page counts as an empty list")
	}
}

// TestCustomers_foreignLink checks that a link to another host is refused and no request goes
// there.
func TestCustomers_foreignLink(t *testing.T) {
	for _, host := range []string{"evil.example", "https://evil.example:8443", "http://api.partnercenter.microsoft.com"} {
		t.Run(host, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{Customers: 2500})
			b.SetKnobs(func(k *mockbackend.Knobs) { k.NextLinkHost = host })
			_, err := collect(t.Context(), newClient(t, b), partnercenter.CustomerFilter{})
			if err == nil || !strings.Contains(err.Error(), "another host") {
				t.Errorf("the error is %v", err)
			}
			for _, r := range b.Requests() {
				if r.Service == mockbackend.Elsewhere {
					t.Errorf("a request went to %s", r.Path)
				}
			}
		})
	}
}

// TestCustomers_filter checks that the server filters, ignoring case.
func TestCustomers_filter(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	client := newClient(t, b)
	for _, c := range []struct {
		filter partnercenter.CustomerFilter
		want   []string
	}{
		{partnercenter.CustomerFilter{CompanyNamePrefix: "ADA"}, []string{mockbackend.AdatumID}},
		{partnercenter.CustomerFilter{DomainPrefix: "litware-"}, []string{mockbackend.LitwareID}},
		{partnercenter.CustomerFilter{CompanyNamePrefix: `"nobody" & co`}, nil},
	} {
		got, err := collect(t.Context(), client, c.filter)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %q, %v, want %q", c.filter, got, err, c.want)
		}
	}
}

// TestCustomers_get checks the errors for a tenant that is not a customer and for an ended
// relationship.
func TestCustomers_get(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	client := newClient(t, b)
	c, err := client.Customers.Get(t.Context(), strings.ToUpper(mockbackend.AdatumID))
	if err != nil || !strings.EqualFold(c.ID, mockbackend.AdatumID) || c.CompanyProfile.Domain == "" {
		t.Errorf("got %+v, %v", c, err)
	}
	_, err = client.Customers.Get(t.Context(), "00000000-0000-0000-0000-000000000001")
	if !partnercenter.IsCustomerNotFound(err) && !partnercenter.IsNoRelationship(err) {
		t.Errorf("the error for an unknown tenant is %v", err)
	}
	b.EndRelationship(mockbackend.AdatumID)
	if _, err = client.Customers.Get(t.Context(), mockbackend.AdatumID); !partnercenter.IsNoRelationship(err) {
		t.Errorf("after the relationship ended, the error is %v", err)
	}
}

// TestProfiles_tenantIDFromToken checks that the token provides the tenant ID without a request.
func TestProfiles_tenantIDFromToken(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 60})
	client := newClientOver(t, b, b.Transport(), func(o *partnercenter.Options) { o.TenantID = "" })
	errs := make(chan error)
	customers := b.Customers()[10:60]
	for _, c := range customers {
		go func() {
			_, err := client.SelfServePolicies.Grant(t.Context(), c.ID, partnercenter.AzureReservedInstances, partnercenter.Seen{})
			errs <- err
		}()
	}
	for range customers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := b.Counters().Route("GET /v1/profiles/organization"); n != 0 {
		t.Errorf("the organization profile was read %d times", n)
	}
	if n := b.Counters().TokensIssued(); n != 1 {
		t.Errorf("%d tokens were issued", n)
	}
}

// TestRequireAzure checks which customers qualify, and the text of the error.
func TestRequireAzure(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	client := newClient(t, b)
	for _, id := range []string{mockbackend.AdatumID, mockbackend.LitwareID, mockbackend.TailspinID} {
		if err := client.Subscriptions.RequireAzure(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	for id, found := range map[string]string{
		mockbackend.FabrikamID:  "Azure plan " + mockbackend.FabrikamAzurePlanID + " is suspended",
		mockbackend.NorthwindID: "of other products only",
	} {
		if err := client.Subscriptions.RequireAzure(t.Context(), id); err == nil || !strings.Contains(err.Error(), found) {
			t.Errorf("the error is %v, want it to say %q", err, found)
		}
	}
	// A qualifying subscription is cached, also if another read found it. A missing one is not
	// cached.
	if _, err := client.Subscriptions.Of(t.Context(), mockbackend.ContosoID); err != nil {
		t.Fatal(err)
	}
	b.ResetJournal()
	_ = client.Subscriptions.RequireAzure(t.Context(), mockbackend.ContosoID)
	_ = client.Subscriptions.RequireAzure(t.Context(), strings.ToUpper(mockbackend.AdatumID))
	_ = client.Subscriptions.RequireAzure(t.Context(), mockbackend.FabrikamID)
	expectSent(t, b, "GET /v1/customers/{customer}/subscriptions")
}

// TestSubscriptions_azureEntitlements reads the entitlements of an Azure plan. A plan that is not
// active may have none. Any other subscription without entitlements is an error.
func TestSubscriptions_azureEntitlements(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	client := newClient(t, b)
	entitlements := func(customerID, subscriptionID, status string) ([]string, error) {
		var ids []string
		plan := partnercenter.Subscription{ID: subscriptionID, Status: status}
		entitlements, err := client.Subscriptions.AzureEntitlements(t.Context(), customerID, plan)
		for _, e := range entitlements {
			ids = append(ids, e.ID)
		}
		return ids, err
	}
	got, err := entitlements(mockbackend.ContosoID, mockbackend.ContosoAzurePlanID, "active")
	if err != nil || !slices.Equal(got, []string{mockbackend.ContosoAzureID, mockbackend.ContosoSecondAzureID}) {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := entitlements(mockbackend.AdatumID, mockbackend.AdatumLicencesID, "active"); err == nil {
		t.Errorf("a license subscription has the Azure subscriptions %q", got)
	}
	if got, err := entitlements(mockbackend.AdatumID, mockbackend.AdatumLicencesID, "suspended"); err != nil || got != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// BenchmarkCustomers reads 10,000 customers from pages in memory. It measures decoding and paging
// only.
func BenchmarkCustomers(b *testing.B) {
	backend := newBackend(b, mockbackend.Config{Customers: 10_000})
	recorded := &recorder{next: backend.Transport(), answers: make(map[string][]byte)}
	client := newClientOver(b, backend, recorded, func(*partnercenter.Options) {})
	count := func() int {
		ids, err := collect(b.Context(), client, partnercenter.CustomerFilter{})
		if err != nil {
			b.Fatal(err)
		}
		return len(ids)
	}
	if n := count(); n != 10_000 {
		b.Fatalf("%d customers", n)
	}
	recorded.replay = true
	b.ReportAllocs()
	for b.Loop() {
		count()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/customer")
}

// recorder records the answers of GET requests, and can replay them from memory.
type recorder struct {
	next    http.RoundTripper
	answers map[string][]byte
	replay  bool
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	key := req.URL.String() + " " + req.Header.Get("MS-ContinuationToken")
	if body, ok := r.answers[key]; ok && r.replay {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: req}, nil
	}
	resp, err := r.next.RoundTrip(req)
	if err != nil || req.Method != http.MethodGet {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	r.answers[key] = body
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// TestCustomers_KnowName checks that recording an empty name does not prevent the read. The name of an ID that is not a
// customer stays empty and is read once.
func TestCustomers_KnowName(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := newClient(t, b)
	c.Customers.KnowName(mockbackend.AdatumID, "")
	for range 2 {
		names, err := c.Customers.Names(t.Context(), mockbackend.AdatumID, mockbackend.PartnerTenantID)
		if err != nil || len(names) != 1 || names[mockbackend.AdatumID] != "Adatum Demo" {
			t.Errorf("%v, %v", names, err)
		}
	}
	if n := b.Counters().Route("GET /v1/customers/{customer}"); n != 2 {
		t.Errorf("%d requests for two customers", n)
	}
}
