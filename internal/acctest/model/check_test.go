package model_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// broken is an invariant that does not hold.
type broken struct {
	invariant string // letter in the list of TestModel
	text      string
}

func (b broken) Error() string { return "(" + b.invariant + ") " + b.text }

func breaks(invariant, format string, args ...any) error {
	return broken{invariant, fmt.Sprintf(format, args...)}
}

// ours are the things that are on because the provider has enabled them.
type ours struct {
	read int // number of changes of the mock that are included
	on   map[thing]bool
}

// change is one thing that was enabled or disabled.
type change struct {
	thing
	on, outside, wasOurs bool
}

// follow includes the changes on the server since the last call, and returns them.
func (o *ours) follow(b *mockbackend.Backend) []change {
	var out []change
	all := b.Changes()
	for _, c := range all[o.read:] {
		of := strings.ToLower(c.CustomerID + c.SubscriptionID)
		for _, what := range append(slices.Clone(c.Before), c.After...) {
			before, after := slices.Contains(c.Before, what), slices.Contains(c.After, what)
			if before == after {
				continue
			}
			t := thing{of, what}
			out = append(out, change{t, after, c.Outside, o.on[t]})
			if delete(o.on, t); after && !c.Outside {
				o.on[t] = true
			}
		}
	}
	o.read = len(all)
	return out
}

// isOn reports whether the thing is on in the mock.
func isOn(b *mockbackend.Backend, t thing) bool {
	if _, ok := consentCustomers[t.of]; ok {
		return len(b.ApplicationConsents(t.of)) > 0
	}
	if t.what == reservationID {
		return !b.AzureReservations(t.of)[0].NoRenewal
	}
	if _, ok := companies[t.of]; ok {
		return slices.Contains(acctest.Permissions(b, t.of), t.what)
	}
	return slices.ContainsFunc(b.RoleAssignments(t.of), func(a mockbackend.RoleAssignment) bool {
		return a.RoleID == mockbackend.OwnerRole && a.PrincipalID == t.what
	})
}

// leftOut returns the customers of a fleet whose state may be as declared without being in effect.
func leftOut(o acctest.Object) acctest.Values {
	v, _ := o.State["unconfirmed"].(acctest.Values)
	return v
}

// stateIsTrue checks invariant (a): everything that the provider has enabled is in the state of some object. The
// state of a customer that a fleet has left out is as declared, and private state has what is enabled.
func (w *world) stateIsTrue() error {
	known := map[thing]bool{}
	for _, o := range w.core.Objects() {
		for t, on := range says(o.Type, o.State) {
			known[t] = known[t] || on || leftOut(o)[t.of] != nil
		}
	}
	for t := range w.ours.on {
		if !known[t] {
			return breaks("a", "the provider has enabled %s, and the state does not have it", t)
		}
	}
	return nil
}

// forgetReleased removes from ours what the last apply released: an entry of a fleet became {} or lost a
// member, or a renewal was destroyed.
func (w *world) forgetReleased(before []acctest.Object, module acctest.Module) {
	managed := managedBy(w.core.Objects())
	for _, o := range before {
		d, declared := module[o.Address]
		if renewed := (thing{mockbackend.ContosoID, reservationID}); o.Type == renewal && !managed[renewed] {
			delete(w.ours.on, renewed)
		}
		if o.Type != fleet || !declared {
			continue
		}
		stated := says(d.Type, d.Config)
		for t := range says(o.Type, o.State) {
			if _, still := stated[t]; !still && !managed[t] && lists(d, t.of) {
				delete(w.ours.on, t)
			}
		}
	}
}

// rightlyOff checks invariants (b) and (c) for everything that was disabled while module was applied to the
// objects. If another object for the same thing ends, a changed object may have been planned after that. Then
// the changed object enables the thing again.
func rightlyOff(changes []change, before []acctest.Object, module acctest.Module, p *acctest.Planned) error {
	on, at := wants(module)
	managed, held, ends := managedBy(before), map[thing]bool{}, map[thing]bool{}
	for _, o := range before {
		for t := range says(o.Type, o.State) {
			ends[t] = ends[t] || (o.Deposed || module[o.Address].Type == "" || !slices.Contains(at[t], o.Address)) && slices.Contains(slices.Concat(p.Destroyed(), p.Changed()), o.Address)
		}
	}
	for _, o := range before {
		for t, isOn := range says(o.Type, o.State) {
			replaced := (o.Type == owner || o.Type == consent) && slices.Contains(p.DeletedFirst(), o.Address)
			if isOn && !o.Deposed && !replaced && !(ends[t] && slices.Contains(p.Changed(), o.Address)) && slices.Contains(at[t], o.Address) {
				held[t] = true
			}
		}
	}
	for _, c := range changes {
		if c.on || c.outside {
			continue
		}
		_, declared := on[c.thing]
		_, isPermission := companies[c.of]
		isPermission = isPermission && c.what != reservationID
		switch {
		case on[c.thing] && held[c.thing]:
			return breaks("c", "%s was disabled, although an object has it on and the configuration declares it as on", c.thing)
		case on[c.thing] && !managed[c.thing]:
			return breaks("c", "%s was disabled, although the configuration declares it as on and no object releases it", c.thing)
		case !c.wasOurs && !managed[c.thing] && !declared && !(isPermission && denying(module) != ""):
			return breaks("b", "%s was disabled, although it was enabled outside Terraform and no object manages it", c.thing)
		}
	}
	return nil
}

