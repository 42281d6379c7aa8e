package mockbackend

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// largestPage is also the default page size of customers and audit records.
const (
	largestPage = 500
	usersPage   = 100 // the default for users
)

const invalidArgument = 2000 // with a continuation token: the list has ended

// pageQuery is a query for one page, from the request or from its continuation token.
type pageQuery struct {
	Path      string `json:"p"`
	Size      int    `json:"s"`
	Filter    string `json:"f,omitempty"`
	StartDate string `json:"d,omitempty"`
	EndDate   string `json:"e,omitempty"`
	Sort      string `json:"o,omitempty"` // a field, with "-" before it if descending
	After     uint64 `json:"a"`           // key of the last item of the previous page
	End       bool   `json:"z,omitempty"` // the token was returned with the last page
	continued bool
	past      bool // after the last page: Knobs.EmptyLastPage
}

// defaultPage returns the page size if the query has none. It is smaller for users
// (DEV/get-a-list-of-all-user-accounts-for-a-customer).
func (b *Backend) defaultPage(path string) int {
	if strings.HasSuffix(path, "/users") {
		return orDefault(b.knobs.UsersPageSize, usersPage)
	}
	return orDefault(b.knobs.DefaultPageSize, largestPage)
}

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// sortOf reads sortField and sortDirection, which the .NET SDK sends for users (SDK
// PartnerSDK/CustomerUsers/CustomerUsersCollectionOperations.cs).
func sortOf(values url.Values) string {
	field := strings.ToLower(queryValue(values, "sortField"))
	if field != "" && strings.EqualFold(queryValue(values, "sortDirection"), "Descending") {
		field = "-" + field
	}
	return field
}

// seekName returns the name of a seek operation. The server also accepts the numbers of the enum (SDK
// PartnerSdk.Models/Query/SeekOperation.cs).
func seekName(text string) string {
	names := []string{"next", "previous", "first", "last", "pageindex"}
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n < len(names) {
		return names[n]
	}
	return strings.ToLower(text)
}

// pageItem is an item of a list: its key in the order, and its index.
type pageItem struct {
	key uint64
	at  int
}

// readPageQuery reads size, seekOperation, filter, dates and the header MS-ContinuationToken. With a token, the other
// parameters may be omitted, as in the .NET SDK, but not changed (choice).
func (b *Backend) readPageQuery(x *exchange, path string) (pageQuery, response, bool) {
	token := x.req.Header.Get("MS-ContinuationToken")
	if token != "" && queryValue(x.query, "seekOperation") == "" {
		b.violate("%s %s: MS-ContinuationToken without seekOperation", x.req.Method, x.req.URL.Path)
	}
	return b.pageQueryOf(x.query, token, path)
}

func (b *Backend) pageQueryOf(values url.Values, token, path string) (pageQuery, response, bool) {
	query := pageQuery{
		Path: path, Size: b.defaultPage(path), Filter: queryValue(values, "filter"), Sort: sortOf(values),
		StartDate: queryValue(values, "startDate"), EndDate: queryValue(values, "endDate"),
	}
	size := queryValue(values, "size")
	if size != "" {
		n, err := strconv.Atoi(size)
		if err != nil || n < 0 {
			return query, failure(http.StatusBadRequest, invalidRequestInput, "size %q is not a page size.", size), false
		}
		if n > largestPage && b.knobs.TooLargePageRefused {
			return query, b.choices.refuse("page_too_large", http.StatusBadRequest, invalidRequestInput, "size %d is too large.", n), false
		}
		if n > 0 { // the SDK sends 0 for no limit; the largest page of the API still applies
			query.Size = min(n, largestPage)
		}
	}
	switch seek := seekName(queryValue(values, "seekOperation")); {
	case seek == "first" || seek == "" && token == "":
		return query, response{}, true
	case seek == "next" && token == "":
		return query, failure(http.StatusBadRequest, invalidRequestInput, "seekOperation Next needs the header MS-ContinuationToken."), false
	case seek != "next" && seek != "":
		return query, failure(http.StatusBadRequest, invalidRequestInput, "seekOperation %q is not supported.", seek), false
	}
	continued, ok := b.readToken(token)
	differs := func(now, before string) bool { return now != "" && !strings.EqualFold(now, before) } // GUIDs in links may be in upper or lower case
	foreign := !ok || !strings.EqualFold(continued.Path, path) || query.Sort != "" && query.Sort != continued.Sort || differs(query.Filter, continued.Filter) ||
		differs(query.StartDate, continued.StartDate) || differs(query.EndDate, continued.EndDate) || size != "" && query.Size != continued.Size
	if foreign {
		b.violate("GET %s: the continuation token is of another query, or of none", path)
	}
	if !foreign && continued.End && b.knobs.EmptyLastPage {
		continued.continued, continued.After, continued.past = true, 0, true
		return continued, response{}, true
	}
	if foreign || continued.End {
		return query, b.choices.refuse("list_end", http.StatusBadRequest, invalidArgument, "The continuation token is not valid."), false
	}
	continued.continued = true
	return continued, response{}, true
}

