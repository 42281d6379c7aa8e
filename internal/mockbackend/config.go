package mockbackend

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Config is what a Backend starts from. The zero value gives the named customers of the seed and no throttling.
type Config struct {
	Seed      int64         // names and ids of generated customers are a function of Seed and their index
	Customers int           // total number of customers; the named ones come first; 0 = the named ones only
	Latency   time.Duration // added to each Partner Center and Resource Manager answer; later changes: Knobs.Latency
	Rate      Rate          // throttle as the API does; zero = none
}

// Rate is a number of Partner Center requests per fixed window, counted per partner tenant as
// DEV/api-throttling-guidance describes. Refused requests count too.
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

// String is the form that ParseRate reads; empty when there is no limit.
func (r Rate) String() string {
	if r.Requests == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%s", r.Requests, r.Per)
}

// Endpoints are base URLs without trailing slash.
type Endpoints struct {
	SignIn          string `json:"signIn"`
	PartnerCenter   string `json:"partnerCenter"` // without the /v1
	ResourceManager string `json:"resourceManager"`
	CI              string `json:"ci"`
	Control         string `json:"control"`
	Elsewhere       string `json:"elsewhere"` // a host that is none of the above; a bearer token sent there is a violation
}

// errClosed is what Start and the in-process transport answer after Close.
var errClosed = errors.New("mockbackend: closed")
