package mockbackend_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// planCart is the body of a cart with an Azure plan, as on the page of the Azure plan.
func planCart(item string) map[string]any {
	return map[string]any{
		"partnerOnRecordAttestationAccepted": true,
		"lineItems":                          []any{map[string]any{"id": 0, "catalogItemId": item, "quantity": 1, "billingCycle": "one_time"}},
	}
}

// item returns the catalog item ID of the Azure plan in a country.
func item(t *testing.T, c *rawClient, country string) string {
	t.Helper()
	items := c.call("GET", "/products/DZH318Z0BPS6/skus/0001/availabilities?country="+country, nil).items()
	if len(items) != 1 {
		t.Fatalf("%s: %v", country, items)
	}
	id, _ := items[0]["catalogItemId"].(string)
	return id
}

// TestProducts reads the catalog by country and by customer.
func TestProducts(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	us, gb := item(t, c, "US"), item(t, c, "gb")
	if us != mockbackend.AzurePlanOfferID || gb == us || !strings.HasPrefix(gb, "DZH318Z0BPS6:0001:") {
		t.Errorf("US %s, GB %s", us, gb)
	}
	b.AddCustomer(mockbackend.Customer{ID: mockbackend.AdatumUserID, Country: "GB"})
	by := "/customers/" + mockbackend.AdatumUserID
	if got := c.call("GET", by+"/products/DZH318Z0BPS6/skus/0001/availabilities", nil).items(); len(got) != 1 || got[0]["catalogItemId"] != gb {
		t.Errorf("by customer: %v", got)
	}
	for path, want := range map[string]any{
		"/products?country=GB&targetView=MicrosoftAzure": nil, "/products/DZH318Z0BPS6?country=GB": nil, "/products/DZH318Z0BPS6/skus?country=GB": nil,
		"/products/DZH318Z0BPS6/skus/0001?country=GB": nil, "/products/DZH318Z0BPS6/skus/0001/availabilities/" + gb[len(gb)-12:] + "?country=GB": nil,
		by + "/products?targetView=MicrosoftAzure": nil,
		"/products/DZH318Z0XXXX?country=GB":        400013, "/products/DZH318Z0BPS6/skus/0002?country=GB": 400018,
		"/products/DZH318Z0BPS6/skus/0001/availabilities/DZH318Z0BXXX?country=GB": 400019, "/products?country=GB&targetSegment=education": 400030,
		"/products?country=GB&targetView=OnlineServices": 400036, "/products?country=Britain": 800002,
	} {
		if got := c.call("GET", path, nil); got.code() != want {
			t.Errorf("%s: %d %v, not %v", path, got.status, got.code(), want)
		}
	}
	b.RenewAvailabilities()
	if item(t, c, "GB") == gb || item(t, c, "US") == us {
		t.Error("the availabilities are the same")
	}
}

