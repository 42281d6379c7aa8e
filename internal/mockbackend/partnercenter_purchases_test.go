package mockbackend_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// customized returns the details of an audit record.
func customized(record map[string]any) map[string]any {
	data := map[string]any{}
	for _, datum := range record["customizedData"].([]any) {
		data[datum.(map[string]any)["key"].(string)] = datum.(map[string]any)["value"]
	}
	return data
}

// purchaseRecords returns the records of orders in the last 30 days.
func purchaseRecords(c *rawClient) []map[string]any {
	return slices.DeleteFunc(c.call("GET", "/auditrecords", nil).items(), func(record map[string]any) bool { return record["resourceType"] != "order" })
}

func TestCustomerBuys(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	bought, err := b.BuyReservation(mockbackend.ContosoID, contosoUser, mockbackend.Purchase{Quantity: 3, TermDuration: "P3Y", AppliedScope: mockbackend.ContosoAzureID, UnitPriceCents: 12_345})
	if err != nil {
		t.Fatal(err)
	}
	order := c.call("GET", ordersPath(mockbackend.ContosoID)+"?include_price=true", nil).items()[0]
	line := firstLine(order)
	if order["id"] != bought.ID || order["billingCycle"] != "one_time" || order["transactionType"] != "UserPurchase" || order["client"].(map[string]any)["name"] != "Azure Portal" || order["totalPrice"] != 370.35 {
		t.Errorf("order %v", order)
	}
	if line["termDuration"] != "P3Y" || line["quantity"] != 3.0 || strings.Count(line["offerId"].(string), ":") != 2 || line["provisioningContext"] != nil {
		t.Errorf("line %v", line)
	}
	entitlement := c.call("GET", entitlementsPath+"?entitlementType=reservedInstance", nil).items()[0]
	if entitlement["referenceOrder"].(map[string]any)["id"] != bought.ID || entitlement["quantity"] != 3.0 {
		t.Errorf("entitlement %v", entitlement)
	}
	if reservation := c.artifact(entitlement).body["reservations"].([]any)[0].(map[string]any); reservation["scopeType"] != "Single" || reservation["quantity"] != 3.0 {
		t.Errorf("reservation %v", reservation)
	}
	records := purchaseRecords(c)
	if len(records) != 1 {
		t.Fatalf("records %v", records)
	}
	record := records[0]
	data := customized(record)
	if record["operationType"] != "create_order" || record["userPrincipalName"] != contosoUser || record["applicationId"] != "Azure Portal" || record["originalCorrelationId"] != bought.CorrelationID || bought.CorrelationID == "" || record["resourceOldValue"] != nil {
		t.Errorf("record %v", record)
	}
	if data["OrderId"] != bought.ID || data["AlternateId"] != order["alternateId"] || data["BillingCycle"] != "OneTime" || data["OfferId-0"] != line["offerId"] || data["Quantity-0"] != "3" || data["SubscriptionName-0"] != line["friendlyName"] {
		t.Errorf("customizedData %v", data)
	}
	if value, has := data["PartnerOnRecord-0"]; !has || value != nil {
		t.Errorf("no null in %v", data)
	}
	var document map[string]any
	if err := json.Unmarshal([]byte(record["resourceNewValue"].(string)), &document); err != nil {
		t.Fatal(err)
	}
	if document["Id"] != bought.ID || document["LineItems"].([]any)[0].(map[string]any)["Quantity"] != 3.0 || !strings.Contains(record["resourceNewValue"].(string), `"SubscriptionId":null`) {
		t.Errorf("resourceNewValue %v", document)
	}
}

