package mockbackend_test

import (
	"slices"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestChanges checks that changes of the API and of the portal are in the order in which they took effect.
func TestChanges(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	c.call("POST", "/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)).want(t, "create", 201, 0)
	b.SetPermissions(mockbackend.AdatumID)
	made := b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: b.AddUser(mockbackend.AdatumID, mockbackend.Principal{}).ID})
	inTenant(t, b, mockbackend.AdatumID).armCall("DELETE", adatumAssignments+"/"+made.Name+assignmentVersion, nil)
	changes := b.Changes()
	if len(changes) != 4 {
		t.Fatalf("changes: %+v", changes)
	}
	on, off, assigned, removed := changes[0], changes[1], changes[2], changes[3]
	if on.Outside || on.Before != nil || !slices.Equal(on.After, []string{mockbackend.AzureSavingsPlan}) {
		t.Errorf("enabled: %+v", on)
	}
	if !off.Outside || off.After != nil || off.CustomerID != mockbackend.AdatumID {
		t.Errorf("disabled: %+v", off)
	}
	if !assigned.Outside || assigned.Name != made.Name || removed.Outside || removed.After != nil || !slices.Equal(removed.Before, []string{made.PrincipalID}) {
		t.Errorf("assigned: %+v, removed: %+v", assigned, removed)
	}
}
