package mockbackend_test

import (
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestCustomerAgreements: two calls return the two ways to accept the agreement. Both are for users only.
func TestCustomerAgreements(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	list := func(customerID, agreementType string) []any {
		t.Helper()
		got := c.call("GET", "/customers/"+customerID+"/agreements"+agreementType, nil)
		got.want(t, "agreements", 200, nil)
		items, _ := got.body["items"].([]any)
		return items
	}
	signed := func(customerID string) any {
		t.Helper()
		return c.call("GET", "/customers/"+customerID+"/directSignedMicrosoftCustomerAgreementStatus", nil).body["isSigned"]
	}
	const mca = "?agreementType=MicrosoftCustomerAgreement"
	for customerID, want := range map[string]struct {
		confirmed int
		signed    bool
	}{
		mockbackend.AdatumID: {1, false}, mockbackend.ContosoID: {0, true}, mockbackend.LitwareID: {1, false}, mockbackend.FabrikamID: {0, false},
	} {
		if items := list(customerID, mca); len(items) != want.confirmed || signed(customerID) != want.signed {
			t.Errorf("%s: %v, signed directly: %v", customerID, items, signed(customerID))
		}
	}
	item, _ := list(mockbackend.AdatumID, mca)[0].(map[string]any)
	contact, _ := item["primaryContact"].(map[string]any)
	if item["type"] != "MicrosoftCustomerAgreement" || item["dateAgreed"] != "2026-02-03T00:00:00" || contact["lastName"] != "Ruiz" {
		t.Errorf("the agreement is %v", item)
	}
	if len(list(mockbackend.AdatumID, "")) != 0 || len(list(mockbackend.AdatumID, "?agreementType=*")) != 1 {
		t.Error("want no agreements by default (MicrosoftCloudAgreement), and all types with *")
	}
	c.call("GET", "/customers/"+mockbackend.AdatumID+"/agreements?agreementType=x", nil).want(t, "another type", 400, 800002)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.DirectAgreementListed, k.NoAgreementNotFound = true, true })
	if len(list(mockbackend.ContosoID, mca)) != 1 {
		t.Error("a direct acceptance is not listed")
	}
	c.call("GET", "/customers/"+mockbackend.FabrikamID+"/agreements"+mca, nil).want(t, "none", 404, 600009)
	anonymousApp := anonymous(t, b)
	anonymousApp.bearer = anonymousApp.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", "")
	anonymousApp.call("GET", "/customers/"+mockbackend.AdatumID+"/agreements"+mca, nil).want(t, "app-only", 403, 900329)
	if got := c.call("GET", "/agreements"+mca, nil); got.body["totalCount"] != float64(1) {
		t.Errorf("the templates are %v", got.body)
	}
}

// TestCustomerAgreements_confirm: the old way to confirm an acceptance, with field names in upper or lower case.
func TestCustomerAgreements_confirm(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	path := "/customers/" + mockbackend.FabrikamID + "/agreements"
	body := map[string]any{
		"PrimaryContact": map[string]any{"FirstName": "Ana", "LastName": "Ruiz", "Email": "ana@fabrikam-demo.example"},
		"TemplateId":     "117a77b0-9360-443b-8795-c6dedc750cf9", "DateAgreed": "2025-12-01T00:00:00", "Type": "MicrosoftCustomerAgreement",
	}
	c.call("POST", path, body).want(t, "since 2026", 403, 600062)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.OldAttestation = true })
	c.call("POST", path, body).want(t, "before 2026", 201, nil)
	c.call("POST", path, body).want(t, "again", 409, 600061)
	if got := b.CustomerAgreements(mockbackend.FabrikamID).Confirmed; len(got) != 1 || !got[0].DateAgreed.Equal(time.Date(2025, time.December, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the agreements are %+v", got)
	}
	body["Type"] = "MicrosoftCloudAgreement"
	c.call("POST", path, body).want(t, "another type", 400, 3000)
}
