package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/conformance"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/provider"
)

// trial runs the command with an in-process mock.
type trial struct {
	*testing.T
	b              *mockbackend.Backend
	env            map[string]string
	stdin          string
	stdout, stderr string
	report         []byte
}

func newTrial(t *testing.T, cfg mockbackend.Config) *trial {
	t.Helper()
	r := &trial{T: t, b: mockbackend.New(cfg), env: map[string]string{}}
	r.signInAs(r.b.User(mockbackend.AdminAgent).RefreshToken)
	return r
}

func (r *trial) signInAs(refreshToken string) {
	clear(r.env)
	for _, v := range r.b.EnvironmentFor("", refreshToken) {
		r.env[v.Name] = v.Value
	}
	delete(r.env, "PARTNERCENTER_CA_CERTIFICATE_PATH")
}

func (r *trial) run(args ...string) int {
	r.Helper()
	return r.runIn(r.Context(), args...)
}

func (r *trial) runIn(ctx context.Context, args ...string) int {
	r.Helper()
	file := filepath.Join(r.TempDir(), "report.json")
	var stdout, stderr bytes.Buffer
	code := conformance.Command{
		Version: "test", Stdin: strings.NewReader(r.stdin), Stdout: &stdout, Stderr: &stderr,
		LookupEnv: func(name string) (string, bool) { v, ok := r.env[name]; return v, ok },
		Options:   []provider.Option{provider.WithTransport(r.b.Transport())},
	}.Run(ctx, append([]string{"-output", file}, args...))
	r.stdout, r.stderr = stdout.String(), stderr.String()
	r.report, _ = os.ReadFile(file)
	return code
}

// answers returns the answers in the report, keyed by probe.
func (r *trial) answers(args ...string) map[string]string {
	r.Helper()
	if code := r.run(args...); code != conformance.Done {
		r.Fatalf("exit code %d\n%s\n%s", code, r.stdout, r.stderr)
	}
	var report struct {
		Answers []struct{ Probe, Question, Answer string }
	}
	if err := json.Unmarshal(r.report, &report); err != nil {
		r.Fatal(err)
	}
	out := map[string]string{}
	for _, a := range report.Answers {
		if out[a.Probe] != "" || a.Answer == "" || a.Question == "" {
			r.Errorf("%+v", a)
		}
		out[a.Probe] = a.Answer
	}
	return out
}

