package provider_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// The sizes of the scale benchmarks.
const (
	fleetCustomers   = 10_000
	fleetPages       = fleetCustomers / 500
	fleetLatency     = 20 * time.Millisecond
	fleetConcurrency = 32 // the default of max_concurrent_requests
)

// BenchmarkScale reads 10,000 customers over the plugin protocol in this process and with the CLI. The server
// answers each request after 20 ms. It prints a table. The floor is the time that a bare HTTP client needs for the
// same requests, measured in the same run. A plan is compared with a plan of a single customer. The difference is
// the work of the provider, and of the CLI with the list.
func BenchmarkScale(b *testing.B) {
	for b.Loop() {
		backend := acctest.New(b, mockbackend.Config{Customers: fleetCustomers, Latency: fleetLatency})
		fmt.Printf("\n| 10,000 customers | requests | tokens | connections | ideal | floor | time | over one customer's | ÷ floor | peak memory | allocated per customer |\n" +
			"|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
		for _, name := range []string{"customers", "customer_permissions"} {
			policies := 0
			if name == "customer_permissions" {
				policies = fleetCustomers
			}
			typeName, requests := "partnercenter_"+name, fleetPages+policies
			ideal := (fleetPages*fleetLatency + time.Duration(policies)*fleetLatency/fleetConcurrency).Round(time.Millisecond)
			run := newScaleRun(b, backend, typeName)
			one := run.plan(b, `company_name_prefix = "adatum"`)
			all := run.plan(b, "")
			counters := backend.Counters()
			if n := counters.Route("GET /v1/customers") + counters.Route("GET /v1/SelfServePolicy"); n != requests || counters.TokensIssued() != 1 {
				b.Errorf("%s: %d requests, not %d, and %d tokens", name, n, requests, counters.TokensIssued())
			}
			floor := bareClient(b, backend, policies)
			inProcess, allocated := readInProcess(b, typeName)
			fmt.Printf("| %s in process | %d | 1 | | %s | %s | %s | | %.2f | | %.1f KB |\n",
				name, requests, ideal, round(floor), round(inProcess), inProcess.Seconds()/floor.Seconds(), float64(allocated)/fleetCustomers/1024)
			over := all.took - one.took
			fmt.Printf("| %s, plan | %d | %d | %d | %s | %s | %s | %s | %.2f | %d MB | |\n",
				name, requests, counters.TokensIssued(), counters.Connections[mockbackend.PartnerCenter], ideal, round(floor),
				round(all.took), round(over), over.Seconds()/floor.Seconds(), all.peak>>20)
		}
	}
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

// readInProcess reads a data source over the plugin protocol. allocated is the number of bytes that the provider
// and the mock allocated together.
func readInProcess(b *testing.B, typeName string) (took time.Duration, allocated uint64) {
	b.Helper()
	mock := mockbackend.New(mockbackend.Config{Customers: fleetCustomers, Latency: fleetLatency})
	p := acctest.NewProtocol(b, mock, mock.User(mockbackend.AdminAgent).RefreshToken)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	v, err := p.ReadDataSource(b.Context(), typeName, nil)
	took = time.Since(start)
	runtime.ReadMemStats(&after)
	if err != nil {
		b.Fatal(err)
	}
	if n := len(v["customers"].([]any)); n != fleetCustomers {
		b.Fatalf("%d customers", n)
	}
	return took, after.TotalAlloc - before.TotalAlloc
}

// bareClient returns the time that a client without our code needs for the same requests.
func bareClient(b *testing.B, backend *acctest.Backend, policies int) time.Duration {
	b.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(backend.CACertificate())
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: fleetConcurrency,
	}}
	defer client.CloseIdleConnections()
	tokens := slices.DeleteFunc(backend.IssuedTokens(), func(t mockbackend.IssuedToken) bool { return t.Kind != mockbackend.AccessToken })
	token := tokens[len(tokens)-1].Token
	get := func(query string) error {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, backend.Endpoints().PartnerCenter+"/v1"+query, nil)
		if err != nil {
			return err
		}
		req.Header = http.Header{
			"Authorization": {"Bearer " + token}, "Accept": {"application/json"},
			"Ms-Requestid": {uuid.NewString()}, "Ms-Correlationid": {uuid.NewString()},
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if resp.StatusCode != http.StatusOK {
			err = errors.Join(err, fmt.Errorf("%s: %s", query, resp.Status))
		}
		return errors.Join(err, resp.Body.Close())
	}
	start := time.Now()
	for range fleetPages {
		if err := get("/customers?size=500"); err != nil {
			b.Fatal(err)
		}
	}
	var group errgroup.Group
	group.SetLimit(fleetConcurrency)
	for _, c := range backend.Customers()[:policies] {
		group.Go(func() error { return get("/SelfServePolicy?entity_id=" + c.ID) })
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// scaleRun is a workspace with one data source. It measures the memory of the provider.
type scaleRun struct {
	*acctest.Workspace

	backend  *acctest.Backend
	typeName string
}

func newScaleRun(b *testing.B, backend *acctest.Backend, typeName string) *scaleRun {
	b.Helper()
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(requirement), 0o600); err != nil {
		b.Fatal(err)
	}
	w, err := acctest.NewWorkspace(b.Context(), dir, backend.WorkspaceEnvironment())
	if err != nil {
		b.Fatal(err)
	}
	return &scaleRun{w, backend, typeName}
}

type planned struct {
	took time.Duration
	peak int // peak memory of the provider's process in bytes; 0 if unknown
}

// plan plans the data source with the argument. The counters are those of this plan.
func (r *scaleRun) plan(b *testing.B, argument string) planned {
	b.Helper()
	text := fmt.Sprintf("%sdata %q \"it\" {\n  %s\n}\n", requirement, r.typeName, argument)
	if err := os.WriteFile(filepath.Join(r.Dir, "main.tf"), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	r.backend.ResetCounters()
	ctx, done := context.WithCancel(b.Context())
	peak := make(chan int, 1)
	go func() { peak <- watchMemory(ctx, b, r.Dir) }()
	start := time.Now()
	out := r.Run(b.Context(), "plan", "-input=false")
	took := time.Since(start)
	done()
	if out.Err != nil {
		b.Fatal(out.Err)
	}
	return planned{took, <-peak}
}

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// watchMemory returns the peak memory, in bytes, of the providers in the folder until the context ends. The kernel
// measures it.
func watchMemory(ctx context.Context, b *testing.B, dir string) int {
	peak := 0
	var pids []int
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return peak
		case <-tick.C:
		}
		if len(pids) == 0 && n%20 == 0 { // it searches all processes, which is slow
			pids = processesOf(b, dir)
		}
		for _, pid := range pids {
			status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
			if m := highWater.FindSubmatch(status); err == nil && m != nil { // otherwise the process has ended
				kB, _ := strconv.Atoi(string(m[1]))
				peak = max(peak, kB<<10)
			} else {
				pids = nil
			}
		}
	}
}
