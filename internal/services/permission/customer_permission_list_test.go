package permission_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/querycheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// allowed returns the customers that have the permission, in the order of the list.
func allowed(b *mockbackend.Backend, permission string) []string {
	var out []string
	for _, c := range b.Customers() {
		if slices.Contains(acctest.Permissions(b, c.ID), permission) {
			out = append(out, c.ID)
		}
	}
	return out
}

func listedIDs(l acctest.Listed) []string {
	var out []string
	for _, one := range l.Results {
		id, _ := one.Identity["customer_id"].(string)
		out = append(out, id)
	}
	return out
}

// A listed resource equals the result of import and refresh. The first plan of the generated configuration
// changes nothing.
func TestProtoPermissionList_takeOver(t *testing.T) {
	t.Parallel()
	for of, permission := range map[string]string{typeName: ri, savingsType: sp} {
		synctest.Test(t, func(t *testing.T) {
			b, p := fleet(t, mockbackend.Config{Customers: 300})
			p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
			for _, config := range []acctest.Values{nil, {"enabled": false}} {
				got, err := p.List(t.Context(), of, config, 1000, true)
				if err != nil {
					t.Fatal(err)
				}
				want := allowed(b, permission)
				if config != nil {
					want = nil
					for _, c := range b.Customers() {
						if !slices.Contains(acctest.Permissions(b, c.ID), permission) {
							want = append(want, c.ID)
						}
					}
				}
				if !slices.Equal(listedIDs(got), want) || len(got.Warnings) > 0 {
					t.Errorf("listed %d of %d, warnings %q", len(got.Results), len(want), got.Warnings)
				}
				writes := len(acctest.Writes(b))
				for _, one := range got.Results {
					r := p.Resource(of)
					if err := r.Import(t.Context(), "", one.Identity); err != nil {
						t.Fatal(err)
					}
					if !reflect.DeepEqual(r.State(), one.Resource) || !reflect.DeepEqual(r.Identity(), one.Identity) || one.DisplayName != r.State()["name"] {
						t.Errorf("listed %v, imported %v", one, r.State())
					}
					if action, err := r.Plan(t.Context(), p.Generated(of, one.Resource)); action != acctest.NoOp || err != nil {
						t.Errorf("%s: the first plan is %s, %v", one.DisplayName, action, err)
					}
				}
				if len(acctest.Writes(b)) > writes {
					t.Error("something was written")
				}
			}
			acctest.FailOnViolations(t, b)
		})
	}
}

// The list stops reading at the limit, and warns if customers are left.
func TestProtoPermissionList_limitAtScale(t *testing.T) {
	t.Parallel()
	acctest.AtScale(t)
	synctest.Test(t, func(t *testing.T) {
		b, p := fleet(t, mockbackend.Config{Customers: 1200})
		all := allowed(b, ri)
		for _, c := range []struct {
			limit           int64
			pages, policies int
			stops           bool
		}{
			{0, 3, 1200, false},
			{1, 1, 32, true},
			{16, 1, 32, true},
			{17, 1, 96, true},
			{100, 1, 224, true},
			{int64(len(all)) - 1, 3, 1200, true},
			{int64(len(all)), 3, 1200, false},
			{5000, 3, 1200, false},
		} {
			p.Restart(b.User(mockbackend.HelpdeskAgent).RefreshToken)
			b.ResetCounters()
			got, err := p.List(t.Context(), typeName, nil, c.limit, false)
			if err != nil {
				t.Fatal(err)
			}
			want := all
			if c.limit > 0 && c.limit < int64(len(all)) {
				want = all[:c.limit]
			}
			if !slices.Equal(listedIDs(got), want) {
				t.Errorf("limit %d: %d results", c.limit, len(got.Results))
			}
			if stops := len(got.Warnings) == 1 && strings.Contains(got.Warnings[0], "set limit in the list block to a higher number. The default is 100."); stops != c.stops || len(got.Warnings) > 1 {
				t.Errorf("limit %d: warnings %q", c.limit, got.Warnings)
			}
			if got := b.Counters(); got.Route(customersRoute) != c.pages || got.Route(policiesRoute) != c.policies {
				t.Errorf("limit %d: %d pages and %d policies were read, not %d and %d", c.limit, got.Route(customersRoute), got.Route(policiesRoute), c.pages, c.policies)
			}
		}
	})
}

// If Terraform stops reading the results, no further request is sent, and no goroutine remains.
func TestProtoPermissionList_cutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, p := fleet(t, mockbackend.Config{Customers: 1200})
		n := 0
		got, err := p.ListUntil(t.Context(), typeName, nil, 1000, false, func(acctest.ListedResource) bool { n++; return n == 3 })
		if err != nil || len(got.Results) != 3 {
			t.Errorf("%d results, %v", len(got.Results), err)
		}
		if n := b.Counters().Route(policiesRoute); n != 32 {
			t.Errorf("%d policies were read", n)
		}
	})
}

