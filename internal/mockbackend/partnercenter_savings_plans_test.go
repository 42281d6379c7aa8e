package mockbackend_test

import (
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestSavingsPlans checks savings plans against DEV/azure-purchase-savings-plan and DEV/subscription-resources.
func TestSavingsPlans(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	path := "/customers/" + mockbackend.ContosoID + "/subscriptions"
	outside, err := b.BuySavingsPlan(mockbackend.ContosoID, contosoUser, mockbackend.Purchase{Commitment: "0.125", TermDuration: "P3Y", AppliedScope: mockbackend.ContosoAzureID, AutoRenew: true})
	if err != nil {
		t.Fatal(err)
	}
	inside, err := b.BuySavingsPlanAsPartner(mockbackend.ContosoID, mockbackend.Purchase{})
	if err != nil || inside.OrderID == "" || outside.OrderID != "" {
		t.Fatalf("%+v, %+v, %v", outside, inside, err)
	}
	body := c.call("GET", path+"/"+outside.ID, nil).body
	for name, want := range map[string]any{
		"offerId": "DZH318Z09V6F:0002:DZH318Z0CXYZ", "unitType": "Benefit", "billingType": "benefit", "termDuration": "P3Y", "status": "active", "autoRenewEnabled": true, "orderId": nil,
	} {
		if body[name] != want {
			t.Errorf("%s is %v, not %v", name, body[name], want)
		}
	}
	line := body["lineItems"].([]any)[0].(map[string]any)
	if got := line["purchaseCommitment"].(map[string]any); got["amount"] != 0.125 || got["currency"] != "USD" || got["grain"] != "Hourly" {
		t.Errorf("commitment %v", got)
	}
	if got := line["scope"].(map[string]any); got["type"] != "Single" || got["entitlementId"] != mockbackend.ContosoAzureID || body["productOrderId"] == nil {
		t.Errorf("scope %v", got)
	}
	if got := c.call("GET", path+"/"+inside.ID, nil).body; got["orderId"] != inside.OrderID || got["offerId"] != "DZH318Z09V6F:0001:DZH318Z0CXYZ" {
		t.Errorf("inside %v", got)
	}
	orders := c.call("GET", ordersPath(mockbackend.ContosoID), nil)
	if order := orders.item(t, inside.OrderID); firstLine(order)["subscriptionId"] != inside.ID {
		t.Errorf("order %v", order)
	}
	if strings.Contains(string(orders.raw), outside.ID) {
		t.Error("the plan bought outside Partner Center has an order")
	}
	if records := purchaseRecords(c); len(records) != 1 || records[0]["userPrincipalName"] != "portal.agent@"+mockbackend.PartnerDomain {
		t.Errorf("records %v", records)
	}
	added := b.AddSubscription(mockbackend.AdatumID, mockbackend.Subscription{SavingsPlan: &mockbackend.SavingsPlan{Commitment: "2", OutsidePartnerCenter: true}})
	if got := c.call("GET", "/customers/"+mockbackend.AdatumID+"/subscriptions/"+added.ID, nil).body; got["billingType"] != "benefit" {
		t.Errorf("added %v", got)
	}
	c.call("GET", path+"/"+outside.ID+"/azureEntitlements", nil).want(t, "no Azure plan", 400, 800011)
}

// TestBareOrders: the fields in the examples of DEV/get-all-of-a-customer-s-orders and …-by-billing-cycle-type.
func TestBareOrders(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.BareOrders = true })
	list := c.call("GET", ordersPath(mockbackend.ContosoID), nil)
	order := list.item(t, mockbackend.ContosoReservationOrderID)
	for _, name := range []string{"alternateId", "transactionType", "client", "totalPrice"} {
		if _, has := order[name]; has {
			t.Errorf("a bare order has %s", name)
		}
	}
	line := firstLine(order)
	for _, name := range []string{"termDuration", "transactionType", "provisioningContext", "subscriptionId"} {
		if _, has := line[name]; has {
			t.Errorf("a bare line has %s", name)
		}
	}
	if links := line["links"].(map[string]any); len(links) != 1 || links["sku"] == nil || order["billingCycle"] != "one_time" {
		t.Errorf("%v", order)
	}
	if licences := c.call("GET", ordersPath(mockbackend.AdatumID), nil).item(t, "7A6B5C4D-3E2F-4109-8C7B-6D5E4F3A2B0B"); firstLine(licences)["subscriptionId"] == nil {
		t.Errorf("a legacy order is bare: %v", licences)
	}
}

// TestRelationships checks DEV/retrieve-a-list-of-indirect-resellers and DEV/get-customers-of-an-indirect-reseller.
func TestRelationships(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	got := c.call("GET", "/relationships?relationship_type=IsIndirectCloudSolutionProviderOf", nil)
	first := got.item(t, mockbackend.TailspinResellerID)
	if len(got.items()) != 2 || first["mpnId"] != mockbackend.TailspinResellerMPNID || first["relationshipType"] != "is_indirect_cloud_solution_provider_of" || first["state"] != "Active" || first["name"] == nil || first["location"] != "US" {
		t.Errorf("%s", got.raw)
	}
	if got := c.call("GET", "/relationships?relationship_type=is_indirect_reseller_of", nil); len(got.items()) != 0 {
		t.Errorf("relationships of the partner as a reseller: %s", got.raw)
	}
	c.call("GET", "/relationships?relationship_type=friend", nil).want(t, "unknown type", 400, 800002)
	if tailspin := c.call("GET", "/customers/"+mockbackend.TailspinID, nil).body; tailspin["associatedPartnerId"] != mockbackend.TailspinResellerID {
		t.Errorf("%v", tailspin)
	}
	b.MoveCustomer(mockbackend.TailspinID, mockbackend.OtherResellerID)
	if tailspin := c.call("GET", "/customers/"+mockbackend.TailspinID, nil).body; tailspin["associatedPartnerId"] != mockbackend.OtherResellerID {
		t.Errorf("moved: %v", tailspin)
	}
	added := b.AddIndirectReseller(mockbackend.IndirectReseller{Name: "New"})
	if all := b.IndirectResellers(); len(all) != 3 || all[2] != added || added.State != "Active" {
		t.Errorf("%v", all)
	}
}
