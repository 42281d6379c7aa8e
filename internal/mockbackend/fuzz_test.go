package mockbackend

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

func FuzzDecodePolicy(f *testing.F) {
	for _, seed := range []string{
		`{"selfServeEntity":{"selfServeEntityType":"customer","tenantID":"` + AdatumID + `"},"grantor":{"grantorType":"billToPartner","tenantID":"` + PartnerTenantID + `"},"permissions":[{"resource":"AzureReservedInstances","action":"Purchase"}]}`,
		`{"Id":null,"Attributes":{"Etag":"\"x\"","ObjectType":"SelfServePolicy"},"Permissions":null}`, `null`, `[]`, `{"links":{"self":1},"extra":2}`, "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		policy, unknown, err := decodePolicy(data)
		if err != nil || unknown != nil {
			return
		}
		if !json.Valid(data) && !json.Valid(data[len(bom):]) {
			t.Fatalf("accepted, but not JSON: %q", data)
		}
		if len(policy.SelfServeEntity.TenantID) != 36 || len(policy.Grantor.TenantID) != 36 || len(policy.resources()) > 2 || len(policy.Permissions) > 0 && len(policy.resources()) == 0 {
			t.Fatalf("accepted: %+v", policy)
		}
	})
}

func FuzzPatchKnobs(f *testing.F) {
	for _, seed := range []string{
		`{"pageSize":2,"latency":"20ms"}`, `{"signInError":{"status":400}}`, `{"signInError":null}`, `{"tokenLifetime":"1h"}`, `{"PAGESIZE":1}`, `{"x":1}`, `{"latency":5}`, `null`, `[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := DefaultKnobs()
		before.SignInError = &SignInError{Status: 401, Code: 1}
		knobs := before
		err := json.Unmarshal(data, &knobs)
		if *before.SignInError != (SignInError{Status: 401, Code: 1}) {
			t.Fatal("the patch wrote into knobs in use")
		}
		if err != nil {
			if knobs != before {
				t.Fatalf("refused, and changed: %+v", knobs)
			}
			return
		}
		if err := knobs.validate(); err != nil {
			t.Fatalf("accepted: %v", err)
		}
		text, err := json.Marshal(knobs)
		if err != nil {
			t.Fatal(err)
		}
		again := DefaultKnobs()
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	})
}

func FuzzAuditPeriod(f *testing.F) {
	today := time.Now().UTC()
	for _, seed := range [][2]string{
		{"", ""},
		{today.Format("2006-01-02"), ""},
		{today.AddDate(0, 0, -30).Format("1/2/2006 3:04:05 PM"), today.Format(time.RFC3339Nano)},
		{"9999-12-31", "0001-01-01"},
		{"", "2000-01-01"},
		{"2000-13-01", "x"},
		{today.AddDate(0, 0, 9).Format("2006-01-02"), ""},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, start, end string) {
		from, until, refused, ok := new(exchange).auditPeriod(start, end)
		if ok != (refused.status == 0) {
			t.Fatalf("%t, %d", ok, refused.status)
		}
		if ok && (until.Sub(from) > auditWindow+24*time.Hour || from.Before(time.Now().Add(-auditKept-24*time.Hour))) {
			t.Fatalf("%q to %q: from %v until %v", start, end, from, until)
		}
	})
}

func FuzzAddOrder(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"id":"5D2C9E80-3F1A-47B6-8C4D-B7A6E5F4D808","lines":[{"offerId":"MS-AZR-0145P"}]}`, `{"billingCycle":"a__b","lines":[{"offerId":"a:b","reservation":{"expires":"2030-01-01T00:00:00Z"}}]}`,
		`{"lines":[{"transactionType":"é","termDuration":"PP","unitPriceCents":-5,"quantity":-1,"software":true}]}`, `[]`, `{"lines":null,"client":{}}`,
	} {
		f.Add([]byte(seed))
	}
	b := New(Config{})
	record := b.customer(NorthwindID)
	f.Fuzz(func(t *testing.T, data []byte) {
		var order Order
		if decodeKnown(data, &order) != nil {
			return
		}
		record.orders = nil
		added := b.addOrder(record, order)
		x := &exchange{knobs: DefaultKnobs()}
		x.knobs.LowerCaseTransactionTypes = true
		bodies := [][]byte{encodeJSON(x.orderBody(record, added, true)), []byte(orderDocument(record, added)), encodeJSON(added.customizedData())}
		for _, line := range b.entitledLines(record) {
			bodies = append(bodies, encodeJSON(x.entitlementBody(record, line, false, true)))
			if line.Reservation != nil {
				bodies = append(bodies, encodeJSON(x.artifactDetails(line, true)))
			}
		}
		for i, body := range bodies {
			if !json.Valid(body) || i == 0 && bytes.Contains(body, []byte(":null")) && !bytes.Contains(data, []byte("null")) {
				t.Fatalf("%s", body)
			}
		}
	})
}
