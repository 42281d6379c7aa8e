package httppipe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// inBubble runs f in a synctest bubble with a context that has a deadline.
func inBubble(t *testing.T, deadline time.Duration, f func(t *testing.T, ctx context.Context)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		defer cancel()
		f(t, ctx)
	})
}

func TestThrottled_waitsAsLongAsTheServerAsks(t *testing.T) {
	const anyWait = -1
	for name, c := range map[string]struct {
		reply    reply
		deadline time.Duration
		waited   time.Duration
	}{
		"one second":                               {throttled("1"), time.Hour, time.Second},
		"two hours of three":                       {throttled("7200"), 3 * time.Hour, 2 * time.Hour},
		"just less than is left":                   {throttled("3599"), time.Hour, 3599 * time.Second},
		"a date":                                   {throttled("Sat, 01 Jan 2000 00:10:00 GMT"), time.Hour, 10 * time.Minute},
		"milliseconds":                             {reply{status: 429, header: http.Header{"Retry-After-Ms": {"90000"}}}, time.Hour, 90 * time.Second},
		"no header, with backoff":                  {status(429), time.Hour, anyWait},
		"garbage, with backoff":                    {throttled("later"), time.Hour, anyWait},
		"a negative number, with backoff":          {throttled("-60"), time.Hour, anyWait},
		"a number that is too large, with backoff": {throttled("99999999999999999999"), time.Hour, anyWait},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(method+" "+name, func(t *testing.T) {
				inBubble(t, c.deadline, func(t *testing.T, ctx context.Context) {
					s := &service{replies: []reply{c.reply}}
					start := time.Now()
					resp, err := do(ctx, t, pipeline(t, httppipe.Options{}, s, nil), method)
					mustStatus(t, http.StatusOK, resp, err)
					waited := time.Since(start)
					if c.waited == anyWait && (waited <= 0 || waited > time.Second) || c.waited != anyWait && waited != c.waited {
						t.Errorf("waited %v, want %v", waited, c.waited)
					}
					if s.count() != 2 {
						t.Errorf("sent %d requests, want 2", s.count())
					}
				})
			})
		}
	}
}

func TestThrottled_failsImmediatelyIfTheWaitExceedsTheDeadline(t *testing.T) {
	for _, after := range []string{"3601", "7200", "9223372036854775807", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		t.Run(after, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
				s := &service{replies: []reply{throttled(after)}}
				p := pipeline(t, httppipe.Options{}, s, nil)
				start := time.Now()
				resp, err := do(ctx, t, p, http.MethodGet)
				mustStatus(t, http.StatusTooManyRequests, resp, err)

				_, err = do(ctx, t, p, http.MethodGet)
				var deadline *httppipe.DeadlineError
				if !errors.As(err, &deadline) || deadline.Left != time.Hour || deadline.Wait <= time.Hour {
					t.Errorf("the next call got %#v, want a DeadlineError with the wait and the hour left", err)
				}
				if time.Since(start) != 0 || s.count() != 1 {
					t.Errorf("took %v and %d requests, want no time and 1 request", time.Since(start), s.count())
				}
			})
		})
	}
}

func TestThrottled_isRetriedUntilTheDeadlineIndependentOfMaxRetries(t *testing.T) {
	inBubble(t, 61*time.Minute, func(t *testing.T, ctx context.Context) {
		s := &service{replies: slices.Repeat([]reply{throttled("600")}, 100)}
		start := time.Now()
		resp, err := do(ctx, t, pipeline(t, httppipe.Options{MaxRetries: -1}, s, nil), http.MethodPost)
		mustStatus(t, http.StatusTooManyRequests, resp, err)
		if s.count() != 7 || time.Since(start) != time.Hour {
			t.Errorf("sent %d requests in %v, want 7 in 1h", s.count(), time.Since(start))
		}
	})
}

