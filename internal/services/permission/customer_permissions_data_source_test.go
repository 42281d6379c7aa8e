package permission_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const permissionsType = "partnercenter_customer_permissions"

func TestAccCustomerPermissions(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	config := func(name string, arguments ...string) string {
		return fmt.Sprintf("data %q %q {\n  %s\n}\n", permissionsType, name, strings.Join(arguments, "\n  "))
	}
	refused := func(says string, arguments ...string) resource.TestStep {
		return resource.TestStep{Config: b.Config(config("it", arguments...)), ExpectError: acctest.Says(says)}
	}
	is := func(name, attribute string, check knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data."+permissionsType+"."+name, tfjsonpath.New(attribute), check)
	}
	tailspin := knownvalue.ObjectExact(map[string]knownvalue.Check{
		"customer_id": knownvalue.StringExact(mockbackend.TailspinID), "company_name": knownvalue.StringExact("Tailspin Demo"),
		"domain": knownvalue.StringExact("tailspin-demo.onmicrosoft.com"), "azure_reservations": knownvalue.Bool(true), "azure_savings_plans": knownvalue.Bool(false),
		"policy_id": knownvalue.StringExact(policyID(mockbackend.TailspinID)),
	})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			refused("company_name_prefix string length must be at least 1", `company_name_prefix = ""`),
			refused("must be a GUID such as", `customer_ids = ["adatum"]`),
			refused("This attribute contains a null value.", `customer_ids = [null]`),
			refused("cannot be specified when", `customer_ids = []`, `domain_prefix = "a"`),
			refused(`value must be one of: ["fail" "report"]`, `on_error = "ignore"`),
			refused("must be a positive duration such as 30m or 1h30m", `timeouts = { read = "soon" }`),
			refused("Could not read the permissions of customer "+mockbackend.PartnerTenantID, `customer_ids = ["`+mockbackend.PartnerTenantID+`"]`),
			{
				Config: b.Config(
					config("all"), config("tailspin", `company_name_prefix = "TAIL"`, `timeouts = { read = "1m" }`),
					config("named", `customer_ids = ["`+strings.ToUpper(mockbackend.TailspinID)+`"]`, `on_error = "report"`), config("none", `customer_ids = []`),
				),
				ConfigStateChecks: []statecheck.StateCheck{
					is("all", "customers", knownvalue.ListSizeExact(len(b.Customers()))), is("all", "errors", knownvalue.MapExact(nil)),
					is("tailspin", "customers", knownvalue.ListExact([]knownvalue.Check{tailspin})),
					is("named", "customers", knownvalue.ListExact([]knownvalue.Check{tailspin})), is("named", "errors", knownvalue.MapExact(nil)),
					is("none", "customers", knownvalue.ListExact([]knownvalue.Check{})),
				},
			},
		},
	})
}

// A server that throttles makes the read longer, and has no other effect.
func TestAccCustomerPermissions_throttled(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{Customers: 200, Rate: mockbackend.Rate{Requests: 100, Per: time.Second}})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{{
			Config: b.Config(fmt.Sprintf("data %q %q {}", permissionsType, "all")),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("data."+permissionsType+".all", tfjsonpath.New("customers"), knownvalue.ListSizeExact(200)),
			},
		}},
	})
	if b.Counters().Routes[policiesRoute][http.StatusTooManyRequests] == 0 {
		t.Error("the server did not throttle")
	}
}

// fleet returns a mock with some enabled permissions, and a provider that uses it.
func fleet(t testing.TB, config mockbackend.Config) (*mockbackend.Backend, *acctest.Protocol) {
	t.Helper()
	b := mockbackend.New(config)
	for i, c := range b.Customers() {
		b.SetPermissions(c.ID, [][]string{nil, {ri}, {sp}, {sp, ri}}[i%4]...)
	}
	return b, acctest.NewProtocol(t, b, b.User(mockbackend.HelpdeskAgent).RefreshToken)
}

