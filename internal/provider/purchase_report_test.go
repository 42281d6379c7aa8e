package provider_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/png" // the format of screenshots
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// reportFiles are the files of examples/purchase-report.
var reportFiles = []string{"main.tf", "report.sh", "report.md.tftpl", "report.csv.tftpl", "report.html.tftpl"}

// spiteful is a company name that contains HTML, Markdown and a spreadsheet formula.
const spiteful = `=<script>alert(1)</script> | *A* "B" & 'C'`

// bought returns a server with purchases of all kinds in several months, by customers with unusual names.
func bought(t *testing.T) *acctest.Backend {
	t.Helper()
	b := acctest.New(t, mockbackend.Config{Customers: 20})
	now := time.Now().UTC()
	month := func(ago int) time.Time {
		return time.Date(now.Year(), now.Month()-time.Month(ago), 1, 9, 30, 0, 0, time.UTC)
	}
	odd := b.AddCustomer(mockbackend.Customer{CompanyName: spiteful}, mockbackend.Subscription{}).ID
	buyers := []string{odd, mockbackend.ContosoID, mockbackend.TailspinID}
	for _, c := range b.Customers()[6:16] {
		buyers = append(buyers, c.ID)
	}
	for i, id := range buyers {
		b.SetPermissions(id, mockbackend.AzureReservedInstances, mockbackend.AzureSavingsPlan)
		for ago := i % 3; ago < 12; ago += 2 + i%4 {
			b.AddOrder(id, mockbackend.Order{Created: month(ago), Lines: []mockbackend.OrderLine{{
				OfferID: "DZH318Z0BQ36:004G:DZH318Z0SAMP", FriendlyName: "Reserved VM Instance, Standard_D4s_v5, West Europe", TermDuration: []string{"P1Y", "P3Y"}[i%2], Quantity: 1 + i%3,
				UnitPriceCents: int64(150_000 + 37_123*i + 11_111*ago), Reservation: &mockbackend.Reservation{},
			}}})
		}
	}
	for _, s := range []struct {
		id, commitment string
		started        time.Time
		renew          bool
	}{{mockbackend.ContosoID, "0.5", month(0), true}, {mockbackend.TailspinID, "0.125", now.AddDate(-1, 0, 20), true}, {odd, "0.25", now.AddDate(-1, 0, 45), false}} {
		b.AddSubscription(s.id, mockbackend.Subscription{Created: s.started, SavingsPlan: &mockbackend.SavingsPlan{Commitment: s.commitment, OutsidePartnerCenter: true, AutoRenew: s.renew}})
	}
	b.AddOrder(odd, mockbackend.Order{Created: month(0), Lines: []mockbackend.OrderLine{{OfferID: "x:y:z", FriendlyName: "@SUM(1)\n<b>", UnitPriceCents: 12_345}}})
	b.AddOrder(mockbackend.ContosoID, mockbackend.Order{Created: month(0), Status: "cancelled", Lines: []mockbackend.OrderLine{{OfferID: "x:y:z", FriendlyName: "Reserved VM Instance, returned", UnitPriceCents: 99_999_00}}})
	return b
}

// report runs report.sh as a job does. It returns its exit code, its output and the files that it wrote.
func report(t *testing.T, w *acctest.Workspace, variables ...string) (code int, out string, files map[string]string) {
	t.Helper()
	bin, folder := t.TempDir(), filepath.Join(t.TempDir(), "kept")
	if err := os.Symlink(w.CLI.Path, filepath.Join(bin, "terraform")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "report.sh", folder)
	cmd.Dir, cmd.Env = w.Dir, append(w.Command(t.Context()).Env, append(variables, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))...)
	text, err := cmd.CombinedOutput()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	files = map[string]string{}
	found, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range found {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Ext(name)] = string(content)
	}
	return cmd.ProcessState.ExitCode(), string(text), files
}

