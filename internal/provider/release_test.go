package provider

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestWorkflows: actions are pinned to the same digest everywhere. Only one job has the signing key, and it builds
// nothing.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"../../.github/workflows/*.yml", pipelines + "/*.yml"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, err)
		}
		files = append(files, found...)
	}
	action := regexp.MustCompile(`uses: ([\w./-]+)@(\S+) # (\S+)`)
	digests := make(map[string]string)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range action.FindAllStringSubmatch(string(content), -1) {
			if before, ok := digests[a[1]]; ok && before != a[2]+" "+a[3] {
				t.Errorf("%s: %s is pinned to %s %s, and elsewhere to %s", file, a[1], a[2], a[3], before)
			}
			digests[a[1]] = a[2] + " " + a[3]
		}
		if !strings.Contains(file, ".github") {
			continue // TestPipelines
		}
		mustLint(t, filepath.Base(file), content)
		mustPin(t, regexp.MustCompile(`(?m)^.*uses: \./.*$`).ReplaceAll(content, nil))
	}
	content, err := os.ReadFile("../../.github/workflows/release.yml")
	if err != nil {
		t.Fatal(err)
	}
	building, publishing, ok := strings.Cut(string(content), "\n  publish:\n")
	if !ok || strings.Contains(building, "secrets.") || strings.Contains(building, "contents: write") {
		t.Error("a job that builds has a secret or may publish")
	}
	for _, builds := range []string{"setup-go", "make ", "go build", "id-token"} {
		if strings.Contains(publishing, builds) {
			t.Errorf("the job with the signing key has %s", builds)
		}
	}
	version, err := os.ReadFile("../../.go-version")
	if err != nil || !regexp.MustCompile(`^1\.\d+\.\d+\n$`).Match(version) {
		t.Errorf("the Go toolchain is not pinned: %q, %v", version, err)
	}
}

// TestForms decodes the issue forms as YAML.
func TestForms(t *testing.T) {
	t.Parallel()
	forms, err := filepath.Glob("../../.github/ISSUE_TEMPLATE/*.yml")
	if err != nil || len(forms) == 0 {
		t.Fatal(err)
	}
	for _, form := range forms {
		content, err := os.ReadFile(form)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		strictly(t, content, &fields)
		if filepath.Base(form) != "config.yml" && (fields["name"] == nil || fields["description"] == nil || fields["body"] == nil) {
			t.Errorf("%s has no name, description or body", form)
		}
	}
}

// TestRelease checks the files of a release against the rules of the Terraform Registry. "make release-check"
// builds a release and sets RELEASE_DIST to its folder.
func TestRelease(t *testing.T) {
	t.Parallel()
	manifest, err := os.ReadFile("../../terraform-registry-manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	if dist := os.Getenv("RELEASE_DIST"); dist != "" {
		listed, problems := registryProblems(dist)
		for _, problem := range problems {
			t.Error(problem)
		}
		t.Logf("files of the release:\n  %s", strings.Join(listed, "\n  "))
		for _, want := range []string{"partnercenter-mock_*_" + runtime.GOOS + "_" + runtime.GOARCH + ".zip", "*.cdx.json"} {
			if found, err := filepath.Glob(filepath.Join(dist, want)); err != nil || len(found) == 0 {
				t.Errorf("there is no %s: %v", want, err)
			}
		}
		return
	}
	const project = "terraform-provider-partnercenter"
	for name, spoil := range map[string]func(dist string) error{
		"": func(string) error { return nil },
		"checksum": func(dist string) error {
			return os.WriteFile(filepath.Join(dist, project+"_1.2.3_linux_amd64.zip"), []byte("x"), 0o600)
		},
		"not among the checksums": func(dist string) error {
			return writeArchive(filepath.Join(dist, project+"_1.2.3_darwin_arm64.zip"), project+"_v1.2.3")
		},
		"is missing": func(dist string) error { return os.Remove(filepath.Join(dist, project+"_1.2.3_linux_amd64.zip")) },
		"no program": func(dist string) error {
			return errors.Join(writeArchive(filepath.Join(dist, project+"_1.2.3_linux_amd64.zip"), project), writeSums(dist, project, "1.2.3"))
		},
		"protocol 6.0": func(dist string) error {
			return errors.Join(os.WriteFile(filepath.Join(dist, project+"_1.2.3_manifest.json"), []byte(`{"version":1,"metadata":{"protocol_versions":["5.0"]}}`), 0o600), writeSums(dist, project, "1.2.3"))
		},
		"no release": func(dist string) error { return os.Remove(filepath.Join(dist, project+"_1.2.3_SHA256SUMS")) },
		"another product": func(dist string) error {
			return errors.Join(writeArchive(filepath.Join(dist, "partnercenter-mock_1.2.3_linux_amd64.zip"), "mock"), appendSum(dist, project, "partnercenter-mock_1.2.3_linux_amd64.zip"))
		},
	} {
		dist := t.TempDir()
		if err := errors.Join(
			writeArchive(filepath.Join(dist, project+"_1.2.3_linux_amd64.zip"), project+"_v1.2.3"),
			writeArchive(filepath.Join(dist, project+"_1.2.3_windows_amd64.zip"), project+"_v1.2.3.exe"),
			os.WriteFile(filepath.Join(dist, project+"_1.2.3_manifest.json"), manifest, 0o600),
			writeSums(dist, project, "1.2.3"), spoil(dist),
		); err != nil {
			t.Fatal(err)
		}
		_, problems := registryProblems(dist)
		if found := strings.Join(problems, "\n"); name == "" && found != "" || !strings.Contains(found, name) {
			t.Errorf("%q: the problems are %q", name, found)
		}
	}
}

