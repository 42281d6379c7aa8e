package permission_test

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
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

const (
	readinessName     = "partnercenter_reservation_readiness"
	entitlementsRoute = "GET /v1/customers/{customer}/subscriptions/{subscription}/azureEntitlements"
	agreementsRoute   = "GET /v1/customers/{customer}/agreements"
	directRoute       = "GET /v1/customers/{customer}/directSignedMicrosoftCustomerAgreementStatus"
	assignmentsRoute  = "GET /subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments"
)

// readiness reads the data source as an Admin agent.
func readiness(t *testing.T, b *mockbackend.Backend, customerID string) acctest.Values {
	t.Helper()
	v, err := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken).ReadDataSource(t.Context(), readinessName, acctest.Values{"customer_id": customerID})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// expectTexts fails the test unless the list has exactly these texts, in this order. Each text must contain the
// wanted one.
func expectTexts(t *testing.T, v acctest.Values, name string, want ...string) {
	t.Helper()
	got, ok := v[name].([]any)
	if !ok || len(got) != len(want) {
		t.Errorf("%s are %q, want %d", name, v[name], len(want))
		return
	}
	for i, text := range got {
		if s, _ := text.(string); !strings.Contains(s, want[i]) || !strings.HasSuffix(s, ".") {
			t.Errorf("%s[%d] is %q, want it to say %q", name, i, s, want[i])
		}
	}
}

// owned returns "last four characters of the ID, has_owner, partner_only, number of owners" for each Azure
// subscription.
func owned(v acctest.Values) []string {
	out := []string{}
	all, _ := v["azure_subscriptions"].([]any)
	for _, e := range all {
		a, _ := e.(acctest.Values)
		id, _ := a["subscription_id"].(string)
		owners, known := a["owners"].([]any)
		number := "?"
		if known {
			number = fmt.Sprint(len(owners))
		}
		out = append(out, fmt.Sprint(id[len(id)-4:], " ", a["has_owner"], " ", a["partner_only"], " ", number))
	}
	return out
}

func assignOwner(b *mockbackend.Backend, principalID string) {
	b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: principalID})
}

func TestAccReservationReadiness(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	const one = "data.partnercenter_reservation_readiness.one"
	text, null := knownvalue.StringExact, knownvalue.Null()
	config := func(arguments string) string {
		return b.Config(fmt.Sprintf("data %q \"one\" {\n%s\n}", readinessName, arguments))
	}
	is := func(name string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(one, tfjsonpath.New(name), want)
	}
	principal := func(id string) knownvalue.Check {
		return knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectExact(map[string]knownvalue.Check{
			"principal_id": text(id), "principal_type": text("User"), "condition": null,
		})})
	}
	nobody, yes, no := knownvalue.ListSizeExact(0), knownvalue.Bool(true), knownvalue.Bool(false)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{Config: config(`subscription_id = "` + mockbackend.AdatumAzureID + `"`), ExpectError: acctest.Says("must be specified when \"subscription_id\" is specified")},
			{Config: config(`customer_id = "` + mockbackend.AdatumID + `"
  customer_ids = ["` + mockbackend.AdatumID + `"]`), ExpectError: acctest.Says("cannot be specified when \"customer_id\" is specified")},
			{Config: config(`customer_id = "contoso"`), ExpectError: acctest.Says("The value of customer_id must be a GUID such as")},
			{
				Config:      config(`customer_id = "00000000-0000-4000-8000-000000000000"`),
				ExpectError: acctest.Says("Could not check whether customer 00000000-0000-4000-8000-000000000000 is ready to buy Azure reservations"),
			},
			{
				Config: config(`customer_id = "` + strings.ToUpper(mockbackend.ContosoID) + `"`),
				ConfigStateChecks: []statecheck.StateCheck{
					is("ready", yes), is("blockers", nobody), is("unknowns", nobody), is("has_active_azure_subscription", yes),
					is("permission_enabled", yes), is("caller_may_set", null), is("prerequisites_met", yes), is("agreement_accepted", yes), is("warnings", nobody),
					is("customers", knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectExact(map[string]knownvalue.Check{
						"customer_id": text(mockbackend.ContosoID), "company_name": text("Contoso Demo"), "ready": yes, "prerequisites_met": yes, "has_active_azure_subscription": yes,
						"agreement_accepted": yes, "has_owner": yes, "permission_enabled": yes, "blockers": nobody, "unknowns": nobody, "warnings": nobody,
					})})),
					is("azure_subscriptions", knownvalue.ListExact([]knownvalue.Check{
						knownvalue.ObjectExact(map[string]knownvalue.Check{
							"subscription_id": text(mockbackend.ContosoAzureID), "friendly_name": text("Production"), "status": text("active"), "has_owner": yes,
							"partner_only": no, "owners": principal(mockbackend.ContosoUserID), "reservation_purchasers": nobody, "savings_plan_purchasers": nobody, "unknown_reason": null,
						}),
						knownvalue.ObjectExact(map[string]knownvalue.Check{
							"subscription_id": text(mockbackend.ContosoSecondAzureID), "friendly_name": text("Development"), "status": text("active"), "has_owner": no,
							"partner_only": yes, "owners": nobody, "reservation_purchasers": principal(mockbackend.ContosoSecondUserID), "savings_plan_purchasers": nobody, "unknown_reason": null,
						}),
					})),
				},
			},
			{
				Config: config("customer_id = \"" + mockbackend.ContosoID + "\"\n subscription_id = \"" + strings.ToUpper(mockbackend.ContosoSecondAzureID) + "\""),
				ConfigStateChecks: []statecheck.StateCheck{
					is("ready", no), is("azure_subscriptions", knownvalue.ListSizeExact(1)),
					is("blockers", knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("No user of customer " + mockbackend.ContosoID +
						" is Owner of Azure subscription " + mockbackend.ContosoSecondAzureID + " (Development). " +
						"Make one Owner with partnercenter_subscription_owner_assignment.")})),
				},
			},
		},
	})
}

