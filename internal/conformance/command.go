package conformance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/provider"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// These are the exit codes.
const (
	Done        = 0 // the report was written
	Failed      = 1 // no sign-in, no network, or the report could not be written
	Usage       = 2 // wrong flags or settings; nothing was sent
	NotRestored = 3 // the permissions of the customer of -write were not restored
)

// Command is the command with its inputs and outputs.
type Command struct {
	Version        string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	LookupEnv      func(string) (string, bool)
	// Options are the options of the provider.
	Options []provider.Option
}

type flags struct {
	write, output, role string
	wait                time.Duration
}

const usage = `Usage: terraform-provider-partnercenter conformance [flags]

Tests how Partner Center behaves where Microsoft does not document it.
Prints a table and writes a report in JSON, without names, tokens or IDs, that
you can attach to an issue. It authenticates in the same way as the provider,
with the environment variables PARTNERCENTER_TENANT_ID, PARTNERCENTER_CLIENT_ID
and so on.

It only reads, with about 150 requests. With -write it also changes the
permissions of one customer of a sandbox, after you typed its ID, and restores
them.

Exit codes: 0 report written, 1 failed, 2 wrong flags or settings, 3 the
permissions of the customer of -write are not as before.

Flags:
`

// Run executes the command and returns its exit code.
func (c Command) Run(ctx context.Context, args []string) int {
	f, err := c.parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return Done
	case err != nil:
		c.say("Error: %v\n\nRun \"conformance -help\" for the flags.", err)
		return Usage
	}
	setup, ok := c.setUp(c.LookupEnv, true)
	if !ok {
		return Usage
	}
	if f.write != "" && !c.confirmed(f.write) {
		c.say("Nothing was sent.")
		return Usage
	}
	o := newObserver(setup.Clients)
	if !setup.Clients.PartnerCenter.AppOnly() {
		if alone, ok := c.setUp(c.withoutUser, false); ok && alone.Clients.PartnerCenter.AppOnly() {
			o.appOnly = alone.Clients.PartnerCenter
		}
	}
	r, err := o.report(ctx, c.Version, f.role)
	if err != nil {
		return c.failed(ctx, err)
	}
	code := Done
	if f.write != "" {
		w := &writing{observer: o, customer: strings.ToLower(f.write), wait: f.wait, say: c.say}
		answers, err := w.probe(ctx)
		r.Answers = append(r.Answers, answers...)
		switch {
		case w.notRestored != nil:
			code = NotRestored
		case err != nil:
			return c.failed(ctx, err)
		}
	}
	r.table(c.Stdout)
	if err := os.WriteFile(f.output, r.json(), 0o600); err != nil {
		c.say("Error: the report cannot be written: %v", err)
		return Failed
	}
	c.say("\nThe report is in %s. It has no names, tokens or IDs. Read it, and attach it to an issue.", f.output)
	return code
}

func (c Command) parse(args []string) (flags, error) {
	var f flags
	set := flag.NewFlagSet("conformance", flag.ContinueOnError)
	set.SetOutput(io.Discard) // Run reports each error once
	set.StringVar(&f.write, "write", "", "`customer` ID of a sandbox whose permissions are changed and restored")
	set.StringVar(&f.output, "output", "conformance-report.json", "`file` to write the report to")
	set.StringVar(&f.role, "role", "", "`role` of the user, for the report: admin, sales or helpdesk; no call tells it")
	set.DurationVar(&f.wait, "wait", 10*time.Minute, "with -write, how `long` to wait for the activity log")
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(c.Stderr, usage)
			set.SetOutput(c.Stderr)
			set.PrintDefaults()
		}
		return f, err
	}
	switch {
	case set.NArg() > 0:
		return f, fmt.Errorf("unexpected argument %q", set.Arg(0))
	case f.write != "" && tfkit.CheckGUID(f.write) != nil:
		return f, fmt.Errorf("-write %q is not a customer ID, which is a GUID", f.write)
	case f.wait < 0:
		return f, errors.New("-wait must not be negative")
	}
	switch f.role {
	case "", "admin", "sales", "helpdesk":
	default:
		return f, fmt.Errorf("-role %q: want admin, sales or helpdesk", f.role)
	}
	return f, nil
}

// confirmed requires the user to type the customer's ID.
func (c Command) confirmed(customer string) bool {
	fmt.Fprintf(c.Stderr, "This changes the permissions of customer %s several times: for seconds the customer can buy Azure reservations\n"+
		"and savings plans, or cannot although it could before. Then the permissions of now are restored.\n"+
		"Use a customer of a sandbox, and one that nobody else changes meanwhile.\n\nType the customer ID to go on: ", customer)
	var typed string
	_, err := fmt.Fscanln(c.Stdin, &typed)
	return err == nil && strings.EqualFold(strings.TrimSpace(typed), customer)
}

// withoutUser hides the environment variables for a user sign-in.
func (c Command) withoutUser(name string) (string, bool) {
	if strings.HasPrefix(name, "PARTNERCENTER_REFRESH_TOKEN") || name == "PARTNERCENTER_AZURE_AUTH_MODE" {
		return "", false
	}
	return c.LookupEnv(name)
}

func (c Command) setUp(lookupEnv func(string) (string, bool), loud bool) (*provider.Setup, bool) {
	warn := func(headline, text string) {
		if loud {
			c.say("Warning: %s\n\n%s\n", headline, text)
		}
	}
	setup, diags := provider.NewSetup(c.Version, provider.Flags{}, lookupEnv, warn, c.Options...)
	for _, d := range diags {
		if loud && d.Severity() == diag.SeverityError {
			c.say("Error: %s\n\n%s\n", d.Summary(), d.Detail())
		}
	}
	return setup, setup != nil
}

func (c Command) failed(ctx context.Context, err error) int {
	if ctx.Err() != nil {
		c.say("Cancelled.")
		return Failed
	}
	c.say("Error: %s", tfkit.Detail(err))
	return Failed
}

func (c Command) say(format string, args ...any) { fmt.Fprintf(c.Stderr, format+"\n", args...) }