func TestThrottled_doesNotCountAsRetry(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
		s := &service{replies: []reply{throttled("1"), status(503), throttled("1"), throttled("1"), status(503), throttled("1")}}
		resp, err := do(ctx, t, pipeline(t, httppipe.Options{MaxRetries: 2}, s, nil), http.MethodGet)
		mustStatus(t, http.StatusOK, resp, err)
		if s.count() != 7 {
			t.Errorf("sent %d requests, want 7", s.count())
		}
	})
}

// TestThrottled_withoutWaitStillPauses checks that requests are not sent in a tight loop if the
// server returns no wait, or its clock is behind.
func TestThrottled_withoutWaitStillPauses(t *testing.T) {
	for _, after := range []string{"0", "Fri, 31 Dec 1999 23:00:00 GMT"} {
		t.Run(after, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
				s := &service{replies: slices.Repeat([]reply{throttled(after)}, 20)}
				start := time.Now()
				resp, err := do(ctx, t, pipeline(t, httppipe.Options{}, s, nil), http.MethodGet)
				mustStatus(t, http.StatusOK, resp, err)
				if d := time.Since(start); d < time.Minute {
					t.Errorf("20 refused requests were sent within %v", d)
				}
			})
		})
	}
}

func TestThrottled_onePausesAllGoroutines(t *testing.T) {
	const (
		goroutines, calls = 50, 20
		trip              = 100 * time.Millisecond
		pause             = time.Minute
	)
	synctest.Test(t, func(t *testing.T) {
		var (
			mu       sync.Mutex
			n        int
			closed   time.Time
			tooEarly int
		)
		p := pipeline(t, httppipe.Options{}, roundTrip(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			n++
			refuse := n == 200
			// A request that is sent at the same time as the answer arrives is not too early.
			if !closed.IsZero() && time.Now().After(closed) && time.Now().Before(closed.Add(pause)) {
				tooEarly++
			}
			mu.Unlock()
			<-time.After(trip)
			if refuse {
				mu.Lock()
				closed = time.Now()
				mu.Unlock()
				return respond(req, throttled("60")), nil
			}
			return respond(req, status(200)), nil
		}), nil)
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				for range calls {
					if resp, err := do(t.Context(), t, p, http.MethodGet); err != nil || resp.StatusCode != 200 {
						t.Errorf("got %v, %v", resp, err)
					}
				}
			})
		}
		start := time.Now()
		wg.Wait()
		if tooEarly != 0 {
			t.Errorf("%d requests were sent while the gate was closed, want 0", tooEarly)
		}
		if n != goroutines*calls+1 {
			t.Errorf("%d requests were sent, want %d and the one that was refused", n, goroutines*calls)
		}
		if d := time.Since(start); d < pause+calls*trip || d > pause+(calls+6)*trip { // one request goes first after the pause
			t.Errorf("took %v, want the pause and little more than %v", d, calls*trip)
		}
	})
}

func TestGate_isSharedByPipelines(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
		gate := new(httppipe.Gate)
		s := &service{replies: []reply{throttled("60")}}
		start := time.Now()
		resp, err := do(ctx, t, pipeline(t, httppipe.Options{Gate: gate}, s, nil), http.MethodPut, httppipe.RepeatNever)
		mustStatus(t, http.StatusTooManyRequests, resp, err)
		resp, err = do(ctx, t, pipeline(t, httppipe.Options{}, s, nil), http.MethodGet)
		mustStatus(t, http.StatusOK, resp, err)
		if d := time.Since(start); d != 0 {
			t.Errorf("a pipeline with a gate of its own waited %v", d)
		}
		resp, err = do(ctx, t, pipeline(t, httppipe.Options{Gate: gate}, s, nil), http.MethodGet)
		mustStatus(t, http.StatusOK, resp, err)
		if d := time.Since(start); d != time.Minute {
			t.Errorf("a pipeline with the same gate waited %v, want 1m", d)
		}
	})
}

var errConnection = errors.New("connection reset by peer")

