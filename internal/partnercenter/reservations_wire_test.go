package partnercenter

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// answering returns a client whose requests are answered by their path and query after /v1, or with
// 404.
func answering(t testing.TB, bodies map[string]string) (c *Client, requests func() []string) {
	t.Helper()
	endpoint, err := httppipe.ParseEndpoint("https://pc.example")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var seen []string
	c = New(Options{
		Endpoint: endpoint, Credential: new(tokens), TenantID: "partner", MaxRetries: -1,
		Client: httppipe.ClientOver(roundTripper(func(req *http.Request) (*http.Response, error) {
			uri := req.URL.Host + strings.TrimPrefix(req.URL.RequestURI(), "/v1")
			mu.Lock()
			seen = append(seen, uri)
			mu.Unlock()
			body, ok := bodies[strings.TrimPrefix(uri, "pc.example")]
			status := http.StatusOK
			if !ok {
				status, body = http.StatusNotFound, `{"code":1000,"description":"Not found."}`
			}
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
		})),
	})
	return c, func() []string { mu.Lock(); defer mu.Unlock(); return slices.Sorted(slices.Values(seen)) }
}

const entitlementsOfC = "/customers/c/entitlements?entitlementType=reservedInstance&showExpiry=true"

func briefly(list []Reservation) []string {
	out := []string{}
	for _, r := range list {
		var fulfilled []string
		for _, f := range r.Fulfillment {
			fulfilled = append(fulfilled, text(f.Quantity)+" "+string(f.Status))
		}
		out = append(out, fmt.Sprint(r.ID, "|", r.DisplayName, "|", r.Type, "|", r.ScopeType, "|", r.AppliedScopes, "|", text(r.Quantity), "|", r.EffectiveDate, "|", r.ExpiryDate, "|",
			r.ProvisioningState, "|", r.OrderID, "/", text(r.OrderLine), "|", r.ProductID, ":", r.SKUID, "|", r.ArtifactID, "|", fulfilled))
	}
	return out
}

