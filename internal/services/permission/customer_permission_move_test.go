package permission_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// policyText returns a self-serve policy in the form in which a generic provider stores it in its state.
func policyText(permissions ...string) string {
	var lines []string
	for _, p := range permissions {
		lines = append(lines, fmt.Sprintf(`{"resource":%q,"action":"Purchase"}`, p))
	}
	return fmt.Sprintf(`{"selfServeEntity":{"selfServeEntityType":"customer","tenantID":%q},"grantor":{"grantorType":"billToPartner","tenantID":%q},"permissions":[%s]}`,
		strings.ToUpper(customer), mockbackend.PartnerTenantID, strings.Join(lines, ","))
}

// States of generic REST providers, in several versions, become a permission that the first plan does not
// change.
func TestProtoPermission_moved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ source, state string }{
		"restapi":                {"restapi_object", fmt.Sprintf(`{"id":"x","path":"/v1/SelfServePolicy","debug":false,"data":%q,"api_response":%q,"api_data":{"a":"b"}}`, policyText(ri), policyText(ri))},
		"restapi, not read":      {"restapi_object", fmt.Sprintf(`{"id":"x","path":"/v1/SelfServePolicy","data":%q,"api_response":null}`, policyText(sp, ri))},
		"restapi, read as list":  {"restapi_object", fmt.Sprintf(`{"data":%q,"api_response":%q}`, policyText(sp), `{"totalCount":1,"items":[`+policyText(ri)+`]}`)},
		"restful, text":          {"restful_resource", fmt.Sprintf(`{"id":"/SelfServePolicy/x","body":%q,"output":%q}`, policyText(ri), policyText(ri))},
		"restful, dynamic":       {"restful_resource", fmt.Sprintf(`{"body":{"type":["object",{}],"value":%s},"output":{"type":["object",{}],"value":%s}}`, policyText(sp), policyText(ri, sp))},
		"restful, output is cut": {"restful_resource", fmt.Sprintf(`{"body":{"type":["object",{}],"value":%s},"output":{"type":["object",{}],"value":{"etag":"1"}}}`, policyText(ri))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
				r.SetPermissions(customer, ri)
				r.ResetJournal()
				if err := r.Move(t.Context(), c.source, c.state); err != nil {
					t.Fatal(err)
				}
				if s := r.State(); s["customer_id"] != customer || s["enabled"] != true {
					t.Errorf("moved to %v", s)
				}
				saved := r.Save()
				if action, err := r.Plan(t.Context(), on); err != nil || action == acctest.Replace || action == acctest.Create {
					t.Errorf("without a refresh: %s, %v", action, err)
				}
				r.MustRefresh()
				r.ExpectPlan(on, acctest.NoOp)
				if r.Identity()["customer_id"] != customer || r.State()["name"] != "Adatum Demo" {
					t.Errorf("after a refresh: %v, %v", r.State(), r.Identity())
				}
				if writes := acctest.Writes(r.Backend); len(writes) > 0 {
					t.Errorf("written: %v", acctest.Routes(writes))
				}
				r.Load(saved)
				r.MustApply(nil)
				acctest.ExpectPermissions(t, r.Backend, customer)
			})
		})
	}
}

// A state without the policy of a customer is refused with the reason.
func TestProtoPermission_notMoved(t *testing.T) {
	t.Parallel()
	for says, c := range map[string]struct{ source, state string }{
		"Its state contains no self-serve policy":       {"restapi_object", `{"id":"x","path":"/users","data":"{\"name\":\"ana\"}","api_response":null}`},
		"Its state cannot be read":                      {"restful_resource", `[]`},
		"does not include support for the given source": {"random_id", `{"id":"x"}`},
	} {
		acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
			if err := r.Move(t.Context(), c.source, c.state); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v", says, err)
			}
		})
	}
}
