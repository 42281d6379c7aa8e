package mockbackend_test

import (
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func TestAuditRecords(t *testing.T) { // DEV/get-a-record-of-partner-center-activity-by-user
	synctest.Test(t, func(t *testing.T) { // the clock begins on 2000-01-01
		b := newBackend(t, mockbackend.Config{})
		for range 3 { // on January 1, 11 and 21
			b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)
			b.SetSubscriptionStatus(mockbackend.ContosoID, mockbackend.ContosoAzurePlanID, "active")
			advance(10 * 24 * time.Hour)
		}
		c := admin(t, b) // on January 31
		count := func(query string, want int) {
			t.Helper()
			if got := c.call("GET", "/auditrecords"+query, nil); got.status != 200 || len(got.items()) != want {
				t.Errorf("%s: %d, %d items, want %d", query, got.status, len(got.items()), want)
			}
		}
		count("", 6)
		for _, start := range []string{
			"2000-01-05", "2000-01-05T00:00:00Z", "2000-01-05T01:00:00+01:00", "2000-01-05T00:00:00", "1/5/2000", "01/05/2000 00:00:00", "1/5/2000 12:00:00 AM",
		} {
			count("?startDate="+url.QueryEscape(start), 4)
		}
		count("?startDate=2000-01-11&endDate=2000-01-11", 2)
		count("?startDate=2000-01-11&endDate=2000-01-12", 2)
		count("?startDate=2000-01-01&endDate=2000-01-31", 6)
		count("?startDate=2000-01-12&endDate=2000-01-20", 0)
		count("?startDate=1999-12-05", 2) // 30 days
		filter := func(field, value, operator string) string {
			return "?filter=" + url.QueryEscape(`{"Field":"`+field+`","Value":"`+value+`","Operator":"`+operator+`"}`)
		}
		count(filter("CustomerId", mockbackend.AdatumID, "equals"), 3)
		count(filter("CompanyName", "toso d", "substring"), 3)
		count(filter("ResourceType", "SelfServePolicy", "equals"), 3)
		count(filter("ResourceType", "SELFSERVEPOLICY", "equals"), 3)
		count(filter("ResourceType", "Order", "equals"), 0)
		c.call("GET", "/auditrecords"+filter("ResourceType", "self_serve_policy", "equals"), nil).want(t, "snake_case", 400, 800002)
		b.SetKnobs(func(k *mockbackend.Knobs) { k.SnakeCaseResourceTypes = true })
		count(filter("ResourceType", "self_serve_policy", "equals"), 3)
		for _, query := range []string{
			"?startDate=1999-10-01", "?startDate=soon", "?startDate=2000-01-01&endDate=later", "?startDate=2000-01-20&endDate=2000-01-19",
			"?startDate=1999-12-15&endDate=2000-01-20", filter("CustomerId", mockbackend.AdatumID, "substring"), filter("OperationType", "x", "equals"),
			filter("ResourceType", "Reservation", "equals"), "?filter=" + url.QueryEscape(`[{"Field":"CustomerId","Value":"x","Operator":"equals"}]`),
			"?filter=" + url.QueryEscape(`{"Field":"CompanyName","Value":"x","Operator":"substring","And":{}}`),
		} {
			c.call("GET", "/auditrecords"+query, nil).want(t, query, 400, 800002)
		}
		c.call("GET", "/auditrecords"+filter("CustomerId", "adatum", "equals"), nil).want(t, "no GUID", 400, 900118)

		ids, pages := walk(t, c, "/auditrecords?startDate=2000-01-01&size=4", true)
		if len(ids) != 6 || pages != 2 {
			t.Errorf("by links: %d items on %d pages", len(ids), pages)
		}
		c.header.Del("MS-ContinuationToken")
		if ids, pages = walk(t, c, "/auditrecords?startDate=2000-01-01&size=4", false); len(ids) != 6 || pages != 2 {
			t.Errorf("by token: %d items on %d pages", len(ids), pages)
		}
		seen := map[string]bool{}
		for _, record := range b.AuditRecords() {
			seen[record.ID] = true
			if _, err := time.Parse("2006-01-02T15:04:05.0000000Z", record.OperationDate); err != nil {
				t.Error(err)
			}
		}
		if len(seen) != 7 { // including Contoso's order of 40 days ago
			t.Errorf("%d different ids", len(seen))
		}
		advance(80 * 24 * time.Hour)
		user := b.User(mockbackend.AdminAgent)
		user.RefreshToken = b.NewRefreshToken(user) // the first token is also older than 90 days
		c = signedIn(t, b, user)
		c.call("GET", "/auditrecords?startDate=2000-01-05", nil).want(t, "older than 90 days", 400, 800002)
	})
}

