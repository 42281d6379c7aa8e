package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"terraform-provider-partnercenter/internal/credential"
	"terraform-provider-partnercenter/internal/httppipe"
	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/tfkit"
)

const (
	pipelines = "../../examples/pipelines"
	guides    = "templates/guides"
)

// pipelineChecks has a check for every file of examples/pipelines.
var pipelineChecks = map[string]func(t *testing.T, content []byte){
	"github-actions.yml": func(t *testing.T, content []byte) {
		mustEqual(t, "apply.strategy", checkGitHubActions(t, content).Jobs.Apply.Strategy, githubStrategy{})
	},
	"github-actions-shards.yml": checkGitHubShards,
	"azure-pipelines.yml":       checkAzurePipelines,
	"gitlab-ci.yml":             checkGitLabCI,
	"purchase-alarm.yml":        checkPurchaseAlarm,
}

func TestPipelines(t *testing.T) {
	entries, err := os.ReadDir(pipelines)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
		t.Run(e.Name(), func(t *testing.T) {
			check := pipelineChecks[e.Name()]
			if check == nil {
				t.Fatal("no check knows this file: write one into pipelineChecks")
			}
			content, err := os.ReadFile(filepath.Join(pipelines, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			mustKnowVariables(t, content)
			check(t, content)
		})
	}
	for name := range pipelineChecks {
		if !slices.Contains(found, name) {
			t.Errorf("%s is not there", name)
		}
	}
}

var variable = regexp.MustCompile(`\b(?:PARTNERCENTER|ARM)_[A-Z0-9_]+`)

// mustKnowVariables fails the test for a variable that the provider does not read.
func mustKnowVariables(t *testing.T, content []byte) {
	t.Helper()
	known := slices.Concat(slices.Collect(maps.Values(environment))...)
	for _, name := range variable.FindAllString(string(content), -1) {
		if !slices.Contains(known, name) {
			t.Errorf("the provider reads no variable %s", name)
		}
	}
}

// strictly reads the one YAML document of a file; a duplicate key, or one that the value has no
// field for, is an error.
func strictly(t *testing.T, content []byte, into any) {
	t.Helper()
	if err := decodeYAML(t.Context(), content, into); err != nil {
		t.Fatal(err)
	}
}

func decodeYAML(ctx context.Context, content []byte, into any) error {
	document, err := tool(ctx, content, "run", "./yamljson")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(document, into); err != nil {
		return err
	}
	kept, err := json.Marshal(into)
	if err != nil {
		return err
	}
	var want, got any
	if err := errors.Join(json.Unmarshal(document, &want), json.Unmarshal(kept, &got)); err != nil {
		return err
	}
	return missing("", want, got)
}

// missing is an error that names a part of a JSON document that another one lacks. A decoder that
// disallows unknown fields would not do: it ignores the case of a key.
func missing(path string, want, got any) error {
	switch want := want.(type) {
	case map[string]any:
		in, _ := got.(map[string]any)
		for key, value := range want {
			found, ok := in[key]
			if !ok {
				return fmt.Errorf("no field for %s.%s", path, key)
			}
			if err := missing(path+"."+key, value, found); err != nil {
				return err
			}
		}
	case []any:
		in, _ := got.([]any)
		if len(in) != len(want) {
			return fmt.Errorf("%s: %d elements of %d", path, len(in), len(want))
		}
		for i := range want {
			if err := missing(fmt.Sprintf("%s[%d]", path, i), want[i], in[i]); err != nil {
				return err
			}
		}
	default:
		if want != got {
			return fmt.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	return nil
}

// tool runs the go command in a module of its own, which keeps what only tests need
// out of the provider's own module.
func tool(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", append([]string{"-C", "../tools/pipelines"}, args...)...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s%s", strings.Join(args, " "), err, out, &stderr)
	}
	return out, nil
}

func TestDecodeYAML(t *testing.T) {
	t.Parallel()
	type document struct {
		Name string            `json:"name"`
		List []string          `json:"list"`
		Map  map[string]string `json:"map"`
		Flag *bool             `json:"flag,string"`
		Null *struct{}         `json:"null"`
	}
	off := false
	var got document
	err := decodeYAML(t.Context(), []byte("name: true\nlist: [1, '2', &a x]\nmap: {on: *a}\nflag: false\nnull:\n"), &got)
	if want := (document{Name: "true", List: []string{"1", "2", "x"}, Map: map[string]string{"on": "x"}, Flag: &off}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for content, want := range map[string]string{
		"name: a\nname: b":            `"name" already defined`,
		"map: {a: b, a: c}":           `"a" already defined`,
		"other: a":                    "no field for .other",
		"Name: a":                     "no field for .Name",
		"name: a\n---\nname: b":       "not one document",
		"name: [a]":                   "cannot unmarshal array",
		"flag: maybe":                 `"maybe" into bool`,
		"null: {a: b}":                "no field for .null.a",
		"map: &m {a: b}\nx: {<<: *m}": "no merge",
		"name: a: b":                  "mapping values are not allowed",
		"":                            "EOF",
	} {
		if err := decodeYAML(t.Context(), []byte(content), new(document)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", content, err, want)
		}
	}
}

func mustEqual[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

type branches struct {
	Branches []string `json:"branches"`
}

type githubWorkflow struct {
	Name string `json:"name"`
	On   struct {
		PullRequest branches `json:"pull_request"`
		Push        branches `json:"push"`
		Schedule    []struct {
			Cron string `json:"cron"`
		} `json:"schedule"`
	} `json:"on"`
	Permissions map[string]string `json:"permissions"`
	Jobs        struct {
		Plan  githubJob `json:"plan"`
		Apply githubJob `json:"apply"`
		Renew githubJob `json:"renew"`
	} `json:"jobs"`
}

type githubJob struct {
	Needs       string         `json:"needs"`
	If          string         `json:"if"`
	Strategy    githubStrategy `json:"strategy"`
	RunsOn      string         `json:"runs-on"`
	Environment string         `json:"environment"`
	Steps       []githubStep   `json:"steps"`
}

type githubStrategy struct {
	FailFast *bool               `json:"fail-fast,string"`
	Matrix   map[string][]string `json:"matrix"`
}

type githubStep struct {
	Name string            `json:"name"`
	ID   string            `json:"id"`
	If   string            `json:"if"`
	Uses string            `json:"uses"`
	With map[string]string `json:"with"`
	Env  map[string]string `json:"env"`
	Run  string            `json:"run"`
}

// mustLint fails the test for what actionlint finds in a workflow.
func mustLint(t *testing.T, name string, content []byte) {
	t.Helper()
	if _, err := tool(t.Context(), content, "tool", "actionlint", "-no-color", "-shellcheck=", "-pyflakes=", "-stdin-filename", name, "-"); err != nil {
		t.Error(err)
	}
}

func checkGitHubActions(t *testing.T, content []byte) githubWorkflow {
	t.Helper()
	mustLint(t, "github-actions.yml", content)
	var w githubWorkflow
	strictly(t, content, &w)
	mustEqual(t, "on.pull_request", w.On.PullRequest.Branches, []string{"main"})
	mustEqual(t, "on.push", w.On.Push.Branches, []string{"main"})
	mustEqual(t, "permissions", w.Permissions, map[string]string{"contents": "read", "id-token": "write"})
	if len(w.On.Schedule) == 0 {
		t.Error("nothing keeps the refresh token alive")
	}
	mustEqual(t, "apply.if", w.Jobs.Apply.If, "github.event_name == 'push'")
	mustEqual(t, "apply.needs", w.Jobs.Apply.Needs, "plan")
	mustEqual(t, "renew.if", w.Jobs.Renew.If, "github.event_name == 'schedule'")
	for name, job := range map[string]githubJob{"plan": w.Jobs.Plan, "apply": w.Jobs.Apply, "renew": w.Jobs.Renew} {
		mustEqual(t, name+".environment", job.Environment, name)
		mustQuote(t, job)
		inJobs(t, name, func(r *jobRun) { r.githubJob(job) })
	}
	return w
}

// checkGitHubShards checks that each shard has a job, a workspace and a plan of its own, and
// that all together stay within the partner's limit.
func checkGitHubShards(t *testing.T, content []byte) {
	w := checkGitHubActions(t, content)
	mustEqual(t, "renew's shards", w.Jobs.Renew.Strategy.Matrix, map[string][]string{"shard": {"0"}})
	for name, job := range map[string]githubJob{"plan": w.Jobs.Plan, "apply": w.Jobs.Apply} {
		shards := job.Strategy.Matrix["shard"]
		mustEqual(t, name+"'s shards", shards, []string{"0", "1", "2", "3"})
		if job.Strategy.FailFast == nil || *job.Strategy.FailFast {
			t.Errorf("%s: a shard that fails cancels the others", name)
		}
		var ran, stored bool
		for _, s := range job.Steps {
			if strings.Contains(s.Run, "terraform ") {
				ran = true
				mustEqual(t, name+"'s workspace", s.Env["SHARD"], "shard-${{ matrix.shard }}")
				if !strings.Contains(s.Run, `terraform workspace select -or-create "$SHARD"`) {
					t.Errorf("%s does not select its workspace", name)
				}
				perSecond, err := strconv.ParseFloat(s.Env["PARTNERCENTER_REQUESTS_PER_SECOND"], 64)
				if all := perSecond * float64(len(shards)); err != nil || all > 500./60 || all < 7 {
					t.Errorf("%s: all shards have %v requests per second, and the partner 500 per minute (%v)", name, all, err)
				}
			}
			if plan, ok := s.With["name"]; ok {
				stored = true
				mustEqual(t, name+"'s plan", plan, "tfplan-${{ matrix.shard }}")
			}
		}
		if !ran || !stored {
			t.Errorf("%s has no step with terraform (%t) or none with the plan (%t)", name, ran, stored)
		}
	}
}

// mustQuote fails the test for a script that GitHub would change.
func mustQuote(t *testing.T, job githubJob) {
	t.Helper()
	for _, s := range job.Steps {
		if strings.Contains(s.Run, "${{") {
			t.Errorf("step %q puts an expression into its script, where it is not quoted; use env", s.Name)
		}
	}
}

// checkPurchaseAlarm runs the job as it should be, with a purchase, and where it fails.
func checkPurchaseAlarm(t *testing.T, content []byte) {
	mustLint(t, "purchase-alarm.yml", content)
	var w struct {
		Name string `json:"name"`
		On   struct {
			Schedule []struct {
				Cron string `json:"cron"`
			} `json:"schedule"`
			Dispatch *struct{} `json:"workflow_dispatch"`
		} `json:"on"`
		Permissions map[string]string `json:"permissions"`
		Jobs        struct {
			Look struct {
				githubJob

				Defaults struct {
					Run map[string]string `json:"run"`
				} `json:"defaults"`
			} `json:"look"`
		} `json:"jobs"`
	}
	strictly(t, content, &w)
	if len(w.On.Schedule) != 1 || !strings.HasSuffix(w.On.Schedule[0].Cron, " * * *") {
		t.Errorf("it does not run every day: %+v", w.On.Schedule)
	}
	mustEqual(t, "permissions", w.Permissions, map[string]string{"contents": "read", "id-token": "write"})
	job := w.Jobs.Look.githubJob
	mustEqual(t, "environment", job.Environment, "plan")
	mustQuote(t, job)
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("there is no jq here to run the scripts with")
	}
	report, err := os.ReadFile(filepath.Join(pipelines, "..", "purchase-alarm", "report.jq"))
	if err != nil {
		t.Fatal(err)
	}
	look := func(r *jobRun, purchases, errors string) {
		r.write("report.jq", string(report), 0o600)
		r.write("output.json", `{"purchases":{"value":`+purchases+`},"customers_read":{"value":7},"errors":{"value":`+errors+`}}`, 0o600)
		r.write("summary", "", 0o600)
		r.env["GITHUB_STEP_SUMMARY"] = filepath.Join(r.dir, "summary")
		r.githubJob(job)
	}
	inJobs(t, "look", func(r *jobRun) { look(r, "[]", "{}") })
	for name, c := range map[string]struct{ purchases, errors, want string }{
		"bought":   {`[{"when":"","customer":"Contoso","what":"","price":"","buyer":"","order_id":""}]`, "{}", "|  | Contoso |"},
		"not read": {"[]", `{"some-id":"Refused."}`, "- some-id: Refused."},
	} {
		t.Run("look/"+name, func(t *testing.T) {
			r := newJobRun(t)
			if look(r, c.purchases, c.errors); r.err == nil {
				t.Error("the run is green")
			}
			if got := r.read("summary"); !strings.Contains(got, c.want) {
				t.Errorf("the summary is\n%s", got)
			}
			mustEqual(t, "what the vault has after the run", r.read("vault"), "renewed-token\n")
		})
	}
}

// githubJob runs the steps as GitHub does: after one that fails, only those that run always.
func (r *jobRun) githubJob(job githubJob) {
	r.env["RUNNER_TEMP"] = r.dir
	r.env["ACTIONS_ID_TOKEN_REQUEST_URL"] = "https://vstoken.example/token?x=1"
	r.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "request-token"
	values := strings.NewReplacer("${{ vars.PARTNERCENTER_TENANT_ID }}", tenantA, "${{ vars.PARTNERCENTER_CLIENT_ID }}", clientA,
		"${{ vars.KEY_VAULT }}", "contoso", "${{ runner.temp }}", r.dir, "${{ matrix.shard }}", "3")
	outcomes := make(map[string]bool)
	for _, s := range job.Steps {
		if id, always := strings.CutPrefix(s.If, "always() && steps."); r.err != nil && !always || always && !outcomes[strings.TrimSuffix(id, ".outcome == 'success'")] {
			continue
		}
		env := make(map[string]string)
		for name, value := range s.Env {
			if env[name] = values.Replace(value); strings.Contains(env[name], "${{") {
				r.t.Errorf("step %q: this test cannot tell what %s is", s.Name, value)
			}
		}
		if s.Run != "" {
			err := r.shell(s.Run, env, "-e")
			outcomes[s.ID] = err == nil
			r.err = errors.Join(r.err, err)
		}
	}
}

type azurePipeline struct {
	Trigger   azureBranches `json:"trigger"`
	Schedules []struct {
		Cron        string `json:"cron"`
		DisplayName string `json:"displayName"`
		azureBranches
		Always bool `json:"always,string"`
	} `json:"schedules"`
	Pool struct {
		VMImage string `json:"vmImage"`
	} `json:"pool"`
	Stages []struct {
		Stage     string     `json:"stage"`
		DependsOn []string   `json:"dependsOn"`
		Condition string     `json:"condition"`
		Jobs      []azureJob `json:"jobs"`
	} `json:"stages"`
}

type azureBranches struct {
	Branches struct {
		Include []string `json:"include"`
	} `json:"branches"`
}

type azureJob struct {
	Job         string      `json:"job"`
	Deployment  string      `json:"deployment"`
	Environment string      `json:"environment"`
	Steps       []azureStep `json:"steps"`
	Strategy    struct {
		RunOnce struct {
			Deploy struct {
				Steps []azureStep `json:"steps"`
			} `json:"deploy"`
		} `json:"runOnce"`
	} `json:"strategy"`
}

type azureStep struct {
	Task     string `json:"task"`
	Checkout string `json:"checkout"`
	Download string `json:"download"`
	Publish  string `json:"publish"`
	Artifact string `json:"artifact"`

	DisplayName string `json:"displayName"`
	Condition   string `json:"condition"`
	Inputs      struct {
		TerraformVersion string `json:"terraformVersion"`

		AzureSubscription    string `json:"azureSubscription"`
		KeepAzSessionActive  bool   `json:"keepAzSessionActive,string"`
		ScriptType           string `json:"scriptType"`
		ScriptLocation       string `json:"scriptLocation"`
		InlineScript         string `json:"inlineScript"`
		AddSpnToEnvironment  bool   `json:"addSpnToEnvironment,string"`
		WorkingDirectory     string `json:"workingDirectory"`
		FailOnStandardError  bool   `json:"failOnStandardError,string"`
		UseGlobalConfig      bool   `json:"useGlobalConfig,string"`
		AllowNoSubscriptions bool   `json:"allowNoSubscriptions,string"`
	} `json:"inputs"`
	Env map[string]string `json:"env"`
}

func checkAzurePipelines(t *testing.T, content []byte) {
	var p azurePipeline
	strictly(t, content, &p)
	mustEqual(t, "trigger", p.Trigger.Branches.Include, []string{"main"})
	if len(p.Schedules) != 1 || !p.Schedules[0].Always {
		t.Error("nothing keeps the refresh token alive: without always a schedule runs only after a push")
	}
	if len(p.Stages) != 3 || len(p.Stages[0].Jobs) != 1 || len(p.Stages[1].Jobs) != 1 || len(p.Stages[2].Jobs) != 1 {
		t.Fatal("there are not three stages with one job each")
	}
	plan, apply, renew := p.Stages[0].Jobs[0], p.Stages[1].Jobs[0], p.Stages[2].Jobs[0]
	mustEqual(t, "the condition of renew", p.Stages[2].Condition, "eq(variables['Build.Reason'], 'Schedule')")
	mustEqual(t, "the first job", plan.Job, "plan")
	mustEqual(t, "the second, a deployment", apply.Deployment, "apply")
	mustEqual(t, "the environment", apply.Environment, "partnercenter")
	if c := p.Stages[1].Condition; !strings.Contains(c, "succeeded()") || !strings.Contains(c, "eq(variables['Build.SourceBranch'], 'refs/heads/main')") {
		t.Errorf("the condition of apply, %s, lets it run elsewhere than on main", c)
	}
	for name, steps := range map[string][]azureStep{"plan": plan.Steps, "apply": apply.Strategy.RunOnce.Deploy.Steps, "renew": renew.Steps} {
		identity := map[string]string{"plan": "plan", "apply": "apply", "renew": "apply"}[name]
		var tasks []string
		for _, s := range steps {
			if kinds := len(slices.DeleteFunc([]string{s.Task, s.Checkout, s.Download, s.Publish}, func(k string) bool { return k == "" })); kinds != 1 {
				t.Errorf("%s: a step is of %d kinds", name, kinds)
			}
			if s.Task != "" {
				tasks = append(tasks, s.Task)
			}
			if s.Task != "AzureCLI@2" {
				continue
			}
			mustEqual(t, "azureSubscription", s.Inputs.AzureSubscription, "partnercenter-"+identity)
			mustEqual(t, "uses of the vault", strings.Count(s.Inputs.InlineScript, "--vault-name contoso-"+identity+" "), 2)
			mustEqual(t, "the script is", s.Inputs.ScriptType+" "+s.Inputs.ScriptLocation, "bash inlineScript")
			if strings.Contains(s.Inputs.InlineScript, "$(") {
				t.Errorf("%s: a macro in the script is not quoted; use env", name)
			}
			inJobs(t, name, func(r *jobRun) { r.azureCLI(s) })
		}
		mustEqual(t, "the tasks of "+name, tasks, []string{"TerraformInstaller@1", "AzureCLI@2"})
	}
}

// azureCLI runs the script with what agent and task put into its environment.
func (r *jobRun) azureCLI(s azureStep) {
	maps.Copy(r.env, map[string]string{
		"AGENT_TEMPDIRECTORY": r.dir, "PIPELINE_WORKSPACE": r.dir, "SYSTEM_OIDCREQUESTURI": "https://dev.azure.example/oidctoken",
		"AZURESUBSCRIPTION_TENANT_ID": tenantA, "AZURESUBSCRIPTION_CLIENT_ID": clientA,
		"AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "66a8f2de-0b1c-4a7e-8f7d-0d9be3f6c305",
	})
	env := make(map[string]string)
	for name, value := range s.Env {
		if env[name] = strings.ReplaceAll(value, "$(System.AccessToken)", "system-access-token"); strings.Contains(env[name], "$(") {
			r.t.Errorf("this test cannot tell what %s is", value)
		}
	}
	r.err = r.shell(s.Inputs.InlineScript, env)
}

type gitlabPipeline struct {
	Image    string   `json:"image"`
	Stages   []string `json:"stages"`
	Workflow struct {
		Rules []gitlabRule `json:"rules"`
	} `json:"workflow"`
	Base  gitlabJob `json:".terraform"`
	Plan  gitlabJob `json:"plan"`
	Apply gitlabJob `json:"apply"`
	Renew gitlabJob `json:"renew"`
}

type gitlabRule struct {
	If   string `json:"if"`
	When string `json:"when"`
}

type gitlabJob struct {
	Extends     string `json:"extends"`
	Stage       string `json:"stage"`
	Environment struct {
		Name   string `json:"name"`
		Action string `json:"action"`
	} `json:"environment"`
	ResourceGroup string       `json:"resource_group"`
	Rules         []gitlabRule `json:"rules"`
	IDTokens      map[string]struct {
		Aud string `json:"aud"`
	} `json:"id_tokens"`
	Variables    map[string]string `json:"variables"`
	BeforeScript []string          `json:"before_script"`
	Script       []string          `json:"script"`
	Artifacts    struct {
		Paths    []string `json:"paths"`
		Access   string   `json:"access"`
		ExpireIn string   `json:"expire_in"`
	} `json:"artifacts"`
}

func checkGitLabCI(t *testing.T, content []byte) {
	var p gitlabPipeline
	strictly(t, content, &p)
	mustEqual(t, "stages", p.Stages, []string{"plan", "apply"})
	const onDefault = "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"
	mustEqual(t, "workflow.rules", p.Workflow.Rules, []gitlabRule{{If: `$CI_PIPELINE_SOURCE == "merge_request_event"`}, {If: onDefault}})
	mustEqual(t, "apply.rules", p.Apply.Rules, []gitlabRule{{If: onDefault + ` && $CI_PIPELINE_SOURCE == "push"`, When: "manual"}})
	mustEqual(t, "renew.rules", p.Renew.Rules, []gitlabRule{{If: `$CI_PIPELINE_SOURCE == "schedule"`}})
	mustEqual(t, "renew.extends", p.Renew.Extends, "plan")
	mustEqual(t, "renew.environment", p.Renew.Environment.Name, "apply/renew")
	mustEqual(t, "the audience", p.Base.IDTokens["PARTNERCENTER_OIDC_TOKEN"].Aud, "api://AzureADTokenExchange")
	for name, job := range map[string]gitlabJob{"plan": p.Plan, "apply": p.Apply} {
		mustEqual(t, name+".extends", job.Extends, ".terraform")
		mustEqual(t, name+".stage", job.Stage, name)
		mustEqual(t, name+".environment", job.Environment.Name, name)
		inJobs(t, name, func(r *jobRun) {
			maps.Copy(r.env, map[string]string{
				"PARTNERCENTER_TENANT_ID": tenantA, "PARTNERCENTER_CLIENT_ID": clientA, "KEY_VAULT": "contoso",
				"CI_BUILDS_DIR": r.dir,
			})
			for id := range p.Base.IDTokens {
				r.env[id] = "oidc-token"
			}
			here := strings.NewReplacer("/tmp/", r.dir+"/")
			for variable, value := range p.Base.Variables {
				r.env[variable] = here.Replace(value)
			}
			// The runner executes both in one shell.
			r.err = r.shell(here.Replace(strings.Join(slices.Concat(p.Base.BeforeScript, job.Script), "\n")), nil, "-e")
		})
	}
}

// jobRun is one run of a job's scripts, with stand-ins for az and terraform.
type jobRun struct {
	t   *testing.T
	dir string // also has the vault's secret, and the environment that terraform saw
	env map[string]string
	err error
}

const (
	fakeAz = `case "$1 $2 $3" in
"login --service-principal "*) ;;
"keyvault secret show") [ ! -e "$DIR/no-vault" ] && cat "$DIR/vault" ;;
"keyvault secret set") while [ "$1" != --file ]; do shift; done; cat "$2" > "$DIR/vault" ;;
*) echo "az $*?" >&2; exit 2 ;;
esac`
	// fakeTerraform finds the token as it was stored, safe from others, and replaces it.
	fakeTerraform = `case "$1" in
init) ;;
workspace) [ "$2 $3 $4" = "select -or-create shard-3" ] ;;
plan|apply)
	env > "$DIR/environment"
	grep -qx stored-token "$PARTNERCENTER_REFRESH_TOKEN_FILE_PATH" || exit 3
	[ -n "$(find "$PARTNERCENTER_REFRESH_TOKEN_FILE_PATH" -perm 600)" ] || exit 4
	echo renewed-token > "$PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH"
	[ ! -e "$DIR/failing" ] || exit 1 ;;
output) cat "$DIR/output.json" ;;
*) exit 2 ;;
esac`
)

func newJobRun(t *testing.T) *jobRun {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh here to run the scripts with")
	}
	r := &jobRun{t: t, dir: t.TempDir()}
	r.env = map[string]string{"DIR": r.dir, "PATH": r.dir + string(os.PathListSeparator) + os.Getenv("PATH")}
	r.write("vault", "stored-token\n", 0o600)
	r.write("az", "#!/bin/sh\n"+fakeAz+"\n", 0o700)
	r.write("terraform", "#!/bin/sh\n"+fakeTerraform+"\n", 0o700)
	return r
}

func (r *jobRun) write(name, content string, mode os.FileMode) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(content), mode); err != nil {
		r.t.Fatal(err)
	}
}

