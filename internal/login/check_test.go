package login_test

import (
	"maps"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/login"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// wait advances the time in a synctest bubble.
func wait(seconds int) { <-time.After(time.Duration(seconds) * time.Second) }

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		args  []string
		user  func(*mockbackend.Backend) string // refresh token; nil = Admin agent
		knobs func(*mockbackend.Knobs)
		fail  *mockbackend.SignInFault
		env   map[string]string
		code  int
		says  []string
	}{
		"all right": {code: login.Passed, says: []string{"ok Refresh token valid until", "runs renew it if they have an output path"}},
		"app-only": {
			user: func(*mockbackend.Backend) string { return "" }, code: login.CheckFailed,
			says: []string{"FAILED Sign-in app-only", "ok Partner Center the application can read customers", "ok Azure access by the application itself"},
		},
		"without MFA": {
			user: func(b *mockbackend.Backend) string { return b.UserWithoutMFA().RefreshToken }, code: login.CheckFailed,
			says: []string{"FAILED MFA", "note Partner Center not checked"},
		},
		"Sales agent":   {user: func(b *mockbackend.Backend) string { return b.User(mockbackend.SalesAgent).RefreshToken }, code: login.Passed, says: []string{"ok Agent role"}},
		"expired token": {knobs: func(k *mockbackend.Knobs) { k.RefreshTokens = mockbackend.RefreshTokensExpired }, code: login.Failed, says: []string{"Could not sign in", "AADSTS700082", "What to do:"}},
		"another tenant": {
			env: map[string]string{"PARTNERCENTER_TENANT_ID": mockbackend.PartnerDomain}, code: login.Passed, says: []string{"ok Tenant " + mockbackend.PartnerTenantID},
		},
		"no date": {
			env: map[string]string{"PARTNERCENTER_REFRESH_TOKEN_OBTAINED_ON": ""}, code: login.Passed,
			says: []string{"Warning: The refresh token is not renewed", "note Refresh token valid for 90 days after it was issued"},
		},
		"no consent to Azure":           {fail: &mockbackend.SignInFault{Code: 65001, Audience: "https://management.azure.com", Times: -1}, code: login.Passed, says: []string{"note Azure access the user did not consent", "login --azure"}},
		"Azure required":                {args: []string{"--azure"}, fail: &mockbackend.SignInFault{Code: 65001, Audience: "https://management.azure.com", Times: -1}, code: login.CheckFailed, says: []string{"FAILED Azure access"}},
		"Azure blocked":                 {fail: &mockbackend.SignInFault{Code: 53003, Audience: "https://management.azure.com", Times: -1}, code: login.Passed, says: []string{"note Azure access no access token for Azure", "Azure access: Sign-in failed", "AADSTS53003"}},
		"Azure by the application":      {env: map[string]string{"PARTNERCENTER_AZURE_AUTH_MODE": "app"}, code: login.Passed, says: []string{"ok Azure access by the application itself, without the user"}},
		"a customer":                    {args: []string{mockbackend.AdatumID}, code: login.Passed, says: []string{"ok Customer Adatum Demo", "ok Application consent the customer's tenant has consented", "ok Customer's Azure signed in; visible Azure subscriptions: 1"}},
		"a customer before flags":       {args: []string{mockbackend.ContosoID, "--azure"}, code: login.Passed, says: []string{"visible Azure subscriptions: 2"}},
		"a customer not consented":      {args: []string{mockbackend.AdatumID}, knobs: func(k *mockbackend.Knobs) { k.CustomerTenants = mockbackend.CustomerTenantsNotAuthorized }, code: login.CheckFailed, says: []string{"FAILED Application consent the customer's tenant has not consented", "AADSTS90099", "application consent"}},
		"a customer of another partner": {args: []string{"11111111-2222-4333-8444-555555555555"}, code: login.CheckFailed, says: []string{"FAILED Customer the customer cannot be read"}},
		"Partner Center is refused":     {fail: nil, args: nil, env: map[string]string{"PARTNERCENTER_CLIENT_SECRET": "wrong"}, code: login.Failed, says: []string{"AADSTS7000215"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTrial(t)
			token := r.b.User(mockbackend.AdminAgent).RefreshToken
			if test.user != nil {
				token = test.user(r.b)
			}
			if token != "" {
				r.env["PARTNERCENTER_REFRESH_TOKEN"] = token
				r.env["PARTNERCENTER_REFRESH_TOKEN_OBTAINED_ON"] = time.Now().Format(time.DateOnly)
			}
			maps.Copy(r.env, test.env)
			if test.knobs != nil {
				r.b.SetKnobs(test.knobs)
			}
			if test.fail != nil {
				r.b.FailSignIn(*test.fail)
			}
			r.want(r.run(append([]string{"--check"}, test.args...)...), test.code)
			r.says(test.says...)
			for _, request := range r.b.Requests() {
				if request.Service != mockbackend.SignIn && request.Method != "GET" {
					t.Errorf("a check writes: %s %s", request.Method, request.Path)
				}
			}
			r.nothingStored()
		})
	}
}

// TestCheck_faults checks that a check that cannot be made fails, and that a shared cause is
// explained once.
func TestCheck_faults(t *testing.T) {
	r := newTrial(t)
	r.env["PARTNERCENTER_REFRESH_TOKEN"] = r.b.User(mockbackend.AdminAgent).RefreshToken
	r.env["PARTNERCENTER_MAX_RETRIES"] = "0"
	r.b.Fail(mockbackend.Fault{Service: mockbackend.PartnerCenter, Path: "/**", Kind: mockbackend.ServerError, Times: -1})
	r.want(r.run("--check"), login.CheckFailed)
	r.says("FAILED MFA Partner Center did not say", "What to do:")
}

// TestCheck_consent checks that login --azure requests the consent that the check requires.
func TestCheck_consent(t *testing.T) {
	r := newTrial(t)
	r.b.SetKnobs(func(k *mockbackend.Knobs) { k.ConsentRequired = true })
	r.want(r.run("--output", r.output(), "--port", "0"), login.Passed)
	r.says("note Azure access the user did not consent to Azure")
	r.want(r.run("--output", r.output(), "--port", "0", "--azure"), login.Passed)
	r.says("ok Azure access the user consented to Azure")
}
