package provider

import (
	"bytes"
	"cmp"
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
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

const (
	pipelines = "../../examples/pipelines"
	guides    = "templates/guides"
)

// pipelineChecks has a check for every file of examples/pipelines.
var pipelineChecks = map[string]func(t *testing.T, content []byte){
	"github-actions.yml":        checkGitHub,
	"github-actions-shards.yml": checkGitHubShards,
	"azure-pipelines.yml":       checkAzurePipelines,
	"gitlab-ci.yml":             checkGitLabCI,
	"gitlab-report.jq":          checkGitLabReport,
	"Dockerfile":                checkDockerfile,
	"backend.tf":                checkBackend,
	"plan.sh":                   checkPlanScript,
	"comment.sh":                checkCommentScript,
	"alarm.sh":                  checkAlarmScript,
	"purchase-alarm.yml":        checkPurchaseAlarm,

	"purchase-alarm-azure-devops.yml": checkPurchaseAlarmAzureDevOps,
	"purchase-alarm-gitlab.yml":       checkPurchaseAlarmGitLab,
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
	known := append(slices.Concat(slices.Collect(maps.Values(environment))...), "PARTNERCENTER_MOCK_CONTROL") // PARTNERCENTER_MOCK_CONTROL is read by the mock
	for _, name := range variable.FindAllString(string(content), -1) {
		if !slices.Contains(known, name) {
			t.Errorf("the provider reads no variable %s", name)
		}
	}
}

// strictly decodes the one YAML document of a file. A duplicate key is an error, and so is a key that the value has
// no field for.
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

// missing returns an error that names a part of a JSON document that another one lacks. A decoder that disallows
// unknown fields cannot replace it, because it ignores the case of keys.
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

// tool runs the go command in a module of its own. So the modules that only tests need are not in the go.mod of the
// provider.
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
	Env         map[string]string `json:"env"`
	Jobs        struct {
		Plan  githubJob `json:"plan"`
		Apply githubJob `json:"apply"`
		Drift githubJob `json:"drift"`
		Renew githubJob `json:"renew"`
	} `json:"jobs"`
}

type githubJob struct {
	Needs       string            `json:"needs"`
	If          string            `json:"if"`
	Strategy    githubStrategy    `json:"strategy"`
	RunsOn      string            `json:"runs-on"`
	Environment string            `json:"environment"`
	Permissions map[string]string `json:"permissions"`
	Concurrency githubConcurrency `json:"concurrency"`
	Outputs     map[string]string `json:"outputs"`
	Steps       []githubStep      `json:"steps"`
}