// reservationBodies contains an entitlement and the details of its artifact (/artifacts/1) in every
// documented form.
var reservationBodies = map[string]struct {
	entitlement, details string
	want                 []string
}{
	"new contract": {
		`{"includedEntitlements":[],"referenceOrder":{"id":"Zk7","lineItemId":"0","alternateId":"4f0a"},"productId":"DZH318Z0BQ36","skuId":"004G","quantity":1,
		"quantityDetails":[{"quantity":1,"status":"Fulfilled"}],"entitledArtifacts":[{"link":{"uri":"/artifacts/1","method":"GET","headers":[]},"resourceId":"a","artifactType":"reservedinstance"}],
		"entitlementType":"reservedinstance","dynamicAttributes":{"reservationType":"virtualmachines"}}`,
		`{"type":"reservedinstance","reservations":[{"reservationId":"r","displayName":"VM_RI","scopeType":"Shared","appliedScopes":[],"quantity":1,
		"effectiveDateTime":"2024-05-02T08:35:24.6724884Z","expiryDateTime":"2025-05-02T00:00:00","provisioningState":"Created"}]}`,
		[]string{"r|VM_RI|virtualmachines|shared|[]|1|2024-05-02T08:35:24.6724884Z|2025-05-02T00:00:00Z|created|Zk7/0|DZH318Z0BQ36:004G|a|[1 fulfilled]"},
	},
	"old contract": {
		`{"referenceOrder":{"id":"o","lineItemId":"1"},"productId":"p","skuId":"s","quantity":2,"entitledArtifacts":[{"link":{"uri":"/v1/artifacts/1"},"resourceId":"a",
		"artifactType":"virtual_machine_reserved_instance"}],"entitlementType":"virtual_machine_reserved_instance"}`,
		`{"type":"virtual_machine_reserved_instance","virtualMachineReservations":[{"reservationId":"r","scopeType":"Single","appliedScopes":["/subscriptions/s"],"quantity":2,
		"effectiveDateTime":"2018-02-23T10:00:00Z","expiryDateTime":"2019-02-23T00:00:00","provisioningState":"Created"}]}`,
		[]string{"r|||single|[/subscriptions/s]|2|2018-02-23T10:00:00Z|2019-02-23T00:00:00Z|created|o/1|p:s|a|[]"},
	},
	"attributes on the artifact, numbers as strings, PascalCase": {
		`{"ReferenceOrder":{"Id":"o","LineItemId":3},"Quantity":"1","QuantityDetails":[{"Quantity":"1","Status":"prefulfillment_pending"}],
		"EntitledArtifacts":[{"Link":{"Uri":"/artifacts/1","Method":"get"},"DynamicAttributes":{"ReservationType":"sqlDatabases"}}],"EntitlementType":"ReservedInstance"}`,
		`{"Reservations":[{"ReservationId":"r","Quantity":"4"}]}`,
		[]string{"r||sql_databases||[]|4||||o/3|:||[1 prefulfillment_pending]"},
	},
	"unknown enums, expiry on the entitlement": {
		`{"referenceOrder":{"id":"o"},"expiryDate":"2030-01-01T00:00:00","entitledArtifacts":[{"link":{"uri":"/artifacts/1"}}],"entitlementType":"reserved_anything",
		"quantityDetails":[{"status":"PostfulfillmentPending"}]}`,
		`{"type":"x","reservations":[{"reservationId":"r","scopeType":"ManagementGroup","provisioningState":"Merged"}]}`,
		[]string{"r|||management_group|[]|-||2030-01-01T00:00:00Z|merged|o/-|:||[- postfulfillment_pending]"},
	},
	"several in one artifact, under both keys": {
		`{"entitledArtifacts":[{"link":{"uri":"/artifacts/1"}}],"quantity":5}`,
		`{"reservations":[{"reservationId":"r1"},{"reservationId":"r2","quantity":2}],"virtualMachineReservations":[{"reservationId":"r3"}]}`,
		[]string{"r1||||[]|5||||/-|:||[]", "r2||||[]|2||||/-|:||[]", "r3||||[]|5||||/-|:||[]"},
	},
	"not fulfilled, without an artifact": {
		`{"referenceOrder":{"id":"o","lineItemId":"0"},"quantity":0,"quantityDetails":[{"quantity":1,"status":"Unfulfilled"}],"entitledArtifacts":[],"entitlementType":"reservedinstance"}`, ``,
		[]string{"||||[]|0||||o/0|:||[1 unfulfilled]"},
	},
	"an artifact without a link":  {`{"referenceOrder":{"id":"o"},"entitledArtifacts":[{"resourceId":"a"}]}`, ``, []string{"||||[]|-||||o/-|:|a|[]"}},
	"an artifact without details": {`{"referenceOrder":{"id":"o"},"entitledArtifacts":[{"link":{"uri":"/artifacts/1"}}]}`, `{"type":"reservedinstance"}`, []string{"||||[]|-||||o/-|:||[]"}},
	"software":                    {`{"entitlementType":"software","entitledArtifacts":[{"link":{"uri":"/artifacts/none"}}]}`, ``, []string{}},
	"included": {
		`{"entitlementType":"Software","includedEntitlements":[{"referenceOrder":{"id":"o"},"entitlementType":"reservedinstance","entitledArtifacts":[{"link":{"uri":"/artifacts/1"}}]}]}`,
		`{"reservations":[{"reservationId":"r"}]}`,
		[]string{"r||||[]|-||||o/-|:||[]"},
	},
	"empty": {`{}`, ``, []string{"||||[]|-||||/-|:||[]"}},
}

func TestReservations_bodies(t *testing.T) {
	for name, c := range reservationBodies {
		for _, mark := range []string{"", "\xef\xbb\xbf"} {
			client, _ := answering(t, map[string]string{
				entitlementsOfC: mark + `{"totalCount":1,"items":[` + c.entitlement + `]}`, "/artifacts/1": mark + c.details,
			})
			list, err := client.Reservations.Of(t.Context(), "c")
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got := briefly(list); !slices.Equal(got, c.want) {
				t.Errorf("%s:\n%q, not\n%q", name, got, c.want)
			}
		}
	}
}

