package provider_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestProxy: all requests use the proxy of the environment. The certificate authority of an inspecting proxy is
// trusted if ca_certificate_path names it.
func TestProxy(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	hosts := map[string]string{}
	var env []string
	for _, v := range b.WorkspaceEnvironment() {
		name, value, _ := strings.Cut(v, "=")
		switch name {
		case "PARTNERCENTER_AUTHORITY_HOST", "PARTNERCENTER_PARTNER_CENTER_ENDPOINT", "PARTNERCENTER_RESOURCE_MANAGER_ENDPOINT":
			// Go never uses a proxy for loopback addresses. So the hosts have names that only the proxy can
			// resolve.
			u, err := url.Parse(value)
			if err != nil {
				t.Fatal(err)
			}
			host := strings.ToLower(strings.ReplaceAll(name, "_", "-")) + ".mock.test"
			hosts[host+":443"] = u.Host
			v = name + "=https://" + host
		}
		env = append(env, v)
	}
	proxy := &tunnel{hosts: hosts}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	w := workspace(t, append(env, "HTTPS_PROXY="+server.URL), map[string]string{"main.tf": requirement + `
resource "partnercenter_customer_permission_reservations" "one" {
  customer_id = "` + mockbackend.AdatumID + `"
}
data "partnercenter_client_config" "one" {
  customer_id = "` + mockbackend.AdatumID + `"
}
`})
	run(t, w, 0, "apply", "-input=false", "-auto-approve")
	acctest.ExpectPermissions(t, b.Backend, mockbackend.AdatumID, mockbackend.AzureReservedInstances)
	for host := range hosts {
		if !slices.Contains(proxy.connected(), host) {
			t.Errorf("%s was not reached through the proxy", host)
		}
	}

	w.Env = append(w.Env, "PARTNERCENTER_CA_CERTIFICATE_PATH=")
	if out := run(t, w, 1, "plan", "-input=false"); !strings.Contains(out, "certificate") {
		t.Errorf("an unknown authority is not said to be the cause: %s", out)
	}
}

// tunnel is a proxy that connects only to its known hosts.
type tunnel struct {
	hosts map[string]string

	mu   sync.Mutex
	seen []string
}

func (p *tunnel) connected() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

func (p *tunnel) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	to, ok := p.hosts[req.Host]
	if req.Method != http.MethodConnect || !ok {
		http.Error(w, "unknown host", http.StatusBadGateway)
		return
	}
	p.mu.Lock()
	p.seen = append(p.seen, req.Host)
	p.mu.Unlock()
	upstream, err := net.Dial("tcp", to)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer upstream.Close()
	w.WriteHeader(http.StatusOK)
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer client.Close()
	done := make(chan struct{}, 2)
	copyThen := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from)
		done <- struct{}{}
	}
	go copyThen(upstream, buffered)
	go copyThen(client, upstream)
	<-done
}