// The test covers the states of a customer for each condition.
func TestProtoReservationReadiness_steps(t *testing.T) {
	t.Parallel()
	const (
		noPlan  = "has no active Azure plan or Azure (global) subscription, which its users need to buy. Found: "
		noOwner = "is Owner of Azure subscription"
		off     = "The permission of customer "
		group   = "Only a group is Owner of Azure subscription " + mockbackend.AdatumAzureID + " (Production)"
		limited = "have the role under a condition only"
		agree   = "has not accepted the Microsoft Customer Agreement, without which Microsoft refuses purchases."
		denied  = "Who is Owner of Azure subscription " + mockbackend.AdatumAzureID + " (Production) of customer " + mockbackend.AdatumID + " is not known. "
	)
	permit := func(b *mockbackend.Backend) {
		b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureReservedInstances)
	}
	condition := func(b *mockbackend.Backend, principalID string) {
		b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: principalID, Condition: "@Resource[x] GuidEquals y"})
	}
	for name, c := range map[string]struct {
		customerID         string
		prepare            func(*mockbackend.Backend)
		ready              any
		blockers, unknowns []string
		owned              []string
	}{
		"fresh":       {mockbackend.AdatumID, func(*mockbackend.Backend) {}, false, []string{noOwner, off}, nil, []string{"f00c false true 0"}},
		"only a user": {mockbackend.AdatumID, func(b *mockbackend.Backend) { assignOwner(b, mockbackend.AdatumUserID) }, false, []string{off}, nil, []string{"f00c true false 1"}},
		"all":         {mockbackend.AdatumID, func(b *mockbackend.Backend) { assignOwner(b, mockbackend.AdatumUserID); permit(b) }, true, nil, nil, []string{"f00c true false 1"}},
		"savings plans are another permission": {mockbackend.AdatumID, func(b *mockbackend.Backend) {
			assignOwner(b, mockbackend.AdatumUserID)
			b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)
		}, false, []string{off}, nil, []string{"f00c true false 1"}},
		"inherited": {mockbackend.AdatumID, func(b *mockbackend.Backend) {
			b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumUserID, Scope: "/providers/Microsoft.Management/managementGroups/a"})
			permit(b)
		}, true, nil, nil, []string{"f00c true false 1"}},
		"a purchaser does not count": {mockbackend.AdatumID, func(b *mockbackend.Backend) {
			b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumUserID, RoleID: mockbackend.ReservationPurchaserRole})
			permit(b)
		}, false, []string{noOwner}, nil, []string{"f00c false true 0"}},
		"an application does not count": {mockbackend.AdatumID, func(b *mockbackend.Backend) {
			assignOwner(b, mockbackend.AdatumServicePrincipalID)
			permit(b)
		}, false, []string{noOwner}, nil, []string{"f00c false false 1"}},
		"a deleted user does not count": {mockbackend.AdatumID, func(b *mockbackend.Backend) {
			assignOwner(b, mockbackend.AdatumUserID)
			b.DeletePrincipal(mockbackend.AdatumID, mockbackend.AdatumUserID)
			b.SetKnobs(func(k *mockbackend.Knobs) { k.DeletedPrincipalsUnknown = true })
			permit(b)
		}, false, []string{noOwner}, nil, []string{"f00c false false 1"}},
		"a group":     {mockbackend.AdatumID, func(b *mockbackend.Backend) { assignOwner(b, mockbackend.AdatumGroupID); permit(b) }, nil, nil, []string{group}, []string{"f00c <nil> false 1"}},
		"a condition": {mockbackend.AdatumID, func(b *mockbackend.Backend) { condition(b, mockbackend.AdatumUserID); permit(b) }, nil, nil, []string{limited}, []string{"f00c <nil> false 1"}},
		"a condition and a group": {mockbackend.AdatumID, func(b *mockbackend.Backend) {
			condition(b, mockbackend.AdatumUserID)
			assignOwner(b, mockbackend.AdatumGroupID)
		}, false, []string{off}, []string{group}, []string{"f00c <nil> false 2"}},
		"lost access": {mockbackend.AdatumID, func(b *mockbackend.Backend) { b.EndDelegatedAccess(mockbackend.AdatumID); permit(b) }, nil, nil, []string{
			denied + "Azure Resource Manager answered 403 Forbidden (AuthorizationFailed)",
		}, []string{"f00c <nil> <nil> ?"}},
		"no consent": {mockbackend.AdatumID, func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.CustomerTenants = mockbackend.CustomerTenantsNotAuthorized })
		}, false, []string{off}, []string{denied + "Microsoft Entra ID refused the sign-in in the tenant: AADSTS90099"}, []string{"f00c <nil> <nil> ?"}},
		"unknown to Azure": {mockbackend.AdatumID, func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.UnknownSubscriptions = 1 })
			permit(b)
		}, nil, nil, []string{denied + "Azure does not find it in the customer's tenant, although Partner Center lists it."}, []string{"f00c <nil> <nil> ?"}},
		"suspended plan": {mockbackend.FabrikamID, func(*mockbackend.Backend) {}, false, []string{noPlan + "Azure plan " + mockbackend.FabrikamAzurePlanID + " is suspended.", agree, off}, nil, []string{}},
		"no agreement": {mockbackend.AdatumID, func(b *mockbackend.Backend) {
			assignOwner(b, mockbackend.AdatumUserID)
			b.SetCustomerAgreements(mockbackend.AdatumID, mockbackend.CustomerAgreements{})
		}, false, []string{agree, off}, nil, []string{"f00c true false 1"}},
		"a cloud without agreements": {mockbackend.AdatumID, func(b *mockbackend.Backend) {
			assignOwner(b, mockbackend.AdatumUserID)
			permit(b)
			b.Fail(mockbackend.Fault{Path: "/customers/*/agreements", Kind: mockbackend.APIError, Status: 404, Code: 1000, Times: -1})
		}, nil, nil, []string{"Partner Center has no agreements in this cloud."}, []string{"f00c true false 1"}},
		"licences only": {mockbackend.NorthwindID, func(*mockbackend.Backend) {}, false, []string{noPlan + "1 subscription of other products only.", off}, nil, []string{}},
		"legacy":        {mockbackend.LitwareID, func(*mockbackend.Backend) {}, false, []string{noOwner, off}, nil, []string{"2707 false true 0"}},
		"inactive subscription": {mockbackend.AdatumID, func(b *mockbackend.Backend) {
			b.SetSubscriptionStatus(mockbackend.AdatumID, mockbackend.AdatumAzureID, "disabled")
		}, false, []string{"None of the Azure subscriptions of customer " + mockbackend.AdatumID, off}, nil, []string{"f00c <nil> <nil> ?"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := mockbackend.New(mockbackend.Config{})
			c.prepare(b)
			v := readiness(t, b, c.customerID)
			if v["ready"] != c.ready {
				t.Errorf("ready is %v, not %v", v["ready"], c.ready)
			}
			expectTexts(t, v, "blockers", c.blockers...)
			expectTexts(t, v, "unknowns", c.unknowns...)
			if got := owned(v); !slices.Equal(got, c.owned) {
				t.Errorf("the Azure subscriptions are %q, not %q", got, c.owned)
			}
			acctest.FailOnViolations(t, b)
		})
	}
}

