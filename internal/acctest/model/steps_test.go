package model_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// step is one step of a sequence. Its seed determines all other details of the step. So a sequence stays the
// same if some of its steps are left out.
type step struct {
	kind string
	seed uint64
}

// sequence returns the steps of a seed.
func sequence(seed uint64) []step {
	random := rand.New(rand.NewPCG(seed, 1))
	var steps []step
	outside := 0.25
	if narrow(seed) {
		outside = 0.5
	}
	add := func(kind string, probability float64) {
		if s := (step{kind, random.Uint64()}); random.Float64() < probability {
			steps = append(steps, s)
		}
	}
	for range 3 + random.IntN(3) {
		add("edit", 0.9)
		add("edit", 0.5)
		add("outside", outside)
		add("taint", 0.15)
		add("wait", 0.5)
		add("knobs", 0.2)
		if random.Float64() < 0.1 {
			add("destroy", 1)
		} else {
			add("apply", 1)
		}
	}
	return steps
}

// narrow reports whether a sequence has only permissions, mostly in fleets, of two customers that often cannot be enabled.
func narrow(seed uint64) bool { return seed%3 == 1 }

// world is the server, the configuration and the state during a sequence.
type world struct {
	t         *testing.T
	backend   *mockbackend.Backend
	core      *acctest.Core
	module    acctest.Module
	ours      ours
	dropped   bool            // an object was destroyed or forgotten since the last plan
	adopts    bool            // all Owner resources adopt existing assignments
	narrow    bool            // see narrow
	customers []string        // those that permissions are declared for
	released  map[string]bool // plan customers whose plan may exist without being in the state
	ended     map[string]bool
	suspended map[string]bool
	script    []string
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	b := mockbackend.New(mockbackend.Config{})
	token := b.User(mockbackend.AdminAgent).RefreshToken
	w := &world{
		t: t, backend: b, core: acctest.NewProtocol(t, b, token).NewCore(token, seed), module: acctest.Module{},
		ours: ours{on: map[thing]bool{}}, adopts: seed%2 == 0, narrow: narrow(seed), customers: customers, released: map[string]bool{}, ended: map[string]bool{}, suspended: map[string]bool{},
	}
	if seed%3 == 0 {
		w.core.AtOnce = 10
	}
	if w.narrow {
		w.customers = keys(plans)
	}
	ended := []mockbackend.RelationshipEnded{mockbackend.RelationshipEndedForbidden, mockbackend.RelationshipEndedNotFound, mockbackend.RelationshipEndedEmptyList}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.RelationshipEnded = ended[seed%5%3] })
	if seed%4 != 0 { // every fourth seed has the defaults
		b.SetKnobs(func(k *mockbackend.Knobs) { randomKnobs(rand.New(rand.NewPCG(seed, 19)), k) })
	}
	for _, id := range keys(planCustomers) {
		b.AddCustomer(mockbackend.Customer{ID: id, CompanyName: planCustomers[id]})
	}
	b.SetKnobs(func(k *mockbackend.Knobs) {
		// Only the provider prevents a second plan for a customer. A plan can be suspended while it has no
		// Azure subscriptions.
		k.SecondPlan, k.OrderPendingPolls, k.OrderDelay = mockbackend.SecondPlanSell, int(seed%3), 15*time.Minute
		if seed%4 < 2 {
			k.EntitlementDelay = 10_000 * time.Hour
		}
	})
	return w
}

