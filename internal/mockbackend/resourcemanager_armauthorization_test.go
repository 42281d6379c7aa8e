package mockbackend_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// officialClient returns Microsoft's client for role assignments. It authenticates as the partner's application in
// the tenant of a customer. It does not retry.
func officialClient(t *testing.T, b *mockbackend.Backend, tenant string) *armauthorization.RoleAssignmentsClient {
	t.Helper()
	options := azcore.ClientOptions{
		Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: b.Endpoints().SignIn, Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: b.Endpoints().ResourceManager, Audience: resourceManagerScope},
		}},
		Transport: &http.Client{Transport: b.Transport()}, Retry: policy.RetryOptions{MaxRetries: -1},
	}
	credential, err := azidentity.NewClientSecretCredential(tenant, b.Partner().ClientID, b.Partner().ClientSecret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: options, DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := armauthorization.NewRoleAssignmentsClient(mockbackend.AdatumAzureID, credential, &arm.ClientOptions{ClientOptions: options, DisableRPRegistration: true})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func ownerOf(principalID string, kind armauthorization.PrincipalType) armauthorization.RoleAssignmentCreateParameters {
	properties := &armauthorization.RoleAssignmentProperties{
		PrincipalID:      &principalID,
		RoleDefinitionID: new("/subscriptions/" + mockbackend.AdatumAzureID + "/providers/Microsoft.Authorization/roleDefinitions/" + mockbackend.OwnerRole),
	}
	if kind != "" {
		properties.PrincipalType = &kind
	}
	return armauthorization.RoleAssignmentCreateParameters{Properties: properties}
}

// ownerApp assigns Owner on Adatum's subscription to the partner's application.
func ownerApp(b *mockbackend.Backend) string {
	return b.AssignRole(mockbackend.RoleAssignment{
		SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: b.ServicePrincipalID(mockbackend.AdatumID), RoleID: mockbackend.UserAccessAdministratorRole,
	}).Name
}

// TestOfficialClient calls every operation of the mock with the client that Microsoft generates from its
// specification.
func TestOfficialClient(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	app := ownerApp(b)
	client := officialClient(t, b, mockbackend.AdatumID)
	ctx := t.Context()
	for _, scope := range []string{"/subscriptions/" + mockbackend.AdatumAzureID, "subscriptions/" + mockbackend.AdatumAzureID} {
		parameters := ownerOf(mockbackend.AdatumUserID, armauthorization.PrincipalTypeUser)
		parameters.Properties.Description = new("made by the official client")
		created, err := client.Create(ctx, scope, firstAssignment, parameters, nil)
		if err != nil {
			t.Fatal(err)
		}
		p := created.Properties
		if *created.ID != adatumAssignments+"/"+firstAssignment || *created.Name != firstAssignment || *p.PrincipalID != mockbackend.AdatumUserID || *p.PrincipalType != armauthorization.PrincipalTypeUser ||
			*p.Scope != "/subscriptions/"+mockbackend.AdatumAzureID || *p.RoleDefinitionID != *parameters.Properties.RoleDefinitionID || *p.Description != "made by the official client" ||
			p.Condition != nil || p.CreatedOn.IsZero() || *p.CreatedBy != b.ServicePrincipalID(mockbackend.AdatumID) {
			t.Errorf("created: %+v", *p)
		}
		parameters.Properties.Description = nil
		updated, err := client.CreateByID(ctx, (*created.ID)[1:], parameters, nil)
		if err != nil || updated.Properties.Description != nil || !updated.Properties.CreatedOn.Equal(*p.CreatedOn) {
			t.Errorf("updated: %+v, %v", updated.RoleAssignment, err)
		}
		for _, tenant := range []*string{nil, new(mockbackend.AdatumID)} {
			read, err := client.Get(ctx, scope, firstAssignment, &armauthorization.RoleAssignmentsClientGetOptions{TenantID: tenant})
			if err != nil || *read.ID != *created.ID {
				t.Errorf("read: %+v, %v", read.RoleAssignment, err)
			}
		}
		byID, err := client.GetByID(ctx, (*created.ID)[1:], nil)
		if err != nil || *byID.Properties.PrincipalID != mockbackend.AdatumUserID {
			t.Errorf("read by id: %+v, %v", byID.RoleAssignment, err)
		}
		deleted, err := client.Delete(ctx, scope, firstAssignment, nil)
		if err != nil || *deleted.ID != *created.ID {
			t.Errorf("deleted: %+v, %v", deleted.RoleAssignment, err)
		}
		again, err := client.DeleteByID(ctx, (*created.ID)[1:], nil)
		if err != nil || again.ID != nil {
			t.Errorf("deleted again: %+v, %v", again.RoleAssignment, err)
		}
	}
	collect := func(more func() bool, next func() ([]*armauthorization.RoleAssignment, error)) (names []string, pages int) {
		for more() {
			page, err := next()
			if err != nil {
				t.Fatal(err)
			}
			pages++
			for _, a := range page {
				names = append(names, *a.Name)
			}
		}
		return names, pages
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.RoleAssignmentPageSize = 1 })
	user := b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumUserID}).Name
	partner := b.RoleAssignments(mockbackend.AdatumAzureID)[0].Name
	for filter, want := range map[string][]string{
		"":          {partner, app, user},
		"atScope()": {partner, app, user},
		"principalId eq '" + mockbackend.AdatumUserID + "'":                  {user},
		"assignedTo('" + mockbackend.AdatumUserID + "')":                     {user},
		"atScope() and assignedTo('" + mockbackend.AdatumSecondUserID + "')": nil,
	} {
		escaped := url.PathEscape(filter) // the client does not escape it
		scoped := client.NewListForScopePager("subscriptions/"+mockbackend.AdatumAzureID, &armauthorization.RoleAssignmentsClientListForScopeOptions{Filter: &escaped})
		names, pages := collect(scoped.More, func() ([]*armauthorization.RoleAssignment, error) {
			page, err := scoped.NextPage(ctx)
			return page.Value, err
		})
		if !slices.Equal(names, want) || pages != max(1, len(want)) {
			t.Errorf("%q at the scope: %v in %d pages", filter, names, pages)
		}
		inSubscription := client.NewListForSubscriptionPager(&armauthorization.RoleAssignmentsClientListForSubscriptionOptions{Filter: &escaped, TenantID: new(mockbackend.AdatumID)})
		names, _ = collect(inSubscription.More, func() ([]*armauthorization.RoleAssignment, error) {
			page, err := inSubscription.NextPage(ctx)
			return page.Value, err
		})
		if !slices.Equal(names, want) {
			t.Errorf("%q of the subscription: %v", filter, names)
		}
	}
}

