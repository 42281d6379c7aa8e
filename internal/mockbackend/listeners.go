package mockbackend

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Start opens the listeners on loopback: HTTPS under one private CA for sign-in, Partner Center, Resource Manager, CI
// and elsewhere, each on its own port; plain HTTP for control. All use HTTP/1.1, as Partner Center does.
func (b *Backend) Start() error {
	made, err := b.tls()
	if err != nil {
		return fmt.Errorf("mockbackend: certificates: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errClosed
	}
	if b.servers != nil {
		return errors.New("mockbackend: started already")
	}
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	urls := map[Service]string{}
	for _, service := range []Service{SignIn, PartnerCenter, ResourceManager, CI, Elsewhere, Control} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.stop()
			for _, server := range b.servers {
				_ = server.Close() // the error of Listen is the one to report
			}
			b.servers = nil
			return fmt.Errorf("mockbackend: %w", err)
		}
		scheme := "http"
		if service != Control {
			scheme = "https"
			listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{made.server}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12})
		}
		urls[service] = scheme + "://" + listener.Addr().String()
		server := &http.Server{
			Handler:           http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { b.serveHTTP(service, w, req) }),
			ReadHeaderTimeout: 30 * time.Second,
			BaseContext:       func(net.Listener) context.Context { return ctx },
			ConnState: func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew && service != Control {
					b.countConnection(service)
				}
			},
			ErrorLog: log.New(io.Discard, "", 0), // TLS handshakes that tests make fail
		}
		b.servers = append(b.servers, server)
		go func() { _ = server.Serve(listener) }() // always ends with ErrServerClosed
	}
	b.endpoints = Endpoints{
		SignIn: urls[SignIn], PartnerCenter: urls[PartnerCenter], ResourceManager: urls[ResourceManager],
		CI: urls[CI], Control: urls[Control], Elsewhere: urls[Elsewhere],
	}
	return nil
}

// Close closes all listeners and connections and waits for the handlers. The methods that read still work.
func (b *Backend) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.stop != nil {
		b.stop()
	}
	var errs []error
	for _, server := range b.servers {
		errs = append(errs, server.Close())
	}
	b.servers = nil
	for b.inFlight > 0 {
		b.idle.Wait()
	}
	return errors.Join(errs...)
}

// enter counts a request that is being served. It returns false if the backend is closed.
func (b *Backend) enter() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.inFlight++
	return true
}

func (b *Backend) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight--
	if b.inFlight == 0 {
		b.idle.Broadcast()
	}
}

// wireSpelling has the spelling in recorded traffic of headers that Go would write as "Ms-Requestid".
var wireSpelling = map[string]string{
	"Ms-Requestid": "MS-RequestId", "Ms-Correlationid": "MS-CorrelationId", "Ms-Cv": "MS-CV", "Ms-Serverid": "MS-ServerId",
	"Ismfacompliant": "isMfaCompliant", "Www-Authenticate": "WWW-Authenticate",
}

func (b *Backend) serveHTTP(name Service, w http.ResponseWriter, req *http.Request) {
	if !b.enter() {
		panic(http.ErrAbortHandler)
	}
	defer b.leave()
	if name == Control && !isLoopback(req.Host) {
		http.Error(w, "control answers only to loopback names", http.StatusForbidden)
		return
	}
	a := b.exchangeAnswer(b.services[name], req)
	if a.status == 0 {
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		if spelled, ok := wireSpelling[name]; ok {
			name = spelled
		}
		w.Header()[name] = values
	}
	if a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if !a.cut {
		_, _ = w.Write(a.body) // the client may have disconnected
		return
	}
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// isLoopback protects against DNS rebinding: a browser sends the name of the web page as Host.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
