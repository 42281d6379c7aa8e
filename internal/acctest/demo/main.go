// Command demo shows the provider in operation. The real CLI applies examples/quickstart and other examples to
// the mock backend, step by step. The demo writes only into .bin/demo, and ends with an error if a step has
// another result than expected.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "\nThe demo failed: %v\n", err)
		os.Exit(1)
	}
}

// demo is the input of all steps.
type demo struct {
	backend *mockbackend.Backend
	*acctest.Workspace
}

func run(ctx context.Context) (err error) {
	dir := filepath.Join(acctest.Root(), ".bin", "demo")
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	backend := mockbackend.New(mockbackend.Config{})
	if err := backend.Start(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, backend.CACertificate(), 0o600); err != nil {
		return err
	}
	var env []string
	for _, v := range backend.Environment(ca) {
		env = append(env, v.Name+"="+v.Value)
	}
	example := filepath.Join(acctest.Root(), "examples", "quickstart")
	if err := acctest.CopyConfiguration(dir, example); err != nil {
		return err
	}
	fmt.Println("Building the provider and starting a mock of Partner Center …")
	w, err := acctest.NewWorkspace(ctx, dir, env)
	if err != nil {
		return err
	}
	name := "Terraform"
	if w.CLI.Tofu {
		name = "OpenTofu"
	}
	fmt.Printf("%s %s, examples/quickstart, %d customers.\n\n", name, w.CLI.Version, len(backend.Customers()))

	d := &demo{backend, w}
	for i, step := range []struct {
		title string
		do    func(context.Context) (string, error)
	}{
		{"apply enables reservations for every customer that has an Azure plan", d.apply},
		{"a second plan has no changes", d.noChanges},
		{"somebody disables one in the portal, and a plan shows it", d.drift},
		{"another apply enables it again", d.heal},
		{"a customer buys a reservation, and the next plan says so", d.purchase},
		{"a customer buys a savings plan in the Azure portal, which has no order, and the next plan says so", d.savingsPlan},
		{"the permission of that customer is disabled, and so are the renewals of all its reservations", d.stop},
		{"Partner Center's activity log names every change and purchase, and who made it", d.activityLog},
		{"destroy disables them, and keeps the permissions to buy savings plans", d.destroy},
		{"a customer without an Azure plan gets one, an Owner and the permission, from one configuration", d.onboard},
	} {
		shown, err := step.do(ctx)
		if err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, step.title, err)
		}
		fmt.Printf("%d. %s\n%s\n\n", i+1, step.title, indent(shown))
	}
	if v := backend.Violations(); len(v) > 0 {
		return fmt.Errorf("the mock was sent what the API does not document: %s", strings.Join(v, "; "))
	}
	fmt.Println("All as expected; nothing is left running.")
	return nil
}

// reservations returns the customers that may buy reservations according to the mock.
func (d *demo) reservations() []string {
	var on []string
	for _, c := range d.backend.Customers() {
		if p, ok := d.backend.Policy(c.ID); ok && slices.Contains(p.Permissions, "AzureReservedInstances") {
			on = append(on, c.CompanyName)
		}
	}
	slices.Sort(on)
	return on
}

var withAzurePlan = []string{"Adatum", "Contoso", "Litware", "Tailspin"}

func (d *demo) expectOn(companies []string) error {
	on := d.reservations()
	if !slices.EqualFunc(on, companies, strings.HasPrefix) {
		return fmt.Errorf("the server says that %q may buy, not %q", on, companies)
	}
	return nil
}

func (d *demo) apply(ctx context.Context) (string, error) {
	r := d.Run(ctx, "apply", "-auto-approve", "-input=false")
	if r.Err != nil {
		return "", r.Err
	}
	return lines(r.Output, `\+ change_summary`, `= "reservations: `, `^Apply complete!`), d.expectOn(withAzurePlan)
}

