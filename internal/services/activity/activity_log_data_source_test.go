package activity_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const typeName = "partnercenter_activity_log"

// read reads the data source with app-only sign-in.
func read(t *testing.T, b *mockbackend.Backend, config acctest.Values) (acctest.Values, error) {
	t.Helper()
	return acctest.NewProtocol(t, b, "").ReadDataSource(t.Context(), typeName, config)
}

func records(t *testing.T, v acctest.Values) []acctest.Values {
	t.Helper()
	in, ok := v["audit_records"].([]any)
	if !ok {
		t.Fatalf("audit_records is %v", v["audit_records"])
	}
	out := make([]acctest.Values, 0, len(in))
	for _, e := range in {
		out = append(out, e.(acctest.Values))
	}
	return out
}

func TestAccActivityLog(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureReservedInstances)
	const one = "data.partnercenter_activity_log.one"
	text, first := knownvalue.StringExact, tfjsonpath.New("audit_records").AtSliceIndex(0)
	config := func(arguments ...string) string {
		return b.ConfigAs("", "data \"partnercenter_activity_log\" \"one\" {\n"+strings.Join(arguments, "\n")+"\n}\n"+
			"output \"granted\" { value = jsondecode(data.partnercenter_activity_log.one.audit_records[0].resource_new_value).Permissions[0].Resource }")
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{Config: config(`start = "yesterday"`), ExpectError: acctest.Says("The value of start must be a time in RFC 3339 format such as 2026-01-31T00:00:00Z.")},
			{Config: config(`last = "1 week"`), ExpectError: acctest.Says("The value of last must be a duration such as 30d or 36h.")},
			{Config: config(`last = "91d"`), ExpectError: acctest.Says("The value of last must be at most 90d: Partner Center keeps the activity log for 90 days.")},
			{Config: config(`last = "1d"`, `start = "2026-01-31T00:00:00Z"`), ExpectError: acctest.Says("cannot be specified when")},
			{
				Config:      config(`start = "2020-01-31T00:00:00Z"`),
				ExpectError: acctest.Says("2020-01-31T00:00:00Z is too early: Partner Center keeps the activity log for 90 days"),
			},
			{Config: config(`customer_ids = ["adatum"]`), ExpectError: acctest.Says("must be a GUID such as")},
			{Config: config(`customer_ids = []`, `customer_id = "`+mockbackend.AdatumID+`"`), ExpectError: acctest.Says("cannot be specified when")},
			{Config: config(`resource_types = []`), ExpectError: acctest.Says("resource_types list must contain at least 1 elements")},
			{
				Config: config(`customer_id = "`+strings.ToUpper(mockbackend.AdatumID)+`"`, `last = "1h"`, `resource_types = ["SelfServePolicy"]`),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(one, tfjsonpath.New("audit_records"), knownvalue.ListSizeExact(1)),
					statecheck.ExpectKnownValue(one, first, knownvalue.ObjectPartial(map[string]knownvalue.Check{
						"operation_type": text("create_self_serve_policy"), "operation_status": text("succeeded"), "resource_type": text("self_serve_policy"),
						"customer_id": text(mockbackend.AdatumID), "company_name": text("Adatum Demo"), "resource_old_value": knownvalue.Null(),
						"customized_data": knownvalue.MapExact(map[string]knownvalue.Check{"CustomerId": text(mockbackend.AdatumID)}),
					})),
					statecheck.ExpectKnownOutputValue("granted", text(mockbackend.AzureReservedInstances)),
				},
			},
		},
	})
}