// With app-only sign-in, the permission cannot be read, and owners can be read only with a role of the
// application.
func TestProtoReservationReadiness_appOnly(t *testing.T) {
	t.Parallel()
	const permission = "Whether the reservations permission of customer " + mockbackend.AdatumID + " is enabled is not known"
	const agreement = "Whether customer " + mockbackend.AdatumID + " has accepted the Microsoft Customer Agreement is not known"
	b := mockbackend.New(mockbackend.Config{})
	assignOwner(b, mockbackend.AdatumUserID)
	b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureReservedInstances)
	read := func() acctest.Values {
		t.Helper()
		v, err := acctest.NewProtocol(t, b, "").ReadDataSource(t.Context(), readinessName, acctest.Values{"customer_id": mockbackend.AdatumID})
		if err != nil {
			t.Fatal(err)
		}
		if v["ready"] != nil || v["permission_enabled"] != nil || v["caller_may_set"] != false {
			t.Errorf("got %v", v)
		}
		return v
	}
	v := read()
	expectTexts(t, v, "unknowns", agreement, "Azure Resource Manager answered 403 Forbidden (AuthorizationFailed)", permission)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.NoServicePrincipal = true })
	expectTexts(t, read(), "unknowns", agreement, "Azure Resource Manager answered 401 Unauthorized (InvalidAuthenticationToken)", permission)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.NoServicePrincipal = false })
	b.AssignRole(mockbackend.RoleAssignment{
		SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: b.ServicePrincipalID(mockbackend.AdatumID), RoleID: mockbackend.ReaderRole,
	})
	v = read()
	expectTexts(t, v, "unknowns", agreement, permission)
	expectTexts(t, v, "blockers")
	if got := owned(v); !slices.Equal(got, []string{"f00c true false 1"}) {
		t.Errorf("the Azure subscriptions are %q", got)
	}
	if n := b.Counters().Route("GET /v1/SelfServePolicy"); n != 0 {
		t.Errorf("the permission was read %d times", n)
	}
	acctest.FailOnViolations(t, b)
}

