package mockbackend

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate is a number of Partner Center requests per fixed window and partner tenant, as in DEV/api-throttling-guidance.
// Refused requests also count.
type Rate struct {
	Requests int
	Per      time.Duration
}

// ParseRate reads "500/1m": a positive number of requests, a slash, and a positive Go duration.
func ParseRate(s string) (Rate, error) {
	count, per, ok := strings.Cut(s, "/")
	if !ok {
		return Rate{}, fmt.Errorf("rate %q: want requests/duration, for example 500/1m", s)
	}
	requests, err := strconv.Atoi(count)
	if err != nil || requests <= 0 {
		return Rate{}, fmt.Errorf("rate %q: %q is not a positive number of requests", s, count)
	}
	window, err := time.ParseDuration(per)
	if err != nil || window <= 0 {
		return Rate{}, fmt.Errorf("rate %q: %q is not a positive duration such as 1m or 30s", s, per)
	}
	return Rate{Requests: requests, Per: window}, nil
}

// String returns the form that ParseRate reads, or an empty text without a limit.
func (r Rate) String() string {
	if r.Requests == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%s", r.Requests, r.Per)
}

// rateWindow is the current window of Config.Rate.
type rateWindow struct {
	start time.Time
	count int
}

// throttled counts a Partner Center call. It returns the time to wait if the call is over the limit. The lock is held.
func (b *Backend) throttled() time.Duration {
	if b.cfg.Rate.Requests == 0 {
		return 0
	}
	now := time.Now()
	if b.window.start.IsZero() || now.Sub(b.window.start) >= b.cfg.Rate.Per {
		b.window = rateWindow{start: now}
	}
	b.window.count++
	if b.window.count <= b.cfg.Rate.Requests {
		return 0
	}
	return b.window.start.Add(b.cfg.Rate.Per).Sub(now)
}
