package provider_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestAccProvider_unknownSetting: a setting that is known only after apply fails a plan that needs a sign-in. It
// does not count as not set, because the environment might have the value of another partner.
func TestAccProvider_unknownSetting(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	for _, setting := range []string{"tenant_id", "client_id", "client_secret", "refresh_token"} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			config := regexp.MustCompile(setting+` = ".*"`).ReplaceAllLiteralString(b.Config(
				`resource "terraform_data" "later" { input = "later" }`,
				`data "partnercenter_customers" "all" {}`,
			), setting+" = terraform_data.later.output")
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: b.Factories(),
				Steps: []resource.TestStep{{
					Config: config, PlanOnly: true,
					ExpectError: acctest.Says("Sign-in failed: unknown value for " + setting),
				}},
			})
		})
	}
	t.Cleanup(func() {
		if sent := b.Requests(); len(sent) > 0 {
			t.Errorf("requests were sent: %v", acctest.Routes(sent))
		}
	})
}

// TestAccProvider_missingSettings: without settings and environment, the errors name all missing settings at once.
func TestAccProvider_missingSettings(t *testing.T) {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "PARTNERCENTER_") {
			t.Setenv(name, "")
		}
	}
	b := acctest.New(t, mockbackend.Config{})
	const config = `
provider "partnercenter" {}
data "partnercenter_customers" "all" {}
`
	var steps []resource.TestStep
	for _, says := range []string{
		"Missing tenant_id", "Missing client_id",
		"set tenant_id in the provider block or the environment variable PARTNERCENTER_TENANT_ID.",
	} {
		steps = append(steps, resource.TestStep{Config: config, PlanOnly: true, ExpectError: acctest.Says(says)})
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: b.Factories(), Steps: steps})
}

// TestAccProvider_malformedSettings: the configuration has precedence over the environment, which may be another
// partner's.
func TestAccProvider_malformedSettings(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	refused := func(setting, value, says string) resource.TestStep {
		config := regexp.MustCompile(setting+` = ".*"`).ReplaceAllLiteralString(b.Config(`data "partnercenter_customers" "all" {}`), setting+` = "`+value+`"`)
		return resource.TestStep{Config: config, PlanOnly: true, ExpectError: acctest.Says(says)}
	}
	refusedNumber := func(setting, value, says string) resource.TestStep {
		config := strings.Replace(b.Config(`data "partnercenter_customers" "all" {}`), "  tenant_id", "  "+setting+" = "+value+"\n  tenant_id", 1)
		return resource.TestStep{Config: config, PlanOnly: true, ExpectError: acctest.Says(says)}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			refused("tenant_id", "partner", "must be the tenant's ID, a GUID such as"),
			refused("client_id", "app", "must be a GUID such as"),
			refused("partner_center", "http://api.example", "is plain http, which is accepted for a loopback address only"),
			refusedNumber("requests_per_second", "0", "The value of requests_per_second must be a number from 0.01 to 1000, such as 8"),
			refusedNumber("max_concurrent_requests", "257", "The value of max_concurrent_requests must be a whole number from 1 to 256, such as 32"),
			refusedNumber("max_retries", "-1", "The value of max_retries must be a whole number from 0 to 100, such as 4"),
			refused("ca_certificate_path", "/does/not/exist.pem", "cannot be read"),
		},
	})
}
