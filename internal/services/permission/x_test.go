package permission_test

import (
	"testing"
	"testing/synctest"

	"terraform-provider-partnercenter/internal/acctest"
	"terraform-provider-partnercenter/internal/mockbackend"
)

func TestX(t *testing.T) {
	for i := range 200 {
		_ = i
		synctest.Test(t, func(t *testing.T) {
			b := mockbackend.New(mockbackend.Config{})
			tok := b.User(mockbackend.AdminAgent).RefreshToken
			p := acctest.NewProtocol(t, b, tok)
			r := p.Resource("partnercenter_customer_permission_reservations")
			if err := r.Apply(t.Context(), acctest.Values{"customer_id": mockbackend.AdatumID}); err != nil {
				t.Fatal(err)
			}
			p.Restart(tok)
			p.Restart(tok)
			if i == 0 {
				t.Log(r.State(), r.Identity(), acctest.Routes(b.Requests()))
			}
		})
	}
}