// randomKnobs sets ways in which the service may behave where Microsoft does not document it. A real service
// does not change them between requests, so they stay the same for a whole sequence.
func randomKnobs(random *rand.Rand, k *mockbackend.Knobs) {
	yes := func() bool { return random.IntN(2) == 0 }
	k.PUTPath = pick(random, []mockbackend.PUTPath{mockbackend.PUTPathBoth, mockbackend.PUTPathIDOnly, mockbackend.PUTPathNoID})
	k.StaleETag = pick(random, []mockbackend.StaleETag{mockbackend.StaleETagReject2055, mockbackend.StaleETagReject412})
	k.EmptyPermissions = pick(random, []mockbackend.EmptyPermissions{mockbackend.EmptyPermissionsReject, mockbackend.EmptyPermissionsAccept})
	k.PolicyList = pick(random, []mockbackend.PolicyList{mockbackend.PolicyListAll, mockbackend.PolicyListPages, mockbackend.PolicyListPartial, mockbackend.PolicyListEmpty, mockbackend.PolicyListRefused})
	k.ContinuationMode = pick(random, []mockbackend.ContinuationMode{mockbackend.ContinuationBoth, mockbackend.ContinuationLinks, mockbackend.ContinuationToken})
	// A page below the documented size with a token after the last page would look like an invalid token.
	if k.TokenAfterLastPage = yes(); !k.TokenAfterLastPage {
		k.PageSize = pick(random, []int{0, 1, 3})
	}
	k.LinkPrefixV1, k.TotalCountWrong = yes(), yes()
	k.UpperCaseGUIDs, k.ShuffleOrder, k.StaleListOnly, k.DeleteAnswersBody = yes(), yes(), yes(), yes()
	k.BOM, k.BOMOnErrors, k.NumericCodes, k.LongErrors = yes(), yes(), yes(), yes()
	if yes() { // the provider sends IDs in lower case
		k.EntityIDCase, k.PathIDCase = mockbackend.IDCaseExact, mockbackend.IDCaseExact
	}
	k.RepeatedPUTCreated, k.CreatedByNull, k.ExistsWithoutID = yes(), yes(), yes()
	k.RoleAssignmentPageSize = pick(random, []int{0, 1, 2})
	k.RoleDefinitionIDForm = pick(random, []mockbackend.RoleDefinitionIDForm{mockbackend.RoleDefinitionIDAsSent, mockbackend.RoleDefinitionIDOther, mockbackend.RoleDefinitionIDProvider})
	k.ConsentExistsBadRequest = yes()
}

// record adds a line to the script.
func (w *world) record(format string, args ...any) {
	w.script = append(w.script, fmt.Sprintf(format, args...))
}

