package provider

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

const (
	tenantA   = "1d3f0c52-6a4e-4b8e-9c55-2f4a7be0a101"
	tenantB   = "2d3f0c52-6a4e-4b8e-9c55-2f4a7be0a102"
	clientA   = "44a8f2de-0b1c-4a7e-8f7d-0d9be3f6c303"
	clientB   = "55a8f2de-0b1c-4a7e-8f7d-0d9be3f6c304"
	secretA   = "s3cret-a"
	secretB   = "s3cret-b"
	endpointA = "https://a.example"
	endpointB = "https://b.example"
)

// complete returns a configuration with all required settings.
func completeModel() providerModel {
	return providerModel{
		TenantID: types.StringValue(tenantA), ClientID: types.StringValue(clientA), ClientSecret: types.StringValue(secretA),
		Endpoints: new(endpointsModel),
	}
}

// env is a set of environment variables.
type env map[string]string

func (e env) lookup(name string) (string, bool) {
	v, ok := e[name]
	return v, ok
}

// mustFail fails the test unless the diagnostics are one error, on the setting's attribute and with these words.
// The error must not contain a secret.
func mustFail(t *testing.T, diags diag.Diagnostics, setting, summary string, words ...string) {
	t.Helper()
	if len(diags) != 1 || diags[0].Severity() != diag.SeverityError {
		t.Fatalf("got %v, want one error", diags)
	}
	at := path.Root(setting)
	if block, name, ok := strings.Cut(setting, "."); ok {
		at = path.Root(block).AtName(name)
	}
	if d, ok := diags[0].(diag.DiagnosticWithPath); !ok || !d.Path().Equal(at) {
		t.Errorf("the error is not on %s: %v", at, diags[0])
	}
	if diags[0].Summary() != summary {
		t.Errorf("got the summary %q, want %q", diags[0].Summary(), summary)
	}
	for _, w := range words {
		if !strings.Contains(diags[0].Detail(), w) {
			t.Errorf("%q does not say %q", diags[0].Detail(), w)
		}
	}
	mustHideSecrets(t, diags)
}

// mustWait fails the test unless the settings resolve without diagnostics and a sign-in then fails for this unknown
// setting.
func mustWait(t *testing.T, s settings, diags diag.Diagnostics, setting string) {
	t.Helper()
	if len(diags) != 0 || !slices.Equal(s.unknown, []string{setting}) {
		t.Fatalf("got %v, and the sign-in needs %q", diags, s.unknown)
	}
	clients, diags := (&partnerCenterProvider{transport: forbidden{t}}).clients(s, "")
	if len(diags) != 0 {
		t.Fatal(diags)
	}
	_, err := clients.PartnerCenter.SelfServePolicies.Get(t.Context(), tenantB)
	d := tfkit.Failure("Could not read it", err)
	if d.Summary() != "Sign-in failed: unknown value for "+setting || !strings.Contains(d.Detail(), "known only after apply") ||
		!strings.Contains(d.Detail(), "set "+environment[setting][0]+" instead") {
		t.Errorf("got %q: %q", d.Summary(), d.Detail())
	}
}

func mustHideSecrets(t *testing.T, diags diag.Diagnostics) {
	t.Helper()
	for _, d := range diags {
		if text := d.Summary() + d.Detail(); strings.Contains(text, "s3cret") {
			t.Errorf("%q repeats a secret", text)
		}
	}
}

func TestEnvironment_namesOneVariableForEachSetting(t *testing.T) {
	var settings []string
	for _, model := range []struct {
		prefix string
		of     reflect.Type
	}{{"", reflect.TypeFor[providerModel]()}, {"endpoints.", reflect.TypeFor[endpointsModel]()}} {
		for f := range model.of.Fields() {
			if name := f.Tag.Get("tfsdk"); name != "endpoints" {
				settings = append(settings, model.prefix+name)
			}
		}
	}
	seen := make(map[string]bool)
	for _, s := range settings {
		names := environment[s]
		if len(names) == 0 || !strings.HasPrefix(names[0], "PARTNERCENTER_") || !slices.IsSortedFunc(names, func(a, b string) int { return levelOf(a) - levelOf(b) }) {
			t.Errorf("the variables of %s are %q", s, names)
		}
		for _, name := range names {
			if seen[name] {
				t.Errorf("%s stands for two settings", name)
			}
			seen[name] = true
		}
	}
	if len(environment) != len(settings) {
		t.Errorf("there are %d variables for %d settings", len(environment), len(settings))
	}
}

