package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/provider"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// status is the result of a check.
type status string

const (
	passed status = "ok"
	failed status = "FAILED"
	noted  status = "note" // unknown, or not needed by every configuration
)

// row is one check in the table.
type row struct {
	status       status
	name, detail string
	err          error // explained below the table
}

// checker checks what a run needs. It changes nothing.
type checker struct {
	*provider.Setup
	azure    bool   // Azure is required
	customer string // ID, or empty
	rows     []row
}

func (k *checker) add(s status, name, format string, args ...any) {
	k.rows = append(k.rows, row{status: s, name: name, detail: fmt.Sprintf(format, args...)})
}

// addError adds a check that failed because of an error.
func (k *checker) addError(s status, name, detail string, err error) {
	k.rows = append(k.rows, row{s, name, detail, err})
}

// report runs the checks, prints the table and returns the exit code.
func (c Command) report(ctx context.Context, setup *provider.Setup, f flags) int {
	k := &checker{Setup: setup, azure: f.azure, customer: strings.ToLower(f.customer)}
	if !f.check {
		k.RefreshTokenIssued = time.Now()
	}
	caller, err := setup.Clients.PartnerCenter.Caller(ctx)
	if err != nil {
		return c.failed(ctx, err)
	}
	k.identity(caller)
	if !caller.AppOnly && !k.mfa(ctx, caller) {
		k.add(noted, "Partner Center", "not checked, because it refuses every call without multifactor authentication")
	} else {
		k.partnerCenter(ctx, caller)
	}
	k.azureAccess(ctx, caller)
	if k.customer != "" {
		k.customerTenant(ctx)
	}
	k.expiry(caller)
	if ctx.Err() != nil {
		return c.failed(ctx, ctx.Err())
	}
	out := c.Stdout
	if f.print {
		out = c.Stderr
	}
	printTable(out, k.rows)
	if slices.ContainsFunc(k.rows, func(r row) bool { return r.status == failed }) {
		return CheckFailed
	}
	return Passed
}

// identity reports who is signed in, based on the access token only.
func (k *checker) identity(caller credential.Claims) {
	if caller.AppOnly {
		k.add(failed, "Sign-in", "app-only: there is no refresh token; customer permissions need a user")
	} else {
		k.add(passed, "Sign-in", "app+user")
	}
	switch {
	case caller.TenantID == "":
		k.add(noted, "Tenant", "the access token does not name it")
	case tfkit.CheckGUID(k.SignIn.TenantID) == nil && !strings.EqualFold(k.SignIn.TenantID, caller.TenantID):
		k.add(failed, "Tenant", "%s, but %s is configured", caller.TenantID, k.SignIn.TenantID)
	default:
		k.add(passed, "Tenant", "%s", caller.TenantID)
	}
	k.add(passed, "Application", "%s", cmp.Or(caller.ClientID, "the access token does not name it"))
	if !caller.AppOnly {
		k.add(passed, "User", "%s", cmp.Or(caller.UserPrincipalName, caller.ObjectID, "the access token does not name the user"))
	}
}

// mfa compares the token's MFA claim with Partner Center's answer.
func (k *checker) mfa(ctx context.Context, caller credential.Claims) bool {
	const name = "MFA"
	compliant, err := k.Clients.PartnerCenter.ValidateMFA(ctx)
	switch {
	case err != nil:
		k.addError(failed, name, "Partner Center did not say", err)
	case !compliant:
		k.add(failed, name, "the user signed in without multifactor authentication: enforce it for the user, and sign in again")
	case !caller.MFA:
		k.add(noted, name, "Partner Center accepts the token, but the token has no MFA claim")
	default:
		k.add(passed, name, "the access token has the MFA claim, and Partner Center accepts it")
	}
	return err == nil && compliant
}

// partnerCenter reads what an agent can read.
func (k *checker) partnerCenter(ctx context.Context, caller credential.Claims) {
	const name = "Partner Center"
	pc := k.Clients.PartnerCenter
	if caller.AppOnly {
		if _, err := k.anyCustomer(ctx); err != nil && !errors.Is(err, errNoCustomer) {
			k.addError(failed, name, "the customers cannot be read", err)
		} else {
			k.add(passed, name, "the application can read customers")
		}
		return
	}
	organization, err := pc.Profiles.Organization(ctx)
	if err != nil {
		k.addError(failed, name, "the organization profile cannot be read", err)
	} else {
		k.add(passed, name, "%s", cmp.Or(organization.CompanyName, organization.TenantID))
	}
	const role = "Agent role"
	customer, err := k.anyCustomer(ctx)
	switch {
	case errors.Is(err, errNoCustomer):
		k.add(noted, role, "unknown: the partner has no customer to read")
		return
	case err != nil:
		k.addError(failed, role, "the customers cannot be read", err)
		return
	}
	if _, err := pc.SelfServePolicies.Get(ctx, customer); err != nil {
		k.addError(failed, role, "the user cannot read customer permissions", err)
		return
	}
	k.add(passed, role, "the user can read customer permissions; only an Admin agent can change them, which no read tells")
}

