package provider

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// jobRun is one run of a job's scripts, with fake az, gh and terraform.
type jobRun struct {
	t   *testing.T
	dir string // also has the secret of the vault, and the environment that terraform received
	env map[string]string
	err error
	log string
	// server is the URL of a fake Azure DevOps and GitLab. The file requests has the requests that it received.
	server string
}

const (
	fakeAz = `case "$1 $2 $3" in
"login --service-principal "*) ;;
"keyvault secret show")
	[ ! -e "$DIR/no-vault" ] || exit 1
	case "$*" in
	*"--name partnercenter-refresh-token "*) cat "$DIR/vault" ;;
	*"--name plan-key "*) cat "$DIR/plan-key.pem" ;;
	*) exit 2 ;;
	esac ;;
"keyvault secret set") while [ "$1" != --file ]; do shift; done; cat "$2" > "$DIR/vault" ;;
*) echo "az $*?" >&2; exit 2 ;;
esac`
	// fakeTerraform requires that it finds the stored token in a file that only the user can read. It writes a new
	// token.
	fakeTerraform = `case "$1" in
init) case "$*" in *-lockfile=readonly*) ;; *) exit 5 ;; esac ;;
workspace) [ "$2 $3 $4" = "select -or-create shard-3" ] ;;
plan|apply)
	env > "$DIR/environment"
	grep -qx stored-token "$PARTNERCENTER_REFRESH_TOKEN_FILE_PATH" || exit 3
	[ -n "$(find "$PARTNERCENTER_REFRESH_TOKEN_FILE_PATH" -perm 600)" ] || exit 4
	echo renewed-token > "$PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH"
	[ ! -e "$DIR/failing" ] || exit 1
	case "$*" in *" tfplan") grep -qx plan tfplan || exit 6 ;; esac
	case "$*" in *-out=tfplan*) echo plan > tfplan ;; esac
	case "$*" in *-detailed-exitcode*) [ ! -e "$DIR/changes" ] || exit 2 ;; esac ;;
show) [ "$*" = "show -json tfplan" ] && cat "$DIR/plan.json" ;;
output) cat "$DIR/output.json" ;;
*) exit 2 ;;
esac`
	// fakeGh returns the comments and issues of comments.json and issues.json.
	fakeGh = `echo "gh $*" >> "$DIR/requests"
case "$*" in
*" --input "*) for file; do :; done; cat "$file" >> "$DIR/requests" ;;
"api --paginate "*) for filter; do :; done; jq -r "$filter" "$DIR/comments.json" ;;
"issue list "*) cat "$DIR/issues.json" ;;
"issue "*) for file; do :; done; cat "$file" >> "$DIR/requests" ;;
*) exit 2 ;;
esac`
)

// planKeys are the certificate with which the plan job encrypts, and the key with which the apply job decrypts.
var planKeys = sync.OnceValues(func() (certificate, key []byte) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		panic(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
})

// newJobRun returns a run in a folder that has these empty files. With "changes" the plan has changes, with
// "failing" terraform fails, and with "no-vault" az fails.
func newJobRun(t *testing.T, files ...string) *jobRun {
	t.Helper()
	for _, program := range []string{"sh", "jq", "openssl", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s here to run the scripts with", program)
		}
	}
	workspace := t.TempDir()
	r := &jobRun{t: t, dir: filepath.Join(workspace, "job")}
	r.env = map[string]string{"DIR": r.dir, "PATH": r.dir + string(os.PathListSeparator) + os.Getenv("PATH")}
	for _, dir := range []string{r.dir, filepath.Join(workspace, "ci"), filepath.Join(workspace, "tfplan")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../ci", filepath.Join(r.dir, "ci")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plan.sh", "comment.sh", "alarm.sh", "gitlab-report.jq"} {
		content, err := os.ReadFile(filepath.Join(pipelines, name))
		if err != nil {
			t.Fatal(err)
		}
		r.write("../ci/"+name, string(content), 0o600)
	}
	certificate, key := planKeys()
	r.write("plan-certificate.pem", string(certificate), 0o600)
	r.write("plan-key.pem", string(key), 0o600)
	for _, name := range files {
		r.write(name, "", 0o600)
	}
	r.write("plan.json", `{"resource_changes": [{"mode": "managed", "type": "partnercenter_customer_permissions", "change": {"actions": ["create"]}}]}`, 0o600)
	r.write("issues.json", "[]", 0o600)
	r.write("comments.json", "[]", 0o600)
	r.write("requests", "", 0o600)
	r.write("vault", "stored-token\n", 0o600)
	r.write("az", "#!/bin/sh\n"+fakeAz+"\n", 0o700)
	r.write("gh", "#!/bin/sh\n"+fakeGh+"\n", 0o700)
	r.write("terraform", "#!/bin/sh\n"+fakeTerraform+"\n", 0o700)
	r.encrypt("tfplan.cms")
	r.encrypt("../tfplan/tfplan.cms")
	server := httptest.NewServer(http.HandlerFunc(r.answer))
	t.Cleanup(server.Close)
	r.server = server.URL
	return r
}

