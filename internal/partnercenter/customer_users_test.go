package partnercenter_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// TestCustomerUsers_filter checks that the filter selects deleted users, and only those.
func TestCustomerUsers_filter(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	client := newClient(t, b)
	b.DeletePrincipal(mockbackend.AdatumID, mockbackend.AdatumUserID)
	for status, want := range map[string]string{"": mockbackend.AdatumSecondUserID, partnercenter.Inactive: mockbackend.AdatumUserID} {
		var got []string
		for u, err := range client.CustomerUsers.Of(t.Context(), mockbackend.AdatumID, partnercenter.CustomerUserFilter{Status: status}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, u.ID)
			if deleted := u.SoftDeletionTime != ""; deleted != (status == partnercenter.Inactive) {
				t.Errorf("%s was deleted at %q", u.ID, u.SoftDeletionTime)
			}
		}
		if !slices.Equal(got, []string{want}) {
			t.Errorf("status %q: got %q", status, got)
		}
	}
}

// TestSubscriptions_shared checks that equal lists are sorted, and shared while they are recent.
func TestSubscriptions_shared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		b.SetKnobs(func(k *mockbackend.Knobs) { k.ShuffleOrder = true })
		client := newClient(t, b)
		read := func() {
			t.Helper()
			all, err := client.Subscriptions.Of(t.Context(), mockbackend.ContosoID)
			if err != nil {
				t.Fatal(err)
			}
			azure, err := client.Subscriptions.Azure(t.Context(), mockbackend.ContosoID, all[0])
			if err != nil || len(azure) != 2 || azure[0].ID != mockbackend.ContosoAzureID || !azure[0].Active() {
				t.Errorf("got %+v, %v", azure, err)
			}
		}
		const subscriptions, entitlements = "GET /v1/customers/{customer}/subscriptions", "GET /v1/customers/{customer}/subscriptions/{subscription}/azureEntitlements"
		read()
		read()
		expectSent(t, b, subscriptions, entitlements)
		pass(t, 2*time.Minute)
		read()
		expectSent(t, b, entitlements)
		pass(t, 4*time.Minute)
		read()
		expectSent(t, b, subscriptions, entitlements)
	})
}
