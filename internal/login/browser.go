package login

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/browser"
	"golang.org/x/term"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
)

// browserTimeout is how long the command waits for the user in the browser.
const browserTimeout = 15 * time.Minute

// redirectURI returns the redirect URI of the app registration. Microsoft Entra ID ignores the port
// for localhost (https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions).
func redirectURI(port int) string { return "http://localhost:" + strconv.Itoa(port) }

// inBrowser opens the browser and waits on a loopback address for its redirect.
func (c Command) inBrowser(ctx context.Context, s *credential.UserSignIn, port int) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, browserTimeout, errors.New("nobody signed in within "+browserTimeout.String()))
	defer cancel()
	listeners, port, err := listen(ctx, port)
	if err != nil {
		return "", err
	}
	a := s.Authorize(redirectURI(port))
	type result struct {
		code string
		err  error
	}
	returned := make(chan result, 1)
	server := &http.Server{ReadHeaderTimeout: 30 * time.Second, MaxHeaderBytes: 64 << 10, Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodGet || req.URL.Path != "/" {
			http.NotFound(w, req)
			return
		}
		code, err := s.Code(a, req.URL.Query())
		if errors.Is(err, credential.ErrOtherSignIn) { // from another tab or a guessing page; the right redirect may still arrive
			writePage(w, http.StatusBadRequest, "This is not the sign-in that the terminal waits for.")
			return
		}
		text := "You have signed in. You can close this window. The terminal shows the result."
		if err != nil {
			text = "You are not signed in. The terminal shows why. You can close this window."
		}
		writePage(w, http.StatusOK, text)
		select {
		case returned <- result{code, err}:
		default: // the page was reloaded
		}
	})}
	for _, l := range listeners {
		go func() { _ = server.Serve(l) }() // always returns ErrServerClosed
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx) // lets the browser receive the page
	}()
	c.say("Opening the browser. Sign in as the service account, with multifactor authentication. If no browser opens, open this address:\n\n%s\n", a.URL)
	opened := make(chan error, 1)
	go func() { opened <- c.OpenBrowser(a.URL) }() // may block until the browser closes
	for {
		select {
		case err := <-opened:
			if err != nil {
				c.say("No browser could be opened (%v). On a computer without one, use --device-code or --no-browser.\n", err)
			}
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case r := <-returned:
			if r.err != nil {
				return "", r.err
			}
			return s.Redeem(ctx, a, r.code)
		}
	}
}

// listen opens the port on both loopback addresses, because browsers use either of them for
// localhost. A program that listens on the other address could receive the code.
func listen(ctx context.Context, port int) (listeners []net.Listener, chosen int, err error) {
	attempts := 1
	if port == 0 { // a port that is free for IPv4 may be in use for IPv6
		attempts = 10
	}
	for range attempts {
		if listeners, chosen, err = listenOnce(ctx, port); err == nil {
			return listeners, chosen, nil
		}
	}
	return nil, 0, fmt.Errorf("cannot listen on localhost:%d, so the browser cannot return: %w; use --port with another port, or --no-browser", port, err)
}

func listenOnce(ctx context.Context, port int) ([]net.Listener, int, error) {
	var config net.ListenConfig
	four, err := config.Listen(ctx, "tcp4", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		return nil, 0, err
	}
	if at, ok := four.Addr().(*net.TCPAddr); ok {
		port = at.Port
	}
	six, err := config.Listen(ctx, "tcp6", "[::1]:"+strconv.Itoa(port))
	if err == nil {
		return []net.Listener{four, six}, port, nil
	}
	other, noIPv6 := config.Listen(ctx, "tcp6", "[::1]:0")
	if noIPv6 != nil {
		return []net.Listener{four}, port, nil //nolint:nilerr // IPv4 is enough if there is no IPv6
	}
	_, _ = other.Close(), four.Close()
	return nil, 0, err
}

func writePage(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the address contains the code
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `<!DOCTYPE html>
<html lang="en"><head><title>Partner Center provider</title></head>
<body style="font: 1.2rem/1.5 system-ui, sans-serif; margin: 20vh auto; max-width: 32rem; text-align: center"><p>%s</p></body></html>
`, text)
}

// pasted prints the address to open, and reads the address that the browser was redirected to, or
// the code in it.
func (c Command) pasted(ctx context.Context, s *credential.UserSignIn, port int) (string, error) {
	if port == 0 {
		port = 8400
	}
	a := s.Authorize(redirectURI(port))
	c.say("1. Open this address in a browser on any computer. Sign in as the service account, with multifactor authentication.\n\n%s\n\n"+
		"2. The browser ends at an address of localhost that it cannot open. Copy that whole address, paste it here and press Enter:", a.URL)
	line, err := c.readLine(ctx)
	if err != nil {
		return "", err
	}
	var query url.Values
	if u, err := url.Parse(line); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		query = u.Query()
	} else if q, err := url.ParseQuery(strings.TrimPrefix(line, "?")); err == nil && q.Has("code") {
		query = q
	} else {
		return s.Redeem(ctx, a, line) // only the code; PKCE binds it to this sign-in
	}
	code, err := s.Code(a, query)
	if err != nil {
		return "", err
	}
	return s.Redeem(ctx, a, code)
}

// readLine reads a pasted line. macOS cuts lines at 1,024 bytes unless the terminal is in raw mode,
// and many addresses are longer.
func (c Command) readLine(ctx context.Context) (string, error) {
	type result struct {
		line string
		err  error
	}
	read := make(chan result, 1)
	next := func() (string, error) { return bufio.NewReader(io.LimitReader(c.Stdin, 64<<10)).ReadString('\n') }
	if in, ok := c.Stdin.(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		before, err := term.MakeRaw(int(in.Fd()))
		if err != nil {
			return "", err
		}
		defer func() { _ = term.Restore(int(in.Fd()), before) }()
		next = func() (string, error) {
			return term.NewTerminal(struct {
				io.Reader
				io.Writer
			}{in, c.Stderr}, "").ReadPassword("(not shown) ")
		}
	}
	go func() {
		line, err := next()
		read <- result{strings.TrimSpace(line), err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-read:
		if r.line == "" { // also after Ctrl-C in raw mode
			return "", errors.New("nothing was pasted")
		}
		return r.line, nil
	}
}

// OpenBrowser opens an address in the user's browser. It discards the browser's output, which would
// mix with a refresh token on standard output.
func OpenBrowser(address string) error {
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	return browser.OpenURL(address)
}
