package main

import "github.com/hashicorp/terraform-plugin-go/tftypes"

// The types below have the fields of
// https://developer.hashicorp.com/terraform/cli/commands/providers/schema that this provider uses.
// tftypes prints a type as the CLI does.

type providerSchemas struct {
	FormatVersion string                    `json:"format_version"`
	Schemas       map[string]providerSchema `json:"provider_schemas"`
}

type providerSchema struct {
	Provider           versioned                 `json:"provider"`
	Resources          map[string]versioned      `json:"resource_schemas,omitempty"`
	DataSources        map[string]versioned      `json:"data_source_schemas,omitempty"`
	ListResources      map[string]versioned      `json:"list_resource_schemas,omitempty"`
	ResourceIdentities map[string]identitySchema `json:"resource_identity_schemas,omitempty"`
}

type versioned struct {
	Version int64       `json:"version"`
	Block   schemaBlock `json:"block"`
}

type schemaBlock struct {
	Attributes      map[string]attribute   `json:"attributes,omitempty"`
	NestedBlocks    map[string]nestedBlock `json:"block_types,omitempty"`
	Description     string                 `json:"description,omitempty"`
	DescriptionKind string                 `json:"description_kind"`
	Deprecated      bool                   `json:"deprecated,omitempty"`
}

type nestedBlock struct {
	NestingMode string      `json:"nesting_mode"`
	Block       schemaBlock `json:"block"`
	MinItems    int64       `json:"min_items,omitempty"`
	MaxItems    int64       `json:"max_items,omitempty"`
}

// attribute has either a type or a nested type.
type attribute struct {
	Type            tftypes.Type `json:"type,omitempty"`
	NestedType      *nestedType  `json:"nested_type,omitempty"`
	Description     string       `json:"description,omitempty"`
	DescriptionKind string       `json:"description_kind"`
	Deprecated      bool         `json:"deprecated,omitempty"`
	Required        bool         `json:"required,omitempty"`
	Optional        bool         `json:"optional,omitempty"`
	Computed        bool         `json:"computed,omitempty"`
	Sensitive       bool         `json:"sensitive,omitempty"`
	WriteOnly       bool         `json:"write_only,omitempty"`
}

type nestedType struct {
	Attributes  map[string]attribute `json:"attributes"`
	NestingMode string               `json:"nesting_mode"`
}

type identitySchema struct {
	Version    int64                        `json:"version"`
	Attributes map[string]identityAttribute `json:"attributes"`
}

type identityAttribute struct {
	Type              tftypes.Type `json:"type"`
	Description       string       `json:"description,omitempty"`
	RequiredForImport bool         `json:"required_for_import,omitempty"`
	OptionalForImport bool         `json:"optional_for_import,omitempty"`
}