// do runs a step, and returns the invariant that it broke.
func (w *world) do(s step) error {
	random := rand.New(rand.NewPCG(s.seed, 2))
	switch s.kind {
	case "edit":
		w.edit(random)
	case "outside":
		w.outside(random)
		w.ours.follow(w.backend)
	case "taint":
		if objects := w.core.Objects(); len(objects) > 0 {
			address := pick(random, objects).Address
			w.core.Taint(address)
			w.record("terraform taint %s", address)
		}
	case "wait":
		d := pick(random, []time.Duration{3 * time.Second, 30 * time.Second, 2 * time.Hour})
		w.record("wait %s", d)
		acctest.Pass(d)
	case "knobs":
		w.turnKnobs(random)
	case "destroy":
		return w.destroy(random)
	case "apply":
		return w.apply(random)
	}
	return nil
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

func (w *world) turnKnobs(random *rand.Rand) {
	lag, assignments, stale := pick(random, []time.Duration{0, 4 * time.Second}), pick(random, []time.Duration{0, 4 * time.Second}), random.IntN(3)
	w.backend.SetKnobs(func(k *mockbackend.Knobs) { k.ReadLag, k.AssignmentReadLag, k.StaleReads = lag, assignments, stale })
	w.record("from now on, reads of policies lag by %s and %d reads, and reads of role assignments by %s", lag, stale, assignments)
}

// outside makes a change in the portal.
func (w *world) outside(random *rand.Rand) {
	customer := pick(random, customers)
	kind := random.IntN(8)
	if w.narrow {
		kind = pick(random, []int{0, 3, 4, 4, 4})
	}
	switch kind {
	case 6:
		on := random.IntN(2) == 0
		w.backend.ChangeAzureReservation(mockbackend.ContosoID, reservationID, func(a *mockbackend.AzureReservation) { a.NoRenewal = !on })
		w.record("outside: renewal enabled: %t", on)
		acctest.Pass(time.Hour) // for some time, a read that contradicts a write is repeated
	case 7:
		customer = pick(random, keys(planCustomers))
		for _, s := range w.backend.Subscriptions(customer) {
			if s.Status == "active" {
				w.backend.SetSubscriptionStatus(customer, s.ID, "suspended")
				w.record("outside: Azure plan of %s suspended", planCustomers[customer])
			}
		}
	case 5:
		customer = pick(random, keys(consentCustomers))
		w.backend.RemoveApplicationConsents(customer)
		w.record("outside: %s deletes its enterprise applications", consentCustomers[customer])
		acctest.Pass(time.Hour) // for some time, a refused sign-in does not count, because a consent may be new
	case 0, 1:
		if w.ended[customer] {
			return
		}
		permissions := pick(random, [][]string{nil, {mockbackend.AzureReservedInstances}, {mockbackend.AzureSavingsPlan}, {mockbackend.AzureReservedInstances, mockbackend.AzureSavingsPlan}})
		w.backend.SetPermissions(customer, permissions...)
		w.record("outside: %s may buy %q", companies[customer], permissions)
	case 2:
		customer = pick(random, keys(subscriptions))
		principal := pick(random, users[customer])
		for _, a := range w.backend.RoleAssignments(subscriptions[customer]) {
			if a.PrincipalID == principal && a.RoleID == mockbackend.OwnerRole {
				w.backend.RemoveAssignment(subscriptions[customer], a.Name)
				w.record("outside: %s removed", thing{subscriptions[customer], principal})
				return
			}
		}
		if w.adopts {
			w.backend.AssignRole(mockbackend.RoleAssignment{SubscriptionID: subscriptions[customer], PrincipalID: principal})
			w.record("outside: %s created", thing{subscriptions[customer], principal})
		}
	case 3:
		customer = pick(random, keys(plans))
		if w.ended[customer] {
			w.backend.RenewRelationship(customer)
			delete(w.ended, customer)
			w.record("outside: relationship with %s renewed", companies[customer])
			return
		}
		w.backend.SetPermissions(customer) // without a relationship, no permission is in effect
		w.backend.EndRelationship(customer)
		w.ended[customer] = true
		w.record("outside: relationship with %s ended", companies[customer])
	case 4:
		customer = pick(random, keys(plans))
		w.suspend(customer, !w.suspended[customer])
		w.record("outside: plan of %s suspended: %t", companies[customer], w.suspended[customer])
	}
}

func (w *world) suspend(customer string, suspended bool) {
	status := "active"
	if delete(w.suspended, customer); suspended {
		status, w.suspended[customer] = "suspended", true
	}
	w.backend.SetSubscriptionStatus(customer, plans[customer], status)
}

// repair ends all problems outside Terraform that prevent customers from being enabled.
func (w *world) repair() {
	for customer := range w.ended {
		w.backend.RenewRelationship(customer)
	}
	for customer := range maps.Clone(w.suspended) {
		w.suspend(customer, false)
	}
	clear(w.ended)
}

// onlyOutside reports whether only changes outside Terraform prevent customers from being enabled, and not the
// planned change: the provider had already enabled everything that is declared for them. Then every plan must
// succeed.
func (w *world) onlyOutside() bool {
	on, at := wants(w.module)
	holders := map[thing]int{}
	for _, o := range w.core.Objects() {
		for t, isOn := range says(o.Type, o.State) {
			if isOn && !o.Deposed && !o.Tainted && slices.Contains(at[t], o.Address) && leftOut(o)[t.of] == nil {
				holders[t]++
			}
		}
	}
	for t, want := range on {
		if want && holders[t] < len(at[t]) && (w.ended[t.of] || w.suspended[t.of]) {
			return false
		}
	}
	return true
}

// edit changes the configuration without making it contradictory.
func (w *world) edit(random *rand.Rand) {
	for range 6 {
		edited := maps.Clone(w.module)
		text := w.editOnce(random, edited)
		if text == "" || contradiction(edited) != "" {
			continue
		}
		w.module = edited
		w.record("edit: %s", text)
		return
	}
}

func (w *world) editOnce(random *rand.Rand, m acctest.Module) string {
	addresses := keys(m)
	if len(addresses) == 0 || random.Float64() < 0.3 {
		return w.add(random, m)
	}
	address := pick(random, addresses)
	d := m[address]
	d.Config = maps.Clone(d.Config)
	switch random.IntN(9) {
	case 0:
		delete(m, address)
		return "remove " + address
	case 1: // to another address, without a moved block
		to := free(m, d.Type)
		if to == "" {
			return ""
		}
		delete(m, address)
		m[to] = d
		return fmt.Sprintf("%s is now %s, without a moved block", address, to)
	case 2:
		to := free(m, d.Type)
		if to == "" || slices.ContainsFunc(w.core.Objects(), func(o acctest.Object) bool { return o.Address == to }) {
			return ""
		}
		delete(m, address)
		m[to] = d
		w.core.Move(address, to)
		return fmt.Sprintf("%s is now %s, with a moved block", address, to)
	case 3:
		w.forget(address)
		delete(m, address)
		w.dropped = true
		return fmt.Sprintf("%s is removed with a removed block and destroy = false", address)
	case 4:
		d.CreateBeforeDestroy = !d.CreateBeforeDestroy
	default:
		w.editConfig(random, &d)
	}
	m[address] = d
	return describe(address, d)
}

// forget removes an address from the state. After that, its things no longer count as enabled by the provider,
// unless another object manages them.
func (w *world) forget(address string) {
	var forgotten []acctest.Object
	for _, o := range w.core.Objects() {
		if o.Address == address {
			forgotten = append(forgotten, o)
		}
	}
	w.core.Forget(address)
	managed := managedBy(w.core.Objects())
	for _, o := range forgotten {
		w.release(o)
		for t := range says(o.Type, o.State) {
			if !managed[t] {
				delete(w.ours.on, t)
			}
		}
	}
}

// managedBy returns the things that the objects manage, on or off.
func managedBy(objects []acctest.Object) map[thing]bool {
	out := map[thing]bool{}
	for _, o := range objects {
		for t := range says(o.Type, o.State) {
			out[t] = true
		}
	}
	return out
}

// editConfig changes the configuration of a resource.
func (w *world) editConfig(random *rand.Rand, d *acctest.Declaration) {
	switch d.Type {
	case azurePlan:
		switch random.IntN(4) {
		case 0:
			d.Config["customer_id"] = pick(random, keys(planCustomers))
		case 1:
			d.Config["on_destroy"] = pick(random, []any{nil, "abandon"})
			if w.backend.Knobs().EntitlementDelay > 0 {
				d.Config["on_destroy"] = "suspend"
			}
		default:
			d.Config["friendly_name"] = pick(random, []any{nil, "one name", "another name"})
		}
	case consent:
		d.Config["customer_id"] = pick(random, keys(consentCustomers))
	case renewal:
		d.Config["renew"] = d.Config["renew"] != true
	case owner:
		if random.IntN(2) == 0 {
			d.Config["description"] = fmt.Sprintf("reason %d", random.IntN(3))
			return
		}
		d.Config["principal_id"] = pick(random, users[d.Config["customer_id"].(string)])
	case fleet:
		listed := maps.Clone(d.Config["permissions"].(acctest.Values))
		d.Config["permissions"] = listed
		customer := pick(random, w.customers)
		switch random.IntN(7) {
		case 6:
			if delete(d.Config, "on_error"); random.IntN(3) > 0 {
				d.Config["on_error"] = "report"
			}
		case 0:
			delete(listed, customer)
		case 1:
			listed[customer] = acctest.Values{}
		case 2:
			if delete(d.Config, "unlisted"); random.IntN(3) == 0 {
				d.Config["unlisted"] = "deny"
			}
		default:
			one := acctest.Values{}
			for _, member := range members {
				if random.IntN(3) > 0 {
					one[member] = random.IntN(4) > 0
				}
			}
			listed[customer] = one
		}
	default:
		if random.IntN(3) == 0 {
			d.Config["customer_id"] = pick(random, w.customers)
			return
		}
		d.Config["enabled"] = d.Config["enabled"] == false
	}
}

// add declares another resource.
func (w *world) add(random *rand.Rand, m acctest.Module) string {
	typeName := pick(random, []string{reservations, reservations, savingsPlans, fleet, owner, consent, renewal, azurePlan})
	if w.narrow {
		typeName = pick(random, []string{fleet, fleet, fleet, reservations})
	}
	address := free(m, typeName)
	if address == "" {
		return ""
	}
	d := acctest.Declaration{Type: typeName, CreateBeforeDestroy: random.IntN(3) == 0}
	switch typeName {
	case owner:
		customer := pick(random, keys(subscriptions))
		d.Config = acctest.Values{"customer_id": customer, "subscription_id": subscriptions[customer], "principal_id": pick(random, users[customer])}
		if w.adopts {
			d.Config["adopt_existing"] = true
		}
	case renewal:
		d.Config = acctest.Values{"customer_id": mockbackend.ContosoID, "reservation_id": reserved, "renew": random.IntN(2) == 0}
	case consent:
		d.Config = acctest.Values{"customer_id": pick(random, keys(consentCustomers)), "display_name": "automation"}
	case azurePlan:
		d.Config = acctest.Values{"customer_id": pick(random, keys(planCustomers)), "partner_on_record_attestation_accepted": true, "adopt_existing": true}
		w.editConfig(random, &d)
	case fleet:
		d.Config = acctest.Values{"permissions": acctest.Values{}}
		if random.IntN(2) == 0 {
			d.Config["on_error"] = "report"
		}
		for range 3 {
			w.editConfig(random, &d)
		}
	default:
		d.Config = acctest.Values{"customer_id": pick(random, w.customers), "enabled": random.IntN(4) > 0}
	}
	m[address] = d
	return "add " + describe(address, d)
}

// free returns an unused address of the type, or "".
func free(m acctest.Module, typeName string) string {
	stem := map[string]string{reservations: "reservations", savingsPlans: "savings", fleet: "fleet", owner: "owner", consent: "consent", renewal: "renewal", azurePlan: "plan"}[typeName]
	for i := range 2 {
		if address := fmt.Sprintf("%s.%d", stem, i); m[address].Type == "" {
			return address
		}
	}
	return ""
}

// trouble is a set of failures during a plan or an apply.
type trouble struct {
	faults    []mockbackend.Fault
	interrupt time.Duration // time of Ctrl-C; 0 is never
	latency   time.Duration
}

func (t trouble) none() bool { return len(t.faults) == 0 && t.interrupt == 0 }

func (t trouble) String() string {
	var what []string
	for _, f := range t.faults {
		what = append(what, fmt.Sprintf("%s %s %s %d/%d%s after %d, %d times", f.Service, f.Method, f.Kind, f.Status, f.Code, f.Error, f.Skip, max(1, f.Times)*sign(f.Times)))
	}
	if t.interrupt > 0 {
		what = append(what, fmt.Sprintf("Ctrl-C after %s with %s a request", t.interrupt, t.latency))
	}
	if len(what) == 0 {
		return ""
	}
	return ", with " + strings.Join(what, "; ")
}

func sign(n int) int {
	if n < 0 {
		return -1
	}
	return 1
}

// lostKinds are faults after which a write is executed and its answer is lost.
var lostKinds = []mockbackend.FaultKind{mockbackend.DropAfter, mockbackend.DropMidBody, mockbackend.LostAfter, mockbackend.SlowAfter}

func randomTrouble(random *rand.Rand) trouble {
	var t trouble
	if random.Float64() < 0.5 {
		return t
	}
	for range 1 + random.IntN(2) {
		f := mockbackend.Fault{
			Service: pick(random, []mockbackend.Service{mockbackend.PartnerCenter, mockbackend.PartnerCenter, mockbackend.ResourceManager, mockbackend.SignIn}),
			Method:  pick(random, []string{"", "GET", "POST", "PUT", "PATCH", "DELETE"}), Kind: pick(random, mockbackend.AllKinds()),
			Times: pick(random, []int{1, 1, 3, -1}), Skip: pick(random, []int{0, 0, 1, 2, 4}),
		}
		if random.IntN(3) == 0 {
			f.Kind = pick(random, lostKinds)
		}
		if f.Service == mockbackend.SignIn {
			f.Method = ""
		}
		if f.Kind == mockbackend.APIError {
			f.Status, f.Code = 403, 900150
			switch random.IntN(4) {
			case 0:
				f.Status, f.Code = 401, 800001
			case 1:
				f.Status, f.Code = 400, 3000
			case 2:
				f.Status, f.Code = 409, 600041
			}
			if f.Service == mockbackend.SignIn {
				f.Status, f.Code, f.Error = 400, 700082, "invalid_grant"
			}
		}
		t.faults = append(t.faults, f)
	}
	if random.Float64() < 0.35 {
		t.latency = 200 * time.Millisecond
		t.interrupt = time.Duration(random.IntN(1500)) * time.Millisecond
	}
	return t
}

// under calls do during the trouble.
func (w *world) under(t trouble, do func() error) error {
	for _, f := range t.faults {
		w.backend.Fail(f)
	}
	w.backend.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = t.latency })
	if t.interrupt > 0 {
		defer time.AfterFunc(t.interrupt, w.core.Interrupt).Stop()
	}
	defer func() {
		w.backend.ClearFaults()
		w.backend.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = 0 })
	}()
	return do()
}

