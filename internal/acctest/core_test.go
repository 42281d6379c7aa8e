package acctest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const permission = "partnercenter_customer_permission_reservations"

// inCore runs a test with a core and a mock, in a synctest bubble.
func inCore(t *testing.T, test func(*testing.T, *mockbackend.Backend, *acctest.Core)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		defer acctest.Pass(time.Hour) // shared requests continue after their first caller has ended
		b := mockbackend.New(mockbackend.Config{})
		token := b.User(mockbackend.AdminAgent).RefreshToken
		test(t, b, acctest.NewProtocol(t, b, token).NewCore(token, 1))
		acctest.FailOnViolations(t, b)
	})
}

func declared(customer string, first bool) acctest.Declaration {
	return acctest.Declaration{Type: permission, Config: acctest.Values{"customer_id": customer}, CreateBeforeDestroy: first}
}

// planAndApply checks the plan and applies it.
func planAndApply(t *testing.T, c *acctest.Core, m acctest.Module, o acctest.Options, want string) error {
	t.Helper()
	p, err := c.Plan(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	if p.String() != want {
		t.Errorf("the plan is %q, want %q", p, want)
	}
	return c.Apply(t.Context(), p)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// With create_before_destroy, the old object is deposed until its destruction succeeds.
func TestCore_deposed(t *testing.T) {
	inCore(t, func(t *testing.T, b *mockbackend.Backend, c *acctest.Core) {
		must(t, planAndApply(t, c, acctest.Module{"a": declared(mockbackend.AdatumID, true)}, acctest.Options{}, "create a"))
		b.Fail(mockbackend.Fault{Method: "DELETE", Kind: mockbackend.EmptyForbidden})
		moved := acctest.Module{"a": declared(mockbackend.LitwareID, true)}
		if err := planAndApply(t, c, moved, acctest.Options{}, "replace a (create first)"); err == nil {
			t.Error("the destruction succeeded")
		}
		if all := c.Objects(); len(all) != 2 || all[0].Deposed || !all[1].Deposed || all[1].State["customer_id"] != mockbackend.AdatumID {
			t.Errorf("the state has %+v", all)
		}
		must(t, planAndApply(t, c, moved, acctest.Options{}, "destroy a (deposed)"))
		if all := c.Objects(); len(all) != 1 || all[0].Deposed {
			t.Errorf("the state has %+v", all)
		}
		acctest.ExpectPermissions(t, b, mockbackend.AdatumID)
		acctest.ExpectPermissions(t, b, mockbackend.LitwareID, mockbackend.AzureReservedInstances)
	})
}

// If a creation fails without a state, the deposed object becomes the current one again. Without
// create_before_destroy, the old object no longer exists.
func TestCore_creationFails(t *testing.T) {
	inCore(t, func(t *testing.T, b *mockbackend.Backend, c *acctest.Core) {
		for _, first := range []bool{true, false} {
			must(t, planAndApply(t, c, acctest.Module{"a": declared(mockbackend.AdatumID, first)}, acctest.Options{}, "create a"))
			b.Fail(mockbackend.Fault{Method: "POST", Kind: mockbackend.EmptyForbidden, Times: -1})
			want := map[bool]string{true: "replace a (create first)", false: "replace a"}[first]
			if err := planAndApply(t, c, acctest.Module{"a": declared(mockbackend.LitwareID, first)}, acctest.Options{}, want); err == nil {
				t.Error("the creation succeeded")
			}
			b.ClearFaults()
			if all := c.Objects(); first != (len(all) == 1 && all[0].State["customer_id"] == mockbackend.AdatumID) {
				t.Errorf("create first: %t: the state has %+v", first, all)
			}
			if first {
				must(t, planAndApply(t, c, acctest.Module{}, acctest.Options{}, "destroy a"))
			}
		}
	})
}

// A tainted object is replaced, and an interrupted apply starts no further operation.
func TestCore_taintedAndInterrupted(t *testing.T) {
	inCore(t, func(t *testing.T, b *mockbackend.Backend, c *acctest.Core) {
		m := acctest.Module{"a": declared(mockbackend.AdatumID, false), "b": declared(mockbackend.LitwareID, false)}
		b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = time.Second })
		p, err := c.Plan(t.Context(), m, acctest.Options{})
		must(t, err)
		time.AfterFunc(500*time.Millisecond, c.Interrupt)
		if err := c.Apply(t.Context(), p); err == nil || len(c.Objects()) != 0 {
			t.Errorf("an apply that was interrupted at once: %v, the state has %+v", err, c.Objects())
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = 0 })
		must(t, planAndApply(t, c, m, acctest.Options{}, "create a, create b"))
		c.Taint("a")
		must(t, planAndApply(t, c, m, acctest.Options{}, "replace a"))
		if all := c.Objects(); len(all) != 2 || all[0].Tainted {
			t.Errorf("the state has %+v", all)
		}
	})
}

// "terraform destroy" plans twice, each time in a new process. A saved plan is applied by a third one.
func TestCore_destroy(t *testing.T) {
	inCore(t, func(t *testing.T, b *mockbackend.Backend, c *acctest.Core) {
		m := acctest.Module{"a": declared(mockbackend.AdatumID, false)}
		must(t, planAndApply(t, c, m, acctest.Options{}, "create a"))
		b.ResetJournal()
		p, err := c.Plan(t.Context(), m, acctest.Options{Destroy: true})
		must(t, err)
		acctest.Pass(24 * time.Hour)
		if len(c.Objects()) != 1 {
			t.Error("a plan changed the state")
		}
		must(t, c.Apply(t.Context(), p))
		if len(c.Objects()) != 0 {
			t.Errorf("the state has %+v", c.Objects())
		}
		tokens := 0
		for _, r := range b.Requests() {
			if r.Service == mockbackend.SignIn {
				tokens++
			}
		}
		if tokens != 2 { // to refresh and to destroy; the plan in between sends nothing
			t.Errorf("%d processes signed in", tokens)
		}
		acctest.ExpectPermissions(t, b, mockbackend.AdatumID)
	})
}