// asDeclared checks invariant (d): server, second plan and refresh after a clean apply.
func (w *world) asDeclared(module acctest.Module) error {
	on, _ := wants(module)
	for t, want := range on {
		if isOn(w.backend, t) != want {
			return breaks("d", "after a clean apply %s is %t, and declared is %t", t, !want, want)
		}
	}
	for t := range w.ours.on {
		if _, declared := on[t]; !declared {
			return breaks("d", "after a clean apply %s is still enabled by the provider, and nothing declares it", t)
		}
	}
	for _, d := range module {
		if d.Type != azurePlan {
			continue
		}
		customer := d.Config["customer_id"].(string)
		if has := w.plansOf(customer); len(has) != 1 || has[0].Status != "active" || d.Config["friendly_name"] != nil && has[0].FriendlyName != d.Config["friendly_name"] {
			return breaks("d", "after a clean apply %s has the plans %+v", planCustomers[customer], has)
		}
	}
	if deny := denying(module); deny != "" {
		for _, customer := range customers {
			if !lists(module[deny], customer) && len(acctest.Permissions(w.backend, customer)) > 0 {
				return breaks("d", "after a clean apply with deny %s has permissions", companies[customer])
			}
		}
	}
	p, err := w.core.Plan(w.t.Context(), module, acctest.Options{})
	switch {
	case err != nil:
		return breaks("f", "the plan after a clean apply fails: %s", firstLines(err))
	case p.String() != "":
		return breaks("d", "the plan after a clean apply is not empty: %s", p)
	case len(p.Drifted) > 0:
		return breaks("d", "a refresh after a clean apply changes the state of %s", strings.Join(p.Drifted, ", "))
	}
	return nil
}

// plansOf returns the Azure plans of a customer. Orders that may still create a plan are included as plans
// without a name.
func (w *world) plansOf(customer string) []mockbackend.Subscription {
	plans := w.backend.Subscriptions(customer)
	for _, o := range w.backend.Orders(customer) {
		if o.Status == "pending" {
			plans = append(plans, mockbackend.Subscription{OrderID: o.ID, Status: o.Status})
		}
	}
	return plans
}

// onePlan checks invariant (g).
func (w *world) onePlan() error {
	known := map[string]bool{}
	for _, o := range w.core.Objects() {
		if o.Type == azurePlan {
			known[fmt.Sprint(o.State["customer_id"])] = true
		}
	}
	for customer, name := range planCustomers {
		switch has := w.plansOf(customer); {
		case len(has) > 1:
			return breaks("g", "%s has %d Azure plans: %+v", name, len(has), has)
		case len(has) == 1 && !known[customer] && !w.released[customer]:
			return breaks("g", "%s has an Azure plan that is not in the state", name)
		}
	}
	return nil
}

// release records that an object of the state had a plan. The plan stays when the object leaves the state.
func (w *world) release(o acctest.Object) {
	if o.Type == azurePlan {
		w.released[fmt.Sprint(o.State["customer_id"])] = true
	}
}

// allGone checks invariant (e).
func (w *world) allGone() error {
	if left := w.core.Objects(); len(left) > 0 {
		return breaks("e", "after a destroy the state has %s", left[0].Address)
	}
	for t := range w.ours.on {
		return breaks("e", "after a destroy %s is still enabled by the provider", t)
	}
	return nil
}

// firstLines shortens an error to the first line of each diagnostic.
func firstLines(err error) string {
	if err == nil {
		return "done"
	}
	if *detail {
		return "error: " + err.Error()
	}
	var lines []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if strings.Contains(line, "ERROR: ") || strings.Contains(line, "WARNING: ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	lines = slices.DeleteFunc(lines, func(s string) bool { return strings.Contains(s, "WARNING: ") })
	if len(lines) == 0 {
		lines = strings.SplitN(err.Error(), "\n", 3)[:1]
	}
	return "error: " + strings.Join(lines, "; ")
}

// healthy reports whether every customer can be enabled.
func (w *world) healthy() bool { return len(w.ended) == 0 && len(w.suspended) == 0 }

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
