package mockbackend_test

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const devicePath = "/" + mockbackend.PartnerTenantID + "/oauth2/v2.0/devicecode"

// device starts the flow. It returns the answer and the form to poll with.
func device(t *testing.T, c *rawClient) (reply, url.Values) {
	t.Helper()
	started := c.signIn(devicePath, url.Values{"client_id": {c.b.Partner().ClientID}, "scope": {userScope}})
	if started.status != http.StatusOK || started.body["interval"] != 5.0 || started.body["expires_in"] != 900.0 {
		t.Fatalf("%d %s", started.status, started.raw)
	}
	form := c.form("", "")
	form.Del("scope")
	form.Set("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
	form.Set("device_code", started.body["device_code"].(string))
	return started, form
}

// poll waits, polls and compares the error. An empty want is success.
func poll(t *testing.T, c *rawClient, form url.Values, wait time.Duration, want string) reply {
	t.Helper()
	advance(wait)
	got := c.signIn(v2Path, form)
	if failed, _ := got.body["error"].(string); failed != want {
		t.Errorf("after %s: %d %s, want %q", wait, got.status, got.raw, want)
	}
	return got
}

func TestDeviceCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := anonymous(t, b)
		started, form := device(t, c)
		poll(t, c, form, 0, "authorization_pending")
		poll(t, c, form, 4*time.Second, "slow_down")
		wantViolation(t, b, "too fast", "less than the interval")
		poll(t, c, form, 10*time.Second, "authorization_pending")
		address := started.body["verification_uri"].(string)
		if _, err := b.Visit(t.Context(), address, mockbackend.Person{UserCode: "wrong"}); err == nil {
			t.Error("a wrong code was accepted")
		}
		if _, err := b.Visit(t.Context(), address, mockbackend.Person{UserCode: started.body["user_code"].(string), SkipMFA: true}); err == nil {
			t.Error("the browser was redirected")
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { k.SlowDown = true })
		poll(t, c, form, 10*time.Second, "slow_down")
		b.SetKnobs(func(k *mockbackend.Knobs) { k.SlowDown = false })
		got := poll(t, c, form, 15*time.Second, "")
		if amr := claims(t, c, got.body["access_token"].(string))["amr"].([]any); len(amr) != 1 || got.body["refresh_token"] == nil {
			t.Errorf("%s", got.raw)
		}
		poll(t, c, form, 15*time.Second, "invalid_grant")
		wantViolation(t, b, "twice", "redeemed before")
	})
}

func TestDeviceCode_ended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := anonymous(t, b)
		started, form := device(t, c)
		_, _ = b.Visit(t.Context(), started.body["verification_uri"].(string), mockbackend.Person{UserCode: started.body["user_code"].(string), Cancel: true})
		poll(t, c, form, 5*time.Second, "authorization_declined")

		_, form = device(t, c)
		poll(t, c, form, 15*time.Minute, "expired_token")
		form.Set("device_code", "x")
		form.Set("scope", userScope)
		poll(t, c, form, 0, "bad_verification_code")
		form.Del("client_secret")
		poll(t, c, form, 0, "invalid_client")
		for _, form := range []url.Values{{"scope": {userScope}}, {"client_id": {b.Partner().ClientID}}, {"client_id": {"x"}, "scope": {userScope}}} {
			if got := c.signIn(devicePath, form); got.status != http.StatusBadRequest {
				t.Errorf("%v: %d %s", form, got.status, got.raw)
			}
		}
	})
}
