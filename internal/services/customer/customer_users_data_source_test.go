package customer_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const customerUsers = "partnercenter_customer_users"

// readUsers reads the data source, signed in as a Helpdesk agent.
func readUsers(t *testing.T, b *mockbackend.Backend, config acctest.Values) (acctest.Values, error) {
	t.Helper()
	return acctest.NewProtocol(t, b, b.User(mockbackend.HelpdeskAgent).RefreshToken).ReadDataSource(t.Context(), customerUsers, config)
}

// userNames returns the user principal names without the domain, in the order of the list.
func userNames(t *testing.T, v acctest.Values) []string {
	t.Helper()
	list, ok := v["users"].([]any)
	if !ok {
		t.Fatalf("users is %v", v["users"])
	}
	out := []string{}
	for _, e := range list {
		name, _ := e.(acctest.Values)["user_principal_name"].(string)
		name, _, _ = strings.Cut(name, "@")
		out = append(out, name)
	}
	return out
}

func TestAccCustomerUsers(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	text, null := knownvalue.StringExact, knownvalue.Null()
	config := func(arguments ...string) string {
		return b.Config("data \"partnercenter_customer_users\" \"some\" {\n" + strings.Join(arguments, "\n") + "\n}")
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{
				Config:      config(`customer_id = "adatum"`),
				ExpectError: acctest.Says("The value of customer_id must be a GUID such as"),
			},
			{
				Config:      config(`customer_id = "`+mockbackend.AdatumID+`"`, `state = "deleted"`),
				ExpectError: acctest.Says(`value must be one of: ["active" "inactive"]`),
			},
			{
				Config: config(`customer_id = "`+strings.ToUpper(mockbackend.AdatumID)+`"`, `user_principal_name = "`+strings.ToUpper(mockbackend.AdatumUserPrincipalName)+`"`),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("data.partnercenter_customer_users.some", tfjsonpath.New("users"), knownvalue.ListExact([]knownvalue.Check{
						knownvalue.ObjectExact(map[string]knownvalue.Check{
							"user_id": text(mockbackend.AdatumUserID), "user_principal_name": text(mockbackend.AdatumUserPrincipalName),
							"display_name": text("Azure Owner"), "first_name": text("Azure"), "last_name": text("Owner"), "state": text("active"),
							"domain_type": text("none"), "usage_location": text("US"), "deleted_on": null,
						}),
					})),
				},
			},
		},
	})
}

// Deleted users are returned only on request, through the server's filter, and then without the others.
func TestProtoCustomerUsers_filters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		gone := b.AddUser(mockbackend.AdatumID, mockbackend.Principal{UserPrincipalName: "gone@adatum-demo.onmicrosoft.com"})
		b.AddUser(mockbackend.AdatumID, mockbackend.Principal{UserPrincipalName: "Also.There@adatum-demo.onmicrosoft.com"})
		b.DeletePrincipal(mockbackend.AdatumID, gone.ID)
		for _, c := range []struct {
			state, name any
			want        []string
			filter      string
		}{
			{nil, nil, []string{"Also.There", "azure.owner", "second.user"}, ""},
			{"active", nil, []string{"Also.There", "azure.owner", "second.user"}, ""},
			{"active", "ALSO.THERE@adatum-demo.onmicrosoft.com", []string{"Also.There"}, ""},
			{nil, "also.there", []string{}, ""},
			{nil, gone.UserPrincipalName, []string{}, ""},
			{"inactive", nil, []string{"gone"}, "Inactive"},
			{"inactive", mockbackend.AdatumUserPrincipalName, []string{}, "Inactive"},
		} {
			b.ResetJournal()
			v, err := readUsers(t, b, acctest.Values{"customer_id": mockbackend.AdatumID, "state": c.state, "user_principal_name": c.name})
			if err != nil {
				t.Fatal(err)
			}
			if got := userNames(t, v); !slices.Equal(got, c.want) {
				t.Errorf("%v %v: %q, not %q", c.state, c.name, got, c.want)
			}
			if sent := acctest.Sent(b); len(sent) != 1 || (c.filter == "") == strings.Contains(sent[0].Query, "filter") || !strings.Contains(sent[0].Query, c.filter) {
				t.Errorf("%v %v: the requests were %v", c.state, c.name, sent)
			}
		}
		v, err := readUsers(t, b, acctest.Values{"customer_id": mockbackend.AdatumID, "state": "inactive"})
		if err != nil {
			t.Fatal(err)
		}
		one := v["users"].([]any)[0].(acctest.Values)
		if one["state"] != "inactive" || one["deleted_on"] != "2000-01-01T00:00:00Z" { // the clock of a synctest bubble starts in 2000
			t.Errorf("the deleted user is %v", one)
		}
		acctest.FailOnViolations(t, b)
	})
}

