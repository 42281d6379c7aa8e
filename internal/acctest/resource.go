package acctest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Resource is one resource and its state, as Terraform would store it. For several resources, deposed objects,
// and processes that end between plan and apply, see [Core].
type Resource struct {
	*Protocol

	typeName string
	schema   *tfprotov6.Schema
	state    tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	tainted  bool
	// Warnings are the warnings of the last operation.
	Warnings []string
	// Planned is the state after the apply, according to the last plan.
	Planned Values
}

// Resource returns a resource that does not exist yet.
func (d *Protocol) Resource(typeName string) *Resource {
	d.t.Helper()
	s := d.schema.ResourceSchemas[typeName]
	if s == nil {
		d.t.Fatalf("the provider has no resource %s", typeName)
	}
	return &Resource{Protocol: d, typeName: typeName, schema: s, state: tftypes.NewValue(s.ValueType(), nil)}
}

// Action is what a plan would do.
type Action string

// The actions of a plan.
const (
	NoOp    Action = "no-op"
	Create  Action = "create"
	Update  Action = "update"
	Replace Action = "replace"
	Destroy Action = "destroy"
)

// Plan validates and plans the configuration. nil destroys.
func (r *Resource) Plan(ctx context.Context, config Values) (Action, error) {
	r.t.Helper()
	action, _, err := r.plan(ctx, config, false)
	return action, err
}

// plan plans as Terraform's core does. A replacement (force is -replace) is planned a second time as a
// creation, with the private state of the first plan. A tainted resource is planned only as a creation, without
// private state.
func (r *Resource) plan(ctx context.Context, config Values, force bool) (Action, *tfprotov6.PlanResourceChangeResponse, error) {
	r.t.Helper()
	r.Warnings = nil
	r.load(ctx)
	none := tftypes.NewValue(r.schema.ValueType(), nil)
	if config != nil && r.tainted {
		_, resp, err := r.planFrom(ctx, none, nil, config)
		return Replace, resp, err
	}
	action, resp, err := r.planFrom(ctx, r.state, r.private, config)
	if err != nil || action != Replace && !(force && config != nil && r.Exists()) {
		return action, resp, err
	}
	_, resp, err = r.planFrom(ctx, none, resp.PlannedPrivate, config)
	return Replace, resp, err
}

// planFrom plans once.
func (r *Resource) planFrom(ctx context.Context, prior tftypes.Value, private []byte, config Values) (Action, *tfprotov6.PlanResourceChangeResponse, error) {
	r.t.Helper()
	typ := r.schema.ValueType()
	cfg, proposed := tftypes.NewValue(typ, nil), tftypes.NewValue(typ, nil)
	identity := r.identity
	if prior.IsNull() {
		identity = nil
	}
	if config != nil {
		cfg = r.value(typ, config)
		valid, err := r.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: r.typeName, Config: r.dynamic(cfg)})
		if err != nil {
			r.t.Fatal(err)
		}
		if err := r.note(valid.Diagnostics); err != nil {
			return "", nil, err
		}
		proposed = r.proposed(prior, cfg)
	}
	resp, err := r.server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: r.typeName, PriorState: r.dynamic(prior), Config: r.dynamic(cfg), ProposedNewState: r.dynamic(proposed),
		PriorPrivate: private, PriorIdentity: identity,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.note(resp.Diagnostics); err != nil {
		return "", nil, err
	}
	planned := r.decode(typ, resp.PlannedState)
	r.Planned, _ = r.plain(planned).(Values)
	// Terraform's core rejects a planned value that is neither the configured nor the prior one.
	configured, before := r.attributes(cfg), r.attributes(prior)
	for name, got := range r.attributes(planned) {
		if want := configured[name]; !want.IsNull() && !got.Equal(want) && (prior.IsNull() || before[name].IsNull() || !got.Equal(before[name])) {
			return "", nil, fmt.Errorf("provider produced invalid plan: %s is %s, but %s in the configuration", name, got, want)
		}
	}
	switch {
	case config == nil:
		return Destroy, resp, nil
	case prior.IsNull():
		return Create, resp, nil
	case planned.Equal(prior):
		return NoOp, resp, nil
	case len(resp.RequiresReplace) > 0:
		return Replace, resp, nil
	}
	return Update, resp, nil
}