// knobs contains the expected answers for the default knobs and for knobs with other values.
var knobs = []struct {
	change func(*mockbackend.Knobs)
	want   map[string]string
}{
	{func(*mockbackend.Knobs) {}, map[string]string{
		"policies_without_entity_id": "all", "entity_id_capitals": "same", "path_id_capitals": "same", "bom": "yes", "error_bom": "no", "error_codes": "number",
		"error_form": "short", "links": "none", "guids": "lower", "total_count": "items", "continuation": "both", "list_end": "no continuation",
		"default_page": "not observed: too few objects for a second page", "organization_id": "equal", "mfa_header": "true", "app_only_policies": "403/900329",
		"app_only_entitlements": "403/900329", "reads_policies": "200", "reads_users": "200", "unknown_customer": "404/60003", "foreign_customer": "404/60003",
		"policies_unknown_customer": "403/20002", "unknown_policy": "404/600039", "malformed_policy_id": "404/600040", "unknown_order": "404/20000",
		"snake_case_filter": "400/800002", "audit_too_old": "400/800002", "audit_day": "not observed: no activity on both sides of a midnight",
		"reservation_type": "artifact", "artifact_key": "reservations", "reservation_expiry": "no zone", "quantities": "number", "order_client": "yes",
		"order_dates": "Z", "order_transaction_type": "yes", "savings_plan_order": "not observed: no savings plan", "no_agreement": "empty list", "direct_agreement": "not listed",
		"azure_reservations": "all", "azure_reservations_listed": "all", "self_serve_order": "not observed: no order of a customer's user in the activity log", "entitlements_of_licenses": "400/800011",
		"plan_billing_cycle": "one_time", "plan_unit_type": "Usage-based", "plan_entitlement_id": "no", "order_billing_cycle": "one_time", "admin_agents_type": "ForeignGroup",
		"policy_record_value": "not observed: no change of a permission in the activity log", "unknown_audit_record": "404/1000", "throttling": "not observed: no request was throttled",
		"headers": "ms-correlationid,ms-cv,ms-requestid,ms-serverid,request-context,x-locale",
	}},
	{func(k *mockbackend.Knobs) { k.PolicyList = mockbackend.PolicyListPages }, map[string]string{"policies_without_entity_id": "pages"}},
	{func(k *mockbackend.Knobs) { k.PolicyList = mockbackend.PolicyListPartial }, map[string]string{"policies_without_entity_id": "partial"}},
	{func(k *mockbackend.Knobs) { k.PolicyList = mockbackend.PolicyListEmpty }, map[string]string{"policies_without_entity_id": "empty"}},
	{func(k *mockbackend.Knobs) { k.PolicyList = mockbackend.PolicyListRefused }, map[string]string{"policies_without_entity_id": "400/800002"}},
	{func(k *mockbackend.Knobs) { k.EntityIDCase = mockbackend.IDCaseExact }, map[string]string{"entity_id_capitals": "empty", "path_id_capitals": "same"}},
	{func(k *mockbackend.Knobs) { k.PathIDCase = mockbackend.IDCaseExact }, map[string]string{"path_id_capitals": "404/60003"}},
	{func(k *mockbackend.Knobs) { k.BOM, k.BOMOnErrors = false, true }, map[string]string{"bom": "no", "error_bom": "yes"}},
	{func(k *mockbackend.Knobs) { k.NumericCodes, k.LongErrors = false, true }, map[string]string{"error_codes": "text", "error_form": "long"}},
	{func(k *mockbackend.Knobs) { k.LinkPrefixV1 = true }, map[string]string{"links": "v1"}},
	{func(k *mockbackend.Knobs) { k.UpperCaseGUIDs = true }, map[string]string{"guids": "upper"}},
	{func(k *mockbackend.Knobs) { k.TotalCountWrong = true }, map[string]string{"total_count": "other"}},
	{func(k *mockbackend.Knobs) { k.ContinuationMode = mockbackend.ContinuationLinks }, map[string]string{"continuation": "links"}},
	{func(k *mockbackend.Knobs) { k.ContinuationMode = mockbackend.ContinuationToken }, map[string]string{"continuation": "token"}},
	{func(k *mockbackend.Knobs) { k.TokenAfterLastPage = true }, map[string]string{"list_end": "400/2000"}},
	{func(k *mockbackend.Knobs) { k.TokenAfterLastPage, k.EmptyLastPage = true, true }, map[string]string{"list_end": "empty page"}},
	{func(k *mockbackend.Knobs) { k.UsersPageSize = 1 }, map[string]string{"users_page": "1"}},
	{func(k *mockbackend.Knobs) { k.OrganizationIDDiffers = true }, map[string]string{"organization_id": "different"}},
	{func(k *mockbackend.Knobs) {
		k.PlanBillingCycle, k.PlanUnitType, k.PlanEntitlementID = "monthly", "none", true
	}, map[string]string{
		"plan_billing_cycle": "monthly", "plan_unit_type": "none", "plan_entitlement_id": "yes",
	}},
	{func(k *mockbackend.Knobs) { k.CustomerTenants = mockbackend.CustomerTenantsNoConsent }, map[string]string{
		"admin_agents_type": "not observed: no access to Azure in the tenant of a customer", "azure_reservations": "not observed: no access to Azure in the tenant of a customer",
	}},
	{func(k *mockbackend.Knobs) { k.PathIDCase, k.UpperCaseGUIDs = mockbackend.IDCaseExact, true }, map[string]string{
		"artifact_key": "not observed: the order or the artifact of the reservation cannot be read", "azure_reservations": "all",
	}},
	{func(k *mockbackend.Knobs) { k.NoAgreementNotFound = true }, map[string]string{"no_agreement": "404/600009", "direct_agreement": "not listed"}},
	{func(k *mockbackend.Knobs) { k.DirectAgreementListed = true }, map[string]string{"no_agreement": "empty list", "direct_agreement": "listed"}},
	{func(k *mockbackend.Knobs) { k.ReservationAccess = mockbackend.ReservationAccessNone }, map[string]string{
		"azure_reservations": "empty list", "azure_reservations_listed": "not observed: no current reservation in Azure",
	}},
	{func(k *mockbackend.Knobs) {
		k.ReservationAccess, k.ReservationListForbidden = mockbackend.ReservationAccessNone, true
	}, map[string]string{"azure_reservations": "403"}},
	{func(k *mockbackend.Knobs) { k.NoMFAHeader = true }, map[string]string{"mfa_header": "absent"}},
	{func(k *mockbackend.Knobs) { k.TokenClaims = "appid,aud,exp,oid,tid" }, map[string]string{"token_claims": "appid,aud,exp,oid,tid"}},
	{func(k *mockbackend.Knobs) { k.Headers, k.ErrorHeaders = "ms-requestid", "ms-cv" }, map[string]string{"headers": "ms-requestid", "error_headers": "ms-cv"}},
	{func(k *mockbackend.Knobs) { k.EntitlementsAppOnly = true }, map[string]string{"app_only_entitlements": "200"}},
	{func(k *mockbackend.Knobs) { k.SnakeCaseResourceTypes = true }, map[string]string{"snake_case_filter": "accepted"}},
	{func(k *mockbackend.Knobs) { k.DynamicAttributes = mockbackend.DynamicAttributesOnBoth }, map[string]string{"reservation_type": "both"}},
	{func(k *mockbackend.Knobs) { k.DynamicAttributes = mockbackend.DynamicAttributesOnEntitlement }, map[string]string{"reservation_type": "entitlement"}},
	{func(k *mockbackend.Knobs) { k.ReservationsKey = mockbackend.ReservationsKeyOld }, map[string]string{"artifact_key": "virtualMachineReservations"}},
	{func(k *mockbackend.Knobs) { k.ExpiryWithZone, k.NumbersAsStrings = true, true }, map[string]string{"reservation_expiry": "zone", "quantities": "text"}},
	{func(k *mockbackend.Knobs) { k.NoOrderClient, k.LowerCaseTransactionTypes = true, true }, map[string]string{"order_client": "no", "order_transaction_type": "no"}},
	{func(k *mockbackend.Knobs) { k.OrderDates = mockbackend.OrderDatesZeroOffset }, map[string]string{"order_dates": "+00:00"}},
	{func(k *mockbackend.Knobs) { k.OrderDates = mockbackend.OrderDatesPacific }, map[string]string{"order_dates": "offset"}},
}

