package partnercenter

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAuditRecord_orderID(t *testing.T) {
	for body, want := range map[string]string{
		`{"customizedData":[{"key":"AlternateId","value":"a"},{"key":"OrderId","value":"x"}],"resourceNewValue":"{\"Id\":\"y\"}"}`: "x",
		`{"customizedData":[{"key":"orderid","value":" x "}]}`:                                                                     "x",
		`{"customizedData":[{"key":"OrderId","value":12}]}`:                                                                        "12",
		`{"customizedData":[{"key":"OrderId","value":null}],"resourceNewValue":"{\"Id\":\"y\",\"LineItems\":null}"}`:               "y",
		`{"customizedData":[{"key":"OrderId","value":""}],"resourceNewValue":"{\"id\":\"y\"}"}`:                                    "y",
		`{"customizedData":[],"resourceNewValue":{"ID":"y"}}`:                                                                      "y",
		`{"customizedData":null,"resourceNewValue":"{\"Id\":null}"}`:                                                               "",
		`{"resourceNewValue":"order y"}`:                                                                                           "",
		`{"resourceNewValue":"[\"y\"]"}`:                                                                                           "",
		`{"resourceOldValue":"{\"Id\":\"y\"}"}`:                                                                                    "",
		`{}`:                                                                                                                       "",
	} {
		var r AuditRecord
		if err := json.Unmarshal([]byte(body), &r); err != nil || r.orderID() != want {
			t.Errorf("%s is about the order %q, not %q (%v)", body, r.orderID(), want, err)
		}
	}
}

func TestText_allows(t *testing.T) {
	for value, want := range map[string]string{
		`{"Permissions":[{"Resource":"AzureReservedInstances","Action":"Purchase"}]}`: "on",
		`{"permissions":[{"resource":"azurereservedinstances","action":"purchase"}]}`: "on",
		`{"Permissions":[{"Resource":"AzureSavingsPlan","Action":"Purchase"}]}`:       "off",
		`{"Permissions":[{"Resource":"AzureReservedInstances","Action":"Look"}]}`:     "off",
		`{"Permissions":[]}`:                       "off",
		`{"Permissions":null}`:                     "",
		`{"Permissions":"AzureReservedInstances"}`: "",
		`{"Id":"x"}`:                               "",
		`on`:                                       "",
		``:                                         "",
	} {
		on, known := Text(value).allows(AzureReservedInstances)
		if got := map[[2]bool]string{{true, true}: "on", {false, true}: "off"}[[2]bool{on, known}]; got != want {
			t.Errorf("%s says %q, not %q", value, got, want)
		}
	}
}