// Apply plans and applies the configuration. nil destroys. As in Terraform, a failed create leaves no state
// unless the provider returns one, which is then tainted.
func (r *Resource) Apply(ctx context.Context, config Values) error {
	r.t.Helper()
	return r.apply(ctx, config, false)
}

// Replace is Apply with -replace.
func (r *Resource) Replace(ctx context.Context, config Values) error {
	r.t.Helper()
	return r.apply(ctx, config, true)
}

func (r *Resource) apply(ctx context.Context, config Values, force bool) error {
	r.t.Helper()
	action, plan, err := r.plan(ctx, config, force)
	if err != nil || action == NoOp {
		return err
	}
	if action == Replace { // the first half, which deletes, receives the private state of the planned creation
		if err := r.change(ctx, nil, plan); err != nil {
			return err
		}
	}
	return r.change(ctx, config, plan)
}

// Taint marks the resource as tainted, as "terraform taint" does.
func (r *Resource) Taint() { r.tainted = true }

// Untaint removes the mark, as "terraform untaint" does.
func (r *Resource) Untaint() { r.tainted = false }

// Tainted reports whether the next plan replaces the resource.
func (r *Resource) Tainted() bool { return r.tainted }

// change applies what was planned. nil destroys.
func (r *Resource) change(ctx context.Context, config Values, plan *tfprotov6.PlanResourceChangeResponse) error {
	r.t.Helper()
	cfg := tftypes.NewValue(r.schema.ValueType(), nil)
	planned := r.dynamic(cfg)
	if config != nil {
		cfg, planned = r.value(r.schema.ValueType(), config), plan.PlannedState
	}
	resp, err := r.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: r.typeName, PriorState: r.dynamic(r.state), PlannedState: planned, Config: r.dynamic(cfg),
		PlannedPrivate: plan.PlannedPrivate, PlannedIdentity: plan.PlannedIdentity,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	failed, created := r.note(resp.Diagnostics), !r.Exists()
	if resp.NewState != nil {
		after := r.decode(r.schema.ValueType(), resp.NewState)
		if failed == nil || !after.IsNull() { // a failure without a new state leaves the state unchanged
			r.state, r.private, r.identity = after, resp.Private, resp.NewIdentity
		}
	}
	switch {
	case !r.Exists():
		r.tainted = false
	case created:
		r.tainted = failed != nil
	}
	if failed != nil {
		return failed
	}
	// Terraform's core rejects a result that differs from the planned value.
	for name, want := range r.attributes(r.decode(r.schema.ValueType(), planned)) {
		if got := r.attributes(r.state)[name]; want.IsFullyKnown() && !want.Equal(got) {
			return fmt.Errorf("provider produced inconsistent result after apply: %s was %s, but now %s", name, want, got)
		}
	}
	return nil
}

// attributes returns the attributes of an object. A null object has none.
func (r *Resource) attributes(v tftypes.Value) map[string]tftypes.Value {
	r.t.Helper()
	out := map[string]tftypes.Value{}
	if !v.IsNull() {
		if err := v.As(&out); err != nil {
			r.t.Fatal(err)
		}
	}
	return out
}