// text is a text setting with two valid values and some invalid ones.
type text struct {
	setting  string
	field    func(*providerModel) *types.String
	result   func(settings) string
	a, b     string
	bad      map[string]string // invalid value to the text of the error
	fallback string            // if it is not set
	required bool
}

var texts = []text{
	{
		"tenant_id", func(m *providerModel) *types.String { return &m.TenantID }, func(s settings) string { return s.tenantID },
		tenantB, "contoso.onmicrosoft.com",
		map[string]string{
			"contoso": "must be the tenant's ID", "common": "must be the tenant's ID", "{" + tenantA + "}": "such as 1d3f0c52",
			tenantA + "\n": "must be the tenant's ID", "https://contoso.com": "contoso.onmicrosoft.com", "-a.com": "must be", "a..com": "must be",
		},
		"", true,
	},
	{
		"client_id", func(m *providerModel) *types.String { return &m.ClientID }, func(s settings) string { return s.clientID },
		clientA, clientB,
		map[string]string{"my app": "must be a GUID such as", clientA + " ": "must be a GUID such as"},
		"", true,
	},
	{
		"client_secret", func(m *providerModel) *types.String { return &m.ClientSecret }, func(s settings) string { return s.signIn.secret },
		secretA, secretB,
		map[string]string{" s3cret": "white space", "s3cret\n": "white space", " ": "white space"},
		"", true,
	},
	{
		"refresh_token", func(m *providerModel) *types.String { return &m.RefreshToken }, func(s settings) string { return s.refreshToken },
		secretA, secretB,
		map[string]string{"s3cret\r\n": "white space", "\ts3cret": "white space"},
		"", false,
	},
	{
		"endpoints.partner_center", func(m *providerModel) *types.String { return &m.Endpoints.PartnerCenter },
		func(s settings) string { return s.partnerCenter.String() }, endpointA, "http://127.0.0.1:8080",
		map[string]string{
			"http://a.example": "plain http", "a.example": "https://", "https://user:s3cret@a.example": "without user",
			"user:s3cret@a.example": "without user", "https://a.example?x=s3cret": "query", "https://": "no host", "s3cret:\x00": "not a base URL",
		},
		partnercenter.DefaultEndpoint, false,
	},
	{
		"endpoints.authority_host", func(m *providerModel) *types.String { return &m.Endpoints.AuthorityHost },
		func(s settings) string { return s.authority.String() }, endpointA, endpointB,
		map[string]string{"http://login.example": "plain http", "http://127.0.0.1:8080": "over https only", "https://user:s3cret@a.example": "without user", "login.example": "https://"},
		"https://login.microsoftonline.com", false,
	},
}

