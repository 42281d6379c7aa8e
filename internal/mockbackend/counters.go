package mockbackend

import (
	"cmp"
	"maps"
	"slices"
)

// Counters are totals since the start or the last ResetCounters.
type Counters struct {
	Routes      map[string]map[int]int `json:"routes"`      // by route pattern ("" = unknown) and status (0 = no answer)
	Tokens      []TokenCount           `json:"tokens"`      // sorted
	Connections map[Service]int        `json:"connections"` // opened per listener; in-process calls open none
	Violations  int                    `json:"violations"`
}

// TokenCount counts token requests.
type TokenCount struct {
	Tenant   string `json:"tenant"`   // id of the tenant, or what the path said if there is no such tenant
	Audience string `json:"audience"` // as asked for, without a trailing slash
	Result   string `json:"result"`   // "issued", or the error such as "AADSTS7000215"
	Count    int    `json:"count"`
}

// Route is the number of requests to a route, such as "GET /v1/customers/{customer}", whatever their status.
func (c Counters) Route(pattern string) int {
	total := 0
	for _, n := range c.Routes[pattern] {
		total += n
	}
	return total
}

// TokensIssued is the number of access tokens issued, for all tenants and audiences.
func (c Counters) TokensIssued() int {
	total := 0
	for _, token := range c.Tokens {
		if token.Result == tokenIssued {
			total += token.Count
		}
	}
	return total
}

const tokenIssued = "issued"

type counters struct {
	routes      map[string]map[int]int
	tokens      map[TokenCount]int // keys have Count 0
	connections map[Service]int
	violations  int
}

// Counters returns a copy of the totals.
func (b *Backend) Counters() Counters {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := Counters{Routes: map[string]map[int]int{}, Tokens: []TokenCount{}, Connections: map[Service]int{}, Violations: b.counters.violations}
	for route, statuses := range b.counters.routes {
		c.Routes[route] = maps.Clone(statuses)
	}
	for key, n := range b.counters.tokens {
		key.Count = n
		c.Tokens = append(c.Tokens, key)
	}
	slices.SortFunc(c.Tokens, func(a, b TokenCount) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Audience, b.Audience), cmp.Compare(a.Result, b.Result))
	})
	maps.Copy(c.Connections, b.counters.connections)
	return c
}

// ResetCounters sets the totals to zero; the texts of Violations stay.
func (b *Backend) ResetCounters() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counters = counters{}
}

func (b *Backend) countToken(tenant, audience, result string) {
	if b.counters.tokens == nil {
		b.counters.tokens = map[TokenCount]int{}
	}
	b.counters.tokens[TokenCount{Tenant: tenant, Audience: audience, Result: result}]++
}

func (b *Backend) countConnection(service Service) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.counters.connections == nil {
		b.counters.connections = map[Service]int{}
	}
	b.counters.connections[service]++
}
