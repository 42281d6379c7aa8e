package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/services/permission"
)

// NewServer returns the provider as a server of the plugin protocol.
func NewServer(version string, options ...Option) tfprotov6.ProviderServer {
	p := &partnerCenterProvider{version: version}
	for _, o := range options {
		o(p)
	}
	framework, ok := providerserver.NewProtocol6(p)().(frameworkServer)
	if !ok {
		panic("the plugin framework's server has lost a part of the protocol") // at start, so that every test notices it
	}
	return &server{packing{framework}, &p.notices}
}

// Serve serves the provider until Terraform ends it. Debug supports debuggers such as delve.
func Serve(version string, debug bool) error {
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	//nolint:wrapcheck // main prints the error
	return tf6server.Serve(Address, func() tfprotov6.ProviderServer { return NewServer(version) }, options...)
}

// frameworkServer has all services of the plugin framework's server.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

// notices are warnings about the run, not about an object of it. The next answer to Terraform includes
// them.
type notices struct {
	mu      sync.Mutex
	waiting []*tfprotov6.Diagnostic
}

func (n *notices) add(headline, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waiting = append(n.waiting, &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityWarning, Summary: headline, Detail: text})
}

func (n *notices) take() []*tfprotov6.Diagnostic {
	n.mu.Lock()
	defer n.mu.Unlock()
	waiting := n.waiting
	n.waiting = nil
	return waiting
}

// server is the plugin framework's server with three additions. Its answers include the notices. It keeps no
// context of a call that has ended. And when Terraform loads a state, server removes the attributes in which an earlier apply showed its changes.
// So each plan shows only its own changes. Terraform counts a removal in a refresh as a change, but not
// a removal here.
type server struct {
	frameworkServer

	notices *notices
}

// UpgradeResourceState is called for every object that Terraform loads, even if its schema version is
// current.
func (s *server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	ctx, end := withEnd(ctx)
	defer end()
	if req.TypeName == packedType && req.RawState != nil {
		req.RawState.JSON = withoutAttributes(req.RawState.JSON, permission.ChangeAttributes)
	}
	return s.frameworkServer.UpgradeResourceState(ctx, req)
}

// UpgradeResourceIdentity is called like UpgradeResourceState, by Terraform 1.12 and later.
func (s *server) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	ctx, end := withEnd(ctx)
	defer end()
	return s.frameworkServer.UpgradeResourceIdentity(ctx, req)
}

func (s *server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	ctx, end := withEnd(ctx)
	defer end()
	return s.frameworkServer.ValidateResourceConfig(ctx, req)
}

func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	ctx, end := withEnd(ctx)
	defer end()
	resp, err := s.frameworkServer.ReadResource(ctx, req)
	if resp != nil {
		resp.Diagnostics = append(resp.Diagnostics, s.notices.take()...)
	}
	return resp, err
}

func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	ctx, end := withEnd(ctx)
	defer end()
	resp, err := s.frameworkServer.PlanResourceChange(ctx, req)
	if resp != nil {
		resp.Diagnostics = append(resp.Diagnostics, s.notices.take()...)
	}
	return resp, err
}

func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	ctx, end := withEnd(ctx)
	defer end()
	resp, err := s.frameworkServer.ApplyResourceChange(ctx, req)
	if resp != nil {
		resp.Diagnostics = append(resp.Diagnostics, s.notices.take()...)
	}
	return resp, err
}

func (s *server) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	ctx, end := withEnd(ctx)
	defer end()
	resp, err := s.frameworkServer.ImportResourceState(ctx, req)
	if resp != nil {
		resp.Diagnostics = append(resp.Diagnostics, s.notices.take()...)
	}
	return resp, err
}

func (s *server) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	ctx, end := withEnd(ctx)
	defer end()
	resp, err := s.frameworkServer.ReadDataSource(ctx, req)
	if resp != nil {
		resp.Diagnostics = append(resp.Diagnostics, s.notices.take()...)
	}
	return resp, err
}

// withoutAttributes sets attributes of a state to null. It returns an unreadable state unchanged to the
// framework.
func withoutAttributes(state []byte, names []string) []byte {
	var attributes map[string]json.RawMessage
	if json.Unmarshal(state, &attributes) != nil {
		return state
	}
	changed := false
	for _, name := range names {
		if value, ok := attributes[name]; ok && !bytes.Equal(value, []byte("null")) {
			attributes[name], changed = json.RawMessage("null"), true
		}
	}
	if !changed {
		return state
	}
	out, err := json.Marshal(attributes)
	if err != nil {
		return state
	}
	return out
}