func TestResolve_texts(t *testing.T) {
	null, unknown := types.StringNull(), types.StringUnknown()
	for _, x := range texts {
		variable := environment[x.setting][0]
		resolveWith := func(v types.String, e env) (settings, diag.Diagnostics) {
			m := completeModel()
			*x.field(&m) = v
			s, diags := resolve(m, e.lookup)
			return s, diags.Errors()
		}
		for name, c := range map[string]struct {
			config types.String
			env    env
			want   string
		}{
			"from the configuration":                      {types.StringValue(x.a), nil, x.a},
			"from the environment":                        {null, env{variable: x.a}, x.a},
			"from the configuration when both are set":    {types.StringValue(x.a), env{variable: x.b}, x.a},
			"from the environment when the other is \"\"": {types.StringValue(""), env{variable: x.b}, x.b},
			"and not from another variable":               {types.StringValue(x.a), env{"PARTNERCENTER_OTHER": x.b, "ARM_OTHER": x.b}, x.a},
		} {
			t.Run(x.setting+" "+name, func(t *testing.T) {
				s, diags := resolveWith(c.config, c.env)
				if len(diags) != 0 {
					t.Fatal(diags)
				}
				if got := x.result(s); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
		}
		for name, c := range map[string]struct {
			config types.String
			env    env
		}{
			"that is nowhere":                {null, nil},
			"that is empty everywhere":       {types.StringValue(""), env{variable: ""}},
			"that is empty in one":           {types.StringValue(""), nil},
			"whose variable is empty":        {null, env{variable: ""}},
			"whose neighbour's variable set": {null, env{variable + "_FILE": x.a}},
		} {
			t.Run(x.setting+" "+name, func(t *testing.T) {
				s, diags := resolveWith(c.config, c.env)
				if x.setting == "client_secret" {
					mustFail(t, diags, x.setting, "No sign-in method is configured", "environment variable "+variable, "- Certificate: ", "- Azure CLI: ", docsLink)
					return
				}
				if x.required {
					mustFail(t, diags, x.setting, "Missing "+x.setting, "What to do: set "+x.setting+" ", "environment variable "+variable+".")
					return
				}
				if len(diags) != 0 || x.result(s) != x.fallback {
					t.Errorf("got %q and %v, want %q", x.result(s), diags, x.fallback)
				}
			})
		}
		for name, e := range map[string]env{"": nil, " whatever the environment says": {variable: x.a}} {
			t.Run(x.setting+" that is unknown"+name, func(t *testing.T) {
				s, diags := resolveWith(unknown, e)
				mustWait(t, s, diags, x.setting)
				if x.result(s) == x.a {
					t.Error("the environment's value was taken")
				}
			})
		}
		for bad, says := range x.bad {
			t.Run(fmt.Sprintf("%s that is %q", x.setting, bad), func(t *testing.T) {
				_, diags := resolveWith(types.StringValue(bad), env{variable: x.a})
				mustFail(t, diags, x.setting, "Invalid "+x.setting, "The value of "+x.setting+" ", says)
			})
			t.Run(fmt.Sprintf("%s that is %q in the environment", x.setting, bad), func(t *testing.T) {
				_, diags := resolveWith(null, env{variable: bad})
				mustFail(t, diags, x.setting, "Invalid "+x.setting, "The value of "+variable+" ", says)
			})
		}
	}
}

func TestResolve_disableInstanceDiscovery(t *testing.T) {
	const setting, variable = "disable_instance_discovery", "PARTNERCENTER_DISABLE_INSTANCE_DISCOVERY"
	null, yes, no := types.BoolNull(), types.BoolValue(true), types.BoolValue(false)
	for name, c := range map[string]struct {
		config types.Bool
		env    env
		want   bool
	}{
		"is off when it is nowhere":                 {null, nil, false},
		"is off when its variable is empty":         {null, env{variable: ""}, false},
		"from the configuration":                    {yes, nil, true},
		"from the environment":                      {null, env{variable: "true"}, true},
		"from the environment, as a number":         {null, env{variable: "1"}, true},
		"off from the environment":                  {null, env{variable: "false"}, false},
		"on from the configuration when both speak": {yes, env{variable: "false"}, true},
		"off from the configuration likewise":       {no, env{variable: "true"}, false},
		"whose variable is bad but not asked":       {no, env{variable: "perhaps"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := completeModel()
			m.DisableInstanceDiscovery = c.config
			s, diags := resolve(m, c.env.lookup)
			if len(diags) != 0 || s.disableInstanceDiscovery != c.want {
				t.Errorf("got %v and %v, want %v", s.disableInstanceDiscovery, diags, c.want)
			}
		})
	}
	t.Run("that is unknown", func(t *testing.T) {
		m := completeModel()
		m.DisableInstanceDiscovery = types.BoolUnknown()
		s, diags := resolve(m, env{variable: "true"}.lookup)
		mustWait(t, s, diags, setting)
		if s.disableInstanceDiscovery {
			t.Error("the environment's value was taken")
		}
	})
	t.Run("that is neither", func(t *testing.T) {
		_, diags := resolve(completeModel(), env{variable: "perhaps"}.lookup)
		mustFail(t, diags, setting, "Invalid "+setting, "The value of "+variable+" must be true or false.")
	})
}

// number is a number setting. Its value is from the configuration, or else from its variable.
type number struct {
	setting  string
	set      func(*providerModel, attr.Value)
	result   func(settings) float64
	value    func(float64) attr.Value
	unknown  attr.Value
	fallback float64 // if it is not set
	good     map[string]float64
	bad      []string
	says     string
}

var numbers = []number{
	{
		"requests_per_second", func(m *providerModel, v attr.Value) { m.RequestsPerSecond = v.(types.Float64) },
		func(s settings) float64 { return s.limits.PerSecond },
		func(f float64) attr.Value { return types.Float64Value(f) }, types.Float64Unknown(),
		0,
		map[string]float64{"8": 8, "8.33": 8.33, "0.01": 0.01, "1000": 1000, "1e1": 10},
		[]string{"0", "-1", "0.009", "1000.5", "1e300", "NaN", "Inf", "-Inf", "8/s", "8,5", " 8"},
		"must be a number from 0.01 to 1000, such as 8",
	},
	{
		"max_concurrent_requests", func(m *providerModel, v attr.Value) { m.MaxConcurrentRequests = v.(types.Int64) },
		func(s settings) float64 { return float64(s.limits.Concurrent) },
		func(f float64) attr.Value { return types.Int64Value(int64(f)) }, types.Int64Unknown(),
		32,
		map[string]float64{"1": 1, "64": 64, "256": 256},
		[]string{"0", "-1", "257", "1.5", "many", "99999999999999999999", "0x10"},
		"must be a whole number from 1 to 256, such as 32",
	},
	{
		"max_retries", func(m *providerModel, v attr.Value) { m.MaxRetries = v.(types.Int64) },
		func(s settings) float64 { return float64(s.maxRetries) },
		func(f float64) attr.Value { return types.Int64Value(int64(f)) }, types.Int64Unknown(),
		0,
		map[string]float64{"0": -1, "1": 1, "100": 100}, // the form of httppipe.Options
		[]string{"-1", "101", "1.5", "never", "4 "},
		"must be a whole number from 0 to 100, such as 4",
	},
}

func TestResolve_numbers(t *testing.T) {
	for _, x := range numbers {
		variable := environment[x.setting][0]
		resolveWith := func(v attr.Value, e env) (settings, diag.Diagnostics) {
			m := completeModel()
			if v != nil {
				x.set(&m, v)
			}
			return resolve(m, e.lookup)
		}
		want := func(t *testing.T, want float64, v attr.Value, e env) {
			t.Helper()
			if s, diags := resolveWith(v, e); len(diags) != 0 || x.result(s) != want {
				t.Errorf("got %v and %v, want %v", x.result(s), diags, want)
			}
		}
		t.Run(x.setting, func(t *testing.T) {
			want(t, x.fallback, nil, nil)
			want(t, x.fallback, nil, env{variable: ""})
			want(t, x.fallback, nil, env{"ARM_" + strings.TrimPrefix(variable, "PARTNERCENTER_"): "7"})
			for text, result := range x.good {
				want(t, result, nil, env{variable: text})
				n, err := strconv.ParseFloat(text, 64)
				if err != nil {
					t.Fatal(err)
				}
				want(t, result, x.value(n), env{variable: "bad, but not asked"})
			}
		})
		t.Run(x.setting+" that is unknown", func(t *testing.T) {
			s, diags := resolveWith(x.unknown, env{variable: "1"})
			if len(diags) != 0 || len(s.unknown) != 0 {
				t.Errorf("the plan needs it: %v, %q", diags, s.unknown)
			}
			if x.result(s) != x.fallback {
				t.Error("the environment's value was taken")
			}
		})
		for _, bad := range x.bad {
			t.Run(fmt.Sprintf("%s that is %q", x.setting, bad), func(t *testing.T) {
				_, diags := resolveWith(nil, env{variable: bad})
				mustFail(t, diags, x.setting, "Invalid "+x.setting, "The value of "+variable+" "+x.says)
				n, err := strconv.ParseFloat(bad, 64)
				if err != nil || n != math.Trunc(n) && x.setting != "requests_per_second" || !(math.Abs(n) < math.MaxInt32) {
					return // the configuration cannot contain it
				}
				_, diags = resolveWith(x.value(n), env{variable: "1"})
				mustFail(t, diags, x.setting, "Invalid "+x.setting, "The value of "+x.setting+" "+x.says)
			})
		}
	}
}

func TestResolve_caCertificate(t *testing.T) {
	const setting, variable = "ca_certificate_path", "PARTNERCENTER_CA_CERTIFICATE_PATH"
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	der, authority := newAuthority(t)
	good := write("good.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	second := write("second.pem", append([]byte("a comment\n"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...))
	bad := map[string]struct{ file, says string }{
		"that is missing":        {filepath.Join(dir, "missing.pem"), "cannot be read"},
		"that is a directory":    {dir, "cannot be read"},
		"that is empty":          {write("empty.pem", nil), "contains no certificate in PEM format"},
		"that is DER":            {write("cert.der", der), "contains no certificate in PEM format"},
		"that is a key":          {write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("s3cret")})), "contains no certificate in PEM format"},
		"whose bytes are broken": {write("broken.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("s3cret")})), "contains no certificate in PEM format"},
	}
	with := func(v types.String, e env) (settings, diag.Diagnostics) {
		m := completeModel()
		m.CACertificatePath = v
		return resolve(m, e.lookup)
	}
	for name, c := range map[string]struct {
		config types.String
		env    env
	}{
		"from the configuration":                   {types.StringValue(good), nil},
		"from the environment":                     {types.StringNull(), env{variable: good}},
		"from the configuration when both are set": {types.StringValue(good), env{variable: filepath.Join(dir, "missing.pem")}},
		"from the environment when it is \"\"":     {types.StringValue(""), env{variable: good}},
		"with text around it":                      {types.StringValue(second), nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, diags := with(c.config, c.env)
			if len(diags) != 0 {
				t.Fatal(diags)
			}
			if _, err := authority.Verify(x509.VerifyOptions{Roots: s.roots}); err != nil {
				t.Errorf("the authority is not trusted: %v", err)
			}
			if system, err := x509.SystemCertPool(); err == nil {
				system.AddCert(authority)
				if !system.Equal(s.roots) {
					t.Error("the system's authorities are not trusted any more")
				}
			}
		})
	}
	for name, e := range map[string]env{"that is nowhere": nil, "that is empty": {variable: ""}} {
		t.Run(name, func(t *testing.T) {
			if s, diags := with(types.StringNull(), e); len(diags) != 0 || s.roots != nil {
				t.Errorf("got %v and %v, want the system's authorities", s.roots, diags)
			}
		})
	}
	t.Run("that is unknown", func(t *testing.T) {
		s, diags := with(types.StringUnknown(), env{variable: good})
		mustWait(t, s, diags, setting)
	})
	for name, c := range bad {
		t.Run(name, func(t *testing.T) {
			_, diags := with(types.StringValue(c.file), env{variable: good})
			mustFail(t, diags, setting, "Invalid "+setting, setting, c.file, c.says)
		})
		t.Run(name+", from the environment", func(t *testing.T) {
			_, diags := with(types.StringNull(), env{variable: c.file})
			mustFail(t, diags, setting, "Invalid "+setting, variable, c.file, c.says)
		})
	}
}

// newAuthority creates a certificate authority that no system trusts.
func newAuthority(t *testing.T) ([]byte, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return der, cert
}

func TestResolve_reportsAllErrorsAtOnce(t *testing.T) {
	m := providerModel{
		TenantID: types.StringValue("contoso"), ClientID: types.StringUnknown(), ClientSecret: types.StringValue("s3cret "),
		RefreshToken: types.StringValue(" s3cret"), CACertificatePath: types.StringValue("/missing.pem"),
		Endpoints: &endpointsModel{PartnerCenter: types.StringValue("http://user:s3cret@a.example"), AuthorityHost: types.StringValue("http://a.example")},
	}
	_, diags := resolve(m, env{"PARTNERCENTER_DISABLE_INSTANCE_DISCOVERY": "s3cret"}.lookup)
	var got []string
	for _, d := range diags {
		got = append(got, d.(diag.DiagnosticWithPath).Path().String())
	}
	slices.Sort(got)
	want := []string{
		"ca_certificate_path", "client_secret", "disable_instance_discovery", "endpoints.authority_host",
		"endpoints.partner_center", "refresh_token", "tenant_id",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got errors on %q, want on %q", got, want)
	}
	mustHideSecrets(t, diags)
}

func TestResolve_bearsAConfigurationWithoutEndpoints(t *testing.T) {
	_, diags := resolve(providerModel{}, env{
		"PARTNERCENTER_TENANT_ID": tenantA, "PARTNERCENTER_CLIENT_ID": clientA, "PARTNERCENTER_CLIENT_SECRET": secretA,
	}.lookup)
	if len(diags) != 0 {
		t.Error(diags)
	}
}

func TestClients_sendNothingAndKnowTheMode(t *testing.T) {
	for name, c := range map[string]struct {
		refreshToken string
		appOnly      bool
	}{"app+user": {secretB, false}, "app-only": {"", true}} {
		t.Run(name, func(t *testing.T) {
			m := completeModel()
			m.RefreshToken = types.StringValue(c.refreshToken)
			s, diags := resolve(m, env{}.lookup)
			if diags.HasError() {
				t.Fatal(diags)
			}
			p := &partnerCenterProvider{version: "1.2.3", transport: forbidden{t}}
			clients, diags := p.clients(s, "1.11.4")
			if len(diags) != 0 {
				t.Fatal(diags)
			}
			if clients.PartnerCenter.AppOnly() != c.appOnly {
				t.Errorf("AppOnly is %v, want %v", clients.PartnerCenter.AppOnly(), c.appOnly)
			}
		})
	}
}

type forbidden struct{ t *testing.T }

func (f forbidden) RoundTrip(req *http.Request) (*http.Response, error) {
	f.t.Errorf("sent %s %s", req.Method, req.URL)
	return nil, context.Canceled
}

// answering answers as sign-in and Partner Center, and records the User-Agents.
type answering struct{ agents map[string]bool }

func (a answering) RoundTrip(req *http.Request) (*http.Response, error) {
	a.agents[req.Header.Get("User-Agent")] = true
	body := `{"access_token":"a","expires_in":3599,"id":"x","companyProfile":{"tenantId":"` + tenantA + `"}}`
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: readCloser{bytes.NewBufferString(body)}, Request: req}, nil
}

type readCloser struct{ *bytes.Buffer }

func (readCloser) Close() error { return nil }

func TestClients_sayWhoTheyAreToEveryService(t *testing.T) {
	m := completeModel()
	m.RefreshToken = types.StringValue(secretB)
	s, _ := resolve(m, env{}.lookup)
	a := answering{make(map[string]bool)}
	clients, diags := (&partnerCenterProvider{version: "1.2.3", transport: a}).clients(s, "1.11.4")
	if len(diags) != 0 {
		t.Fatal(diags)
	}
	_, _ = clients.PartnerCenter.SelfServePolicies.Get(t.Context(), tenantB)
	want := map[string]bool{"github.com/partnercenter/terraform-provider-partnercenter/1.2.3 (+https://" + Address + ") Terraform/1.11.4": true}
	if !reflect.DeepEqual(a.agents, want) {
		t.Errorf("sent the user agents %v, want %v", a.agents, want)
	}
}
