package mockbackend_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// walk reads all pages by links.next or by continuationToken. It returns the IDs and the number of pages. A 400/2000 on a
// continuation ends the list, as in Microsoft's own tool.
func walk(t *testing.T, c *rawClient, path string, byLinks bool) (ids []string, pages int) {
	t.Helper()
	first := path
	for {
		got := c.do(c.request("GET", "/v1"+path, nil))
		if pages > 0 && got.status == 400 && got.code() == 2000 {
			return ids, pages
		}
		if got.status != 200 || pages > 1000 {
			t.Fatalf("page %d: %d %s", pages, got.status, got.raw)
		}
		pages++
		page := string(got.raw)
		for _, item := range strings.Split(page, `{"id":"`)[1:] {
			ids = append(ids, item[:strings.Index(item, `"`)])
		}
		switch next, token := between(page, `"next":{"uri":"`), between(page, `"continuationToken":"`); {
		case byLinks && next != "":
			path = strings.TrimPrefix(next, "/v1")
			c.header.Set("MS-ContinuationToken", between(page, `"headers":[{"key":"MS-ContinuationToken","value":"`))
		case !byLinks && token != "":
			path = first + "&seekOperation=next"
			c.header.Set("MS-ContinuationToken", token)
		default:
			return ids, pages
		}
	}
}

// between returns a string of a body. Decoding the whole body would take longer than the rest of the test.
func between(body, before string) string {
	_, rest, _ := strings.Cut(body, before)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func TestPagingSeesEachCustomerOnce(t *testing.T) { // DEV/get-a-list-of-customers
	total, size := 2500, 500
	if raceDetector { // the race detector makes it ten times slower
		total, size = 250, 50
	}
	b := newBackend(t, mockbackend.Config{Customers: total, Seed: 7})
	c := admin(t, b)
	expected := map[string]bool{}
	for _, customer := range b.Customers() {
		expected[customer.ID] = true
	}
	if len(expected) != total {
		t.Fatalf("%d customers", len(expected))
	}
	for _, mode := range []mockbackend.ContinuationMode{mockbackend.ContinuationBoth, mockbackend.ContinuationLinks, mockbackend.ContinuationToken} {
		for flags := range 16 {
			for _, pageSize := range []int{size, size - 1} { // with a full and with a partly filled last page
				b.SetKnobs(func(k *mockbackend.Knobs) {
					k.PageSize, k.ContinuationMode = pageSize, mode
					k.LinkPrefixV1, k.TokenAfterLastPage, k.TotalCountWrong, k.ShuffleOrder = flags&1 != 0, flags&2 != 0, flags&4 != 0, flags&8 != 0
				})
				for _, byLinks := range []bool{true, false} {
					if byLinks && mode == mockbackend.ContinuationToken || !byLinks && mode == mockbackend.ContinuationLinks {
						continue
					}
					c.header.Del("MS-ContinuationToken")
					ids, pages := walk(t, c, fmt.Sprintf("/customers?size=%d", size), byLinks)
					seen := map[string]bool{}
					for _, id := range ids {
						seen[id] = expected[id]
					}
					wantPages := map[int]int{size: 5, size - 1: 6}[pageSize]
					if len(ids) != total || len(seen) != total || pages != wantPages {
						t.Errorf("page size %d, %s, flags %04b, links %t: %d items, %d different, %d pages", pageSize, mode, flags, byLinks, len(ids), len(seen), pages)
					}
				}
			}
		}
	}
}

func TestPageSizes(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 1200})
	c := admin(t, b)
	for query, want := range map[string]int{"": 500, "?size=0": 500, "?size=1": 1, "?size=500": 500, "?size=501": 500} {
		got := c.call("GET", "/customers"+query, nil)
		items, totalCount := strings.Count(string(got.raw), `{"id":"`), fmt.Sprintf(`{"totalCount":%d,`, want)
		if items != want || !strings.Contains(string(got.raw), totalCount) { // totalCount is the number of items in the page
			t.Errorf("%q: %d items, %.60s", query, items, got.raw)
		}
	}
	for _, query := range []string{"?size=-1", "?size=many", "?seekOperation=Next", "?seekOperation=Last"} {
		c.call("GET", "/customers"+query, nil).want(t, query, 400, 800002)
	}
}