// The list is the same for every page size, order and spelling of the server.
func TestProtoCustomerUsers_stable(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	for i := range 40 {
		b.AddUser(mockbackend.AdatumID, mockbackend.Principal{
			ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", 40-i), UserPrincipalName: fmt.Sprintf("User%02d@adatum-demo.onmicrosoft.com", i%39),
		})
	}
	config := acctest.Values{"customer_id": mockbackend.AdatumID}
	want, err := readUsers(t, b, config)
	if err != nil {
		t.Fatal(err)
	}
	names := userNames(t, want)
	if len(names) != 42 || !slices.IsSortedFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }) {
		t.Errorf("%d users: %q", len(names), names)
	}
	for _, mode := range []mockbackend.ContinuationMode{mockbackend.ContinuationBoth, mockbackend.ContinuationLinks, mockbackend.ContinuationToken} {
		b.SetKnobs(func(k *mockbackend.Knobs) {
			k.ContinuationMode, k.PageSize, k.ShuffleOrder, k.UpperCaseGUIDs, k.TotalCountWrong = mode, 7, true, true, true
		})
		b.ResetJournal()
		got, err := readUsers(t, b, config)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: different list:\n%v\nnot\n%v", mode, got, want)
		}
		if sent := acctest.Sent(b); len(sent) != 6 { // 42 users
			t.Errorf("%s: %d requests", mode, len(sent))
		}
	}
	acctest.FailOnViolations(t, b)
}

func TestProtoCustomerUsers_refused(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	b.EndRelationship(mockbackend.AdatumID)
	b.EndDelegatedAccess(mockbackend.ContosoID)
	for id, want := range map[string]string{
		"00000000-0000-4000-8000-000000000000": "There is no customer tenant with this ID.",
		mockbackend.AdatumID:                   "The customer has no reseller relationship with this partner",
		mockbackend.ContosoID:                  "that a relationship with the customer (reseller, GDAP) exists",
	} {
		v, err := readUsers(t, b, acctest.Values{"customer_id": id})
		if err == nil || !strings.Contains(err.Error(), "Could not list the users of customer "+id) || !strings.Contains(err.Error(), want) {
			t.Errorf("customer %s: %v, %v", id, v, err)
		}
	}
	_, err := acctest.NewProtocol(t, b, "").ReadDataSource(t.Context(), customerUsers, acctest.Values{"customer_id": mockbackend.LitwareID})
	if err == nil || !strings.Contains(err.Error(), "This call needs app+user sign-in") {
		t.Errorf("app-only: %v", err)
	}
	acctest.FailOnViolations(t, b)
}

func TestProtoCustomerUsers_faults(t *testing.T) {
	t.Parallel()
	on := "Could not list the users of customer " + mockbackend.AdatumID
	acctest.EachReadFault(t, on, customerUsers, func(t *testing.T, b *mockbackend.Backend) (*acctest.Protocol, acctest.Values) {
		t.Helper()
		b.SetKnobs(func(k *mockbackend.Knobs) { k.PageSize = 1 })
		return acctest.NewProtocol(t, b, b.User(mockbackend.HelpdeskAgent).RefreshToken), acctest.Values{"customer_id": mockbackend.AdatumID}
	})
}
