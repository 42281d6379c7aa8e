// Command partnercenter-mock serves the mock of Entra sign-in, Partner Center and Resource Manager on loopback. It prints
// the environment variables with which the provider uses it. It ends on SIGINT or SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the checked flags.
type options struct {
	config   mockbackend.Config
	envFile  string
	caFile   string
	signInAs string
	ci       string
}

// run serves until the context ends. It returns the exit code: 2 for invalid flags, 1 if it cannot serve.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "partnercenter-mock: %v\n", err)
		return 2
	}
	if err := serve(ctx, opts, stdout); err != nil {
		fmt.Fprintf(stderr, "partnercenter-mock: %v\n", err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (options, error) {
	var opts options
	var rate, tlsKey, behaviour string
	flags := flag.NewFlagSet("partnercenter-mock", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run prints errors once
	flags.IntVar(&opts.config.Customers, "customers", 0, "total `number` of customers; 0 = named customers only")
	flags.Int64Var(&opts.config.Seed, "seed", 0, "`number` that the names and IDs of generated customers depend on")
	flags.DurationVar(&opts.config.Latency, "latency", 0, "`duration` added to each answer, for example 20ms")
	flags.StringVar(&rate, "rate", "", "limit of `requests/duration`, for example 500/1m")
	flags.StringVar(&tlsKey, "tls-key", string(mockbackend.ECDSAKey), "`kind` of the keys of the certificates: ecdsa, or rsa for clients that do not support it")
	flags.StringVar(&behaviour, "behaviour", "", "`path` of a report of \"terraform-provider-partnercenter conformance\"; the mock behaves as the service in the report")
	flags.StringVar(&opts.envFile, "env-file", "", "`path` of the file to write with the environment, once the mock is ready: shell exports, or PowerShell if it ends in .ps1")
	flags.StringVar(&opts.caFile, "ca-file", "", "`path` of the file to write with the CA certificate; default: a temporary file")
	flags.StringVar(&opts.signInAs, "sign-in-as", "admin", "`user` to authenticate as: admin, sales, helpdesk, no-mfa or app-only; with -behaviour the default is that of the report")
	flags.StringVar(&opts.ci, "ci", "", "CI `system` whose OIDC token replaces the client secret: github or azuredevops")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(stderr)
		fmt.Fprintln(stderr, "Usage: partnercenter-mock [flags]")
		flags.PrintDefaults()
	}
	switch {
	case err != nil:
		return opts, err
	case flags.NArg() > 0:
		return opts, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case opts.config.Customers < 0:
		return opts, errors.New("-customers must not be negative")
	case opts.config.Latency < 0:
		return opts, errors.New("-latency must not be negative")
	}
	if behaviour != "" {
		report, err := os.ReadFile(behaviour)
		if err != nil {
			return opts, fmt.Errorf("-behaviour: %w", err)
		}
		if opts.config.Behaviour, err = mockbackend.ParseBehaviour(report); err != nil {
			return opts, fmt.Errorf("-behaviour %s: %w", behaviour, err)
		}
		chosen := false
		flags.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "sign-in-as" })
		if !chosen {
			opts.signInAs = opts.config.Behaviour.SignInAs
		}
	}
	switch opts.signInAs {
	case "admin", "sales", "helpdesk", "no-mfa", "app-only":
	default:
		return opts, fmt.Errorf("-sign-in-as %q: want admin, sales, helpdesk, no-mfa or app-only", opts.signInAs)
	}
	switch opts.ci {
	case "", string(mockbackend.GitHubIssuer), string(mockbackend.AzureDevOpsIssuer):
	default:
		return opts, fmt.Errorf("-ci %q: want github or azuredevops", opts.ci)
	}
	switch opts.config.TLSKey = mockbackend.TLSKey(tlsKey); opts.config.TLSKey {
	case mockbackend.ECDSAKey, mockbackend.RSAKey:
	default:
		return opts, fmt.Errorf("-tls-key %q: want ecdsa or rsa", tlsKey)
	}
	if rate != "" {
		opts.config.Rate, err = mockbackend.ParseRate(rate)
	}
	return opts, err
}