func TestContinuationToken(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 30})
	c := admin(t, b)
	filter := url.QueryEscape(`{"Field":"CompanyName","Value":"customer 000","Operator":"starts_with"}`)
	token := c.call("GET", "/customers?size=10&filter="+filter, nil).body["continuationToken"].(string)
	c.header.Set("MS-ContinuationToken", token)
	// The seek query of the .NET SDK sends only the operation and the token.
	if got := c.call("GET", "/customers?seekOperation=Next", nil); len(got.items()) != 10 {
		t.Errorf("seek query of the SDK: %s", got.raw)
	}
	// Both documented ways to page send the operation. Whether a token works without it is not documented.
	if got := c.call("GET", "/customers?size=10&filter="+filter, nil); len(got.items()) != 10 {
		t.Errorf("without the operation: %s", got.raw)
	}
	wantViolation(t, b, "without the operation", "MS-ContinuationToken without seekOperation")
	other := url.QueryEscape(`{"Field":"CompanyName","Value":"c","Operator":"starts_with"}`)
	for _, path := range []string{
		"/customers?size=10&seekOperation=next&filter=" + other, "/customers?size=11&seekOperation=next&filter=" + filter, "/auditrecords?seekOperation=next",
	} {
		c.call("GET", path, nil).want(t, path, 400, 2000)
		wantViolation(t, b, path, "of another query") // a client would take 2000 for the end of the list
	}
	for _, bad := range []string{"nonsense", token[:len(token)-8], "AAAA" + token[4:]} {
		c.header.Set("MS-ContinuationToken", bad)
		c.call("GET", "/customers?size=10&seekOperation=next", nil).want(t, bad, 400, 2000)
		wantViolation(t, b, bad, "of another query")
	}
}

func TestTokenAfterLastPage(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.TokenAfterLastPage = true })
	got := c.call("GET", "/customers?size=6", nil)
	if len(got.items()) != 6 || got.body["continuationToken"] == nil {
		t.Fatalf("%s", got.raw)
	}
	c.header.Set("MS-ContinuationToken", got.body["continuationToken"].(string))
	c.call("GET", "/customers?size=6&seekOperation=next", nil).want(t, "after the end", 400, 2000)
}

func TestCustomersAddedAndEndedWhilePaging(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 20})
	c := admin(t, b)
	all := b.Customers()
	token := c.call("GET", "/customers?size=10", nil).body["continuationToken"].(string)
	b.EndRelationship(all[0].ID)
	b.AddCustomer(mockbackend.Customer{CompanyName: "Wingtip Demo"})
	c.header.Set("MS-ContinuationToken", token)
	got := c.call("GET", "/customers?size=10&seekOperation=next", nil).items()
	if len(got) != 10 || got[0]["id"] != all[10].ID {
		t.Errorf("second page begins with %v, want %s", got[0]["id"], all[10].ID)
	}
}

func TestNextLinkHost(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.NextLinkHost = "elsewhere.mock.test" })
	next := c.call("GET", "/customers?size=2", nil).body["links"].(map[string]any)["next"].(map[string]any)
	if uri := next["uri"].(string); !strings.HasPrefix(uri, "https://elsewhere.mock.test/v1/customers?size=2") {
		t.Errorf("uri %s", uri)
	}
	req := c.request("GET", "/", nil)
	req.URL, _ = url.Parse(next["uri"].(string))
	c.do(req)
	wantViolation(t, b, "followed", "a token was sent to another host")
	b.SetKnobs(func(k *mockbackend.Knobs) { k.NextLinkHost = "fabrikam.test" })
	next = c.call("GET", "/customers?size=2", nil).body["links"].(map[string]any)["next"].(map[string]any)
	req.URL, _ = url.Parse(next["uri"].(string))
	if _, err := c.try(req); err == nil {
		t.Error("an unknown host answered")
	}
	wantViolation(t, b, "followed", "https://fabrikam.test: a token was sent to a host that is not configured")
}