func writeArchive(path string, files ...string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	archive := zip.NewWriter(file)
	for _, name := range files {
		if _, err := archive.Create(name); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), file.Close())
}

func writeSums(dist, project, version string) error {
	found, err := filepath.Glob(filepath.Join(dist, project+"_"+version+"_*"))
	if err != nil {
		return err
	}
	sums := filepath.Join(dist, project+"_"+version+"_SHA256SUMS")
	if err := os.WriteFile(sums, nil, 0o600); err != nil {
		return err
	}
	for _, path := range found {
		if path != sums {
			if err := appendSum(dist, project, filepath.Base(path)); err != nil {
				return err
			}
		}
	}
	return nil
}

func appendSum(dist, project, name string) error {
	content, err := os.ReadFile(filepath.Join(dist, name))
	if err != nil {
		return err
	}
	sums, err := filepath.Glob(filepath.Join(dist, project+"_*_SHA256SUMS"))
	if err != nil || len(sums) != 1 {
		return fmt.Errorf("%v %w", sums, err)
	}
	file, err := os.OpenFile(sums[0], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%x  %s\n", sha256.Sum256(content), name)
	return errors.Join(err, file.Close())
}

// registryProblems compares a release with https://developer.hashicorp.com/terraform/registry/providers/publishing.
// It runs before the release is signed. It returns the files that the checksums name.
func registryProblems(dist string) (listed, problems []string) {
	const project = "terraform-provider-partnercenter"
	found, err := filepath.Glob(filepath.Join(dist, project+"_*_SHA256SUMS"))
	if err != nil || len(found) != 1 {
		return nil, []string{fmt.Sprintf("there is no release in %s: %v %v", dist, found, err)}
	}
	prefix := strings.TrimSuffix(filepath.Base(found[0]), "SHA256SUMS")
	version := strings.TrimSuffix(strings.TrimPrefix(prefix, project+"_"), "_")
	content, err := os.ReadFile(found[0])
	if err != nil {
		return nil, []string{err.Error()}
	}
	sums := make(map[string]string)
	for line := range strings.Lines(string(content)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		sums[name] = sum
	}
	listed = slices.Sorted(maps.Keys(sums))
	archive := regexp.MustCompile("^" + regexp.QuoteMeta(prefix) + `(darwin|freebsd|linux|windows)_(386|amd64|arm|arm64)\.zip$`)
	archives := 0
	for _, name := range listed {
		content, err := os.ReadFile(filepath.Join(dist, name))
		digest := sha256.Sum256(content)
		switch {
		case err != nil:
			problems = append(problems, name+" is missing: "+err.Error())
		case hex.EncodeToString(digest[:]) != sums[name]:
			problems = append(problems, name+" has another checksum")
		case name == prefix+"manifest.json":
			var m struct {
				Version  int
				Metadata struct {
					Protocols []string `json:"protocol_versions"`
				}
			}
			if err := json.Unmarshal(content, &m); err != nil || m.Version != 1 || !slices.Equal(m.Metadata.Protocols, []string{"6.0"}) {
				problems = append(problems, fmt.Sprintf("%s is not of version 1 and protocol 6.0: %+v %v", name, m, err))
			}
		case archive.MatchString(name):
			archives++
			program := project + "_v" + version
			if strings.Contains(name, "_windows_") {
				program += ".exe"
			}
			if !contains(filepath.Join(dist, name), program) {
				problems = append(problems, fmt.Sprintf("%s has no program %s", name, program))
			}
		default:
			problems = append(problems, name+" is of another product")
		}
	}
	if archives == 0 || sums[prefix+"manifest.json"] == "" {
		problems = append(problems, fmt.Sprintf("%d archives, manifest %q", archives, sums[prefix+"manifest.json"]))
	}
	all, err := filepath.Glob(filepath.Join(dist, project+"_*.zip"))
	for _, path := range all {
		if sums[filepath.Base(path)] == "" {
			problems = append(problems, filepath.Base(path)+" is not among the checksums")
		}
	}
	if err != nil {
		problems = append(problems, err.Error())
	}
	return listed, problems
}

func contains(archive, name string) bool {
	r, err := zip.OpenReader(archive)
	if err != nil {
		return false
	}
	defer r.Close()
	return slices.ContainsFunc(r.File, func(f *zip.File) bool { return f.Name == name })
}

// TestSignRelease signs with a key that it creates.
func TestSignRelease(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"gpg", "gpgconf", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	const project = "terraform-provider-partnercenter"
	dist, home := t.TempDir(), t.TempDir()
	t.Cleanup(func() {
		kill := exec.Command("gpgconf", "--kill", "all")
		kill.Env = append(os.Environ(), "GNUPGHOME="+home)
		_ = kill.Run() // there may be no agent
	})
	if err := errors.Join(os.Chmod(home, 0o700), writeArchive(filepath.Join(dist, project+"_1.2.3_linux_amd64.zip"), "x"), writeSums(dist, project, "1.2.3")); err != nil {
		t.Fatal(err)
	}
	gpg := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "gpg", append([]string{"--batch", "--homedir", home, "--pinentry-mode", "loopback", "--passphrase", "a passphrase"}, args...)...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("gpg %v: %v", args, err)
		}
		return string(out)
	}
	gpg("--quick-gen-key", "releases@example.com", "ed25519", "sign", "1d")
	fingerprint := regexp.MustCompile(`(?m)^fpr:+([0-9A-F]{40}):`).FindStringSubmatch(gpg("--with-colons", "--list-keys"))
	if fingerprint == nil {
		t.Fatal("there is no key")
	}
	sign := func(passphrase string) error {
		cmd := exec.CommandContext(t.Context(), "../tools/sign-release", dist)
		cmd.Env = append(os.Environ(), "GPG_PRIVATE_KEY="+gpg("--armor", "--export-secret-keys"), "GPG_PASSPHRASE="+passphrase, "GPG_FINGERPRINT="+fingerprint[1])
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	if err := sign("another passphrase"); err == nil {
		t.Error("it signs with a wrong passphrase")
	}
	if err := sign("a passphrase"); err != nil {
		t.Fatal(err)
	}
	gpg("--verify", filepath.Join(dist, project+"_1.2.3_SHA256SUMS.sig"), filepath.Join(dist, project+"_1.2.3_SHA256SUMS"))
	if err := os.WriteFile(filepath.Join(dist, project+"_1.2.3_linux_amd64.zip"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sign("a passphrase"); err == nil {
		t.Error("it signs checksums of other files")
	}
}