// rows returns what the data source must return for customers, from the data of the mock.
func rows(b *mockbackend.Backend, customers ...mockbackend.Customer) []any {
	byID := func(a, b mockbackend.Customer) int { return cmp.Compare(a.ID, b.ID) }
	out := []any{}
	for _, c := range slices.SortedFunc(slices.Values(customers), byID) {
		var id any
		if p, ok := b.Policy(c.ID); ok {
			if id = p.ID; b.Knobs().UpperCaseGUIDs {
				id = strings.ToUpper(p.ID)
			}
		}
		permissions := acctest.Permissions(b, c.ID)
		out = append(out, acctest.Values{
			"customer_id": c.ID, "company_name": c.CompanyName, "domain": c.Domain,
			"azure_reservations": slices.Contains(permissions, ri), "azure_savings_plans": slices.Contains(permissions, sp), "policy_id": id,
		})
	}
	return out
}

// expectRows compares the data source with the server.
func expectRows(t *testing.T, b *mockbackend.Backend, v acctest.Values, customers ...mockbackend.Customer) {
	t.Helper()
	if want := rows(b, customers...); !reflect.DeepEqual(v["customers"], want) {
		t.Errorf("the customers are\n%v, not\n%v", v["customers"], want)
	}
}

const (
	customersRoute = "GET /v1/customers"
	customerRoute  = "GET /v1/customers/{customer}"
	policiesRoute  = "GET /v1/SelfServePolicy"
)

// expectRequests compares the numbers of requests since the last reset of the counters, and resets them.
func expectRequests(t *testing.T, b *mockbackend.Backend, lists, lookUps, policies int) {
	t.Helper()
	c := b.Counters()
	if got := [3]int{c.Route(customersRoute), c.Route(customerRoute), c.Route(policiesRoute)}; got != [3]int{lists, lookUps, policies} {
		t.Errorf("%d pages, %d customers and %d policies were requested, not %d, %d and %d", got[0], got[1], got[2], lists, lookUps, policies)
	}
	b.ResetCounters()
}

// The result is the same for every page size, order and spelling of the server.
func TestProtoCustomerPermissions_pages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pages int
		set   func(*mockbackend.Knobs)
	}{
		{1, func(*mockbackend.Knobs) {}},
		{5, func(k *mockbackend.Knobs) { k.PageSize, k.ShuffleOrder, k.TotalCountWrong = 12, true, true }},
		{5, func(k *mockbackend.Knobs) {
			k.PageSize, k.UpperCaseGUIDs, k.LinkPrefixV1, k.BOM = 12, true, true, false
		}},
		{60, func(k *mockbackend.Knobs) { k.PageSize, k.ContinuationMode = 1, mockbackend.ContinuationToken }},
	} {
		synctest.Test(t, func(t *testing.T) {
			b, p := fleet(t, mockbackend.Config{Customers: 60})
			b.SetKnobs(c.set)
			v, err := p.ReadDataSource(t.Context(), permissionsType, nil)
			if err != nil {
				t.Fatal(err)
			}
			expectRows(t, b, v, b.Customers()...)
			expectRequests(t, b, c.pages, 0, 60)
			acctest.FailOnViolations(t, b)
		})
	}
}

func TestProtoCustomerPermissions_selects(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, p := fleet(t, mockbackend.Config{Customers: 60})
		all := b.Customers()
		ids := func(customers []mockbackend.Customer) (out []any) {
			for i, c := range customers {
				out = append(out, c.ID)
				if i%2 == 0 {
					out = append(out, strings.ToUpper(c.ID), c.ID)
				}
			}
			return out
		}
		for name, c := range map[string]struct {
			config                   acctest.Values
			want                     []mockbackend.Customer
			lists, lookUps, policies int
		}{
			"a company":                  {acctest.Values{"company_name_prefix": "adatum"}, all[:1], 1, 0, 1},
			"a domain":                   {acctest.Values{"domain_prefix": "LITWARE"}, all[1:2], 1, 0, 1},
			"both":                       {acctest.Values{"company_name_prefix": "customer 0001", "domain_prefix": "customer00012"}, all[11:12], 1, 0, 1},
			"a company and no domain":    {acctest.Values{"company_name_prefix": "adatum", "domain_prefix": "litware"}, nil, 1, 0, 0},
			"none named":                 {acctest.Values{"customer_ids": []any{}}, nil, 0, 0, 0},
			"a few, again in capitals":   {acctest.Values{"customer_ids": ids(all[10:15])}, all[10:15], 0, 5, 5},
			"many, again in capitals":    {acctest.Values{"customer_ids": ids(all[:55])}, all[:55], 1, 0, 55},
			"most IDs with single reads": {acctest.Values{"customer_ids": ids(all[:49])}, all[:49], 0, 49, 49},
			"fewest IDs with the list":   {acctest.Values{"customer_ids": ids(all[:50])}, all[:50], 1, 0, 50},
			"all, failures as a report":  {acctest.Values{"on_error": "report"}, all, 1, 0, 60},
		} {
			b.ResetCounters()
			v, err := p.ReadDataSource(t.Context(), permissionsType, c.config)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			expectRows(t, b, v, c.want...)
			expectRequests(t, b, c.lists, c.lookUps, c.policies)
			if len(p.Warned()) > 0 || len(v["errors"].(acctest.Values)) > 0 {
				t.Errorf("%s: %q, %v", name, p.Warned(), v["errors"])
			}
		}
		acctest.FailOnViolations(t, b)
	})
}