func (r *jobRun) read(name string) string {
	r.t.Helper()
	b, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b)
}

// shell runs a script with options such as -e, with which it ends at the first command that fails.
func (r *jobRun) shell(script string, env map[string]string, options ...string) error {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "sh", "-n")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("the script is not valid: %v\n%s", err, out)
	}
	cmd = exec.CommandContext(r.t.Context(), "sh", append(options, "-c", script)...)
	cmd.Dir = r.dir
	for _, m := range []map[string]string{r.env, env} {
		for name, value := range m {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	out, err := cmd.CombinedOutput()
	if len(out) > 0 {
		r.t.Logf("%s", out)
	}
	if strings.Contains(string(out), "-token") {
		r.t.Error("the log shows a token")
	}
	return err
}

// inJobs runs a job thrice: as it should be, with a terraform that fails, and without the vault.
func inJobs(t *testing.T, name string, run func(*jobRun)) {
	t.Run(name, func(t *testing.T) {
		r := newJobRun(t)
		run(r)
		if r.err != nil {
			t.Fatal(r.err)
		}
		mustEqual(t, "what the vault has after the run", r.read("vault"), "renewed-token\n")
		seen := make(env)
		for line := range strings.Lines(r.read("environment")) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			seen[name] = value
		}
		mustSignIn(t, seen)
	})
	t.Run(name+"/terraform fails", func(t *testing.T) {
		r := newJobRun(t)
		r.write("failing", "", 0o600)
		if run(r); r.err == nil {
			t.Error("the job succeeded")
		}
		mustEqual(t, "what the vault has after the run", r.read("vault"), "renewed-token\n")
	})
	t.Run(name+"/no vault", func(t *testing.T) {
		r := newJobRun(t)
		r.write("no-vault", "", 0o600)
		if run(r); r.err == nil {
			t.Error("the job succeeded")
		}
		mustEqual(t, "what the vault has after the run", r.read("vault"), "stored-token\n")
	})
}

