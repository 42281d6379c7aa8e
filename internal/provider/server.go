package provider

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// Serve serves the provider to Terraform.
func Serve(version string, debug bool) error {
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	return tf6server.Serve(Address, NewServer(version), options...)
}

// NewServer returns the constructor of the provider's server. The arguments are those of [New].
func NewServer(version string, options ...Option) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer {
		p := &partnerCenterProvider{version: version}
		for _, o := range options {
			o(p)
		}
		framework, ok := providerserver.NewProtocol6(p)().(frameworkServer)
		if !ok {
			panic("the plugin framework's server has lost a part of the protocol") // at start, so every test sees it
		}
		return &server{framework, &p.notices}
	}
}

// frameworkServer is all that the plugin framework serves.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

// notices are warnings about the run, not about an object of it. The next answer to Terraform
// takes them along.
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

// server is the plugin framework's with the notices in its answers.
type server struct {
	frameworkServer

	notices *notices
}

func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	resp, err := s.frameworkServer.ReadResource(ctx, req)
	if resp != nil {
		resp.Diagnostics = append(resp.Diagnostics, s.notices.take()...)
	}
	return resp, err
}

func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	resp, err := s.frameworkServer.PlanResourceChange(ctx, req)
	if resp != nil {
		resp.Diagnostics = append(resp.Diagnostics, s.notices.take()...)
	}
	return resp, err
}

func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	resp, err := s.frameworkServer.ApplyResourceChange(ctx, req)
	if resp != nil {
		resp.Diagnostics = append(resp.Diagnostics, s.notices.take()...)
	}
	return resp, err
}

func (s *server) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	resp, err := s.frameworkServer.ImportResourceState(ctx, req)
	if resp != nil {
		resp.Diagnostics = append(resp.Diagnostics, s.notices.take()...)
	}
	return resp, err
}

func (s *server) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	resp, err := s.frameworkServer.ReadDataSource(ctx, req)
	if resp != nil {
		resp.Diagnostics = append(resp.Diagnostics, s.notices.take()...)
	}
	return resp, err
}