// TestAzurePlan_purchase checks cart, checkout, order, plan and Azure subscription. It also sends the fields of the
// .NET SDK.
func TestAzurePlan_purchase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		b.SetKnobs(func(k *mockbackend.Knobs) {
			k.OrderPendingPolls, k.PlanPendingReads, k.EntitlementDelay, k.AzureDelay, k.OrderDelay = 2, 1, time.Minute, time.Minute, 15*time.Minute
		})
		c := admin(t, b)
		customer := "/customers/" + mockbackend.NorthwindID
		cart := c.call("POST", customer+"/carts", map[string]any{
			"Id": nil, "CreationTimestamp": nil, "ExpirationTimestamp": nil, "LastModifiedTimestamp": nil, "LastModifiedUser": nil, "Status": nil, "PartnerOnRecordAttestationAccepted": true,
			"LineItems": []any{map[string]any{
				"Id": 0, "CatalogItemId": item(t, c, "US"), "FriendlyName": nil, "Quantity": 1, "CurrencyCode": nil, "BillingCycle": "OneTime", "TermDuration": nil, "Participants": nil,
				"ProvisioningContext": nil, "OrderGroup": nil, "AddonItems": nil, "AttestationAccepted": nil, "RenewsTo": nil, "Error": nil,
			}},
			"Links": nil, "Attributes": map[string]any{"Etag": nil, "ObjectType": "Cart"},
		})
		cart.want(t, "cart", 201, nil)
		path := customer + "/carts/" + cart.body["id"].(string)
		if cart.body["status"] != "Active" {
			t.Errorf("the cart is %v", cart.body)
		}
		first := c.call("POST", path+"/checkout", nil)
		first.want(t, "checkout", 201, nil)
		order := first.body["orders"].([]any)[0].(map[string]any)
		if order["status"] != "pending" || order["billingCycle"] != "one_time" || order["lineItems"].([]any)[0].(map[string]any)["subscriptionId"] != nil {
			t.Errorf("the order is %v", order)
		}
		if again := c.call("POST", path+"/checkout", nil); again.body["orders"].([]any)[0].(map[string]any)["id"] != order["id"] {
			t.Errorf("the second checkout: %v", again.body)
		}
		if got := c.call("GET", path, nil); got.body["status"] != "Ordered" {
			t.Errorf("the cart is %v", got.body)
		}
		orderPath := customer + "/orders/" + order["id"].(string)
		for _, want := range []string{"pending", "pending", "completed"} {
			if got := c.call("GET", orderPath, nil).body["status"]; got != want {
				t.Errorf("the order is %v, not %s", got, want)
			}
		}
		if listed := c.call("GET", customer+"/orders", nil).items(); len(listed) != 1 { // the order of the licenses
			t.Errorf("the orders are %v", listed)
		}
		id := c.call("GET", orderPath, nil).body["lineItems"].([]any)[0].(map[string]any)["subscriptionId"].(string)
		plan := customer + "/subscriptions/" + id
		for _, want := range []string{"pending", "active"} {
			if got := c.call("GET", plan, nil).body["status"]; got != want {
				t.Errorf("the plan is %v, not %s", got, want)
			}
		}
		if got := c.call("GET", customer+"/subscriptions?order_id="+order["id"].(string), nil).items(); len(got) != 1 {
			t.Errorf("the subscriptions of the order are %v", got)
		}
		if got := c.call("GET", plan+"/azureEntitlements", nil).items(); len(got) != 0 {
			t.Errorf("Azure subscriptions before the delay: %v", got)
		}
		advance(time.Minute)
		azure := c.call("GET", plan+"/azureEntitlements", nil).items()
		if len(azure) != 1 || azure[0]["friendlyName"] != "Microsoft Azure" || azure[0]["status"] != "active" {
			t.Fatalf("Azure subscriptions: %v", azure)
		}
		there := anonymous(t, b)
		there.bearer = there.token(mockbackend.NorthwindID, resourceManagerScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken)
		arm := "/subscriptions/" + azure[0]["id"].(string)
		if got := there.arm(arm + "?api-version=2022-12-01"); got.status != 404 {
			t.Errorf("Resource Manager before the delay: %d", got.status)
		}
		advance(time.Minute)
		if got := there.arm(arm + "?api-version=2022-12-01"); got.status != 200 {
			t.Errorf("Resource Manager: %d", got.status)
		}
		roles := there.arm(arm + "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01")
		if !strings.Contains(string(roles.raw), "ForeignGroup") {
			t.Errorf("the partner has no role: %s", roles.raw)
		}
	})
}