// creates reports whether the state lacks an object of the configuration.
func (w *world) creates() bool {
	exists := map[string]bool{}
	for _, o := range w.core.Objects() {
		exists[o.Address] = true
	}
	for address := range w.module {
		if !exists[address] {
			return true
		}
	}
	return false
}

// apply runs "terraform apply", or saves a plan and applies it later.
func (w *world) apply(random *rand.Rand) error {
	if w.dropped || w.creates() { // a new object for the same thing does not have the time of the old one's writes, and accepts a stale read
		acctest.Pass(2 * time.Minute)
		w.dropped = false
	}
	var o acctest.Options
	o.NoRefresh = random.Float64() < 0.15
	text := "terraform apply"
	if o.NoRefresh {
		text += " -refresh=false"
	}
	if objects := w.core.Objects(); len(objects) > 0 && random.Float64() < 0.2 {
		if address := pick(random, objects).Address; w.module[address].Type != "" {
			o.Replace = []string{address}
			text += " -replace=" + address
		}
	}
	planning, applying := randomTrouble(random), randomTrouble(random)
	if random.Float64() < 0.7 {
		planning = trouble{}
	}
	late := random.Float64() < 0.15
	clean := planning.none() && applying.none() && !late && w.healthy() && !o.NoRefresh

	var p *acctest.Planned
	err := w.under(planning, func() (err error) {
		p, err = w.core.Plan(w.t.Context(), w.module, o)
		return err
	})
	if err != nil {
		w.record("%s: plan%s: %s", text, planning, firstLines(err))
		if planning.none() && (w.healthy() || len(o.Replace) == 0 && w.onlyOutside()) {
			return breaks("f", "the plan fails without a reason: %s", firstLines(err))
		}
		return w.stateIsTrue()
	}
	if late {
		w.record("%s -out=plan: %s", text, p)
		w.outside(random)
		w.ours.follow(w.backend)
		acctest.Pass(10 * time.Minute)
	}
	before := w.core.Objects()
	err = w.under(applying, func() error { return w.core.Apply(w.t.Context(), p) })
	w.record("%s%s: %s: %s", text, applying, p, firstLines(err))
	return w.afterApply(before, w.module, p, err, clean)
}

