package credential_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// TestToken_oneRequest checks that there is one request per tenant and audience for any number of
// goroutines and pipelines. The next request follows only when the token is about to expire.
func TestToken_oneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &entra{answer: func(n int, _ asked) (int, string) {
			return 200, fmt.Sprintf(`{"access_token":"token-%d","expires_in":3600}`, n)
		}}
		c := newCredential(t, e, false)
		all := func(want int) {
			t.Helper()
			var wg sync.WaitGroup
			for i := range 500 {
				wg.Go(func() {
					if _, err := c.Token(t.Context(), httppipe.TokenRequest{Scope: scope, TenantID: fmt.Sprint("tenant-", i%2)}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if n := e.tokenRequests(); n != want {
				t.Errorf("%d token requests, want %d", n, want)
			}
		}
		all(2)
		<-time.After(54 * time.Minute)
		all(2)
		<-time.After(2 * time.Minute)
		all(4)
	})
}

// TestToken_rejectedByTheServer checks that all requests continue with one new token if a server no
// longer accepts the current one.
func TestToken_rejectedByTheServer(t *testing.T) {
	bothModes(t, func(t *testing.T, appOnly bool) {
		e := &entra{answer: func(n int, _ asked) (int, string) {
			return 200, fmt.Sprintf(`{"token_type":"Bearer","access_token":"token-%d","expires_in":3600}`, n)
		}}
		c := newCredential(t, e, appOnly)
		first, err := get(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse("https://api.example")
		server := roundTripper(func(req *http.Request) (*http.Response, error) {
			status := http.StatusOK
			if req.Header.Get("Authorization") == "Bearer "+first.Value {
				status = http.StatusUnauthorized
			}
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
		})
		o := httppipe.Options{Endpoint: u, Client: httppipe.ClientOver(server), Tokens: c, Scope: scope}.ClientOptions()
		p := runtime.NewPipeline("", "", runtime.PipelineOptions{}, &o)
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				req, err := runtime.NewRequest(t.Context(), http.MethodGet, "https://api.example/v1/customers")
				if err != nil {
					t.Error(err)
					return
				}
				resp, err := p.Do(req)
				if err != nil || resp.StatusCode != http.StatusOK {
					t.Errorf("got %v, %v", resp, err)
				}
			})
		}
		wg.Wait()
		if n := e.tokenRequests(); n != 2 {
			t.Errorf("%d token requests, want 2", n)
		}
	})
}