func TestProtoPermissionList_filters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, p := fleet(t, mockbackend.Config{})
		all := allowed(b, ri)
		for name, c := range map[string]struct {
			config acctest.Values
			want   []string
		}{
			"none":     {nil, all},
			"excluded": {acctest.Values{"exclude_customer_ids": []any{strings.ToUpper(all[0])}}, all[1:]},
			"company":  {acctest.Values{"company_name_prefix": "LITW"}, []string{mockbackend.LitwareID}},
			"domain":   {acctest.Values{"domain_prefix": "tailspin"}, []string{mockbackend.TailspinID}},
			"reseller": {acctest.Values{"indirect_reseller_id": mockbackend.TailspinResellerID}, []string{mockbackend.TailspinID}},
			"both":     {acctest.Values{"domain_prefix": "tailspin", "company_name_prefix": "lit"}, nil},
		} {
			b.SetPermissions(mockbackend.LitwareID, ri)
			b.SetPermissions(mockbackend.TailspinID, ri)
			if name == "none" || name == "excluded" {
				all = allowed(b, ri)
				if c.want = all; name == "excluded" {
					c.want, c.config = all[1:], acctest.Values{"exclude_customer_ids": []any{strings.ToUpper(all[0])}}
				}
			}
			got, err := p.List(t.Context(), typeName, c.config, 100, false)
			if err != nil || !slices.Equal(listedIDs(got), c.want) {
				t.Errorf("%s: %v, %v", name, listedIDs(got), err)
			}
			p.Restart(b.User(mockbackend.HelpdeskAgent).RefreshToken)
		}
		if _, err := p.List(t.Context(), typeName, acctest.Values{"exclude_customer_ids": []any{"adatum"}}, 100, false); err == nil || !strings.Contains(err.Error(), "must be a GUID") {
			t.Errorf("a wrong id: %v", err)
		}
		if _, err := p.List(t.Context(), typeName, acctest.Values{"company_name_prefix": acctest.Unknown}, 100, false); err == nil || !strings.Contains(err.Error(), "cannot depend on what an apply creates") {
			t.Errorf("an unknown value: %v", err)
		}
		p.Restart("")
		if _, err := p.List(t.Context(), typeName, nil, 100, false); err == nil || !strings.Contains(err.Error(), "Sign-in without a user cannot read customer permissions") {
			t.Errorf("app-only: %v", err)
		}
	})
}

// Both types in one query share the reads of the policies.
func TestProtoPermissionList_shared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, p := fleet(t, mockbackend.Config{Customers: 300, Latency: 20 * time.Millisecond})
		types := []string{typeName, savingsType}
		got := make([]acctest.Listed, len(types))
		acctest.Parallel(len(types), func(i int) {
			var err error
			if got[i], err = p.List(t.Context(), types[i], nil, 1000, false); err != nil {
				t.Error(err)
			}
		})
		if !slices.Equal(listedIDs(got[0]), allowed(b, ri)) || !slices.Equal(listedIDs(got[1]), allowed(b, sp)) {
			t.Error("the lists are not as the server has them")
		}
		if n := b.Counters().Route(policiesRoute); n != 300 {
			t.Errorf("%d policies were read", n)
		}
	})
}

// A customer that has left meanwhile is not listed, like one without a relationship: it cannot be imported. A
// customer that cannot be read is named in a warning before the last result, because Terraform reads no event
// after that. A failed page, and a failure for all customers, is an error.
func TestProtoPermissionList_failures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare  func(*mockbackend.Backend)
		left     []string
		warnings []string
		fails    string
	}{
		"one cannot be read": {
			func(b *mockbackend.Backend) {
				b.Fail(mockbackend.Fault{Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 600012, Skip: 5, Times: 1})
			},
			[]string{mockbackend.TailspinID},
			[]string{"1 of 6 customers", "Tailspin Demo (" + mockbackend.TailspinID + ")", "They are not in the list."},
			"",
		},
		"one has left": {
			func(b *mockbackend.Backend) {
				b.Fail(mockbackend.Fault{Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: http.StatusNotFound, Code: 60003, Skip: 5, Times: 1})
			}, []string{mockbackend.TailspinID}, nil, "",
		},
		"one has no relationship": {
			func(b *mockbackend.Backend) {
				b.Fail(mockbackend.Fault{Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: http.StatusForbidden, Code: 20002, Skip: 5, Times: 1})
			}, []string{mockbackend.TailspinID}, nil, "",
		},
		"no customer can be read": {
			func(b *mockbackend.Backend) {
				b.Fail(mockbackend.Fault{Path: "/SelfServePolicy", Kind: mockbackend.ServerError, Times: -1})
			}, nil, nil, "So nothing is listed.",
		},
		"the page": {
			func(b *mockbackend.Backend) {
				b.Fail(mockbackend.Fault{Path: "/customers", Kind: mockbackend.ServerError, Times: -1})
			}, nil, nil, "Could not list the customers",
		},
		"the role": {
			func(b *mockbackend.Backend) {
				b.Fail(mockbackend.Fault{Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: http.StatusForbidden, Code: 900329, Times: -1})
			}, nil, nil, "Could not read the reservations permission of the customers",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, p := fleet(t, mockbackend.Config{})
				for _, customer := range b.Customers() {
					b.SetPermissions(customer.ID, ri)
				}
				c.prepare(b)
				if err := p.RestartWith(acctest.Values{
					"client_secret": b.Partner().ClientSecret, "refresh_token": b.User(mockbackend.AdminAgent).RefreshToken, "max_concurrent_requests": 1,
				}); err != nil {
					t.Fatal(err)
				}
				limit := int64(6 - len(c.left))
				got, err := p.List(t.Context(), typeName, nil, limit, false)
				if c.fails != "" {
					if err == nil || !strings.Contains(err.Error(), c.fails) {
						t.Errorf("%v, %v", listedIDs(got), err)
					}
					return
				}
				want := slices.DeleteFunc(allowed(b, ri), func(id string) bool { return slices.Contains(c.left, id) })
				if err != nil || !slices.Equal(listedIDs(got), want) {
					t.Errorf("%v, %v", listedIDs(got), err)
				}
				if len(c.warnings) == 0 && len(got.Warnings) > 0 {
					t.Errorf("warned %q", got.Warnings)
				}
				for _, says := range c.warnings {
					if !strings.Contains(strings.Join(got.Warnings, "\n"), says) {
						t.Errorf("%q is not in %q", says, got.Warnings)
					}
				}
			})
		})
	}
}

