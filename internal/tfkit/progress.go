package tfkit

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// progressEvery is the minimum time between two log lines of a [Progress].
const progressEvery = 10 * time.Second

// Progress writes the progress of a long operation and the estimated remaining time to Terraform's log,
// at most every 10 seconds: "read 3,500 of 10,000 customers, about 13m left". An operation of less than
// 10 seconds writes nothing. It is safe for concurrent use.
type Progress struct {
	did   string
	what  string
	total int
	start time.Time
	mu    sync.Mutex
	done  int
	told  time.Time
	ever  bool
}

// NewProgress starts the progress of an operation on total items. Did says what is done, such as "read".
// What names the items in the plural, such as "customers".
func NewProgress(did, what string, total int) *Progress {
	now := time.Now()
	return &Progress{did: did, what: what, total: total, start: now, told: now}
}

// Done adds n items that are done.
func (p *Progress) Done(ctx context.Context, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	now := time.Now()
	taken := now.Sub(p.start)
	switch {
	case p.done >= p.total && p.ever:
		tflog.Info(ctx, fmt.Sprintf("%s all %s %s in %s", p.did, thousands(p.total), p.what, roughly(taken)))
	case p.done > 0 && p.done < p.total && now.Sub(p.told) >= progressEvery:
		// The rest takes as long per item as up to now. This includes the server's limit after its first window.
		left := time.Duration(float64(taken) / float64(p.done) * float64(p.total-p.done))
		tflog.Info(ctx, fmt.Sprintf("%s %s of %s %s, about %s left", p.did, thousands(p.done), thousands(p.total), p.what, roughly(left)))
		p.told, p.ever = now, true
	}
}

// thousands writes 10000 as 10,000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// roughly formats a duration for a person: 90s, 4m, 1h10m.
func roughly(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%ds", max(int(d.Round(time.Second).Seconds()), 1))
	}
	d = d.Round(time.Minute)
	if d < time.Hour {
		return fmt.Sprintf("%dm", int(d.Minutes()))
	}
	return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
}
