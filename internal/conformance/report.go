package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
)

// report is the result of the command. It contains no names, tokens, secrets or IDs.
type report struct {
	Format  int      `json:"format"`
	Version string   `json:"version"` // version of the provider
	Date    string   `json:"date"`
	SignIn  string   `json:"signIn"`         // app+user or app-only
	MFA     bool     `json:"mfa"`            // according to the token
	Role    string   `json:"role,omitempty"` // according to the user
	Answers []Answer `json:"answers"`
}

// Answer is the answer to one probe.
type Answer struct {
	Probe    string   `json:"probe"`
	Question string   `json:"question"`
	Answer   string   `json:"answer"`
	Calls    []string `json:"calls,omitempty"`
}

func newReport(version, role string, caller credential.Claims, appOnly bool) *report {
	return &report{
		Format: 1, Version: version, Date: time.Now().UTC().Format(time.DateOnly), SignIn: either(appOnly, "app-only", "app+user"), MFA: caller.MFA, Role: role,
	}
}

// json returns the report as JSON.
func (r *report) json() []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(r) // cannot fail for texts, numbers and lists of them
	return out.Bytes()
}

// table prints the report for the user.
func (r *report) table(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, a := range r.Answers {
		fmt.Fprintf(t, "%s\t%s\n", a.Question, a.Answer)
	}
	_ = t.Flush() // a closed output ends the command
}
