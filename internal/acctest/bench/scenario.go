package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// scenario is a kind with a number of customers.
type scenario struct {
	kind
	customers int
	// throttled adds a plan against a server that allows 250 requests in 5 s.
	throttled bool
}

func (s scenario) String() string { return fmt.Sprintf("%s %d", s.name, s.customers) }

var rate = mockbackend.Rate{Requests: 250, Per: 5 * time.Second}

// options are the same for all scenarios.
type options struct {
	latency   time.Duration
	repeat    int
	handshake time.Duration
}

// The phases, in order.
const (
	applied   = "apply"
	unchanged = "unchanged plan"
	wide      = "unchanged plan, -parallelism=32"
	listed    = "plan"
	three     = "plan, 3 changed outside"
	drifted   = "plan, 1 % changed outside"
	throttled = "unchanged plan, throttled"
	destroyed = "destroy"
)

// row is one line of the table.
type row struct {
	scenario

	phase string
	// floor is the CLI's own share, measured with terraform_data. Sleeper is the share of any provider,
	// measured with one that only sleeps as long as the mock takes to answer.
	ours, floor, sleeper figures
	// network is the minimum time for the requests.
	network time.Duration
}

// bench is a running scenario.
type bench struct {
	scenario
	options

	dir     string
	backend *mockbackend.Backend
	ids     []string // of the customers in the map
	// floor and sleeper are nil if the kind has none.
	ours, floor, sleeper *acctest.Workspace
}

// measure measures all phases with the provider and, if the kind has them, with floor and sleeper.
func (s scenario) measure(ctx context.Context, dir string, opts options, done func(row)) (rows []row, err error) {
	b := &bench{scenario: s, options: opts, dir: dir}
	for _, name := range []string{"ours", "floor", "sleeper"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return nil, err
		}
	}
	backend, env, err := newMock(dir, mockbackend.Config{Customers: s.customers, Latency: opts.latency})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()
	b.backend = backend
	for _, c := range backend.Customers()[namedCustomers:] {
		b.ids = append(b.ids, c.ID)
	}
	if err := b.prepare(ctx, env); err != nil {
		return nil, err
	}
	// Keep the records of the apply out of the activity log, as if the apply had been days ago.
	backend.SetKnobs(func(k *mockbackend.Knobs) { k.AuditDelay = 24 * time.Hour })
	for _, phase := range s.phases() {
		r, err := b.measurePhase(ctx, phase)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", phase, err)
		}
		backend.SetKnobs(func(k *mockbackend.Knobs) { k.AuditDelay = 0 })
		done(r)
		rows = append(rows, r)
	}
	for _, id := range b.ids {
		if p, ok := backend.Policy(id); ok {
			return rows, fmt.Errorf("customer %s has %q after destroy", id, p.Permissions)
		}
	}
	if v := backend.Violations(); len(v) > 0 && s.configuration == "" {
		return nil, fmt.Errorf("the mock was sent what the API does not document: %s", strings.Join(v, "; "))
	}
	return rows, nil
}

func (s scenario) phases() []string {
	phases := []string{applied, unchanged, drifted, destroyed}
	switch s.name {
	case customerList.name:
		return []string{listed}
	case fleetByLog.name:
		phases = slices.Insert(phases, 2, three)
	case single.name:
		phases = slices.Insert(phases, 2, wide)
	}
	if s.throttled {
		phases = slices.Insert(phases, 2, throttled)
	}
	return phases
}