// logged returns a server whose log has records of all kinds and ages. The old value of a record is its name.
func logged() *mockbackend.Backend {
	b := mockbackend.New(mockbackend.Config{})
	now := time.Now().Truncate(time.Second)
	for i, r := range []struct {
		customerID, resource, operation, status string
		days                                    int
	}{
		{mockbackend.AdatumID, "order", "create_order", "succeeded", 1},
		{mockbackend.AdatumID, "order", "create_order", "failed", 2},
		{mockbackend.LitwareID, "order", "create_order", "succeeded", 2},
		{mockbackend.AdatumID, "self_serve_policy", "update_self_serve_policy", "succeeded", 29},
		{mockbackend.AdatumID, "subscription", "update_subscription", "succeeded", 31},
		{mockbackend.ContosoID, "order", "update_order", "decline", 59},
		{mockbackend.LitwareID, "self_serve_policy", "delete_self_serve_policy", "succeeded", 60},
		{mockbackend.AdatumID, "order", "create_order", "succeeded", 89},
		{mockbackend.AdatumID, "order", "create_order", "succeeded", 100},
	} {
		b.AddAuditRecord(r.customerID, mockbackend.AuditRecord{
			ResourceType: r.resource, OperationType: r.operation, OperationStatus: r.status, ResourceOldValue: fmt.Sprint(i), ResourceNewValue: "text",
			OperationDate: now.Add(-time.Duration(r.days) * 24 * time.Hour).Format(time.RFC3339), CustomizedData: []mockbackend.CustomizedDatum{{Key: "OfferId-0"}},
		})
	}
	return b
}

// names returns the names of the records, in the order of the list, without those of the mock's seed.
func names(t *testing.T, v acctest.Values) string {
	t.Helper()
	var out []string
	for _, r := range records(t, v) {
		if name, _ := r["resource_old_value"].(string); name != "" {
			out = append(out, name)
		}
	}
	return strings.Join(out, " ")
}

func TestProtoActivityLog_filters(t *testing.T) {
	t.Parallel()
	b := logged()
	moment := func(days int) string {
		return time.Now().Add(-time.Duration(days)*24*time.Hour - time.Hour).Format(time.RFC3339)
	}
	for _, c := range []struct {
		config  acctest.Values
		want    string
		queries int
		filter  string // field of the filter in the request
	}{
		{nil, "0 1 2 3", 2, ""},
		{acctest.Values{"last": "90d"}, "0 1 2 3 4 5 6 7", 4, ""},
		{acctest.Values{"last": "2160h"}, "0 1 2 3 4 5 6 7", 4, ""},
		{acctest.Values{"last": "25h"}, "0", 1, ""},
		{acctest.Values{"last": "90d", "customer_id": mockbackend.AdatumID}, "0 1 3 4 7", 4, "CustomerId"},
		{acctest.Values{"last": "90d", "customer_id": mockbackend.AdatumID, "resource_types": []any{"order"}}, "0 1 7", 4, "CustomerId"},
		{acctest.Values{"last": "90d", "resource_types": []any{"order"}}, "0 1 2 5 7", 4, "ResourceType"},
		{acctest.Values{"last": "90d", "resource_types": []any{"Order", "self_serve_policy"}}, "0 1 2 3 5 6 7", 8, "ResourceType"},
		{acctest.Values{"last": "5d", "customer_ids": []any{mockbackend.AdatumID, strings.ToUpper(mockbackend.LitwareID), mockbackend.AdatumID}}, "0 1 2", 2, "CustomerId"},
		{acctest.Values{"last": "90d", "customer_ids": []any{}}, "", 0, ""},
		{acctest.Values{"last": "90d", "operation_types": []any{"create_order", "DeleteSelfServePolicy"}}, "0 1 2 6 7", 4, ""},
		{acctest.Values{"last": "90d", "operation_types": []any{"create_order"}, "statuses": []any{"Succeeded"}, "customer_ids": []any{mockbackend.LitwareID}}, "2", 4, "CustomerId"},
		{acctest.Values{"last": "90d", "statuses": []any{"failed", "decline"}}, "1 5", 4, ""},
		{acctest.Values{"start": moment(60), "end": moment(29)}, "4 5 6", 2, ""},
		{acctest.Values{"start": moment(31), "end": moment(28)}, "3 4", 1, ""},
		{acctest.Values{"end": moment(58), "last": "2d"}, "5 6", 1, ""},
		{acctest.Values{"start": moment(0), "end": moment(-10)}, "", 1, ""},
	} {
		b.ResetJournal()
		v, err := read(t, b, c.config)
		if err != nil {
			t.Errorf("%v: %v", c.config, err)
			continue
		}
		sent := acctest.Sent(b)
		if got := names(t, v); got != c.want || len(sent) != c.queries {
			t.Errorf("%v: %s in %d queries, not %s in %d", c.config, got, len(sent), c.want, c.queries)
		}
		for _, r := range sent {
			if (c.filter == "") == strings.Contains(r.Query, "filter") || !strings.Contains(r.Query, c.filter) {
				t.Errorf("%v: the query was %s", c.config, r.Query)
			}
		}
	}
	acctest.FailOnViolations(t, b)
}

