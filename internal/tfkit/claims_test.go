package tfkit

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// An object that repeats its claim allocates no memory. Each customer of partnercenter_customer_permissions does so
// after a refresh.
func TestClaims_repeatedWithoutGarbage(t *testing.T) {
	var claims Claims
	about, claim := Subject{"permission", "customer"}, Claim{Object: "one", On: true, Phase: Existing}
	claims.Put(about, Claim{Object: "one", On: true, Phase: Read, at: time.Now()})
	if n := testing.AllocsPerRun(100, func() { claims.Declare(t.Context(), about, claim) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	others := claims.Put(about, Claim{Object: "another", Phase: Declared})
	if len(others) != 1 || others[0] != claim {
		t.Errorf("the other object sees %v", others)
	}
	if others = claims.Put(about, claim); len(others) != 1 || others[0].Object != "another" {
		t.Errorf("the object sees %v", others)
	}
}

// private is a private state in memory.
type private map[string][]byte

func (p private) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) { return p[key], nil }

func (p private) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	p[key] = value
	return nil
}

// An object that ends waits until the new object from the plan has taken over. If that does not happen,
// the time limit applies once for the whole run.
func TestClaims_await(t *testing.T) {
	about := []Subject{{"permission", "customer"}}
	plan := func(t *testing.T) private {
		var claims Claims
		p := make(private)
		claims.Declare(t.Context(), about[0], Claim{Object: "new", On: true, Phase: Declared})
		if keeps, passes, _ := claims.PlanEnd(t.Context(), p, "old", about, true); len(keeps) > 0 || len(passes) != 1 {
			t.Fatalf("keeps %v, passes %v", keeps, passes)
		}
		return p
	}
	t.Run("taken over", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p, claims := plan(t), new(Claims)
			time.AfterFunc(time.Second, func() { claims.Hold(about[0], Claim{Object: "new", On: true, Phase: Existing}) })
			claims.Await(t.Context(), p, "old", about)
			if keeps := claims.End(t.Context(), p, "old", about, true); len(keeps) != 1 {
				t.Errorf("it keeps %v", keeps)
			}
		})
	})
	t.Run("not taken over", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p, claims, start := plan(t), new(Claims), time.Now()
			for range 3 {
				claims.Await(t.Context(), p, "old", about)
			}
			if took := time.Since(start); took != awaitAtMost {
				t.Errorf("three calls of Await took %s", took)
			}
			if keeps := claims.End(t.Context(), p, "old", about, true); len(keeps) != 0 {
				t.Errorf("it keeps %v", keeps)
			}
		})
	})
}

// BenchmarkClaims claims two permissions of 10,000 customers in a refresh and in its plan.
func BenchmarkClaims(b *testing.B) {
	var subjects []Subject
	for i := range 20_000 {
		subjects = append(subjects, Subject{"permission", fmt.Sprintf("00000000-0000-4000-8000-%012d", i)})
	}
	b.ReportAllocs()
	for b.Loop() {
		var claims Claims
		for _, one := range subjects {
			claims.Put(one, Claim{Object: "one", On: true, Phase: Read, at: time.Now()})
		}
		for _, one := range subjects {
			claims.Declare(b.Context(), one, Claim{Object: "one", On: true, Phase: Existing})
		}
	}
}