// encrypt writes an encrypted plan as the plan job does.
func (r *jobRun) encrypt(name string) {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "openssl", "cms", "-encrypt", "-aes256", "-binary", "-outform", "DER", "-out", name, "plan-certificate.pem")
	cmd.Dir, cmd.Stdin = r.dir, strings.NewReader("plan\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("%v\n%s", err, out)
	}
}

// answer records a request to Azure DevOps or GitLab. The file answers.json has the answer to all requests for a
// list.
func (r *jobRun) answer(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		r.t.Error(err)
	}
	f, err := os.OpenFile(filepath.Join(r.dir, "requests"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		r.t.Error(err)
		return
	}
	defer f.Close()
	fmt.Fprintf(f, "%s %s\n%s%s\n%s\n%s\n", req.Method, req.RequestURI, req.Header.Get("Private-Token"), req.Header.Get("Authorization"), req.Header.Get("Content-Type"), body)
	lists := req.Method == http.MethodGet || strings.HasSuffix(req.URL.Path, "/wiql")
	switch found, err := os.ReadFile(filepath.Join(r.dir, "answers.json")); {
	case lists && err == nil:
		_, _ = w.Write(found)
	case strings.HasSuffix(req.URL.Path, "/wiql"):
		_, _ = io.WriteString(w, `{"workItems": []}`)
	default:
		_, _ = io.WriteString(w, "[]")
	}
}

func (r *jobRun) succeeds() {
	r.t.Helper()
	if r.err != nil {
		r.t.Fatal(r.err)
	}
}

// checkPlanScript checks the output for the reviewer: the summary, and as much of the plan as fits.
func checkPlanScript(t *testing.T, _ []byte) {
	const changes = `{"resource_changes": [
		{"address": "a.fleet", "mode": "managed", "type": "partnercenter_customer_permissions", "change": {"actions": ["update"],
			"before": {"change_summary": null}, "after": {"change_summary": "enables 3, disables 1, releases 0, cannot enable 1; 596 already as declared"}}},
		{"address": "a.same", "mode": "managed", "type": "partnercenter_customer_permissions", "change": {"actions": ["no-op"],
			"before": {"change_summary": null}, "after": {"change_summary": null}}},
		{"address": "a.on", "mode": "managed", "type": "partnercenter_customer_permission_reservations", "change": {"actions": ["create"],
			"before": null, "after": {"enabled": true}}},
		{"address": "a.off", "mode": "managed", "type": "partnercenter_customer_permission_savings_plans", "change": {"actions": ["delete"],
			"before": {"enabled": true}, "after": null}},
		{"address": "a.gone", "mode": "managed", "type": "partnercenter_customer_permission_savings_plans", "change": {"actions": ["forget"],
			"before": {"enabled": true}, "after": null}},
		{"address": "a.owner", "mode": "managed", "type": "partnercenter_subscription_owner_assignment", "change": {"actions": ["delete", "create"],
			"before": {}, "after": {}}},
		{"address": "data.a.b", "mode": "data", "type": "partnercenter_customer_permissions", "change": {"actions": ["read"], "before": null, "after": {}}}
	]}`
	const summary = "**enables 3, disables 1, releases 0, cannot enable 1; 596 already as declared** (`a.fleet`)\n\n" +
		"**enables 1, disables 1** (resources of one customer)\n\n" +
		"**Owner role: adds 1, removes 1**\n\n" +
		"Plan: 2 to add, 1 to change, 2 to destroy.\n\n"
	plan := func(t *testing.T, text string, limit int, files ...string) (string, *jobRun) {
		r := newJobRun(t, files...)
		r.write("plan.json", changes, 0o600)
		r.write("text", text, 0o600)
		r.write("terraform", "#!/bin/sh\n[ \"$1\" != plan ] || cat \"$DIR/text\"\n"+fakeTerraform+"\n", 0o700)
		r.env["REPORT_BYTES"] = fmt.Sprint(limit)
		r.write("token", "stored-token\n", 0o600)
		r.env["PARTNERCENTER_REFRESH_TOKEN_FILE_PATH"], r.env["PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH"] = r.dir+"/token", r.dir+"/token"
		r.err = r.shell("sh ci/plan.sh", nil)
		return r.read("plan.md"), r
	}
	const noise = "data.x.y: Reading...\ndata.x.y: Read complete after 1s\na.fleet: Refreshing state... [id=x]\na.fleet: Still reading... [10s elapsed]\n"
	t.Run("all", func(t *testing.T) {
		got, r := plan(t, noise+"\n  # a.fleet will be updated\n  + \"Ä (1)\"\n", 60000, "changes")
		mustEqual(t, "plan.md", got, summary+"````text\n\n  # a.fleet will be updated\n  + \"Ä (1)\"\n````\n")
		if !strings.Contains(r.log, "Refreshing state") || r.err == nil || r.err.Error() != "exit status 2" {
			t.Errorf("%v: %s", r.err, r.log)
		}
	})
	t.Run("shortened", func(t *testing.T) {
		got, _ := plan(t, strings.Repeat("0123456789 äöü\n", 10000), 60000, "changes")
		if len(got) > 65536 || len(got) < 59000 || !strings.HasPrefix(got, summary) || !strings.HasSuffix(got, "äöü\n… The rest is in the log of this job.\n````\n") {
			t.Errorf("%d bytes: %.500s", len(got), got)
		}
	})
	t.Run("no changes", func(t *testing.T) {
		got, r := plan(t, "No changes.\n", 60000)
		r.succeeds()
		mustEqual(t, "plan.md", got, "No changes.\n\n````text\nNo changes.\n````\n")
	})
	t.Run("failed", func(t *testing.T) {
		got, r := plan(t, "Error: x\n", 60000, "failing")
		mustEqual(t, "plan.md", got, "**The plan failed.**\n\n````text\nError: x\n````\n")
		if r.err == nil || r.err.Error() != "exit status 1" {
			t.Error(r.err)
		}
	})
}

