package httppipe

import (
	"fmt"
	"net/http"
)

// ProxyError means that a proxy did not connect to a host.
type ProxyError struct {
	// Proxy and Host include the port.
	Proxy, Host string
	StatusCode  int
}

func (e *ProxyError) Error() string {
	return fmt.Sprintf("the proxy %s answered %d %s when it was asked to connect to %s", e.Proxy, e.StatusCode, http.StatusText(e.StatusCode), e.Host)
}

// Remedy returns what to do, in whole sentences.
func (e *ProxyError) Remedy() string {
	if e.StatusCode == http.StatusProxyAuthRequired {
		return "The proxy asks for a user and a password. Put them into the environment variable HTTPS_PROXY, as http://user:password@" + e.Proxy +
			", or let the proxy allow the host without authentication."
	}
	return "Let the proxy allow HTTPS to " + e.Host + ", or name the host in the environment variable NO_PROXY if it can be reached without."
}

// isRefusal reports whether a retry would be refused again.
func (e *ProxyError) isRefusal() bool { return e.StatusCode >= 400 && e.StatusCode <= 499 }