// prepare creates the workspaces.
func (b *bench) prepare(ctx context.Context, env []string) (err error) {
	ours, floor, sleeper := filepath.Join(b.dir, "ours"), filepath.Join(b.dir, "floor"), filepath.Join(b.dir, "sleeper")
	for _, dir := range []string{ours, floor, sleeper} {
		if err := b.declare(dir, 0); err != nil {
			return err
		}
	}
	if b.configuration != "" {
		b.ours, err = otherProvider(ctx, ours, b.configuration, env)
		return err
	}
	for dir, text := range map[string]string{ours: requirement + b.block, floor: b.scenario.floor, sleeper: sleeperRequirement + b.scenario.sleeper} {
		if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if b.ours, err = acctest.NewWorkspace(ctx, ours, env); err != nil {
		return err
	}
	if b.scenario.floor != "" {
		if b.floor, err = acctest.NewWorkspace(ctx, floor, nil); err != nil {
			return err
		}
	}
	if b.scenario.sleeper == "" {
		return nil
	}
	wait := b.latency
	switch b.name {
	case customerList.name:
		wait *= time.Duration((b.customers + namedCustomers + pageSize - 1) / pageSize)
	case fleet.name:
		wait = wait * time.Duration(b.customers) / time.Duration(b.concurrency)
	}
	b.sleeper, err = newSleeper(ctx, sleeper, wait, b.customers+namedCustomers)
	return err
}

// pageSize is the number of customers on a page of Partner Center.
const pageSize = 500

// otherProvider prepares the folder with another provider's configuration.
func otherProvider(ctx context.Context, dir, from string, env []string) (*acctest.Workspace, error) {
	if err := acctest.CopyConfiguration(dir, from); err != nil {
		return nil, err
	}
	cli, err := acctest.FindCLI()
	if err != nil {
		return nil, err
	}
	if settings := filepath.Join(dir, "cli.tfrc"); fileExists(settings) {
		env = append(env, "TF_CLI_CONFIG_FILE="+settings)
	}
	w := &acctest.Workspace{Dir: dir, CLI: cli, Env: env}
	return w, w.Run(ctx, "init", "-input=false").Err
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// declare writes the map, if the kind has one. Reservations are enabled for all but the first off customers.
func (b *bench) declare(dir string, off int) error {
	if b.name == customerList.name {
		return nil
	}
	permissions := make(map[string]map[string]bool, len(b.ids))
	for i, id := range b.ids {
		permissions[id] = map[string]bool{"azure_reservations": i >= off}
	}
	text, err := json.Marshal(map[string]any{"permissions": permissions})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "permissions.auto.tfvars.json"), text, 0o600)
}

// measurePhase measures one phase.
func (b *bench) measurePhase(ctx context.Context, phase string) (row, error) {
	r := row{scenario: b.scenario, phase: phase}
	args, times, exitCode := []string{"plan", "-detailed-exitcode"}, b.repeat, 0
	backend, ours := b.backend, b.ours
	switch phase {
	case applied, destroyed:
		args, times = []string{phase, "-auto-approve"}, 1
	case wide:
		args = append(args, "-parallelism="+strconv.Itoa(wideParallelism))
	case three, drifted:
		exitCode = 2
		n := 3
		if phase == drifted {
			n = max(len(b.ids)/100, 1)
		}
		if err := errors.Join(b.disableOutside(n), ours.Age(time.Hour)); err != nil {
			return r, err
		}
	case throttled:
		times = 1
		dir := filepath.Join(b.dir, "throttled") // the other mock has its own certificate
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return r, err
		}
		other, env, err := newMock(dir, mockbackend.Config{Customers: b.customers, Rate: rate, Latency: b.latency})
		if err != nil {
			return r, err
		}
		defer func() { _ = other.Close() }() // nothing was written to it
		for _, id := range b.ids {
			other.SetPermissions(id, mockbackend.AzureReservedInstances)
		}
		backend, ours = other, &acctest.Workspace{Dir: ours.Dir, CLI: ours.CLI, Env: append(slices.Clone(ours.Env), env...)}
	}
	args = append(args, "-input=false")
	for range times {
		if b.floor != nil {
			one, err := measure(ctx, b.floor, exitCode, args...)
			if err != nil {
				return r, err
			}
			r.floor = r.floor.orFaster(one)
		}
		backend.ResetJournal()
		backend.ResetCounters()
		one, err := measure(ctx, ours, exitCode, args...)
		if err != nil {
			return r, err
		}
		one.count(backend)
		r.ours = r.ours.orFaster(one)
		if b.sleeper != nil && (phase == applied || phase == unchanged || phase == listed) {
			one, err := measure(ctx, b.sleeper, exitCode, args...)
			if err != nil {
				return r, err
			}
			r.sleeper = r.sleeper.orFaster(one)
		}
	}
	concurrency := b.concurrency
	if phase == wide {
		concurrency = wideParallelism
	}
	if concurrency > 0 {
		r.network = time.Duration(r.ours.requests) * b.latency / time.Duration(concurrency)
	}
	if phase == throttled {
		r.network = time.Duration(len(b.ids)) * rate.Per / time.Duration(rate.Requests)
	}
	return r, nil
}

// disableOutside disables the permissions of the first n customers outside Terraform. The map of the floor
// changes in the same way, so that the CLI has as much to show.
func (b *bench) disableOutside(n int) error {
	for _, id := range b.ids[:n] {
		b.backend.SetPermissions(id)
	}
	if b.floor == nil {
		return nil
	}
	return b.declare(b.floor.Dir, n)
}