// checkCommentScript writes a comment twice. The second one replaces the first, and no comment of another user.
func checkCommentScript(t *testing.T, _ []byte) {
	systems := map[string]struct {
		env            map[string]string
		comment, first string
		second         string
	}{
		"GitHub": {
			map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "contoso/permissions", "PULL_REQUEST": "7"},
			`[{"id": 1, "user": {"type": "User"}, "body": "<!-- terraform plan a -->"}, {"id": 2, "user": {"type": "Bot"}, "body": "<!-- terraform plan b -->"}` +
				`, {"id": 3, "user": {"type": "Bot"}, "body": "<!-- terraform plan a -->\\n"}]`,
			"gh api --silent --method POST repos/contoso/permissions/issues/7/comments --input comment.json\n",
			"gh api --silent --method PATCH repos/contoso/permissions/issues/comments/3 --input comment.json\n",
		},
		"GitLab": {
			map[string]string{"CI_PROJECT_ID": "9", "CI_MERGE_REQUEST_IID": "7", "GITLAB_TOKEN": "gitlab-access"},
			`[{"id": 1, "body": "hello"}, {"id": 3, "body": "<!-- terraform plan a -->\\n"}]`,
			"POST /api/v4/projects/9/merge_requests/7/notes\ngitlab-access\napplication/json\n",
			"PUT /api/v4/projects/9/merge_requests/7/notes/3\ngitlab-access\napplication/json\n",
		},
	}
	for name, system := range systems {
		t.Run(name, func(t *testing.T) {
			r := newJobRun(t)
			r.write("plan.md", "enables 3 \"Ä\"\n", 0o600)
			r.env["CI_API_V4_URL"] = r.server + "/api/v4"
			comment := func(want string) {
				r.write("requests", "", 0o600)
				if err := r.shell("sh ci/comment.sh plan.md a", system.env); err != nil {
					t.Fatal(err)
				}
				if got := r.read("requests"); !strings.Contains(got, want+`{"body":"<!-- terraform plan a -->\nenables 3 \"Ä\"\n"}`) {
					t.Errorf("the requests are\n%s", got)
				}
			}
			comment(system.first)
			r.write("comments.json", system.comment, 0o600)
			r.write("answers.json", system.comment, 0o600)
			comment(system.second)
		})
	}
}