func TestTransientFailures_areRetriedOnlyIfSafe(t *testing.T) {
	failures := map[string]func() reply{
		"408": func() reply { return status(408) }, "500": func() reply { return status(500) }, "502": func() reply { return status(502) },
		"503": func() reply { return status(503) }, "504": func() reply { return status(504) },
		"a transport error": func() reply { return reply{err: errConnection} },
		"a truncated answer": func() reply {
			return reply{status: 200, body: io.MultiReader(strings.NewReader("half an ans"), iotest.ErrReader(io.ErrUnexpectedEOF))}
		},
	}
	byMethod := httppipe.RepeatByMethod
	for name, c := range map[string]struct {
		method string
		repeat httppipe.Repeat
		tries  int
	}{
		"GET":                           {http.MethodGet, byMethod, 3},
		"PUT":                           {http.MethodPut, byMethod, 3},
		"DELETE":                        {http.MethodDelete, byMethod, 3},
		"POST is not":                   {http.MethodPost, byMethod, 1},
		"PATCH is not":                  {http.MethodPatch, byMethod, 1},
		"POST with RepeatSafe":          {http.MethodPost, httppipe.RepeatSafe, 3},
		"PUT with RepeatRefused is not": {http.MethodPut, httppipe.RepeatRefused, 1},
		"PUT with RepeatNever is not":   {http.MethodPut, httppipe.RepeatNever, 1},
		"GET with RepeatNever is not":   {http.MethodGet, httppipe.RepeatNever, 1},
	} {
		for failure, failed := range failures {
			t.Run(name+" after "+failure, func(t *testing.T) {
				inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
					s := &service{replies: []reply{failed(), failed()}}
					resp, err := do(ctx, t, pipeline(t, httppipe.Options{}, s, nil), c.method, c.repeat)
					if s.count() != c.tries {
						t.Fatalf("sent %d requests, want %d (%v)", s.count(), c.tries, err)
					}
					if c.tries == 1 {
						if err == nil && resp.StatusCode == 200 {
							t.Error("the failure was not returned")
						}
						return
					}
					mustStatus(t, http.StatusOK, resp, err)
					_, err = strconv.Atoi(failure) // a status, which is an answer
					if ids := s.headers("MS-RequestId"); allEqual(ids) != (err != nil) || ids[0] == "" {
						t.Errorf("the attempts had the request ids %q, want a new one after each answer and only then", ids)
					}
					for i, r := range s.sent {
						if c.method != http.MethodGet && r.body != "the body" {
							t.Errorf("attempt %d had the body %q", i+1, r.body)
						}
						if i > 0 && !r.at.After(s.sent[i-1].at) {
							t.Errorf("attempt %d followed without a pause", i+1)
						}
					}
				})
			})
		}
	}
}

func TestOtherAnswers_areReturnedUnchanged(t *testing.T) {
	for _, code := range []int{200, 201, 202, 204, 301, 302, 307, 400, 403, 404, 405, 409, 412, 417, 501} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
				s := &service{replies: []reply{status(code)}}
				resp, err := do(ctx, t, pipeline(t, httppipe.Options{}, s, nil), http.MethodGet)
				mustStatus(t, code, resp, err)
				if s.count() != 1 {
					t.Errorf("sent %d requests, want 1", s.count())
				}
			})
		})
	}
}

func TestTransientFailures_endAfterMaxRetries(t *testing.T) {
	for name, c := range map[string]struct{ max, tries int }{
		"four retries by default": {0, 5},
		"one retry":               {1, 2},
		"none":                    {-1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
				s := &service{replies: slices.Repeat([]reply{status(503)}, 100)}
				resp, err := do(ctx, t, pipeline(t, httppipe.Options{MaxRetries: c.max}, s, nil), http.MethodGet)
				mustStatus(t, http.StatusServiceUnavailable, resp, err)
				if s.count() != c.tries {
					t.Errorf("sent %d requests, want %d", s.count(), c.tries)
				}
			})
		})
	}
}