// afterApply checks what must hold after an apply. For a destroy, module is empty.
func (w *world) afterApply(before []acctest.Object, module acctest.Module, p *acctest.Planned, failed error, clean bool) error {
	changes := w.ours.follow(w.backend)
	if err := rightlyOff(changes, before, module, p); err != nil {
		return err
	}
	for _, o := range before {
		w.release(o)
	}
	if err := w.onePlan(); err != nil {
		return err
	}
	w.dropped = w.dropped || len(p.Destroyed()) > 0
	w.forgetReleased(before, module)
	w.forgetHalves(before, p, failed)
	if err := w.stateIsTrue(); err != nil {
		return err
	}
	if !clean {
		return nil
	}
	if failed != nil && strings.Contains(failed.Error(), "inconsistent final plan") && declaredTwice(module) {
		return w.again(module)
	}
	if failed != nil {
		return breaks("f", "the apply fails without a reason: %s", firstLines(failed))
	}
	return w.asDeclared(module)
}

// declaredTwice reports whether two resources declare the same thing, for which the plan warns. Then one of
// them can find a change by the other one that its own plan does not contain.
func declaredTwice(module acctest.Module) bool {
	seen := map[thing]bool{}
	for _, d := range module {
		for t := range says(d.Type, d.Config) {
			if seen[t] {
				return true
			}
			seen[t] = true
		}
	}
	return false
}