// A customer that fails is reported by name and with what to do, and does not hide other customers.
func TestProtoCustomerPermissions_failures(t *testing.T) {
	t.Parallel()
	unknown := []any{"00000000-0000-4000-8000-000000000001"}
	for i := range 24 {
		unknown = append(unknown, fmt.Sprintf("00000000-0000-4000-8000-0000000001%02d", i))
	}
	broken := mockbackend.Fault{Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: 403, Code: 900308}
	for name, c := range map[string]struct {
		config acctest.Values
		fails  int // number of policies that fail
		failed int
		says   []string
		not    string
	}{
		"one": {nil, 1, 1, []string{
			"Could not read the permissions of 1 of 60 customers", "code 900308", "AdminAgents", `set on_error = "report"`,
		}, "such as"},
		"20":       {nil, 20, 20, []string{"Could not read the permissions of 20 of 60 customers"}, "such as"},
		"more":     {nil, 33, 33, []string{"Could not read the permissions of 33 of 60 customers", "33 customers, such as "}, ""},
		"all":      {nil, 60, 60, []string{"Could not read the permissions of 60 customers"}, ""},
		"unknown":  {acctest.Values{"customer_ids": append(slices.Clone(unknown[:1]), mockbackend.AdatumID)}, 0, 1, []string{unknown[0].(string) + ": ", "Check the customer's ID"}, mockbackend.AdatumID},
		"unknowns": {acctest.Values{"customer_ids": unknown}, 0, 25, []string{"25 customers, such as " + unknown[0].(string), "Check the customer's ID"}, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			b, p := fleet(t, mockbackend.Config{Customers: 60})
			fail := func() {
				if broken.Times = c.fails; c.fails > 0 {
					b.Fail(broken)
				}
			}
			fail()
			v, err := p.ReadDataSource(t.Context(), permissionsType, c.config)
			if err == nil || v != nil {
				t.Fatalf("%s: %v, %v", name, v, err)
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%s: %q is not in\n%v", name, s, err)
				}
			}
			if c.not != "" && strings.Contains(err.Error(), c.not) {
				t.Errorf("%s: %q is in\n%v", name, c.not, err)
			}
			if diags, _ := errors.AsType[acctest.Diagnostics](err); len(diags) != 1 {
				t.Errorf("%s: %d errors", name, len(diags))
			}

			fail()
			config := acctest.Values{"on_error": "report"}
			maps.Copy(config, c.config)
			v, err = p.ReadDataSource(t.Context(), permissionsType, config)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			failed, _ := v["errors"].(acctest.Values)
			if len(failed) != c.failed {
				t.Errorf("%s: %d errors, not %d: %v", name, len(failed), c.failed, failed)
			}
			for id, text := range failed {
				if !strings.Contains(text.(string), "What to do: ") || strings.Contains(text.(string), "Request ID") {
					t.Errorf("%s: %s: %v", name, id, text)
				}
			}
			// The other customers have their values, and none of them is in errors.
			others := slices.DeleteFunc(b.Customers(), func(customer mockbackend.Customer) bool {
				_, is := failed[customer.ID]
				ids, named := c.config["customer_ids"].([]any)
				return is || named && !slices.Contains(ids, any(customer.ID))
			})
			expectRows(t, b, v, others...)
			whose := fmt.Sprintf("%d of %d customers", c.failed, c.failed+len(others))
			if len(others) == 0 {
				whose = fmt.Sprintf("%d customers", c.failed)
			}
			if len(p.Warned()) != 1 || !strings.HasPrefix(p.Warned()[0], "Could not read the permissions of "+whose+"\n") {
				t.Errorf("%s: warned %q", name, p.Warned())
			}
			acctest.FailOnViolations(t, b)
		})
	}
}