// wide adds a customer with two active Azure plans, a suspended one, and this number of Azure subscriptions.
func wide(b *mockbackend.Backend, subscriptions int) mockbackend.Customer {
	var azure []mockbackend.AzureEntitlement
	for i := range subscriptions {
		azure = append(azure, mockbackend.AzureEntitlement{ID: fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", i)})
	}
	return b.AddCustomer(mockbackend.Customer{CompanyName: "Wingtip"},
		mockbackend.Subscription{ID: "00000000-0000-4000-8000-00000000000d", AzureSubscriptions: azure[:subscriptions/2]},
		mockbackend.Subscription{ID: "00000000-0000-4000-8000-00000000000c", AzureSubscriptions: azure[subscriptions/2:]},
		mockbackend.Subscription{ID: "00000000-0000-4000-8000-00000000000b", Status: "suspended", AzureSubscriptions: []mockbackend.AzureEntitlement{{}}},
		mockbackend.Subscription{OfferID: "0B7E5D3C-9A8F-4C21-B6D4-E1F0A2B3C40A"},
	)
}

// One owned subscription of several is enough. The texts name the first three subscriptions.
func TestProtoReservationReadiness_severalPlans(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	customer := wide(b, 10)
	want := readiness(t, b, customer.ID)
	if got := owned(want); len(got) != 10 || !slices.IsSorted(got) || got[9] != "0009 false true 0" {
		t.Errorf("the Azure subscriptions are %q", got)
	}
	expectTexts(t, want, "blockers", "is Owner of Azure subscriptions aaaaaaaa-0000-4000-8000-000000000000 (Azure subscription 1), "+
		"aaaaaaaa-0000-4000-8000-000000000001 (Azure subscription 2), aaaaaaaa-0000-4000-8000-000000000002 (Azure subscription 3) and 7 more. ",
		"The permission of customer")
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ShuffleOrder, k.UpperCaseGUIDs, k.TotalCountWrong = true, true, true })
	for range 3 {
		if got := readiness(t, b, customer.ID); !reflect.DeepEqual(got, want) {
			t.Errorf("different result:\n%v\nnot\n%v", got, want)
		}
	}
	b.AssignRole(mockbackend.RoleAssignment{
		SubscriptionID: "aaaaaaaa-0000-4000-8000-000000000007", PrincipalID: b.Principals(customer.ID)[0].ID,
	})
	expectTexts(t, readiness(t, b, customer.ID), "blockers", "The permission of customer")
	acctest.FailOnViolations(t, b)
}

