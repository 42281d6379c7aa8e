package provider_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
)

const (
	// maxWords is the maximum number of words of a sentence. The goal is 25.
	maxWords = 30
	// maxDescription is the maximum length of an attribute's description, in characters without the environment
	// variables.
	maxDescription = 400
)

// banned are expressions that read like a translation, with what to write instead.
var banned = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`(?i)\bprov(e|es|ed) (itself|themselves|the application)\b|\bthe application's proof\b`), "authenticates, credential"},
	{regexp.MustCompile(`(?i)\bsign(s|ed) in as\b`), "authenticates as"},
	{regexp.MustCompile(`(?i)\bpassing (failure|reason)`), "transient error"},
	{regexp.MustCompile(`(?i)\bturn(s|ed|ing)? (it |them |(a |the |all )?(\w+ )?permissions? )?(on|off)\b`), "enable, disable"},
	{regexp.MustCompile(`(?i)\bbears?\b|\bborne\b|\badmits?\b`), "tolerates, allows, supports"},
	{regexp.MustCompile(`(?i)\b(is|are|was) (told|looked at)\b|\basked for\b`), "receives, requests, reads"},
	{regexp.MustCompile(`(?i)\b(first|earliest|same|this|that) moment\b|\bat the moment\b`), "time; end (exclusive)"},
	{regexp.MustCompile(`(?i)\bc[ao]me of\b|\bcame from\b|\bby whom\b`), "created by, result of"},
	{regexp.MustCompile(`(?i)\b(the|a) fleet\b`), "partnercenter_customer_permissions"},
	{regexp.MustCompile(`\bWhether to\b`), "Check …, Set to `true` to …"},
	{regexp.MustCompile("\\bDefault(s|:| is)? (?:`|now\\b)|\\(default\\)"), "Defaults to `…`."},
	{regexp.MustCompile(`(?i)\bnone but\b`), "a positive sentence"},
}

var (
	code       = regexp.MustCompile("(?s)```.*?```|`[^`]*`")
	linkTarget = regexp.MustCompile(`\]\([^)]*\)|https?://\S+`)
	sentence   = regexp.MustCompile(`[.!?:](\s+|$)|\n\n|\n[-|#>*]|;\s`)
	lowerID    = regexp.MustCompile(`\b(id|ids)\b([^-]|$)`)
	// functionWord matches a word that sentences have and lists of names do not.
	functionWord = regexp.MustCompile(`(?i)\b(a|the|is|are|of|to|and|in)\b`)
)

// wordsIn returns the problems in a text. Code in backticks does not count.
func wordsIn(text string) (found []string) {
	for _, b := range banned {
		if b.instead == "Defaults to `…`." {
			for _, m := range b.pattern.FindAllString(text, -1) {
				if !strings.HasPrefix(m, "Defaults") {
					found = append(found, strconv.Quote(m)+": write "+b.instead)
				}
			}
			continue
		}
		if m := b.pattern.FindString(linkTarget.ReplaceAllString(code.ReplaceAllString(text, "x"), "]")); m != "" {
			found = append(found, strconv.Quote(m)+": write "+b.instead)
		}
	}
	plain := linkTarget.ReplaceAllString(code.ReplaceAllString(text, "x"), "]")
	if m := lowerID.FindString(plain); m != "" {
		found = append(found, strconv.Quote(m)+": write ID")
	}
	for _, s := range sentence.Split(plain, -1) {
		if words := len(strings.Fields(s)); words > maxWords && functionWord.MatchString(s) {
			found = append(found, strconv.Itoa(words)+" words in one sentence: "+s)
		}
	}
	return found
}

// text checks the words and the length of a description.
func (r rules) text(path, text string, attribute bool) {
	r.Helper()
	for _, found := range wordsIn(text) {
		r.Errorf("%s: %s", path, found)
	}
	short, _, _ := strings.Cut(text, "Environment variable")
	if n := len([]rune(short)); attribute && n > maxDescription {
		r.Errorf("%s: the description has %d characters, and at most %d are read", path, n, maxDescription)
	}
}

