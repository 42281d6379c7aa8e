package provider_test

import (
	"cmp"
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	dsschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	fwprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	rschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/provider"
)

// described is the common interface of attributes and blocks of all kinds of schemas.
type described interface {
	GetDescription() string
	GetMarkdownDescription() string
	GetDeprecationMessage() string
}

// rules has the checks for every schema. The paths in its errors are for people.
type rules struct{ *testing.T }

// secretName matches the name of an attribute that contains a secret. Names of its location or its properties end
// differently.
var secretName = regexp.MustCompile(`(secret|token|password|assertion|private_key)$`)

func (r rules) described(path string, a described) {
	r.Helper()
	text := cmp.Or(a.GetMarkdownDescription(), a.GetDescription()) // the timeouts module has plain descriptions
	if text == "" || strings.TrimSpace(text) != text || !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "`") {
		r.Errorf("%s: the description is not one of whole sentences: %q", path, text)
	}
	if strings.Contains(path, ".") {
		r.text(path, text, true)
	}
}

// attribute checks an attribute and its nested attributes.
func (r rules) attribute(path string, a any) {
	r.Helper()
	d, ok := a.(described)
	if !ok {
		r.Fatalf("%s: %T", path, a)
	}
	r.described(path, d)
	// The interfaces of the three kinds of schemas are internal. Their methods are exported.
	v := reflect.ValueOf(a)
	is := func(method string) bool {
		m := v.MethodByName(method)
		return m.IsValid() && m.Call(nil)[0].Bool()
	}
	name := path[strings.LastIndex(path, ".")+1:]
	if isText := strings.HasSuffix(v.Type().Name(), "StringAttribute"); isText && secretName.MatchString(name) && !is("IsSensitive") && !is("IsWriteOnly") {
		r.Errorf("%s: its name says secret, and it is not sensitive", path)
	}
	if kind := v.Type().Name(); strings.HasPrefix(kind, "Set") && is("IsComputed") {
		r.Errorf("%s: a set that the server fills is unusable when it is large; use a list", path)
	}
	if !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(name) {
		r.Errorf("%s: not in snake_case", path)
	}
	nested := v.FieldByName("NestedObject")
	if !nested.IsValid() {
		nested = v
	}
	r.all(path, nested)
}

// all checks a value with fields Attributes or Blocks.
func (r rules) all(path string, v reflect.Value) {
	r.Helper()
	for _, field := range []string{"Attributes", "Blocks"} {
		in := v.FieldByName(field)
		if !in.IsValid() {
			continue
		}
		for _, key := range in.MapKeys() {
			r.attribute(path+"."+key.String(), in.MapIndex(key).Interface())
		}
	}
}

// subcategory matches a group of pages in the registry.
var subcategory = regexp.MustCompile(`(?m)^subcategory: "(Permissions|Purchases|Azure access|Sign-in)"$`)

// files checks the files of a type: its page, its example and its code.
func (r rules) files(kind, folder, typeName string) {
	r.Helper()
	short := strings.TrimPrefix(typeName, "partnercenter_")
	if short == typeName {
		r.Errorf("%s: the name does not begin with partnercenter_", typeName)
	}
	root := acctest.Root()
	if index, err := os.ReadFile(filepath.Join(root, "docs", "index.md")); err != nil || !strings.Contains(string(index), "| [`"+typeName+"`]("+folder+"/"+short+".md)") {
		r.Errorf("%s: it is not in the table of docs/index.md: %v", typeName, err)
	}
	if page, err := os.ReadFile(filepath.Join(root, "docs", folder, short+".md")); err != nil || !subcategory.Match(page) {
		r.Errorf("%s: the page is in none of the registry's groups; see the templates: %v", typeName, err)
	}
	for _, file := range []string{
		filepath.Join(root, "docs", folder, short+".md"),
		filepath.Join(root, "examples", folder, typeName, strings.ReplaceAll(kind, "_", "-")+".tf"),
	} {
		if _, err := os.Stat(file); err != nil {
			r.Errorf("%s: %v", typeName, err)
		}
	}
	for _, suffix := range []string{".go", "_test.go"} {
		if found, err := filepath.Glob(filepath.Join(root, "internal", "services", "*", short+"_"+kind+suffix)); err != nil || len(found) != 1 {
			r.Errorf("%s: there is no one file internal/services/*/%s_%s%s: %v %v", typeName, short, kind, suffix, found, err)
		}
	}
}

func (r rules) valid(what string, d diag.Diagnostics) {
	r.Helper()
	for _, one := range d {
		r.Errorf("%s: %s: %s", what, one.Summary(), one.Detail())
	}
}

