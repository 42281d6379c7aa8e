package acctest

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// ReplaceTainted applies the configuration to a tainted resource as Terraform does. It plans only the creation,
// without private state. Then it calls between, for what happens between plan and apply, such as
// [Protocol.Restart]. The apply destroys with the private state of that plan, plans the creation again, and
// creates.
func (r *Resource) ReplaceTainted(ctx context.Context, config Values, between func()) error {
	r.t.Helper()
	prior := r.Save()
	r.state, r.private, r.identity = tftypes.NewValue(r.schema.ValueType(), nil), nil, nil
	_, plan, err := r.plan(ctx, config, false)
	if r.Load(prior); err != nil {
		return err
	}
	between()
	if err := r.change(ctx, nil, plan); err != nil {
		return err
	}
	r.private = nil
	if _, plan, err = r.plan(ctx, config, false); err != nil {
		return err
	}
	return r.change(ctx, config, plan)
}
