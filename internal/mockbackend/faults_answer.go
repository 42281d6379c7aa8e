package mockbackend

import (
	"cmp"
	"math"
	"net/http"
	"strconv"
	"time"
)

// latency returns half of the latency of the service. It applies once before the execution and once after it. A write
// stays executed if the client closes the connection after it.
func (x *exchange) latency() time.Duration {
	switch x.service.name() {
	case PartnerCenter, ResourceManager:
		return x.knobs.Latency / 2
	}
	return 0
}

// delayBefore returns the time before a request is executed.
func (x *exchange) delayBefore(fault *Fault) time.Duration {
	switch {
	case fault == nil || fault.Kind == LostAfter || fault.Kind == SlowAfter:
		return x.latency()
	case fault.Kind == Slow:
		return x.latency() + cmp.Or(fault.Delay, 30*time.Second)
	}
	return x.latency() + fault.Delay
}

// delayAfter returns the time between execution and answer.
func (x *exchange) delayAfter(fault *Fault) time.Duration {
	switch {
	case fault != nil && fault.Kind == LostAfter:
		return x.latency() + cmp.Or(fault.Delay, 10*time.Minute)
	case fault != nil && fault.Kind == SlowAfter:
		return x.latency() + cmp.Or(fault.Delay, 30*time.Second)
	}
	return x.latency()
}

// faultAnswer returns the answer of a fault that prevents the execution of the request.
func (b *Backend) faultAnswer(x *exchange, fault *Fault) (answer, bool) {
	header := http.Header{}
	seconds := secondsRoundedUp(fault.RetryAfter)
	if fault.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(seconds))
	}
	status := func(fallback int) int {
		if fault.Status != 0 {
			return fault.Status
		}
		return fallback
	}
	encode := func(r response) (answer, bool) {
		r.header = header
		return x.service.encode(x, r), true
	}
	switch fault.Kind {
	case Throttle:
		header.Set("Retry-After", strconv.Itoa(seconds))
		return encode(response{status: http.StatusTooManyRequests, body: x.service.throttleAnswer(x, seconds)})
	case ThrottleNoBody:
		header.Set("Retry-After", strconv.Itoa(seconds))
		return encode(response{status: http.StatusTooManyRequests})
	case ThrottleNoHeader:
		header.Del("Retry-After")
		return encode(response{status: http.StatusTooManyRequests, body: x.service.throttleAnswer(x, seconds)})
	case ServerError:
		return encode(x.service.errorAnswer(x, status(http.StatusInternalServerError), &apiError{code: 800003, name: "InternalServerError", text: "An unexpected error occurred."}))
	case APIError:
		name := fault.Error
		if name == "" {
			name = "BadRequest"
			if x.service.name() == SignIn {
				name = "invalid_request"
			}
		}
		return encode(x.service.errorAnswer(x, status(http.StatusBadRequest), &apiError{code: fault.Code, name: name, text: "The request was refused."}))
	case EmptyForbidden:
		return encode(response{status: http.StatusForbidden})
	case HTMLError:
		header.Set("Content-Type", "text/html; charset=utf-8")
		page := "<!DOCTYPE html>\n<html><head><title>Bad gateway</title></head><body><h1>The proxy could not reach the server</h1></body></html>\n"
		return answer{status: status(http.StatusBadGateway), header: header, body: []byte(page)}, true
	case Garbage:
		header.Set("Content-Type", "application/json; charset=utf-8")
		return answer{status: http.StatusOK, header: header, body: []byte(`{"items":[{"id":`)}, true
	case Redirect:
		header.Set("Location", b.Endpoints().Elsewhere+x.req.URL.RequestURI())
		return answer{status: http.StatusTemporaryRedirect, header: header}, true
	case DropBefore:
		return answer{}, true
	case DropAfter, DropMidBody, LostAfter, Slow, SlowAfter:
	}
	return answer{}, false
}

// secondsRoundedUp returns whole seconds, because Retry-After has no fractions, and at least 1.
func secondsRoundedUp(d time.Duration) int {
	return max(1, int(math.Ceil(d.Seconds())))
}
