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
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
)

// Caller sends the calls of one service. It is safe for concurrent use.
type Caller struct {
	endpoint *url.URL
	tenantID string
	api      *API
	texts    *Texts
	pipeline runtime.Pipeline
}

// NewCaller returns a caller that uses a pipeline with the options. It sends no request.
func NewCaller(o Options) *Caller {
	options := o.ClientOptions()
	return &Caller{o.Endpoint, o.TenantID, o.API, o.Texts, runtime.NewPipeline("", "", runtime.PipelineOptions{}, &options)}
}

// Call is one call of a service.
type Call struct {
	Method string
	// Path is the escaped path after the endpoint; see [PathOf].
	Path   string
	Query  url.Values
	Header http.Header
	// Body is sent as a form if its type is [url.Values], and otherwise as JSON. Nil sends no body.
	Body any
	// Answer is a pointer that receives the decoded successful answer. Nil discards the answer.
	Answer any
	// Need means that an answer without content is an error.
	Need bool
	// Check returns an error if the decoded answer is unusable. It may be nil.
	Check func() error
	// Repeat has the same meaning as in [Options].
	Repeat Repeat
	// RequestID is the request ID of the first attempt. It is also used for attempts after answers which say that the
	// call was not executed (401, 429). With it, the service recognizes a call that another process has sent. Empty
	// generates an ID.
	RequestID string
}

// PathOf escapes and joins path elements.
func PathOf(elements ...string) string {
	var b strings.Builder
	for _, e := range elements {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(e))
	}
	return b.String()
}

// Answer is a successful answer. Its header is as the server sent it.
type Answer struct {
	StatusCode int
	Header     http.Header
	fail       func(error) *Error
}

// Unfit returns the error for an answer that the caller cannot use.
func (a Answer) Unfit(cause error) error { return a.fail(cause) }

// RetryAfter is how long the server asks to wait before the next request for this operation, or 0.
func (a Answer) RetryAfter() time.Duration {
	wait, _ := retryAfter(a.Header, time.Now())
	return wait
}

// bom is the byte order mark at the start of Partner Center's successful answers. encoding/json
// does not accept it.
var bom = []byte("\xef\xbb\xbf")

// Do sends a call. Every failure is an [*Error]. A GET with an unreadable answer is retried like
// after any other transient error.
func (c *Caller) Do(ctx context.Context, in Call) (Answer, error) {
	u := *c.endpoint
	u.RawPath = u.EscapedPath() + in.Path
	u.Path, _ = url.PathUnescape(u.RawPath)
	u.RawQuery = strings.ReplaceAll(in.Query.Encode(), "+", "%20") // a plus means a space in forms only
	req, err := c.request(ctx, in, u.String())
	if err != nil {
		return Answer{}, &Error{API: c.api, Method: in.Method, Path: c.texts.Clean(in.Path), TenantID: c.tenantID, Err: &callError{err, NotSent}, texts: c.texts}
	}
	all := &attempts{read: func(resp *http.Response) error { return c.read(resp, in) }}
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
	req.SetOperationValue(givenID(in.RequestID))
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

// read decodes a successful answer and checks it.
func (c *Caller) read(resp *http.Response, in Call) error {
	if in.Answer == nil {
		return nil
	}
	reflect.ValueOf(in.Answer).Elem().SetZero() // remove values of an earlier attempt
	body, err := payload(resp)
	switch {
	case err != nil:
		return err
	case len(body) == 0 && in.Need:
		return ErrUnreadable
	case len(body) > 0:
		if err := json.Unmarshal(body, in.Answer); err != nil {
			if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok { // its text names Go types
				err = fmt.Errorf("%s is a JSON %s", cmp.Or(wrong.Field, "the body"), wrong.Value)
			}
			return fmt.Errorf("%w: %w", ErrUnreadable, err)
		}
		if c.texts.mayNeedCleaning(body) || c.texts.redact(string(body)) != string(body) {
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

// payload returns the body of an answer without its byte order mark.
func payload(resp *http.Response) ([]byte, error) {
	body, err := runtime.Payload(resp)
	return bytes.TrimPrefix(body, bom), err
}

// failed returns the error of a call from its answer, if there is one, and the cause.
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
		e.outcome = Unsure // it may have been executed, but the answer is unreadable
	}
	if cause == nil {
		e.body, _ = payload(resp)
		code, message := parseErrorBody(e.body)
		e.Code, e.Message, e.Challenge = c.texts.ID(code), c.texts.Clean(message), c.texts.Clean(resp.Header.Get("WWW-Authenticate"))
	}
	return e
}
