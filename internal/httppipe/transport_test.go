package httppipe_test

import (
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

func TestParseEndpoint_accepts(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"https":                          {"https://api.partnercenter.microsoft.com", "https://api.partnercenter.microsoft.com"},
		"a port":                         {"https://api.example:8443", "https://api.example:8443"},
		"a trailing slash, and cuts it":  {"https://api.example/", "https://api.example"},
		"a path, and keeps it":           {"https://gateway.example/partner/Center", "https://gateway.example/partner/Center"},
		"a path with trailing slashes":   {"https://gateway.example/partner/center//", "https://gateway.example/partner/center"},
		"upper case in scheme and host":  {"HTTPS://API.Example", "https://api.example"},
		"http on IPv4 loopback":          {"http://127.0.0.1:8080", "http://127.0.0.1:8080"},
		"http on another IPv4 loopback":  {"http://127.8.9.10", "http://127.8.9.10"},
		"http on IPv6 loopback":          {"http://[::1]:8080", "http://[::1]:8080"},
		"http on localhost":              {"http://localhost:8080", "http://localhost:8080"},
		"http on localhost in any case":  {"http://LocalHost:8080", "http://localhost:8080"},
		"an IPv6 address that is remote": {"https://[2001:db8::1]", "https://[2001:db8::1]"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := httppipe.ParseEndpoint(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if u.String() != c.want {
				t.Errorf("got %q, want %q", u, c.want)
			}
		})
	}
}

func TestParseEndpoint_refuses(t *testing.T) {
	for name, c := range map[string]struct{ in, message string }{
		"http elsewhere":                             {"http://api.example", "plain http"},
		"http on a private address":                  {"http://10.0.0.1", "plain http"},
		"http on all addresses":                      {"http://0.0.0.0:8080", "plain http"},
		"a name that starts with localhost":          {"http://localhost.evil.example", "plain http"},
		"a name that starts with a loopback address": {"http://127.0.0.1.evil.example", "plain http"},
		"another scheme":                             {"ftp://api.example", "https://"},
		"no scheme":                                  {"api.example", "https://"},
		"no scheme but slashes":                      {"//api.example", "https://"},
		"a path":                                     {"/v1", "https://"},
		"nothing":                                    {"", "https://"},
		"no host":                                    {"https://", "names no host"},
		"no host but a port":                         {"https://:443", "names no host"},
		"a missing slash":                            {"https:/api.example", "names no host"},
		"a query":                                    {"https://api.example?a=b", "without user, query"},
		"an empty query":                             {"https://api.example?", "without user, query"},
		"a fragment":                                 {"https://api.example#a", "without user, query"},
		"white space":                                {" https://api.example", "not a base URL"},
		"a broken escape":                            {"https://api.example/%zz", "not a base URL"},
		"a user":                                     {"https://user@api.example", "without user"},
		"an empty user":                              {"https://@api.example", "without user"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := httppipe.ParseEndpoint(c.in)
			if err == nil {
				t.Fatalf("accepted it as %q", u)
			}
			if !strings.Contains(err.Error(), c.message) {
				t.Errorf("got %q, want it to say %q", err, c.message)
			}
		})
	}
}

func TestParseEndpoint_hidesPasswords(t *testing.T) {
	for _, in := range []string{
		"https://user:pa55word@api.example",
		"http://user:pa55word@api.example",
		"ftp://user:pa55word@api.example",
		"https://user:pa55word@api.example:port",
		"https://user:pa55%zzword@api.example",
		"https:/user:pa55word@api.example",
		"https:user:pa55word@api.example",
		"https//user:pa55word@api.example",
		"user:pa55word@api.example",
		"//user:pa55word@api.example",
		"https://api.example/?password=pa55word",
		"https://api.example/#pa55word",
	} {
		t.Run(in, func(t *testing.T) {
			_, err := httppipe.ParseEndpoint(in)
			if err == nil {
				t.Fatal("accepted it")
			}
			if strings.Contains(err.Error(), "pa55") {
				t.Errorf("the error %q repeats the password", err)
			}
		})
	}
}