func (d *demo) plan(ctx context.Context, exitCode int) (string, error) {
	r := d.Run(ctx, "plan", "-input=false", "-detailed-exitcode")
	if r.Err == nil && r.ExitCode != exitCode {
		r.Err = fmt.Errorf("the plan's exit code is %d, not %d\n%s", r.ExitCode, exitCode, r.Output)
	}
	return r.Output, r.Err
}

func (d *demo) noChanges(ctx context.Context) (string, error) {
	out, err := d.plan(ctx, 0)
	return lines(out, `^No changes`), err
}

func (d *demo) drift(ctx context.Context) (string, error) {
	if err := d.Age(time.Hour); err != nil {
		return "", err
	}
	d.backend.SetPermissions(mockbackend.AdatumID)
	out, err := d.plan(ctx, 2)
	return lines(out, `\+ change_summary`, `= "reservations: `, `reservations disabled by`, `^portal\.agent`, `^Plan:`), err
}

func (d *demo) heal(ctx context.Context) (string, error) {
	r := d.Run(ctx, "apply", "-auto-approve", "-input=false")
	if r.Err != nil {
		return "", r.Err
	}
	return lines(r.Output, `^Apply complete!`), d.expectOn(withAzurePlan)
}

// purchase plans with examples/purchase-alarm in a separate folder.
func (d *demo) purchase(ctx context.Context) (string, error) {
	alarm := filepath.Join(d.Dir, "alarm")
	if err := os.Mkdir(alarm, 0o755); err != nil {
		return "", err
	}
	if err := acctest.CopyConfiguration(alarm, filepath.Join(acctest.Root(), "examples", "purchase-alarm")); err != nil {
		return "", err
	}
	w := &acctest.Workspace{Dir: alarm, CLI: d.CLI, Env: d.Env}
	for _, args := range [][]string{{"init", "-input=false"}, {"apply", "-auto-approve", "-input=false"}} {
		if r := w.Run(ctx, args...); r.Err != nil {
			return "", r.Err
		} else if strings.Contains(r.Output, "Check block") {
			return "", fmt.Errorf("an alarm before the first purchase:\n%s", r.Output)
		}
	}
	order, err := d.backend.BuyReservation(mockbackend.ContosoID, mockbackend.ContosoUserPrincipalName, mockbackend.Purchase{Quantity: 2, TermDuration: "P3Y"})
	if err != nil {
		return "", err
	}
	r := w.Run(ctx, "plan", "-input=false")
	if r.Err == nil && !strings.Contains(r.Output, "by "+mockbackend.ContosoUserPrincipalName+"\n") {
		r.Err = fmt.Errorf("the plan does not say who bought order %s\n%s", order.ID, r.Output)
	}
	return lines(r.Output, `Warning: Check`, `^Customers bought`, `Contoso Demo: `, `by azure.owner@`), r.Err
}

// savingsPlan plans again in the folder of purchase.
func (d *demo) savingsPlan(ctx context.Context) (string, error) {
	plan, err := d.backend.BuySavingsPlan(mockbackend.ContosoID, mockbackend.ContosoUserPrincipalName, mockbackend.Purchase{Commitment: "0.75", AutoRenew: true})
	if err != nil {
		return "", err
	}
	w := &acctest.Workspace{Dir: filepath.Join(d.Dir, "alarm"), CLI: d.CLI, Env: d.Env}
	r := w.Run(ctx, "plan", "-input=false")
	if r.Err == nil && !strings.Contains(r.Output, "Compute savings plan, 1 year, 0.75 USD per hour\n") {
		r.Err = fmt.Errorf("the plan does not name the savings plan %s\n%s", plan.ID, r.Output)
	}
	return lines(r.Output, `Warning: Check`, `^Customers bought`, `Contoso Demo: Compute`, `bought outside Partner Center`), r.Err
}

