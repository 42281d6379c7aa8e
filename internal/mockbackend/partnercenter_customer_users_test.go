package mockbackend_test

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func TestCustomerUsers(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 8})
	c := admin(t, b)
	users := "/customers/" + mockbackend.AdatumID + "/users"
	got := c.call("GET", users, nil)
	got.want(t, "list", 200, nil)
	items := got.items()
	if len(items) != 2 || items[0]["id"] != mockbackend.AdatumUserID || items[0]["userPrincipalName"] != mockbackend.AdatumUserPrincipalName ||
		items[1]["id"] != mockbackend.AdatumSecondUserID || items[1]["userPrincipalName"] != mockbackend.AdatumSecondUserPrincipalName {
		t.Fatalf("%s", got.raw)
	}
	for name, want := range map[string]any{
		"displayName": "Azure Owner", "firstName": "Azure", "lastName": "Owner", "usageLocation": "US", "userDomainType": "none", "state": "active", "lastDirectorySyncTime": nil, "softDeletionTime": nil,
	} {
		if items[0][name] != want {
			t.Errorf("%s: %v", name, items[0][name])
		}
	}
	if _, ok := items[1]["usageLocation"]; ok { // properties without a value are omitted
		t.Errorf("%s", got.raw)
	}
	one := c.call("GET", users+"/"+mockbackend.AdatumUserID, nil)
	one.want(t, "one", 200, nil)
	if one.body["attributes"].(map[string]any)["objectType"] != "CustomerUser" || one.body["links"].(map[string]any)["self"].(map[string]any)["uri"] != users+"/"+mockbackend.AdatumUserID {
		t.Errorf("%s", one.raw)
	}
	for what, id := range map[string]string{"absent": mockbackend.AdatumID, "a group": mockbackend.AdatumGroupID, "of another customer": mockbackend.ContosoUserID} {
		c.call("GET", users+"/"+id, nil).want(t, what, 404, 60002)
	}
	c.call("GET", "/customers/"+mockbackend.AdatumUserID+"/users", nil).want(t, "no such customer", 404, 60003)
	generated := b.Customers()[7]
	ids := map[any]bool{}
	for _, item := range c.call("GET", "/customers/"+generated.ID+"/users", nil).items() {
		ids[item["id"]] = true
	}
	if len(ids) != 2 || !ids[mockbackend.New(mockbackend.Config{Customers: 8}).Principals(generated.ID)[0].ID] {
		t.Errorf("generated customer: %v", ids)
	}

	appOnly := anonymous(t, b)
	appOnly.bearer = appOnly.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", "")
	appOnly.call("GET", users, nil).want(t, "app-only", 403, 900329)
	signedIn(t, b, b.User(mockbackend.HelpdeskAgent)).call("GET", users, nil).want(t, "helpdesk", 200, nil)
	b.EndDelegatedAccess(mockbackend.AdatumID)
	c.call("GET", users, nil).want(t, "without GDAP", 403, 2032)
	b.GrantDelegatedAccess(mockbackend.AdatumID, 0)
	b.EndRelationship(mockbackend.AdatumID)
	c.call("GET", users, nil).want(t, "relationship ended", 403, 20002)
}

func TestDeletedCustomerUsers(t *testing.T) { // DEV/view-a-deleted-user
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	users := "/customers/" + mockbackend.ContosoID + "/users"
	synced := b.AddUser(mockbackend.ContosoID, mockbackend.Principal{DisplayName: "Synced User", Synced: time.Date(2026, time.May, 4, 3, 2, 1, 0, time.UTC)})
	one := c.call("GET", users+"/"+synced.ID, nil)
	if one.body["lastDirectorySyncTime"] != "2026-05-04T03:02:01Z" || one.body["userDomainType"] != "managed" {
		t.Errorf("%s", one.raw)
	}
	b.DeletePrincipal(mockbackend.ContosoID, mockbackend.ContosoUserID)
	list := func(field, value, operator string) reply {
		return c.call("GET", users+"?size=500&filter="+url.QueryEscape(`{"Field":"`+field+`","Value":"`+value+`","Operator":"`+operator+`"}`), nil)
	}
	for _, field := range []string{"UserStatus", "UserState"} {
		got := list(field, "Inactive", "equals")
		items := got.items()
		if len(items) != 1 || items[0]["id"] != mockbackend.ContosoUserID || items[0]["state"] != "inactive" || items[0]["softDeletionTime"] == nil {
			t.Errorf("%s: %s", field, got.raw)
		}
	}
	if items := list("UserStatus", "Active", "equals").items(); len(items) != 2 {
		t.Errorf("active: %v", items)
	}
	list("UserStatus", "Sleeping", "equals").want(t, "value", 400, 800002)
	list("UserStatus", "Inactive", "starts_with").want(t, "operator", 400, 800002)
	list("DisplayName", "Azure", "equals").want(t, "field", 400, 800002)
	for _, item := range c.call("GET", users, nil).items() {
		if item["id"] == mockbackend.ContosoUserID {
			t.Error("a deleted user is listed without the filter")
		}
	}
	c.call("GET", users+"/"+mockbackend.ContosoUserID, nil).want(t, "deleted", 404, 60002)
}

func TestPagingCustomerUsers(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	for range 7 {
		b.AddUser(mockbackend.LitwareID, mockbackend.Principal{})
		b.AddGroup(mockbackend.LitwareID, mockbackend.Principal{}) // groups are not listed as users
	}
	for _, shuffled := range []bool{false, true} {
		b.SetKnobs(func(k *mockbackend.Knobs) {
			k.PageSize, k.ShuffleOrder, k.TokenAfterLastPage, k.LinkPrefixV1 = 3, shuffled, true, shuffled
		})
		for _, byLinks := range []bool{true, false} {
			c.header.Del("MS-ContinuationToken")
			ids, pages := walk(t, c, "/customers/"+mockbackend.LitwareID+"/users?size=500", byLinks)
			c.header.Del("MS-ContinuationToken")
			slices.Sort(ids)
			if ids = slices.Compact(ids); len(ids) != 9 || pages != 3 {
				t.Errorf("shuffled %t, links %t: %d users, %d pages", shuffled, byLinks, len(ids), pages)
			}
		}
	}
	if page := c.call("GET", "/customers/"+mockbackend.LitwareID+"/users?size=2", nil); len(page.items()) != 2 {
		t.Errorf("size: %s", page.raw)
	}
}
