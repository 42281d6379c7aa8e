package partnercenter_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// newBackend returns an in-process mock. The test fails if the mock receives a request that the API
// does not document.
func newBackend(t testing.TB, config mockbackend.Config) *mockbackend.Backend {
	b := mockbackend.New(config)
	t.Cleanup(func() {
		for _, v := range b.Violations() {
			t.Errorf("the mock received a request that the API does not document: %s", v)
		}
	})
	return b
}

// newClient returns a client that is signed in as an Admin agent, as in one run of the provider.
func newClient(t testing.TB, b *mockbackend.Backend) *partnercenter.Client {
	return newClientOver(t, b, b.Transport(), func(*partnercenter.Options) {})
}

func newClientOver(t testing.TB, b *mockbackend.Backend, transport http.RoundTripper, change func(*partnercenter.Options)) *partnercenter.Client {
	t.Helper()
	authority, err := httppipe.ParseEndpoint(b.Endpoints().SignIn)
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := httppipe.ParseEndpoint(b.Endpoints().PartnerCenter)
	if err != nil {
		t.Fatal(err)
	}
	client := httppipe.ClientOver(transport)
	p := b.Partner()
	cred, err := credential.New(credential.Config{
		TenantID: p.TenantID, ClientID: p.ClientID, Proof: credential.ClientSecret(p.ClientSecret),
		RefreshToken: b.User(mockbackend.AdminAgent).RefreshToken,
		Authority:    authority, DisableInstanceDiscovery: true, Client: client, UserAgent: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	o := partnercenter.Options{Endpoint: endpoint, Credential: cred, TenantID: p.TenantID, Client: client, UserAgent: "test"}
	change(&o)
	return partnercenter.New(o)
}

// sent returns the methods and routes of the Partner Center requests since the last reset, in
// order.
func sent(b *mockbackend.Backend) []string {
	var out []string
	for _, r := range b.Requests() {
		if r.Service == mockbackend.PartnerCenter {
			out = append(out, r.Route)
		}
	}
	return out
}

// expectSent fails the test unless exactly these requests were sent. It resets the journal.
func expectSent(t testing.TB, b *mockbackend.Backend, want ...string) {
	t.Helper()
	if got := sent(b); !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
	b.ResetJournal()
}

// expectPermissions fails the test unless exactly these permissions are enabled on the server.
func expectPermissions(t testing.TB, b *mockbackend.Backend, customerID string, want ...string) {
	t.Helper()
	p, _ := b.Policy(customerID)
	got := slices.Sorted(slices.Values(p.Permissions))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the server has %q enabled, want %q", got, want)
	}
}

// pass advances the time in a synctest bubble.
func pass(t *testing.T, d time.Duration) {
	t.Helper()
	if err := httppipe.Sleep(t.Context(), d); err != nil {
		t.Error(err)
	}
}
