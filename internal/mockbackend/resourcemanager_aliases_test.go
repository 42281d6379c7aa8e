package mockbackend_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const aliasPath = "/providers/Microsoft.Subscription/aliases/adatum-test?api-version=2021-10-01"

func aliasRequest(customerID string) map[string]any {
	return map[string]any{"properties": map[string]any{
		"displayName": "Adatum test", "workload": "DevTest",
		"billingScope": "/providers/Microsoft.Billing/billingAccounts/aa11bb22-0000-0000-0000-000000000001:cc33dd44-0000-0000-0000-000000000002_2019-05-31/customers/" + customerID,
	}}
}

func TestAliases(t *testing.T) { // https://learn.microsoft.com/rest/api/subscription/alias
	b := newBackend(t, mockbackend.Config{})
	b.SetKnobs(func(k *mockbackend.Knobs) { k.AliasPendingReads = 1 })
	partner := inAzure(t, b, mockbackend.PartnerTenantID)
	put := func(c *rawClient, body any) reply { return c.armCall(http.MethodPut, aliasPath, body) }

	created := put(partner, aliasRequest(mockbackend.AdatumID))
	id, _ := properties(created.body)["subscriptionId"].(string)
	if created.status != 201 || properties(created.body)["provisioningState"] != "Accepted" || id == "" {
		t.Fatalf("%d %s", created.status, created.raw)
	}
	for name, value := range properties(created.body) {
		if known := name == "subscriptionId" || name == "provisioningState"; !known && value != nil {
			t.Errorf("%s is %v", name, value)
		}
	}
	for _, want := range []string{"Accepted", "Succeeded"} {
		if got := partner.arm(aliasPath); got.status != 200 || properties(got.body)["provisioningState"] != want {
			t.Errorf("%d %s, not %s", got.status, got.raw, want)
		}
	}
	if again := put(partner, aliasRequest(mockbackend.AdatumID)); again.status != 200 || properties(again.body)["subscriptionId"] != id {
		t.Errorf("second PUT: %d %s", again.status, again.raw)
	}
	// The subscription is in the customer's tenant, which refuses the partner's token.
	if got := partner.arm("/subscriptions/" + id + "?api-version=2022-12-01"); got.status != 401 || !strings.Contains(string(got.raw), "InvalidAuthenticationTokenTenant") {
		t.Errorf("with the partner's token: %d %s", got.status, got.raw)
	}
	if got := inAzure(t, b, mockbackend.AdatumID).arm("/subscriptions/" + id + "?api-version=2022-12-01"); got.status != 200 || got.body["displayName"] != "Adatum test" {
		t.Errorf("with a token of the customer's tenant: %d %s", got.status, got.raw)
	}

	// Another user may neither read the alias nor create one.
	other := anonymous(t, b)
	other.bearer = other.token(mockbackend.PartnerTenantID, resourceManagerScope+"/.default", b.User(mockbackend.SalesAgent).RefreshToken)
	if got := other.arm(aliasPath); got.status != 403 {
		t.Errorf("another user: %d %s", got.status, got.raw)
	}
	if got := put(other, aliasRequest(mockbackend.AdatumID)); got.status != 403 || !strings.Contains(string(got.raw), "UserNotAuthorized") {
		t.Errorf("a Sales agent: %d %s", got.status, got.raw)
	}
	for customerID, want := range map[string]int{mockbackend.NorthwindID: 400, mockbackend.PartnerTenantID: 404} {
		if got := partner.armCall(http.MethodPut, strings.Replace(aliasPath, "adatum-test", "another", 1), aliasRequest(customerID)); got.status != want {
			t.Errorf("%s: %d %s", customerID, got.status, got.raw)
		}
	}

	for _, want := range []int{200, 204} {
		if got := partner.armCall(http.MethodDelete, aliasPath, nil); got.status != want {
			t.Errorf("delete: %d %s", got.status, got.raw)
		}
	}
	if list := partner.arm("/providers/Microsoft.Subscription/aliases?api-version=2021-10-01"); list.status != 200 || len(values(list)) != 0 {
		t.Errorf("%d %s", list.status, list.raw)
	}
}