// TestToken_rejectedWhileOthersStart checks that a call that starts while another one waits at the
// gate with a rejected token does not restore the rejected token.
func TestToken_rejectedWhileOthersStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &entra{answer: func(n int, _ asked) (int, string) {
			return 200, fmt.Sprintf(`{"access_token":"token-%d","expires_in":3600}`, n)
		}}
		c := newCredential(t, e, false)
		u, _ := url.Parse("https://api.example")
		server := roundTripper(func(req *http.Request) (*http.Response, error) {
			status := http.StatusOK
			if req.URL.Path != "/accepted" && req.Header.Get("Authorization") == "Bearer token-0" {
				status = http.StatusUnauthorized
			}
			<-time.After(map[string]time.Duration{"/accepted": 5 * time.Second, "/rejected": time.Second, "/begins": 10 * time.Second}[req.URL.Path])
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
		})
		o := httppipe.Options{Endpoint: u, Client: httppipe.ClientOver(server), Gate: httppipe.NewGate(httppipe.Limits{Concurrent: 2}), Tokens: c, Scope: scope}.ClientOptions()
		p := runtime.NewPipeline("", "", runtime.PipelineOptions{}, &o)
		var wg sync.WaitGroup
		for _, path := range []string{"/accepted", "/rejected", "/begins"} {
			wg.Go(func() {
				req, err := runtime.NewRequest(t.Context(), http.MethodGet, "https://api.example"+path)
				if err != nil {
					t.Error(err)
					return
				}
				if resp, err := p.Do(req); err != nil || resp.StatusCode != http.StatusOK {
					t.Errorf("%s: got %v, %v", path, resp, err)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		if n := e.tokenRequests(); n != 2 {
			t.Errorf("%d token requests, want 2", n)
		}
	})
}

// TestToken_forRepeatNever checks that a long sign-in completes with its retries, and
// that the RepeatNever request that needed it is not sent afterwards.
func TestToken_forRepeatNever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &entra{answer: func(n int, a asked) (int, string) {
			if n < 4 {
				return http.StatusServiceUnavailable, ""
			}
			return issued(n, a)
		}}
		u, _ := url.Parse("https://api.example")
		sent := 0
		server := roundTripper(func(req *http.Request) (*http.Response, error) {
			sent++
			return response(req, http.StatusNoContent, ""), nil
		})
		o := httppipe.Options{Endpoint: u, Client: httppipe.ClientOver(server), Tokens: newCredential(t, e, false), Scope: scope}.ClientOptions()
		p := runtime.NewPipeline("", "", runtime.PipelineOptions{}, &o)
		for try := range 2 {
			req, err := runtime.NewRequest(t.Context(), http.MethodDelete, "https://api.example/v1/policy")
			if err != nil {
				t.Fatal(err)
			}
			req.SetOperationValue(httppipe.RepeatNever)
			if _, err := p.Do(req); errors.Is(err, httppipe.ErrNotSent) != (try == 0) || errors.As(err, new(*credential.Error)) || sent != try {
				t.Errorf("try %d: got %v, and %d were sent", try, err, sent)
			}
		}
		if n := e.tokenRequests(); n != 5 {
			t.Errorf("%d token requests, want 5", n)
		}
	})
}

// TestToken_firstCallerGivesUp checks that the sign-in continues for the other waiting callers.
func TestToken_firstCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &entra{answer: func(int, asked) (int, string) {
			<-time.After(10 * time.Second)
			return 200, `{"access_token":"token","expires_in":3600}`
		}}
		c := newCredential(t, e, false)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := get(ctx, c); err == nil {
				t.Error("the first caller waited beyond its deadline")
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := get(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if n := e.tokenRequests(); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// TestRefreshToken_isStoredWhenTheRunIsCancelled checks that a refresh token that arrives after the
// cancellation is stored.
func TestRefreshToken_isStoredWhenTheRunIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &entra{answer: func(int, asked) (int, string) {
			<-time.After(10 * time.Second)
			return 200, `{"access_token":"token","expires_in":3600,"refresh_token":"the-next-one"}`
		}}
		config := configure(t, e, false)
		config.RefreshTokenOutputPath = filepath.Join(t.TempDir(), "refresh-token")
		c, err := credential.New(config)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := get(ctx, c); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		<-time.After(time.Minute)
		content, err := os.ReadFile(config.RefreshTokenOutputPath)
		if err != nil || string(content) != "the-next-one\n# refresh token of tenant "+tenant+", client "+clientID+"\n" {
			t.Errorf("the file contains %q, %v", content, err)
		}
	})
}