// TestKnobs checks the answers for each knob. A mock that plays the report must give the same answers.
func TestKnobs(t *testing.T) {
	t.Parallel()
	for i, k := range knobs {
		r := newTrial(t, mockbackend.Config{})
		r.b.SetKnobs(k.change)
		got := r.answers()
		for probe, want := range k.want {
			if got[probe] != want {
				t.Errorf("%d: %s is %q, want %q", i, probe, got[probe], want)
			}
		}
		playedAgain(t, r.report, got)
	}
}

// playedAgain runs the command with a mock that plays a report.
func playedAgain(t *testing.T, report []byte, want map[string]string, args ...string) {
	t.Helper()
	behaviour, err := mockbackend.ParseBehaviour(report)
	if err != nil || len(behaviour.NotPlayed) > 0 {
		t.Fatalf("%v: the mock does not play %q", err, behaviour.NotPlayed)
	}
	again := newTrial(t, mockbackend.Config{Behaviour: behaviour})
	switch behaviour.SignInAs {
	case "app-only":
		again.signInAs("")
	case "helpdesk":
		again.signInAs(again.b.User(mockbackend.HelpdeskAgent).RefreshToken)
	}
	if len(args) > 0 {
		again.stdin = args[1]
	}
	got := again.answers(args...)
	for _, probe := range slices.Sorted(maps.Keys(want)) {
		if got[probe] != want[probe] {
			t.Errorf("with the played report, %s is %q and was %q", probe, got[probe], want[probe])
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d answers, want %d", len(got), len(want))
	}
}

// TestKnobs_random combines several knobs.
func TestKnobs_random(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 19))
		r := newTrial(t, mockbackend.Config{})
		for range 5 {
			r.b.SetKnobs(knobs[random.IntN(len(knobs))].change)
		}
		got := r.answers()
		playedAgain(t, r.report, got)
	}
}

