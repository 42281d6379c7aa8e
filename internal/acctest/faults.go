package acctest

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"terraform-provider-partnercenter/internal/mockbackend"
)

// FaultCase is one way in which a request can go wrong.
type FaultCase struct {
	mockbackend.Fault

	// Passes says that the user must not notice when it happens once.
	Passes bool
	// Stays says that it is tried for good, too.
	Stays bool
}

// String names the case.
func (c FaultCase) String() string {
	s := fmt.Sprintf("%s %d/%d%s", c.Kind, c.Status, c.Code, c.Error)
	if d := c.RetryAfter + c.Delay; d != 0 {
		s += " " + d.String()
	}
	if c.Times < 0 {
		s += ", for good"
	}
	return s
}

// faultCases are all ways in which a request to the service can go wrong, every kind that
// the mock has among them.
func faultCases(service mockbackend.Service) []FaultCase {
	type fault = mockbackend.Fault
	cases := []FaultCase{
		{Fault: fault{Kind: mockbackend.Throttle}, Passes: true},
		{Fault: fault{Kind: mockbackend.Throttle, RetryAfter: 2 * time.Minute}, Passes: true, Stays: true},
		{Fault: fault{Kind: mockbackend.Throttle, RetryAfter: 2 * time.Hour}}, // longer than an operation
		{Fault: fault{Kind: mockbackend.ThrottleNoBody}, Passes: true},
		{Fault: fault{Kind: mockbackend.ThrottleNoHeader}, Passes: true},
		{Fault: fault{Kind: mockbackend.ServerError}, Passes: true, Stays: true},
		{Fault: fault{Kind: mockbackend.ServerError, Status: http.StatusServiceUnavailable, RetryAfter: 2 * time.Minute}, Passes: true},
		{Fault: fault{Kind: mockbackend.HTMLError}, Passes: true},
		{Fault: fault{Kind: mockbackend.HTMLError, Status: http.StatusOK}, Stays: true},
		{Fault: fault{Kind: mockbackend.DropBefore}, Passes: true, Stays: true},
		{Fault: fault{Kind: mockbackend.DropAfter}, Passes: true, Stays: true},
		{Fault: fault{Kind: mockbackend.DropMidBody}, Passes: true, Stays: true},
		{Fault: fault{Kind: mockbackend.Slow}, Passes: true},
		// Longer than an attempt of a call, of which the sign-in before it is part.
		{Fault: fault{Kind: mockbackend.Slow, Delay: 4 * time.Minute}, Passes: service != mockbackend.SignIn, Stays: true},
		{Fault: fault{Kind: mockbackend.EmptyForbidden}, Stays: true},
		{Fault: fault{Kind: mockbackend.Garbage}, Stays: true},
		{Fault: fault{Kind: mockbackend.Redirect}, Stays: true},
	}
	if service == mockbackend.SignIn {
		return append(cases,
			FaultCase{Fault: fault{Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 700082, Error: "invalid_grant"}, Stays: true},
			FaultCase{Fault: fault{Kind: mockbackend.APIError, Status: http.StatusUnauthorized, Code: 7000215, Error: "invalid_client"}, Stays: true},
			FaultCase{Fault: fault{Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 90002, Error: "invalid_request"}},
		)
	}
	if service == mockbackend.ResourceManager {
		for code, status := range map[string]int{
			"PrincipalNotFound": http.StatusBadRequest, "UnmatchedPrincipalType": http.StatusBadRequest, "InvalidAuthenticationTokenTenant": http.StatusUnauthorized,
			"AuthorizationFailed": http.StatusForbidden, "SubscriptionNotFound": http.StatusNotFound, "ReadOnlyDisabledSubscription": http.StatusConflict,
			"CannotDeleteLastRbacAdminAssignment": http.StatusPreconditionFailed,
		} {
			cases = append(cases, FaultCase{Fault: fault{Kind: mockbackend.APIError, Status: status, Error: code}, Stays: true})
		}
		return append(cases, FaultCase{Fault: fault{Kind: mockbackend.APIError, Status: http.StatusUnauthorized, Error: "ExpiredAuthenticationToken"}, Passes: true})
	}
	cases = append(cases,
		FaultCase{Fault: fault{Kind: mockbackend.Throttle, RetryAfter: 11 * time.Minute}, Passes: true},
		FaultCase{Fault: fault{Kind: mockbackend.APIError, Status: http.StatusUnauthorized, Code: 800001}, Passes: true, Stays: true},
		FaultCase{Fault: fault{Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 3000}, Stays: true},
		FaultCase{Fault: fault{Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 2055}},
		FaultCase{Fault: fault{Kind: mockbackend.APIError, Status: http.StatusForbidden, Code: 900150}, Stays: true},
		FaultCase{Fault: fault{Kind: mockbackend.APIError, Status: http.StatusNotFound, Code: 1000}, Stays: true},
		FaultCase{Fault: fault{Kind: mockbackend.APIError, Status: http.StatusConflict, Code: 600041}, Stays: true},
		FaultCase{Fault: fault{Kind: mockbackend.APIError, Status: http.StatusPreconditionFailed, Code: 2055}},
	)
	for _, status := range []int{http.StatusBadGateway, http.StatusGatewayTimeout, http.StatusRequestTimeout} {
		cases = append(cases, FaultCase{Fault: fault{Kind: mockbackend.ServerError, Status: status}, Passes: true})
	}
	return append(cases, FaultCase{Fault: fault{Kind: mockbackend.ServerError, Status: http.StatusNotImplemented}})
}

