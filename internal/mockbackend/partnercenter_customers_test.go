package mockbackend_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func TestCustomerFilter(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 20})
	c := admin(t, b)
	for filter, want := range map[string]int{
		`{"Field":"CompanyName","Value":"ADA","Operator":"starts_with"}`:                                            1,
		`{"field":"companyname","value":"customer 0000","operator":"Starts_With"}`:                                  3,
		`{"Field":"Domain","Value":"contoso-","Operator":"starts_with"}`:                                            1,
		`{"Field":"CompanyName","Value":"demo","Operator":"starts_with"}`:                                           0,
		`{"Field":"IndirectReseller","Value":"` + mockbackend.TailspinResellerID + `","Operator":"starts_with"}`:    1,
		`{"Field":"IndirectReseller","Value":"` + mockbackend.OtherResellerID + `","Operator":"starts_with"}`:       0,
		`{"Field":"IndirectReseller","Value":"` + mockbackend.TailspinResellerMPNID + `","Operator":"starts_with"}`: 0,
		`{"Field":"IndirectCloudSolutionProvider","Value":"","Operator":"starts_with"}`:                             0,
		`{"Field":"CompanyName","Value":"Ada","Operator":"equals"}`:                                                 -1,
		`{"Field":"Country","Value":"US","Operator":"starts_with"}`:                                                 -1,
		`{"Field":"CompanyName","Value":"Ada","Operator":"starts_with","More":1}`:                                   -1,
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

func TestRenewRelationship(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.EndRelationship(mockbackend.AdatumID)
	c.call("GET", "/SelfServePolicy?entity_id="+mockbackend.AdatumID, nil).want(t, "ended", 403, 20002)
	b.RenewRelationship(mockbackend.AdatumID)
	c.call("GET", "/SelfServePolicy?entity_id="+mockbackend.AdatumID, nil).want(t, "renewed", 200, 0)
	b.RenewRelationship("nobody")
	wantViolation(t, b, "nobody", "RenewRelationship: no customer nobody")
}
