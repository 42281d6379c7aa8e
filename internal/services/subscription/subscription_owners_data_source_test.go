package subscription_test

import (
	"context"
	"fmt"
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
	ownersName       = "partnercenter_subscription_owners"
	assignmentsRoute = "GET /subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments"
)

// ofAdatum is the configuration for Adatum's Azure subscription.
var ofAdatum = acctest.Values{"customer_id": mockbackend.AdatumID, "subscription_id": mockbackend.AdatumAzureID}

// readOwners reads the data source, signed in as an Admin agent.
func readOwners(t *testing.T, b *mockbackend.Backend, config acctest.Values) (acctest.Values, error) {
	t.Helper()
	return acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken).ReadDataSource(t.Context(), ownersName, config)
}

// assigned returns "principal type side [inherited] [condition]" for each role assignment.
func assigned(list any) []string {
	all, known := list.([]any)
	if !known {
		return nil
	}
	out := []string{}
	for _, e := range all {
		a, _ := e.(acctest.Values)
		text := fmt.Sprint(a["principal_id"], " ", a["principal_type"], " ", a["side"])
		if a["inherited"] == true {
			text += " inherited"
		}
		if a["condition"] != nil {
			text += fmt.Sprint(" ", a["condition"])
		}
		out = append(out, text)
	}
	return out
}

func adminAgents() string {
	return mockbackend.GroupID(mockbackend.AdminAgent) + " ForeignGroup partner"
}

func TestAccSubscriptionOwners(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	const one = "data.partnercenter_subscription_owners.one"
	text, null := knownvalue.StringExact, knownvalue.Null()
	config := func(customerID, subscriptionID string) string {
		return b.Config(fmt.Sprintf("data %q \"one\" {\n customer_id = %q\n subscription_id = %q\n}", ownersName, customerID, subscriptionID))
	}
	assignment := func(principalID, principalType, side string) knownvalue.Check {
		return knownvalue.ObjectExact(map[string]knownvalue.Check{
			"principal_id": text(principalID), "principal_type": text(principalType), "side": text(side), "inherited": knownvalue.Bool(false),
			"scope": text("/subscriptions/" + mockbackend.ContosoAzureID), "condition": null, "role_assignment_id": knownvalue.NotNull(),
			"created_on": text("2024-03-11T09:14:02Z"),
		})
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{Config: config("contoso", mockbackend.ContosoAzureID), ExpectError: acctest.Says("The value of customer_id must be a GUID such as")},
			{Config: config(mockbackend.ContosoID, "production"), ExpectError: acctest.Says("The value of subscription_id must be an Azure subscription ID such as")},
			{
				Config: config(strings.ToUpper(mockbackend.ContosoID), "/subscriptions/"+strings.ToUpper(mockbackend.ContosoAzureID)),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(one, tfjsonpath.New("owners"), knownvalue.ListExact([]knownvalue.Check{
						assignment(mockbackend.GroupID(mockbackend.AdminAgent), "ForeignGroup", "partner"),
						assignment(mockbackend.ContosoUserID, "User", "customer"),
					})),
					statecheck.ExpectKnownValue(one, tfjsonpath.New("reservation_purchasers"), knownvalue.ListSizeExact(0)),
					statecheck.ExpectKnownValue(one, tfjsonpath.New("unknown_reason"), null),
				},
			},
		},
	})
}

// The data source lists all principals with one of the three roles on the subscription or above it, and no others.
func TestProtoSubscriptionOwners_roles(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	assign := func(principalID, role, scope, condition string) {
		t.Helper()
		b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: principalID, RoleID: role, Scope: scope, Condition: condition})
	}
	const condition = "@Resource[x] GuidEquals y"
	assign(mockbackend.AdatumUserID, mockbackend.OwnerRole, "/providers/Microsoft.Management/managementGroups/adatum", "")
	assign(mockbackend.AdatumUserID, mockbackend.ReservationPurchaserRole, "", "")
	assign(mockbackend.AdatumSecondUserID, mockbackend.SavingsPlanPurchaserRole, "", "")
	assign(mockbackend.AdatumSecondUserID, mockbackend.OwnerRole, "", condition)
	assign(mockbackend.AdatumGroupID, mockbackend.OwnerRole, "", "")
	assign(mockbackend.AdatumServicePrincipalID, mockbackend.OwnerRole, "/subscriptions/"+mockbackend.AdatumAzureID+"/resourceGroups/below", "")
	assign(mockbackend.AdatumServicePrincipalID, mockbackend.ContributorRole, "", "")
	b.SetKnobs(func(k *mockbackend.Knobs) {
		k.RoleAssignmentPageSize, k.RoleDefinitionIDForm, k.UpperCaseGUIDs = 2, mockbackend.RoleDefinitionIDProvider, true
	})
	v, err := readOwners(t, b, ofAdatum)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		mockbackend.AdatumUserID + " User customer inherited",
		mockbackend.AdatumSecondUserID + " User customer " + condition,
		mockbackend.AdatumGroupID + " Group customer",
		adminAgents(),
	}
	slices.Sort(want)
	if got := assigned(v["owners"]); !slices.Equal(got, want) {
		t.Errorf("the owners are %q, not %q", got, want)
	}
	if got := assigned(v["reservation_purchasers"]); !slices.Equal(got, []string{mockbackend.AdatumUserID + " User customer"}) {
		t.Errorf("the purchasers are %q", got)
	}
	if got := assigned(v["savings_plan_purchasers"]); !slices.Equal(got, []string{mockbackend.AdatumSecondUserID + " User customer"}) {
		t.Errorf("the purchasers of savings plans are %q", got)
	}
	acctest.FailOnViolations(t, b)
}

