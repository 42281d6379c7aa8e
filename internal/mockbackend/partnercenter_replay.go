package mockbackend

import (
	"crypto/sha256"
	"strings"
)

// replaySize is how many request ids are remembered.
const replaySize = 100_000

// replays remembers MS-RequestId values. DEV/headers: it is the idempotency key of a call, the same for each repetition
// after a timeout, a new one after any response.
type replays struct {
	calls map[string]*rememberedCall
	order []string // oldest first
}

type rememberedCall struct {
	signature [sha256.Size]byte // of method, path, query, page and body
	method    string
	path      string
	made      bool     // a write took effect
	answer    response // of that write
}

// sameCall remembers the call of a request id, and tells whether the id was used for another one before.
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

// remember keeps the answer of a write that took effect. Refused writes are not kept: the client got an answer, or may
// mend its request, and nothing happened that could happen twice (choice).
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
