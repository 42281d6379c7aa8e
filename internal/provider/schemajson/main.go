// Command schemajson prints the provider's schema in the format of "terraform providers schema -json".
// It reads the schema from the provider, because a Terraform CLI omits the kinds of types that it does
// not support.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/provider"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("schemajson: ")

	out, err := export(context.Background(), provider.NewServer("dev"))
	if err != nil {
		log.Fatal(err)
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		log.Fatal(err)
	}
}

func export(ctx context.Context, srv tfprotov6.ProviderServer) (*providerSchemas, error) {
	all, err := srv.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	ids, err := srv.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, err
	}
	for _, d := range append(all.Diagnostics, ids.Diagnostics...) {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return nil, fmt.Errorf("%s: %s", d.Summary, d.Detail)
		}
	}
	if len(all.Functions)+len(all.ActionSchemas)+len(all.EphemeralResourceSchemas)+len(all.StateStoreSchemas) > 0 {
		return nil, errors.New("the provider now has a kind of type that this command does not export yet")
	}

	return &providerSchemas{
		FormatVersion: "1.0",
		// tfplugindocs looks for the provider's short name, or for the namespace hashicorp.
		Schemas: map[string]providerSchema{"partnercenter": {
			Provider:           schema(all.Provider),
			Resources:          each(all.ResourceSchemas, schema),
			DataSources:        each(all.DataSourceSchemas, schema),
			ListResources:      each(all.ListResourceSchemas, schema),
			ResourceIdentities: each(ids.IdentitySchemas, identity),
		}},
	}, nil
}

func each[From, To any](in map[string]From, convert func(From) To) map[string]To {
	out := make(map[string]To, len(in))
	for name, v := range in {
		out[name] = convert(v)
	}
	return out
}

func schema(s *tfprotov6.Schema) versioned {
	return versioned{Version: s.Version, Block: block(s.Block)}
}

func block(b *tfprotov6.SchemaBlock) schemaBlock {
	out := schemaBlock{
		Attributes:      attributes(b.Attributes),
		NestedBlocks:    make(map[string]nestedBlock, len(b.BlockTypes)),
		Description:     b.Description,
		DescriptionKind: lower(b.DescriptionKind),
		Deprecated:      b.Deprecated,
	}
	for _, nested := range b.BlockTypes {
		out.NestedBlocks[nested.TypeName] = nestedBlock{
			NestingMode: lower(nested.Nesting),
			Block:       block(nested.Block),
			MinItems:    nested.MinItems,
			MaxItems:    nested.MaxItems,
		}
	}
	return out
}

func attributes(in []*tfprotov6.SchemaAttribute) map[string]attribute {
	out := make(map[string]attribute, len(in))
	for _, a := range in {
		converted := attribute{
			Description:     a.Description,
			DescriptionKind: lower(a.DescriptionKind),
			Deprecated:      a.Deprecated,
			Required:        a.Required,
			Optional:        a.Optional,
			Computed:        a.Computed,
			Sensitive:       a.Sensitive,
			WriteOnly:       a.WriteOnly,
		}
		if a.NestedType != nil {
			converted.NestedType = &nestedType{Attributes: attributes(a.NestedType.Attributes), NestingMode: lower(a.NestedType.Nesting)}
		} else {
			converted.Type = a.Type
		}
		out[a.Name] = converted
	}
	return out
}

func identity(s *tfprotov6.ResourceIdentitySchema) identitySchema {
	out := identitySchema{Version: s.Version, Attributes: make(map[string]identityAttribute, len(s.IdentityAttributes))}
	for _, a := range s.IdentityAttributes {
		out.Attributes[a.Name] = identityAttribute{
			Type:              a.Type,
			Description:       a.Description,
			RequiredForImport: a.RequiredForImport,
			OptionalForImport: a.OptionalForImport,
		}
	}
	return out
}

// lower returns an enumeration value of the protocol as the CLI prints it.
func lower(constant fmt.Stringer) string { return strings.ToLower(constant.String()) }