// With subscription_id, only this Azure subscription counts.
func TestProtoReservationReadiness_oneSubscription(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	read := func(subscriptionID string) acctest.Values {
		t.Helper()
		b.ResetJournal()
		v, err := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken).ReadDataSource(t.Context(), readinessName,
			acctest.Values{"customer_id": mockbackend.ContosoID, "subscription_id": subscriptionID})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := read(strings.ToUpper(mockbackend.ContosoAzureID)); v["ready"] != true || len(owned(v)) != 1 {
		t.Errorf("got %v", v)
	}
	v := read(mockbackend.AdatumAzureID)
	expectTexts(t, v, "blockers", "Azure subscription "+mockbackend.AdatumAzureID+" is none of those that customer "+mockbackend.ContosoID)
	if v["ready"] != false || slices.Contains(acctest.Routes(b.Requests()), assignmentsRoute) {
		t.Errorf("got %v by %q", v, acctest.Routes(b.Requests()))
	}
	acctest.FailOnViolations(t, b)
}

// The number of requests grows only with the active Azure subscriptions. A tenant that refuses the sign-in
// receives one token request. Requests are shared with other data sources.
func TestProtoReservationReadiness_requests(t *testing.T) {
	t.Parallel()
	for _, subscriptions := range []int{1, 10, 100} {
		b := mockbackend.New(mockbackend.Config{})
		customer := wide(b, subscriptions)
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		read := func(typeName string, want map[string]int) {
			t.Helper()
			b.ResetJournal()
			if _, err := p.ReadDataSource(t.Context(), typeName, acctest.Values{"customer_id": customer.ID}); err != nil {
				t.Fatal(err)
			}
			got := map[string]int{}
			for _, route := range acctest.Routes(b.Requests()) {
				got[route]++
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%d subscriptions: %s took %v, not %v", subscriptions, typeName, got, want)
			}
		}
		read("partnercenter_subscriptions", map[string]int{tokenRoute: 1, subsRoute: 1, entitlementsRoute: 3}) // also for the suspended plan
		read(readinessName, map[string]int{tokenRoute: 1, customerRoute: 1, agreementsRoute: 1, directRoute: 1, listRoute: 1, assignmentsRoute: subscriptions})
		read(readinessName, map[string]int{listRoute: 1})
		p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
		read(readinessName, map[string]int{tokenRoute: 2, subsRoute: 1, entitlementsRoute: 2, customerRoute: 1, agreementsRoute: 1, directRoute: 1, listRoute: 1, assignmentsRoute: subscriptions})
		b.SetKnobs(func(k *mockbackend.Knobs) { k.CustomerTenants = mockbackend.CustomerTenantsNoUser })
		p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
		read(readinessName, map[string]int{tokenRoute: 2, subsRoute: 1, entitlementsRoute: 2, customerRoute: 1, agreementsRoute: 1, directRoute: 1, listRoute: 1})
		acctest.FailOnViolations(t, b)
	}
}

// The first request finds a missing relationship, whatever else would also fail.
func TestProtoReservationReadiness_relationshipEnded(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	b.EndRelationship(mockbackend.AdatumID)
	_, err := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken).ReadDataSource(t.Context(), readinessName, acctest.Values{"customer_id": mockbackend.AdatumID})
	if err == nil || !strings.Contains(err.Error(), "Could not check whether customer "+mockbackend.AdatumID) || !strings.Contains(err.Error(), "no reseller relationship") {
		t.Errorf("the error is %v", err)
	}
	if got := acctest.Routes(b.Requests()); !slices.Equal(got, []string{tokenRoute, subsRoute}) {
		t.Errorf("the requests were %q", got)
	}
	acctest.FailOnViolations(t, b)
}

