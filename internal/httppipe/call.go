package httppipe

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
)

// Caller makes the calls of one service. It is safe for concurrent use.
type Caller struct {
	endpoint *url.URL
	tenantID string
	api      *API
	texts    *Texts
	pipeline runtime.Pipeline
}

// NewCaller returns a caller over a pipeline with the options. It sends nothing.
func NewCaller(o Options) *Caller {
	options := o.ClientOptions()
	return &Caller{o.Endpoint, o.TenantID, o.API, o.Texts, runtime.NewPipeline("", "", runtime.PipelineOptions{}, &options)}
}

// Call is one call of a service.
type Call struct {
	Method string
	// Path begins behind the endpoint and has its elements escaped; see [PathOf].
	Path   string
	Query  url.Values
	Header http.Header
	// Body is sent as a form when it is of [url.Values], else as JSON; nil sends none.
	Body any
	// Answer points to where a successful answer goes. Nil drops it.
	Answer any
	// Need says that an answer without content cannot be read.
	Need bool
	// Check says what is wrong with an answer that was decoded. It may be nil.
	Check func() error
	// Repeat is as in [Options].
	Repeat Repeat
	// RequestID is the request id of the first attempt. Empty means a new one.
	RequestID string
}

// PathOf joins path elements, escaping each.
func PathOf(elements ...string) string {
	var b strings.Builder
	for _, e := range elements {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(e))
	}
	return b.String()
}

// Answer is a successful one. Its header is as the server sent it.
type Answer struct {
	StatusCode int
	Header     http.Header
	fail       func(error) *Error
}

// Unfit is the error for an answer that is not what it should be.
func (a Answer) Unfit(cause error) error { return a.fail(cause) }

// bom starts the bodies of Partner Center's successful answers; encoding/json refuses it.
var bom = []byte("\xef\xbb\xbf")

// Do makes a call. Every failure is an [*Error]. A GET whose answer cannot be read is repeated
// as after any other transient error.
func (c *Caller) Do(ctx context.Context, in Call) (Answer, error) {
	u := *c.endpoint
	u.RawPath = u.EscapedPath() + in.Path
	u.Path, _ = url.PathUnescape(u.RawPath)
	u.RawQuery = strings.ReplaceAll(in.Query.Encode(), "+", "%20") // a plus is a space in forms only
	req, err := c.request(ctx, in, u.String())
	if err != nil {
		return Answer{}, &Error{API: c.api, Method: in.Method, Path: c.texts.Clean(in.Path), TenantID: c.tenantID, Err: &callError{err, NotSent}, texts: c.texts}
	}
	all := &attempts{requestID: in.RequestID, read: func(resp *http.Response) error { return c.read(resp, in) }}
	req.SetOperationValue(all)
	resp, err := c.pipeline.Do(req)
	fail := func(cause error) *Error { return c.failed(req, all, resp, cause) }
	switch {
	case err != nil:
		return Answer{}, fail(err)
	case resp.StatusCode < 200 || resp.StatusCode > 299 || all.unreadable != nil:
		return Answer{}, fail(all.unreadable)
	}
	return Answer{resp.StatusCode, resp.Header, fail}, nil
}

func (c *Caller) request(ctx context.Context, in Call, target string) (*policy.Request, error) {
	req, err := runtime.NewRequest(ctx, in.Method, target)
	if err != nil {
		return nil, err
	}
	req.Raw().Header.Set("Accept", "application/json")
	maps.Copy(req.Raw().Header, in.Header)
	req.SetOperationValue(in.Repeat)
	body, contentType := []byte(nil), "application/json"
	switch v := in.Body.(type) {
	case nil:
		return req, nil
	case url.Values:
		body, contentType = []byte(v.Encode()), "application/x-www-form-urlencoded"
	default:
		if body, err = json.Marshal(v); err != nil {
			return nil, err
		}
	}
	return req, req.SetBody(streaming.NopCloser(bytes.NewReader(body)), contentType)
}

// read decodes a successful answer.
func (c *Caller) read(resp *http.Response, in Call) error {
	if in.Answer == nil {
		return nil
	}
	reflect.ValueOf(in.Answer).Elem().SetZero() // of an attempt before
	body, err := payload(resp)
	switch {
	case err != nil:
		return err
	case len(body) == 0 && in.Need:
		return ErrUnreadable
	case len(body) > 0:
		if err := json.Unmarshal(body, in.Answer); err != nil {
			return fmt.Errorf("%w: %w", ErrUnreadable, err)
		}
		if c.texts.suspect(body) || c.texts.redact(string(body)) != string(body) {
			c.texts.CleanAll(in.Answer)
		}
	}
	if in.Check == nil {
		return nil
	}
	if err := in.Check(); err != nil && !errors.Is(err, ErrUnreadable) {
		return fmt.Errorf("%w: %w", ErrUnreadable, err)
	} else if err != nil {
		return err
	}
	return nil
}

// payload is the body of an answer without its byte order mark.
func payload(resp *http.Response) ([]byte, error) {
	body, err := runtime.Payload(resp)
	return bytes.TrimPrefix(body, bom), err
}

// failed makes the error of a call from its answer, if there is one, and the cause.
func (c *Caller) failed(req *policy.Request, all *attempts, resp *http.Response, cause error) *Error {
	e := &Error{
		API: c.api, Method: req.Raw().Method, Path: c.texts.Clean(req.Raw().URL.RequestURI()), TenantID: c.tenantID, Err: cause,
		RequestID: all.requestID, CorrelationID: all.correlationID, Wait: all.wait, outcome: all.outcome(), token: all.token, texts: c.texts,
	}
	if resp == nil {
		return e
	}
	e.StatusCode = resp.StatusCode
	if c.api != nil {
		e.RequestID = cmp.Or(c.texts.ID(resp.Header.Get(cmp.Or(c.api.AnswerID, c.api.RequestID))), e.RequestID)
		e.CorrelationID = cmp.Or(c.texts.ID(resp.Header.Get(c.api.CorrelationID)), e.CorrelationID)
	}
	if e.outcome == Done {
		e.outcome = Unsure // executed, perhaps, and the answer cannot be read
	}
	if cause == nil {
		e.body, _ = payload(resp)
		code, message := parseErrorBody(e.body)
		e.Code, e.Message = c.texts.ID(code), c.texts.Clean(message)
	}
	return e
}