// mustSignIn fails the test unless the provider would sign in as app+user with this
// environment, by OIDC, and keep the refresh token where it came from.
func mustSignIn(t *testing.T, e env) {
	t.Helper()
	s, diags := resolve(providerModel{}, e.lookup)
	for _, d := range diags {
		t.Errorf("%s: %s", d.Summary(), d.Detail())
	}
	if !slices.Contains([]method{oidcToken, githubActions, azureDevOps}, s.signIn.method) {
		t.Errorf("the application proves itself by %q", s.signIn.method)
	}
	mustEqual(t, "tenant and client", s.tenantID+" "+s.clientID, tenantA+" "+clientA)
	mustEqual(t, "the refresh token", s.refreshToken, "renewed-token")
	mustEqual(t, "the refresh token's new place", s.refreshTokenOutputPath, e["PARTNERCENTER_REFRESH_TOKEN_FILE_PATH"])
}

var (
	codeWord  = regexp.MustCompile("`([a-z]+(?:_[a-z0-9]+)+)`")
	quotation = regexp.MustCompile(`(?m)(?:^> .*\n)+`)
	included  = regexp.MustCompile(`\{\{ codefile "\w+" "examples/pipelines/([^"]+)" \}\}`)
)

// foreignWords look like settings in the guides and are names of somebody else's.
var foreignWords = []string{"id_tokens"}

