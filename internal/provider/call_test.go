package provider

import (
	"context"
	"runtime"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

type callKey struct{}

// The server keeps nothing of a call that has ended.
func TestServer_forgetsCalls(t *testing.T) {
	s := NewServer("test")
	const name = "partnercenter_unknown" // the framework has registered the context by the time that it notices
	for what, do := range map[string]func(context.Context) error{
		"validate": func(ctx context.Context) error {
			_, err := s.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: name})
			return err
		},
		"upgrade": func(ctx context.Context) error {
			_, err := s.UpgradeResourceState(ctx, &tfprotov6.UpgradeResourceStateRequest{TypeName: name, RawState: &tfprotov6.RawState{JSON: []byte("{}")}})
			return err
		},
		"upgrade the identity": func(ctx context.Context) error {
			_, err := s.UpgradeResourceIdentity(ctx, &tfprotov6.UpgradeResourceIdentityRequest{TypeName: name, RawIdentity: &tfprotov6.RawState{JSON: []byte("{}")}})
			return err
		},
		"import": func(ctx context.Context) error {
			_, err := s.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: name})
			return err
		},
		"read a data source": func(ctx context.Context) error {
			_, err := s.ReadDataSource(ctx, &tfprotov6.ReadDataSourceRequest{TypeName: name})
			return err
		},
		"read": func(ctx context.Context) error {
			_, err := s.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: name})
			return err
		},
		"plan": func(ctx context.Context) error {
			_, err := s.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{TypeName: name})
			return err
		},
		"apply": func(ctx context.Context) error {
			_, err := s.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{TypeName: name})
			return err
		},
	} {
		collected := make(chan struct{})
		func() {
			held := new([1 << 20]byte)
			runtime.AddCleanup(held, func(c chan struct{}) { close(c) }, collected)
			ctx, cancel := context.WithCancel(context.WithValue(t.Context(), callKey{}, held))
			defer cancel() // as gRPC does
			if err := do(ctx); err != nil {
				t.Fatal(what, err)
			}
		}()
		for range 20 {
			runtime.GC()
			select {
			case <-collected:
			default:
				runtime.Gosched()
				continue
			}
			break
		}
		select {
		case <-collected:
		default:
			t.Errorf("%s: the server keeps the context of the call", what)
		}
	}
	runtime.KeepAlive(s)
}
