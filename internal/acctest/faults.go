package acctest

import (
	"fmt"
	"net/http"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// FaultCase is one way in which a request can fail.
type FaultCase struct {
	mockbackend.Fault

	// Passes is true if the user must not notice the fault when it happens once.
	Passes bool
	// Stays is true if the fault is also tried permanently.
	Stays bool
}

// String names the case.
func (c FaultCase) String() string {
	s := fmt.Sprintf("%s %d/%d%s", c.Kind, c.Status, c.Code, c.Error)
	if d := c.RetryAfter + c.Delay; d != 0 {
		s += " " + d.String()
	}
	if c.Times < 0 {
		s += ", permanently"
	}
	return s
}

// faultCases returns all ways in which a request to the service can fail, including every kind of the mock.
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
		// The request is executed, and the client disconnects before the answer.
		{Fault: fault{Kind: mockbackend.LostAfter}, Passes: service != mockbackend.SignIn, Stays: true},
		{Fault: fault{Kind: mockbackend.SlowAfter}, Passes: true},
		{Fault: fault{Kind: mockbackend.Slow}, Passes: true},
		// The delay is longer than one attempt of a call. The sign-in before the call is part of the attempt.
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

// EachReadFault is EachFault for a data source. The result must equal the result without the fault, or there
// must be an error. An incomplete result without an error fails the test. prepare returns the provider and the
// configuration, in a synctest bubble.
func EachReadFault(t *testing.T, on, typeName string, prepare func(*testing.T, *mockbackend.Backend) (*Protocol, Values)) {
	t.Helper()
	EachReadFaultOr(t, on, typeName, prepare, func(Values) bool { return false })
}

// EachReadFaultOr is EachReadFault, but also allows results for which or returns true, such as an unknown value
// with a reason.
func EachReadFaultOr(t *testing.T, on, typeName string, prepare func(*testing.T, *mockbackend.Backend) (*Protocol, Values), or func(Values) bool) {
	t.Helper()
	var want Values
	synctest.Test(t, func(t *testing.T) {
		p, config := prepare(t, mockbackend.New(mockbackend.Config{}))
		var err error
		if want, err = p.ReadDataSource(t.Context(), typeName, config); err != nil {
			t.Fatal(err)
		}
	})
	EachFault(t, on, func(t *testing.T, b *mockbackend.Backend) Trial {
		t.Helper()
		p, config := prepare(t, b)
		var got Values
		return Trial{
			Run: func() (err error) {
				got, err = p.ReadDataSource(t.Context(), typeName, config)
				return err
			},
			Check: func(failed error) error {
				switch {
				case failed != nil && got != nil:
					return fmt.Errorf("a result in spite of the error: %v", got)
				case failed == nil && !reflect.DeepEqual(got, want) && !or(got):
					return fmt.Errorf("different result: %v", got)
				}
				return nil
			},
		}
	})
}
