package partnercenter_test

import (
	"net/http"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// TestApplicationConsents creates, adopts (for both documented answers), replaces and deletes a consent,
// including a missing one.
func TestApplicationConsents(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	client := newClient(t, b)
	b.RemoveApplicationConsents(mockbackend.AdatumID)
	ctx := t.Context()
	a := partnercenter.ApplicationConsent{
		ApplicationID: b.Partner().ClientID, DisplayName: "automation",
		Grants: map[string][]string{mockbackend.MicrosoftGraphID: {"User.Read.All", "Group.Read.All"}, partnercenter.AzureServiceManagement: {"user_impersonation"}},
	}
	for _, existed := range []bool{false, true} {
		if got, err := client.ApplicationConsents.Create(ctx, mockbackend.AdatumID, a); err != nil || got != existed {
			t.Errorf("existed %t, %v", got, err)
		}
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ConsentExistsBadRequest = true })
	if got, err := client.ApplicationConsents.Create(ctx, mockbackend.AdatumID, a); err != nil || !got {
		t.Errorf("existed %t, %v", got, err)
	}
	if got := b.ApplicationConsents(mockbackend.AdatumID); len(got) != 1 || len(got[0].Grants) != 2 || got[0].Grants[0].Scope != "Group.Read.All,User.Read.All" {
		t.Errorf("the server has %+v", got)
	}
	a.Grants = map[string][]string{partnercenter.AzureServiceManagement: {"user_impersonation"}}
	if err := client.ApplicationConsents.Replace(ctx, mockbackend.AdatumID, a); err != nil || len(b.ApplicationConsents(mockbackend.AdatumID)[0].Grants) != 1 {
		t.Errorf("the server has %+v, %v", b.ApplicationConsents(mockbackend.AdatumID), err)
	}
	for range 2 {
		if err := client.ApplicationConsents.Delete(ctx, mockbackend.AdatumID, a.ApplicationID); err != nil || len(b.ApplicationConsents(mockbackend.AdatumID)) != 0 {
			t.Errorf("the server has %+v, %v", b.ApplicationConsents(mockbackend.AdatumID), err)
		}
	}
	if err := client.ApplicationConsents.Delete(ctx, mockbackend.AdatumUserID, a.ApplicationID); !partnercenter.IsCustomerNotFound(err) {
		t.Errorf("error for an unknown customer: %v", err)
	}
	// An error that is not about the consent does not count as deleted or created.
	for _, f := range []mockbackend.Fault{
		{Kind: mockbackend.APIError, Status: http.StatusNotFound, Code: 1000},
		{Kind: mockbackend.HTMLError, Status: http.StatusOK},
		{Kind: mockbackend.APIError, Status: http.StatusConflict, Code: 600041},
	} {
		f.Times = 2
		b.Fail(f)
		if err := client.ApplicationConsents.Delete(ctx, mockbackend.AdatumID, a.ApplicationID); err == nil {
			t.Errorf("%+v counts as deleted", f)
		}
		if _, err := client.ApplicationConsents.Create(ctx, mockbackend.AdatumID, a); err == nil {
			t.Errorf("%+v counts as created", f)
		}
		b.ClearFaults()
	}
}
