package partnercenter_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"terraform-provider-partnercenter/internal/mockbackend"
	"terraform-provider-partnercenter/internal/partnercenter"
)

func TestTmp(t *testing.T) {
	for _, f := range []mockbackend.Fault{{Method: "POST", Kind: mockbackend.LostAfter, Times: -1}, {Kind: mockbackend.LostAfter, Skip: 1, Times: 1}, {Method: "POST", Kind: mockbackend.SlowAfter, Delay: time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{Latency: 200 * time.Millisecond})
			b.Fail(f)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(500*time.Millisecond, cancel)
			p, err := newClient(t, b).SelfServePolicies.Grant(ctx, adatum, partnercenter.AzureReservedInstances, partnercenter.Seen{})
			t.Logf("%+v %v %v %v", p, err, partnercenter.OutcomeOf(err), b.Requests())
		})
	}
}
