package partnercenter

import (
	"context"
	"net/http"
	"net/url"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// RawAnswer is an answer with any status, as the server sent it.
type RawAnswer = httppipe.RawAnswer

// RawCall is a call whose answer is of interest whatever it is.
type RawCall struct {
	Method string
	// Path begins behind the endpoint, so with /v1, and has its elements escaped.
	Path   string
	Query  url.Values
	Header http.Header
	// Body is sent as JSON; nil sends none.
	Body any
	// RequestID is the MS-RequestId of the first attempt. Empty means a new one.
	RequestID string
}

// Raw makes a call as all others are made, and returns the answer as it is. Only a call without an answer is an error.
// A GET is retried after a transient failure, a write only when the server has surely not executed it.
func (c *Client) Raw(ctx context.Context, in RawCall) (RawAnswer, error) {
	repeat := httppipe.RepeatRefused
	if in.Method == http.MethodGet {
		repeat = httppipe.RepeatSafe
	}
	return c.caller.Raw(ctx, httppipe.Call{
		Method: in.Method, Path: in.Path, Query: in.Query, Header: in.Header, Body: in.Body, RequestID: in.RequestID, Repeat: repeat,
	})
}
