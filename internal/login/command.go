package login

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/provider"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// These are the exit codes.
const (
	Passed      = 0 // signed in, and every check passed
	Failed      = 1 // the sign-in failed, or the refresh token could not be stored
	Usage       = 2 // wrong flags or settings; nothing was sent
	CheckFailed = 3 // signed in, and at least one check failed
)

// Command is the command with its inputs and outputs.
type Command struct {
	Version        string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	LookupEnv      func(string) (string, bool)
	// OpenBrowser opens an address in the user's browser.
	OpenBrowser func(address string) error
	// Options are the options of the provider.
	Options []provider.Option
}

// flags contains the parsed arguments.
type flags struct {
	settings                                   provider.Flags
	azure, deviceCode, noBrowser, check, print bool
	port                                       int
	output, customer                           string
}

const usage = `Usage: terraform-provider-partnercenter login [flags]
       terraform-provider-partnercenter login --check [flags] [CUSTOMER_ID]

Signs a user of the partner in, with multifactor authentication, and writes the
refresh token that unattended runs of the provider need. Then checks what a run
needs. With --check, checks the sign-in that is configured, without a browser.

Settings come from flags, then from the provider's environment variables, such
as PARTNERCENTER_TENANT_ID, PARTNERCENTER_CLIENT_ID and
PARTNERCENTER_CLIENT_SECRET. There is no flag for a secret.

Exit codes: 0 signed in and all checks passed, 1 sign-in failed,
2 wrong flags or settings, 3 signed in but a check failed.

Flags:
`

// Run executes the command and returns its exit code.
func (c Command) Run(ctx context.Context, args []string) int {
	f, err := c.parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return Passed
	case err != nil:
		c.say("Error: %v\n\nRun \"login --help\" for the flags.", err)
		return Usage
	}
	if f.check {
		return c.check(ctx, f)
	}
	return c.login(ctx, f)
}

func (c Command) parse(args []string) (flags, error) {
	var f flags
	set := flag.NewFlagSet("login", flag.ContinueOnError)
	set.SetOutput(io.Discard) // Run reports each error once
	set.StringVar(&f.settings.TenantID, "tenant-id", "", "Microsoft Entra `tenant` ID or domain of the partner")
	set.StringVar(&f.settings.ClientID, "client-id", "", "application (client) `ID` of the app registration")
	set.StringVar(&f.settings.ClientSecretFilePath, "client-secret-file-path", "", "`file` with a client secret of the application")
	set.StringVar(&f.settings.ClientCertificatePath, "client-certificate-path", "", "`file` with a certificate of the application and its private key")
	set.StringVar(&f.settings.OIDCTokenFile, "oidc-token-file-path", "", "`file` with an OIDC token of a federated credential")
	set.StringVar(&f.settings.Environment, "environment", "", "Microsoft `cloud`: public, usgovernment or china")
	set.StringVar(&f.output, "output", "", "`file` to write the refresh token to, readable by its owner only\n(default: PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH)")
	set.BoolVar(&f.print, "print", false, "print the refresh token to standard output, and everything else to standard error")
	set.BoolVar(&f.azure, "azure", false, "also ask for consent to Azure, and require it in the checks")
	set.BoolVar(&f.deviceCode, "device-code", false, "sign in on another computer, with a code")
	set.BoolVar(&f.noBrowser, "no-browser", false, "print the address to open, and read the address that the browser ends at")
	set.IntVar(&f.port, "port", 8400, "`port` on localhost that the browser returns to, 0 for any")
	set.BoolVar(&f.check, "check", false, "check the configured sign-in; with a customer ID, also Azure in the customer's tenant")
	var rest []string
	for { // flags may follow the customer ID
		if err := set.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				fmt.Fprint(c.Stderr, usage)
				set.SetOutput(c.Stderr)
				set.PrintDefaults()
			}
			return f, err
		}
		if set.NArg() == 0 {
			break
		}
		rest, args = append(rest, set.Arg(0)), set.Args()[1:]
	}
	if len(rest) > 0 {
		f.customer = rest[0]
	}
	switch {
	case len(rest) > 1 || len(rest) == 1 && !f.check:
		return f, fmt.Errorf("unexpected argument %q", rest[len(rest)-1])
	case f.customer != "" && tfkit.CheckGUID(f.customer) != nil:
		return f, fmt.Errorf("%q is not a customer ID, which is a GUID", f.customer)
	case f.check && (f.output != "" || f.print || f.deviceCode || f.noBrowser):
		return f, errors.New("--check does not sign a user in, so it takes none of --output, --print, --device-code and --no-browser")
	case f.deviceCode && f.noBrowser:
		return f, errors.New("use one of --device-code and --no-browser")
	case f.port < 0 || f.port > 65535:
		return f, fmt.Errorf("--port %d is not a port", f.port)
	}
	if f.output == "" {
		f.output, _ = c.LookupEnv("PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH")
	}
	if !f.check && f.output == "" && !f.print {
		return f, errors.New("say where the refresh token goes: --output FILE, or --print")
	}
	return f, nil
}