// TestGuides compares what the guides say with what the provider does.
func TestGuides(t *testing.T) {
	names, err := filepath.Glob(guides + "/*.md.tmpl")
	if err != nil || len(names) == 0 {
		t.Fatal("there are no guides", err)
	}
	messages, attributes := realMessages(t), attributeNames(t)
	var files []string
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			mustKnowVariables(t, b)
			for _, word := range codeWord.FindAllStringSubmatch(string(b), -1) {
				if environment[word[1]] == nil && !attributes[word[1]] && !strings.HasPrefix(word[1], "partnercenter_") && !slices.Contains(foreignWords, word[1]) {
					t.Errorf("the provider has no setting or attribute %s", word[1])
				}
			}
			quotes := quotation.FindAllString(string(b), -1)
			want := 3
			if strings.HasPrefix(filepath.Base(name), "authentication_") { // one method of several
				want = 2
			}
			if len(quotes) < want {
				t.Errorf("the guide explains %d messages, want %d", len(quotes), want)
			}
			for _, quote := range quotes {
				quote = oneLine(strings.ReplaceAll("\n"+quote, "\n> ", " "))
				if !slices.ContainsFunc(messages, func(m string) bool { return strings.Contains(m, quote) }) {
					t.Errorf("the provider never says: %s", quote)
				}
			}
			rendered, err := os.ReadFile("../../docs/guides/" + strings.TrimSuffix(filepath.Base(name), ".tmpl"))
			if err != nil {
				t.Error(err)
			}
			for _, file := range included.FindAllStringSubmatch(string(b), -1) {
				files = append(files, file[1])
				content, err := os.ReadFile(filepath.Join(pipelines, file[1]))
				if err != nil || !bytes.Contains(rendered, bytes.TrimSpace(content)) {
					t.Errorf("the guide as rendered has another %s; run make docs (%v)", file[1], err)
				}
			}
		})
	}
	for file := range pipelineChecks {
		if !slices.Contains(files, file) {
			t.Errorf("no guide shows %s", file)
		}
	}
}

