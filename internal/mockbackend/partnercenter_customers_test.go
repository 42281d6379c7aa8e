package mockbackend_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"terraform-provider-partnercenter/internal/mockbackend"
)

// walk reads all pages by links.next or by continuationToken, and returns the ids and the number of pages. A 400/2000 on
// a continuation is the end, as it is for Microsoft's own tool.
func walk(t *testing.T, c *rawClient, path string, byLinks bool) (ids []string, pages int) {
	t.Helper()
	first := path
	for {
		got := c.do(c.request("GET", "/v1"+path, nil))
		if pages > 0 && got.status == 400 && got.code() == 2000 {
			return ids, pages
		}
		if got.status != 200 || pages > 1000 {
			t.Fatalf("page %d: %d %s", pages, got.status, got.raw)
		}
		pages++
		page := string(got.raw)
		for _, item := range strings.Split(page, `{"id":"`)[1:] {
			ids = append(ids, item[:strings.Index(item, `"`)])
		}
		switch next, token := between(page, `"next":{"uri":"`), between(page, `"continuationToken":"`); {
		case byLinks && next != "":
			path = strings.TrimPrefix(next, "/v1")
			c.header.Set("MS-ContinuationToken", between(page, `"headers":[{"key":"MS-ContinuationToken","value":"`))
		case !byLinks && token != "":
			path = first + "&seekOperation=next"
			c.header.Set("MS-ContinuationToken", token)
		default:
			return ids, pages
		}
	}
}

// between reads a string of a body without decoding all of it, which takes longer than everything else here.
func between(body, before string) string {
	_, rest, _ := strings.Cut(body, before)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func TestPagingSeesEachCustomerOnce(t *testing.T) { // rule 16
	total, size := 2500, 500
	if raceDetector { // ten times slower
		total, size = 250, 50
	}
	b := newBackend(t, mockbackend.Config{Customers: total, Seed: 7})
	c := admin(t, b)
	expected := map[string]bool{}
	for _, customer := range b.Customers() {
		expected[customer.ID] = true
	}
	if len(expected) != total {
		t.Fatalf("%d customers", len(expected))
	}
	for _, mode := range []mockbackend.ContinuationMode{mockbackend.ContinuationBoth, mockbackend.ContinuationLinks, mockbackend.ContinuationToken} {
		for flags := range 16 {
			for _, pageSize := range []int{size, size - 1} { // full pages to the end, and a last page that is not full
				b.SetKnobs(func(k *mockbackend.Knobs) {
					k.PageSize, k.ContinuationMode = pageSize, mode
					k.LinkPrefixV1, k.TokenAfterLastPage, k.TotalCountWrong, k.ShuffleOrder = flags&1 != 0, flags&2 != 0, flags&4 != 0, flags&8 != 0
				})
				for _, byLinks := range []bool{true, false} {
					if byLinks && mode == mockbackend.ContinuationToken || !byLinks && mode == mockbackend.ContinuationLinks {
						continue
					}
					c.header.Del("MS-ContinuationToken")
					ids, pages := walk(t, c, fmt.Sprintf("/customers?size=%d", size), byLinks)
					seen := map[string]bool{}
					for _, id := range ids {
						seen[id] = expected[id]
					}
					wantPages := map[int]int{size: 5, size - 1: 6}[pageSize]
					if len(ids) != total || len(seen) != total || pages != wantPages {
						t.Errorf("page size %d, %s, flags %04b, links %t: %d items, %d different, %d pages", pageSize, mode, flags, byLinks, len(ids), len(seen), pages)
					}
				}
			}
		}
	}
}

func TestPageSizes(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 1200})
	c := admin(t, b)
	for query, want := range map[string]int{"": 500, "?size=0": 500, "?size=1": 1, "?size=500": 500, "?size=501": 500} {
		got := c.call("GET", "/customers"+query, nil)
		items, totalCount := strings.Count(string(got.raw), `{"id":"`), fmt.Sprintf(`{"totalCount":%d,`, want)
		if items != want || !strings.Contains(string(got.raw), totalCount) { // rule 17
			t.Errorf("%q: %d items, %.60s", query, items, got.raw)
		}
	}
	for _, query := range []string{"?size=-1", "?size=many", "?seekOperation=Next", "?seekOperation=Last"} {
		c.call("GET", "/customers"+query, nil).want(t, query, 400, 800002)
	}
}