var errNoCustomer = errors.New("the partner has no customer")

// anyCustomer returns the ID of a customer to read.
func (k *checker) anyCustomer(ctx context.Context) (string, error) {
	if k.customer != "" {
		return k.customer, nil
	}
	for customer, err := range k.Clients.PartnerCenter.Customers.All(ctx, partnercenter.CustomerFilter{}) {
		return customer.ID, err
	}
	return "", errNoCustomer
}

// notConsented contains Entra ID's codes for a missing consent to a permission.
var notConsented = []int{65001, 650057, 650056, 65005}

// azureAccess requests a token for Azure in the partner's own tenant.
func (k *checker) azureAccess(ctx context.Context, caller credential.Claims) {
	const name = "Azure access"
	otherwise := noted
	if k.azure {
		otherwise = failed
	}
	azure, err := k.Clients.Azure.Caller(ctx, cmp.Or(caller.TenantID, k.SignIn.TenantID))
	refused, _ := errors.AsType[*credential.Error](err)
	switch {
	case refused != nil && slices.ContainsFunc(refused.Codes, func(code int) bool { return slices.Contains(notConsented, code) }):
		k.add(otherwise, name, "the user did not consent to Azure; only Owner assignments need it: run login --azure")
	case err != nil:
		k.addError(otherwise, name, "no access token for Azure", err)
	case azure.AppOnly && !caller.AppOnly:
		k.add(passed, name, "by the application itself, without the user")
	case azure.AppOnly:
		k.add(passed, name, "by the application itself; in a customer's tenant it needs a role")
	default:
		k.add(passed, name, "the user consented to Azure")
	}
}

// customerTenant checks one customer: the relationship, and Azure in the customer's tenant.
func (k *checker) customerTenant(ctx context.Context) {
	customer, err := k.Clients.PartnerCenter.Customers.Get(ctx, k.customer)
	if err != nil {
		k.addError(failed, "Customer", "the customer cannot be read", err)
		return
	}
	k.add(passed, "Customer", "%s", cmp.Or(customer.CompanyProfile.CompanyName, customer.ID))
	// Partner Center has no call that reads a consent. Without consent, Entra ID refuses the token.
	const name, consent = "Customer's Azure", "Application consent"
	azure, err := k.Clients.Azure.Caller(ctx, k.customer)
	refused, _ := errors.AsType[*credential.Error](err)
	switch {
	case refused != nil && refused.NoConsent():
		k.addError(failed, consent, "the customer's tenant has not consented to the application", err)
		return
	case err != nil:
		k.addError(failed, name, "no access token in the customer's tenant", err)
		return
	case !azure.AppOnly:
		k.add(passed, consent, "the customer's tenant has consented to the application")
	}
	count := 0
	for _, err := range k.Clients.Azure.Subscriptions.List(ctx, k.customer) {
		if err != nil {
			k.addError(failed, name, "the Azure subscriptions cannot be listed", err)
			return
		}
		count++
	}
	if count == 0 {
		k.add(noted, name, "signed in, but no Azure subscription is visible: check the GDAP relationship and the group AdminAgents")
		return
	}
	k.add(passed, name, "signed in; visible Azure subscriptions: %d", count)
}

// expiry reports until when the tokens are valid.
func (k *checker) expiry(caller credential.Claims) {
	if !caller.ExpiresOn.IsZero() {
		k.add(passed, "Access token", "valid until %s; renewed automatically", caller.ExpiresOn.Format(time.RFC3339))
	}
	if caller.AppOnly || k.SignIn.RefreshToken == "" {
		return
	}
	const name = "Refresh token"
	end := k.RefreshTokenIssued.Add(provider.RefreshTokenLife)
	switch {
	case k.RefreshTokenIssued.IsZero():
		k.add(noted, name, "valid for 90 days after it was issued. The date is not known: set PARTNERCENTER_REFRESH_TOKEN_OBTAINED_ON")
	case k.SignIn.RefreshTokenOutputPath != "":
		k.add(passed, name, "valid until %s; each sign-in renews it in %s", end.Format(time.DateOnly), k.SignIn.RefreshTokenOutputPath)
	default:
		k.add(passed, name, "valid until %s; runs renew it if they have an output path", end.Format(time.DateOnly))
	}
}
