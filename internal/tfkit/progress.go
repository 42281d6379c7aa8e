package tfkit

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// progressEvery is the least time between two lines of a [Progress].
const progressEvery = 10 * time.Second

// Progress tells Terraform's log how far a long operation is and how long the rest will take, at
// most every 10 seconds: "read 3,500 of 10,000 customers, about 13m left". One of less than
// 10 seconds leaves no line. It is safe for concurrent use.
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

// NewProgress starts one for so many of what, a plural such as customers. Did is what is done to
// them, such as read.
func NewProgress(did, what string, total int) *Progress {
	now := time.Now()
	return &Progress{did: did, what: what, total: total, start: now, told: now}
}

// Done counts n more as done.
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
		// As long per item as up to now: a server's limit shows in that after its first window.
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

// roughly writes a duration as a person would say it: 90s, 4m, 1h10m.
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
