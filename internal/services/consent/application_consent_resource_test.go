package consent_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const (
	consentType = "partnercenter_application_consent"
	address     = consentType + ".one"
	adatum      = mockbackend.AdatumID
	other       = "0a1b2c3d-4e5f-4607-8819-2a3b4c5d6e20" // another application than the provider's
	graph       = mockbackend.MicrosoftGraphID
	azureAPI    = mockbackend.AzureServiceManagementID
)

func block(arguments ...string) string {
	return fmt.Sprintf("resource %q \"one\" {\n  customer_id = %q\n  display_name = \"automation\"\n  %s\n}\n", consentType, adatum, strings.Join(arguments, "\n  "))
}

const withGraph = `grants = { "` + azureAPI + `" = ["user_impersonation"], "` + graph + `" = ["User.Read.All", "Group.Read.All"] }`

// expectGrants compares the grants of all consents of the customer.
func expectGrants(t *testing.T, b *mockbackend.Backend, want ...string) {
	t.Helper()
	var got []string
	for _, c := range b.ApplicationConsents(adatum) {
		for _, g := range c.Grants {
			got = append(got, g.EnterpriseApplicationID+" "+g.Scope)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the customer grants %q, not %q", got, want)
	}
}

func TestAccConsent_lifecycle(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	b.RemoveApplicationConsents(adatum)
	text := knownvalue.StringExact
	state := func(name string, check knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), check)
	}
	does := func(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}}
	}
	app := b.Partner().ClientID
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		CheckDestroy: func(*terraform.State) error {
			if left := b.ApplicationConsents(adatum); len(left) > 0 {
				return fmt.Errorf("after destroy there is %+v", left)
			}
			return nil
		},
		Steps: []resource.TestStep{
			{
				Config: b.Config(block()), ConfigPlanChecks: does(plancheck.ResourceActionCreate),
				ConfigStateChecks: []statecheck.StateCheck{
					state("id", text(adatum+"/"+app)), state("name", text("Adatum Demo")), state("application_id", text(app)),
				},
				PostApplyFunc: func() { expectGrants(t, b.Backend, azureAPI+" user_impersonation") },
			},
			{
				Config: b.Config(block(withGraph)), ConfigPlanChecks: does(plancheck.ResourceActionUpdate),
				PostApplyFunc: func() {
					expectGrants(t, b.Backend, graph+" Group.Read.All,User.Read.All", azureAPI+" user_impersonation")
				},
			},
			{ // the same IDs in upper case
				Config:           b.Config(strings.ReplaceAll(block(withGraph, `application_id = "`+strings.ToUpper(app)+`"`), adatum, strings.ToUpper(adatum))),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
			{ResourceName: address, ImportState: true, ImportStateId: adatum, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"grants", "display_name"}},
			{ResourceName: address, ImportState: true, ImportStateId: adatum + "/" + app, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"grants", "display_name"}},
			{Config: b.Config(block(`application_id = "` + other + `"`)), ConfigPlanChecks: does(plancheck.ResourceActionReplace)},
			{Config: b.Config(block()), ConfigPlanChecks: does(plancheck.ResourceActionReplace)},
		},
	})
}

// One apply gives the consent and creates the role assignment, although the consent takes effect with a delay.
func TestAccConsent_ownerAssignments(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	b.RemoveApplicationConsents(adatum)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ConsentLag = 2 * time.Second })
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{{Config: b.Config(block(), `
resource "partnercenter_subscription_owner_assignment" "owner" {
  customer_id     = partnercenter_application_consent.one.customer_id
  subscription_id = "`+mockbackend.AdatumAzureID+`"
  principal_id    = "`+mockbackend.AdatumUserID+`"
}
`)}},
	})
}

func apply(t *testing.T, r *acctest.Resource, config acctest.Values) {
	t.Helper()
	if err := r.Apply(t.Context(), config); err != nil {
		t.Fatal(err)
	}
}

var config = acctest.Values{"customer_id": adatum, "display_name": "automation"}

// start returns a resource with a new mock. Consented means that the customer has already consented.
func start(t *testing.T, consented bool) (*mockbackend.Backend, *acctest.Protocol, *acctest.Resource) {
	t.Helper()
	b := mockbackend.New(mockbackend.Config{})
	if !consented {
		b.RemoveApplicationConsents(adatum)
	}
	t.Cleanup(func() { acctest.FailOnViolations(t, b) })
	p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
	return b, p, p.Resource(consentType)
}

// An existing consent is adopted, with a warning that it keeps its grants.
func TestProtoConsent_adopts(t *testing.T) {
	t.Parallel()
	for _, badRequest := range []bool{false, true} {
		b, _, r := start(t, true)
		b.SetKnobs(func(k *mockbackend.Knobs) { k.ConsentExistsBadRequest = badRequest })
		before := b.ApplicationConsents(adatum)
		apply(t, r, config)
		if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "existed already") {
			t.Errorf("got the warnings %q", r.Warnings)
		}
		if !reflect.DeepEqual(b.ApplicationConsents(adatum), before) {
			t.Errorf("the consent is %+v", b.ApplicationConsents(adatum))
		}
	}
}