// TestOfficialClientWritesWhatItRead sends a request with properties that are read-only in the specification.
func TestOfficialClientWritesWhatItRead(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	ownerApp(b)
	name := b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumUserID, CreatedBy: mockbackend.AdatumSecondUserID}).Name
	client := officialClient(t, b, mockbackend.AdatumID)
	const scope = "/subscriptions/" + mockbackend.AdatumAzureID
	read, err := client.Get(t.Context(), scope, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	changed := *read.Properties
	changed.Description = new("another one")
	changed.CreatedBy, changed.Scope = new(mockbackend.ContosoUserID), new("/subscriptions/"+mockbackend.ContosoAzureID)
	written, err := client.Create(t.Context(), scope, name, armauthorization.RoleAssignmentCreateParameters{Properties: &changed}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p := written.Properties; *p.Description != "another one" || *p.CreatedBy != mockbackend.AdatumSecondUserID || *p.Scope != scope || !p.CreatedOn.Equal(*read.Properties.CreatedOn) {
		t.Errorf("%+v", *p)
	}
}

// TestOfficialClientErrors checks that the client can read every documented role assignment error of the mock.
func TestOfficialClientErrors(t *testing.T) {
	const scope = "/subscriptions/" + mockbackend.AdatumAzureID
	create := func(name, principal string, kind armauthorization.PrincipalType) func(*armauthorization.RoleAssignmentsClient) error {
		return func(c *armauthorization.RoleAssignmentsClient) error {
			_, err := c.Create(t.Context(), scope, name, ownerOf(principal, kind), nil)
			return err
		}
	}
	get := func(scope string) func(*armauthorization.RoleAssignmentsClient) error {
		return func(c *armauthorization.RoleAssignmentsClient) error {
			_, err := c.Get(t.Context(), scope, firstAssignment, nil)
			return err
		}
	}
	remove := func(c *armauthorization.RoleAssignmentsClient) error {
		_, err := c.Delete(t.Context(), scope, firstAssignment, nil)
		return err
	}
	list := func(c *armauthorization.RoleAssignmentsClient) error {
		_, err := c.NewListForSubscriptionPager(nil).NextPage(t.Context())
		return err
	}
	knob := func(change func(*mockbackend.Knobs)) func(*mockbackend.Backend) {
		return func(b *mockbackend.Backend) { b.SetKnobs(change) }
	}
	removeOthers := func(b *mockbackend.Backend) {
		for _, a := range b.RoleAssignments(mockbackend.AdatumAzureID) {
			b.RemoveAssignment(mockbackend.AdatumAzureID, a.Name)
		}
		b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: b.ServicePrincipalID(mockbackend.AdatumID), Name: firstAssignment})
	}
	taken := func(b *mockbackend.Backend) {
		b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumUserID, Name: secondAssignment})
	}
	for _, test := range []struct {
		name   string
		setup  func(*mockbackend.Backend)
		call   func(*armauthorization.RoleAssignmentsClient) error
		tenant string
		status int
		code   string
		text   string
	}{
		{"unknown principal", nil, create(firstAssignment, mockbackend.ContosoUserID, ""), "", 400, "PrincipalNotFound", mockbackend.AdatumID},
		{"principal not replicated", knob(func(k *mockbackend.Knobs) { k.UnknownPrincipals = 1 }), create(firstAssignment, mockbackend.AdatumUserID, ""), "", 400, "PrincipalNotFound", "directory"},
		{"another type", nil, create(firstAssignment, mockbackend.AdatumGroupID, armauthorization.PrincipalTypeUser), "", 400, "UnmatchedPrincipalType", "has type 'Group'"},
		{"name", nil, create("first", mockbackend.AdatumUserID, ""), "", 400, "InvalidRoleAssignmentId", "first"},
		{"another principal", taken, create(secondAssignment, mockbackend.AdatumSecondUserID, ""), "", 400, "RoleAssignmentUpdateNotPermitted", "not allowed to be updated"},
		{"taken", taken, create(firstAssignment, mockbackend.AdatumUserID, ""), "", 409, "RoleAssignmentExists", strings.ReplaceAll(secondAssignment, "-", "")},
		{"limit", knob(func(k *mockbackend.Knobs) { k.RoleAssignmentLimit = 1 }), create(firstAssignment, mockbackend.AdatumUserID, ""), "", 400, "RoleAssignmentLimitExceeded", "1"},
		{"absent", nil, get(scope), "", 404, "RoleAssignmentNotFound", firstAssignment},
		{"unknown subscription", nil, get("subscriptions/" + mockbackend.AdatumID), "", 404, "SubscriptionNotFound", mockbackend.AdatumID},
		{"new subscription", knob(func(k *mockbackend.Knobs) { k.UnknownSubscriptions = 1 }), list, "", 404, "SubscriptionNotFound", mockbackend.AdatumAzureID},
		{"wrong tenant", nil, list, mockbackend.ContosoID, 401, "InvalidAuthenticationTokenTenant", "/" + mockbackend.ContosoID + "/"},
		{"no service principal", knob(func(k *mockbackend.Knobs) { k.NoServicePrincipal = true }), list, "", 401, "InvalidAuthenticationToken", "'oid'"},
		{"no role", func(b *mockbackend.Backend) {
			removeOthers(b)
			b.RemoveAssignment(mockbackend.AdatumAzureID, firstAssignment)
		}, list, "", 403, "AuthorizationFailed", "roleAssignments/read"},
		{"disabled", func(b *mockbackend.Backend) {
			b.SetSubscriptionStatus(mockbackend.AdatumID, mockbackend.AdatumAzureID, "suspended")
		}, create(firstAssignment, mockbackend.AdatumUserID, ""), "", 409, "ReadOnlyDisabledSubscription", "read only"},
		{"locked", func(b *mockbackend.Backend) { b.LockSubscription(mockbackend.AdatumAzureID, mockbackend.CanNotDelete) }, remove, "", 409, "ScopeLocked", "locked"},
		{"last owner", removeOthers, remove, "", 412, "CannotDeleteLastRbacAdminAssignment", "last RBAC admin assignment"},
		{"throttled", func(b *mockbackend.Backend) {
			b.Fail(mockbackend.Fault{Kind: mockbackend.Throttle, Service: mockbackend.ResourceManager})
		}, list, "", 429, "TooManyRequests", "retry"},
		{"linked scope", func(b *mockbackend.Backend) {
			b.Fail(mockbackend.Fault{Kind: mockbackend.APIError, Service: mockbackend.ResourceManager, Status: 403, Error: "LinkedAuthorizationFailed"})
		}, list, "", 403, "LinkedAuthorizationFailed", "refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			ownerApp(b)
			if test.setup != nil {
				test.setup(b)
			}
			tenant := test.tenant
			if tenant == "" {
				tenant = mockbackend.AdatumID
			}
			err := test.call(officialClient(t, b, tenant))
			var answer *azcore.ResponseError
			if !errors.As(err, &answer) || answer.StatusCode != test.status || answer.ErrorCode != test.code {
				t.Fatalf("%v", err)
			}
			raw, err := runtime.Payload(answer.RawResponse)
			if err != nil {
				t.Fatal(err)
			}
			var body struct {
				Error struct{ Message string }
			}
			if err := json.Unmarshal(raw, &body); err != nil || !strings.Contains(body.Error.Message, test.text) {
				t.Errorf("no %q in %s", test.text, raw)
			}
		})
	}
}
