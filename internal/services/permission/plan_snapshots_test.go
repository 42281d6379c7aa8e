package permission_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

var updateSnapshots = flag.Bool("update", false, "write testdata/*.txt instead of comparing it")

// snapshots are plans as users see them.
var snapshots = []struct {
	name           string
	before, config string
	outside        map[string][]string
}{
	{name: "single-create", config: single("a", mockbackend.AdatumID, true)},
	{name: "single-disable", before: single("a", mockbackend.AdatumID, true), config: single("a", mockbackend.AdatumID, false)},
	{name: "single-healed", before: single("a", mockbackend.AdatumID, true), config: single("a", mockbackend.AdatumID, true), outside: map[string][]string{mockbackend.AdatumID: nil}},
	{name: "many-create", config: fleetBlock([]string{entry(mockbackend.AdatumID, riOn), entry(mockbackend.LitwareID, `azure_reservations = false`)})},
	{
		name: "many-changed",
		before: fleetBlock([]string{
			entry(mockbackend.AdatumID, `azure_reservations = false`), entry(mockbackend.LitwareID, riOn), entry(mockbackend.ContosoID, riOn), entry(mockbackend.TailspinID, riOn),
		}),
		config: fleetBlock([]string{
			entry(mockbackend.AdatumID, riOn), entry(mockbackend.LitwareID, riOn), entry(mockbackend.ContosoID), entry(mockbackend.FabrikamID, riOn),
		}, `on_error = "report"`, `max_changes = 1`),
	},
	{
		name:    "many-deny",
		before:  fleetBlock([]string{entry(mockbackend.AdatumID, riOn)}),
		config:  fleetBlock([]string{entry(mockbackend.AdatumID, riOn)}, `unlisted = "deny"`),
		outside: map[string][]string{mockbackend.AdatumID: nil},
	},
}

func single(name, customerID string, on bool) string {
	return fmt.Sprintf("resource %q %q {\n  customer_id = %q\n  enabled     = %t\n}\n", typeName, name, customerID, on)
}

// The plans show names and directions. The files in testdata are the plans as this CLI prints them.
func TestCLI_planSnapshots(t *testing.T) {
	t.Parallel()
	for _, c := range snapshots {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := acctest.New(t, mockbackend.Config{})
			w := fleetWorkspace(t, b, c.before)
			if w.CLI.Tofu || !strings.HasPrefix(w.CLI.Version, "1.11.") {
				t.Skip("the snapshots are of Terraform 1.11; other versions print plans in other words")
			}
			if c.before != "" {
				mustRun(t, w, "apply", "-auto-approve")
			}
			if err := w.Age(time.Hour); err != nil && c.before != "" {
				t.Fatal(err)
			}
			for id, on := range c.outside {
				b.SetPermissions(id, on...)
			}
			writeFleet(t, w, c.config)
			got := anonymous(mustRun(t, w, "plan", "-out=plan").Output)
			file := filepath.Join("testdata", c.name+".txt")
			if *updateSnapshots {
				writeFile(t, file, got)
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the plan has changed; run go test -run %s -args -update, and review it:\n%s", t.Name(), got)
			}
		})
	}
}

var (
	generated = regexp.MustCompile(`( id +=) "[0-9a-f-]{36}"`)
	times     = regexp.MustCompile(`\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?`)
	wrapped   = regexp.MustCompile(`([^\n])\n([a-z0-9])`)
)

// anonymous returns the plan without values that differ in every run.
func anonymous(plan string) string {
	if i := strings.Index(plan, "Terraform used"); i >= 0 {
		plan = plan[i:]
	}
	if i := strings.Index(plan, "\n──"); i >= 0 {
		plan = plan[:i]
	}
	plan = generated.ReplaceAllString(plan, `$1 "(generated)"`)
	plan = wrapped.ReplaceAllString(plan, "$1 $2")
	return strings.TrimSpace(times.ReplaceAllString(plan, "(time)")) + "\n"
}