// A period that the activity log does not cover is rejected at plan time, without a request.
func TestProtoActivityLog_period(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	moment := func(days int) string { return time.Now().AddDate(0, 0, -days).Format(time.RFC3339) }
	for want, config := range map[string]acctest.Values{
		"is too early":               {"start": moment(92)},
		"the earliest day is":        {"end": moment(62)},
		"log for 90 days, ":          {"end": moment(10), "last": "85d"},
		"is in the future":           {"start": moment(-1)},
		"is not after the start":     {"start": moment(1), "end": moment(2)},
		"must be a duration such as": {"last": "0d"},
		"a duration such as 30d":     {"last": "-3h"},
		"such as 30d or 36h":         {"last": "1d12h"},
		"must be at most 90d":        {"last": "65535d"},
	} {
		if _, err := read(t, b, config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v does not contain %q", config, err, want)
		}
	}
	if sent := acctest.Sent(b); len(sent) != 0 {
		t.Errorf("requests were sent: %v", acctest.Routes(sent))
	}
	if _, err := read(t, b, acctest.Values{"start": acctest.Unknown, "end": moment(100)}); err != nil && strings.Contains(err.Error(), "Invalid period") {
		t.Errorf("an unknown start: %v", err)
	}
}

func at(t *testing.T, record acctest.Values) time.Time {
	t.Helper()
	text, _ := record["operation_date"].(string)
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

// The result is the same for every page size, order and spelling of the server.
func TestProtoActivityLog_stable(t *testing.T) {
	t.Parallel()
	b := logged()
	for i := range 60 {
		b.AddAuditRecord(mockbackend.TailspinID, mockbackend.AuditRecord{OperationDate: time.Now().Add(-time.Duration(i/2) * 24 * time.Hour).Format(time.RFC3339)})
	}
	start := time.Now().Add(-80 * 24 * time.Hour).Format(time.RFC3339)
	end := time.Now().Add(-time.Hour).Format(time.RFC3339)
	config := acctest.Values{"start": start, "end": end}
	want, err := read(t, b, config)
	if err != nil {
		t.Fatal(err)
	}
	list := records(t, want)
	ids := map[any]bool{}
	for i, r := range list {
		ids[r["audit_record_id"]] = true
		if i == 0 {
			continue
		}
		before, after := at(t, list[i-1]), at(t, r)
		if before.Before(after) || before.Equal(after) && list[i-1]["audit_record_id"].(string) > r["audit_record_id"].(string) {
			t.Errorf("%v is before %v", list[i-1], r)
		}
	}
	if len(list) < 60 || len(ids) != len(list) {
		t.Errorf("%d records, %d of them different", len(list), len(ids))
	}
	modes := []mockbackend.ContinuationMode{mockbackend.ContinuationBoth, mockbackend.ContinuationLinks, mockbackend.ContinuationToken}
	for _, mode := range modes {
		for _, set := range []func(*mockbackend.Knobs){
			func(k *mockbackend.Knobs) { k.PageSize, k.TokenAfterLastPage = 5, true },
			func(k *mockbackend.Knobs) { k.PageSize, k.ShuffleOrder, k.TotalCountWrong = 7, true, true },
			func(k *mockbackend.Knobs) { k.PageSize, k.LinkPrefixV1, k.BOM, k.ShuffleOrder = 1, true, false, true },
		} {
			b.SetKnobs(func(k *mockbackend.Knobs) { *k = mockbackend.DefaultKnobs(); k.ContinuationMode = mode; set(k) })
			got, err := read(t, b, config)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v: %v: different result:\n%v\nnot\n%v", b.Knobs(), err, got, want)
			}
		}
	}
	acctest.FailOnViolations(t, b)
}