// attributeNames are those of all types, nested ones included.
func attributeNames(t *testing.T) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	var add func(attr.Type)
	add = func(of attr.Type) {
		switch of := of.(type) {
		case attr.TypeWithElementType:
			add(of.ElementType())
		case attr.TypeWithAttributeTypes:
			for name, inner := range of.AttributeTypes() {
				names[name] = true
				add(inner)
			}
		}
	}
	for _, create := range New("test")().DataSources(t.Context()) {
		var s datasource.SchemaResponse
		create().Schema(t.Context(), datasource.SchemaRequest{}, &s)
		add(s.Schema.Type())
	}
	for _, create := range New("test")().Resources(t.Context()) {
		var s resource.SchemaResponse
		create().Schema(t.Context(), resource.SchemaRequest{}, &s)
		add(s.Schema.Type())
	}
	return names
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// realMessages are what the provider says in the situations that the guides explain.
func realMessages(t *testing.T) []string {
	t.Helper()
	var messages []string
	say := func(diags diag.Diagnostics) {
		for _, d := range diags {
			messages = append(messages, oneLine(d.Summary()+": "+d.Detail()))
		}
	}
	app := env{"PARTNERCENTER_TENANT_ID": tenantA, "PARTNERCENTER_CLIENT_ID": clientA}
	with := func(pairs ...string) env {
		e := maps.Clone(app)
		for i := 0; i < len(pairs); i += 2 {
			e[pairs[i]] = pairs[i+1]
		}
		return e
	}
	for _, e := range []env{
		with("PARTNERCENTER_CLIENT_SECRET", "x", "PARTNERCENTER_OIDC_TOKEN", "x"),
		with("PARTNERCENTER_USE_OIDC", "true"),
		with("PARTNERCENTER_ADO_PIPELINE_SERVICE_CONNECTION_ID", "x", "SYSTEM_OIDCREQUESTURI", "https://ado.example"),
		with("PARTNERCENTER_CLIENT_SECRET", "x", "PARTNERCENTER_REFRESH_TOKEN", "x"),
		with("PARTNERCENTER_USE_CLI", "true", "PARTNERCENTER_REFRESH_TOKEN", "x"),
		with("PARTNERCENTER_USE_AKS_WORKLOAD_IDENTITY", "true"),
		with("PARTNERCENTER_CLIENT_CERTIFICATE", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"),
		{"PARTNERCENTER_CLIENT_ID": clientA, "PARTNERCENTER_CLIENT_SECRET": "x"},
	} {
		_, diags := resolve(providerModel{}, e.lookup)
		say(diags)
	}
	theirs := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(theirs, []byte("x\n# refresh token of tenant "+tenantB+", client "+clientA+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for setting, e := range map[string]env{
		"refresh_token_file_path":   with("PARTNERCENTER_CLIENT_SECRET", "x"),
		"refresh_token_output_path": with("PARTNERCENTER_CLIENT_SECRET", "x", "PARTNERCENTER_REFRESH_TOKEN", "x"),
		"refresh_token":             with("PARTNERCENTER_CLIENT_SECRET", "x", "PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH", theirs),
	} {
		m := providerModel{}
		m.set(t, setting, theirs)
		_, diags := resolve(m, e.lookup)
		say(diags)
	}
	for _, code := range []int{700082, 700213, 700211, 700024, 700016, 700027, 7000215, 7000222, 90002, 90099} {
		messages = append(messages, oneLine((&credential.Error{Codes: []int{code}}).Remedy()))
	}
	var unread tfkit.Failures
	unread.Add("one", errors.New("refused"))
	unread.Add("two", nil)
	say(unread.CouldNotRead("purchases", false))
	for _, e := range []*httppipe.DeadlineError{{}, {Wait: time.Hour}, {Wait: time.Hour, Paced: true}} {
		messages = append(messages, oneLine(e.Remedy()))
	}
	for _, code := range []string{"900421", "900150", "900329"} {
		messages = append(messages, oneLine((&partnercenter.Error{API: partnercenter.API, Code: code}).Remedy()))
	}
	messages = append(messages, oneLine((&partnercenter.Error{API: partnercenter.API, StatusCode: http.StatusUnauthorized}).Remedy()))
	return append(messages, literals(t, "../login/check.go", "../credential/user_sign_in.go")...)
}

// literals are the texts in files of the command login, which this test cannot import.
func literals(t *testing.T, files ...string) (found []string) {
	t.Helper()
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, text)
			}
			return true
		})
	}
	return found
}

// TestIndex compares the tables of the overview with the settings.
func TestIndex(t *testing.T) {
	content, err := os.ReadFile("templates/index.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| Argument | Environment variables |\n|---|---|\n")
	for _, setting := range slices.Sorted(maps.Keys(environment)) {
		fmt.Fprintf(&table, "| `%s` | `%s` |\n", setting, strings.Join(environment[setting], "`, `"))
	}
	if !strings.Contains(string(content), table.String()) {
		t.Errorf("the table of the environment variables is not:\n%s", table.String())
	}
	_, arguments, _ := strings.Cut(string(content), "### Arguments by method")
	arguments, _, _ = strings.Cut(arguments, "\n\nChoose")
	for setting := range environment {
		name, _, _ := strings.Cut(setting, ".")
		if !strings.Contains(arguments, "`"+name+"`") {
			t.Errorf("%s is not among the arguments by method", name)
		}
	}
}