// Trial is an operation that is about to happen, with what has to hold after it.
type Trial struct {
	// Run does it in a new run of the provider, whose first request is for a token.
	Run func() error
	// Check returns what is not as it has to be after Run, whose error it is given. The
	// fault is over by then.
	Check func(failed error) error
}

// EachFault does an operation once as it should go, and then again and again, so that each
// request it sends fails in every way: once, and from then on. Prepare makes each trial, in
// a synctest bubble of its own; on says what the operation is on, which every error names.
func EachFault(t *testing.T, on string, prepare func(*testing.T, *mockbackend.Backend) Trial) {
	t.Helper()
	var requests []mockbackend.Request
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		trial := prepare(t, b)
		b.ResetJournal()
		if err := trial.Run(); err != nil {
			t.Fatal(err)
		}
		requests = b.Requests()
		if err := trial.Check(nil); err != nil {
			t.Fatal(err)
		}
		FailOnViolations(t, b)
	})
	var cases, surfaced int
	for i, r := range requests {
		fault := mockbackend.Fault{Service: r.Service, Method: r.Method, Path: r.Path}
		for _, earlier := range requests[:i] {
			if earlier.Service == r.Service && earlier.Method == r.Method && earlier.Path == r.Path {
				fault.Skip++
			}
		}
		for _, c := range faultCases(r.Service) {
			c.Service, c.Method, c.Path, c.Skip = fault.Service, fault.Method, fault.Path, fault.Skip
			for _, c.Times = range []int{1, -1} {
				if c.Times < 0 && !c.Stays {
					continue
				}
				cases++
				var failed bool
				var wrong error
				synctest.Test(t, func(t *testing.T) { failed, wrong = try(t, c, on, prepare) })
				if failed {
					surfaced++
				}
				if wrong != nil {
					t.Errorf("request %d, %s %s: %s: %v", i+1, r.Method, r.Path, c, wrong)
				}
			}
		}
	}
	t.Logf("%d requests, %d cases, %d of which ended in an error", len(requests), cases, surfaced)
}

var errNone = errors.New("no error")

// try does one trial. It returns whether the operation failed, and what is wrong.
func try(t *testing.T, c FaultCase, on string, prepare func(*testing.T, *mockbackend.Backend) Trial) (failed bool, wrong error) {
	t.Helper()
	defer Pass(time.Hour) // what is asked for many goes on when the one who asked has given up
	b := mockbackend.New(mockbackend.Config{})
	trial := prepare(t, b)
	b.ResetJournal()
	b.Fail(c.Fault)
	start := time.Now()
	err := trial.Run()
	took := time.Since(start)
	hit := slices.ContainsFunc(b.Requests(), func(r mockbackend.Request) bool {
		return r.Fault == string(c.Kind) || r.Status == 0 // the client did not wait for it
	})
	b.ClearFaults()
	switch {
	case !hit:
		return false, fmt.Errorf("the fault hit no request (%w)", cmp.Or(err, errNone))
	case err != nil && c.Passes && c.Times == 1:
		return true, fmt.Errorf("a fault that passes reached the user: %w", err)
	case err != nil && !strings.Contains(err.Error(), on):
		return true, fmt.Errorf("the error does not say what it is about (%s): %w", on, err)
	case took > 3*20*time.Minute: // refresh, plan and apply have 20 minutes each
		return true, fmt.Errorf("it took %s (%w)", took, err)
	}
	if wrong := trial.Check(err); wrong != nil {
		return err != nil, fmt.Errorf("%w (the operation said: %w)", wrong, cmp.Or(err, errNone))
	}
	if v := b.Violations(); len(v) > 0 {
		return err != nil, fmt.Errorf("the mock was sent what the API does not document: %v", v)
	}
	return err != nil, nil
}