// TestManyCustomers uses more customers than fit on one page, because only then the sizes of pages
// are visible.
func TestManyCustomers(t *testing.T) {
	t.Parallel()
	for _, k := range []struct {
		change  func(*mockbackend.Knobs)
		largest string
	}{
		{func(*mockbackend.Knobs) {}, "500"},
		{func(k *mockbackend.Knobs) { k.TooLargePageRefused = true }, "400/800002"},
	} {
		r := newTrial(t, mockbackend.Config{Customers: 600})
		r.b.SetKnobs(k.change)
		got := r.answers()
		if got["default_page"] != "500" || got["largest_page"] != k.largest {
			t.Errorf("%s, %s", got["default_page"], got["largest_page"])
		}
		playedAgain(t, r.report, got)
	}
}

// TestReport plays answers that no knob can cause, such as other codes.
func TestReport(t *testing.T) {
	t.Parallel()
	r := newTrial(t, mockbackend.Config{})
	want := r.answers()
	report := string(r.report)
	for probe, answer := range map[string]string{
		"unknown_customer": "403/900150", "foreign_customer": "403", "policies_unknown_customer": "400/2000", "unknown_user": "400/60002",
		"audit_too_old": "400/2000", "reads_entitlements": "403/2032", "app_only_policies": "401/400", "list_end": "400/3000",
		"policies_without_entity_id": "404/600039", "policy_record_value": "JSON", "audit_day": "8 h after midnight UTC", "audit_end_date": "excluded", "throttling": "seconds",
		"reservation_type": "not observed: no reservation", "artifact_key": "not observed: no reservation", "reservation_expiry": "not observed: no reservation",
		"quantities": "not observed: no reservation", "order_client": "not observed: no reservation", "order_dates": "not observed: no reservation",
		"order_transaction_type": "not observed: no reservation", "order_billing_cycle": "not observed: no reservation",
		"azure_reservations": "not observed: no reservation", "azure_reservations_listed": "not observed: no reservation",
		"no_agreement": "404/600050", "direct_agreement": "404/600051",
	} {
		from := fmt.Sprintf("%q: %q", "answer", want[probe])
		at := strings.Index(report, fmt.Sprintf("%q: %q", "probe", probe))
		report = report[:at] + strings.Replace(report[at:], from, fmt.Sprintf("%q: %q", "answer", answer), 1)
		want[probe] = answer
	}
	playedAgain(t, []byte(report), want)

	for _, broken := range []string{``, `{}`, `{"format":2,"answers":[{}]}`} {
		if _, err := mockbackend.ParseBehaviour([]byte(broken)); err == nil {
			t.Errorf("%s counts as a report", broken)
		}
	}
	unknown, err := mockbackend.ParseBehaviour([]byte(`{"format":1,"answers":[{"probe":"weather","answer":"fine"},{"probe":"bom","answer":"perhaps"}]}`))
	if err != nil || len(unknown.NotPlayed) != 2 {
		t.Errorf("%v %v", unknown, err)
	}
}