// again plans and applies again, which must succeed.
func (w *world) again(module acctest.Module) error {
	acctest.Pass(2 * time.Minute) // see apply: a new object accepts a stale read
	w.dropped = false
	before := w.core.Objects()
	p, err := w.core.Plan(w.t.Context(), module, acctest.Options{})
	if err == nil {
		err = w.core.Apply(w.t.Context(), p)
	}
	w.record("terraform apply, again: %s: %s", p, firstLines(err))
	if err != nil {
		return breaks("f", "the second apply fails without a reason: %s", firstLines(err))
	}
	return w.afterApply(before, module, p, nil, true)
}

// forgetHalves handles a gap that Terraform leaves. Terraform was interrupted between the two halves of a
// replacement: after the destruction, which left on what the creation declares, and before the creation. It
// does not call the provider in between.
func (w *world) forgetHalves(before []acctest.Object, p *acctest.Planned, failed error) {
	if failed == nil || !strings.Contains(failed.Error(), "execution halted") {
		return
	}
	exists := map[string]bool{}
	for _, o := range w.core.Objects() {
		exists[o.Address] = true
	}
	for _, o := range before {
		if slices.Contains(p.DeletedFirst(), o.Address) && !exists[o.Address] {
			for t := range says(o.Type, o.State) {
				delete(w.ours.on, t)
			}
		}
	}
}

