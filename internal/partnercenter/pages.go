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

// page is a collection as the API sends it. totalCount is not decoded: it counts this
// page, and wrongly at that.
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

// tokenHeader carries the continuation token.
const tokenHeader = "Ms-Continuationtoken"

// identified is what a list is made of where each item has an id.
type identified interface{ id() string }

// all reads a collection page by page, lazily. After an error it stops: nobody is
// given part of a list as if it were the whole.
func all[T any](ctx context.Context, c *Client, first call) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		read := make(httppipe.Pages)
		full, _ := strconv.Atoi(first.query.Get("size"))
		size := 0 // of the page before
		for in, more := first, false; ; more = true {
			p, a, err := readPage[T](ctx, c, in)
			// A token is handed out after the last page too, and this is its answer. But it is the
			// answer to a broken token as well, so it is believed behind a full page only, and when
			// it is given twice.
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
				full = max(full, size) // the server's own choice
			}
			next, err := c.following(first, p.Links.Next, p.ContinuationToken)
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

// readPage reads one page. An item without an id makes it unreadable: it would be taken for one
// that is called "".
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

// following makes the call for the next page from its link or, where there is none,
// from the continuation token; nil means that this page was the last.
func (c *Client) following(first call, next *link, token string) (*call, error) {
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
		// Nothing but the token: a link must not replace Authorization or the ids.
		if strings.EqualFold(h.Key, tokenHeader) {
			in.header.Set(tokenHeader, h.Value)
		}
	}
	return &in, nil
}

// resolve turns a link into path and query behind /v1. Links are relative, to the base URL or to
// /v1, or absolute.
func (c *Client) resolve(uri string) (string, url.Values, error) {
	path, query, err := c.caller.Resolve(uri)
	if len(path) >= 3 && strings.EqualFold(path[:3], "/v1") && (len(path) == 3 || path[3] == '/') {
		path = path[3:]
	}
	return path, query, err
}
