// Command bench measures the real CLI with the built provider and the mock backend. For comparison, it measures
// the CLI with the same map without a provider, and with a provider that only sleeps. It writes a table and a
// chart.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// scenarios are the scenarios that are measured without flags.
var scenarios = []scenario{
	{kind: single, customers: 100},
	{kind: single, customers: 1_000},
	{kind: fleet, customers: 1_000, throttled: true},
	{kind: fleetByLog, customers: 1_000},
	{kind: fleet, customers: 10_000},
	{kind: fleetByLog, customers: 10_000},
	{kind: customerList, customers: 10_000},
}

func run(ctx context.Context, args []string) (err error) {
	var opts options
	var out, only, other string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.DurationVar(&opts.latency, "latency", 20*time.Millisecond, "`duration` of each answer of the mock")
	flags.IntVar(&opts.repeat, "repeat", 3, "`times` that each plan is run; the fastest counts")
	flags.StringVar(&out, "out", filepath.Join(acctest.Root(), "internal", "acctest", "bench"), "`folder` for README.md and chart.svg")
	flags.StringVar(&only, "only", "", "`pattern` of the scenarios to measure, such as 'fleet.*1000$'; writes to standard output only")
	flags.StringVar(&other, "compare", "", "`folder` with a configuration of another provider, to measure in addition; see CONTRIBUTING.md")
	if err := flags.Parse(args); err != nil {
		return err
	}
	pattern, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	chosen := scenarios
	if other != "" {
		chosen = nil
		for _, s := range scenarios {
			chosen = append(chosen, s)
			if s.kind == fleet {
				chosen = append(chosen, scenario{kind: kind{name: "other provider", configuration: other}, customers: s.customers})
			}
		}
	}
	dir, err := os.MkdirTemp("", "partnercenter-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if opts.handshake, err = handshake(ctx, dir); err != nil {
		return err
	}
	var rows []row
	var failed []string
	for _, s := range chosen {
		if !pattern.MatchString(s.String()) {
			continue
		}
		measured, err := s.measure(ctx, filepath.Join(dir, strings.ReplaceAll(s.String(), " ", "-")), opts, func(r row) { fmt.Fprintln(os.Stderr, r) })
		rows = append(rows, measured...)
		if err != nil && s.configuration != "" && ctx.Err() == nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", s, err) // this failure is a result, too
			failed = append(failed, fmt.Sprintf("%s customers: %.200s", thousands(s.customers), strings.Join(strings.Fields(err.Error()), " ")))
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	cli, err := acctest.FindCLI()
	if err != nil {
		return err
	}
	text := report(rows, failed, opts, cli)
	if only != "" {
		fmt.Print(text)
		return nil
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "README.md"), []byte(text), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "chart.svg"), []byte(chart(rows)), 0o644)
}

// newMock starts a mock in this process. The CLI and the provider have their own processes. The named customers
// are additional, because not all of them qualify.
func newMock(dir string, config mockbackend.Config) (b *mockbackend.Backend, env []string, err error) {
	config.Customers += namedCustomers
	b = mockbackend.New(config)
	if err := b.Start(); err != nil {
		return nil, nil, err
	}
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, b.CACertificate(), 0o600); err != nil {
		return nil, nil, errors.Join(err, b.Close())
	}
	for _, v := range b.Environment(ca) {
		env = append(env, v.Name+"="+v.Value)
		// This is the only way for the configuration of another provider to read it.
		if name, ok := strings.CutPrefix(v.Name, "PARTNERCENTER_"); ok {
			env = append(env, "TF_VAR_"+strings.ToLower(name)+"="+v.Value)
		}
	}
	return b, env, nil
}

var namedCustomers = len(mockbackend.New(mockbackend.Config{}).Customers())
