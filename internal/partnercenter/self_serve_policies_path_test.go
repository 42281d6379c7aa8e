package partnercenter_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// TestUpdate_path checks that an update is retried without the ID in the path if the server rejects the ID. Later
// updates omit the ID from the start.
func TestUpdate_path(t *testing.T) {
	const without = "PUT /v1/SelfServePolicy"
	updates := func(b *mockbackend.Backend) (with, bare int) {
		return b.Counters().Route(update), b.Counters().Route(without)
	}
	for path, want := range map[mockbackend.PUTPath][4]int{
		mockbackend.PUTPathBoth: {1, 0, 2, 0}, mockbackend.PUTPathIDOnly: {1, 0, 2, 0}, mockbackend.PUTPathNoID: {1, 1, 1, 2},
	} {
		t.Run(string(path), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				b.SetKnobs(func(k *mockbackend.Knobs) { k.PUTPath = path })
				client := newClient(t, b)
				var got [4]int
				for i, customer := range []string{adatum, mockbackend.LitwareID} {
					b.SetPermissions(customer, savingsPlan)
					if _, err := client.SelfServePolicies.Grant(t.Context(), customer, partnercenter.AzureReservedInstances, partnercenter.Seen{}); err != nil {
						t.Fatal(err)
					}
					expectPermissions(t, b, customer, reservations, savingsPlan)
					got[2*i], got[2*i+1] = updates(b)
				}
				if got != want {
					t.Errorf("updates with and without the ID: %v, not %v", got, want)
				}
			})
		})
	}
	t.Run("neither", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			b.SetPermissions(adatum, savingsPlan)
			b.SetKnobs(func(k *mockbackend.Knobs) { k.PUTPath = mockbackend.PUTPathNoID })
			b.Fail(mockbackend.Fault{Method: http.MethodPut, Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: 400, Code: 900141, Times: -1})
			_, err := newClient(t, b).SelfServePolicies.Grant(t.Context(), adatum, partnercenter.AzureReservedInstances, partnercenter.Seen{})
			if with, bare := updates(b); err == nil || !strings.Contains(err.Error(), "600040") || with != 1 || bare != 1 {
				t.Errorf("%v after %d and %d updates", err, with, bare)
			}
		})
	})
}

// TestLowerCase checks that IDs are sent in lower case, whatever case the caller uses. This server compares
// case-sensitively.
func TestLowerCase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		b.SetKnobs(func(k *mockbackend.Knobs) {
			k.EntityIDCase, k.PathIDCase, k.UpperCaseGUIDs = mockbackend.IDCaseExact, mockbackend.IDCaseExact, true
		})
		client, customer := newClient(t, b), strings.ToUpper(adatum)
		for _, permission := range []partnercenter.Permission{partnercenter.AzureReservedInstances, partnercenter.AzureSavingsPlan} {
			if _, err := client.SelfServePolicies.Grant(t.Context(), customer, permission, partnercenter.Seen{}); err != nil {
				t.Fatal(err)
			}
		}
		for _, permission := range []partnercenter.Permission{partnercenter.AzureReservedInstances, partnercenter.AzureSavingsPlan} {
			if policy, err := client.SelfServePolicies.Revoke(t.Context(), customer, permission, partnercenter.Seen{}); err != nil || policy.Allows(permission) {
				t.Fatal(err, policy)
			}
		}
		if _, err := client.Customers.Get(t.Context(), customer); err != nil {
			t.Error(err)
		}
		if _, err := client.Subscriptions.Of(t.Context(), customer); err != nil {
			t.Error(err)
		}
		for _, request := range b.Requests() {
			if strings.Contains(request.Path+request.Query, customer) {
				t.Errorf("%s %s?%s", request.Method, request.Path, request.Query)
			}
		}
	})
}

// TestList reads all policies with the undocumented list.
func TestList(t *testing.T) {
	for list, want := range map[mockbackend.PolicyList]int{
		mockbackend.PolicyListAll: 2, mockbackend.PolicyListPages: 2, mockbackend.PolicyListEmpty: 0, mockbackend.PolicyListRefused: -1,
	} {
		b := newBackend(t, mockbackend.Config{})
		b.SetKnobs(func(k *mockbackend.Knobs) { k.PolicyList, k.PageSize, k.UpperCaseGUIDs = list, 1, true })
		got, err := newClient(t, b).SelfServePolicies.List(t.Context())
		if (err != nil) != (want < 0) || err == nil && len(got) != want {
			t.Errorf("%s: %v, %v", list, got, err)
		}
		if want == 2 && (!got[mockbackend.TailspinID].Allows(partnercenter.AzureReservedInstances) || got[mockbackend.TailspinID].Allows(partnercenter.AzureSavingsPlan)) {
			t.Errorf("%s: %v", list, got)
		}
	}
}

// TestRaw checks that Raw returns answers unchanged, with any status.
func TestRaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		client := newClient(t, b)
		get := func(path string) partnercenter.RawAnswer {
			got, err := client.Raw(t.Context(), partnercenter.RawCall{Method: http.MethodGet, Path: path})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if got := get("/v1/customers"); got.StatusCode != 200 || !got.BOM || got.Code != "" || got.Header.Get("MS-CV") == "" || got.Body[0] != '{' || got.CorrelationID == "" || got.Throttled != nil {
			t.Errorf("%d %t %q %s", got.StatusCode, got.BOM, got.Code, got.Body[:20])
		}
		b.Fail(mockbackend.Fault{Kind: mockbackend.Throttle})
		if got := get("/v1/customers/" + mockbackend.PartnerTenantID); got.StatusCode != 404 || got.Code != "60003" || got.CodeIsText || got.Throttled.Get("Retry-After") == "" {
			t.Errorf("%d %q", got.StatusCode, got.Code)
		}
		create := partnercenter.RawCall{Method: http.MethodPost, Path: "/v1/SelfServePolicy", Body: map[string]any{
			"selfServeEntity": map[string]any{"selfServeEntityType": "customer", "tenantID": adatum},
			"grantor":         map[string]any{"grantorType": "billToPartner", "tenantID": mockbackend.PartnerTenantID},
			"permissions":     []any{map[string]any{"resource": reservations, "action": "Purchase"}},
		}, RequestID: "4f9c1c0e-5a6b-4c7d-8e9f-0a1b2c3d4e5f"}
		for range 2 { // the server executes requests with the same MS-RequestId once
			if got, err := client.Raw(t.Context(), create); err != nil || got.StatusCode != 201 {
				t.Errorf("%d %v", got.StatusCode, err)
			}
		}
	})
}