// cut returns the items of the page, and the query of the next page if there is one. Items are in the order of their
// keys. Keys do not change. So no item is repeated or missed if the list changes between two pages.
func (q pageQuery) cut(knobs Knobs, items []pageItem) (page []pageItem, next *pageQuery) {
	if q.past {
		return nil, nil
	}
	if q.continued {
		from, _ := slices.BinarySearchFunc(items, q.After, func(item pageItem, after uint64) int {
			if item.key <= after {
				return -1
			}
			return 1
		})
		items = items[from:]
	}
	size := q.Size
	if knobs.PageSize > 0 {
		size = min(size, knobs.PageSize)
	}
	following := q
	following.End = len(items) <= size
	page = items[:min(size, len(items))]
	if following.End && !(knobs.TokenAfterLastPage && len(page) == size) {
		return page, nil
	}
	following.After = page[len(page)-1].key
	return page, &following
}

// addLinks adds links and continuation token to the body of a page.
func (b *Backend) addLinks(x *exchange, body *collection, query pageQuery, next *pageQuery) {
	uri := query.uri()
	body.Links = &collectionLinks{Self: x.link(uri)}
	if next == nil {
		return
	}
	token := b.writeToken(*next)
	if x.knobs.ContinuationMode != ContinuationLinks {
		body.ContinuationToken = token
	}
	if x.knobs.ContinuationMode != ContinuationToken {
		uri, headers := uri+"&seekOperation=Next", []linkHeader{{"MS-ContinuationToken", token}}
		if query.Path == auditActivity {
			uri, headers = auditActivity+"?seek="+url.QueryEscape(token), []linkHeader{}
		}
		nextLink := x.link(uri)
		if host := x.knobs.NextLinkHost; host != "" {
			if !strings.Contains(host, "://") {
				host = "https://" + host
			}
			nextLink.URI = strings.TrimSuffix(host, "/") + versioned(uri)
		}
		nextLink.Headers = headers
		body.Links.Next = nextLink
	}
}

func (q pageQuery) uri() string {
	if q.Path == auditActivity {
		return activityURI(q)
	}
	var uri strings.Builder
	uri.WriteString(q.Path + "?size=" + strconv.Itoa(q.Size))
	for _, parameter := range []struct{ name, value string }{{"startDate", q.StartDate}, {"endDate", q.EndDate}, {"filter", q.Filter}, {"sortField", strings.TrimPrefix(q.Sort, "-")}, {"sortDirection", q.direction()}} {
		if parameter.value != "" {
			uri.WriteString("&" + parameter.name + "=" + url.QueryEscape(parameter.value))
		}
	}
	return uri.String()
}

func (q pageQuery) direction() string {
	if strings.HasPrefix(q.Sort, "-") {
		return "Descending"
	}
	return ""
}

const tokenMAC = 16

// writeToken creates a signed continuation token, in base64 with "+", "/" and "=" as in recorded traffic.
func (b *Backend) writeToken(query pageQuery) string {
	payload := encodeJSON(query)
	return base64.StdEncoding.EncodeToString(append(b.signIn.mac(payload)[:tokenMAC], payload...))
}

func (b *Backend) readToken(token string) (pageQuery, bool) {
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(raw) < tokenMAC || !hmac.Equal(raw[:tokenMAC], b.signIn.mac(raw[tokenMAC:])[:tokenMAC]) {
		return pageQuery{}, false
	}
	var query pageQuery
	if err := json.Unmarshal(raw[tokenMAC:], &query); err != nil {
		return pageQuery{}, false
	}
	return query, true
}

// pagedList is a list that pageOf cuts into pages. Item i has the number first+i, which is the same for
// every page.
type pagedList struct {
	length      int
	first       int
	newestFirst bool
	matches     func(i int) bool // the filter of the query
	rank        func(i int) int  // the position in the requested order; nil = the order of the list
}

// pageOf answers with a page of a list; body is item i on the wire.
func pageOf[T any](b *Backend, x *exchange, query pageQuery, list pagedList, body func(i int) T) response {
	items := make([]pageItem, 0, list.length)
	for i := range list.length {
		if !list.matches(i) {
			continue
		}
		key := uint64(list.first + i)
		switch {
		case list.rank != nil:
			key = uint64(list.rank(i))
		case x.knobs.ShuffleOrder:
			key = b.shuffledKey(list.first + i)
		case list.newestFirst:
			key = ^key
		}
		items = append(items, pageItem{key, i})
	}
	sortItems(items)
	page, next := query.cut(x.knobs, items)
	bodies := make([]T, 0, len(page))
	for _, item := range page {
		bodies = append(bodies, body(item.at))
	}
	collection := collectionOf(b, x, bodies)
	b.addLinks(x, collection, query, next)
	return response{status: http.StatusOK, body: collection}
}

func sortItems(items []pageItem) {
	slices.SortFunc(items, func(a, b pageItem) int {
		if a.key < b.key {
			return -1
		}
		return 1
	})
}
