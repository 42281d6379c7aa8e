package httppipe

import (
	"math"
	"net/http"
	"testing"
	"time"
)

func TestRetryAfter_readsEveryForm(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	longest := time.Duration(math.MaxInt64/int64(time.Second)) * time.Second
	for name, c := range map[string]struct {
		header http.Header
		want   time.Duration
		ok     bool
	}{
		"seconds":                           {http.Header{"Retry-After": {"57"}}, 57 * time.Second, true},
		"seconds amid white space":          {http.Header{"Retry-After": {" 57\t"}}, 57 * time.Second, true},
		"zero seconds":                      {http.Header{"Retry-After": {"0"}}, 0, true},
		"two hours":                         {http.Header{"Retry-After": {"7200"}}, 2 * time.Hour, true},
		"an HTTP date":                      {http.Header{"Retry-After": {"Sun, 01 Mar 2026 12:02:00 GMT"}}, 2 * time.Minute, true},
		"an obsolete date of RFC 850":       {http.Header{"Retry-After": {"Sunday, 01-Mar-26 12:02:00 GMT"}}, 2 * time.Minute, true},
		"a date in the past":                {http.Header{"Retry-After": {"Sun, 01 Mar 2026 11:00:00 GMT"}}, 0, true},
		"a date beyond every duration":      {http.Header{"Retry-After": {"Fri, 31 Dec 9999 23:59:59 GMT"}}, math.MaxInt64, true},
		"milliseconds":                      {http.Header{"Retry-After-Ms": {"1500"}}, 1500 * time.Millisecond, true},
		"milliseconds by Azure's name":      {http.Header{"X-Ms-Retry-After-Ms": {"1500"}}, 1500 * time.Millisecond, true},
		"milliseconds before seconds":       {http.Header{"Retry-After-Ms": {"1500"}, "Retry-After": {"2"}}, 1500 * time.Millisecond, true},
		"seconds after garbage millis":      {http.Header{"Retry-After-Ms": {"soon"}, "Retry-After": {"2"}}, 2 * time.Second, true},
		"a date instead of milliseconds":    {http.Header{"Retry-After-Ms": {"Sun, 01 Mar 2026 12:02:00 GMT"}}, 0, false},
		"no header":                         {http.Header{}, 0, false},
		"an empty header":                   {http.Header{"Retry-After": {""}}, 0, false},
		"garbage":                           {http.Header{"Retry-After": {"soon"}}, 0, false},
		"a negative number":                 {http.Header{"Retry-After": {"-5"}}, 0, false},
		"a fraction":                        {http.Header{"Retry-After": {"1.5"}}, 0, false},
		"more seconds than a duration has":  {http.Header{"Retry-After": {"9223372036854775807"}}, longest, true},
		"the largest uint64":                {http.Header{"Retry-After": {"18446744073709551615"}}, longest, true},
		"more than a uint64":                {http.Header{"Retry-After": {"18446744073709551616"}}, 0, false},
		"more milliseconds than a duration": {http.Header{"Retry-After-Ms": {"18446744073709551615"}}, time.Duration(math.MaxInt64/int64(time.Millisecond)) * time.Millisecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := retryAfter(c.header, now)
			if got != c.want || ok != c.ok {
				t.Errorf("got %v, %v; want %v, %v", got, ok, c.want, c.ok)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{
		"0", "57", "-1", "7200", "1e9", " 3 ", "soon", "18446744073709551615", "9223372036854775808", "99999999999999999999999",
		"Sun, 01 Mar 2026 12:02:00 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Sunday, 01-Mar-26 12:02:00 GMT", "\xff",
	} {
		f.Add(s, "", "")
		f.Add("", s, "")
		f.Add("", "", s)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, seconds, millis, azure string) {
		h := http.Header{"Retry-After": {seconds}, "Retry-After-Ms": {millis}, "X-Ms-Retry-After-Ms": {azure}}
		d, ok := retryAfter(h, now)
		if d < 0 || !ok && d != 0 {
			t.Errorf("got %v, %v", d, ok)
		}
		var g Gate
		turn, _ := g.enterNow()
		if closed := g.refused(turn, d); closed < min(d, time.Hour) || closed == 0 {
			t.Errorf("after a wait of %v the gate is closed for %v", d, closed)
		}
	})
}

func TestBackoff_growsToItsMaximumAndIsNeverZero(t *testing.T) {
	for n := range 100 {
		want := 30 * time.Second
		if n < 6 {
			want = 500 * time.Millisecond << n
		}
		for range 20 {
			if d := backoff(n); d > want || d < want*2/3 {
				t.Fatalf("backoff(%d) = %v, want between two thirds of %v and all of it", n, d, want)
			}
		}
	}
}
