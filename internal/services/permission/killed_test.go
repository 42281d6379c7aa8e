//go:build unix

package permission_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// killedRounds is the number of tries for each way of ending an apply. Many tries take minutes.
var killedRounds = flag.Int("killed", 2, "how often processes are killed and interrupted in each way")

const killedHeader = "terraform {\n  required_providers {\n    partnercenter = {\n      source = \"partnercenter/partnercenter\"\n    }\n  }\n}\n" +
	"variable \"customers\" {\n  type = map(bool)\n}\n"

// Processes are killed, and Ctrl-C is pressed once and twice, while customers are enabled and disabled. This
// never disables a customer that is declared as enabled, and the next apply changes everything to the declared
// values.
func TestAccReservations_killed(t *testing.T) {
	t.Parallel()
	runKilled(t, 100, killedHeader+fmt.Sprintf("resource %q \"all\" {\n  for_each                  = var.customers\n  customer_id               = each.key\n"+
		"  enabled                   = each.value\n  verify_azure_subscription = false\n}\n", typeName))
}

func TestAccFleet_killed(t *testing.T) {
	t.Parallel()
	runKilled(t, 300, killedHeader+fmt.Sprintf("resource %q \"all\" {\n  permissions               = { for id, on in var.customers : id => { azure_reservations = on } }\n"+
		"  verify_azure_subscription = false\n}\n", fleetType))
}

// killed is a configuration of customers. Every fifth of them is enabled at random, and the others are always
// enabled.
type killed struct {
	testing.TB
	*acctest.Backend
	*acctest.Workspace

	random    *rand.Rand
	customers []string
	on, was   map[string]bool // declared now, and in the run before
	seen      int             // number of checked changes
}

func runKilled(t *testing.T, customers int, config string) {
	t.Helper()
	if testing.Short() {
		t.Skip("it runs the CLI many times")
	}
	b, dir := acctest.New(t, mockbackend.Config{Customers: customers + 10}), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := acctest.NewWorkspace(t.Context(), dir, b.WorkspaceEnvironment())
	if err != nil {
		t.Fatal(err)
	}
	k := &killed{TB: t, Backend: b, Workspace: w, random: rand.New(rand.NewPCG(1, uint64(customers))), on: map[string]bool{}}
	for _, c := range b.Customers()[10:] {
		k.customers = append(k.customers, c.ID)
	}
	k.flip()
	k.converges("nothing")
	for _, way := range []struct {
		name string
		end  func(cli *exec.Cmd)
	}{
		{"kill -9 of the provider", k.killProvider},
		{"kill -9 of the CLI", func(cli *exec.Cmd) { k.signal(cli.Process.Pid, syscall.SIGKILL) }},
		{"Ctrl-C", func(cli *exec.Cmd) { k.signal(-cli.Process.Pid, syscall.SIGINT) }},
		{"Ctrl-C twice", func(cli *exec.Cmd) {
			k.signal(-cli.Process.Pid, syscall.SIGINT)
			acctest.Pass(time.Duration(k.random.IntN(100)) * time.Millisecond)
			k.signal(-cli.Process.Pid, syscall.SIGINT)
		}},
	} {
		start, ended := time.Now(), 0
		for range *killedRounds {
			k.flip()
			if k.interrupted(way.end) {
				ended++
			}
			k.noneDisabled(way.name)
			if t.Failed() {
				return
			}
		}
		k.converges(way.name)
		t.Logf("%s: %d of %d runs ended early, %s", way.name, ended, *killedRounds, time.Since(start).Round(time.Second))
	}
	if r := w.Run(t.Context(), "destroy", "-auto-approve", "-input=false"); r.Err != nil {
		t.Fatal(r.Err)
	}
	for _, id := range k.customers {
		acctest.ExpectPermissions(t, b.Backend, id)
	}
}