// Without access the owners are unknown: this is neither an empty list nor an error. The reason is the same in
// each read, so that it causes no change.
func TestProtoSubscriptionOwners_unknown(t *testing.T) {
	t.Parallel()
	const noConsent, lostAccess = "Microsoft Entra ID refused the sign-in in the tenant: AADSTS", "The signed-in user or application cannot read the customer's subscription."
	tenants := func(c mockbackend.CustomerTenants) func(*mockbackend.Backend) {
		return func(b *mockbackend.Backend) { b.SetKnobs(func(k *mockbackend.Knobs) { k.CustomerTenants = c }) }
	}
	for name, c := range map[string]struct {
		prepare func(*mockbackend.Backend)
		appOnly bool
		reason  []string
	}{
		"not authorised": {tenants(mockbackend.CustomerTenantsNotAuthorized), false, []string{noConsent + "90099", "Create an application consent"}},
		"no consent":     {tenants(mockbackend.CustomerTenantsNoConsent), false, []string{noConsent + "65001"}},
		"no user":        {tenants(mockbackend.CustomerTenantsNoUser), false, []string{noConsent + "50020", "there is no relationship with the customer"}},
		"lost access":    {func(b *mockbackend.Backend) { b.EndDelegatedAccess(mockbackend.AdatumID) }, false, []string{"403 Forbidden (AuthorizationFailed)", lostAccess}},
		"no service principal": {func(b *mockbackend.Backend) { b.SetKnobs(func(k *mockbackend.Knobs) { k.NoServicePrincipal = true }) }, true, []string{
			"401 Unauthorized (InvalidAuthenticationToken)", "needs a service principal in the customer's tenant",
		}},
		"application without a role": {func(*mockbackend.Backend) {}, true, []string{"403 Forbidden (AuthorizationFailed)", lostAccess}},
		"multifactor authentication": {func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.SignInError = &mockbackend.SignInError{Code: 50076} })
		}, false, []string{noConsent + "50076", "Ask the customer's administrator"}},
		"no such tenant": {func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.SignInError = &mockbackend.SignInError{Code: 90002} })
		}, false, []string{noConsent + "90002", "Check the customer ID"}},
		"sign-in frequency": {func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.SignInError = &mockbackend.SignInError{Code: 70043} })
		}, false, []string{noConsent + "70043", "sign-in frequency"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := mockbackend.New(mockbackend.Config{})
			c.prepare(b)
			token := b.User(mockbackend.AdminAgent).RefreshToken
			if c.appOnly {
				token = ""
			}
			var texts []any
			for range 2 {
				v, err := acctest.NewProtocol(t, b, token).ReadDataSource(t.Context(), ownersName, ofAdatum)
				if err != nil {
					t.Fatal(err)
				}
				if v["owners"] != nil || v["reservation_purchasers"] != nil || v["savings_plan_purchasers"] != nil {
					t.Errorf("the owners are not null: %v", v)
				}
				texts = append(texts, v["unknown_reason"])
			}
			reason, _ := texts[0].(string)
			for _, part := range c.reason {
				if !strings.Contains(reason, part) {
					t.Errorf("the reason %q does not say %q", reason, part)
				}
			}
			if texts[1] != texts[0] {
				t.Errorf("the reason was %q, and is %q", texts[0], texts[1])
			}
			acctest.FailOnViolations(t, b)
		})
	}
}