// TestRefreshToken_cannotBeStored checks that the run continues with its tokens after one
// warning, and does not sign in again for each call.
func TestRefreshToken_cannotBeStored(t *testing.T) {
	e := &entra{answer: func(n int, _ asked) (int, string) {
		return 200, fmt.Sprintf(`{"access_token":"token","expires_in":3600,"refresh_token":"s3cret-next-%d"}`, n)
	}}
	config := configure(t, e, false)
	config.RefreshTokenOutputPath = filepath.Join(t.TempDir(), "gone", "refresh-token")
	var warnings []string
	config.Warn = func(headline, text string) { warnings = append(warnings, headline+": "+text) }
	c, err := credential.New(config)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		if _, err := c.Token(t.Context(), httppipe.TokenRequest{Scope: scope, TenantID: fmt.Sprint("tenant-", i%2)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := e.tokenRequests(); n != 2 {
		t.Errorf("%d token requests for two tenants", n)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "could not be stored") || !strings.Contains(warnings[0], config.RefreshTokenOutputPath) || strings.Contains(warnings[0], "s3cret") {
		t.Errorf("got the warnings %q", warnings)
	}
}

// TestOIDC_forms uses a token file as written on Windows, and a request URL with upper-case letters
// in the host.
func TestOIDC_forms(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(bom+"the.oidc.token\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := &entra{answer: issued}
	over := roundTripper(func(req *http.Request) (*http.Response, error) {
		if req.URL.Host == "ci.example" {
			return response(req, http.StatusOK, `{"value":"the.oidc.token"}`), nil
		}
		return e.RoundTrip(req)
	})
	for name, proof := range map[string]credential.Proof{
		"a file":        credential.OIDCTokenFile(file),
		"a request URL": credential.GitHubActions("https://CI.example/token?job=1", "s3cret"),
	} {
		t.Run(name, func(t *testing.T) {
			config := configure(t, over, false)
			config.Proof = proof
			c, err := credential.New(config)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := get(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if got := e.asked[len(e.asked)-1].form.Get("client_assertion"); got != "the.oidc.token" {
				t.Errorf("the assertion is %q", got)
			}
		})
	}
}

// TestToken_renewalRefused checks that a token is used until it expires if its renewal is refused
// or fails.
func TestToken_renewalRefused(t *testing.T) {
	for name, later := range map[string]func(int, asked) (int, string){
		"refused": always(400, refusal("invalid_grant", 50173, "no.")),
		"failed":  always(500, ""),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &entra{answer: always(200, `{"access_token":"token","expires_in":3600}`)}
				c := newCredential(t, e, false)
				first, err := get(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				e.answer = later
				ask := func(when string) {
					t.Helper()
					for range 10 {
						if token, err := get(t.Context(), c); err != nil || token != first {
							t.Fatalf("%s: got %v, %v, want the token that is still good", when, token, err)
						}
					}
				}
				first.Renew()
				ask("after a 401")
				asked := e.tokenRequests()
				ask("later")
				if n := e.tokenRequests(); n != asked {
					t.Errorf("%d more token requests", n-asked)
				}
				<-time.After(57 * time.Minute)
				ask("shortly before it expires")
				<-time.After(5 * time.Minute)
				if _, err := get(t.Context(), c); err == nil {
					t.Error("the expired token was returned")
				}
			})
		})
	}
}

// TestRefusal_ofATokenFile checks that a refusal is cached until the token file changes.
func TestRefusal_ofATokenFile(t *testing.T) {
	bothModes(t, func(t *testing.T, appOnly bool) {
		file := filepath.Join(t.TempDir(), "token")
		write := func(token string) {
			if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		e := &entra{answer: func(n int, a asked) (int, string) {
			if a.form.Get("client_assertion") == "an.expired.token" {
				return 401, refusal("invalid_client", 700024, "expired.")
			}
			return issued(n, a)
		}}
		config := configure(t, e, appOnly)
		config.Proof = credential.OIDCTokenFile(file)
		write("an.expired.token")
		c, err := credential.New(config)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := get(t.Context(), c); err == nil {
				t.Fatal("the expired token was accepted")
			}
		}
		if n := e.tokenRequests(); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
		write("a.new.token")
		if _, err := get(t.Context(), c); err != nil {
			t.Errorf("with a new token: %v", err)
		}
	})
}

// TestToken_responseIsNotCaptured checks that a sign-in does not set the captured response. The Azure
// SDK returns the response of a call through the context, which the sign-in inherits and may
// outlive.
func TestToken_responseIsNotCaptured(t *testing.T) {
	bothModes(t, func(t *testing.T, appOnly bool) {
		var answer *http.Response
		if _, err := get(policy.WithCaptureResponse(t.Context(), &answer), newCredential(t, &entra{answer: issued}, appOnly)); err != nil || answer != nil {
			t.Errorf("got %v, and the answer %v", err, answer)
		}
	})
}
