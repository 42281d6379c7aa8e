package acctest

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Listed is the result of a list block in Terraform.
type Listed struct {
	Results  []ListedResource
	Warnings []string
}

// ListedResource is one result.
type ListedResource struct {
	DisplayName string
	Identity    Values
	// Resource is nil unless it was requested.
	Resource Values
}

// List lists resources as Terraform's core does for "terraform query". It validates without limit and
// include_resource. It stops after limit results, and at an error, which discards all results. A limit of 0
// means no limit.
func (d *Protocol) List(ctx context.Context, typeName string, config Values, limit int64, includeResource bool) (Listed, error) {
	d.t.Helper()
	return d.ListUntil(ctx, typeName, config, limit, includeResource, func(ListedResource) bool { return false })
}

// ListUntil is List, but stops after the first result for which stop returns true.
func (d *Protocol) ListUntil(ctx context.Context, typeName string, config Values, limit int64, includeResource bool, stop func(ListedResource) bool) (Listed, error) {
	d.t.Helper()
	s, resource := d.schema.ListResourceSchemas[typeName], d.schema.ResourceSchemas[typeName]
	lists, ok := d.server.(tfprotov6.ListResourceServer)
	if s == nil || !ok {
		d.t.Fatalf("the provider has no list resource %s", typeName)
	}
	cfg := d.encode(s.ValueType(), config)
	valid, err := lists.ValidateListResourceConfig(ctx, &tfprotov6.ValidateListResourceConfigRequest{TypeName: typeName, Config: cfg})
	if err != nil {
		d.t.Fatal(err)
	}
	if err := problems(valid.Diagnostics); err != nil {
		return Listed{}, err
	}
	stream, err := lists.ListResource(ctx, &tfprotov6.ListResourceRequest{TypeName: typeName, Config: cfg, IncludeResource: includeResource, Limit: limit})
	if err != nil {
		d.t.Fatal(err)
	}
	var out Listed
	for event := range stream.Results {
		if err := problems(event.Diagnostics); err != nil {
			return Listed{Warnings: out.Warnings}, err
		}
		out.Warnings = append(out.Warnings, warnings(event.Diagnostics)...)
		if event.Identity == nil {
			continue // a warning without a result
		}
		one := ListedResource{DisplayName: event.DisplayName}
		one.Identity, _ = d.plain(d.decode(d.identity[typeName].ValueType(), event.Identity.IdentityData)).(Values)
		switch {
		case includeResource && event.Resource == nil:
			return Listed{}, fmt.Errorf("%s has no resource", one.DisplayName)
		case includeResource:
			one.Resource, _ = d.plain(d.decode(resource.ValueType(), event.Resource)).(Values)
		}
		out.Results = append(out.Results, one)
		if limit > 0 && int64(len(out.Results)) >= limit || stop(one) {
			break
		}
	}
	return out, nil
}

// Generated returns the configuration that "-generate-config-out" writes for a state: all arguments that can be
// set and have a value.
func (d *Protocol) Generated(typeName string, state Values) Values {
	d.t.Helper()
	out := make(Values)
	for _, a := range d.schema.ResourceSchemas[typeName].Block.Attributes {
		if v := state[a.Name]; v != nil && (a.Required || a.Optional) {
			out[a.Name] = v
		}
	}
	return out
}
