package httppipe

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Resolve returns the path and query of a [Call] from a link in an answer. The link must be
// relative to the endpoint, or absolute and on the endpoint's host.
func (c *Caller) Resolve(link string) (path string, query url.Values, err error) {
	u, err := url.Parse(link)
	if err != nil {
		return "", nil, errBadLink
	}
	if u.IsAbs() || u.Host != "" || u.Opaque != "" || u.User != nil {
		if u.User != nil || !strings.EqualFold(u.Scheme, c.endpoint.Scheme) || !strings.EqualFold(u.Host, c.endpoint.Host) {
			return "", nil, fmt.Errorf("refused to follow a link to another host (%s): only %s is configured", u.Host, c.endpoint.Host)
		}
		u.Path = strings.TrimPrefix(u.Path, c.endpoint.Path)
		u.RawPath = ""
	}
	if query, err = url.ParseQuery(u.RawQuery); err != nil {
		return "", nil, errBadLink
	}
	if path = u.EscapedPath(); !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	for element := range strings.SplitSeq(path, "/") {
		if s, err := url.PathUnescape(element); err != nil || s == ".." || s == "." {
			return "", nil, errBadLink
		}
	}
	return path, query, nil
}

var errBadLink = errors.New("a link in the answer is malformed")

// maxPages is the maximum number of pages of a list: a million objects in pages of 500. It protects
// the memory against a server that never ends a list.
const maxPages = 2000

// Pages contains the pages of one list that were read, by an identifying key. It detects a server
// that repeats a page or never ends the list.
type Pages map[string]bool

// Add records the next page, or returns an error if it must not be read.
func (p Pages) Add(page string) error {
	switch {
	case p[page]:
		return errors.New("the list of pages has no end: the server repeats a page")
	case len(p) >= maxPages:
		return fmt.Errorf("the list of pages has no end: it has more than %d", maxPages)
	}
	p[page] = true
	return nil
}