func TestPurchaseRefusals(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	b.SetPermissions(mockbackend.NorthwindID, mockbackend.AzureReservedInstances)
	b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.TailspinAzureID, PrincipalID: mockbackend.TailspinUserID})
	user := func(domain string) string { return "azure.owner@" + domain + "-demo.onmicrosoft.com" }
	for _, test := range []struct {
		customer, user string
		buy            func(string, string, mockbackend.Purchase) (mockbackend.Order, error)
		missing        []mockbackend.Prerequisite
		text           string
	}{
		{mockbackend.AdatumID, user("adatum"), b.BuyReservation, []mockbackend.Prerequisite{mockbackend.NeedsPermission, mockbackend.NeedsOwner}, "has not enabled the permission; the user is not Owner"},
		{mockbackend.ContosoID, mockbackend.ContosoSecondUserID, b.BuyReservation, []mockbackend.Prerequisite{mockbackend.NeedsOwner}, "second.user@contoso-demo.onmicrosoft.com can not buy"},
		{mockbackend.TailspinID, user("tailspin"), func(id, user string, p mockbackend.Purchase) (mockbackend.Order, error) {
			_, err := b.BuySavingsPlan(id, user, p)
			return mockbackend.Order{}, err
		}, []mockbackend.Prerequisite{mockbackend.NeedsPermission}, "has not enabled the permission"},
		{mockbackend.NorthwindID, user("northwind"), b.BuyReservation, []mockbackend.Prerequisite{mockbackend.NeedsAzurePlan, mockbackend.NeedsOwner}, "no active Azure plan"},
		{mockbackend.FabrikamID, user("fabrikam"), b.BuyReservation, []mockbackend.Prerequisite{mockbackend.NeedsPermission, mockbackend.NeedsAzurePlan, mockbackend.NeedsOwner}, "; "},
		{mockbackend.FabrikamID, "", func(id, _ string, p mockbackend.Purchase) (mockbackend.Order, error) {
			return b.BuyReservationAsPartner(id, p)
		}, []mockbackend.Prerequisite{mockbackend.NeedsAzurePlan}, "the partner can not buy"},
	} {
		before := len(b.Orders(test.customer))
		_, err := test.buy(test.customer, test.user, mockbackend.Purchase{})
		refused, ok := errors.AsType[*mockbackend.PurchaseRefused](err)
		if !ok || !slices.Equal(refused.Missing, test.missing) || !strings.Contains(err.Error(), test.text) || refused.CustomerID != test.customer {
			t.Errorf("%s: %v", test.customer, err)
		}
		if len(b.Orders(test.customer)) != before {
			t.Errorf("%s has an order despite %v", test.customer, err)
		}
	}
	for _, purchase := range []mockbackend.Purchase{{TermDuration: "P2Y"}, {Quantity: -1}, {UnitPriceCents: -1}} {
		if _, err := b.BuyReservation(mockbackend.ContosoID, contosoUser, purchase); err == nil {
			t.Errorf("bought %+v", purchase)
		}
	}
	if _, err := b.BuySavingsPlan(mockbackend.ContosoID, contosoUser, mockbackend.Purchase{ReservationType: "sqldatabases"}); err == nil {
		t.Error("bought a savings plan of SQL databases")
	}
	if _, err := b.BuyReservation(mockbackend.ContosoID, contosoUser, mockbackend.Purchase{AppliedScope: mockbackend.AdatumAzureID}); err == nil {
		t.Error("bought with another customer's subscription as scope")
	}
	if _, err := b.BuyReservation(mockbackend.ContosoID, mockbackend.AdatumUserPrincipalName, mockbackend.Purchase{}); err == nil || !strings.Contains(err.Error(), "has no user") {
		t.Errorf("another customer's user: %v", err)
	}
	if _, err := b.BuyReservation("nobody", contosoUser, mockbackend.Purchase{}); err == nil {
		t.Error("a purchase for an unknown customer succeeded")
	}
	for _, entry := range b.AuditRecords() {
		if entry.OperationType == "create_order" && entry.UserPrincipalName != "portal.agent@"+mockbackend.PartnerDomain {
			t.Errorf("a refused purchase is in the activity log: %+v", entry)
		}
	}
}

func TestOwnersBuy(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureReservedInstances)
	bought := func() bool {
		t.Helper()
		_, err := b.BuyReservation(mockbackend.AdatumID, mockbackend.AdatumSecondUserPrincipalName, mockbackend.Purchase{})
		refused, ok := errors.AsType[*mockbackend.PurchaseRefused](err)
		if err != nil && (!ok || !slices.Contains(refused.Missing, mockbackend.NeedsOwner)) {
			t.Fatal(err)
		}
		return err == nil
	}
	subscription := "/subscriptions/" + mockbackend.AdatumAzureID
	for name, test := range map[string]struct {
		assignment mockbackend.RoleAssignment
		buys       bool
	}{
		"Owner":                     {mockbackend.RoleAssignment{PrincipalID: mockbackend.AdatumSecondUserID}, true},
		"Owner through its group":   {mockbackend.RoleAssignment{PrincipalID: mockbackend.AdatumGroupID}, true},
		"Owner above":               {mockbackend.RoleAssignment{PrincipalID: mockbackend.AdatumSecondUserID, Scope: "/providers/Microsoft.Management/managementGroups/all"}, true},
		"Owner of a resource group": {mockbackend.RoleAssignment{PrincipalID: mockbackend.AdatumSecondUserID, Scope: subscription + "/resourceGroups/one"}, false},
		"Contributor":               {mockbackend.RoleAssignment{PrincipalID: mockbackend.AdatumSecondUserID, RoleID: mockbackend.ContributorRole}, false},
		"another user is Owner":     {mockbackend.RoleAssignment{PrincipalID: mockbackend.AdatumUserID}, false},
	} {
		test.assignment.SubscriptionID = mockbackend.AdatumAzureID
		made := b.AssignRole(test.assignment)
		if bought() != test.buys {
			t.Errorf("%s: buys %t", name, !test.buys)
		}
		if test.buys {
			b.SetSubscriptionStatus(mockbackend.AdatumID, mockbackend.AdatumAzureID, "suspended")
			if bought() {
				t.Errorf("%s buys with a suspended Azure subscription", name)
			}
			b.SetSubscriptionStatus(mockbackend.AdatumID, mockbackend.AdatumAzureID, "active")
		}
		b.RemoveAssignment(mockbackend.AdatumAzureID, made.Name)
	}
}

