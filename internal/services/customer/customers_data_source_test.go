package customer_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const typeName = "partnercenter_customers"

// read reads the data source with app-only sign-in.
func read(t *testing.T, b *mockbackend.Backend, config acctest.Values) (acctest.Values, error) {
	t.Helper()
	return acctest.NewProtocol(t, b, "").ReadDataSource(t.Context(), typeName, config)
}

// names returns the company names, in the order of the list.
func names(t *testing.T, v acctest.Values) []string {
	t.Helper()
	list, ok := v["customers"].([]any)
	if !ok {
		t.Fatalf("customers is %v", v["customers"])
	}
	out := make([]string, 0, len(list))
	for _, e := range list {
		name, _ := e.(acctest.Values)["company_name"].(string)
		out = append(out, name)
	}
	return out
}

func TestAccCustomers(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	text := knownvalue.StringExact
	list := tfjsonpath.New("customers")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{
				Config:      b.ConfigAs("", `data "partnercenter_customers" "all" { company_name_prefix = "" }`),
				ExpectError: acctest.Says("company_name_prefix string length must be at least 1"),
			},
			{
				Config: b.ConfigAs("", `data "partnercenter_customers" "all" {}
					data "partnercenter_customers" "lit" { company_name_prefix = "LIT" }`),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("data.partnercenter_customers.all", list, knownvalue.ListSizeExact(len(b.Customers()))),
					statecheck.ExpectKnownValue("data.partnercenter_customers.lit", list, knownvalue.ListExact([]knownvalue.Check{
						knownvalue.ObjectExact(map[string]knownvalue.Check{
							"customer_id": text(mockbackend.LitwareID), "company_name": text("Litware Demo"),
							"domain": text("litware-demo.onmicrosoft.com"), "relationship_to_partner": text("reseller"),
							"indirect_reseller_id": knownvalue.Null(),
						}),
					})),
				},
			},
		},
	})
}

func TestProtoCustomers_prefixes(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	b.AddCustomer(mockbackend.Customer{CompanyName: "Contoso Retail", Domain: "shop.contoso.example"})
	for _, c := range []struct {
		company, domain any
		filter          string // field of the filter in the request
		want            []string
	}{
		{nil, nil, "", []string{"Adatum Demo", "Contoso Demo", "Contoso Retail", "Fabrikam Demo", "Litware Demo", "Northwind Demo", "Tailspin Demo"}},
		{"contoso", nil, "CompanyName", []string{"Contoso Demo", "Contoso Retail"}},
		{"CONTOSO", nil, "CompanyName", []string{"Contoso Demo", "Contoso Retail"}},
		{"Contoso Demo", nil, "CompanyName", []string{"Contoso Demo"}},
		{"ontoso", nil, "CompanyName", []string{}},
		{nil, "contoso-", "Domain", []string{"Contoso Demo"}},
		{nil, "SHOP.", "Domain", []string{"Contoso Retail"}},
		{"conTOSO", "conTOSO-", "Domain", []string{"Contoso Demo"}},
		{"contoso", "adatum", "Domain", []string{}},
		{`a "quoted" & odd=name/ü`, nil, "CompanyName", []string{}},
	} {
		b.ResetJournal()
		v, err := read(t, b, acctest.Values{"company_name_prefix": c.company, "domain_prefix": c.domain})
		if err != nil {
			t.Fatal(err)
		}
		got := names(t, v)
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%v and %v select %q, not %q", c.company, c.domain, got, c.want)
		}
		sent := acctest.Sent(b)
		if len(sent) != 1 || (c.filter == "") == strings.Contains(sent[0].Query, "filter") || !strings.Contains(sent[0].Query, c.filter) {
			t.Errorf("%v and %v: the requests were %v", c.company, c.domain, sent)
		}
	}
	acctest.FailOnViolations(t, b)
}

// The list is the same for every page size, order and spelling of the server: all customers, each once, in
// lower case, sorted by ID.
func TestProtoCustomers_pages(t *testing.T) {
	t.Parallel()
	modes := []mockbackend.ContinuationMode{mockbackend.ContinuationBoth, mockbackend.ContinuationLinks, mockbackend.ContinuationToken}
	expectAll(t, mockbackend.New(mockbackend.Config{Customers: 2500}), 5)
	for _, mode := range modes {
		for _, more := range []struct {
			pages int // of 50 customers
			set   func(*mockbackend.Knobs)
		}{
			{5, func(k *mockbackend.Knobs) { k.PageSize = 10 }},
			{5, func(k *mockbackend.Knobs) { k.PageSize, k.TokenAfterLastPage = 11, true }},
			{5, func(k *mockbackend.Knobs) { k.PageSize, k.LinkPrefixV1, k.BOM = 10, true, false }},
			{5, func(k *mockbackend.Knobs) {
				k.PageSize, k.ShuffleOrder, k.UpperCaseGUIDs, k.TotalCountWrong = 10, true, true, true
			}},
			{50, func(k *mockbackend.Knobs) {
				k.PageSize, k.LinkPrefixV1, k.TotalCountWrong = 1, true, true
				k.ShuffleOrder, k.UpperCaseGUIDs, k.BOM, k.BOMOnErrors, k.NumericCodes, k.LongErrors = true, true, false, true, false, true
			}},
		} {
			b := mockbackend.New(mockbackend.Config{Customers: 50})
			b.SetKnobs(func(k *mockbackend.Knobs) { k.ContinuationMode = mode; more.set(k) })
			expectAll(t, b, more.pages)
		}
	}
	// The token after a full last page is answered with 400 and code 2000. The second such answer ends the
	// list.
	full := mockbackend.New(mockbackend.Config{Customers: 1000})
	full.SetKnobs(func(k *mockbackend.Knobs) { k.TokenAfterLastPage = true })
	expectAll(t, full, 4)
	// A page may be smaller than requested, and each request may return another order.
	b := mockbackend.New(mockbackend.Config{Customers: 2500})
	b.SetKnobs(func(k *mockbackend.Knobs) {
		k.ContinuationMode, k.PageSize, k.TokenAfterLastPage, k.ShuffleOrder, k.UpperCaseGUIDs = mockbackend.ContinuationToken, 300, true, true, true
	})
	expectAll(t, b, 9)
}

