package mockbackend

import (
	"crypto/sha256"
	"strings"
)

// replaySize is the number of request IDs that are kept.
const replaySize = 100_000

// replays keeps the calls by MS-RequestId. DEV/headers: the ID is the idempotency key of a call. A retry after a
// timeout has the same ID. A call after any response has a new ID.
type replays struct {
	calls map[string]*rememberedCall
	order []string // oldest first
}

type rememberedCall struct {
	signature [sha256.Size]byte // of method, path, query, page and body
	method    string
	path      string
	made      bool     // a write succeeded
	answer    response // of that write
}

// sameCall keeps the call of a request ID. It returns false if the ID was used for a different call before.
func (r *replays) sameCall(x *exchange) bool {
	requestID := strings.ToLower(x.entry.RequestID)
	signature := sha256.Sum256([]byte(strings.Join([]string{
		x.req.Method, strings.ToLower(x.req.URL.Path), x.req.URL.RawQuery, x.req.Header.Get("MS-ContinuationToken"), string(x.body),
	}, "\x00")))
	if earlier, ok := r.calls[requestID]; ok {
		return earlier.signature == signature
	}
	if r.calls == nil {
		r.calls = map[string]*rememberedCall{}
	}
	if len(r.order) >= replaySize {
		delete(r.calls, r.order[0])
		r.order = r.order[1:]
	}
	r.calls[requestID] = &rememberedCall{signature: signature, method: x.req.Method, path: strings.ToLower(x.req.URL.Path)}
	r.order = append(r.order, requestID)
	return true
}

// remember keeps the answer of a write that succeeded. Refused writes are not kept, because a retry of them is
// harmless (choice).
func (r *replays) remember(x *exchange, made response) {
	if call := r.calls[strings.ToLower(x.entry.RequestID)]; call != nil && call.isWrite(x) && !call.made {
		call.made, call.answer = true, made
	}
}

func (r *replays) find(x *exchange) (response, bool) {
	call := r.calls[strings.ToLower(x.entry.RequestID)]
	if call == nil || !call.made || !call.isWrite(x) {
		return response{}, false
	}
	return call.answer, true
}

func (c *rememberedCall) isWrite(x *exchange) bool {
	return x.service.name() == PartnerCenter && x.req.Method != "GET" &&
		c.method == x.req.Method && c.path == strings.ToLower(x.req.URL.Path)
}