// guid matches an ID in either case.
var guid = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// TestNoPersonalData checks that the report contains no data from the server or the environment.
func TestNoPersonalData(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-Personal"
	synctest.Test(t, func(t *testing.T) {
		r := newTrial(t, mockbackend.Config{})
		added := r.b.AddCustomer(mockbackend.Customer{CompanyName: secret, Domain: secret + ".onmicrosoft.com"}, mockbackend.Subscription{FriendlyName: secret, OfferName: secret, OrderID: secret})
		r.b.SetPermissions(added.ID, mockbackend.AzureSavingsPlan)
		r.b.AddOrder(added.ID, mockbackend.Order{ID: secret + "-order", AlternateID: secret, Client: mockbackend.OrderClient{Name: secret}, Lines: []mockbackend.OrderLine{{
			OfferID: "DZH318Z0BQ36:004G:DZH318Z0SAMP", FriendlyName: secret, ProvisioningContext: map[string]string{secret: secret}, Reservation: &mockbackend.Reservation{DisplayName: secret},
		}}})
		r.b.AddSubscription(added.ID, mockbackend.Subscription{FriendlyName: secret, SavingsPlan: &mockbackend.SavingsPlan{ScopeID: secret, Currency: secret, Commitment: "77777.5"}})
		r.b.SetCustomerAgreements(added.ID, mockbackend.CustomerAgreements{Confirmed: []mockbackend.CustomerAgreement{{PrimaryContact: mockbackend.AgreementContact{
			FirstName: secret, LastName: secret, Email: secret + "@example.com", PhoneNumber: secret,
		}}}})
		if _, err := r.b.BuyReservation(mockbackend.ContosoID, mockbackend.ContosoUserPrincipalName, mockbackend.Purchase{FriendlyName: secret}); err != nil {
			t.Fatal(err)
		}
		r.b.AddAuditRecord(added.ID, mockbackend.AuditRecord{UserPrincipalName: secret + "@example.com", ResourceNewValue: secret})
		r.b.SetKnobs(func(k *mockbackend.Knobs) { k.TokenClaims = "aud,exp,oid,tid,appid," + secret })
		r.stdin = added.ID
		if code := r.run("-write", added.ID); code != conformance.Done {
			t.Fatalf("%d\n%s", code, r.stderr)
		}
		report := string(r.report) + r.stdout
		texts := []string{secret, "Adatum", "Demo", "onmicrosoft", "@", "77777", "Copilot", "azure.owner", r.b.Partner().ClientSecret, r.b.Partner().ClientID, "eyJ", "0.AXoA"}
		for _, issued := range r.b.IssuedTokens() {
			texts = append(texts, issued.Token)
		}
		for _, text := range texts {
			if strings.Contains(report, text) {
				t.Errorf("the report contains %q", text)
			}
		}
		if found := guid.FindString(strings.ReplaceAll(report, "72f988bf-86f1-41af-91ab-2d7cd011db47", "")); found != "" {
			t.Errorf("the report contains the ID %s", found)
		}
		if !strings.Contains(report, "customer-1") {
			t.Error("the report contains no placeholder")
		}
	})
}

// TestWrite checks the answers about writes for each knob, that the permissions are restored, and that the report can
// be played.
func TestWrite(t *testing.T) {
	t.Parallel()
	for i, k := range []struct {
		change func(*mockbackend.Knobs)
		want   map[string]string
	}{
		{func(*mockbackend.Knobs) {}, map[string]string{
			"delete_missing": "404/600039", "read_lag": "none", "same_request_id": "201", "put_with_id": "200", "put_without_id": "200", "stale_etag": "400/2055",
			"missing_etag": "400/2055", "empty_permissions": "400/3000", "audit_lag": "none",
		}},
		{func(k *mockbackend.Knobs) { k.PUTPath = mockbackend.PUTPathNoID }, map[string]string{"put_with_id": "404/600040", "put_without_id": "200"}},
		{func(k *mockbackend.Knobs) { k.PUTPath = mockbackend.PUTPathIDOnly }, map[string]string{"put_with_id": "200", "put_without_id": "400/900141"}},
		{func(k *mockbackend.Knobs) { k.StaleETag = mockbackend.StaleETagIgnore }, map[string]string{"stale_etag": "200", "missing_etag": "200"}},
		{func(k *mockbackend.Knobs) { k.StaleETag = mockbackend.StaleETagReject412 }, map[string]string{"stale_etag": "412/2055"}},
		{func(k *mockbackend.Knobs) { k.EmptyPermissions = mockbackend.EmptyPermissionsAccept }, map[string]string{"empty_permissions": "200"}},
		{func(k *mockbackend.Knobs) { k.RequestIDsForgotten = true }, map[string]string{"same_request_id": "409/600041"}},
		{func(k *mockbackend.Knobs) { k.ReadLag, k.AuditDelay = 3*time.Second, 5*time.Minute }, map[string]string{"read_lag": "seconds", "audit_lag": "minutes"}},
		{func(k *mockbackend.Knobs) { k.AuditDelay = time.Hour }, map[string]string{"audit_lag": "longer than the wait"}},
	} {
		for _, customer := range []string{mockbackend.AdatumID, mockbackend.TailspinID} { // without and with a policy
			synctest.Test(t, func(t *testing.T) {
				r := newTrial(t, mockbackend.Config{})
				r.b.SetKnobs(k.change)
				before, _ := r.b.Policy(customer)
				r.stdin = strings.ToUpper(customer)
				got := r.answers("-write", customer)
				for probe, want := range k.want {
					if got[probe] != want {
						t.Errorf("%d: %s is %q, want %q", i, probe, got[probe], want)
					}
				}
				if after, _ := r.b.Policy(customer); !slices.Equal(after.Permissions, before.Permissions) || !strings.Contains(r.stderr, "are as before") {
					t.Errorf("%d: before %v, after %v: %s", i, before.Permissions, after.Permissions, r.stderr)
				}
				playedAgain(t, r.report, got, "-write", customer)
			})
		}
	}
}