// listen starts a TLS server and returns it with a pool that trusts it.
func listen(t *testing.T, h http.HandlerFunc, configure func(*http.Server)) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	if configure != nil {
		configure(s.Config)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s, pool
}

func TestRedirect_isReturnedAndNotFollowed(t *testing.T) {
	var followed atomic.Int32
	elsewhere, pool := listen(t, func(http.ResponseWriter, *http.Request) { followed.Add(1) }, nil)
	for _, code := range []int{301, 302, 303, 307, 308} {
		for name, target := range map[string]string{"another host": elsewhere.URL, "the same host": ""} {
			t.Run(fmt.Sprint(code, " to ", name), func(t *testing.T) {
				var authorised atomic.Int32
				s, own := listen(t, func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/followed" {
						followed.Add(1)
					}
					if r.Header.Get("Authorization") == "Bearer token-1" {
						authorised.Add(1)
					}
					http.Redirect(w, r, target+"/followed", code)
				}, nil)
				// The servers of httptest share one certificate, so this pool trusts both.
				if !own.Equal(pool) {
					t.Fatal("the other server is not trusted, so this test checks nothing")
				}
				p := pipeline(t, httppipe.Options{Endpoint: parse(t, s.URL), Client: httppipe.NewClient(own)}, nil, new(tokens))
				resp, err := p.Do(request(t.Context(), t, http.MethodGet, s.URL+"/v1/things"))
				mustStatus(t, code, resp, err)
				if authorised.Load() != 1 || followed.Load() != 0 {
					t.Errorf("the server got %d requests with the token, and %d were redirected; want 1 and none", authorised.Load(), followed.Load())
				}
			})
		}
	}
}

func TestNewClient_trustsOnlyItsAuthorities(t *testing.T) {
	s, pool := listen(t, func(http.ResponseWriter, *http.Request) {}, func(s *http.Server) { s.ErrorLog = quiet })
	for name, c := range map[string]struct {
		pool    *x509.CertPool
		trusted bool
	}{"the server's authority": {pool, true}, "another authority": {x509.NewCertPool(), false}, "the system's authorities": {nil, false}} {
		t.Run(name, func(t *testing.T) {
			p := pipeline(t, httppipe.Options{Endpoint: parse(t, s.URL), Client: httppipe.NewClient(c.pool), MaxRetries: -1}, nil, nil)
			resp, err := p.Do(request(t.Context(), t, http.MethodGet, s.URL))
			if c.trusted {
				mustStatus(t, http.StatusOK, resp, err)
			} else if err == nil || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("got %v, want an error about the certificate", err)
			}
		})
	}
}

func TestNewClient_keepsConnectionsForAllGoroutines(t *testing.T) {
	const goroutines, calls = 64, 10
	var opened atomic.Int32
	var all sync.WaitGroup // the first request of each goroutine is answered when all have arrived
	all.Add(goroutines)
	s, pool := listen(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/first" {
			all.Done()
			all.Wait()
		}
		fmt.Fprint(w, "an answer")
	}, func(s *http.Server) {
		s.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				opened.Add(1)
			}
		}
	})
	client := httppipe.NewClient(pool)
	// These are two pipelines with one client, as in the provider.
	pipelines := []runtime.Pipeline{
		pipeline(t, httppipe.Options{Endpoint: parse(t, s.URL), Client: client}, nil, nil),
		pipeline(t, httppipe.Options{Endpoint: parse(t, s.URL), Client: client}, nil, nil),
	}
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() {
			for j := range calls {
				path := "/later"
				if j == 0 {
					path = "/first"
				}
				resp, err := pipelines[i%2].Do(request(t.Context(), t, http.MethodGet, s.URL+path))
				if err != nil || resp.StatusCode != 200 {
					t.Errorf("got %v, %v", resp, err)
				}
			}
		})
	}
	wg.Wait()
	if n := opened.Load(); n != goroutines {
		t.Errorf("%d goroutines opened %d connections, want %d", goroutines, n, goroutines)
	}
}

// quiet discards the server's errors about handshakes that are expected to fail.
var quiet = log.New(io.Discard, "", 0)
