package mockbackend

import (
	"net/url"
	"slices"
	"strings"
)

// access says who may call a route.
type access int

const (
	open       access = iota // no token
	anyCaller                // app-only or app+user
	anyUser                  // app+user: Admin, Sales or Helpdesk agent
	entitled                 // anyUser, or anyCaller by Knobs.EntitlementsAppOnly
	adminAgent               // app+user: Admin agent
)

// route is one line of the route table.
type route struct {
	method  string
	pattern string   // "{name}" segments match any one segment
	access  access   //
	query   []string // known query parameters, compared without case
	handle  func(*Backend, *exchange) response
}

// String is how the journal and counters name a route: "GET /v1/customers/{customer}".
func (r *route) String() string { return r.method + " " + r.pattern }

// findRoute returns the route and its path values; or nil and the methods that the path has, if it has any.
func findRoute(routes []route, method, escapedPath string) (found *route, values map[string]string, allowed []string) {
	for i := range routes {
		pathValues, ok := routes[i].match(escapedPath)
		if !ok {
			continue
		}
		if routes[i].method == method {
			return &routes[i], pathValues, nil
		}
		if !slices.Contains(allowed, routes[i].method) {
			allowed = append(allowed, routes[i].method)
		}
	}
	return nil, nil, allowed
}

func (r *route) match(escapedPath string) (map[string]string, bool) {
	pattern := strings.Split(strings.Trim(r.pattern, "/"), "/")
	// One trailing slash is let through: the .NET SDK's configuration has paths that end in one.
	segments := strings.Split(strings.TrimSuffix(strings.TrimPrefix(escapedPath, "/"), "/"), "/")
	if len(pattern) != len(segments) {
		return nil, false
	}
	var values map[string]string
	for i, want := range pattern {
		name, isValue := strings.CutPrefix(want, "{")
		if !isValue {
			if !strings.EqualFold(want, segments[i]) {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(segments[i])
		if err != nil || value == "" {
			return nil, false
		}
		if values == nil {
			values = map[string]string{}
		}
		values[strings.TrimSuffix(name, "}")] = value
	}
	return values, true
}

// unknownQuery returns the first query parameter that the route does not know.
func (r *route) unknownQuery(query url.Values) (string, bool) {
	for name := range query {
		if !slices.ContainsFunc(r.query, func(known string) bool { return strings.EqualFold(known, name) }) {
			return name, true
		}
	}
	return "", false
}