// Old and new values are returned as JSON with unchanged spelling, whatever they contain. Optional fields may
// be missing.
func TestProtoActivityLog_values(t *testing.T) {
	t.Parallel()
	b := logged()
	b.SetPermissions(mockbackend.FabrikamID, mockbackend.AzureSavingsPlan)
	b.SetPermissions(mockbackend.FabrikamID, mockbackend.AzureReservedInstances)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.BareAuditRecords, k.UnknownEnums = true, true })
	v, err := read(t, b, acctest.Values{"customer_id": mockbackend.FabrikamID})
	if err != nil {
		t.Fatal(err)
	}
	list := records(t, v)
	if len(list) != 2 || list[0]["operation_type"] != "update_self_serve_policy" || list[0]["operation_status"] != "deferred" || list[0]["application_id"] != nil ||
		list[0]["original_correlation_id"] != nil {
		t.Fatalf("the records are %v", list)
	}
	for name, permission := range map[string]string{"resource_old_value": mockbackend.AzureSavingsPlan, "resource_new_value": mockbackend.AzureReservedInstances} {
		var value struct {
			Permissions []struct{ Resource, Action string }
		}
		text, _ := list[0][name].(string)
		if err := json.Unmarshal([]byte(text), &value); err != nil || len(value.Permissions) != 1 || value.Permissions[0].Resource != permission || !strings.Contains(text, `"Permissions"`) {
			t.Errorf("%s is %s (%v)", name, text, err)
		}
	}
	if v, err = read(t, b, acctest.Values{"customer_id": mockbackend.LitwareID, "last": "3d"}); err != nil {
		t.Fatal(err)
	}
	r := records(t, v)[0]
	if r["resource_old_value"] != "2" || r["resource_new_value"] != `"text"` || !reflect.DeepEqual(r["customized_data"], acctest.Values{"OfferId-0": nil}) {
		t.Errorf("the record is %v", r)
	}
	if v, err = read(t, mockbackend.New(mockbackend.Config{}), acctest.Values{"customer_id": mockbackend.NorthwindID, "last": "90d"}); err != nil || len(records(t, v)) != 0 {
		t.Errorf("a customer without records: %v, %v", v, err)
	}
	acctest.FailOnViolations(t, b)
}

// If one of the queries fails, the whole read fails.
func TestProtoActivityLog_partialFailure(t *testing.T) {
	t.Parallel()
	for skip := range 4 {
		b := logged()
		b.Fail(mockbackend.Fault{Path: "/auditrecords", Skip: skip, Kind: mockbackend.APIError, Status: 403, Code: 2032})
		v, err := read(t, b, acctest.Values{"last": "90d"})
		if err == nil || v != nil || !strings.Contains(err.Error(), "Could not read the activity log") || !strings.Contains(err.Error(), "403") {
			t.Errorf("query %d: %v, %v", skip+1, v, err)
		}
		acctest.FailOnViolations(t, b)
	}
}

func TestProtoActivityLog_cancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := logged()
		p := acctest.NewProtocol(t, b, "")
		b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = time.Minute })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(150*time.Second, cancel) // during the third query
		v, err := p.ReadDataSource(ctx, typeName, acctest.Values{"last": "90d"})
		if err == nil || v != nil || !strings.Contains(err.Error(), "The run was interrupted.") {
			t.Errorf("%v, %v", v, err)
		}
		if routes := acctest.Routes(acctest.Sent(b)); !slices.Equal(routes, slices.Repeat([]string{"GET /v1/auditrecords"}, 3)) {
			t.Errorf("the requests were %q", routes)
		}
	})
}