// A relationship that ends while the customers are read is not a failure, and a deleted tenant is not one
// either. Without a relationship, no permission is in effect. A deleted tenant is left out.
func TestProtoCustomerPermissions_endsMeanwhile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ status, code, rows, warnings int }{{403, 20002, 60, 1}, {400, 20002, 60, 1}, {404, 60003, 30, 0}} {
		synctest.Test(t, func(t *testing.T) {
			b, p := fleet(t, mockbackend.Config{Customers: 60})
			b.Fail(mockbackend.Fault{Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: c.status, Code: c.code, Times: 30})
			v, err := p.ReadDataSource(t.Context(), permissionsType, nil)
			if err != nil {
				t.Fatal(err)
			}
			list := v["customers"].([]any)
			off := 0
			for _, row := range list {
				if row.(acctest.Values)["policy_id"] == nil {
					off++
				}
			}
			if len(list) != c.rows || len(p.Warned()) != c.warnings || c.warnings > 0 && off < 30 {
				t.Errorf("%d/%d: %d customers, %d of them without a policy, %q", c.status, c.code, len(list), off, p.Warned())
			}
			for _, w := range p.Warned() {
				if !strings.HasPrefix(w, "Customers without a reseller relationship: 30\n") || !strings.HasSuffix(w, "\nand 10 more") {
					t.Errorf("warned %q", w)
				}
			}
		})
	}
}

// A customer whose relationship has ended is not one of the partner's customers, for every answer of the
// server.
func TestProtoCustomerPermissions_relationshipEnded(t *testing.T) {
	t.Parallel()
	for _, how := range []mockbackend.RelationshipEnded{
		mockbackend.RelationshipEndedForbidden, mockbackend.RelationshipEndedNotFound, mockbackend.RelationshipEndedEmptyList,
	} {
		synctest.Test(t, func(t *testing.T) {
			b, p := fleet(t, mockbackend.Config{})
			b.SetKnobs(func(k *mockbackend.Knobs) { k.RelationshipEnded = how })
			b.EndRelationship(customer)
			v, err := p.ReadDataSource(t.Context(), permissionsType, acctest.Values{"customer_ids": []any{customer}})
			if err == nil || !strings.Contains(err.Error(), "Could not read the permissions of customer "+customer) || !strings.Contains(err.Error(), "Partner Center answered ") {
				t.Errorf("%s: %v, %v", how, v, err)
			}
			v, err = p.ReadDataSource(t.Context(), permissionsType, nil)
			if err != nil {
				t.Fatal(err)
			}
			expectRows(t, b, v, slices.DeleteFunc(b.Customers(), func(c mockbackend.Customer) bool { return c.ID == customer })...)
		})
	}
}

