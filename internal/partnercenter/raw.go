package partnercenter

import (
	"context"
	"net/http"
	"net/url"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// RawAnswer is an answer with any status, unchanged.
type RawAnswer = httppipe.RawAnswer

// RawCall is a call that returns the answer with any status.
type RawCall struct {
	Method string
	// Path is the escaped path after the endpoint, including /v1.
	Path   string
	Query  url.Values
	Header http.Header
	// Body is sent as JSON; nil sends none.
	Body any
	// RequestID is the MS-RequestId of the first attempt. Empty generates one.
	RequestID string
}

// Raw sends a call and returns the answer unchanged. Only a call without an answer is an error. A GET is retried after
// a transient failure. A write is retried only if the server certainly did not execute it.
func (c *Client) Raw(ctx context.Context, in RawCall) (RawAnswer, error) {
	repeat := httppipe.RepeatRefused
	if in.Method == http.MethodGet {
		repeat = httppipe.RepeatSafe
	}
	return c.caller.Raw(ctx, httppipe.Call{
		Method: in.Method, Path: in.Path, Query: in.Query, Header: in.Header, Body: in.Body, RequestID: in.RequestID, Repeat: repeat,
	})
}