// checkAlarmScript raises an alarm twice. The first opens an issue, the second adds a comment to it. A webhook is
// called each time.
func checkAlarmScript(t *testing.T, _ []byte) {
	const title = "Customer permissions differ"
	for name, system := range map[string]struct {
		env           map[string]string
		open          string // the open issues before the second alarm
		first, second []string
		link          string
	}{
		"GitHub": {
			map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "contoso/permissions", "GITHUB_RUN_ID": "42"},
			`[{"number": 1, "title": "another"}, {"number": 5, "title": "` + title + `"}]`,
			[]string{"gh issue create --repo contoso/permissions --title " + title + " --body-file plan.md\nenables 3\n"},
			[]string{"gh issue comment 5 --repo contoso/permissions --body-file plan.md\nenables 3\n"},
			"https://github.example/contoso/permissions/actions/runs/42",
		},
		"Azure DevOps": {
			map[string]string{"TF_BUILD": "True", "SYSTEM_TEAMPROJECTID": "project-id", "BUILD_BUILDID": "42", "SYSTEM_ACCESSTOKEN": "ado-access"},
			`{"workItems": [{"id": 5}]}`,
			[]string{"AND [System.Title] = '" + title + "' AND", "POST /contoso/project-id/_apis/wit/workitems/$Task?api-version=7.1\nBearer ado-access\napplication/json-patch+json\n", "\"<pre>enables 3\\n&lt;b&gt;"},
			[]string{"PATCH /contoso/project-id/_apis/wit/workitems/5?api-version=7.1\nBearer ado-access\napplication/json-patch+json\n", "/fields/System.History"},
			"/contoso/project-id/_build/results?buildId=42",
		},
		"GitLab": {
			map[string]string{"CI_PROJECT_ID": "9", "CI_JOB_URL": "https://gitlab.example/job", "GITLAB_TOKEN": "gitlab-access"},
			`[{"iid": 1, "title": "another"}, {"iid": 5, "title": "` + title + `"}]`,
			[]string{"GET /api/v4/projects/9/issues?state=opened&in=title&search=Customer", "POST /api/v4/projects/9/issues\ngitlab-access\napplication/json\n", `"title": "` + title + `"`, `"description": "enables 3`},
			[]string{"POST /api/v4/projects/9/issues/5/notes\ngitlab-access\napplication/json\n", `"body": "enables 3`},
			"https://gitlab.example/job",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newJobRun(t)
			r.write("plan.md", "enables 3\n<b>\n", 0o600)
			r.env["CI_API_V4_URL"], r.env["SYSTEM_COLLECTIONURI"], r.env["WEBHOOK_URL"] = r.server+"/api/v4", r.server+"/contoso/", r.server+"/teams"
			alarm := func(wants []string) {
				r.write("requests", "", 0o600)
				if err := r.shell(`sh ci/alarm.sh "`+title+`" plan.md`, system.env); err != nil {
					t.Fatal(err)
				}
				got := r.read("requests")
				for _, want := range append(wants, "POST /teams\n", "AdaptiveCard", `"text": "enables 3"`, system.link) {
					if !strings.Contains(got, want) {
						t.Errorf("there is no %q in\n%s", want, got)
					}
				}
			}
			alarm(system.first)
			r.write("issues.json", system.open, 0o600)
			r.write("answers.json", system.open, 0o600)
			alarm(system.second)
		})
	}
	t.Run("Slack, and no result", func(t *testing.T) {
		r := newJobRun(t)
		r.write("curl", "#!/bin/sh\ncat >> \"$DIR/requests\"\nfor file; do case $file in @*) cat \"${file#@}\" >> \"$DIR/requests\" ;; esac; done\n", 0o700)
		r.env["WEBHOOK_URL"] = "https://hooks.slack.com/services/x"
		if err := r.shell(`sh ci/alarm.sh "`+title+`" plan.md`, map[string]string{
			"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "contoso/permissions", "GITHUB_RUN_ID": "42",
		}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`url = "https://hooks.slack.com/services/x"`, `"text": "` + title + `\nThe job failed before it had a result. See its log.\nhttps://github.example/`} {
			if got := r.read("requests"); !strings.Contains(got, want) {
				t.Errorf("there is no %q in\n%s", want, got)
			}
		}
	})
}

// checkGitLabReport checks nothing, because checkGitLabCI runs the job.
func checkGitLabReport(*testing.T, []byte) {}

// checkDockerfile compares the version of Terraform with that of the other pipelines.
func checkDockerfile(t *testing.T, content []byte) {
	other, err := os.ReadFile(filepath.Join(pipelines, "github-actions.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(content, []byte("\n# 1.15.8\nCOPY --from=hashicorp/terraform@sha256:")) || !bytes.Contains(other, []byte("TERRAFORM_VERSION: 1.15.8 ")) {
		t.Error("the versions of Terraform differ")
	}
}

// checkBackend checks that the backend does not use an access key.
func checkBackend(t *testing.T, content []byte) {
	if !bytes.Contains(content, []byte(`backend "azurerm"`)) || !bytes.Contains(content, []byte("use_azuread_auth     = true")) {
		t.Error("the backend is not azurerm with Microsoft Entra ID")
	}
}