func TestOtherPurchases(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	reservations := func() int {
		return len(c.call("GET", entitlementsPath+"?entitlementType=reservedInstance", nil).items())
	}
	before := reservations()
	plan, err := b.BuyPrePurchasePlan(mockbackend.ContosoID, contosoUser, mockbackend.Purchase{})
	if err != nil || plan.Lines[0].Reservation != nil || reservations() != before || !strings.Contains(plan.Lines[0].FriendlyName, "Pre-Purchase Plan") {
		t.Errorf("pre-purchase plan %+v, %v", plan, err)
	}
	if _, err := b.BuyPrePurchasePlan(mockbackend.ContosoID, contosoUser, mockbackend.Purchase{ReservationType: "sqldatabases"}); err == nil {
		t.Error("bought a pre-purchase plan of SQL databases")
	}
	legacy, err := b.BuyReservationAsPartner(mockbackend.LitwareID, mockbackend.Purchase{ReservationType: "sqldatabases", AppliedScope: mockbackend.LitwareAzureID})
	if err != nil || legacy.Client.Name != "Partner Center Web" || legacy.Lines[0].ProvisioningContext["duration"] != "1Year" || legacy.Lines[0].ProvisioningContext["scope"] != "single" {
		t.Errorf("by the partner %+v, %v", legacy, err)
	}
	records := purchaseRecords(c)
	if len(records) != 2 || records[0]["userPrincipalName"] != "portal.agent@"+mockbackend.PartnerDomain || records[0]["customerId"] != mockbackend.LitwareID || records[1]["userPrincipalName"] != contosoUser {
		t.Errorf("records %v", records)
	}
	c.call("GET", "/customers/"+mockbackend.LitwareID+"/entitlements?entitlementType=virtualmachinereservedinstance", nil).want(t, "old contract", 200, 0)
}

func TestPurchaseAuditKnobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := admin(t, b)
		b.SetKnobs(func(k *mockbackend.Knobs) { k.PurchaseAudit = mockbackend.PurchaseAuditNone })
		buy(t, b)
		if records := purchaseRecords(c); len(records) != 0 {
			t.Errorf("none: %v", records)
		}
		b.SetKnobs(func(k *mockbackend.Knobs) {
			k.PurchaseAudit, k.PurchaseApplicationID = mockbackend.PurchaseAuditAnonymous, true
		})
		buy(t, b)
		if records := purchaseRecords(c); len(records) != 1 || records[0]["userPrincipalName"] != nil || len(records[0]["applicationId"].(string)) != 36 {
			t.Errorf("anonymous: %v", records)
		}
		b.SetKnobs(func(k *mockbackend.Knobs) {
			*k = mockbackend.DefaultKnobs()
			k.AuditDelay = 10 * time.Minute
		})
		buy(t, b)
		if records := purchaseRecords(c); len(records) != 1 {
			t.Errorf("at once: %v", records)
		}
		made := b.AuditRecords()[len(b.AuditRecords())-1]
		c.do(c.request("GET", "/auditactivity/v1/auditrecords/"+made.ID, nil)).want(t, "by id at once", 404, 1000)
		advance(10 * time.Minute)
		if records := purchaseRecords(c); len(records) != 2 || records[0]["operationDate"] != made.OperationDate {
			t.Errorf("after ten minutes: %v", records)
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { k.BareAuditRecords, k.UnknownEnums = true, true })
		record := purchaseRecords(c)[0]
		for _, name := range []string{"customerName", "sessionId", "participants", "applicationId", "originalCorrelationId"} {
			if _, has := record[name]; has {
				t.Errorf("bare record has %s", name)
			}
		}
		if record["operationStatus"] == "succeeded" {
			t.Error("known operationStatus")
		}
	})
}