// TestReservations_links checks that a link to another host is refused, and that a failed link is
// an error.
func TestReservations_links(t *testing.T) {
	for link, refused := range map[string]string{
		`{"uri":"https://evil.example/v1/artifacts/1"}`:      "another host",
		`{"uri":"//evil.example/artifacts/1"}`:               "another host",
		`{"uri":"/v1/../../artifacts/1"}`:                    "malformed",
		`{"uri":"/artifacts/%2e%2e/1"}`:                      "malformed",
		`{"uri":"/artifacts/1","method":"DELETE"}`:           `the method "DELETE"`,
		`{"uri":"/artifacts/missing"}`:                       "404",
		`{"uri":"/artifacts/nothing"}`:                       "not what the API documents",
		`{"uri":"/artifacts/html"}`:                          "not what the API documents",
		`{"uri":"/artifacts/null"}`:                          "not what the API documents",
		`{"uri":"https://pc.example/v1/artifacts/1"}`:        "",
		`{"uri":"artifacts/1","headers":[{"key":"X"}]}`:      "",
		`{"uri":"/V1/artifacts/1?x=y"}`:                      "",
		`{"uri":"/v1/artifacts/wrong-date","method":"GET"}`:  "soon",
		`{"uri":"/artifacts/1","method":"GET","headers":{}}`: "not what the API documents",
	} {
		client, requests := answering(t, map[string]string{
			entitlementsOfC: `{"totalCount":1,"items":[{"referenceOrder":{"id":"o"},"entitledArtifacts":[{"link":` + link + `}]}]}`,
			"/artifacts/1":  `{"reservations":[{"reservationId":"r"}]}`, "/artifacts/1?x=y": `{"reservations":[{"reservationId":"r"}]}`,
			"/artifacts/nothing": ``, "/artifacts/html": `<html>`, "/artifacts/null": `null`,
			"/artifacts/wrong-date": `{"reservations":[{"reservationId":"r","expiryDateTime":"soon"}]}`,
		})
		list, err := client.Reservations.Of(t.Context(), "c")
		switch {
		case refused == "" && (err != nil || len(list) != 1 || list[0].ID != "r"):
			t.Errorf("%s: %v, %v", link, briefly(list), err)
		case refused != "" && (err == nil || !strings.Contains(err.Error(), refused) || list != nil):
			t.Errorf("%s: %v, %v, which does not say %q", link, briefly(list), err, refused)
		}
		for _, r := range requests() {
			if !strings.HasPrefix(r, "pc.example/") {
				t.Errorf("%s led to %s", link, r)
			}
		}
	}
}

// TestReservations_order checks that concurrent reads keep the order of the list, and that one
// failed read is an error.
func TestReservations_order(t *testing.T) {
	bodies := map[string]string{}
	var items, want []string
	for i := range 40 {
		items = append(items, fmt.Sprintf(`{"referenceOrder":{"id":"o%d"},"entitledArtifacts":[{"link":{"uri":"/artifacts/%da"}},{"link":{"uri":"/artifacts/%db"}}]}`, i, i, i))
		for _, part := range []string{"a", "b"} {
			id := fmt.Sprint(i, part)
			bodies["/artifacts/"+id] = `{"reservations":[{"reservationId":"` + id + `"}]}`
			want = append(want, id)
		}
	}
	bodies[entitlementsOfC] = `{"totalCount":40,"items":[` + strings.Join(items, ",") + `]}`
	client, requests := answering(t, bodies)
	list, err := client.Reservations.Of(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range list {
		got = append(got, r.ID)
	}
	if !slices.Equal(got, want) || len(requests()) != 81 {
		t.Errorf("%d requests for %q", len(requests()), got)
	}
	delete(bodies, "/artifacts/25b")
	client, _ = answering(t, bodies)
	if list, err := client.Reservations.Of(t.Context(), "c"); err == nil || !strings.Contains(err.Error(), "/artifacts/25b") || list != nil {
		t.Errorf("%d reservations, %v", len(list), err)
	}
}

func FuzzEntitlement(f *testing.F) {
	for _, c := range reservationBodies {
		f.Add([]byte(c.entitlement), []byte(c.details))
	}
	f.Fuzz(func(t *testing.T, entitlementBody, detailsBody []byte) {
		var e entitlement
		var d artifactDetails
		if json.Unmarshal(entitlementBody, &e) != nil || json.Unmarshal(detailsBody, &d) != nil {
			return
		}
		for _, one := range append(d.Reservations, d.VirtualMachineReservations...) {
			r := reservation(e, artifact{}, one)
			if r.OrderID != e.Order.ID || r.ID != one.ID || one.Quantity != nil && r.Quantity != one.Quantity {
				t.Errorf("%+v", r)
			}
		}
	})
}
