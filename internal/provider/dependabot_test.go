package provider

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

type dependabot struct {
	Version string             `json:"version"`
	Updates []dependabotUpdate `json:"updates"`
}

type dependabotUpdate struct {
	Ecosystem   string   `json:"package-ecosystem"`
	Directories []string `json:"directories"`
	Schedule    struct {
		Interval string `json:"interval"`
	} `json:"schedule"`
	Allow  []dependabotName `json:"allow"`
	Groups map[string]struct {
		Patterns []string `json:"patterns"`
	} `json:"groups"`
}

type dependabotName struct {
	Name string `json:"dependency-name"`
}

// toolLine matches a package that a go.mod lists as a tool.
var toolLine = regexp.MustCompile(`(?m)^(?:tool |\t)([\w./-]+)$`)

// TestDependabot checks that each module is updated. go.mod marks the modules of tools as indirect. Dependabot
// updates such modules only if they are listed by name.
func TestDependabot(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../.github/dependabot.yml")
	if err != nil {
		t.Fatal(err)
	}
	var d dependabot
	strictly(t, content, &d)
	modules := make(map[string]dependabotUpdate)
	var ecosystems []string
	for _, u := range d.Updates {
		ecosystems = append(ecosystems, u.Ecosystem)
		mustEqual(t, "the interval", u.Schedule.Interval, "weekly")
		mustEqual(t, "groups", len(u.Groups), 1)
		for _, g := range u.Groups {
			mustEqual(t, "the group", g.Patterns, []string{"*"})
		}
		for _, dir := range u.Directories {
			if u.Ecosystem == "gomod" {
				modules[dir] = u
			}
		}
	}
	if !slices.Contains(ecosystems, "github-actions") {
		t.Error("the actions are not updated")
	}
	root := os.DirFS("../..")
	err = fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && name != "." && strings.HasPrefix(e.Name(), ".") {
			return fs.SkipDir
		}
		if err != nil || e.Name() != "go.mod" {
			return err
		}
		dir := path.Join("/", filepath.ToSlash(filepath.Dir(name)))
		u, ok := modules[dir]
		if !ok {
			t.Errorf("the module in %s is not updated", dir)
		}
		delete(modules, dir)
		mod, err := fs.ReadFile(root, name)
		for _, tool := range toolLine.FindAllStringSubmatch(string(mod), -1) {
			module, _, _ := strings.Cut(tool[1], "/cmd/")
			if !slices.Contains(u.Allow, dependabotName{module}) {
				t.Errorf("%s: the tool %s is not updated", dir, module)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir := range modules {
		t.Errorf("there is no module in %s", dir)
	}
}