// TestAzurePlan_refusals checks the conditions under which a purchase is refused.
func TestAzurePlan_refusals(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	us := item(t, c, "US")
	buy := func(customerID string, body map[string]any) reply {
		t.Helper()
		cart := c.call("POST", "/customers/"+customerID+"/carts", body)
		if cart.status != 201 {
			return cart
		}
		return c.call("POST", "/customers/"+customerID+"/carts/"+cart.body["id"].(string)+"/checkout", nil)
	}
	unattested := planCart(us)
	delete(unattested, "partnerOnRecordAttestationAccepted")
	buy(mockbackend.NorthwindID, unattested).want(t, "no attestation", 400, 900206)
	b.SetCustomerAgreements(mockbackend.NorthwindID, mockbackend.CustomerAgreements{})
	buy(mockbackend.NorthwindID, planCart(us)).want(t, "no agreement", 403, 13605)
	old := mockbackend.CustomerAgreement{DateAgreed: time.Date(2022, time.May, 1, 0, 0, 0, 0, time.UTC)}
	b.SetCustomerAgreements(mockbackend.NorthwindID, mockbackend.CustomerAgreements{Confirmed: []mockbackend.CustomerAgreement{old}})
	b.SetKnobs(func(k *mockbackend.Knobs) { k.OutdatedAgreementRefused = true })
	buy(mockbackend.NorthwindID, planCart(us)).want(t, "an old agreement", 403, 13605)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.OutdatedAgreementRefused = false })
	buy(mockbackend.LitwareID, planCart(us)).want(t, "MS-AZR-0145P", 400, 4018)
	for _, second := range []struct {
		knob         mockbackend.SecondPlan
		status, code int
	}{{mockbackend.SecondPlanRefuse, 400, 800009}, {mockbackend.SecondPlanConflict, 409, 800060}, {mockbackend.SecondPlanOrderError, 201, 0}} {
		b.SetKnobs(func(k *mockbackend.Knobs) { k.SecondPlan = second.knob })
		got := buy(mockbackend.AdatumID, planCart(us))
		got.want(t, string(second.knob), second.status, second.code)
		if errs, _ := got.body["orderErrors"].([]any); second.status == 201 && (len(errs) != 1 || len(got.body["orders"].([]any)) != 0) {
			t.Errorf("%s: %v", second.knob, got.body)
		}
	}
	for what, change := range map[string]func(line map[string]any){
		"10001": func(line map[string]any) { line["catalogItemId"] = "DZH318Z0XXXX:0001:DZH318Z0BXXX" },
		"10002": func(line map[string]any) { line["quantity"] = 2 },
		"10010": func(line map[string]any) { line["billingCycle"] = "monthly" },
		"10004": func(line map[string]any) {
			line["participants"] = []any{map[string]any{"key": "x", "value": mockbackend.TailspinResellerMPNID}}
		},
	} {
		body := planCart(us)
		change(body["lineItems"].([]any)[0].(map[string]any))
		cart := c.call("POST", "/customers/"+mockbackend.NorthwindID+"/carts", body)
		cart.want(t, what, 201, nil)
		if line := cart.body["lineItems"].([]any)[0].(map[string]any); line["error"] == nil || line["error"].(map[string]any)["errorCode"] != what {
			t.Errorf("%s: %v", what, line)
		}
		c.call("POST", "/customers/"+mockbackend.NorthwindID+"/carts/"+cart.body["id"].(string)+"/checkout", nil).want(t, what, 400, 800009)
	}
	reseller := planCart(us)
	reseller["lineItems"].([]any)[0].(map[string]any)["participants"] = []any{map[string]any{"key": "transaction_reseller", "value": "1"}}
	buy(mockbackend.NorthwindID, reseller).want(t, "no reseller", 400, 800016)
	b.RenewAvailabilities()
	buy(mockbackend.NorthwindID, planCart(us)).want(t, "an earlier item", 404, 400019)
	c.call("POST", "/customers/"+mockbackend.NorthwindID+"/carts/"+mockbackend.AdatumID+"/checkout", nil).want(t, "no cart", 404, 800008)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.RepeatedCheckout = mockbackend.RepeatedCheckoutRefuse })
	cart := c.call("POST", "/customers/"+mockbackend.NorthwindID+"/carts", planCart(item(t, c, "US")))
	checkout := "/customers/" + mockbackend.NorthwindID + "/carts/" + cart.body["id"].(string) + "/checkout"
	c.call("POST", checkout, nil).want(t, "first", 201, nil)
	c.call("POST", checkout, nil).want(t, "second", 400, 800065)
	c.call("PUT", strings.TrimSuffix(checkout, "/checkout"), planCart(item(t, c, "US"))).want(t, "update", 400, 800065)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.SecondPlan = mockbackend.SecondPlanRefuse })
	buy(mockbackend.NorthwindID, planCart(item(t, c, "US"))).want(t, "in progress", 409, 800060)
	unknown := planCart(us)
	unknown["coupon"] = "x"
	c.call("POST", "/customers/"+mockbackend.NorthwindID+"/carts", unknown).want(t, "unknown field", 400, 800002)
	wantViolation(t, b, "unknown field", "coupon")
}

