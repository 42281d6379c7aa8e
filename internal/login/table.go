package login

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// printTable prints the checks, and below them what to do about errors. An error that several
// checks share is explained once.
func printTable(w io.Writer, rows []row) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\n", r.status, r.name, r.detail)
	}
	_ = t.Flush() // a closed output ends the command
	said := make(map[string]bool)
	for _, r := range rows {
		if r.err == nil {
			continue
		}
		if text := tfkit.Detail(r.err); !said[tfkit.Reason(r.err)] {
			said[tfkit.Reason(r.err)] = true
			fmt.Fprintf(w, "\n%s: %s\n", r.name, strings.TrimSpace(text))
		}
	}
}