// load lets the provider upgrade the state, as Terraform's core does for every state that it loads.
func (r *Resource) load(ctx context.Context) {
	r.t.Helper()
	if r.state.IsNull() {
		return
	}
	state, err := json.Marshal(r.State())
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := r.server.UpgradeResourceState(ctx, &tfprotov6.UpgradeResourceStateRequest{
		TypeName: r.typeName, Version: r.schema.Version, RawState: &tfprotov6.RawState{JSON: state},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := problems(resp.Diagnostics); err != nil {
		r.t.Fatal(err)
	}
	r.state = r.decode(r.schema.ValueType(), resp.UpgradedState)
}

// Refresh reads the resource. Without an identity, it behaves like Terraform before 1.12.
func (r *Resource) Refresh(ctx context.Context) error {
	r.t.Helper()
	r.Warnings = nil
	if r.state.IsNull() {
		return nil
	}
	r.load(ctx)
	resp, err := r.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: r.typeName, CurrentState: r.dynamic(r.state), Private: r.private, CurrentIdentity: r.identity,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.note(resp.Diagnostics); err != nil {
		return err
	}
	r.state, r.private, r.identity = r.decode(r.schema.ValueType(), resp.NewState), resp.Private, resp.NewIdentity
	r.tainted = r.tainted && r.Exists()
	return nil
}

// Import imports by ID or, if id is "", by identity, and then reads. As in Terraform, nothing is imported if
// the read fails.
func (r *Resource) Import(ctx context.Context, id string, identity Values) error {
	r.t.Helper()
	req := &tfprotov6.ImportResourceStateRequest{TypeName: r.typeName, ID: id}
	if id == "" {
		req.Identity = &tfprotov6.ResourceIdentityData{IdentityData: r.encode(r.Protocol.identity[r.typeName].ValueType(), identity)}
	}
	resp, err := r.server.ImportResourceState(ctx, req)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.note(resp.Diagnostics); err != nil {
		return err
	}
	one := resp.ImportedResources[0]
	r.state, r.private, r.identity = r.decode(r.schema.ValueType(), one.State), one.Private, one.Identity
	err = r.Refresh(ctx)
	if err != nil {
		r.state, r.private, r.identity = tftypes.NewValue(r.schema.ValueType(), nil), nil, nil
	}
	return err
}

// Saved is what Terraform stores for a resource.
type Saved struct {
	state    tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	tainted  bool
}

// Save returns the input of [Resource.Load], which may be that of another provider.
func (r *Resource) Save() Saved { return Saved{r.state, r.private, r.identity, r.tainted} }

// Load replaces the resource's state with a saved one.
func (r *Resource) Load(s Saved) {
	r.state, r.private, r.identity, r.tainted = s.state, s.private, s.identity, s.tainted
}

// DropIdentity removes the identity: Terraform before 1.12 stores none.
func (r *Resource) DropIdentity() { r.identity = nil }

// Exists reports whether there is a state.
func (r *Resource) Exists() bool { return !r.state.IsNull() }

// State returns the state's attributes, or nil if there is no state.
func (r *Resource) State() Values {
	r.t.Helper()
	if r.state.IsNull() {
		return nil
	}
	v, _ := r.plain(r.state).(Values)
	return v
}

// Identity returns the identity's attributes.
func (r *Resource) Identity() Values {
	r.t.Helper()
	if r.identity == nil {
		return nil
	}
	v, _ := r.plain(r.decode(r.Protocol.identity[r.typeName].ValueType(), r.identity.IdentityData)).(Values)
	return v
}

// note stores the warnings and returns the errors.
func (r *Resource) note(d []*tfprotov6.Diagnostic) error {
	r.Warnings = append(r.Warnings, warnings(d)...)
	return problems(d)
}

// proposed returns what Terraform's core proposes: the configuration, with the prior values of computed
// attributes that are null in it.
func (r *Resource) proposed(prior, config tftypes.Value) tftypes.Value {
	r.t.Helper()
	before := r.attributes(prior)
	attributes := maps.Clone(r.attributes(config)) // the map belongs to the configuration
	for _, a := range r.schema.Block.Attributes {
		if was, ok := before[a.Name]; ok && a.Computed && attributes[a.Name].IsNull() {
			attributes[a.Name] = was
		}
	}
	return tftypes.NewValue(r.schema.ValueType(), attributes)
}
