package provider_test

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// unit is a configuration that is planned and applied as a whole, with the example folders that it needs.
type unit struct {
	files   map[string]string
	prepare func(*mockbackend.Backend)
	// secret is set if the configuration is known to write a secret into its plan. It proves that the search finds
	// one.
	secret bool
}

// moduleCalls call the modules of examples/modules.
var moduleCalls = map[string]string{
	"customer-self-service": `
module "adatum" {
  source      = "./module"
  customer_id = "` + mockbackend.AdatumID + `"
  buyer       = "` + mockbackend.AdatumUserPrincipalName + `"
}
`,
	"customers-from-file": `
module "customers" {
  source = "./module"
  file   = "customers.csv"
}
`,
}

// customersYAML returns the file beside an example.
func customersYAML(t *testing.T, dir string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "customers.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// exampleUnits returns all configurations below examples. Whole configurations stand alone. Resources are applied
// one by one, with their import blocks. Data sources are applied all together.
func exampleUnits(t *testing.T) map[string]unit {
	t.Helper()
	root := filepath.Join(acctest.Root(), "examples")
	units := make(map[string]unit)
	sources := unit{files: map[string]string{"main.tf": requirement}}
	resources := make(map[string]string)
	imports := make(map[string]string)
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".tf" {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		text := string(content)
		dir := filepath.Dir(name)
		folder, err := filepath.Rel(root, dir)
		if err != nil {
			return err
		}
		kind, typeName := filepath.Split(folder)
		switch {
		case filepath.Base(name) == "backend.tf": // TestPipelines
		case kind == "data-sources/":
			sources.files[typeName+"/main.tf"] = requirement + text
			sources.files["main.tf"] += fmt.Sprintf("module %q {\n  source = \"./%s\"\n}\n", typeName, typeName)
		case kind == "resources/" && filepath.Base(name) == "resource.tf":
			resources[typeName] = requirement + text
		case kind == "resources/" && (filepath.Base(name) == "for-each.tf" || filepath.Base(name) == "from-yaml.tf"):
			units[folder+"/"+filepath.Base(name)] = unit{files: map[string]string{"main.tf": requirement + text, "customers.yaml": customersYAML(t, dir)}}
		case kind == "modules/":
			u := units[folder]
			if u.files == nil {
				u.files = map[string]string{"main.tf": requirement + moduleCalls[typeName], "customers.csv": "customer_id,name,azure_reservations,azure_savings_plans\n"}
			}
			u.files["module/"+filepath.Base(name)] = text
			units[folder] = u
		case kind == "resources/" && strings.Contains(text, "identity"): // the same import for Terraform 1.12
		case kind == "resources/":
			imports[typeName] = text
		case kind == "take-over/" && typeName != "list":
			units[folder] = unit{files: map[string]string{"main.tf": text, "customers.yaml": mockbackend.ContosoID +
				": { azure_reservations: true, azure_savings_plans: true }\n" + mockbackend.TailspinID + ": { azure_reservations: true, azure_savings_plans: false }\n"}}
		case kind == "hand-over/" || kind == "moved/":
			units[folder+"/"+filepath.Base(name)] = unit{files: map[string]string{"main.tf": requirement + text}}
		default: // one file and the files that it reads
			files := map[string]string{}
			beside, err := os.ReadDir(dir)
			if err != nil {
				return err
			}
			for _, f := range beside {
				if f.IsDir() || acctest.IsLeftover(f.Name()) {
					continue
				}
				content, err := os.ReadFile(filepath.Join(dir, f.Name()))
				if err != nil {
					return err
				}
				files[f.Name()] = string(content)
			}
			units[folder] = unit{files: files}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	units["customer-onboarding"].files["terraform.tfvars"] = `partner_on_record_attestation_accepted = true
customers = {
  northwind = { customer_id = "` + mockbackend.NorthwindID + `", buyer = "azure.owner@northwind-demo.onmicrosoft.com" }
}
`
	units["data-sources"] = sources
	for typeName, text := range resources {
		units[typeName] = unit{files: map[string]string{"main.tf": text}}
		units[typeName+" imported"] = unit{files: map[string]string{"main.tf": text, "import.tf": imports[typeName]}, prepare: prepared[typeName]}
	}
	variables := units["provider-variables"]
	variables.files["use.tf"] = "data \"partnercenter_customers\" \"all\" {}\n"
	stored := unit{files: map[string]string{"use.tf": variables.files["use.tf"]}, secret: true}
	stored.files["main.tf"] = regexp.MustCompile(`(?m)^ *ephemeral .*\n`).ReplaceAllString(variables.files["main.tf"], "")
	units["variables that are not ephemeral"] = stored
	return units
}

// TestSecrets_everyExample: no example writes a secret into a plan file or a state, from which "terraform show" makes its
// JSON. All configurations in guides are examples.
func TestSecrets_everyExample(t *testing.T) {
	t.Parallel()
	for name, u := range exampleUnits(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(name, "variables") {
				acctest.SkipBelow(t, 10, 11, "ephemeral variables")
			}
			u.search(t, name)
		})
	}
	fence := regexp.MustCompile("(?m)^\\s*```(?:terraform|hcl|tf)$")
	templates, err := filepath.Glob("templates/*/*.tmpl")
	if err != nil || len(templates) == 0 {
		t.Fatal("there are no guides", err)
	}
	for _, file := range append(templates, "templates/index.md.tmpl") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if fence.Match(content) {
			t.Errorf("%s has a configuration that no test applies: make it an example", file)
		}
	}
}