type githubConcurrency struct {
	Group            string `json:"group"`
	CancelInProgress *bool  `json:"cancel-in-progress,string"`
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

// mustLint fails the test if actionlint finds a problem in a workflow.
func mustLint(t *testing.T, name string, content []byte) {
	t.Helper()
	if _, err := tool(t.Context(), content, "tool", "actionlint", "-no-color", "-shellcheck=", "-pyflakes=", "-stdin-filename", name, "-"); err != nil {
		t.Error(err)
	}
}

var (
	usesLine = regexp.MustCompile(`(?m)^.*\buses: .*$`)
	pinned   = regexp.MustCompile(`uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
)

// mustPin fails the test for an action that is not pinned to a commit, with its version in a comment.
func mustPin(t *testing.T, content []byte) {
	t.Helper()
	lines := usesLine.FindAllString(string(content), -1)
	for _, line := range lines {
		if !pinned.MatchString(line) {
			t.Errorf("not pinned: %s", line)
		}
	}
	if len(lines) == 0 {
		t.Error("there is no action")
	}
}

func checkGitHub(t *testing.T, content []byte) {
	w := checkGitHubActions(t, content)
	mustEqual(t, "apply.strategy", w.Jobs.Apply.Strategy, githubStrategy{})
	mustEqual(t, "apply.if", w.Jobs.Apply.If, "github.event_name == 'push' && needs.plan.outputs.changes == 'true'")
	mustEqual(t, "plan.outputs", w.Jobs.Plan.Outputs, map[string]string{"changes": "${{ steps.plan.outputs.changes }}"})
	t.Run("changes", func(t *testing.T) {
		r := newJobRun(t, "changes")
		r.remove("tfplan.cms")
		r.githubJob(w.Jobs.Plan, "push")
		r.succeeds()
		mustEqual(t, "the output", strings.TrimSpace(r.read("output-of-steps")), "changes=true")
		apply := newJobRun(t)
		apply.write("tfplan.cms", r.read("tfplan.cms"), 0o600)
		apply.githubJob(w.Jobs.Apply, "push")
		apply.succeeds()
	})
}

func checkGitHubActions(t *testing.T, content []byte) githubWorkflow {
	t.Helper()
	mustLint(t, "github-actions.yml", content)
	mustPin(t, content)
	var w githubWorkflow
	strictly(t, content, &w)
	mustEqual(t, "on.pull_request", w.On.PullRequest.Branches, []string{"main"})
	mustEqual(t, "on.push", w.On.Push.Branches, []string{"main"})
	mustEqual(t, "permissions", w.Permissions, map[string]string{"contents": "read", "id-token": "write"})
	if len(w.On.Schedule) == 0 {
		t.Error("nothing keeps the refresh token alive")
	}
	mustEqual(t, "plan.if", w.Jobs.Plan.If, "github.event_name != 'schedule'")
	mustEqual(t, "plan.permissions", w.Jobs.Plan.Permissions, map[string]string{"contents": "read", "id-token": "write", "pull-requests": "write"})
	mustEqual(t, "apply.needs", w.Jobs.Apply.Needs, "plan")
	if c := w.Jobs.Apply.Concurrency; c.Group == "" || c.CancelInProgress == nil || *c.CancelInProgress {
		t.Errorf("apply.concurrency: %+v", c)
	}
	mustEqual(t, "drift.if", w.Jobs.Drift.If, "github.event_name == 'schedule'")
	mustEqual(t, "drift.permissions", w.Jobs.Drift.Permissions, map[string]string{"contents": "read", "id-token": "write", "issues": "write"})
	mustEqual(t, "renew.if", w.Jobs.Renew.If, "github.event_name == 'schedule'")
	for name, job := range map[string]githubJob{"plan": w.Jobs.Plan, "apply": w.Jobs.Apply, "drift": w.Jobs.Drift, "renew": w.Jobs.Renew} {
		mustEqual(t, name+".environment", job.Environment, map[string]string{"drift": "plan"}[name]+strings.TrimPrefix(name, "drift"))
		mustQuote(t, job)
		versions := 0
		for _, s := range job.Steps {
			if strings.HasPrefix(s.Uses, "hashicorp/setup-terraform@") {
				versions++
				mustEqual(t, name+"'s Terraform", s.With["terraform_version"], "${{ env.TERRAFORM_VERSION }}")
			}
			if strings.HasPrefix(s.Uses, "actions/upload-artifact@") {
				mustEqual(t, "the plan is kept", s.With["retention-days"]+" "+s.With["path"], "1 tfplan.cms")
			}
		}
		mustEqual(t, name+"'s installations of Terraform", versions, 1)
		event := map[string]string{"plan": "push", "apply": "push"}[name]
		inJobs(t, name, func(r *jobRun) { r.githubJob(job, cmp.Or(event, "schedule")) })
	}
	for _, files := range [][]string{{"changes"}, {"failing"}} {
		t.Run("pull request "+files[0], func(t *testing.T) {
			r := newJobRun(t, files...)
			r.remove("tfplan.cms")
			if r.githubJob(w.Jobs.Plan, "pull_request"); (r.err != nil) != (files[0] == "failing") {
				t.Error(r.err)
			}
			want := map[string]string{"changes": "Plan: 1 to add", "failing": "**The plan failed.**"}[files[0]]
			if !strings.Contains(r.read("summary"), want) || !strings.Contains(r.read("requests"), "POST repos/contoso/permissions/issues/7/comments") ||
				!strings.Contains(r.read("requests"), want) {
				t.Errorf("the reviewer does not see the plan: %s\n%s", r.read("summary"), r.read("requests"))
			}
			if _, err := os.Stat(filepath.Join(r.dir, "tfplan.cms")); err == nil {
				t.Error("a pull request stores its plan")
			}
		})
		t.Run("drift "+files[0], func(t *testing.T) {
			r := newJobRun(t, files...)
			if r.githubJob(w.Jobs.Drift, "schedule"); r.err == nil {
				t.Error("the job is green")
			}
			if !strings.Contains(r.read("requests"), "gh issue create --repo contoso/permissions --title Customer permissions differ from the configuration") {
				t.Errorf("there is no issue: %s", r.read("requests"))
			}
			mustEqual(t, "what the vault has after the run", r.read("vault"), "renewed-token\n")
		})
	}
	return w
}

// checkGitHubShards checks that each shard has its own job, workspace and plan, and that all shards together stay
// within the partner's limit.
func checkGitHubShards(t *testing.T, content []byte) {
	w := checkGitHubActions(t, content)
	mustEqual(t, "renew's shards", w.Jobs.Renew.Strategy.Matrix, map[string][]string{"shard": {"0"}})
	mustEqual(t, "apply.if", w.Jobs.Apply.If, "github.event_name == 'push'")
	mustEqual(t, "one apply a shard", w.Jobs.Apply.Concurrency.Group, "partnercenter-apply-${{ matrix.shard }}")
	for name, job := range map[string]githubJob{"plan": w.Jobs.Plan, "apply": w.Jobs.Apply, "drift": w.Jobs.Drift} {
		shards := job.Strategy.Matrix["shard"]
		mustEqual(t, name+"'s shards", shards, []string{"0", "1", "2", "3"})
		if job.Strategy.FailFast == nil || *job.Strategy.FailFast {
			t.Errorf("%s: a shard that fails cancels the others", name)
		}
		var ran, stored bool
		for _, s := range job.Steps {
			if strings.Contains(s.Run, "terraform init") {
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
		if !ran || !stored && name != "drift" {
			t.Errorf("%s has no step with terraform (%t) or none with the plan (%t)", name, ran, stored)
		}
	}
}

// mustQuote fails the test for a script in which GitHub would replace an expression.
func mustQuote(t *testing.T, job githubJob) {
	t.Helper()
	for _, s := range job.Steps {
		if strings.Contains(s.Run, "${{") {
			t.Errorf("step %q puts an expression into its script, where it is not quoted; use env", s.Name)
		}
	}
}

// checkPurchaseAlarm runs the job without a purchase, with a purchase, and with a failure.
func checkPurchaseAlarm(t *testing.T, content []byte) {
	mustLint(t, "purchase-alarm.yml", content)
	mustPin(t, content)
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
	mustEqual(t, "permissions", w.Permissions, map[string]string{"contents": "read", "id-token": "write", "issues": "write"})
	job := w.Jobs.Look.githubJob
	mustEqual(t, "environment", job.Environment, "plan")
	mustQuote(t, job)
	alarmsOfPurchases(t, "gh issue create ", func(r *jobRun) {
		r.githubJob(job, "schedule")
		if report, err := os.ReadFile(filepath.Join(r.dir, "purchases.md")); err == nil {
			mustEqual(r.t, "the summary", r.read("summary"), string(report))
		}
	})
}

func checkPurchaseAlarmAzureDevOps(t *testing.T, content []byte) {
	var p struct {
		Trigger   string          `json:"trigger"`
		Schedules []azureSchedule `json:"schedules"`
		Pool      struct {
			VMImage string `json:"vmImage"`
		} `json:"pool"`
		Jobs []azureJob `json:"jobs"`
	}
	strictly(t, content, &p)
	if p.Trigger != "none" || len(p.Schedules) != 1 || !p.Schedules[0].Always || !strings.HasSuffix(p.Schedules[0].Cron, " * * *") || len(p.Jobs) != 1 {
		t.Fatalf("it is not one job every day: %+v", p)
	}
	for _, s := range p.Jobs[0].Steps {
		if s.Task == "AzureCLI@2" {
			mustEqual(t, "azureSubscription", s.Inputs.AzureSubscription, "partnercenter-plan")
			mustEqual(t, "workingDirectory", s.Inputs.WorkingDirectory, "purchase-alarm")
			alarmsOfPurchases(t, "POST /contoso/project-id/_apis/wit/workitems/", func(r *jobRun) {
				r.azureCLI(s, nil)
				if _, err := os.Stat(filepath.Join(r.dir, "purchases.md")); err == nil && !strings.Contains(r.log, "##vso[task.uploadsummary]"+r.dir+"/purchases.md") {
					r.t.Error("there is no summary")
				}
			})
		}
	}
}

func checkPurchaseAlarmGitLab(t *testing.T, content []byte) {
	var p struct {
		Purchases gitlabJob `json:"purchases"`
	}
	strictly(t, content, &p)
	mustEqual(t, "rules", p.Purchases.Rules, []gitlabRule{{If: `$CI_PIPELINE_SOURCE == "schedule" && $PURCHASES == "true"`}})
	var base gitlabPipeline
	pipeline, err := os.ReadFile(filepath.Join(pipelines, "gitlab-ci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	strictly(t, pipeline, &base)
	alarmsOfPurchases(t, "POST /api/v4/projects/9/issues\n", func(r *jobRun) {
		r.env["GITLAB_TOKEN"] = "gitlab-access"
		if err := os.Symlink(".", filepath.Join(r.dir, "purchase-alarm")); err != nil {
			t.Fatal(err)
		}
		r.gitlabJob(base.Base, p.Purchases)
	})
}

// alarmsOfPurchases runs a job before a purchase, after a purchase, and after a customer could not be read. In the
// last two cases the job must fail and open an issue.
func alarmsOfPurchases(t *testing.T, opens string, run func(*jobRun)) {
	t.Helper()
	report, err := os.ReadFile(filepath.Join(pipelines, "..", "purchase-alarm", "report.jq"))
	if err != nil {
		t.Fatal(err)
	}
	look := func(r *jobRun, purchases, errors string) {
		r.write("report.jq", string(report), 0o600)
		r.write("output.json", `{"purchases":{"value":`+purchases+`},"customers_read":{"value":7},"errors":{"value":`+errors+`}}`, 0o600)
		run(r)
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
			if got := r.read("purchases.md"); !strings.Contains(got, c.want) {
				t.Errorf("the summary is\n%s", got)
			}
			if got := r.read("requests"); !strings.Contains(got, opens) || !strings.Contains(got, c.want) {
				t.Errorf("there is no issue: %s", got)
			}
			mustEqual(t, "what the vault has after the run", r.read("vault"), "renewed-token\n")
		})
	}
}

// githubJob runs the steps as GitHub does. After a failed step, it runs only steps with a condition that allows it.
func (r *jobRun) githubJob(job githubJob, event string) {
	maps.Copy(r.env, map[string]string{
		"RUNNER_TEMP": r.dir, "ACTIONS_ID_TOKEN_REQUEST_URL": "https://vstoken.example/token?x=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
		"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "contoso/permissions", "GITHUB_RUN_ID": "42",
		"GITHUB_STEP_SUMMARY": filepath.Join(r.dir, "summary"), "GITHUB_OUTPUT": filepath.Join(r.dir, "output-of-steps"),
	})
	r.write("summary", "", 0o600)
	r.write("output-of-steps", "", 0o600)
	values := strings.NewReplacer("${{ vars.PARTNERCENTER_TENANT_ID }}", tenantA, "${{ vars.PARTNERCENTER_CLIENT_ID }}", clientA,
		"${{ vars.KEY_VAULT }}", "contoso", "${{ runner.temp }}", r.dir, "${{ matrix.shard }}", "3",
		"${{ github.token }}", "x", "${{ secrets.WEBHOOK_URL }}", "", "${{ github.event.number }}", "7")
	outcomes := make(map[string]string)
	for _, s := range job.Steps {
		outcomes[s.ID] = "skipped"
		if s.Run == "" || !r.runs(s.If, event, outcomes) {
			continue
		}
		env := make(map[string]string)
		for name, value := range s.Env {
			if env[name] = values.Replace(value); strings.Contains(env[name], "${{") {
				r.t.Errorf("step %q: this test cannot tell what %s is", s.Name, value)
			}
		}
		err := r.shell(s.Run, env, "-e")
		outcomes[s.ID] = map[bool]string{true: "success", false: "failure"}[err == nil]
		r.err = errors.Join(r.err, err)
	}
}

var stepOutcome = regexp.MustCompile(`^steps\.(\w+)\.outcome$`)

// runs reports whether a step with this condition runs.
func (r *jobRun) runs(condition, event string, outcomes map[string]string) bool {
	status := r.err == nil
	for term := range strings.SplitSeq(cmp.Or(condition, "success()"), " && ") {
		left, right, isEqual := strings.Cut(term, " == ")
		if !isEqual {
			left, right, _ = strings.Cut(term, " != ")
		}
		found := stepOutcome.FindStringSubmatch(left)
		switch {
		case term == "success()":
		case term == "always()":
			status = true
		case term == "failure()":
			status = r.err != nil
		case left == "github.event_name":
			if ("'"+event+"'" == right) != isEqual {
				return false
			}
		case found != nil:
			if ("'"+outcomes[found[1]]+"'" == right) != isEqual {
				return false
			}
		default:
			r.t.Fatalf("this test does not understand %q", term)
		}
	}
	return status
}

type azurePipeline struct {
	Trigger   azureBranches   `json:"trigger"`
	Schedules []azureSchedule `json:"schedules"`
	Pool      struct {
		VMImage string `json:"vmImage"`
	} `json:"pool"`
	Variables map[string]string `json:"variables"`
	Stages    []azureStage      `json:"stages"`
}

type azureStage struct {
	Stage        string     `json:"stage"`
	DependsOn    []string   `json:"dependsOn"`
	LockBehavior string     `json:"lockBehavior"`
	Condition    string     `json:"condition"`
	Jobs         []azureJob `json:"jobs"`
}

type azureSchedule struct {
	Cron        string `json:"cron"`
	DisplayName string `json:"displayName"`
	azureBranches
	Always bool `json:"always,string"`
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

	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Condition   string `json:"condition"`
	Inputs      struct {
		TerraformVersion string `json:"terraformVersion"`

		Key  string `json:"key"`
		Path string `json:"path"`

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
	if len(p.Stages) != 4 || slices.ContainsFunc(p.Stages, func(s azureStage) bool { return len(s.Jobs) != 1 }) {
		t.Fatal("there are not four stages with one job each")
	}
	plan, apply, drift, renew := p.Stages[0].Jobs[0], p.Stages[1].Jobs[0], p.Stages[2].Jobs[0], p.Stages[3].Jobs[0]
	const scheduled = "eq(variables['Build.Reason'], 'Schedule')"
	mustEqual(t, "the condition of plan", p.Stages[0].Condition, "ne(variables['Build.Reason'], 'Schedule')")
	mustEqual(t, "the conditions of drift and renew", []string{p.Stages[2].Condition, p.Stages[3].Condition}, []string{scheduled, scheduled})
	mustEqual(t, "the jobs", []string{plan.Job, apply.Deployment, drift.Job, renew.Job}, []string{"plan", "apply", "drift", "renew"})
	mustEqual(t, "the environment", apply.Environment, "partnercenter")
	mustEqual(t, "apply's lock", p.Stages[1].LockBehavior, "sequential")
	mustEqual(t, "the condition of apply", p.Stages[1].Condition, "and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'), "+
		"eq(dependencies.plan.outputs['plan.plan.changes'], 'true'))")
	for name, steps := range map[string][]azureStep{"plan": plan.Steps, "apply": apply.Strategy.RunOnce.Deploy.Steps, "drift": drift.Steps, "renew": renew.Steps} {
		identity := map[string]string{"plan": "plan", "apply": "apply", "drift": "plan", "renew": "apply"}[name]
		var tasks []string
		for _, s := range steps {
			if kinds := len(slices.DeleteFunc([]string{s.Task, s.Checkout, s.Download, s.Publish}, func(k string) bool { return k == "" })); kinds != 1 {
				t.Errorf("%s: a step is of %d kinds", name, kinds)
			}
			if s.Task != "" && s.Task != "Cache@2" {
				tasks = append(tasks, s.Task)
			}
			switch s.Task {
			case "TerraformInstaller@1":
				mustEqual(t, name+"'s Terraform", s.Inputs.TerraformVersion, "$(terraformVersion)")
			case "Cache@2":
				mustEqual(t, name+"'s cache", s.Inputs.Path, "$(TF_PLUGIN_CACHE_DIR)")
			}
			if s.Task != "AzureCLI@2" {
				continue
			}
			mustEqual(t, "azureSubscription", s.Inputs.AzureSubscription, "partnercenter-"+identity)
			mustEqual(t, "uses of the vault", strings.Count(s.Inputs.InlineScript, "--vault-name contoso-"+identity+" --name partnercenter-refresh-token "), 2)
			mustEqual(t, "the script is", s.Inputs.ScriptType+" "+s.Inputs.ScriptLocation, "bash inlineScript")
			if strings.Contains(s.Inputs.InlineScript, "$(") {
				t.Errorf("%s: a macro in the script is not quoted; use env", name)
			}
			inJobs(t, name, func(r *jobRun) { r.azureCLI(s, p.Variables) })
			switch name {
			case "plan":
				t.Run("plan/changes", func(t *testing.T) {
					r := newJobRun(t, "changes")
					r.azureCLI(s, p.Variables)
					r.succeeds()
					for _, command := range []string{"##vso[task.uploadsummary]" + r.dir + "/plan.md", "##vso[task.setvariable variable=changes;isOutput=true]true"} {
						if !strings.Contains(r.log, command) {
							t.Errorf("the script does not print %s", command)
						}
					}
					if !strings.Contains(r.read("plan.md"), "Plan: 1 to add") {
						t.Errorf("the summary is %s", r.read("plan.md"))
					}
				})
			case "drift":
				t.Run("drift/changes", func(t *testing.T) {
					r := newJobRun(t, "changes")
					if r.azureCLI(s, p.Variables); r.err == nil {
						t.Error("the job is green")
					}
					mustEqual(t, "what the vault has after the run", r.read("vault"), "renewed-token\n")
					if !strings.Contains(r.read("requests"), "POST /contoso/project-id/_apis/wit/workitems/$Task?api-version=7.1") {
						t.Errorf("there is no task: %s", r.read("requests"))
					}
				})
			}
		}
		mustEqual(t, "the tasks of "+name, tasks, []string{"TerraformInstaller@1", "AzureCLI@2"})
	}
}

// azureCLI runs the script with the environment that agent and task set.
func (r *jobRun) azureCLI(s azureStep, variables map[string]string) {
	here := strings.NewReplacer("$(System.AccessToken)", "system-access-token", "$(Pipeline.Workspace)", r.dir, "$(webhookURL)", "")
	maps.Copy(r.env, map[string]string{
		"AGENT_TEMPDIRECTORY": r.dir, "PIPELINE_WORKSPACE": r.dir + "/..", "SYSTEM_OIDCREQUESTURI": "https://dev.azure.example/oidctoken",
		"AZURESUBSCRIPTION_TENANT_ID": tenantA, "AZURESUBSCRIPTION_CLIENT_ID": clientA,
		"AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "66a8f2de-0b1c-4a7e-8f7d-0d9be3f6c305",
		"TF_BUILD": "True", "SYSTEM_COLLECTIONURI": r.server + "/contoso/", "SYSTEM_TEAMPROJECTID": "project-id", "BUILD_BUILDID": "42",
	})
	for name, value := range variables {
		r.env[name] = here.Replace(value)
	}
	env := make(map[string]string)
	for name, value := range s.Env {
		if env[name] = here.Replace(value); strings.Contains(env[name], "$(") {
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
	Drift gitlabJob `json:"drift"`
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
	Variables map[string]string `json:"variables"`
	Cache     struct {
		Key struct {
			Files []string `json:"files"`
		} `json:"key"`
		Paths []string `json:"paths"`
	} `json:"cache"`
	BeforeScript []string `json:"before_script"`
	Script       []string `json:"script"`
	Artifacts    struct {
		Paths    []string          `json:"paths"`
		Reports  map[string]string `json:"reports"`
		Access   string            `json:"access"`
		ExpireIn string            `json:"expire_in"`
	} `json:"artifacts"`
}

func checkGitLabCI(t *testing.T, content []byte) {
	var p gitlabPipeline
	strictly(t, content, &p)
	mustEqual(t, "stages", p.Stages, []string{"plan", "apply"})
	const onDefault = "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"
	mustEqual(t, "workflow.rules", p.Workflow.Rules, []gitlabRule{{If: `$CI_PIPELINE_SOURCE == "merge_request_event"`}, {If: onDefault}})
	mustEqual(t, "apply.rules", p.Apply.Rules, []gitlabRule{{If: onDefault + ` && $CI_PIPELINE_SOURCE == "push"`, When: "manual"}})
	onSchedule := []gitlabRule{{If: `$CI_PIPELINE_SOURCE == "schedule" && $PURCHASES != "true"`}}
	mustEqual(t, "plan.rules", p.Plan.Rules, []gitlabRule{{If: `$CI_PIPELINE_SOURCE != "schedule"`}})
	mustEqual(t, "drift.rules", p.Drift.Rules, onSchedule)
	mustEqual(t, "renew.rules", p.Renew.Rules, onSchedule)
	mustEqual(t, "apply.resource_group", p.Apply.ResourceGroup, "partnercenter")
	mustEqual(t, "the audience", p.Base.IDTokens["ARM_OIDC_TOKEN"].Aud, "api://AzureADTokenExchange")
	mustEqual(t, "the artifact", p.Plan.Artifacts.Access+" "+p.Plan.Artifacts.ExpireIn, "developer 1 day")
	mustEqual(t, "the report", p.Plan.Artifacts.Reports, map[string]string{"terraform": "tfplan.json"})
	for name, job := range map[string]gitlabJob{"plan": p.Plan, "apply": p.Apply, "drift": p.Drift, "renew": p.Renew} {
		mustEqual(t, name+".extends", job.Extends, ".terraform")
		mustEqual(t, name+".environment", job.Environment.Name, map[string]string{"plan": "plan", "apply": "apply", "drift": "plan", "renew": "apply/renew"}[name])
		do := func(r *jobRun) { r.gitlabJob(p.Base, job) }
		inJobs(t, name, func(r *jobRun) {
			r.env["GITLAB_TOKEN"] = "gitlab-access" // without it a failed job has nobody to notify
			r.write("tfplan", "plan\n", 0o600)
			do(r)
		})
		switch name {
		case "plan":
			t.Run("merge request", func(t *testing.T) {
				r := newJobRun(t, "changes")
				r.env["GITLAB_TOKEN"], r.env["CI_MERGE_REQUEST_IID"] = "gitlab-access", "7"
				do(r)
				r.succeeds()
				mustEqual(t, "the report", oneLine(r.read("tfplan.json")), `{ "create": 1, "update": 0, "delete": 0 }`)
				if got := r.read("requests"); !strings.Contains(got, "POST /api/v4/projects/9/merge_requests/7/notes\n") || !strings.Contains(got, "Plan: 1 to add") {
					t.Errorf("there is no note: %s", got)
				}
			})
		case "drift":
			t.Run("drift/changes", func(t *testing.T) {
				r := newJobRun(t, "changes")
				r.env["GITLAB_TOKEN"] = "gitlab-access"
				if do(r); r.err == nil {
					t.Error("the job is green")
				}
				mustEqual(t, "what the vault has after the run", r.read("vault"), "renewed-token\n")
				if got := r.read("requests"); !strings.Contains(got, "POST /api/v4/projects/9/issues\n") {
					t.Errorf("there is no issue: %s", got)
				}
			})
		}
	}
}

// gitlabJob runs the scripts of a job and of the job that it extends, in one shell, as the runner does.
func (r *jobRun) gitlabJob(base, job gitlabJob) {
	maps.Copy(r.env, map[string]string{
		"ARM_TENANT_ID": tenantA, "ARM_CLIENT_ID": clientA, "KEY_VAULT": "contoso", "CI_BUILDS_DIR": r.dir,
		"CI_API_V4_URL": r.server + "/api/v4", "CI_PROJECT_ID": "9", "CI_JOB_URL": "https://gitlab.example/job",
	})
	for id := range base.IDTokens {
		r.env[id] = "oidc-token"
	}
	here := strings.NewReplacer("/tmp/", r.dir+"/", "$CI_PROJECT_DIR", r.dir)
	for variable, value := range base.Variables {
		r.env[variable] = here.Replace(value)
	}
	r.err = r.shell(here.Replace(strings.Join(slices.Concat(base.BeforeScript, job.Script), "\n")), nil, "-e")
}

func (r *jobRun) write(name, content string, mode os.FileMode) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(content), mode); err != nil {
		r.t.Fatal(err)
	}
}

func (r *jobRun) remove(name string) {
	r.t.Helper()
	if err := os.Remove(filepath.Join(r.dir, name)); err != nil {
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

// shell runs a script with options such as -e, which ends it at the first command that fails.
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
	r.log += string(out)
	if strings.Contains(string(out), "-token") {
		r.t.Error("the log shows a token")
	}
	return err
}

// inJobs runs a job three times: without a failure, with a failing terraform, and without the vault.
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
		r := newJobRun(t, "failing")
		if run(r); r.err == nil {
			t.Error("the job succeeded")
		}
		mustEqual(t, "what the vault has after the run", r.read("vault"), "renewed-token\n")
	})
	t.Run(name+"/no vault", func(t *testing.T) {
		r := newJobRun(t, "no-vault")
		if run(r); r.err == nil {
			t.Error("the job succeeded")
		}
		mustEqual(t, "what the vault has after the run", r.read("vault"), "stored-token\n")
	})
}

// mustSignIn fails the test unless the provider would authenticate as app+user, by OIDC, with this environment. The
// new refresh token must be written to the file that the token was read from.
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
	included  = regexp.MustCompile(`\{\{ (?:codefile "\w+"|tffile) "examples/pipelines/([^"]+)" \}\}`)
)

// foreignWords are words in the guides that look like settings, but are names of other products or APIs.
var foreignWords = []string{
	"azapi_resource", "azurerm_role_assignment", "entity_id", "id_tokens", "mock_provider", "override_data", "prevent_destroy", "required_providers",
	"restapi_object", "restful_resource",
}

// withoutMessages are the guides that explain no messages.
var withoutMessages = []string{
	"all_guides.md.tmpl", "emergency_stop.md.tmpl", "hand_over.md.tmpl", "mock.md.tmpl", "module_tests.md.tmpl", "onboard_customers.md.tmpl", "pipelines.md.tmpl", "plan_files.md.tmpl", "policy.md.tmpl",
	"purchase_report.md.tmpl", "security.md.tmpl", "take_over.md.tmpl", "upgrade_policy.md.tmpl",
}

// TestGuides compares the texts of the guides with the provider.
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
			if strings.HasPrefix(filepath.Base(name), "authentication_") { // one of several methods
				want = 2
			}
			if len(quotes) < want && !slices.Contains(withoutMessages, filepath.Base(name)) {
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

// attributeNames returns the attributes of all types, including nested ones.
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
	for _, create := range New("test")().(provider.ProviderWithListResources).ListResources(t.Context()) {
		var s list.ListResourceSchemaResponse
		create().ListResourceConfigSchema(t.Context(), list.ListResourceSchemaRequest{}, &s)
		add(s.Schema.Type())
	}
	return names
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// realMessages returns the messages of the provider in the situations that the guides explain.
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
		with("ARM_CLIENT_SECRET", "x", "ARM_OIDC_TOKEN", "x", "ARM_USE_OIDC", "true"),
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
	return append(messages, literals(t, "../login/check.go", "../credential/user_sign_in.go", "../resourcemanager/remedies.go",
		"../services/reservation/reservation_renewal_resource.go", "../services/reservation/reservation_renewal_plan.go")...)
}

// literals returns the texts in files of the login command, which this test cannot import.
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

// TestIndex compares the groups of arguments in the overview, which its template lists, with the settings.
func TestIndex(t *testing.T) {
	content, err := os.ReadFile("../../docs/index.md")
	if err != nil {
		t.Fatal(err)
	}
	_, arguments, _ := strings.Cut(string(content), "\n## Schema\n")
	line := regexp.MustCompile("(?m)^- `(\\w+)` .*$")
	listed := map[string]string{}
	for _, one := range line.FindAllStringSubmatch(arguments, -1) {
		if listed[one[1]] != "" {
			t.Errorf("%s is listed twice", one[1])
		}
		listed[one[1]] = one[0]
	}
	for setting, variables := range environment {
		name := setting[strings.LastIndex(setting, ".")+1:]
		if want := "`" + strings.Join(variables, "`, `") + "`."; !strings.HasSuffix(listed[name], want) {
			t.Errorf("%s is listed as %q, without its environment variables %s", name, listed[name], want)
		}
	}
	if len(listed) != len(environment)+1 { // the block endpoints has no variable
		t.Errorf("%d arguments are listed, of %d", len(listed), len(environment)+1)
	}
}