// page checks the description of a type: the first paragraph is one sentence, and the number of requests is named.
func (r rules) page(name, description string) {
	r.Helper()
	r.text(name, description, false)
	first, _, _ := strings.Cut(description, "\n\n")
	if strings.Count(strings.TrimSuffix(first, "."), ". ") > 0 || len([]rune(first)) > 250 {
		r.Errorf("%s: the first paragraph is the description in search results, so it is one sentence: %q", name, first)
	}
	if !strings.Contains(description, "**Requests:** ") {
		r.Errorf("%s: the description does not say how many requests it takes", name)
	}
}

// TestWords_guides checks the words of the guides, the README and other Markdown files.
func TestWords_guides(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"*.md", "internal/provider/templates/*.tmpl", "internal/provider/templates/*/*.tmpl", "examples/modules/*/README.md"} {
		found, err := filepath.Glob(filepath.Join(acctest.Root(), filepath.FromSlash(pattern)))
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		if filepath.Base(file) == "LICENSES.md" {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range wordsIn(unquoted(string(content))) {
			t.Errorf("%s: %s", strings.TrimPrefix(file, acctest.Root()), found)
		}
	}
}

var (
	quotedMessage = regexp.MustCompile(`(?m)^> .*$`)
	template      = regexp.MustCompile(`\{\{.*?\}\}`)
	tableRow      = regexp.MustCompile(`(?m)^\|.*$`)
)

// unquoted returns a guide without the messages that it quotes. The cells of tables become paragraphs.
func unquoted(guide string) string {
	guide = template.ReplaceAllString(quotedMessage.ReplaceAllString(guide, ""), "")
	return tableRow.ReplaceAllStringFunc(guide, func(row string) string { return strings.ReplaceAll(row, "|", "\n\n") })
}

// TestWords_messages checks the words of the texts in the code.
func TestWords_messages(t *testing.T) {
	t.Parallel()
	root := filepath.Join(acctest.Root(), "internal")
	checked := 0
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() && slices.Contains([]string{"tools", "acctest", "mockbackend"}, e.Name()) {
			return cmpErr(err, e)
		}
		if e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, text := range textsIn(parsed) {
			checked++
			for _, found := range wordsIn(text) {
				t.Errorf("%s: %s", strings.TrimPrefix(path, root), found)
			}
		}
		return nil
	})
	if err != nil || checked < 500 {
		t.Errorf("%d texts were checked: %v", checked, err)
	}
	for _, text := range []string{
		"turned on", "the customer id", "Whether to check.", "Default `true`.", "The user signs in as an agent.",
		strings.Repeat("the word ", maxWords/2+1),
	} {
		if len(wordsIn(text)) != 1 {
			t.Errorf("the rules do not find what is wrong with %q: %v", text, wordsIn(text))
		}
	}
	if found := wordsIn("Set `id`. Defaults to `true`. An ID."); len(found) > 0 {
		t.Errorf("the rules find %v", found)
	}
}

func cmpErr(err error, e fs.DirEntry) error {
	if err != nil {
		return err
	}
	if e.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// textsIn returns the literals of a file with three words or more. Added literals are joined.
func textsIn(file *ast.File) (texts []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			n.Tag = nil
		case *ast.BinaryExpr:
			if n.Op == token.ADD {
				if text := joined(n); text != "" {
					texts = append(texts, text)
					return false
				}
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				if text, err := strconv.Unquote(n.Value); err == nil {
					texts = append(texts, text)
				}
			}
		}
		return true
	})
	var sentences []string
	for _, text := range texts {
		if len(strings.Fields(text)) >= 3 {
			sentences = append(sentences, text)
		}
	}
	return sentences
}

// joined returns added literals as one text. Other operands become an x.
func joined(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return joined(e.X) + joined(e.Y)
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	}
	return " x "
}