// TestWrite_restore checks that a failed restoration is reported, and that a cancelled run restores
// the permissions.
func TestWrite_restore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newTrial(t, mockbackend.Config{})
		r.stdin = mockbackend.TailspinID
		r.b.Fail(mockbackend.Fault{Method: "POST", Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: 403, Code: 900150, Times: -1})
		if code := r.run("-write", mockbackend.TailspinID); code != conformance.NotRestored || !strings.Contains(r.stderr, "could not be restored") || !strings.Contains(r.stderr, "reservations were enabled and savings plans were disabled") {
			t.Errorf("exit code %d: %s", code, r.stderr)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		r := newTrial(t, mockbackend.Config{})
		r.stdin = mockbackend.TailspinID
		r.b.SetKnobs(func(k *mockbackend.Knobs) { k.AuditDelay = time.Hour })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		code := r.runIn(ctx, "-write", mockbackend.TailspinID)
		if policy, _ := r.b.Policy(mockbackend.TailspinID); code != conformance.Failed || !slices.Equal(policy.Permissions, []string{mockbackend.AzureReservedInstances}) {
			t.Errorf("exit code %d, permissions %v: %s", code, policy.Permissions, r.stderr)
		}
	})
}

// TestReadsOnly checks that nothing is written without -write, or without typing the correct ID.
func TestReadsOnly(t *testing.T) {
	t.Parallel()
	r := newTrial(t, mockbackend.Config{})
	r.answers()
	for _, request := range r.b.Requests() {
		if request.Service == mockbackend.PartnerCenter && request.Method != "GET" {
			t.Errorf("%s %s", request.Method, request.Path)
		}
	}
	if n := len(r.b.Requests()); n > 120 {
		t.Errorf("%d requests", n)
	}
	for _, typed := range []string{"", "yes\n", mockbackend.ContosoID + "\n"} {
		r.b.ResetJournal()
		if r.stdin = typed; r.run("-write", mockbackend.AdatumID) != conformance.Usage || len(r.b.Requests()) > 0 {
			t.Errorf("%q counts as a confirmation", typed)
		}
	}
}

// TestSignIns checks that the report contains the mode of sign-in, and the answers for each mode.
func TestSignIns(t *testing.T) {
	t.Parallel()
	r := newTrial(t, mockbackend.Config{})
	r.signInAs("")
	got := r.answers()
	if got["reads_policies"] != "403/900329" || got["app_only_policies"] != "403/900329" || got["policies_without_entity_id"] != "403/900329" || !strings.Contains(string(r.report), `"signIn": "app-only"`) {
		t.Errorf("%v", got)
	}
	playedAgain(t, r.report, got)
	r.signInAs(r.b.User(mockbackend.HelpdeskAgent).RefreshToken)
	if got = r.answers("-role", "helpdesk"); got["reads_policies"] != "200" || !strings.Contains(string(r.report), `"role": "helpdesk"`) {
		t.Errorf("%v", got)
	}
	playedAgain(t, r.report, got)
	for _, args := range [][]string{{"-role", "root"}, {"-write", "adatum"}, {"extra"}, {"-wait", "-1s"}} {
		if code := r.run(args...); code != conformance.Usage {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
	if code := r.run("-help"); code != conformance.Done || !strings.Contains(r.stderr, "-write") {
		t.Errorf("%d %s", code, r.stderr)
	}
	r.env["PARTNERCENTER_CLIENT_SECRET"] = "wrong-secret"
	if code := r.run(); code != conformance.Failed || strings.Contains(r.stderr, "wrong-secret") {
		t.Errorf("%d %s", code, r.stderr)
	}
	delete(r.env, "PARTNERCENTER_TENANT_ID")
	if code := r.run(); code != conformance.Usage {
		t.Errorf("%d %s", code, r.stderr)
	}
}