// Each request fails in every way. The list is complete, or a warning says what is missing, or there is an
// error.
func TestProtoPermissionList_faults(t *testing.T) {
	t.Parallel()
	some := acctest.Values{"exclude_customer_ids": []any{mockbackend.AdatumID, mockbackend.NorthwindID, mockbackend.FabrikamID}}
	want := []string{mockbackend.LitwareID, mockbackend.ContosoID, mockbackend.TailspinID}
	acctest.EachFault(t, "Could not ", func(t *testing.T, b *mockbackend.Backend) acctest.Trial {
		t.Helper()
		b.SetPermissions(mockbackend.LitwareID, ri)
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		if err := p.RestartWith(acctest.Values{
			"client_secret": b.Partner().ClientSecret, "refresh_token": b.User(mockbackend.AdminAgent).RefreshToken, "max_concurrent_requests": 1,
		}); err != nil {
			t.Fatal(err)
		}
		var got acctest.Listed
		return acctest.Trial{
			Run: func() (err error) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute) // the same time as for refresh and plan of the other types
				defer cancel()
				got, err = p.List(ctx, typeName, some, 100, true)
				return err
			},
			Check: func(failed error) error {
				missing := slices.DeleteFunc(slices.Clone(want), func(id string) bool { return slices.Contains(listedIDs(got), id) })
				switch {
				case failed != nil && len(got.Results) > 0:
					return fmt.Errorf("an incomplete list without an error: %v", got)
				case failed == nil && len(missing)+len(got.Results) != len(want):
					return fmt.Errorf("different list: %v", listedIDs(got))
				case failed == nil:
					for _, id := range missing {
						if len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], id) {
							return fmt.Errorf("%s is missing without a warning: %q", id, got.Warnings)
						}
					}
				}
				p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
				again, err := p.List(t.Context(), typeName, some, 100, true)
				if err != nil || !slices.Equal(listedIDs(again), want) {
					return fmt.Errorf("in the next read: %v, %w", listedIDs(again), err)
				}
				return nil
			},
		}
	})
}

// 10,000 customers take only a little longer than their requests, and not more memory than other operations.
func TestProtoPermissionList_atScale(t *testing.T) {
	t.Parallel()
	acctest.AtScale(t)
	synctest.Test(t, func(t *testing.T) {
		const latency = 20 * time.Millisecond
		b, p := fleet(t, mockbackend.Config{Customers: scale, Latency: latency})
		start := time.Now()
		got, err := p.List(t.Context(), typeName, nil, int64(scale), true)
		if err != nil || !slices.Equal(listedIDs(got), allowed(b, ri)) {
			t.Fatalf("%d results, %v", len(got.Results), err)
		}
		took, floor := time.Since(start), time.Duration(scale/500+scale/32)*latency
		t.Logf("%d customers: %.2f of the floor", scale, float64(took)/float64(floor))
		if took > floor+floor/5 {
			t.Errorf("took %v, the floor is %v", took, floor)
		}
		expectRequests(t, b, scale/500, 0, scale)
	})
}

// This needs a CLI with "terraform query".
func TestAccPermissionList(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_14_0)},
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{{
			Query: true,
			Config: b.Config(`
list "partnercenter_customer_permission_reservations" "on" {
  provider = partnercenter
}
list "partnercenter_customer_permission_savings_plans" "off" {
  provider = partnercenter
  config {
    enabled             = false
    company_name_prefix = "Adatum"
  }
}`),
			QueryResultChecks: []querycheck.QueryResultCheck{
				querycheck.ExpectLength("partnercenter_customer_permission_reservations.on", 2),
				querycheck.ExpectLength("partnercenter_customer_permission_savings_plans.off", 1),
			},
		}},
	})
}