func serve(ctx context.Context, opts options, stdout io.Writer) (err error) {
	b := mockbackend.New(opts.config)
	if err := b.Start(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	caFile := opts.caFile
	if caFile == "" {
		dir, err := os.MkdirTemp("", "partnercenter-mock-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		caFile = filepath.Join(dir, "ca.pem")
	}
	if caFile, err = filepath.Abs(caFile); err != nil {
		return err
	}
	if err := writeFile(caFile, b.CACertificate()); err != nil {
		return err
	}
	environment := variables(b, opts, caFile)
	if opts.envFile != "" {
		if err := writeFile(opts.envFile, []byte(environmentFile(opts.envFile, environment))); err != nil {
			return err
		}
	}
	fmt.Fprint(stdout, description(b, opts), exports(environment))
	<-ctx.Done()
	return nil
}

func variables(b *mockbackend.Backend, opts options, caFile string) []mockbackend.EnvVar {
	environment := b.EnvironmentFor(caFile, refreshToken(b, opts.signInAs))
	if opts.ci == "" {
		return environment
	}
	environment = slices.DeleteFunc(environment, func(v mockbackend.EnvVar) bool { return v.Name == "PARTNERCENTER_CLIENT_SECRET" })
	return append(environment, b.CIEnvironment(mockbackend.OIDCIssuer(opts.ci))...)
}

func refreshToken(b *mockbackend.Backend, who string) string {
	switch who {
	case "sales":
		return b.User(mockbackend.SalesAgent).RefreshToken
	case "helpdesk":
		return b.User(mockbackend.HelpdeskAgent).RefreshToken
	case "no-mfa":
		return b.UserWithoutMFA().RefreshToken
	case "app-only":
		return ""
	}
	return b.User(mockbackend.AdminAgent).RefreshToken
}

// description returns text for people. Its lines are shell comments, so that a shell can run the whole output.
func description(b *mockbackend.Backend, opts options) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# Mock of Microsoft Partner Center with %d customers, ready. Stop it with Ctrl-C.\n", len(b.Customers()))
	if opts.config.Latency > 0 {
		fmt.Fprintf(&text, "# Each answer takes %s.\n", opts.config.Latency.Round(time.Microsecond))
	}
	if rate := opts.config.Rate.String(); rate != "" {
		fmt.Fprintf(&text, "# Throttled after %s.\n", rate)
	}
	fmt.Fprintf(&text, "# Change the mock and read its journal: curl %s\n", b.Endpoints().Control)
	if played := opts.config.Behaviour; played != nil {
		for _, answer := range played.NotPlayed {
			fmt.Fprintf(&text, "# Not played: %s\n", strings.Join(strings.Fields(answer), " "))
		}
	}
	if opts.envFile != "" {
		fmt.Fprintf(&text, "# The environment below is also in %s: . %s\n", opts.envFile, shellQuote(opts.envFile))
	}
	text.WriteString("\n")
	return text.String()
}

func exports(environment []mockbackend.EnvVar) string {
	var lines strings.Builder
	for _, variable := range environment {
		fmt.Fprintf(&lines, "export %s=%s\n", variable.Name, shellQuote(variable.Value))
	}
	return lines.String()
}

// environmentFile returns the content of the environment file.
func environmentFile(path string, environment []mockbackend.EnvVar) string {
	if !strings.EqualFold(filepath.Ext(path), ".ps1") {
		return exports(environment)
	}
	var lines strings.Builder
	for _, variable := range environment {
		fmt.Fprintf(&lines, "$env:%s = '%s'\n", variable.Name, strings.ReplaceAll(variable.Value, "'", "''"))
	}
	return lines.String()
}

func shellQuote(value string) string {
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// writeFile creates the file atomically, because scripts wait for it to appear. Only the owner may read it.
func writeFile(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // documented to have mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // fails after the rename
	_, writeErr := file.Write(data)
	if err := errors.Join(writeErr, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