// destroy runs "terraform destroy".
func (w *world) destroy(random *rand.Rand) error {
	t := randomTrouble(random)
	o := acctest.Options{Destroy: true, NoRefresh: random.Float64() < 0.2}
	return w.destroyWith(o, t)
}

func (w *world) destroyWith(o acctest.Options, t trouble) error {
	text := "terraform destroy"
	if o.NoRefresh {
		text += " -refresh=false"
	}
	p, err := w.core.Plan(w.t.Context(), w.module, o)
	if err != nil {
		w.record("%s: plan: %s", text, firstLines(err))
		if w.healthy() || w.onlyOutside() || o.NoRefresh {
			return breaks("f", "the plan of a destroy fails without a reason: %s", firstLines(err))
		}
		o.NoRefresh = true // as the message says
		return w.destroyWith(o, t)
	}
	before := w.core.Objects()
	err = w.under(t, func() error { return w.core.Apply(w.t.Context(), p) })
	w.record("%s%s: %s: %s", text, t, p, firstLines(err))
	if wrong := w.afterApply(before, acctest.Module{}, p, err, false); wrong != nil || !t.none() {
		return wrong
	}
	if err != nil {
		return breaks("f", "the destroy fails without a reason: %s", firstLines(err))
	}
	return w.allGone()
}
