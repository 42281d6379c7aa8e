package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
)

var markdownLink = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)

// TestReadme: the configuration is the one that TestExamples applies, and the target of every link exists.
func TestReadme(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"README.md", "SECURITY.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md"} {
		content, err := os.ReadFile(filepath.Join(acctest.Root(), name))
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range markdownLink.FindAllStringSubmatch(string(content), -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(acctest.Root(), link[1])); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if name != "README.md" {
			continue
		}
		example, err := os.ReadFile(filepath.Join(acctest.Root(), "examples", "provider", "provider.tf"))
		if err != nil || !strings.Contains(string(content), "```terraform\n"+string(example)+"```\n") {
			t.Errorf("the first configuration is not that of examples/provider: %v", err)
		}
		if lines := strings.Count(string(content), "\n"); lines > 120 {
			t.Errorf("%d lines are more than two screens", lines)
		}
	}
}

// TestGuideIndex: the page of all guides lists each guide.
func TestGuideIndex(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(acctest.Root(), "internal", "provider", "templates", "guides")
	index, err := os.ReadFile(filepath.Join(folder, "all_guides.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	guides, err := filepath.Glob(filepath.Join(folder, "*.md.tmpl"))
	if err != nil || len(guides) < 2 {
		t.Fatal(err)
	}
	for _, guide := range guides {
		if page := strings.TrimSuffix(filepath.Base(guide), ".tmpl"); page != "all_guides.md" && !strings.Contains(string(index), "("+page+")") {
			t.Errorf("%s is not on the page of all guides", page)
		}
	}
}
