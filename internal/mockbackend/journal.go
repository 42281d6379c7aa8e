package mockbackend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

const (
	journalSize   = 100_000 // requests kept
	maxViolations = 10_000  // texts kept; the count goes on
	maxBodyText   = 16 << 10
)

// Request is one request that reached the mock, control calls excepted.
type Request struct {
	Time          time.Time `json:"time"`
	Service       Service   `json:"service"`
	Method        string    `json:"method"`
	Path          string    `json:"path"`
	Query         string    `json:"query,omitempty"`
	Route         string    `json:"route,omitempty"` // pattern such as "GET /v1/customers/{customer}"; empty = unknown route
	Status        int       `json:"status"`          // 0 = the connection was closed without an answer
	RequestID     string    `json:"requestId,omitempty"`
	CorrelationID string    `json:"correlationId,omitempty"`
	UserAgent     string    `json:"userAgent,omitempty"`
	TokenMode     string    `json:"tokenMode,omitempty"`   // "app", "user", or empty without a valid token
	RequestBody   string    `json:"requestBody,omitempty"` // the JSON text, or "[n bytes]" for anything else
	Fault         string    `json:"fault,omitempty"`       // kind of the fault that hit it
	Executed      bool      `json:"executed"`              // it took effect: its handler answered with success
	Replayed      bool      `json:"replayed"`              // answered from an earlier write with the same MS-RequestId
}

// journal is a ring of the last requests.
type journal struct {
	ring []Request
	next int // where the oldest is once the ring is full
}

func (j *journal) add(entry Request) {
	if len(j.ring) < journalSize {
		j.ring = append(j.ring, entry)
		return
	}
	j.ring[j.next] = entry
	j.next = (j.next + 1) % journalSize
}

// Requests returns the journal in the order in which requests were answered: the last 100,000.
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

// record writes the journal and counts. The lock is held.
func (b *Backend) record(x *exchange) {
	if x.service.name() == Control {
		return
	}
	switch {
	case len(x.body) == 0:
	case x.service.name() != SignIn && len(x.body) <= maxBodyText && json.Valid(x.body):
		x.entry.RequestBody = string(bytes.TrimSpace(x.body))
	default: // a form with secrets, or nothing readable
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