// TestBuyer_wasEnabled checks the result for all combinations of earlier changes, later changes and the
// current state.
func TestBuyer_wasEnabled(t *testing.T) {
	now := time.Date(2024, time.May, 30, 12, 0, 0, 0, time.UTC)
	at := Time{now.Add(-48 * time.Hour)}
	const on, off = `{"Permissions":[{"Resource":"AzureReservedInstances","Action":"Purchase"}]}`, `{"Permissions":[]}`
	record := func(hours int, operation Enum, before, after Text) AuditRecord {
		return AuditRecord{OperationDate: Time{at.Add(time.Duration(hours) * time.Hour)}, OperationType: operation, ResourceOldValue: before, ResourceNewValue: after}
	}
	create := func(hours int) AuditRecord { return record(hours, "create_self_serve_policy", "", on) }
	deleted := func(hours int) AuditRecord { return record(hours, "delete_self_serve_policy", on, "") }
	update := func(hours int, before, after Text) AuditRecord {
		return record(hours, "update_self_serve_policy", before, after)
	}
	for name, c := range map[string]struct {
		records []AuditRecord
		now     string // on, off, or "" for unknown
		want    string
	}{
		"always enabled":                 {nil, "on", "on"},
		"always disabled":                {nil, "off", "off"},
		"app-only":                       {nil, "", "?The current permission could not be read"},
		"enabled before":                 {[]AuditRecord{create(-1)}, "on", "on"},
		"enabled at the same time":       {[]AuditRecord{create(0)}, "on", "on"},
		"enabled after":                  {[]AuditRecord{create(1)}, "on", "off"},
		"disabled before":                {[]AuditRecord{deleted(-1)}, "off", "off"},
		"disabled after":                 {[]AuditRecord{deleted(1)}, "off", "on"},
		"enabled in between":             {[]AuditRecord{create(-1), deleted(1), create(2)}, "on", "on"},
		"disabled in between":            {[]AuditRecord{deleted(-1), create(1), deleted(2)}, "off", "off"},
		"app-only, enabled before":       {[]AuditRecord{create(-1)}, "", "on"},
		"app-only, disabled after":       {[]AuditRecord{deleted(1)}, "", "on"},
		"widened after":                  {[]AuditRecord{update(1, off, on)}, "on", "off"},
		"narrowed before":                {[]AuditRecord{update(-1, on, off)}, "off", "off"},
		"a change is missing":            {[]AuditRecord{create(-1)}, "off", "?The current permission and the changes in the activity log contradict"},
		"a change in between is missing": {[]AuditRecord{create(-1), create(1)}, "on", "?The current permission and the changes in the activity log contradict"},
		"no values":                      {[]AuditRecord{update(-1, "", ""), update(1, "", "")}, "on", "?The records in the activity log do not say"},
		"one value":                      {[]AuditRecord{update(-1, "", on), update(1, "", "")}, "on", "on"},
		"created, without a value":       {[]AuditRecord{record(1, "create_self_serve_policy", "", "")}, "", "off"},
	} {
		b := buyer{customer: Customer{ID: "c"}, policyKnown: c.now != ""}
		if c.now == "on" {
			b.policy.Permissions = []PolicyPermission{{Resource: string(AzureReservedInstances), Action: purchase}}
		}
		log := &purchaseLog{changes: map[string][]AuditRecord{"c": c.records, "other": {create(-2)}}, from: now.Add(-AuditRetention)}
		is, unknown := b.wasEnabled(AzureReservedInstances, &Purchase{Order: Order{ID: "o"}, BoughtAt: at}, now, log)
		got := map[bool]string{true: "on", false: "off"}[is]
		if unknown != "" {
			got = "?" + unknown
		}
		if !strings.HasPrefix(got, c.want) || unknown == "" && got != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
	}
	b := buyer{policyKnown: true}
	for _, c := range []struct {
		at   Time
		log  *purchaseLog
		want string
	}{
		{Time{}, &purchaseLog{}, "The order has no date."},
		{at, &purchaseLog{none: "No log."}, "No log."},
		{at, &purchaseLog{from: now}, "The order is older than 90 days"},
		{Time{now.Add(-23 * time.Hour)}, &purchaseLog{}, "Unknown for now: the permission is disabled"},
	} {
		if _, unknown := b.wasEnabled(AzureReservedInstances, &Purchase{Order: Order{ID: "o"}, BoughtAt: c.at}, now, c.log); !strings.HasPrefix(unknown, c.want) {
			t.Errorf("%q, not %q", unknown, c.want)
		}
	}
}

func TestDomainOf(t *testing.T) {
	for name, want := range map[string]string{"a@B.example": "b.example", "a@b@c.example": "c.example", "a": "", "": "", "a@": ""} {
		if got := domainOf(name); got != want {
			t.Errorf("the domain of %q is %q, not %q", name, got, want)
		}
	}
}