// TestHouseRules checks the rules for all types of the provider, so that a reviewer does not have to.
func TestHouseRules(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := provider.New("test")()
	var meta fwprovider.MetadataResponse
	p.Metadata(ctx, fwprovider.MetadataRequest{}, &meta)

	t.Run("provider", func(t *testing.T) {
		t.Parallel()
		r := rules{t}
		var s fwprovider.SchemaResponse
		p.Schema(ctx, fwprovider.SchemaRequest{}, &s)
		r.valid("provider", append(s.Diagnostics, s.Schema.ValidateImplementation(ctx)...))
		r.described("provider", s.Schema)
		r.all("provider", reflect.ValueOf(s.Schema))
		r.environment(s.Schema)
		if _, err := os.Stat(filepath.Join(acctest.Root(), "docs", "index.md")); err != nil {
			t.Error(err)
		}
	})
	resources := p.Resources(ctx)
	if len(resources) == 0 {
		t.Error("there is no resource")
	}
	for _, create := range resources {
		one := create()
		name := resourceName(ctx, one, meta.TypeName)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rules{t}
			var s resource.SchemaResponse
			one.Schema(ctx, resource.SchemaRequest{}, &s)
			r.valid(name, append(s.Diagnostics, s.Schema.ValidateImplementation(ctx)...))
			r.described(name, s.Schema)
			r.signIn(name, s.Schema.MarkdownDescription)
			r.page(name, s.Schema.MarkdownDescription)
			r.all(name, reflect.ValueOf(s.Schema))
			r.files("resource", "resources", name)
			r.takesOver(ctx, name, one, s.Schema)
		})
	}
	sources := p.DataSources(ctx)
	if len(sources) == 0 {
		t.Error("there is no data source")
	}
	for _, create := range sources {
		one := create()
		var m datasource.MetadataResponse
		one.Metadata(ctx, datasource.MetadataRequest{ProviderTypeName: meta.TypeName}, &m)
		t.Run("data "+m.TypeName, func(t *testing.T) {
			t.Parallel()
			r := rules{t}
			var s datasource.SchemaResponse
			one.Schema(ctx, datasource.SchemaRequest{}, &s)
			r.valid(m.TypeName, append(s.Diagnostics, s.Schema.ValidateImplementation(ctx)...))
			r.described(m.TypeName, s.Schema)
			r.signIn(m.TypeName, s.Schema.MarkdownDescription)
			r.page(m.TypeName, s.Schema.MarkdownDescription)
			r.all(m.TypeName, reflect.ValueOf(s.Schema))
			r.files("data_source", "data-sources", m.TypeName)
			if _, ok := one.(datasource.DataSourceWithConfigure); !ok {
				t.Errorf("%s: no Configure, so no client", m.TypeName)
			}
		})
	}
	for _, create := range p.(fwprovider.ProviderWithListResources).ListResources(ctx) {
		one := create()
		var m resource.MetadataResponse
		one.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: meta.TypeName}, &m)
		t.Run("list "+m.TypeName, func(t *testing.T) {
			t.Parallel()
			r := rules{t}
			var s list.ListResourceSchemaResponse
			one.ListResourceConfigSchema(ctx, list.ListResourceSchemaRequest{}, &s)
			r.valid(m.TypeName, append(s.Diagnostics, s.Schema.ValidateImplementation(ctx)...))
			r.described("list "+m.TypeName, s.Schema)
			r.signIn("list "+m.TypeName, s.Schema.MarkdownDescription)
			r.page("list "+m.TypeName, s.Schema.MarkdownDescription)
			r.all("list "+m.TypeName, reflect.ValueOf(s.Schema))
		})
	}
}

// TestHouseRules_lowerPackages: packages below the services use the names of the API, and never Terraform
// arguments. Only the services and the provider know the names of the arguments.
func TestHouseRules_lowerPackages(t *testing.T) {
	t.Parallel()
	names := argumentNames(t)
	for _, pkg := range []string{"httppipe", "credential", "partnercenter", "resourcemanager"} {
		files, err := filepath.Glob(filepath.Join(acctest.Root(), "internal", pkg, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(err, files)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range namedIn(parsed, names) {
				t.Errorf("%s: %s", file, found)
			}
		}
	}
	probe, err := parser.ParseFile(token.NewFileSet(), "", "package p\nvar s = \"Set refresh_token.\" + \"or PARTNERCENTER_REFRESH_TOKEN now\" + \"refresh_token\"", 0)
	if err != nil || len(namedIn(probe, names)) != 2 {
		t.Errorf("the rule does not bite: %v, %v", namedIn(probe, names), err)
	}
}

// namedIn returns the words in texts that name an argument or one of our environment variables. A literal without a
// space is a name of the API, such as those of OAuth.
func namedIn(file *ast.File, names map[string]bool) (found []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok {
			field.Tag = nil
		}
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING || !strings.Contains(literal.Value, " ") {
			return true
		}
		for word := range strings.FieldsFuncSeq(literal.Value, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if names[word] || strings.HasPrefix(word, "PARTNERCENTER_") {
				found = append(found, word+" in "+literal.Value)
			}
		}
		return true
	})
	return found
}