// TestAzurePlan_order places an order without a cart, as an application and with the numbers of the .NET SDK.
func TestAzurePlan_order(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	c.bearer = c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", "")
	body := map[string]any{
		"PartnerOnRecordAttestationAccepted": true, "ReferenceCustomerId": mockbackend.NorthwindID, "BillingCycle": 4,
		"LineItems": []any{map[string]any{"LineItemNumber": 0, "OfferId": mockbackend.AzurePlanOfferID, "Quantity": 1, "PartnerIdOnRecord": mockbackend.TailspinResellerMPNID}},
	}
	got := c.call("POST", "/customers/"+mockbackend.NorthwindID+"/orders", body)
	got.want(t, "order", 201, nil)
	c.call("GET", "/customers/"+mockbackend.NorthwindID+"/orders/"+got.body["id"].(string), nil).want(t, "get", 200, nil)
	if plans := b.Subscriptions(mockbackend.NorthwindID); len(plans) != 2 || plans[1].PartnerID != mockbackend.TailspinResellerMPNID {
		t.Errorf("the subscriptions are %+v", plans)
	}
	delete(body, "PartnerOnRecordAttestationAccepted")
	c.call("POST", "/customers/"+mockbackend.NorthwindID+"/orders", body).want(t, "no attestation", 400, 900206)
}

// TestSubscriptions_update changes name and status, with stale etags and with active Azure subscriptions below the
// plan.
func TestSubscriptions_update(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := admin(t, b)
		path := "/customers/" + mockbackend.AdatumID + "/subscriptions/" + mockbackend.AdatumAzurePlanID
		read := func() map[string]any { return c.call("GET", path, nil).body }
		with := func(name string, value any) map[string]any {
			body := read()
			body[name] = value
			return body
		}
		stale := with("friendlyName", "x")
		got := c.call("PATCH", path, with("friendlyName", "Adatum plan"))
		got.want(t, "rename", 200, nil)
		if got.body["friendlyName"] != "Adatum plan" || read()["friendlyName"] != "Adatum plan" {
			t.Errorf("the plan is %v", got.body)
		}
		c.call("PATCH", path, stale).want(t, "a stale etag", 400, 2055)
		c.call("PATCH", path, with("status", "suspended")).want(t, "in use", 403, 900115)
		c.call("PATCH", path, with("status", "deleted")).want(t, "another status", 400, 800040)
		c.call("PATCH", path, with("quantity", 2)).want(t, "quantity", 400, 900280)
		entitlement := path + "/azureEntitlements/" + mockbackend.AdatumAzureID
		c.call("POST", entitlement+"/cancel", map[string]any{"cancellationReason": "other"}).want(t, "another reason", 400, 900307)
		c.call("POST", entitlement+"/cancel", map[string]any{"cancellationReason": "compromise"}).want(t, "cancel", 200, nil)
		advance(10 * time.Minute)
		if got := c.call("GET", path+"/azureEntitlements", nil).items(); got[0]["status"] != "inactive" {
			t.Errorf("Azure subscriptions: %v", got)
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { k.UpdateLater = time.Minute })
		later := c.call("PATCH", path, with("status", "suspended"))
		if later.status != 202 || !strings.HasSuffix(later.header.Get("Location"), strings.TrimPrefix(path, "/v1")) || read()["status"] != "active" {
			t.Errorf("later: %d %v %v", later.status, later.header, read()["status"])
		}
		advance(time.Minute)
		if read()["status"] != "suspended" {
			t.Errorf("the plan is %v", read())
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { k.UpdateLater = 0 })
		c.call("PATCH", path, with("status", "active")).want(t, "reactivate", 200, nil)
		c.call("PATCH", path, map[string]any{"id": mockbackend.AdatumAzurePlanID, "attributes": read()["attributes"]}).want(t, "not the whole", 400, 3000)
		wantViolation(t, b, "not the whole", "not the whole subscription")
	})
}