func TestProtoReservationReadiness_interrupted(t *testing.T) {
	t.Parallel()
	for _, service := range []mockbackend.Service{mockbackend.PartnerCenter, mockbackend.ResourceManager} {
		synctest.Test(t, func(t *testing.T) {
			b := mockbackend.New(mockbackend.Config{})
			p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
			b.Fail(mockbackend.Fault{Service: service, Kind: mockbackend.Slow})
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			start := time.Now()
			v, err := p.ReadDataSource(ctx, readinessName, acctest.Values{"customer_id": mockbackend.AdatumID})
			if err == nil || !strings.Contains(err.Error(), "The run was interrupted.") || time.Since(start) != time.Second {
				t.Errorf("%s: after %s: %v, %v", service, time.Since(start), v, err)
			}
			acctest.Pass(time.Minute) // a shared request continues for other callers
		})
	}
}

// refusedByAzure matches the reasons for unknown owners: the caller has no access in Resource Manager or in the
// customer's tenant, or Azure does not find the subscription.
var refusedByAzure = regexp.MustCompile(`Partner Center has no agreements in this cloud|answered (401 Unauthorized|403 Forbidden) \(\w+\)|Azure does not find it in the customer's tenant|AADSTS90002`)

// If a customer's tenant refuses the sign-in, this customer is unknown, with a reason, and no plan fails.
func TestProtoReservationReadiness_tenantRefuses(t *testing.T) {
	t.Parallel()
	for code, says := range map[int]string{
		65001: "application consent", 90099: "application consent", 700016: "application consent", 53003: "customer's administrator", 53000: "customer's administrator",
		50076: "customer's administrator", 50158: "customer's administrator", 90002: "Check the customer ID", 70043: "sign-in frequency",
	} {
		b := mockbackend.New(mockbackend.Config{})
		b.FailSignIn(mockbackend.SignInFault{Tenant: mockbackend.ContosoID, Code: code, Times: -1})
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		v, err := p.ReadDataSource(t.Context(), readinessName, acctest.Values{"customer_id": mockbackend.ContosoID})
		if err != nil || v["ready"] != nil || !strings.Contains(fmt.Sprint(v["unknowns"]), says) || strings.Contains(fmt.Sprint(v["unknowns"]), "store the new refresh token") {
			t.Errorf("%d: got %v, %v; want %q", code, v["unknowns"], err, says)
		}
		owners, err := p.ReadDataSource(t.Context(), "partnercenter_subscription_owners", acctest.Values{
			"customer_id": mockbackend.ContosoID, "subscription_id": mockbackend.ContosoAzureID,
		})
		if err != nil || owners["owners"] != nil || !strings.Contains(fmt.Sprint(owners["unknown_reason"]), says) {
			t.Errorf("%d: got %v, %v; want %q", code, owners, err, says)
		}
	}
}

func TestProtoReservationReadiness_faults(t *testing.T) {
	t.Parallel()
	config := acctest.Values{"customer_id": mockbackend.ContosoID, "subscription_id": mockbackend.ContosoAzureID}
	acctest.EachFault(t, "Could not check whether customer "+mockbackend.ContosoID, func(t *testing.T, b *mockbackend.Backend) acctest.Trial {
		t.Helper()
		p := acctest.NewProtocol(t, b, b.User(mockbackend.HelpdeskAgent).RefreshToken)
		b.AssignRole(mockbackend.RoleAssignment{
			SubscriptionID: mockbackend.ContosoAzureID, PrincipalID: mockbackend.GroupID(mockbackend.HelpdeskAgent), RoleID: mockbackend.ReaderRole,
		})
		var got acctest.Values
		return acctest.Trial{
			Run: func() (err error) {
				got, err = p.ReadDataSource(t.Context(), readinessName, config)
				return err
			},
			Check: func(failed error) error {
				switch {
				case failed != nil && got != nil:
					return fmt.Errorf("a result in spite of the error: %v", got)
				case failed == nil && got["ready"] == nil:
					if unknowns, _ := got["unknowns"].([]any); len(unknowns) != 1 || !refusedByAzure.MatchString(fmt.Sprint(unknowns[0])) {
						return fmt.Errorf("unknown without a refusal: %v", got)
					}
				case failed == nil && got["ready"] != true:
					return fmt.Errorf("the result is %v", got)
				}
				return nil
			},
		}
	})
}