// A failure for all customers is one error, even with on_error = "report".
func TestProtoCustomerPermissions_concernsAll(t *testing.T) {
	t.Parallel()
	type fault = mockbackend.Fault
	for name, c := range map[string]struct {
		fault
		appOnly bool
		says    []string
		sent    int // at most
	}{
		"app-only": {appOnly: true, says: []string{"Sign-in without a user cannot read customer permissions", "set refresh_token"}},
		"sign-in": {
			fault: fault{Service: mockbackend.SignIn, Kind: mockbackend.APIError, Status: 400, Code: 700082, Error: "invalid_grant", Times: -1},
			says:  []string{"Could not list the customers", "What to do: ", "(not sent)"},
		},
		"MFA": {
			fault: fault{Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: 401, Code: 900421, Times: -1},
			says:  []string{"Could not read the permissions of the customers", "multifactor authentication"}, sent: 2 + 64,
		},
		"the role": {
			fault: fault{Path: "/SelfServePolicy", Kind: mockbackend.EmptyForbidden, Times: -1},
			says:  []string{"Could not read the permissions of the customers", "AdminAgents"}, sent: 2 + 164,
		},
		"the server, later": {
			fault: fault{Path: "/SelfServePolicy", Kind: mockbackend.HTMLError, Times: -1, Skip: 300},
			says:  []string{"Could not read the permissions of the customers", "Of 1000 customers, 300 were read before."}, sent: 2 + 300 + 5*164,
		},
		"throttled": {
			fault: fault{Path: "/SelfServePolicy", Kind: mockbackend.Throttle, RetryAfter: 3 * time.Hour, Skip: 300},
			says: []string{
				"Could not read the permissions of the customers", "429", "Run again later",
				"Of 1000 customers, ", " were read within the 2h0m0s that it may take", `timeouts = { read = "4h" }`,
			}, sent: 2 + 364,
		},
		"throttled from the start": {
			fault: fault{Kind: mockbackend.Throttle, RetryAfter: 3 * time.Hour, Times: -1},
			says:  []string{"Could not list the customers", "429"}, sent: 1,
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			b, p := fleet(t, mockbackend.Config{Customers: 1000, Latency: 20 * time.Millisecond})
			if c.appOnly {
				p.Restart("")
			} else {
				b.Fail(c.fault)
			}
			start := time.Now()
			v, err := p.ReadDataSource(t.Context(), permissionsType, acctest.Values{"on_error": "report"})
			diags, _ := errors.AsType[acctest.Diagnostics](err)
			if v != nil || len(diags) != 1 {
				t.Fatalf("%s: %v, %v", name, v, err)
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%s: %q is not in\n%v", name, s, err)
				}
			}
			if n := len(acctest.Sent(b)); n > c.sent {
				t.Errorf("%s: %d requests", name, n)
			}
			if d := time.Since(start); d > 5*time.Minute {
				t.Errorf("%s: it took %v", name, d)
			}
		})
	}
}

// If the read is interrupted, it returns at once. The synctest bubble finds remaining goroutines.
func TestProtoCustomerPermissions_interruptedAtScale(t *testing.T) {
	t.Parallel()
	acctest.AtScale(t)
	for _, rate := range []mockbackend.Rate{{}, {Requests: 500, Per: time.Minute}} {
		synctest.Test(t, func(t *testing.T) {
			b, p := fleet(t, mockbackend.Config{Customers: 10_000, Latency: 20 * time.Millisecond, Rate: rate})
			ctx, cancel := context.WithCancel(t.Context())
			start := time.Now()
			time.AfterFunc(3*time.Second, cancel)
			v, err := p.ReadDataSource(ctx, permissionsType, acctest.Values{"on_error": "report"})
			if v != nil || err == nil || !strings.Contains(err.Error(), "The run was interrupted.") {
				t.Errorf("%v, %v", v, err)
			}
			if d := time.Since(start); d != 3*time.Second {
				t.Errorf("returned after %v", d)
			}
			if n := b.Counters().Route(policiesRoute); n < 100 || n > 9000 {
				t.Errorf("the interruption was not in the middle of the read: %d policies", n)
			}
		})
	}
}

// 10,000 customers take one request each, one per page, and one sign-in. The read takes no longer than the
// latency and the number of concurrent requests require.
func TestProtoCustomerPermissions_atScale(t *testing.T) {
	t.Parallel()
	acctest.AtScale(t)
	synctest.Test(t, func(t *testing.T) {
		const latency = 20 * time.Millisecond
		b, p := fleet(t, mockbackend.Config{Customers: 10_000, Latency: latency})
		start := time.Now()
		v, err := p.ReadDataSource(t.Context(), permissionsType, nil)
		if err != nil {
			t.Fatal(err)
		}
		took, floor := time.Since(start), (20+10_000/32)*latency
		if tokens := b.Counters().TokensIssued(); tokens != 1 {
			t.Errorf("%d sign-ins", tokens)
		}
		expectRequests(t, b, 20, 0, 10_000)
		if took > floor+floor/50 {
			t.Errorf("took %v, the floor is %v", took, floor)
		}
		if want := rows(b, b.Customers()...); !reflect.DeepEqual(v["customers"], want) {
			t.Error("the customers are not as the server has them")
		}
	})
}