// login signs a user in, stores the refresh token and checks it.
func (c Command) login(ctx context.Context, f flags) int {
	before, ok := c.setUp(f.settings, c.withoutUser)
	if !ok {
		return Usage
	}
	permissions := []string{before.Permission}
	if f.azure {
		permissions = append(permissions, before.AzurePermission)
	}
	signIn, err := credential.NewUserSignIn(before.SignIn, permissions...)
	if err != nil {
		c.say("Error: %s. \"login\" needs a secret, certificate or OIDC token of an application.", tfkit.Reason(err))
		return Usage
	}
	if f.output != "" {
		if err := signIn.CheckPath(f.output); err != nil {
			c.say("Error: The refresh token cannot be written to %s: %v", f.output, err)
			return Usage
		}
	}
	token, err := c.signIn(ctx, signIn, f)
	if err != nil {
		return c.failed(ctx, err)
	}
	if f.output != "" {
		if err := signIn.Store(f.output, token); err != nil {
			c.say("Error: %s", tfkit.Reason(err))
			return Failed
		}
		c.say("The refresh token is in %s.", f.output)
	}
	f.settings.RefreshToken, f.settings.RefreshTokenOutputPath = token, f.output
	after, ok := c.setUp(f.settings, c.withoutToken)
	if !ok {
		return Failed
	}
	code := c.report(ctx, after, f)
	if f.print {
		fmt.Fprintln(c.Stdout, token)
	}
	c.say("\nNext: store the refresh token where your runs find it, see %s.", storeGuide)
	return code
}

// storeGuide is the section of the guide with the command for each vault.
var storeGuide = "https://" + strings.Replace(provider.Address, "/", "/providers/", 1) + "/latest/docs/guides/secure_application_model#store-the-refresh-token"

// check checks the configured sign-in.
func (c Command) check(ctx context.Context, f flags) int {
	setup, ok := c.setUp(f.settings, c.LookupEnv)
	if !ok {
		return Usage
	}
	return c.report(ctx, setup, f)
}

func (c Command) signIn(ctx context.Context, s *credential.UserSignIn, f flags) (string, error) {
	switch {
	case f.deviceCode:
		d, err := s.StartDeviceCode(ctx)
		if err != nil {
			return "", err
		}
		c.say("On any computer, open %s and enter the code %s. Sign in as the service account, with multifactor authentication.\n", d.VerificationURI, d.UserCode)
		return s.Await(ctx, d)
	case f.noBrowser:
		return c.pasted(ctx, s, f.port)
	}
	return c.inBrowser(ctx, s, f.port)
}

// withoutToken hides the environment variables of an older refresh token.
func (c Command) withoutToken(name string) (string, bool) {
	if strings.HasPrefix(name, "PARTNERCENTER_REFRESH_TOKEN") {
		return "", false
	}
	return c.LookupEnv(name)
}

// withoutUser also hides the variables that need a user, because nobody is signed in yet.
func (c Command) withoutUser(name string) (string, bool) {
	if name == "PARTNERCENTER_AZURE_AUTH_MODE" {
		return "", false
	}
	return c.withoutToken(name)
}

func (c Command) setUp(settings provider.Flags, lookupEnv func(string) (string, bool)) (*provider.Setup, bool) {
	setup, diags := provider.NewSetup(c.Version, settings, lookupEnv, func(headline, text string) { c.say("Warning: %s\n\n%s\n", headline, text) }, c.Options...)
	for _, d := range diags {
		if d.Severity() == diag.SeverityError {
			c.say("Error: %s\n\n%s\n", d.Summary(), forFlags(d.Detail()))
		} else if settings.RefreshToken == "" { // a token that was just issued needs no warning
			c.say("Warning: %s\n\n%s\n", d.Summary(), d.Detail())
		}
	}
	if setup == nil {
		c.say("\"login\" reads flags and environment variables. It does not read the provider block.")
	}
	return setup, setup != nil
}

var settingAdvice = regexp.MustCompile(`set (\w+) in the provider block or the environment variable (\w+)`)

// forFlags adapts the provider's advice for users of flags, who have no provider block.
func forFlags(detail string) string {
	return settingAdvice.ReplaceAllStringFunc(detail, func(advice string) string {
		found := settingAdvice.FindStringSubmatch(advice)
		switch setting, variable := found[1], found[2]; setting {
		case "tenant_id", "client_id":
			return "use --" + strings.ReplaceAll(setting, "_", "-") + " or set the environment variable " + variable
		default:
			return "set the environment variable " + variable
		}
	})
}

// failed reports a failed sign-in.
func (c Command) failed(ctx context.Context, err error) int {
	if ctx.Err() != nil {
		c.say("Cancelled.")
		return Failed
	}
	c.say("Error: Could not sign in\n\n%s", tfkit.Reason(err))
	return Failed
}

// say prints a message for the user.
func (c Command) say(format string, args ...any) { fmt.Fprintf(c.Stderr, format+"\n", args...) }
