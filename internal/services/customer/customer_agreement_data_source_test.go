package customer_test

import (
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

const customerAgreement = "partnercenter_customer_agreement"

func TestAccCustomerAgreement(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	config := func(id string) string {
		return b.Config("data \"" + customerAgreement + "\" \"one\" {\n  customer_id = \"" + id + "\"\n}")
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{Config: config("adatum"), ExpectError: acctest.Says("The value of customer_id must be a GUID such as")},
			{
				Config: config(strings.ToUpper(mockbackend.AdatumID)),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("data."+customerAgreement+".one", tfjsonpath.New("id"), knownvalue.StringExact(mockbackend.AdatumID)),
					statecheck.ExpectKnownValue("data."+customerAgreement+".one", tfjsonpath.New("name"), knownvalue.StringExact("Adatum Demo")),
					statecheck.ExpectKnownValue("data."+customerAgreement+".one", tfjsonpath.New("accepted"), knownvalue.Bool(true)),
					statecheck.ExpectSensitiveValue("data."+customerAgreement+".one", tfjsonpath.New("primary_contact")),
				},
			},
		},
	})
}

// The test covers both ways to accept, an old acceptance, and none.
func TestProtoCustomerAgreement(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		p := acctest.NewProtocol(t, b, b.User(mockbackend.HelpdeskAgent).RefreshToken)
		for customerID, want := range map[string]acctest.Values{
			mockbackend.AdatumID:   {"accepted": true, "signed_directly": false, "outdated": false, "agreed_on": "2026-02-03T00:00:00Z"},
			mockbackend.ContosoID:  {"accepted": true, "signed_directly": true, "outdated": false, "agreed_on": nil, "primary_contact": nil, "template_id": nil, "link": nil},
			mockbackend.LitwareID:  {"accepted": true, "signed_directly": false, "outdated": true, "agreed_on": "2021-06-15T00:00:00Z"},
			mockbackend.FabrikamID: {"accepted": false, "signed_directly": false, "outdated": false, "agreed_on": nil, "primary_contact": nil},
		} {
			got, err := p.ReadDataSource(t.Context(), customerAgreement, acctest.Values{"customer_id": customerID})
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range want {
				if got[name] != value {
					t.Errorf("%s: %s is %v, not %v", got["name"], name, got[name], value)
				}
			}
		}
		got, err := p.ReadDataSource(t.Context(), customerAgreement, acctest.Values{"customer_id": mockbackend.AdatumID})
		contact, _ := got["primary_contact"].(acctest.Values)
		if err != nil || contact["first_name"] != "Ana" || contact["last_name"] != "Ruiz" || contact["email"] != "ana@adatum-demo.example" || contact["phone_number"] != "4255550100" {
			t.Errorf("the contact is %v, %v", contact, err)
		}
		acctest.FailOnViolations(t, b)
	})
}

// An ID that is not a customer's, sign-in without a user, and a failure each cause an error that says what to
// do.
func TestProtoCustomerAgreement_failures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		read := func(token, customerID string) string {
			t.Helper()
			p := acctest.NewProtocol(t, b, token)
			defer acctest.Pass(time.Hour)
			if _, err := p.ReadDataSource(t.Context(), customerAgreement, acctest.Values{"customer_id": customerID}); err != nil {
				return err.Error()
			}
			return ""
		}
		admin := b.User(mockbackend.AdminAgent).RefreshToken
		b.EndRelationship(mockbackend.TailspinID)
		for what, c := range map[string]struct{ got, want string }{
			"no customer":     {read(admin, mockbackend.AdatumUserID), "no customer tenant with this ID"},
			"no relationship": {read(admin, mockbackend.TailspinID), "no reseller relationship"},
			"app-only":        {read("", mockbackend.AdatumID), "refresh token"},
		} {
			if !strings.Contains(c.got, c.want) || !strings.Contains(c.got, "Could not read the Microsoft Customer Agreement of") {
				t.Errorf("%s: %s", what, c.got)
			}
		}
		for _, path := range []string{"/customers/*/agreements", "/customers/*/directSignedMicrosoftCustomerAgreementStatus"} {
			for _, kind := range []mockbackend.FaultKind{mockbackend.Garbage, mockbackend.EmptyForbidden, mockbackend.ServerError} {
				b.Fail(mockbackend.Fault{Path: path, Kind: kind, Times: -1})
				if got := read(admin, mockbackend.AdatumID); !strings.Contains(got, "Could not read the Microsoft Customer Agreement of") {
					t.Errorf("%s of %s: %q", kind, path, got)
				}
				b.ClearFaults()
			}
		}
		acctest.FailOnViolations(t, b)
	})
}