func TestTransientFailures_waitForRetryAfterAndKeepTheGateOpen(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
		s := &service{replies: []reply{{status: 503, header: http.Header{"Retry-After": {"120"}}}}}
		p := pipeline(t, httppipe.Options{}, s, nil)
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			resp, err := do(ctx, t, p, http.MethodGet)
			if err != nil || resp.StatusCode != 200 || time.Since(start) != 2*time.Minute {
				t.Errorf("got %v, %v after %v, want 200 after 2m", resp, err, time.Since(start))
			}
		})
		synctest.Wait()
		resp, err := do(ctx, t, p, http.MethodGet)
		mustStatus(t, http.StatusOK, resp, err)
		if time.Since(start) != 0 {
			t.Errorf("another request waited %v", time.Since(start))
		}
		wg.Wait()
	})
}

func TestOptionsRepeat_isTheDefault(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
		s := &service{replies: []reply{status(503)}}
		p := pipeline(t, httppipe.Options{Repeat: httppipe.RepeatSafe}, s, nil)
		resp, err := do(ctx, t, p, http.MethodPost)
		mustStatus(t, http.StatusOK, resp, err)

		s.replies = []reply{{}, {}, status(503)}
		resp, err = do(ctx, t, p, http.MethodPost, httppipe.RepeatRefused)
		mustStatus(t, http.StatusServiceUnavailable, resp, err)
	})
}

func TestRepeatNever_doesNotWait(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
		s := &service{replies: []reply{throttled("60")}}
		p := pipeline(t, httppipe.Options{}, s, nil)
		start := time.Now()
		resp, err := do(ctx, t, p, http.MethodPut, httppipe.RepeatNever)
		mustStatus(t, http.StatusTooManyRequests, resp, err)

		if _, err := do(ctx, t, p, http.MethodPut, httppipe.RepeatNever); !errors.Is(err, httppipe.ErrNotSent) {
			t.Errorf("with a closed gate got %v, want ErrNotSent", err)
		}
		if time.Since(start) != 0 || s.count() != 1 {
			t.Errorf("took %v and %d requests, want no time and 1 request", time.Since(start), s.count())
		}
		// The throttled answer closed the gate for others too.
		resp, err = do(ctx, t, p, http.MethodGet)
		mustStatus(t, http.StatusOK, resp, err)
		if time.Since(start) != time.Minute {
			t.Errorf("another request waited %v, want 1m", time.Since(start))
		}
		resp, err = do(ctx, t, p, http.MethodPut, httppipe.RepeatNever)
		mustStatus(t, http.StatusOK, resp, err)
	})
}

// TestRepeatNever_isNotSentAfterALongSignIn checks that a RepeatNever request is not sent if its
// token took too long.
func TestRepeatNever_isNotSentAfterALongSignIn(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
		s, cred := new(service), &tokens{before: func(ctx context.Context) error { return httppipe.Sleep(ctx, 10*time.Second) }}
		p := pipeline(t, httppipe.Options{}, s, cred)
		if _, err := do(ctx, t, p, http.MethodDelete, httppipe.RepeatNever); !errors.Is(err, httppipe.ErrNotSent) || s.count() != 0 {
			t.Errorf("got %v and sent %d requests, want ErrNotSent and none", err, s.count())
		}
		resp, err := do(ctx, t, p, http.MethodDelete, httppipe.RepeatNever)
		mustStatus(t, http.StatusOK, resp, err)
	})
}