// monthlyReport checks that the job writes the report for any names of customers, and fails after that.
func (e example) monthlyReport(string) {
	b := bought(e.T)
	texts := map[string]string{}
	for _, name := range reportFiles {
		texts[name] = e.read(name)
	}
	w := workspace(e.T, b.WorkspaceEnvironment(), texts)
	thisMonth := time.Now().UTC().Format("2006-01")
	month := "TF_VAR_month=" + thisMonth

	code, out, files := report(e.T, w, month)
	if code != 0 || len(files) != 3 {
		e.Fatalf("exit code %d, %d files\n%s", code, len(files), out)
	}
	if html := files[".html"]; strings.Contains(html, "<script") || !strings.Contains(html, "=&lt;script&gt;alert(1)&lt;/script&gt; | *A* &quot;B&quot; &amp; &#39;C&#39;") ||
		regexp.MustCompile(`(src|href)=|url\(|@import`).MatchString(html) || strings.Contains(html, "<b>\n") {
		e.Errorf("the page has foreign content:\n%s", html)
	}
	wellFormed(e.T, files[".html"])
	rows, err := csv.NewReader(strings.NewReader(files[".csv"])).ReadAll()
	if err != nil {
		e.Fatalf("%v\n%s", err, files[".csv"])
	}
	var sum float64
	byOdd := 0
	for _, row := range rows[1:] {
		var amount float64
		if _, err := fmt.Sscan(row[5], &amount); err != nil {
			e.Errorf("no amount in %q", row)
		}
		if row[7] != "cancelled" {
			sum += amount
		}
		for _, cell := range []string{row[1], row[4]} {
			if strings.ContainsRune("=+@-", rune(cell[0])) {
				e.Errorf("a formula: %q", cell)
			}
		}
		if row[1] == "'"+spiteful {
			byOdd++
		}
		if !strings.HasPrefix(row[0], thisMonth) {
			e.Errorf("of another month: %q", row)
		}
	}
	total := fmt.Sprintf("| USD | %.2f | %d | 0 |", sum, len(rows)-2) // one purchase is canceled
	if byOdd != 2 || !strings.Contains(files[".md"], total) {
		e.Errorf("%d purchases of the odd customer; no %q in\n%s", byOdd, total, files[".md"])
	}
	md := files[".md"]
	for _, want := range []string{
		"# Purchases in " + thisMonth, `=\<script\>alert(1)\</script\> \| \*A\* "B" & 'C'`, "@SUM(1) \\<b\\>", " (cancelled) | 1 × Reserved VM Instance, returned |",
		"| Compute savings plan, 1 year, 0.125 USD per hour | 1095.00 USD | yes |", "| Compute savings plan, 1 year, 0.25 USD per hour | 2190.00 USD | no |",
		"| 3 × Reserved VM Instance, Standard\\_D4s\\_v5, West Europe | 10060.68 USD | yes |", // from Azure
	} {
		if !strings.Contains(md, want) {
			e.Errorf("the Markdown has no %q:\n%s", want, md)
		}
	}

	code, out, files = report(e.T, w, month, "TF_VAR_limits={USD=100}")
	if code != 1 || len(files) != 3 || !strings.Contains(out, fmt.Sprintf("add up to %.2f USD, and the limit is 100 USD.", sum)) || !strings.Contains(files[".html"], `<p class="problem">The purchases of `) {
		e.Errorf("over the limit: exit code %d, %d files\n%s", code, len(files), out)
	}
	if code, out, _ = report(e.T, w, month, fmt.Sprintf("TF_VAR_limits={USD=%.2f}", sum)); code != 0 {
		e.Errorf("at the limit: exit code %d\n%s", code, out)
	}
	if code, out, files = report(e.T, w, "TF_VAR_month=2020-01", "TF_VAR_limits={USD=0}"); code != 0 || !strings.Contains(files[".md"], "Nothing was bought. ") || strings.Count(files[".csv"], "\n") != 1 {
		e.Errorf("a month without purchases: exit code %d\n%s%s", code, out, files)
	}
	b.Fail(mockbackend.Fault{Path: "/customers/" + mockbackend.TailspinID + "/subscriptions", Kind: mockbackend.EmptyForbidden, Times: -1})
	code, out, files = report(e.T, w)
	if lastMonth := time.Now().UTC().AddDate(0, 0, -time.Now().UTC().Day()).Format("2006-01"); code != 1 || len(files) != 3 || !strings.Contains(out, "Customer "+mockbackend.TailspinID+" could not be read: ") || !strings.Contains(files[".md"], "# Purchases in "+lastMonth) {
		e.Errorf("not read: exit code %d, %d files\n%s", code, len(files), out)
	}
}

// wellFormed checks that every element of the page is closed, except for void elements.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var open []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch element := token.(type) {
		case xml.StartElement:
			open = append(open, element.Name.Local)
			if slices.Contains([]string{"script", "iframe", "object", "embed", "link", "img"}, element.Name.Local) {
				t.Errorf("the page has a %s", element.Name.Local)
			}
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != element.Name.Local {
				t.Fatalf("%s ends in %q", element.Name.Local, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("not closed: %q", open)
	}
}

// TestPurchaseReport_browser opens the page in a browser. It must show text, and bars in the colors of several
// customers.
func TestPurchaseReport_browser(t *testing.T) {
	t.Parallel()
	var chromium string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && chromium == "" {
			chromium = found
		}
	}
	if chromium == "" {
		t.Skip("Chromium is not installed: Debian has it in the package chromium")
	}
	b := bought(t)
	texts := map[string]string{}
	for _, name := range reportFiles {
		content, err := os.ReadFile(filepath.Join(acctest.Root(), "examples", "purchase-report", name))
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(content)
	}
	w := workspace(t, b.WorkspaceEnvironment(), texts)
	code, out, files := report(t, w, "TF_VAR_month="+time.Now().UTC().Format("2006-01"), "TF_VAR_limits={USD=100}")
	if code != 1 {
		t.Fatal(out)
	}
	dir := t.TempDir()
	page, shot := filepath.Join(dir, "page.html"), filepath.Join(dir, "page.png")
	if err := os.WriteFile(page, []byte(files[".html"]), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
		"--hide-scrollbars", "--user-data-dir="+filepath.Join(dir, "profile"), "--window-size=1000,1800", "--screenshot="+shot, "file://"+page)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	content, err := os.ReadFile(shot)
	if err != nil {
		t.Fatal(err)
	}
	if kept := os.Getenv("KEEP_SCREENSHOT"); kept != "" {
		if err := os.WriteFile(kept, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	picture, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	pixels := map[color.RGBA]int{}
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			r, g, b, a := picture.At(x, y).RGBA()
			pixels[color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), uint8(a >> 8)}]++
		}
	}
	for name, c := range map[string]color.RGBA{"first customer": {0x0f, 0x6c, 0xbd, 255}, "second": {0xe3, 0x00, 0x8c, 255}, "others": {0x69, 0x79, 0x7e, 255}, "problem": {0xfd, 0xf3, 0xf4, 255}} {
		if pixels[c] < 300 {
			t.Errorf("%s: %d pixels of %v", name, pixels[c], c)
		}
	}
	if dark := pixels[color.RGBA{0x24, 0x24, 0x24, 255}]; dark < 300 {
		t.Errorf("%d pixels of text", dark)
	}
}