func TestContinuationToken(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 30})
	c := admin(t, b)
	filter := url.QueryEscape(`{"Field":"CompanyName","Value":"customer 000","Operator":"starts_with"}`)
	token := c.call("GET", "/customers?size=10&filter="+filter, nil).body["continuationToken"].(string)
	c.header.Set("MS-ContinuationToken", token)
	// The .NET SDK's seek query sends nothing but the operation and the token.
	if got := c.call("GET", "/customers?seekOperation=Next", nil); len(got.items()) != 10 {
		t.Errorf("seek query of the SDK: %s", got.raw)
	}
	// Both ways to page that are documented have the operation, so whether a token works without it nobody knows.
	if got := c.call("GET", "/customers?size=10&filter="+filter, nil); len(got.items()) != 10 {
		t.Errorf("without the operation: %s", got.raw)
	}
	wantViolation(t, b, "without the operation", "MS-ContinuationToken without seekOperation")
	other := url.QueryEscape(`{"Field":"CompanyName","Value":"c","Operator":"starts_with"}`)
	for _, path := range []string{
		"/customers?size=10&seekOperation=next&filter=" + other, "/customers?size=11&seekOperation=next&filter=" + filter, "/auditrecords?seekOperation=next",
	} {
		c.call("GET", path, nil).want(t, path, 400, 2000)
		wantViolation(t, b, path, "of another query") // a client would take 2000 for the end of the list
	}
	for _, bad := range []string{"nonsense", token[:len(token)-8], "AAAA" + token[4:]} {
		c.header.Set("MS-ContinuationToken", bad)
		c.call("GET", "/customers?size=10&seekOperation=next", nil).want(t, bad, 400, 2000)
		wantViolation(t, b, bad, "of another query")
	}
}

func TestTokenAfterLastPage(t *testing.T) { // rule 16
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.TokenAfterLastPage = true })
	got := c.call("GET", "/customers?size=6", nil)
	if len(got.items()) != 6 || got.body["continuationToken"] == nil {
		t.Fatalf("%s", got.raw)
	}
	c.header.Set("MS-ContinuationToken", got.body["continuationToken"].(string))
	c.call("GET", "/customers?size=6&seekOperation=next", nil).want(t, "after the end", 400, 2000)
}

func TestCustomersAddedAndEndedWhilePaging(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 20})
	c := admin(t, b)
	all := b.Customers()
	token := c.call("GET", "/customers?size=10", nil).body["continuationToken"].(string)
	b.EndRelationship(all[0].ID)
	b.AddCustomer(mockbackend.Customer{CompanyName: "Wingtip Demo"})
	c.header.Set("MS-ContinuationToken", token)
	got := c.call("GET", "/customers?size=10&seekOperation=next", nil).items()
	if len(got) != 10 || got[0]["id"] != all[10].ID {
		t.Errorf("second page begins with %v, want %s", got[0]["id"], all[10].ID)
	}
}

func TestNextLinkHost(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.NextLinkHost = "elsewhere.mock.test" })
	next := c.call("GET", "/customers?size=2", nil).body["links"].(map[string]any)["next"].(map[string]any)
	if uri := next["uri"].(string); !strings.HasPrefix(uri, "https://elsewhere.mock.test/v1/customers?size=2") {
		t.Errorf("uri %s", uri)
	}
	req := c.request("GET", "/", nil)
	req.URL, _ = url.Parse(next["uri"].(string))
	c.do(req)
	wantViolation(t, b, "followed", "a token was sent to another host")
	b.SetKnobs(func(k *mockbackend.Knobs) { k.NextLinkHost = "fabrikam.test" })
	next = c.call("GET", "/customers?size=2", nil).body["links"].(map[string]any)["next"].(map[string]any)
	req.URL, _ = url.Parse(next["uri"].(string))
	if _, err := c.try(req); err == nil {
		t.Error("a host that is not there answered")
	}
	wantViolation(t, b, "followed", "https://fabrikam.test: a token was sent to a host that is not configured")
}