func TestReturnReservation(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	order := buy(t, b)
	if err := b.ReturnReservation(mockbackend.ContosoID, order.ID); err != nil {
		t.Fatal(err)
	}
	body := c.call("GET", ordersPath(mockbackend.ContosoID)+"/"+order.ID, nil).body
	if body["status"] != "cancelled" || firstLine(body)["transactionType"] != "Cancel" {
		t.Errorf("order %v", body)
	}
	entitlement := c.call("GET", entitlementsPath+"?entitlementType=reservedInstance", nil).items()[0]
	if entitlement["quantity"] != 0.0 || entitlement["quantityDetails"].([]any)[0].(map[string]any)["status"] != "Unfulfilled" {
		t.Errorf("entitlement %v", entitlement)
	}
	if reservation := c.artifact(entitlement).body["reservations"].([]any)[0].(map[string]any); reservation["provisioningState"] != "Cancelled" {
		t.Errorf("reservation %v", reservation)
	}
	record := purchaseRecords(c)[0]
	if record["operationType"] != "update_order" || !strings.Contains(record["resourceOldValue"].(string), `"Status":"completed"`) || !strings.Contains(record["resourceNewValue"].(string), `"Status":"cancelled"`) {
		t.Errorf("record %v", record)
	}
	for _, id := range []string{order.ID, "nothing", mockbackend.ContosoSoftwareOrderID} {
		if err := b.ReturnReservation(mockbackend.ContosoID, id); err == nil {
			t.Errorf("returned %s", id)
		}
	}
	if err := b.ReturnReservation("nobody", order.ID); err == nil {
		t.Error("a return for an unknown customer succeeded")
	}
}

func TestControlPurchases(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	contoso, adatum := "/customers/"+mockbackend.ContosoID, "/customers/"+mockbackend.AdatumID
	for _, step := range []struct {
		method, path, body string
		status             int
		has                string
	}{
		{"GET", contoso + "/orders", "", 200, mockbackend.ContosoReservationOrderID},
		{"GET", "/customers/nobody/orders", "", 404, "nobody"},
		{"POST", contoso + "/orders", `{"lines":[{"offerId":"a:b:c","reservation":{}}]}`, 201, `"type":"virtualmachines"`},
		{"POST", contoso + "/orders", `{"line":1}`, 400, "line"},
		{"POST", "/customers/nobody/orders", `{}`, 404, "nobody"},
		{"POST", contoso + "/purchases", `{"user":"` + contosoUser + `","quantity":2,"termDuration":"P3Y"}`, 201, `"termDuration":"P3Y"`},
		{"POST", contoso + "/purchases", `{"user":"` + contosoUser + `","kind":"savingsPlan"}`, 201, `"outsidePartnerCenter":true`},
		{"POST", contoso + "/purchases", `{"user":"` + contosoUser + `","kind":"prePurchasePlan"}`, 201, `Pre-Purchase Plan`},
		{"POST", contoso + "/subscriptions", `{"savingsPlan":{"commitment":"0.25"}}`, 201, `"commitment":"0.25"`},
		{"GET", "/indirectresellers", "", 200, mockbackend.TailspinResellerID},
		{"POST", "/indirectresellers", `{"name":"Proseware","mpnId":"7654321"}`, 201, `"mpnId":"7654321"`},
		{"POST", "/indirectresellers", `{"id":"proseware"}`, 400, "GUID"},
		{"POST", contoso + "/purchases", `{}`, 201, `"name":"Partner Center Web"`},
		{"POST", contoso + "/purchases", `{"kind":"savingsPlan"}`, 201, `"outsidePartnerCenter":false`},
		{"POST", contoso + "/purchases", `{"kind":"savingsPlan","commitment":"much"}`, 400, "much"},
		{"POST", contoso + "/purchases", `{"kind":"virtual machine"}`, 400, "virtual machine"},
		{"POST", contoso + "/purchases", `{"termDuration":"P9Y"}`, 400, "P9Y"},
		{"POST", contoso + "/purchases", `{"what":1}`, 400, "what"},
		{"POST", adatum + "/purchases", `{"user":"azure.owner@adatum-demo.onmicrosoft.com"}`, 409, `"missing":["permission"`},
		{"POST", "/customers/nobody/purchases", `{}`, 404, "nobody"},
		{"DELETE", contoso + "/orders/" + mockbackend.ContosoReservationOrderID + "/reservation", "", 204, ""},
		{"DELETE", contoso + "/orders/" + mockbackend.ContosoReservationOrderID + "/reservation", "", 404, "cancelled already"},
		{"DELETE", "/customers/nobody/orders/x/reservation", "", 404, "nobody"},
		{"GET", contoso + "/orders", "", 200, `"status":"cancelled"`},
		{"GET", "/", "", 200, "POST /customers/{customer}/purchases\n"},
	} {
		got := control(t, b, step.method, step.path, step.body)
		if got.status != step.status || !strings.Contains(string(got.raw), step.has) {
			t.Errorf("%s %s %s: %d %s", step.method, step.path, step.body, got.status, got.raw)
		}
	}
}
