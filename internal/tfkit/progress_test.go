package tfkit_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// messages returns the lines of the log.
func messages(t *testing.T, log *bytes.Buffer) []string {
	t.Helper()
	lines, err := tflogtest.MultilineJSONDecode(log)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range lines {
		out = append(out, l["@level"].(string)+": "+l["@message"].(string))
	}
	return out
}

func TestProgress(t *testing.T) {
	for name, c := range map[string]struct {
		total, step int
		every       time.Duration // between steps
		want        []string
	}{
		"a short read":  {900, 100, time.Second, nil},
		"nothing":       {0, 0, time.Second, nil},
		"one at a time": {4, 1, 15 * time.Second, []string{"read 1 of 4 customers, about 45s left", "read 2 of 4 customers, about 30s left", "read 3 of 4 customers, about 15s left", "read all 4 customers in 60s"}},
		"not more often than every 10 s": {1200, 50, time.Second, []string{
			"read 500 of 1,200 customers, about 14s left", "read 1,000 of 1,200 customers, about 4s left", "read all 1,200 customers in 24s",
		}},
		"as the server's limit allows": {3000000, 1000000, 62 * time.Minute, []string{
			"read 1,000,000 of 3,000,000 customers, about 2h4m left", "read 2,000,000 of 3,000,000 customers, about 1h2m left", "read all 3,000,000 customers in 3h6m",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				ctx := tflogtest.RootLogger(t.Context(), &log)
				p := tfkit.NewProgress("read", "customers", c.total)
				for done := 0; done < c.total; done += c.step {
					<-time.After(c.every)
					p.Done(ctx, c.step)
				}
				var want []string
				for _, w := range c.want {
					want = append(want, "info: "+w)
				}
				if got := messages(t, &log); !slices.Equal(got, want) {
					t.Errorf("wrote %q, want %q", got, want)
				}
			})
		})
	}
}

// Every item is counted. There is one line for each 10 seconds, and one at the end.
func TestProgress_concurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ctx, cancel := context.WithCancel(tflogtest.RootLogger(t.Context(), &log))
		defer cancel()
		p := tfkit.NewProgress("changed", "customers", 32*100)
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				for range 100 {
					<-time.After(time.Second)
					p.Done(ctx, 1)
				}
			})
		}
		wg.Wait()
		got := messages(t, &log)
		if len(got) != 11 || got[10] != "info: changed all 3,200 customers in 100s" {
			t.Errorf("wrote %q", got)
		}
	})
}