func TestCustomerFilter(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 20})
	c := admin(t, b)
	for filter, want := range map[string]int{
		`{"Field":"CompanyName","Value":"ADA","Operator":"starts_with"}`:                1,
		`{"field":"companyname","value":"customer 0000","operator":"Starts_With"}`:      3,
		`{"Field":"Domain","Value":"contoso-","Operator":"starts_with"}`:                1,
		`{"Field":"CompanyName","Value":"demo","Operator":"starts_with"}`:               0,
		`{"Field":"IndirectReseller","Value":"1234567","Operator":"starts_with"}`:       1,
		`{"Field":"IndirectCloudSolutionProvider","Value":"","Operator":"starts_with"}`: 0,
		`{"Field":"CompanyName","Value":"Ada","Operator":"equals"}`:                     -1,
		`{"Field":"Country","Value":"US","Operator":"starts_with"}`:                     -1,
		`{"Field":"CompanyName","Value":"Ada","Operator":"starts_with","More":1}`:       -1,
		`Adatum`: -1,
	} {
		got := c.call("GET", "/customers?size=0&filter="+url.QueryEscape(filter), nil)
		if want < 0 {
			got.want(t, filter, 400, 800002)
		} else if got.status != 200 || len(got.items()) != want {
			t.Errorf("%s: %d, %d items", filter, got.status, len(got.items()))
		}
	}
}

func TestCustomerForms(t *testing.T) { // DEV/get-a-customer-by-id
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	item := c.call("GET", "/customers?size=1", nil).items()[0]
	full := c.call("GET", "/customers/"+strings.ToUpper(mockbackend.AdatumID), nil).body
	for _, name := range []string{"billingProfile", "allowDelegatedAccess", "customDomains", "commerceId"} {
		if item[name] != nil || full[name] == nil {
			t.Errorf("%s: list %v, get %v", name, item[name], full[name])
		}
	}
	if full["id"] != mockbackend.AdatumID || full["relationshipToPartner"] != "reseller" || full["companyProfile"].(map[string]any)["tenantId"] != mockbackend.AdatumID {
		t.Errorf("customer %v", full)
	}
	c.call("GET", "/customers/0f0f0f0f-1111-4222-8333-444444444444", nil).want(t, "unknown", 404, 60003)
	c.call("GET", "/customers/adatum", nil).want(t, "malformed", 400, 900118)
}