func TestUnauthorized_isRetriedOnceWithANewToken(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		repeat httppipe.Repeat
	}{
		"GET":                    {http.MethodGet, httppipe.RepeatByMethod},
		"POST":                   {http.MethodPost, httppipe.RepeatByMethod},
		"PUT with RepeatNever":   {http.MethodPut, httppipe.RepeatNever},
		"PUT with RepeatRefused": {http.MethodPut, httppipe.RepeatRefused},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
				s := &service{replies: []reply{status(401), status(200), status(401), status(401)}}
				p := pipeline(t, httppipe.Options{MaxRetries: -1}, s, new(tokens))
				resp, err := do(ctx, t, p, c.method, c.repeat)
				mustStatus(t, http.StatusOK, resp, err)
				resp, err = do(ctx, t, p, c.method, c.repeat)
				mustStatus(t, http.StatusUnauthorized, resp, err)
				want := []string{"Bearer token-1", "Bearer token-2", "Bearer token-2", "Bearer token-3"}
				if got := s.headers("Authorization"); !slices.Equal(got, want) {
					t.Errorf("sent %q, want %q", got, want)
				}
			})
		})
	}
	t.Run("not where there is no token", func(t *testing.T) {
		inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
			s := &service{replies: []reply{status(401)}}
			resp, err := do(ctx, t, pipeline(t, httppipe.Options{}, s, nil), http.MethodGet)
			mustStatus(t, http.StatusUnauthorized, resp, err)
			if s.count() != 1 {
				t.Errorf("sent %d requests, want 1", s.count())
			}
		})
	})
}

func TestFailedSignIn_isFinal(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
		refused := errors.New("sign-in refused")
		s, cred := new(service), &tokens{err: refused}
		_, err := do(ctx, t, pipeline(t, httppipe.Options{}, s, cred), http.MethodGet)
		if !errors.Is(err, refused) {
			t.Errorf("got %v, want the error of the credential", err)
		}
		if cred.n != 1 || s.count() != 0 {
			t.Errorf("requested %d tokens and sent %d requests, want 1 and none", cred.n, s.count())
		}
	})
}

func TestTryTimeout_endsOneAttempt(t *testing.T) {
	for name, c := range map[string]struct {
		timeout time.Duration
		method  string
		tries   int
	}{
		"GET is repeated":          {10 * time.Second, http.MethodGet, 3},
		"POST is not":              {10 * time.Second, http.MethodPost, 1},
		"three minutes by default": {0, http.MethodGet, 3},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
				s := &service{
					replies: slices.Repeat([]reply{{err: context.DeadlineExceeded}}, 100),
					before:  func(_ int, req *http.Request) { <-req.Context().Done() },
				}
				start := time.Now()
				_, err := do(ctx, t, pipeline(t, httppipe.Options{MaxRetries: 2, TryTimeout: c.timeout}, s, nil), c.method)
				want := c.timeout
				if want == 0 {
					want = 3 * time.Minute
				}
				if err == nil || !strings.Contains(err.Error(), "no answer within "+want.String()) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want an error that contains %v", err, want)
				}
				if d := time.Since(start) / time.Duration(c.tries); s.count() != c.tries || d < want || d > want+time.Second {
					t.Errorf("sent %d requests of %v, want %d of %v", s.count(), d, c.tries, want)
				}
			})
		})
	}
}

func TestTimeout_limitsACallWithoutDeadline(t *testing.T) {
	for name, c := range map[string]struct {
		timeout time.Duration
		after   string
		want    int
	}{
		"20 minutes by default": {0, "1199", 200},
		"more than 20 minutes":  {0, "1201", 429},
		"a longer timeout":      {3 * time.Hour, "7200", 200},
		"a shorter timeout":     {time.Minute, "61", 429},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{replies: []reply{throttled(c.after)}}
				resp, err := do(t.Context(), t, pipeline(t, httppipe.Options{Timeout: c.timeout}, s, nil), http.MethodGet)
				mustStatus(t, c.want, resp, err)
			})
		})
	}
	t.Run("a deadline of the context beats it", func(t *testing.T) {
		inBubble(t, 3*time.Hour, func(t *testing.T, ctx context.Context) {
			s := &service{replies: []reply{throttled("7200")}}
			resp, err := do(ctx, t, pipeline(t, httppipe.Options{Timeout: time.Minute}, s, nil), http.MethodGet)
			mustStatus(t, http.StatusOK, resp, err)
		})
	})
}