// All queries and pages share one deadline.
func TestProtoActivityLog_deadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := logged()
		b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency, k.PageSize = 3*time.Minute-time.Second, 1 })
		start := time.Now()
		v, err := read(t, b, acctest.Values{"last": "90d"})
		if err == nil || v != nil || !strings.Contains(err.Error(), "Could not read the activity log") {
			t.Errorf("%v, %v", v, err)
		}
		if took := time.Since(start); took > 21*time.Minute || took < 19*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

func TestProtoActivityLog_faults(t *testing.T) {
	t.Parallel()
	on := "Could not read the activity log of customer " + mockbackend.AdatumID
	acctest.EachReadFault(t, on, typeName, func(t *testing.T, b *mockbackend.Backend) (*acctest.Protocol, acctest.Values) {
		t.Helper()
		b.AddAuditRecord(mockbackend.AdatumID, mockbackend.AuditRecord{OperationDate: time.Now().Add(-35 * 24 * time.Hour).Format(time.RFC3339)})
		b.AddAuditRecord(mockbackend.AdatumID, mockbackend.AuditRecord{OperationDate: time.Now().Add(-2 * time.Hour).Format(time.RFC3339)})
		p := acctest.NewProtocol(t, b, b.User(mockbackend.HelpdeskAgent).RefreshToken)
		acctest.Pass(time.Hour)
		return p, acctest.Values{"customer_id": mockbackend.AdatumID, "last": "40d"}
	})
}

// The attributes show what a policy allowed before and after, and whether this application changed it, without
// decoding JSON.
func TestProtoActivityLog_permissions(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	admin := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
	r := admin.Resource("partnercenter_customer_permission_reservations")
	if err := r.Apply(t.Context(), acctest.Values{"customer_id": mockbackend.AdatumID}); err != nil {
		t.Fatal(err)
	}
	b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureReservedInstances, mockbackend.AzureSavingsPlan)
	b.SetPermissions(mockbackend.AdatumID)
	b.AddAuditRecord(mockbackend.AdatumID, mockbackend.AuditRecord{ResourceType: "self_serve_policy", OperationType: "update_self_serve_policy", ApplicationID: "Partner Center Web"})
	const other = "4990cffe-04e8-4e8b-808a-1175604b879f"
	for _, clientIDs := range []any{nil, []any{other, strings.ToUpper(b.Partner().ClientID)}} {
		v, err := read(t, b, acctest.Values{"customer_id": mockbackend.AdatumID, "last": "1h", "resource_types": []any{"self_serve_policy"}, "client_ids": clientIDs})
		if err != nil {
			t.Fatal(err)
		}
		brief := func(v any) string {
			p, ok := v.(acctest.Values)
			if !ok {
				return "unknown"
			}
			var on []string
			for _, name := range []string{"azure_reservations", "azure_savings_plans"} {
				if p[name] == true {
					on = append(on, name)
				}
			}
			return strings.Join(on, "+")
		}
		got := map[string][]string{}
		for _, r := range records(t, v) {
			key := brief(r["permissions_before"]) + " > " + brief(r["permissions_after"])
			got[key] = append(got[key], fmt.Sprint(r["by_this_application"]))
		}
		byPortal := "false"
		if clientIDs != nil {
			byPortal = "true" // client_ids contains the portal's application
		}
		want := map[string][]string{
			" > azure_reservations": {"true"}, "azure_reservations > azure_reservations+azure_savings_plans": {byPortal},
			"azure_reservations+azure_savings_plans > ": {byPortal}, "unknown > unknown": {"<nil>"},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %v, not %v", clientIDs, got, want)
		}
	}
	acctest.FailOnViolations(t, b)
}
