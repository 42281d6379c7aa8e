package tfkit

import (
	"fmt"
	"testing"
	"time"
)

// An object that repeats its claim, as each customer of a fleet after the refresh, leaves no garbage.
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