func TestCancellation_endsEveryWaitImmediately(t *testing.T) {
	for name, method := range map[string]string{"the wait of the throttled call": http.MethodPut, "the wait at the gate": http.MethodGet} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, 3*time.Hour, func(t *testing.T, ctx context.Context) {
				s := &service{replies: []reply{throttled("3600")}}
				p := pipeline(t, httppipe.Options{}, s, nil)
				if method == http.MethodGet {
					resp, err := do(ctx, t, p, http.MethodPut, httppipe.RepeatNever)
					mustStatus(t, http.StatusTooManyRequests, resp, err)
				}
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(5*time.Second, cancel)
				start := time.Now()
				_, err := do(ctx, t, p, method)
				if !errors.Is(err, context.Canceled) || time.Since(start) != 5*time.Second {
					t.Errorf("got %v after %v, want the cancellation after 5s", err, time.Since(start))
				}
				if s.count() != 1 {
					t.Errorf("sent %d requests, want 1", s.count())
				}
			})
		})
	}
	t.Run("the backoff after a failure", func(t *testing.T) {
		inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
			ctx, cancel := context.WithCancel(ctx)
			s := &service{replies: []reply{status(503)}}
			time.AfterFunc(time.Millisecond, cancel)
			if _, err := do(ctx, t, pipeline(t, httppipe.Options{}, s, nil), http.MethodGet); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the cancellation", err)
			}
		})
	})
	t.Run("before the first request", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s := new(service)
		if _, err := do(ctx, t, pipeline(t, httppipe.Options{}, s, nil), http.MethodGet); !errors.Is(err, context.Canceled) || s.count() != 0 {
			t.Errorf("got %v and sent %d requests", err, s.count())
		}
	})
}

// TestGateClosedBetweenAttempts_returnsTheFirstResult checks that the caller learns that the
// request was sent and may have been executed.
func TestGateClosedBetweenAttempts_returnsTheFirstResult(t *testing.T) {
	for name, first := range map[string]reply{"a transport error": {err: errConnection}, "a 503": status(503)} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
				gate := new(httppipe.Gate)
				other := pipeline(t, httppipe.Options{Gate: gate}, &service{replies: []reply{throttled("7200")}}, nil)
				s := &service{replies: []reply{first}, before: func(int, *http.Request) {
					resp, err := do(ctx, t, other, http.MethodGet)
					mustStatus(t, http.StatusTooManyRequests, resp, err)
				}}
				resp, err := do(ctx, t, pipeline(t, httppipe.Options{Gate: gate}, s, nil), http.MethodPut)
				if first.err != nil {
					if !errors.Is(err, errConnection) {
						t.Errorf("got %v, want the transport error", err)
					}
					return
				}
				mustStatus(t, first.status, resp, err)
			})
		})
	}
}

// TestSignIn_mayTakeLongerThanOneAttempt checks that the operation limits the duration of a
// throttled sign-in. The timeout of one attempt of the request that needs the token does not.
func TestSignIn_mayTakeLongerThanOneAttempt(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
		cred := &tokens{before: func(ctx context.Context) error { return httppipe.Sleep(ctx, 10*time.Minute) }}
		resp, err := do(ctx, t, pipeline(t, httppipe.Options{}, new(service), cred), http.MethodGet)
		mustStatus(t, http.StatusOK, resp, err)
	})
}

func TestSleep_failsImmediatelyIfTooLong(t *testing.T) {
	inBubble(t, time.Minute, func(t *testing.T, ctx context.Context) {
		start := time.Now()
		err := httppipe.Sleep(ctx, time.Hour)
		var deadline *httppipe.DeadlineError
		if !errors.As(err, &deadline) || time.Since(start) != 0 {
			t.Fatalf("got %v after %v, want a DeadlineError at once", err, time.Since(start))
		}
		if want := "a wait of 1h0m0s is needed, but only 1m0s are left before the operation times out"; err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
		if err := httppipe.Sleep(ctx, 59*time.Second); err != nil || time.Since(start) != 59*time.Second {
			t.Errorf("got %v after %v, want 59s", err, time.Since(start))
		}
	})
}
