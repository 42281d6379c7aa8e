package permission_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const policiesByList = "GET /v1/SelfServePolicy"

// everyThird returns permissions for all customers of the mock, with reservations enabled for every third one.
func everyThird(b *mockbackend.Backend) acctest.Values {
	all := acctest.Values{}
	for i, c := range b.Customers() {
		all[c.ID] = acctest.Values{"azure_reservations": i%3 == 0, "azure_savings_plans": false}
	}
	return all
}

// A resource that is read by list takes one page and a sample instead of one request for each customer. The
// result is the same as with single reads.
func TestProtoFleet_list(t *testing.T) {
	t.Parallel()
	outside := func(r acctest.Run) {
		r.SetPermissions(r.Customers()[0].ID)     // disabled, and enabled in the state
		r.SetPermissions(r.Customers()[1].ID, ri) // enabled, and disabled in the state
	}
	for name, c := range map[string]struct {
		knobs  func(*mockbackend.Knobs)
		fault  *mockbackend.Fault
		change func(acctest.Run)
		reads  int // approximate number of requests of the refresh
		warns  string
		plan   acctest.Action
	}{
		"unchanged":           {reads: 21, plan: acctest.NoOp},
		"unchanged, in pages": {knobs: list(mockbackend.PolicyListPages), reads: 21, plan: acctest.NoOp},
		"changed outside":     {change: outside, reads: 22, plan: acctest.Update},
		"in pages of 7": {knobs: func(k *mockbackend.Knobs) {
			k.PolicyList, k.PageSize, k.TokenAfterLastPage = mockbackend.PolicyListPages, 7, true
		}, change: outside, reads: 35, plan: acctest.Update},
		"the list misses some":     {knobs: list(mockbackend.PolicyListPartial), change: outside, reads: 161, warns: "contradict", plan: acctest.Update},
		"the list is empty":        {knobs: list(mockbackend.PolicyListEmpty), reads: 181, warns: "contradict", plan: acctest.NoOp},
		"the list is refused":      {knobs: list(mockbackend.PolicyListRefused), change: outside, reads: 121, warns: "800002", plan: acctest.Update},
		"the list cannot be read":  {fault: &mockbackend.Fault{Path: "/SelfServePolicy", Kind: mockbackend.Garbage, Times: 5}, reads: 125, warns: "not what the API documents", plan: acctest.NoOp},
		"in capitals and shuffled": {knobs: func(k *mockbackend.Knobs) { k.UpperCaseGUIDs, k.ShuffleOrder, k.LinkPrefixV1 = true, true, true }, reads: 21, plan: acctest.NoOp},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFleet(t, mockbackend.Config{Customers: 120}, func(t *testing.T, r acctest.Run) {
				config := of(everyThird(r.Backend), "read", "list", "verify_azure_subscription", false)
				r.MustApply(config)
				acctest.Pass(2 * time.Minute)
				if c.change != nil {
					c.change(r)
				}
				if c.knobs != nil {
					r.SetKnobs(c.knobs)
				}
				if c.fault != nil {
					r.Fail(*c.fault)
				}
				r.ResetCounters()
				r.Again()
				r.MustRefresh()
				warnings := r.Warnings
				if n := r.Counters().Route(policiesByList); n > c.reads+3 || n < min(c.reads, 60)/2 {
					t.Errorf("%d requests, not about %d", n, c.reads)
				}
				if all := strings.Join(warnings, "\n"); (c.warns == "") == strings.Contains(all, "one by one, not by list") || !strings.Contains(all, c.warns) {
					t.Errorf("the warnings are %q", all)
				}
				r.SetKnobs(func(k *mockbackend.Knobs) { *k = mockbackend.DefaultKnobs() })
				r.ClearFaults()
				r.ExpectPlan(config, c.plan)
				r.MustApply(config)
				expectFleet(t, r.Backend, everyThird(r.Backend))
			})
		})
	}
}

func list(how mockbackend.PolicyList) func(*mockbackend.Knobs) {
	return func(k *mockbackend.Knobs) { k.PolicyList = how }
}

// Shortly after a write, single reads confirm an answer of the list that contradicts the state.
func TestProtoFleet_listLags(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{Customers: 60}, func(t *testing.T, r acctest.Run) {
		r.SetKnobs(func(k *mockbackend.Knobs) { k.ReadLag = 20 * time.Second })
		config := of(everyThird(r.Backend), "read", "list", "verify_azure_subscription", false)
		r.MustApply(config)
		r.ExpectPlan(config, acctest.NoOp)
	})
}

// The data source also reads by list, and falls back to single reads.
func TestProtoCustomerPermissions_list(t *testing.T) {
	t.Parallel()
	for how, c := range map[mockbackend.PolicyList]struct {
		most, least int
		warns       bool
	}{
		mockbackend.PolicyListAll: {22, 20, false}, mockbackend.PolicyListPages: {22, 20, false}, mockbackend.PolicyListPartial: {160, 120, true}, mockbackend.PolicyListRefused: {122, 120, true},
	} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := mockbackend.New(mockbackend.Config{Customers: 120})
				for i, customer := range b.Customers() {
					if i%2 == 0 {
						b.SetPermissions(customer.ID, ri)
					}
				}
				b.SetKnobs(list(how))
				protocol := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
				read := func(config acctest.Values) (acctest.Values, []string) {
					state, err := protocol.ReadDataSource(t.Context(), permissionsType, config)
					if err != nil {
						t.Fatal(err)
					}
					return state, protocol.Warned()
				}
				want, _ := read(acctest.Values{})
				b.ResetCounters()
				got, warnings := read(acctest.Values{"read": "list"})
				if !reflect.DeepEqual(got["customers"], want["customers"]) {
					t.Errorf("%v, not %v", got["customers"], want["customers"])
				}
				if n := b.Counters().Route(policiesByList); n > c.most || n < c.least || (len(warnings) > 0) != c.warns {
					t.Errorf("%d requests, warnings %q", n, warnings)
				}
				if b.Counters().Routes[policiesByList][http.StatusForbidden] > 0 {
					t.Error("refused")
				}
			})
		})
	}
}