// flip declares every fifth customer as enabled or disabled at random.
func (k *killed) flip() {
	k.Helper()
	k.was, k.on = k.on, map[string]bool{}
	for i, id := range k.customers {
		k.on[id] = i%5 > 0 || k.random.IntN(2) == 0
	}
	text, err := json.Marshal(map[string]any{"customers": k.on})
	if err != nil {
		k.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(k.Dir, "customers.auto.tfvars.json"), text, 0o600); err != nil {
		k.Fatal(err)
	}
}

// interrupted starts an apply and ends it after a random number of writes. It returns false if the run was
// already over.
func (k *killed) interrupted(end func(*exec.Cmd)) bool {
	k.Helper()
	cli := k.Command(k.Context(), "apply", "-auto-approve", "-input=false", "-refresh=false")
	cli.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches the whole group
	var out bytes.Buffer
	cli.Stdout, cli.Stderr = &out, &out
	writes := len(k.Changes()) + k.random.IntN(len(k.customers)/20)
	if err := cli.Start(); err != nil {
		k.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = cli.Wait() // it was killed, or reported errors
	}()
	// An orphaned provider finishes its work and then exits.
	defer k.signal(-cli.Process.Pid, syscall.SIGKILL)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for len(k.Changes()) < writes {
		select {
		case <-over:
			return false
		case <-tick.C:
		}
	}
	end(cli)
	select {
	case <-over:
	case <-time.After(time.Minute):
		k.Errorf("still running after a minute:\n%s", out.String())
	}
	if strings.Contains(out.String(), "panic:") {
		k.Errorf("a panic:\n%s", out.String())
	}
	return true
}

// signal sends a signal to a process or a group, which may have ended already.
func (k *killed) signal(pid int, s syscall.Signal) {
	k.Helper()
	if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		k.Errorf("kill %d: %v", pid, err)
	}
}

func (k *killed) killProvider(cli *exec.Cmd) {
	k.Helper()
	found, _ := exec.Command("pgrep", "-P", strconv.Itoa(cli.Process.Pid), "-f", "terraform-provider-partnercenter").Output()
	for field := range strings.FieldsSeq(string(found)) {
		if pid, err := strconv.Atoi(field); err == nil {
			k.signal(pid, syscall.SIGKILL)
		}
	}
}

// noneDisabled checks the changes on the server since the last call. Requests of a killed process may still
// arrive during the next run.
func (k *killed) noneDisabled(way string) {
	k.Helper()
	changes := k.Changes()
	for _, c := range changes[k.seen:] {
		if k.on[c.CustomerID] && k.was[c.CustomerID] && slices.Contains(c.Before, ri) && !slices.Contains(c.After, ri) {
			k.Errorf("%s: customer %s is declared as enabled and was disabled", way, c.CustomerID)
		}
	}
	k.seen = len(changes)
}

// converges applies again, which must change everything to the declared values.
func (k *killed) converges(way string) {
	k.Helper()
	state := filepath.Join(k.Dir, "terraform.tfstate")
	if err := k.Age(time.Hour); err != nil && !errors.Is(err, os.ErrNotExist) {
		// The CLI was killed while it wrote the file. A user would take the backup.
		if err := errors.Join(os.Rename(state+".backup", state), k.Age(time.Hour)); err != nil {
			k.Fatal(err)
		}
	}
	if r := k.Run(k.Context(), "apply", "-auto-approve", "-input=false"); r.Err != nil {
		k.Errorf("%s: the next apply: %v", way, r.Err)
	}
	k.noneDisabled(way)
	for _, id := range k.customers {
		var want []string
		if k.on[id] {
			want = []string{ri}
		}
		acctest.ExpectPermissions(k, k.Backend.Backend, id, want...)
	}
	if r := k.Run(k.Context(), "plan", "-detailed-exitcode", "-input=false"); r.ExitCode != 0 {
		k.Errorf("%s: the next plan has exit code %d\n%s", way, r.ExitCode, r.Output)
	}
}
