package mockbackend_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const entitlementsPath = "/customers/" + mockbackend.ContosoID + "/entitlements"

func addSQLReservation(b *mockbackend.Backend) mockbackend.Order {
	return b.AddOrder(mockbackend.ContosoID, mockbackend.Order{Lines: []mockbackend.OrderLine{
		{OfferID: "a:b:c", TermDuration: "P1Y"},
		{OfferID: "DZH318Z0BQ5S:001K:x", TermDuration: "P1Y", Reservation: &mockbackend.Reservation{Type: "sqldatabases", ScopeType: "Single", AppliedScopes: []string{"/subscriptions/" + mockbackend.ContosoAzureID}}},
	}})
}

// artifact reads the artifact that an entitlement links to.
func (c *rawClient) artifact(entitlement map[string]any) reply {
	c.t.Helper()
	link := entitlement["entitledArtifacts"].([]any)[0].(map[string]any)["link"].(map[string]any)
	return c.call(link["method"].(string), strings.TrimPrefix(link["uri"].(string), "/v1"), nil)
}

func TestEntitlements(t *testing.T) { // DEV/get-a-collection-of-entitlements
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	sql := addSQLReservation(b)
	c.header.Set("version", "2")
	types := func(query string) string {
		t.Helper()
		got := c.call("GET", entitlementsPath+query, nil)
		got.want(t, query, 200, 0)
		var names []string
		for _, item := range got.items() {
			names = append(names, item["entitlementType"].(string))
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	for query, want := range map[string]string{
		"":                                  "reservedinstance reservedinstance software",
		"?entitlementType=reservedInstance": "reservedinstance reservedinstance",
		"?EntitlementType=RESERVEDINSTANCE": "reservedinstance reservedinstance",
		"?entitlementType=software":         "software",
		"?entitlementType=virtualmachinereservedinstance":                 "virtual_machine_reserved_instance",
		"?entitlementType=VirtualMachineReservedInstance&showExpiry=true": "virtual_machine_reserved_instance",
	} {
		if got := types(query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	c.call("GET", entitlementsPath+"?entitlementType=hardware", nil).want(t, "unknown type", 400, 800002)
	c.call("GET", entitlementsPath+"?showExpiry=later", nil).want(t, "no bool", 400, 800002)
	c.call("GET", "/customers/"+mockbackend.NorthwindID+"/entitlements", nil).want(t, "none", 200, 0)

	got := c.call("GET", entitlementsPath+"?entitlementType=reservedInstance", nil)
	for _, item := range got.items() {
		reference := item["referenceOrder"].(map[string]any)
		order := c.call("GET", ordersPath(mockbackend.ContosoID)+"/"+reference["id"].(string), nil).body
		number := map[string]int{"0": 0, "1": 1}[reference["lineItemId"].(string)]
		line := order["lineItems"].([]any)[number].(map[string]any)
		if !strings.HasPrefix(line["offerId"].(string), item["productId"].(string)+":"+item["skuId"].(string)+":") || line["quantity"] != item["quantity"] || reference["alternateId"] != order["alternateId"] {
			t.Errorf("entitlement %v, line %v", item, line)
		}
		if reference["id"] == sql.ID && (number != 1 || item["entitledArtifacts"].([]any)[0].(map[string]any)["dynamicAttributes"].(map[string]any)["reservationType"] != "sqldatabases") {
			t.Errorf("SQL: %v", item)
		}
		if item["expiryDate"] != nil || len(item["includedEntitlements"].([]any)) != 0 {
			t.Errorf("entitlement %v", item)
		}
	}
	for _, item := range c.call("GET", entitlementsPath+"?entitlementType=reservedInstance&showExpiry=true", nil).items() {
		if _, err := time.Parse("2006-01-02T15:04:05", item["expiryDate"].(string)); err != nil {
			t.Error(err)
		}
	}
}

func TestArtifacts(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	addSQLReservation(b)
	items := c.call("GET", entitlementsPath+"?entitlementType=reservedInstance", nil).items()
	vm := items[slices.IndexFunc(items, func(item map[string]any) bool { return item["quantity"] == 2.0 })]
	details := func(item map[string]any, key string) map[string]any {
		t.Helper()
		got := c.artifact(item)
		list, ok := got.body[key].([]any)
		if got.status != 200 || !ok || len(list) != 1 || len(got.body) != 2 {
			t.Fatalf("%s: %d %s", key, got.status, got.raw)
		}
		return list[0].(map[string]any)
	}
	reservation := details(vm, "reservations")
	if reservation["scopeType"] != "Shared" || reservation["quantity"] != 2.0 || reservation["provisioningState"] != "Created" || len(reservation["appliedScopes"].([]any)) != 0 {
		t.Errorf("reservation %v", reservation)
	}
	from, err := time.Parse("2006-01-02T15:04:05.0000000Z", reservation["effectiveDateTime"].(string))
	until, err2 := time.Parse("2006-01-02T15:04:05", reservation["expiryDateTime"].(string))
	if err != nil || err2 != nil || until.Year()-from.Year() != 3 {
		t.Errorf("from %v until %v, %v %v", from, until, err, err2)
	}
	for _, item := range items {
		if got := details(item, "reservations"); item["quantity"] == 1.0 && (got["scopeType"] != "Single" || got["appliedScopes"].([]any)[0] != "/subscriptions/"+mockbackend.ContosoAzureID) {
			t.Errorf("single scope: %v", got)
		}
	}
	link := vm["entitledArtifacts"].([]any)[0].(map[string]any)["link"].(map[string]any)["uri"].(string)
	c.call("GET", link+"0", nil).want(t, "another resource", 404, 1000)
	c.call("GET", strings.Replace(link, mockbackend.ContosoID, mockbackend.AdatumID, 1), nil).want(t, "another customer", 404, 1000)
	if got := c.call("GET", strings.Replace(link, "reservedinstance", "virtualmachinereservedinstance", 1), nil); got.body["type"] != "virtual_machine_reserved_instance" || got.body["virtualMachineReservations"] == nil {
		t.Errorf("old path: %s", got.raw)
	}

	for _, test := range []struct {
		change func(*mockbackend.Knobs)
		key    string
	}{
		{func(k *mockbackend.Knobs) { k.ReservationsKey = mockbackend.ReservationsKeyOld }, "virtualMachineReservations"},
		{func(k *mockbackend.Knobs) { k.OldEntitlements = true }, "virtualMachineReservations"},
		{func(k *mockbackend.Knobs) {
			k.OldEntitlements, k.ReservationsKey = true, mockbackend.ReservationsKeyNew
		}, "reservations"},
		{func(k *mockbackend.Knobs) { k.LinkPrefixV1 = true }, "reservations"},
	} {
		b.SetKnobs(test.change)
		list := c.call("GET", entitlementsPath+"?entitlementType=reservedInstance", nil).items()
		details(list[len(list)-1], test.key)
		if old := b.Knobs().OldEntitlements; old && (len(list) != 1 || list[0]["dynamicAttributes"] != nil || list[0]["quantityDetails"] != nil || list[0]["skuTitle"] == nil || list[0]["entitlementType"] != "virtual_machine_reserved_instance") {
			t.Errorf("old contract: %v", list)
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { *k = mockbackend.DefaultKnobs() })
	}
}

func TestEntitlementKnobs(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	read := func(change func(*mockbackend.Knobs)) (entitlement, reservation map[string]any) {
		t.Helper()
		b.SetKnobs(func(k *mockbackend.Knobs) {
			*k = mockbackend.DefaultKnobs()
			change(k)
		})
		item := c.call("GET", entitlementsPath+"?entitlementType=reservedInstance&showExpiry=true", nil).items()[0]
		return item, c.artifact(item).body["reservations"].([]any)[0].(map[string]any)
	}
	for where, want := range map[mockbackend.DynamicAttributes][2]bool{
		mockbackend.DynamicAttributesOnEntitlement: {true, false}, mockbackend.DynamicAttributesOnArtifact: {false, true}, mockbackend.DynamicAttributesOnBoth: {true, true},
	} {
		item, _ := read(func(k *mockbackend.Knobs) { k.DynamicAttributes = where })
		artifact := item["entitledArtifacts"].([]any)[0].(map[string]any)
		if got := [2]bool{item["dynamicAttributes"] != nil, artifact["dynamicAttributes"] != nil}; got != want {
			t.Errorf("%s: %v", where, got)
		}
	}
	item, reservation := read(func(k *mockbackend.Knobs) { k.ExpiryWithZone = true })
	for _, date := range []any{item["expiryDate"], reservation["expiryDateTime"]} {
		if _, err := time.Parse(time.RFC3339, date.(string)); err != nil {
			t.Error(err)
		}
	}
	item, reservation = read(func(k *mockbackend.Knobs) { k.NumbersAsStrings = true })
	if item["quantity"] != "2" || reservation["quantity"] != "2" {
		t.Errorf("numbers: %v, %v", item, reservation)
	}
	item, reservation = read(func(k *mockbackend.Knobs) { k.UnknownEnums = true })
	if item["entitlementType"] == "reservedinstance" || reservation["scopeType"] == "Shared" || reservation["provisioningState"] == "Created" {
		t.Errorf("enums: %v, %v", item, reservation)
	}
	for _, status := range []mockbackend.Fulfilment{mockbackend.Fulfilled, mockbackend.Unfulfilled, mockbackend.PrefulfillmentPending} {
		item, _ = read(func(k *mockbackend.Knobs) { k.Fulfilment = status })
		want := 2.0
		if status == mockbackend.Unfulfilled {
			want = 0
		}
		if detail := item["quantityDetails"].([]any)[0].(map[string]any); item["quantity"] != want || !maps.Equal(detail, map[string]any{"quantity": 2.0, "status": string(status)}) {
			t.Errorf("%s: %v", status, item)
		}
	}
}

func TestEntitlementsOfAppOnlyCallers(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	c.bearer = c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", "")
	item := admin(t, b).call("GET", entitlementsPath+"?entitlementType=reservedInstance", nil).items()[0]
	c.call("GET", entitlementsPath, nil).want(t, "app-only", 403, 900329)
	c.artifact(item).want(t, "details app-only", 403, 900329)
	c.call("GET", ordersPath(mockbackend.ContosoID), nil).want(t, "orders app-only", 200, 0)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.EntitlementsAppOnly = true })
	c.call("GET", entitlementsPath, nil).want(t, "app-only by knob", 200, 0)
	c.artifact(item).want(t, "details by knob", 200, 0)
	c.call("GET", "/SelfServePolicy?entity_id="+mockbackend.ContosoID, nil).want(t, "policies app-only", 403, 900329)
}

func TestReservationDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := admin(t, b)
		count := func() int {
			return len(c.call("GET", entitlementsPath+"?entitlementType=reservedInstance", nil).items())
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationDelay = time.Minute })
		buy(t, b)
		if n := count(); n != 1 {
			t.Errorf("%d reservations at once", n)
		}
		advance(time.Minute)
		if n := count(); n != 2 {
			t.Errorf("%d reservations after a minute", n)
		}
	})
}