func TestSubscriptions(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 8})
	c := admin(t, b)
	generated := b.Customers()[7].ID
	for path, want := range map[string]int{
		"/customers/" + mockbackend.AdatumID + "/subscriptions":                                                                              2,
		"/customers/" + mockbackend.AdatumID + "/subscriptions?order_id=Qm4xZ1sampleOrder1":                                                  1,
		"/customers/" + mockbackend.AdatumID + "/subscriptions?order_id=qm4xz1sampleorder1":                                                  0,
		"/customers/" + mockbackend.AdatumID + "/subscriptions?order_id=7a6b5c4d-3e2f-4109-8c7b-6d5e4f3a2b0b":                                1,
		"/customers/" + mockbackend.TailspinID + "/subscriptions?mpn_id=" + mockbackend.TailspinResellerMPNID:                                1,
		"/customers/" + mockbackend.AdatumID + "/subscriptions?mpn_id=" + mockbackend.TailspinResellerMPNID:                                  0,
		"/customers/" + generated + "/subscriptions":                                                                                         1,
		"/customers/" + mockbackend.AdatumID + "/subscriptions/" + mockbackend.AdatumAzurePlanID + "/azureEntitlements":                      1,
		"/customers/" + mockbackend.ContosoID + "/subscriptions/" + mockbackend.ContosoAzurePlanID + "/azureEntitlements":                    2,
		"/customers/" + mockbackend.FabrikamID + "/subscriptions/" + strings.ToUpper(mockbackend.FabrikamAzurePlanID) + "/azureEntitlements": 0,
	} {
		got := c.call("GET", path, nil)
		if items, ok := got.body["items"].([]any); !ok || len(items) != want || got.body["links"] != nil {
			t.Errorf("%s: %d %s", path, got.status, got.raw)
		}
	}
	plan := c.call("GET", "/customers/"+mockbackend.AdatumID+"/subscriptions/"+mockbackend.AdatumAzurePlanID, nil).body
	legacy := c.call("GET", "/customers/"+mockbackend.LitwareID+"/subscriptions/"+strings.ToLower(mockbackend.LitwareAzureID), nil).body
	licence := c.call("GET", "/customers/"+mockbackend.AdatumID+"/subscriptions/"+mockbackend.AdatumLicencesID, nil).body
	if plan["offerId"] != mockbackend.AzurePlanOfferID || plan["productType"] == nil || plan["entitlementId"] != nil || plan["billingType"] != "usage" {
		t.Errorf("Azure plan: %v", plan)
	}
	if legacy["id"] != mockbackend.LitwareAzureID || legacy["offerId"] != "MS-AZR-0145P" || legacy["entitlementId"] != legacy["id"] || legacy["productType"] != nil {
		t.Errorf("legacy: %v", legacy)
	}
	if licence["billingType"] != "license" || licence["termDuration"] != "P1Y" || licence["quantity"] != 25.0 {
		t.Errorf("licence: %v", licence)
	}
	for _, item := range []map[string]any{plan, legacy, licence} {
		if _, err := time.Parse(time.RFC3339Nano, item["creationDate"].(string)); err != nil {
			t.Error(err)
		}
	}
	base := "/customers/" + mockbackend.AdatumID + "/subscriptions/"
	c.call("GET", base+"0f0f0f0f-1111-4222-8333-444444444444", nil).want(t, "unknown", 404, 20003)
	c.call("GET", base+mockbackend.AdatumLicencesID+"/azureEntitlements", nil).want(t, "licences", 400, 800011)
	c.call("GET", "/customers/"+mockbackend.LitwareID+"/subscriptions/"+mockbackend.LitwareAzureID+"/azureEntitlements", nil).want(t, "legacy", 400, 800011)
	c.call("GET", base+mockbackend.AdatumAzurePlanID+"/azureEntitlements/"+mockbackend.LitwareID, nil).want(t, "unknown entitlement", 404, 1000)
	entitlement := c.call("GET", base+mockbackend.AdatumAzurePlanID+"/azureEntitlements/"+mockbackend.AdatumAzureID, nil).body
	if fmt.Sprint(entitlement) != "map[friendlyName:Production id:"+mockbackend.AdatumAzureID+" status:active subscriptionId:"+mockbackend.AdatumAzurePlanID+"]" {
		t.Errorf("entitlement: %v", entitlement)
	}

	etag := plan["attributes"].(map[string]any)["etag"]
	b.SetSubscriptionStatus(mockbackend.AdatumID, strings.ToUpper(mockbackend.AdatumAzurePlanID), "suspended")
	plan = c.call("GET", base+mockbackend.AdatumAzurePlanID, nil).body
	if plan["status"] != "suspended" || plan["suspensionReasons"] == nil || plan["attributes"].(map[string]any)["etag"] == etag {
		t.Errorf("suspended: %v", plan)
	}
	b.SetSubscriptionStatus(mockbackend.AdatumID, "nothing", "active")
	wantViolation(t, b, "SetSubscriptionStatus", "has no subscription nothing")
}

func TestSeedIsDeterministic(t *testing.T) {
	one, same, other := mockbackend.New(mockbackend.Config{Seed: 1, Customers: 50}), mockbackend.New(mockbackend.Config{Seed: 1, Customers: 60}), mockbackend.New(mockbackend.Config{Seed: 2, Customers: 50})
	for i, customer := range one.Customers() {
		if same.Customers()[i] != customer {
			t.Errorf("customer %d: %v and %v", i, customer, same.Customers()[i])
		}
		if i >= 6 && other.Customers()[i].ID == customer.ID {
			t.Errorf("customer %d is the same for another seed", i)
		}
	}
	if few := mockbackend.New(mockbackend.Config{Customers: 2}).Customers(); len(few) != 2 || few[1].ID != mockbackend.LitwareID {
		t.Errorf("two customers: %v", few)
	}
}

func BenchmarkNew10000(b *testing.B) {
	for b.Loop() {
		mockbackend.New(mockbackend.Config{Customers: 10_000})
	}
}