func FuzzPurchaseRecord(f *testing.F) {
	for _, s := range []string{
		`{"customizedData":[{"key":"OrderId","value":"x"},{"key":"OfferId-0","value":null}]}`, `{"resourceNewValue":"{\"Id\":\"y\",\"Permissions\":null}"}`,
		`{"resourceNewValue":"{\"Permissions\":[{\"Resource\":\"AzureReservedInstances\",\"Action\":\"Purchase\"}]}"}`, `{"resourceNewValue":{"Id":{"Id":1}}}`,
		`{"customizedData":[{"key":{},"value":[]}],"operationType":"deleteSelfServePolicy","resourceOldValue":"{\"permissions\":[null]}"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var r AuditRecord
		if json.Unmarshal(body, &r) != nil {
			return
		}
		id := r.orderID()
		named := slices.ContainsFunc(r.CustomizedData, func(d CustomizedDatum) bool { return d.Value != nil && string(*d.Value) == id })
		if id != "" && !named && !json.Valid([]byte(r.ResourceNewValue)) {
			t.Errorf("the record does not contain %q", id)
		}
		o := Order{ID: id}
		if id != "" && !o.hasID(id, "") {
			t.Errorf("order %q does not match its own ID", id)
		}
		for _, p := range []Permission{AzureReservedInstances, AzureSavingsPlan} {
			for _, value := range []Text{r.ResourceOldValue, r.ResourceNewValue} {
				if on, known := value.allows(p); on && (!known || !json.Valid([]byte(value))) {
					t.Errorf("%s allows %s", value, p)
				}
			}
			if on, known := r.allowedBefore(p); on && !known {
				t.Errorf("enabled but not known: %+v", r)
			}
			if on, known := r.allowedAfter(p); on && !known {
				t.Errorf("enabled but not known: %+v", r)
			}
		}
	})
}

func TestOrder_hasID(t *testing.T) {
	legacy, modern := Order{ID: "5D2C9E80-3F1A-47B6-8C4D-B7A6E5F4D80A"}, Order{ID: "Zk7sampleOrderId_A1-b2C3d4E5f6G71", AlternateID: "a1"}
	for _, c := range []struct {
		order     Order
		id        string
		alternate Text
		want      bool
	}{
		{legacy, "5d2c9e80-3f1a-47b6-8c4d-b7a6e5f4d80a", "", true},
		{modern, "Zk7sampleOrderId_A1-b2C3d4E5f6G71", "", true},
		{modern, "zk7sampleOrderId_A1-b2C3d4E5f6G71", "a1", false},
		{modern, "", "a1", true},
		{modern, "", "", false},
		{legacy, "", "", false},
	} {
		if got := c.order.hasID(c.id, c.alternate); got != c.want {
			t.Errorf("%s is %q, %q: %t", c.order.ID, c.id, c.alternate, got)
		}
	}
}

// TestPurchases_repeatedOrder checks that an order on two pages is one purchase, and that an order without
// a date is listed.
func TestPurchases_repeatedOrder(t *testing.T) {
	const line = `"lineItems":[{"termDuration":"P1Y"}]`
	c := serving(t, nil,
		`{"totalCount":2,"items":[{"id":"a",`+line+`}],"links":{"next":{"uri":"/customers/c/orders?page=2"}}}`,
		`{"totalCount":2,"items":[{"id":"a",`+line+`},{"id":"b",`+line+`}]}`,
		none, none, `{"id":"c","companyProfile":{"companyName":"C"}}`, none, none)
	report, err := c.Purchases.List(t.Context(), PurchaseFilter{Start: time.Now().Add(-time.Hour), CustomerIDs: []string{"C", "c"}})
	if err != nil || report.Failed[0] != nil || report.CustomersRead != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	if p := report.Purchases; len(p) != 2 || p[0].Order.ID != "a" || p[1].Order.ID != "b" || p[0].CustomerName != "C" || p[0].PermissionUnknown != "The order has no date." {
		t.Errorf("the purchases are %+v", p)
	}
}

func TestPolicyChange(t *testing.T) {
	const both, reservations = `{"Permissions":[{"Resource":"AzureReservedInstances","Action":"Purchase"},{"Resource":"AzureSavingsPlan","Action":"Purchase"}]}`,
		`{"Permissions":[{"Resource":"AzureReservedInstances","Action":"Purchase"}]}`
	brief := func(m map[Permission]bool) string {
		if m == nil {
			return "?"
		}
		return strings.TrimSpace(map[bool]string{true: "RI"}[m[AzureReservedInstances]] + map[bool]string{true: " SP"}[m[AzureSavingsPlan]])
	}
	for name, c := range map[string]struct {
		record AuditRecord
		want   string
	}{
		"created":       {AuditRecord{ResourceType: "self_serve_policy", OperationType: "create_self_serve_policy", ResourceNewValue: reservations}, " > RI"},
		"updated":       {AuditRecord{ResourceType: "self_serve_policy", OperationType: "update_self_serve_policy", ResourceOldValue: both, ResourceNewValue: reservations}, "RI SP > RI"},
		"deleted":       {AuditRecord{ResourceType: "self_serve_policy", OperationType: "delete_self_serve_policy", ResourceOldValue: both}, "RI SP > "},
		"no old value":  {AuditRecord{ResourceType: "self_serve_policy", OperationType: "update_self_serve_policy", ResourceNewValue: both}, "? > RI SP"},
		"failed":        {AuditRecord{ResourceType: "self_serve_policy", OperationType: "create_self_serve_policy", ResourceNewValue: both, OperationStatus: "failed"}, "? > ?"},
		"another thing": {AuditRecord{ResourceType: "order", OperationType: "create_order", ResourceNewValue: both}, "? > ?"},
	} {
		before, after := c.record.PolicyChange()
		if got := brief(before) + " > " + brief(after); got != c.want {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
}

func TestByApplication(t *testing.T) {
	const id, other = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202", "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303"
	for application, want := range map[string]string{id: "true", strings.ToUpper(id): "true", other: "false", "Azure Portal": "", "": ""} {
		by, known := AuditRecord{ApplicationID: Text(application)}.ByApplication("00000000-0000-4000-8000-000000000000", id)
		if got := map[[2]bool]string{{true, true}: "true", {false, true}: "false"}[[2]bool{by, known}]; got != want {
			t.Errorf("%q: %q, not %q", application, got, want)
		}
	}
}
