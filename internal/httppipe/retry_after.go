package httppipe

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// retryAfter returns how long the server asks to wait: Retry-After in seconds or as an HTTP date
// (RFC 9110), or the millisecond headers of Azure services. It returns false if there is no
// readable header.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	for _, c := range []struct {
		header string
		unit   time.Duration
	}{
		{"Retry-After-Ms", time.Millisecond},
		{"X-Ms-Retry-After-Ms", time.Millisecond},
		{"Retry-After", time.Second},
	} {
		v := strings.TrimSpace(h.Get(c.header))
		if v == "" {
			continue
		}
		if n, err := strconv.ParseUint(v, 10, 64); err == nil {
			return time.Duration(min(n, uint64(math.MaxInt64/c.unit))) * c.unit, true
		}
		if t, err := http.ParseTime(v); err == nil && c.unit == time.Second {
			return max(t.Sub(now), 0), true
		}
	}
	return 0, false
}