func TestAuditActivity(t *testing.T) { // REF/audit-operations
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	for range 5 {
		b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)
	}
	b.SetPermissions(mockbackend.TailspinID, mockbackend.AzureSavingsPlan)
	const base = "/auditactivity/v1/auditrecords"
	get := func(path string) reply { return c.do(c.request("GET", path, nil)) }
	start := "?auditRequest.startDate=" + url.QueryEscape(time.Now().Add(-24*time.Hour).Format(time.RFC3339))
	if got := get(base + start); len(got.items()) != 6 || got.body["continuationToken"] != nil {
		t.Errorf("all: %s", got.raw)
	}
	for query, want := range map[string]int{
		"&auditRequest.filter.field=CustomerId&auditRequest.filter.value=" + mockbackend.TailspinID + "&auditRequest.filter.operator=equals": 1,
		"&auditRequest.filter.field=CustomerId&auditRequest.filter.value=" + mockbackend.TailspinID + "&auditRequest.filter.operator=0":      1,
		"&auditRequest.filter.field=CompanyName&auditRequest.filter.value=ADAT&auditRequest.filter.operator=6":                               5,
		"&auditRequest.endDate=" + url.QueryEscape(time.Now().Add(-time.Hour).Format(time.RFC3339)):                                          0,
	} {
		if got := get(base + start + query); got.status != 200 || len(got.items()) != want {
			t.Errorf("%s: %d, %d items", query, got.status, len(got.items()))
		}
	}
	get(base).want(t, "no start", 400, 800002)
	get(base+"?auditRequest.startDate=2001-01-01").want(t, "too old", 400, 800002)
	get(base+"?seek=nonsense").want(t, "no token", 400, 2000)
	get(base+start+"&auditRequest.filter.field=CustomerId&auditRequest.filter.value=x&auditRequest.filter.operator=substring").want(t, "another operator", 400, 800002)
	get(base+start+"&startDate=2001-01-01").want(t, "the older name", 200, 0)
	wantViolation(t, b, "the older name", "startDate")

	byLinks, byToken, first := map[any]bool{}, map[any]bool{}, base+start+"&auditRequest.size=4&auditRequest.filter.field=ResourceType&auditRequest.filter.value=SelfServePolicy&auditRequest.filter.operator=equals"
	b.SetKnobs(func(k *mockbackend.Knobs) { k.LinkPrefixV1 = true })
	for uri, pages := first, 0; uri != "" && pages < 3; pages++ {
		got := get(uri)
		for _, item := range got.items() {
			byLinks[item["id"]] = true
			if one := get(base + "/" + item["id"].(string)); one.status != 200 || one.body["operationDate"] != item["operationDate"] {
				t.Errorf("by id: %d %s", one.status, one.raw)
			}
		}
		self := got.body["links"].(map[string]any)["self"].(map[string]any)["uri"].(string)
		get(self).want(t, self, 200, 0)
		next, _ := got.body["links"].(map[string]any)["next"].(map[string]any)
		uri, _ = next["uri"].(string)
	}
	for uri, pages := first, 0; uri != "" && pages < 3; pages++ {
		got := get(uri)
		for _, item := range got.items() {
			byToken[item["id"]] = true
		}
		token, more := got.body["continuationToken"].(string)
		if uri = base + "?seek=" + url.QueryEscape(token); !more {
			uri = ""
		}
	}
	if len(byLinks) != 6 || len(byToken) != 6 {
		t.Errorf("%d records by links, %d by token", len(byLinks), len(byToken))
	}
	get(base+"/nothing").want(t, "unknown id", 404, 1000)
}

func TestAddAuditRecord(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)
	yesterday := time.Now().UTC().Add(-24 * time.Hour).Truncate(time.Second)
	for _, ago := range []time.Duration{0, time.Hour, 0} {
		b.AddAuditRecord(mockbackend.AdatumID, mockbackend.AuditRecord{
			OperationType: "something_new", OperationStatus: "decline", OperationDate: yesterday.Add(-ago).Format(time.RFC3339),
			CustomizedData: []mockbackend.CustomizedDatum{{Key: "Nothing"}},
		})
	}
	items := c.call("GET", "/auditrecords", nil).items()
	ids := map[any]bool{}
	for i, item := range items {
		ids[item["id"]] = true
		if i > 0 && item["operationDate"].(string) > items[i-1]["operationDate"].(string) {
			t.Errorf("%v is not newest first", items)
		}
	}
	last := items[len(items)-1]
	if len(ids) != 4 || last["operationType"] != "something_new" || last["operationStatus"] != "decline" || last["userPrincipalName"] != nil || last["customerName"] != "Adatum Demo" || customized(last)["Nothing"] != nil {
		t.Errorf("%d ids, the oldest %v", len(ids), last)
	}
	b.AddAuditRecord("nobody", mockbackend.AuditRecord{})
	wantViolation(t, b, "AddAuditRecord", "no customer nobody")
	b.AddAuditRecord(mockbackend.AdatumID, mockbackend.AuditRecord{OperationDate: "yesterday"})
	wantViolation(t, b, "AddAuditRecord", "yesterday")
}

func TestRecordsWrittenWhilePaging(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	for range 4 {
		b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)
	}
	first := c.call("GET", "/auditrecords?size=2", nil)
	b.SetPermissions(mockbackend.AdatumID)
	c.header.Set("MS-ContinuationToken", first.body["continuationToken"].(string))
	second := c.call("GET", "/auditrecords?size=2&seekOperation=Next", nil)
	seen := map[any]bool{}
	for _, item := range append(first.items(), second.items()...) {
		seen[item["id"]] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d different records", len(seen))
	}
}

// policyRecords returns the audit records of policies.
func policyRecords(b *mockbackend.Backend) []mockbackend.AuditRecord {
	return slices.DeleteFunc(b.AuditRecords(), func(r mockbackend.AuditRecord) bool { return r.ResourceType != "self_serve_policy" })
}
