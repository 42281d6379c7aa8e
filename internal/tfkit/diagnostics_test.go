package tfkit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// remedied is a plain error with a remedy.
type remedied struct{ remedy string }

func (remedied) Error() string    { return "it broke" }
func (e remedied) Remedy() string { return e.remedy }

func TestDetail_saysAnswerRemedyAndIDsInThisOrder(t *testing.T) {
	forbidden := &partnercenter.Error{
		API:        partnercenter.API,
		StatusCode: 403, Code: "900150", Message: "Not allowed.", Method: "POST", Path: "/v1/SelfServePolicy",
		RequestID: "request-1", CorrelationID: "correlation-1",
	}
	remedy := forbidden.Remedy()
	if remedy == "" {
		t.Fatal("the code has no remedy, so this test checks nothing")
	}
	signIn := &credential.Error{
		StatusCode: 400, OAuthError: "invalid_grant", Codes: []int{700082}, Description: "AADSTS700082: Expired.",
		TraceID: "trace-1", CorrelationID: "correlation-2",
	}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"an answer of Partner Center": {
			forbidden,
			"Partner Center answered 403 Forbidden (code 900150): Not allowed.\n\nWhat to do: " + remedy + " In Terraform: refresh_token (or PARTNERCENTER_REFRESH_TOKEN)." +
				"\n\nRequest: POST /v1/SelfServePolicy\nRequest ID: request-1\nCorrelation ID: correlation-1",
		},
		"an answer inside another error": {
			fmt.Errorf("while writing: %w", forbidden),
			"Partner Center answered 403 Forbidden (code 900150): Not allowed.\n\nWhat to do: " + remedy + " In Terraform: refresh_token (or PARTNERCENTER_REFRESH_TOKEN)." +
				"\n\nRequest: POST /v1/SelfServePolicy\nRequest ID: request-1\nCorrelation ID: correlation-1",
		},
		"an answer without ids and without remedy": {
			&partnercenter.Error{API: partnercenter.API, StatusCode: 206, Code: "1", Method: "GET", Path: "/v1/customers?size=500"},
			"Partner Center answered 206 Partial Content (code 1)\n\nRequest: GET /v1/customers?size=500",
		},
		"a failed sign-in of a call": {
			&partnercenter.Error{API: partnercenter.API, Method: "GET", Path: "/v1/customers", RequestID: "request-1", CorrelationID: "correlation-1", Err: signIn},
			"Sign-in failed: Microsoft Entra ID answered 400 Bad Request (invalid_grant): AADSTS700082: Expired. Trace ID: trace-1, correlation ID: correlation-2." +
				"\n\nWhat to do: " + signIn.Remedy() + " In Terraform: refresh_token (or PARTNERCENTER_REFRESH_TOKEN)." + "\n\nRequest: GET /v1/customers (not sent)",
		},
		"a failed sign-in by itself": {
			signIn,
			"Sign-in failed: Microsoft Entra ID answered 400 Bad Request (invalid_grant): AADSTS700082: Expired. Trace ID: trace-1, correlation ID: correlation-2.\n\nWhat to do: " + signIn.Remedy() + " In Terraform: refresh_token (or PARTNERCENTER_REFRESH_TOKEN).",
		},
		"a refused host": {
			&partnercenter.Error{API: partnercenter.API, Method: "GET", Path: "/v1/customers", Err: &httppipe.HostError{Got: "https://evil.example", Want: "https://api.example"}},
			"Refused to send a request to https://evil.example: only https://api.example is configured\n\n" +
				"What to do: Nothing was sent. If the other host is right, configure it as the endpoint of the service. In Terraform: endpoints.\n\nRequest: GET /v1/customers (not sent)",
		},
		"an interrupted call":                    {&partnercenter.Error{API: partnercenter.API, Method: "GET", Path: "/v1/customers", Err: context.Canceled}, "The run was interrupted. The next plan shows what was done."},
		"a plain error":                          {errors.New("it broke"), "It broke"},
		"a plain error with a remedy":            {remedied{"Mend it."}, "It broke\n\nWhat to do: Mend it."},
		"a plain error with an empty remedy":     {remedied{""}, "It broke"},
		"an error around one that has a remedy":  {fmt.Errorf("bad luck: %w", remedied{"Mend it."}), "Bad luck: it broke\n\nWhat to do: Mend it."},
		"two errors of which one has the remedy": {errors.Join(errors.New("first"), remedied{"Mend it."}), "First\nit broke\n\nWhat to do: Mend it."},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tfkit.Detail(c.err); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// The detail has the IDs of the sign-in, because Microsoft support cannot use those of a request that was never sent.
func TestDetail_hasTheIDsOfAFailedSignIn(t *testing.T) {
	err := &partnercenter.Error{API: partnercenter.API, Method: "GET", Path: "/v1/customers", RequestID: "request-1", CorrelationID: "correlation-1", Err: &credential.Error{
		StatusCode: 400, OAuthError: "invalid_grant", Codes: []int{700082}, TraceID: "trace-1", CorrelationID: "correlation-2",
	}}
	for _, id := range []string{"trace-1", "correlation-2"} {
		if got := tfkit.Detail(err); !strings.Contains(got, id) {
			t.Errorf("%q is not in\n%s", id, got)
		}
	}
}

func TestFailure_isAnErrorWithSummaryAndDetail(t *testing.T) {
	d := tfkit.Failure("Could not read the customer", errors.New("it broke"))
	if d.Severity() != diag.SeverityError || d.Summary() != "Could not read the customer" || d.Detail() != "It broke" {
		t.Errorf("got %v %q %q", d.Severity(), d.Summary(), d.Detail())
	}
}

func TestConfigure(t *testing.T) {
	given := new(tfkit.Clients)
	for name, c := range map[string]struct {
		data   any
		want   *tfkit.Clients
		errors int
	}{
		"clients":                    {given, given, 0},
		"nothing, as in validation":  {nil, nil, 0},
		"something else is a bug":    {"clients", nil, 1},
		"clients by value are a bug": {tfkit.Clients{}, nil, 1},
		"nil clients stay nil":       {(*tfkit.Clients)(nil), nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var d tfkit.DataSource
			var fromDataSource datasource.ConfigureResponse
			d.Configure(t.Context(), datasource.ConfigureRequest{ProviderData: c.data}, &fromDataSource)
			var r tfkit.Resource
			var fromResource resource.ConfigureResponse
			r.Configure(t.Context(), resource.ConfigureRequest{ProviderData: c.data}, &fromResource)
			for got, diags := range map[*tfkit.Clients]diag.Diagnostics{d.Clients: fromDataSource.Diagnostics, r.Clients: fromResource.Diagnostics} {
				if got != c.want || diags.ErrorsCount() != c.errors {
					t.Errorf("got %v and %v", got, diags)
				}
				if c.errors > 0 && !strings.Contains(diags[0].Detail(), fmt.Sprintf("%T", c.data)) {
					t.Errorf("%q does not name the type", diags[0].Detail())
				}
			}
		})
	}
}