// stop applies examples/stop-purchases to one customer in a separate folder.
func (d *demo) stop(ctx context.Context) (string, error) {
	stop := filepath.Join(d.Dir, "stop")
	if err := os.Mkdir(stop, 0o755); err != nil {
		return "", err
	}
	if err := acctest.CopyConfiguration(stop, filepath.Join(acctest.Root(), "examples", "stop-purchases")); err != nil {
		return "", err
	}
	w := &acctest.Workspace{Dir: stop, CLI: d.CLI, Env: append(slices.Clone(d.Env), fmt.Sprintf("TF_VAR_customer_ids=[%q]", mockbackend.ContosoID))}
	if r := w.Run(ctx, "init", "-input=false"); r.Err != nil {
		return "", r.Err
	}
	r := w.Run(ctx, "apply", "-auto-approve", "-input=false")
	if r.Err != nil {
		return "", r.Err
	}
	reservations := d.backend.AzureReservations(mockbackend.ContosoID)
	if len(reservations) != 2 || slices.ContainsFunc(reservations, func(a mockbackend.AzureReservation) bool { return !a.NoRenewal }) {
		return "", fmt.Errorf("the renewal of some reservations is still enabled: %+v", reservations)
	}
	return lines(r.Output, `^Apply complete!`, `^\+ name .* of Contoso Demo"$`), d.expectOn([]string{"Adatum", "Litware", "Tailspin"})
}

// onboard applies examples/customer-onboarding in a separate folder.
func (d *demo) onboard(ctx context.Context) (string, error) {
	dir := filepath.Join(d.Dir, "onboarding")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	if err := acctest.CopyConfiguration(dir, filepath.Join(acctest.Root(), "examples", "customer-onboarding")); err != nil {
		return "", err
	}
	w := &acctest.Workspace{Dir: dir, CLI: d.CLI, Env: append([]string{
		"TF_VAR_partner_on_record_attestation_accepted=true",
		fmt.Sprintf(`TF_VAR_customers={northwind={customer_id=%q,buyer="azure.owner@northwind-demo.onmicrosoft.com"}}`, mockbackend.NorthwindID),
	}, d.Env...)}
	var r acctest.Result
	for _, args := range [][]string{{"init", "-input=false"}, {"apply", "-auto-approve", "-input=false"}} {
		if r = w.Run(ctx, args...); r.Err != nil {
			return "", r.Err
		}
	}
	return lines(r.Output, `^partnercenter_.*Creation complete`, `^Apply complete!`), d.expectOn([]string{"Northwind"})
}

func (d *demo) activityLog(context.Context) (string, error) {
	var b strings.Builder
	records := d.backend.AuditRecords()
	for _, r := range records {
		fmt.Fprintf(&b, "%s  %-28s %-14s %s\n", r.OperationDate[:19], r.OperationType, r.CustomerName, r.UserPrincipalName)
	}
	if len(records) < 4 {
		return "", fmt.Errorf("the activity log has only %d records:\n%s", len(records), b.String())
	}
	return b.String(), nil
}

func (d *demo) destroy(ctx context.Context) (string, error) {
	if err := d.Age(time.Hour); err != nil {
		return "", err
	}
	r := d.Run(ctx, "destroy", "-auto-approve", "-input=false")
	if r.Err != nil {
		return "", r.Err
	}
	if p, ok := d.backend.Policy(mockbackend.ContosoID); !ok || !slices.Contains(p.Permissions, "AzureSavingsPlan") {
		return "", errors.New("the savings plans permission of Contoso is gone")
	}
	return lines(r.Output, `^Destroy complete!`), d.expectOn(nil)
}

// lines returns the lines of out that match a pattern.
func lines(out string, patterns ...string) string {
	pattern := regexp.MustCompile(strings.Join(patterns, "|"))
	var found []string
	for line := range strings.Lines(out) {
		if pattern.MatchString(strings.TrimSpace(line)) || pattern.MatchString(line) {
			found = append(found, strings.TrimSpace(strings.Trim(strings.TrimSpace(line), "│")))
		}
	}
	return strings.Join(found, "\n")
}

func indent(s string) string {
	return "   " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n   ")
}