// expectAll reads the list and compares it with the server's customers.
func expectAll(t *testing.T, b *mockbackend.Backend, pages int) {
	t.Helper()
	want := []any{}
	for _, c := range b.Customers() {
		var reseller any
		if c.IndirectReseller != "" {
			reseller = c.IndirectReseller
		}
		want = append(want, acctest.Values{
			"customer_id": c.ID, "company_name": c.CompanyName, "domain": c.Domain, "relationship_to_partner": "reseller", "indirect_reseller_id": reseller,
		})
	}
	id := func(v any) string { s, _ := v.(acctest.Values)["customer_id"].(string); return s }
	slices.SortFunc(want, func(a, b any) int { return strings.Compare(id(a), id(b)) })
	v, err := read(t, b, nil)
	if err != nil {
		t.Fatalf("%+v: %v", b.Knobs(), err)
	}
	if got := v["customers"]; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v: not the server's %d customers in order", b.Knobs(), len(want))
	}
	if sent := len(acctest.Sent(b)); sent != pages {
		t.Errorf("%+v: %d requests for %d pages", b.Knobs(), sent, pages)
	}
	acctest.FailOnViolations(t, b)
}

// A next page on another host is refused, and nothing is sent there.
func TestProtoCustomers_foreignNextLink(t *testing.T) {
	t.Parallel()
	for _, host := range []func(mockbackend.Endpoints) string{
		func(e mockbackend.Endpoints) string { return e.Elsewhere },
		func(e mockbackend.Endpoints) string { return e.ResourceManager },
		func(mockbackend.Endpoints) string { return "169.254.169.254" },
		func(e mockbackend.Endpoints) string {
			return strings.Replace(e.PartnerCenter, "https://", "http://", 1)
		},
	} {
		b := mockbackend.New(mockbackend.Config{})
		link := host(b.Endpoints())
		b.SetKnobs(func(k *mockbackend.Knobs) { k.PageSize, k.NextLinkHost = 2, link })
		v, err := read(t, b, nil)
		if err == nil || !strings.Contains(err.Error(), "Could not list the customers") || !strings.Contains(err.Error(), "another host") {
			t.Errorf("a link to %s: %v, %v", link, v, err)
		}
		if sent := acctest.Sent(b); len(sent) != 1 {
			t.Errorf("a link to %s: the requests were %v", link, acctest.Routes(sent))
		}
		acctest.FailOnViolations(t, b)
	}
}

func TestProtoCustomers_faults(t *testing.T) {
	t.Parallel()
	acctest.EachReadFault(t, "Could not list the customers", typeName, func(t *testing.T, b *mockbackend.Backend) (*acctest.Protocol, acctest.Values) {
		t.Helper()
		b.SetKnobs(func(k *mockbackend.Knobs) { k.PageSize = 4 })
		return acctest.NewProtocol(t, b, b.User(mockbackend.HelpdeskAgent).RefreshToken), nil
	})
}

// The server selects the customers of an indirect reseller. It requires a user.
func TestProtoCustomers_reseller(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	b.AddCustomer(mockbackend.Customer{CompanyName: "Tailwind", IndirectReseller: mockbackend.TailspinResellerID})
	user := func(config acctest.Values) (acctest.Values, error) {
		return acctest.NewProtocol(t, b, b.User(mockbackend.SalesAgent).RefreshToken).ReadDataSource(t.Context(), typeName, config)
	}
	for _, c := range []struct {
		reseller, prefix any
		want             []string
	}{
		{strings.ToUpper(mockbackend.TailspinResellerID), nil, []string{"Tailspin Demo", "Tailwind"}},
		{mockbackend.TailspinResellerID, "tailw", []string{"Tailwind"}},
		{mockbackend.OtherResellerID, nil, []string{}},
	} {
		b.ResetJournal()
		v, err := user(acctest.Values{"indirect_reseller_id": c.reseller, "company_name_prefix": c.prefix})
		if err != nil {
			t.Fatal(err)
		}
		got := names(t, v)
		slices.Sort(got)
		if sent := acctest.Sent(b); !slices.Equal(got, c.want) || len(sent) != 1 || !strings.Contains(sent[0].Query, "IndirectReseller") {
			t.Errorf("%v: %q by %v, not %q", c.reseller, got, sent, c.want)
		}
	}
	if _, err := read(t, b, acctest.Values{"indirect_reseller_id": mockbackend.TailspinResellerID}); err == nil || !strings.Contains(err.Error(), "900329") {
		t.Errorf("app-only: %v", err)
	}
	if _, err := user(acctest.Values{"indirect_reseller_id": mockbackend.TailspinResellerMPNID}); err == nil || !strings.Contains(err.Error(), "must be a GUID") {
		t.Errorf("a Partner ID: %v", err)
	}
	acctest.FailOnViolations(t, b)
}
