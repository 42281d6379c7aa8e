package acctest

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// Permissions returns what a customer may purchase according to the mock, sorted.
func Permissions(b *mockbackend.Backend, customerID string) []string {
	p, _ := b.Policy(customerID)
	slices.Sort(p.Permissions)
	return p.Permissions
}

// ExpectPermissions fails the test unless the customer has exactly these permissions in the mock.
func ExpectPermissions(t testing.TB, b *mockbackend.Backend, customerID string, want ...string) {
	t.Helper()
	if got := Permissions(b, customerID); !slices.Equal(got, want) {
		t.Errorf("the server says that customer %s may purchase %q, not %q", customerID, got, want)
	}
}

// Writes returns the requests of the journal that changed something on the server.
func Writes(b *mockbackend.Backend) []mockbackend.Request {
	return slices.DeleteFunc(Sent(b), func(r mockbackend.Request) bool { return r.Method == "GET" || !r.Executed || r.Replayed })
}

// Sent returns the requests of the journal except those for tokens.
func Sent(b *mockbackend.Backend) []mockbackend.Request {
	return slices.DeleteFunc(b.Requests(), func(r mockbackend.Request) bool { return r.Service == mockbackend.SignIn })
}

// Routes returns the routes of the requests, in order.
func Routes(requests []mockbackend.Request) []string {
	routes := make([]string, 0, len(requests))
	for _, r := range requests {
		routes = append(routes, r.Route)
	}
	return routes
}

// Says matches a text in the CLI's output, whatever line breaks and frames the CLI adds.
func Says(text string) *regexp.Regexp {
	words := strings.Fields(text)
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	return regexp.MustCompile(strings.Join(words, `[\s│]+`))
}

// Pass waits for d. In a synctest bubble this takes no real time.
func Pass(d time.Duration) { <-time.After(d) }

// Eventually waits until a condition is true that another process causes.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); !condition(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute, but not yet: %s", what)
		}
	}
}
