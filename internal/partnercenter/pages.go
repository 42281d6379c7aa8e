package partnercenter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// page is one page of a collection. The value of totalCount is not used: it counts this page only,
// and is sometimes wrong.
type page[T any] struct {
	Items             []T              `json:"items"`
	TotalCount        *json.RawMessage `json:"totalCount"`
	ContinuationToken string           `json:"continuationToken" text:"raw"`
	Links             struct {
		Next *link `json:"next"`
	} `json:"links"`
}

type link struct {
	URI     string `json:"uri" text:"raw"`
	Method  string `json:"method"`
	Headers []struct {
		Key   string `json:"key"`
		Value string `json:"value" text:"raw"`
	} `json:"headers"`
}

// tokenHeader is the header of the continuation token.
const tokenHeader = "Ms-Continuationtoken"

// identified is implemented by list items that have an ID.
type identified interface{ id() string }

// all reads a collection lazily, page by page. After an error it stops, so that a caller cannot
// mistake part of a list for the whole list.
func all[T any](ctx context.Context, c *Client, first call) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		read := make(httppipe.Pages)
		full, _ := strconv.Atoi(first.query.Get("size"))
		size := 0 // of the previous page
		for in, more := first, false; ; more = true {
			p, a, err := readPage[T](ctx, c, in)
			// The API may return a token after the last page and answers it with 400/2000. It
			// answers a broken token in the same way. The answer therefore ends the list only after
			// a full page, and only if a retry gets it again.
			if more && size >= full && is(err, http.StatusBadRequest, "2000") {
				if p, a, err = readPage[T](ctx, c, in); is(err, http.StatusBadRequest, "2000") {
					return
				}
			}
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range p.Items {
				if !yield(item, nil) {
					return
				}
			}
			if size = len(p.Items); first.query.Get("size") == "" {
				full = max(full, size) // the server chose the page size
			}
			next, err := c.nextCall(first, p.Links.Next, p.ContinuationToken)
			if err == nil && next != nil {
				err = read.Add(next.path + "?" + next.query.Encode() + " " + next.header.Get(tokenHeader))
			}
			if err != nil {
				yield(none, a.Unfit(fmt.Errorf("%w: %w", errUnreadable, err)))
				return
			}
			if next == nil {
				return
			}
			in = *next
		}
	}
}

// readPage reads one page. An item without an ID is an error, because the ID "" would be wrong.
func readPage[T any](ctx context.Context, c *Client, in call) (page[T], answer, error) {
	var p page[T]
	in.check = func() error {
		if p.Items == nil && p.TotalCount == nil {
			return errUnreadable
		}
		for i := range p.Items {
			if item, ok := any(p.Items[i]).(identified); ok && item.id() == "" {
				return errors.New("an item of the list has no ID")
			}
		}
		return nil
	}
	a, err := c.get(ctx, in, &p)
	return p, a, err
}

// nextCall returns the call for the next page from its link or, without a link, from the
// continuation token. It returns nil after the last page.
func (c *Client) nextCall(first call, next *link, token string) (*call, error) {
	if next == nil || next.URI == "" {
		if token == "" {
			return nil, nil
		}
		in := first
		in.query = maps.Clone(first.query)
		if in.query == nil {
			in.query = url.Values{}
		}
		in.query.Set("seekOperation", "Next")
		in.header = http.Header{tokenHeader: {token}}
		return &in, nil
	}
	if next.Method != "" && !strings.EqualFold(next.Method, http.MethodGet) {
		return nil, fmt.Errorf("the next page's link has the method %q", next.Method)
	}
	path, query, err := c.resolve(next.URI)
	if err != nil {
		return nil, err
	}
	in := call{method: first.method, path: path, query: query, repeat: first.repeat, header: http.Header{}}
	for _, h := range next.Headers {
		// Only the token is used: a link must not replace Authorization or the IDs.
		if strings.EqualFold(h.Key, tokenHeader) {
			in.header.Set(tokenHeader, h.Value)
		}
	}
	return &in, nil
}

// resolve returns the path after /v1 and the query of a link. Links are absolute, or relative to
// the base URL or to /v1.
func (c *Client) resolve(uri string) (string, url.Values, error) {
	path, query, err := c.caller.Resolve(uri)
	if len(path) >= 3 && strings.EqualFold(path[:3], "/v1") && (len(path) == 3 || path[3] == '/') {
		path = path[3:]
	}
	return path, query, err
}