// At 500 requests per minute, nothing fails and no time is lost. The log says how long the read takes.
func TestProtoCustomerPermissions_pacedAtScale(t *testing.T) {
	t.Parallel()
	acctest.AtScale(t)
	synctest.Test(t, func(t *testing.T) {
		_, p := fleet(t, mockbackend.Config{Customers: 10_000, Latency: 20 * time.Millisecond, Rate: mockbackend.Rate{Requests: 500, Per: time.Minute}})
		var log bytes.Buffer
		start := time.Now()
		v, err := p.ReadDataSource(tflogtest.RootLogger(t.Context(), &log), permissionsType, nil)
		if err != nil {
			t.Fatal(err)
		}
		took, ideal := time.Since(start), 10_020*time.Minute/500
		t.Logf("%.3f of the ideal %v", float64(took)/float64(ideal), ideal)
		if float64(took) > 1.1*float64(ideal) {
			t.Errorf("took %v, the ideal is %v", took, ideal)
		}
		if n := len(v["customers"].([]any)); n != 10_000 {
			t.Errorf("%d customers", n)
		}
		lines, err := tflogtest.MultilineJSONDecode(&log)
		if err != nil {
			t.Fatal(err)
		}
		var progress []string
		for _, l := range lines {
			if m, _ := l["@message"].(string); l["@level"] == "info" && strings.HasPrefix(m, "read ") {
				progress = append(progress, m)
			}
		}
		if len(progress) < 10 || !strings.Contains(progress[len(progress)/2], " of 10,000 customers, about ") || !strings.HasPrefix(progress[len(progress)-1], "read all 10,000 customers in 2") {
			t.Errorf("the log says %q", progress)
		}
	})
}

// The test limits the allocations for each customer, including those of the mock.
func TestProtoCustomerPermissions_memory(t *testing.T) {
	b, p := fleet(t, mockbackend.Config{Customers: 2_000})
	read := func(prefix string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := p.ReadDataSource(t.Context(), permissionsType, acctest.Values{"company_name_prefix": prefix}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	read("adatum") // signs in
	perCustomer := read("customer") / uint64(len(b.Customers()))
	t.Logf("%d KB per customer", perCustomer>>10)
	if perCustomer > 100<<10 {
		t.Errorf("%d bytes per customer", perCustomer)
	}
}

// Each request fails in every way.
func TestProtoCustomerPermissions_faults(t *testing.T) {
	t.Parallel()
	two := []any{mockbackend.ContosoID, mockbackend.TailspinID}
	for name, c := range map[string]struct {
		config acctest.Values
		on     string
	}{
		"all": {acctest.Values{}, "Could not "}, "named": {acctest.Values{"customer_ids": two}, "Could not read the permissions of "},
	} {
		c.config["timeouts"] = acctest.Values{"read": "20m"}
		t.Run(name, func(t *testing.T) {
			acctest.EachReadFault(t, c.on, permissionsType, func(t *testing.T, b *mockbackend.Backend) (*acctest.Protocol, acctest.Values) {
				t.Helper()
				p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
				if err := p.RestartWith(acctest.Values{
					"client_secret": b.Partner().ClientSecret, "refresh_token": b.User(mockbackend.AdminAgent).RefreshToken, "max_concurrent_requests": 1,
				}); err != nil {
					t.Fatal(err)
				}
				return p, c.config
			})
		})
	}
}

// With an indirect reseller, no request is sent for customers of other resellers.
func TestProtoCustomerPermissionsDataSource_reseller(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	p := acctest.NewProtocol(t, b, b.User(mockbackend.SalesAgent).RefreshToken)
	v, err := p.ReadDataSource(t.Context(), "partnercenter_customer_permissions", acctest.Values{"indirect_reseller_id": mockbackend.TailspinResellerID})
	if err != nil {
		t.Fatal(err)
	}
	list := v["customers"].([]any)
	if len(list) != 1 || list[0].(acctest.Values)["customer_id"] != mockbackend.TailspinID || list[0].(acctest.Values)["azure_reservations"] != true || len(acctest.Sent(b)) != 2 {
		t.Errorf("%v by %v", list, acctest.Routes(acctest.Sent(b)))
	}
	if _, err := p.ReadDataSource(t.Context(), "partnercenter_customer_permissions", acctest.Values{"indirect_reseller_id": mockbackend.TailspinResellerID, "customer_ids": []any{mockbackend.ContosoID}}); err == nil || !strings.Contains(err.Error(), "cannot be specified when") {
		t.Errorf("with customer_ids: %v", err)
	}
	acctest.FailOnViolations(t, b)
}
