package mockbackend

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	journalSize   = 100_000 // requests kept
	maxViolations = 10_000  // texts kept; Counters.Violations counts all
	maxBodyText   = 16 << 10
)

// Request is one request that reached the mock. Control calls are not recorded.
type Request struct {
	Time          time.Time `json:"time"`
	Service       Service   `json:"service"`
	Method        string    `json:"method"`
	Path          string    `json:"path"`
	Query         string    `json:"query,omitempty"`
	Route         string    `json:"route,omitempty"` // pattern such as "GET /v1/customers/{customer}"; empty = unknown route
	Status        int       `json:"status"`          // 0 = connection closed without an answer
	RequestID     string    `json:"requestId,omitempty"`
	CorrelationID string    `json:"correlationId,omitempty"`
	UserAgent     string    `json:"userAgent,omitempty"`
	TokenMode     string    `json:"tokenMode,omitempty"`   // "app", "user", or empty without a valid token
	RequestBody   string    `json:"requestBody,omitempty"` // the JSON text, or "[n bytes]" if it is not JSON
	Fault         string    `json:"fault,omitempty"`       // kind of the fault that applied
	Executed      bool      `json:"executed"`              // its handler ran and succeeded
	Replayed      bool      `json:"replayed"`              // answered with the answer of an earlier write with the same MS-RequestId
}

// journal is a ring buffer of the last requests.
type journal struct {
	ring []Request
	next int // index of the oldest request once the ring is full
}

func (j *journal) add(entry Request) {
	if len(j.ring) < journalSize {
		j.ring = append(j.ring, entry)
		return
	}
	j.ring[j.next] = entry
	j.next = (j.next + 1) % journalSize
}

// Requests returns the last 100,000 requests in the order in which they were answered.
func (b *Backend) Requests() []Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	requests := make([]Request, 0, len(b.journal.ring))
	return append(append(requests, b.journal.ring[b.journal.next:]...), b.journal.ring[:b.journal.next]...)
}

// ResetJournal empties the journal. Counters and violations stay.
func (b *Backend) ResetJournal() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.journal = journal{}
}

// record adds a request to the journal and to the counters. The lock is held.
func (b *Backend) record(x *exchange) {
	if x.service.name() == Control {
		return
	}
	switch {
	case len(x.body) == 0:
	case x.service.name() != SignIn && len(x.body) <= maxBodyText && json.Valid(x.body):
		x.entry.RequestBody = string(bytes.TrimSpace(x.body))
	default: // a form with secrets, or not JSON
		x.entry.RequestBody = fmt.Sprintf("[%d bytes]", len(x.body))
	}
	b.journal.add(x.entry)
	if b.counters.routes == nil {
		b.counters.routes = map[string]map[int]int{}
	}
	if b.counters.routes[x.entry.Route] == nil {
		b.counters.routes[x.entry.Route] = map[int]int{}
	}
	b.counters.routes[x.entry.Route][x.entry.Status]++
}

// Counters are totals since the start or the last ResetCounters.
type Counters struct {
	Routes      map[string]map[int]int `json:"routes"`      // by route pattern ("" = unknown) and status (0 = no answer)
	Tokens      []TokenCount           `json:"tokens"`      // sorted
	Connections map[Service]int        `json:"connections"` // opened per listener; in-process calls open none
	Violations  int                    `json:"violations"`
}

// TokenCount counts token requests.
type TokenCount struct {
	Tenant   string `json:"tenant"`   // tenant ID, or the name in the path if there is no such tenant
	Audience string `json:"audience"` // as requested, without a trailing slash
	Result   string `json:"result"`   // "issued", or the error such as "AADSTS7000215"
	Count    int    `json:"count"`
}

// Route returns the number of requests to a route, such as "GET /v1/customers/{customer}", with any status.
func (c Counters) Route(pattern string) int {
	total := 0
	for _, n := range c.Routes[pattern] {
		total += n
	}
	return total
}

// TokensIssued returns the number of access tokens issued, for all tenants and audiences.
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

// ResetCounters sets the totals to zero. The texts of Violations stay.
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
