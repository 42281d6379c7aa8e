package httppipe

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// RawAnswer is an answer with any status, as the server sent it. Its texts were not cleaned by
// [Texts].
type RawAnswer struct {
	StatusCode int
	Header     http.Header
	// Body does not include the byte order mark. BOM means that there was one.
	Body []byte
	BOM  bool
	// Code is the service's error code, or "".
	Code string
	// CodeIsText means that the code is a JSON string and not a number.
	CodeIsText bool
	// CorrelationID is the correlation ID of the request.
	CorrelationID string
	// Throttled is the header of the last 429 answer to the call, or nil.
	Throttled http.Header
}

// Raw sends a call for a program that examines the service itself. An answer with an error status is not an error; only
// a call without an answer is. Answer, Need and Check of the call are ignored.
func (c *Caller) Raw(ctx context.Context, in Call) (RawAnswer, error) {
	u := *c.endpoint
	target := strings.TrimSuffix(u.String(), "/") + in.Path
	if len(in.Query) > 0 {
		target += "?" + strings.ReplaceAll(in.Query.Encode(), "+", "%20")
	}
	all := new(attempts)
	req, err := c.request(ctx, in, target)
	if err != nil {
		return RawAnswer{}, &Error{API: c.api, Method: in.Method, Path: c.texts.Clean(in.Path), Err: &callError{err, NotSent}, texts: c.texts}
	}
	req.SetOperationValue(all)
	resp, err := c.pipeline.Do(req)
	if err != nil {
		return RawAnswer{}, c.failed(req, all, resp, err)
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return RawAnswer{}, c.failed(req, all, resp, err)
	}
	out := RawAnswer{
		StatusCode: resp.StatusCode, Header: resp.Header, Body: bytes.TrimPrefix(body, bom), BOM: bytes.HasPrefix(body, bom),
		CorrelationID: all.correlationID, Throttled: all.throttled,
	}
	if resp.StatusCode >= http.StatusBadRequest {
		code, _ := parseErrorBody(out.Body)
		out.Code = c.texts.ID(code)
		var fields struct {
			Code json.RawMessage `json:"code"`
		}
		_ = json.Unmarshal(out.Body, &fields) // the page of a proxy has no code
		out.CodeIsText = bytes.HasPrefix(fields.Code, []byte(`"`))
	}
	return out, nil
}