// A refresh reads the consent by a sign-in. The cases have the result and the number of requests.
func TestProtoConsent_refresh(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config  acctest.Values
		outside func(*mockbackend.Backend)
		stays   bool
		warns   string
		signIns int
		plan    acctest.Action
	}{
		"nothing changed":         {config, func(*mockbackend.Backend) {}, true, "", 2, acctest.NoOp},
		"removed by the customer": {config, func(b *mockbackend.Backend) { b.RemoveApplicationConsents(adatum) }, false, "", 2, acctest.Create},
		"blocked by a policy": {config, func(b *mockbackend.Backend) {
			b.FailSignIn(mockbackend.SignInFault{Tenant: adatum, Code: 53003, Times: -1})
		}, true, "customer's administrator", 2, acctest.NoOp},
		"another application's": {
			acctest.Values{"customer_id": adatum, "display_name": "x", "application_id": other}, func(b *mockbackend.Backend) { b.RemoveApplicationConsents(adatum) }, true, "", 1, acctest.NoOp,
		},
		"without Azure": {
			acctest.Values{"customer_id": adatum, "display_name": "x", "grants": acctest.Values{graph: []any{"User.Read.All"}}},
			func(b *mockbackend.Backend) { b.RemoveApplicationConsents(adatum) }, true, "", 0, acctest.NoOp,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, consentType, func(t *testing.T, run acctest.Run) {
				run.RemoveApplicationConsents(adatum)
				apply(t, run.Resource, c.config)
				acctest.Pass(time.Hour)
				c.outside(run.Backend)
				run.Restart(run.User(mockbackend.AdminAgent).RefreshToken)
				run.ResetJournal()
				if err := run.Refresh(t.Context()); err != nil {
					t.Fatal(err)
				}
				if run.Exists() != c.stays {
					t.Errorf("the state is %v", run.State())
				}
				if (c.warns == "") != (len(run.Warnings) == 0) || c.warns != "" && !strings.Contains(run.Warnings[0], c.warns) {
					t.Errorf("got the warnings %q", run.Warnings)
				}
				if got := len(run.Requests()); got != c.signIns {
					t.Errorf("%d requests, not %d: %+v", got, c.signIns, run.Requests())
				}
				if action, err := run.Plan(t.Context(), c.config); action != c.plan || err != nil {
					t.Errorf("the plan is %s, %v", action, err)
				}
			})
		})
	}
}

// If a resource gets a new address, the object at the new address keeps the consent when the old one is destroyed.
func TestProtoConsent_moved(t *testing.T) {
	t.Parallel()
	b, p, old := start(t, false)
	apply(t, old, config)
	p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
	renamed := p.Resource(consentType)
	apply(t, renamed, config)
	apply(t, old, nil)
	if len(b.ApplicationConsents(adatum)) != 1 {
		t.Error("the consent is gone, although a resource declares it")
	}
	if _, err := p.Resource(consentType).Plan(t.Context(), config); err == nil || !strings.Contains(err.Error(), "Two resources declare") {
		t.Errorf("a duplicate got %v", err)
	}
}

// The case of GUIDs does not matter.
func TestProtoConsent_spelling(t *testing.T) {
	t.Parallel()
	b, p, r := start(t, false)
	apply(t, r, changed)
	p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
	other := acctest.Values{"customer_id": strings.ToUpper(adatum), "display_name": "automation", "grants": acctest.Values{
		strings.ToUpper(azureAPI): []any{"user_impersonation"}, strings.ToUpper(graph): []any{"User.Read.All"},
	}}
	if action, err := r.Plan(t.Context(), other); action != acctest.NoOp || err != nil {
		t.Errorf("the plan is %s, %v", action, err)
	}
}

// Invalid configurations, plans without a user and invalid imports are errors.
func TestProtoConsent_refusals(t *testing.T) {
	t.Parallel()
	b, p, r := start(t, false)
	for says, c := range map[string]acctest.Values{
		"There is no customer tenant with this ID": {"customer_id": other, "display_name": "x"},
		"must be a GUID": {"customer_id": "adatum", "display_name": "x"},
		"at least 1":     {"customer_id": adatum, "display_name": "x", "grants": acctest.Values{}},
	} {
		if _, err := r.Plan(t.Context(), c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
	p.Restart("")
	if _, err := r.Plan(t.Context(), config); err == nil || !strings.Contains(err.Error(), "Sign-in without a user") {
		t.Errorf("app-only: got %v", err)
	}
	p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
	if err := r.Import(t.Context(), adatum, nil); err == nil || !strings.Contains(err.Error(), "AADSTS65001") {
		t.Errorf("a consent that does not exist was imported: %v", err)
	}
	if err := r.Import(t.Context(), "adatum", nil); err == nil || !strings.Contains(err.Error(), "terraform import "+consentType) {
		t.Errorf("got %v", err)
	}
}

// After the end of the relationship, the consent cannot be withdrawn. The destroy warns and succeeds.
func TestProtoConsent_relationshipEnded(t *testing.T) {
	t.Parallel()
	b, _, r := start(t, false)
	apply(t, r, config)
	b.EndRelationship(adatum)
	apply(t, r, nil)
	if r.Exists() || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "can delete the enterprise application") {
		t.Errorf("the state is %v, the warnings %q", r.State(), r.Warnings)
	}
}

// Many consents keep to the limit of 50 requests per second.
func TestProtoConsent_many(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, consentType, func(t *testing.T, run acctest.Run) {
		var ids []string
		for range 200 {
			c := run.AddCustomer(mockbackend.Customer{})
			run.RemoveApplicationConsents(c.ID)
			ids = append(ids, c.ID)
		}
		begin := time.Now()
		acctest.Parallel(len(ids), func(i int) {
			if err := run.Protocol.Resource(consentType).Apply(t.Context(), acctest.Values{"customer_id": ids[i], "display_name": "x"}); err != nil {
				t.Error(err)
			}
		})
		if took := time.Since(begin); took > 6*time.Second {
			t.Errorf("it took %s", took)
		}
		for _, r := range run.Requests() {
			if r.Status == 429 {
				t.Errorf("%s was throttled", r.Path)
			}
		}
	})
}