func (u unit) search(t *testing.T, name string) {
	b := acctest.New(t, mockbackend.Config{})
	addOddities(b)
	if u.prepare != nil {
		u.prepare(b.Backend)
	}
	p, user := b.Partner(), b.User(mockbackend.AdminAgent)
	second, secrets := b.NewRefreshToken(user), t.TempDir()
	for file, content := range map[string]string{"europe-client-secret": p.ClientSecret, "europe-refresh-token": second} {
		if err := os.WriteFile(filepath.Join(secrets, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := append(b.WorkspaceEnvironment(), "TF_VAR_tenant_id="+p.TenantID, "TF_VAR_client_id="+p.ClientID,
		"TF_VAR_client_secret="+p.ClientSecret, "TF_VAR_refresh_token="+user.RefreshToken,
		"TF_VAR_secrets="+secrets, "TF_VAR_partner_id="+mockbackend.TailspinResellerMPNID, "TF_VAR_europe_tenant_id="+p.TenantID, "TF_VAR_europe_client_id="+p.ClientID,
		"PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH="+filepath.Join(secrets, "first"))
	if name == "several-partners-mock" {
		u.files["europe.env"] = environmentFile(b)
	}
	w := workspace(t, env, u.files)
	if name == "shards" {
		run(t, w, 0, "workspace", "new", "shard-0")
	}
	run(t, w, 0, "plan", "-input=false", "-out=saved.tfplan")
	run(t, w, 0, "apply", "-input=false", "saved.tfplan")
	seen := map[string]string{}
	states := 0
	err := filepath.WalkDir(w.Dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.Contains(file, ".tfstate") {
			return err
		}
		states++
		content, err := os.ReadFile(file)
		seen[file] = string(content)
		return err
	})
	if err != nil || states == 0 {
		t.Errorf("there is no state (%v)", err)
	}
	plan, err := zip.OpenReader(filepath.Join(w.Dir, "saved.tfplan"))
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	for _, f := range plan.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		seen["the plan's "+f.Name] = string(content)
	}
	found := false
	for where, text := range seen {
		for what, secret := range map[string]string{"the client secret": p.ClientSecret, "the refresh token": user.RefreshToken, "the second refresh token": second} {
			if strings.Contains(text, secret) {
				found = true
				if !u.secret {
					t.Errorf("%s is in %s", what, where)
				}
			}
		}
		if token := issued.FindString(text); token != "" && !u.secret {
			t.Errorf("a token is in %s: %.12s…", where, token)
		}
	}
	if u.secret && !found {
		t.Error("the search finds nothing where a secret is")
	}
}