// argumentNames returns the arguments of the provider and the resources that contain an underscore.
func argumentNames(t *testing.T) map[string]bool {
	t.Helper()
	ctx, p := t.Context(), provider.New("test")()
	names := make(map[string]bool)
	var s fwprovider.SchemaResponse
	p.Schema(ctx, fwprovider.SchemaRequest{}, &s)
	for name := range s.Schema.Attributes {
		names[name] = true
	}
	for _, create := range p.Resources(ctx) {
		var s resource.SchemaResponse
		create().Schema(ctx, resource.SchemaRequest{}, &s)
		for name, a := range s.Schema.Attributes {
			names[name] = names[name] || a.IsRequired() || a.IsOptional()
		}
	}
	for name := range names {
		names[name] = names[name] && strings.Contains(name, "_")
	}
	if !names["refresh_token"] || !names["customer_id"] {
		t.Fatalf("the names are %v", names)
	}
	return names
}

func resourceName(ctx context.Context, r resource.Resource, providerName string) string {
	var m resource.MetadataResponse
	r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: providerName}, &m)
	return m.TypeName
}

// signIn checks the line about sign-in and role that every type has.
func (r rules) signIn(name, description string) {
	r.Helper()
	if !strings.Contains(description, "**Sign-in and role:** ") {
		r.Errorf("%s: the description does not say which sign-in and role it needs", name)
	}
}

// environment checks that the description of a setting names its environment variables.
func (r rules) environment(s schema.Schema) {
	r.Helper()
	for name, a := range s.Attributes {
		if strings.HasPrefix(a.GetType().String(), "basetypes.") && !strings.Contains(a.GetMarkdownDescription(), "Environment variable `PARTNERCENTER_") &&
			!strings.Contains(a.GetMarkdownDescription(), "nvironment variable") {
			r.Errorf("provider.%s: the description names no environment variable", name)
		}
	}
}

// takesOver checks that a resource has an identity and an import with the same attributes.
func (r rules) takesOver(ctx context.Context, name string, one resource.Resource, s rschema.Schema) {
	r.Helper()
	if _, ok := one.(resource.ResourceWithImportState); !ok {
		r.Errorf("%s: no import", name)
	}
	identified, ok := one.(resource.ResourceWithIdentity)
	if !ok {
		r.Errorf("%s: no identity", name)
		return
	}
	var i resource.IdentitySchemaResponse
	identified.IdentitySchema(ctx, resource.IdentitySchemaRequest{}, &i)
	r.valid(name+" identity", append(i.Diagnostics, i.IdentitySchema.ValidateImplementation(ctx)...))
	if len(i.IdentitySchema.Attributes) == 0 {
		r.Errorf("%s: the identity is empty", name)
	}
	for attribute, a := range i.IdentitySchema.Attributes {
		if a.GetDescription() == "" {
			r.Errorf("%s identity.%s: no description", name, attribute)
		}
		r.text(name+" identity."+attribute, a.GetDescription(), true)
		if _, ok := s.Attributes[attribute]; !ok {
			r.Errorf("%s identity.%s: the resource has no such attribute", name, attribute)
		}
	}
	for _, file := range []string{"import.sh", "import-by-string-id.tf", "import-by-identity.tf"} {
		if _, err := os.Stat(filepath.Join(acctest.Root(), "examples", "resources", name, file)); err != nil {
			r.Errorf("%s: %v", name, err)
		}
	}
}

// TestHouseRules_bite checks that the rules find violations.
func TestHouseRules_bite(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]any{
		"undescribed":   rschema.StringAttribute{Optional: true},
		"client_secret": rschema.StringAttribute{MarkdownDescription: "A secret.", Optional: true},
		"Camel":         rschema.StringAttribute{MarkdownDescription: "A text.", Optional: true},
		"a_set":         rschema.SetNestedAttribute{MarkdownDescription: "A set.", Computed: true},
		"below": dsschema.ListNestedAttribute{MarkdownDescription: "A list.", Computed: true, NestedObject: dsschema.NestedAttributeObject{
			Attributes: map[string]dsschema.Attribute{"undescribed": dsschema.StringAttribute{Computed: true}},
		}},
	} {
		probe := &testing.T{}
		rules{probe}.attribute("x."+name, a)
		if !probe.Failed() {
			t.Errorf("nothing is said of %s", name)
		}
	}
}