// Problems with the configuration, the sign-in or the service are errors.
func TestProtoSubscriptionOwners_errors(t *testing.T) {
	t.Parallel()
	signIn := func(code int) func(*mockbackend.Backend) {
		return func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.SignInError = &mockbackend.SignInError{Code: code} })
		}
	}
	nothing := func(*mockbackend.Backend) {}
	for name, c := range map[string]struct {
		prepare                    func(*mockbackend.Backend)
		customerID, subscriptionID string
		want                       string
	}{
		"no such subscription":   {nothing, mockbackend.AdatumID, "00000000-0000-4000-8000-000000000000", "SubscriptionNotFound"},
		"another's subscription": {nothing, mockbackend.AdatumID, mockbackend.ContosoAzureID, "belongs to the tenant " + mockbackend.ContosoID},
		"the plan":               {nothing, mockbackend.AdatumID, mockbackend.AdatumAzurePlanID, "SubscriptionNotFound"},
		"expired refresh token":  {signIn(700082), mockbackend.AdatumID, mockbackend.AdatumAzureID, "AADSTS700082"},
		"wrong client secret":    {signIn(7000215), mockbackend.AdatumID, mockbackend.AdatumAzureID, "AADSTS7000215"},
		"refused without a code": {func(b *mockbackend.Backend) { b.Fail(emptyForbidden) }, mockbackend.AdatumID, mockbackend.AdatumAzureID, "403 Forbidden"},
		"sign-in out of service": {func(b *mockbackend.Backend) { b.Fail(signInDown) }, mockbackend.AdatumID, mockbackend.AdatumAzureID, "500 Internal Server Error"},
		"answer of something else": {func(b *mockbackend.Backend) {
			b.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Kind: mockbackend.Garbage, Times: -1})
		}, mockbackend.AdatumID, mockbackend.AdatumAzureID, "not what the API documents"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := mockbackend.New(mockbackend.Config{})
				c.prepare(b)
				v, err := readOwners(t, b, acctest.Values{"customer_id": c.customerID, "subscription_id": c.subscriptionID})
				summary := "Could not list the owners of subscription " + c.subscriptionID + " of customer " + c.customerID
				if err == nil || !strings.Contains(err.Error(), summary) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, %v", v, err)
				}
				acctest.FailOnViolations(t, b)
			})
		})
	}
}

var (
	emptyForbidden = mockbackend.Fault{Service: mockbackend.ResourceManager, Kind: mockbackend.EmptyForbidden, Times: -1}
	signInDown     = mockbackend.Fault{Service: mockbackend.SignIn, Kind: mockbackend.ServerError, Times: -1}
)

// An application with a role can read the owners.
func TestProtoSubscriptionOwners_application(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	b.AssignRole(mockbackend.RoleAssignment{
		SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: b.ServicePrincipalID(mockbackend.AdatumID), RoleID: mockbackend.ReaderRole,
	})
	v, err := acctest.NewProtocol(t, b, "").ReadDataSource(t.Context(), ownersName, ofAdatum)
	if err != nil {
		t.Fatal(err)
	}
	if got := assigned(v["owners"]); !slices.Equal(got, []string{adminAgents()}) {
		t.Errorf("the owners are %q", got)
	}
	acctest.FailOnViolations(t, b)
}

// Within a minute, all reads of a subscription share one list.
func TestProtoSubscriptionOwners_requests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		for _, config := range []acctest.Values{
			ofAdatum,
			{"customer_id": strings.ToUpper(mockbackend.AdatumID), "subscription_id": "/subscriptions/" + strings.ToUpper(mockbackend.AdatumAzureID)},
		} {
			if _, err := p.ReadDataSource(t.Context(), ownersName, config); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{"POST /{tenant}/oauth2/v2.0/token", assignmentsRoute}
		if got := acctest.Routes(b.Requests()); !slices.Equal(got, want) {
			t.Errorf("sent %q, want %q", got, want)
		}
		acctest.Pass(time.Minute)
		b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumUserID})
		v, err := p.ReadDataSource(t.Context(), ownersName, ofAdatum)
		if err != nil || len(assigned(v["owners"])) != 2 {
			t.Errorf("a minute later the owners are %v, %v", v["owners"], err)
		}
		acctest.FailOnViolations(t, b)
	})
}

func TestProtoSubscriptionOwners_interrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		b.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Kind: mockbackend.Slow})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		if v, err := p.ReadDataSource(ctx, ownersName, ofAdatum); err == nil || !strings.Contains(err.Error(), "The run was interrupted.") {
			t.Errorf("got %v, %v", v, err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %s", took)
		}
		acctest.Pass(time.Minute) // the shared request continues after the interruption
	})
}

// refused matches the answers of Resource Manager or of the customer's tenant to a caller without access.
var refused = regexp.MustCompile(`answered (401 Unauthorized|403 Forbidden) \(\w+\)|AADSTS90002`)

func TestProtoSubscriptionOwners_faults(t *testing.T) {
	t.Parallel()
	on := "Could not list the owners of subscription " + mockbackend.AdatumAzureID
	acctest.EachReadFaultOr(t, on, ownersName, func(t *testing.T, b *mockbackend.Backend) (*acctest.Protocol, acctest.Values) {
		t.Helper()
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		acctest.Pass(time.Hour)
		return p, ofAdatum
	}, func(got acctest.Values) bool {
		return got["owners"] == nil && refused.MatchString(fmt.Sprint(got["unknown_reason"]))
	})
}
