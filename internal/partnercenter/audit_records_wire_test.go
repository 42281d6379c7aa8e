package partnercenter

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func records(t *testing.T, c *Client, filter AuditFilter) ([]AuditRecord, error) {
	t.Helper()
	var out []AuditRecord
	for r, err := range c.AuditRecords.All(t.Context(), filter) {
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

// asked returns the period and condition of each request.
func asked(requests []*http.Request) (out []string) {
	for _, r := range requests {
		q := r.URL.Query()
		out = append(out, strings.TrimSpace(q.Get("startDate")+" "+q.Get("endDate")+" "+q.Get("filter")))
	}
	return out
}

const none = `{"totalCount":0,"items":[]}`

// TestAuditRecords_windows checks that queries cover the whole period whether or not endDate is
// inclusive, and that no query covers more than 30 days.
func TestAuditRecords_windows(t *testing.T) {
	now := time.Date(2024, time.May, 30, 15, 30, 0, 0, time.UTC)
	at := func(month time.Month, d, hour int) time.Time {
		return time.Date(2024, month, d, hour, 0, 0, 0, time.UTC)
	}
	for name, c := range map[string]struct {
		start, end time.Time
		want       []string
	}{
		"today":                   {at(time.May, 30, 1), time.Time{}, []string{"2024-05-30"}},
		"a month":                 {at(time.May, 1, 0), time.Time{}, []string{"2024-05-01"}},
		"30 days":                 {at(time.April, 30, 16), time.Time{}, []string{"2024-04-30 2024-05-29", "2024-05-29"}},
		"the whole log":           {at(time.March, 1, 16), time.Time{}, []string{"2024-03-01 2024-03-30", "2024-03-30 2024-04-28", "2024-04-28 2024-05-27", "2024-05-27"}},
		"a day long ago":          {at(time.March, 5, 0), at(time.March, 5, 12), []string{"2024-03-05 2024-03-06"}},
		"29 days long ago":        {at(time.March, 5, 0), at(time.April, 2, 12), []string{"2024-03-05 2024-04-03"}},
		"30 days long ago":        {at(time.March, 5, 0), at(time.April, 3, 12), []string{"2024-03-05 2024-04-03", "2024-04-03 2024-04-04"}},
		"until yesterday":         {at(time.May, 28, 0), at(time.May, 29, 12), []string{"2024-05-28"}},
		"until the far future":    {at(time.May, 28, 0), at(time.December, 29, 12), []string{"2024-05-28"}},
		"in another zone":         {at(time.May, 28, 1).In(time.FixedZone("", -8*60*60)), time.Time{}, []string{"2024-05-28"}},
		"until a day's beginning": {at(time.March, 5, 0), at(time.March, 7, 0), []string{"2024-03-05 2024-03-08"}},
	} {
		f := AuditFilter{Start: c.start, End: c.end}
		var got []string
		for _, q := range f.windows(now) {
			got = append(got, strings.TrimSpace(q.Get("startDate")+" "+q.Get("endDate")))
		}
		if err := f.Check(now); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q (%v)", name, got, c.want, err)
		}
	}
}

func FuzzAuditWindows(f *testing.F) {
	f.Add(int64(1717000000), int64(90*24*3600), int64(0))
	f.Add(int64(1717000000), int64(30*24*3600), int64(24*3600))
	f.Add(int64(1717027199), int64(29*24*3600), int64(1))
	f.Fuzz(func(t *testing.T, nowSeconds, age, endAge int64) {
		now := time.Unix(nowSeconds%(1<<33), 0).UTC()
		filter := AuditFilter{Start: now.Add(-time.Duration(age%(100*24*3600)) * time.Second)}
		if endAge != 0 {
			filter.End = now.Add(-time.Duration(endAge%(100*24*3600)) * time.Second)
		}
		if filter.Check(now) != nil {
			return
		}
		last := now
		if !filter.End.IsZero() && filter.End.Before(now) {
			last = filter.End.Add(-time.Nanosecond)
		}
		covered := func(moment time.Time, inclusive bool) bool {
			return slices.ContainsFunc(filter.windows(now), func(q url.Values) bool {
				start, err := time.Parse(time.DateOnly, q.Get("startDate"))
				if err != nil {
					t.Fatal(err)
				}
				end := start.AddDate(0, 0, 30)
				if q.Get("endDate") != "" {
					if end, err = time.Parse(time.DateOnly, q.Get("endDate")); err != nil {
						t.Fatal(err)
					}
					if inclusive {
						end = end.AddDate(0, 0, 1)
					}
				}
				if end.Sub(start) > 30*24*time.Hour || q.Get("endDate") > now.Format(time.DateOnly) {
					t.Errorf("query %s covers more than 30 days or ends in the future", q.Encode())
				}
				return !moment.Before(start) && moment.Before(end)
			})
		}
		for moment := filter.Start; !moment.After(last); moment = moment.Add(12 * time.Hour) {
			for _, inclusive := range []bool{false, true} {
				if !covered(moment, inclusive) || !covered(last, inclusive) {
					t.Fatalf("%s or %s of %v is not covered by the queries %v (now %s)", moment, last, filter, filter.windows(now), now)
				}
			}
		}
	})
}

func TestAuditRecords_conditions(t *testing.T) {
	condition := func(field, value string) string {
		return `{"Field":"` + field + `","Value":"` + value + `","Operator":"equals"}`
	}
	many := make([]string, 11)
	for i := range many {
		many[i] = fmt.Sprintf("x%d", i)
	}
	for name, c := range map[string]struct {
		filter AuditFilter
		want   []string
	}{
		"none":                       {AuditFilter{}, []string{""}},
		"a customer":                 {AuditFilter{CustomerIDs: []string{"c"}}, []string{condition("CustomerId", "c")}},
		"a customer beats a type":    {AuditFilter{CustomerIDs: []string{"c"}, ResourceTypes: []string{"order"}}, []string{condition("CustomerId", "c")}},
		"a type in snake_case":       {AuditFilter{ResourceTypes: []string{"self_serve_policy"}}, []string{condition("ResourceType", "SelfServePolicy")}},
		"a type beats two customers": {AuditFilter{CustomerIDs: []string{"c", "d"}, ResourceTypes: []string{"Order"}}, []string{condition("ResourceType", "Order")}},
		"two customers":              {AuditFilter{CustomerIDs: []string{"c", "d", "C"}}, []string{condition("CustomerId", "c"), condition("CustomerId", "d")}},
		"two customers beat three":   {AuditFilter{CustomerIDs: []string{"c", "d"}, ResourceTypes: []string{"a", "b", "e"}}, []string{condition("CustomerId", "c"), condition("CustomerId", "d")}},
		"many customers":             {AuditFilter{CustomerIDs: many}, []string{""}},
		"many customers, two types":  {AuditFilter{CustomerIDs: many, ResourceTypes: []string{"a", "b"}}, []string{condition("ResourceType", "A"), condition("ResourceType", "B")}},
		"conditions that the server does not support": {AuditFilter{OperationTypes: []string{"x"}, Statuses: []string{"y"}}, []string{""}},
		"no customers": {AuditFilter{CustomerIDs: []string{}}, nil},
		"no statuses":  {AuditFilter{CustomerIDs: []string{"c"}, Statuses: []string{}}, nil},
		"odd values":   {AuditFilter{ResourceTypes: []string{`a"b`}}, []string{condition("ResourceType", `A\"b`)}},
	} {
		if got := c.filter.conditions(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
}

// TestAuditRecords_all expects each record that matches all conditions once, even if queries
// overlap, the server ignores the condition, or pages repeat a record.
func TestAuditRecords_all(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().UTC()
		record := func(id, customer, resource, operation, status string, age time.Duration) string {
			return fmt.Sprintf(`{"id":%q,"customerId":%q,"resourceType":%q,"operationType":%q,"operationStatus":%q,"operationDate":%q}`,
				id, customer, resource, operation, status, now.Add(-age).Format("2006-01-02T15:04:05.0000000Z"))
		}
		body := `{"totalCount":9,"items":[` + strings.Join([]string{
			record("1", "c", "order", "create_order", "succeeded", time.Hour),
			record("1", "c", "order", "create_order", "succeeded", time.Hour),
			record("2", "C", "Order", "CreateOrder", "Succeeded", 80*24*time.Hour),
			record("3", "d", "order", "create_order", "succeeded", time.Hour),
			record("4", "c", "subscription", "create_order", "succeeded", time.Hour),
			record("5", "c", "order", "update_order", "succeeded", time.Hour),
			record("6", "c", "order", "create_order", "failed", time.Hour),
			record("7", "c", "order", "create_order", "succeeded", 81*24*time.Hour),
			record("8", "c", "order", "create_order", "succeeded", time.Minute),
			`{"customerId":"c","resourceType":"order","operationType":"create_order","operationStatus":"succeeded"}`,
		}, ",") + `]}`
		var requests []*http.Request
		got, err := records(t, serving(t, &requests, body, none), AuditFilter{
			Start: now.Add(-80 * 24 * time.Hour), End: now.Add(-time.Minute),
			CustomerIDs: []string{"C"}, ResourceTypes: []string{"order"}, OperationTypes: []string{"create_order"}, Statuses: []string{"succeeded", "x"},
		})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, r := range got {
			ids = append(ids, r.ID)
		}
		if !slices.Equal(ids, []string{"1", "2", ""}) || len(requests) != 3 {
			t.Errorf("%q by %q", ids, asked(requests))
		}
		for _, r := range requests {
			if q := r.URL.Query(); q.Get("size") != "500" || q.Get("filter") != `{"Field":"CustomerId","Value":"c","Operator":"equals"}` {
				t.Errorf("requested %s", r.URL)
			}
		}
	})
}

func TestAuditRecords_check(t *testing.T) {
	now := time.Date(2024, time.May, 30, 15, 30, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		filter AuditFilter
		want   string
	}{
		"no start":       {AuditFilter{}, "the start is missing"},
		"90 days":        {AuditFilter{Start: now.Add(-AuditRetention)}, ""},
		"the same day":   {AuditFilter{Start: time.Date(2024, time.March, 1, 0, 0, 0, 0, time.UTC)}, ""},
		"the day before": {AuditFilter{Start: time.Date(2024, time.February, 29, 23, 59, 59, 0, time.UTC)}, "2024-02-29T23:59:59Z is too early: Partner Center keeps the activity log for 90 days, and the earliest day is 2024-03-01"},
		"the future":     {AuditFilter{Start: now.Add(time.Second)}, "in the future"},
		"backwards":      {AuditFilter{Start: now.Add(-time.Hour), End: now.Add(-2 * time.Hour)}, "is not after the start"},
		"nothing":        {AuditFilter{Start: now.Add(-time.Hour), End: now.Add(-time.Hour)}, "is not after the start"},
	} {
		err := c.filter.Check(now)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var requests []*http.Request
	if got, err := records(t, serving(t, &requests, none), AuditFilter{Start: time.Now().AddDate(0, 0, -100)}); err == nil || len(requests) != 0 {
		t.Errorf("%v, %v by %q", got, err, asked(requests))
	}
}

// auditBodies contains records in every documented form.
var auditBodies = map[string]struct{ body, want string }{
	"documented": {
		`{"id":"p_c_createselfservepolicy_638","partnerId":"p","participants":["p"],"customerId":"c","customerName":"Adatum","userPrincipalName":"u@p","applicationId":"a","sessionId":"s",
		"resourceType":"self_serve_policy","resourceNewValue":"{\"Id\":\"p_c\",\"Links\":null}","operationType":"create_self_serve_policy","originalCorrelationId":"o",
		"operationDate":"2024-05-01T10:15:22.1234567Z","operationStatus":"succeeded","customizedData":[{"key":"CustomerId","value":"c"},{"key":"OfferId-0","value":null}],"attributes":{}}`,
		`p_c_createselfservepolicy_638 c Adatum u@p a self_serve_policy create_self_serve_policy succeeded 2024-05-01T10:15:22.1234567Z o "" "{\"Id\":\"p_c\",\"Links\":null}" [CustomerId=c OfferId-0=null]`,
	},
	"loose values": {
		`{"id":"1","customerName":7,"applicationId":{"x":1},"resourceType":12,"resourceOldValue":{"Id":"x"},"resourceNewValue":"text","operationType":"SomethingNew",
		"operationStatus":true,"operationDate":"2024-05-01T10:15:22","customizedData":[{"key":1,"value":{"a":[1]}}]}`,
		`1  7  {"x":1} 12 something_new true 2024-05-01T10:15:22Z  "{\"Id\":\"x\"}" "\"text\"" [1={"a":[1]}]`,
	},
	"PascalCase": {`{"Id":"1","CustomerId":"c","OperationType":"CreateOrder","OperationDate":"2024-05-01T10:15:22+02:00"}`, `1 c     create_order  2024-05-01T08:15:22Z  "" "" []`},
	"nothing":    {`{}`, `          "" "" []`},
	"nulls":      {`{"id":null,"participants":null,"operationDate":null,"customizedData":null}`, `          "" "" []`},
}

func briefRecord(r AuditRecord) string {
	data := []string{}
	for _, d := range r.CustomizedData {
		value := "null"
		if d.Value != nil {
			value = string(*d.Value)
		}
		data = append(data, string(d.Key)+"="+value)
	}
	return fmt.Sprintf("%s %s %s %s %s %s %s %s %s %s %q %q %s", r.ID, r.CustomerID, r.CustomerName, r.UserPrincipalName, r.ApplicationID, r.ResourceType, r.OperationType,
		r.OperationStatus, r.OperationDate, r.OriginalCorrelationID, r.ResourceOldValue.JSON(), r.ResourceNewValue.JSON(), data)
}

func TestAuditRecords_bodies(t *testing.T) {
	for name, c := range auditBodies {
		for _, mark := range []string{"", "\xef\xbb\xbf"} {
			var got []string
			for r, err := range all[AuditRecord](t.Context(), serving(t, nil, mark+`{"totalCount":1,"items":[`+c.body+`]}`), call{method: http.MethodGet, path: "/auditrecords"}) {
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				got = append(got, briefRecord(r))
			}
			if !reflect.DeepEqual(got, []string{c.want}) {
				t.Errorf("%s:\n%q, not\n%q", name, got, c.want)
			}
		}
	}
}

func FuzzAuditRecord(f *testing.F) {
	for _, c := range auditBodies {
		f.Add([]byte(c.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var r AuditRecord
		if json.Unmarshal(body, &r) != nil {
			return
		}
		for _, value := range []Text{r.ResourceOldValue, r.ResourceNewValue} {
			if s := value.JSON(); s != "" && !json.Valid([]byte(s)) {
				t.Errorf("%q is not JSON", s)
			}
		}
	})
}
