package conformance

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// knownClaims contains the claims of Entra ID's access tokens, v1.0 and v2.0. The report omits
// other claims (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
var knownClaims = strings.Fields(`acct acr acrs aio altsecid amr app_displayname appid appidacr aud auth_time azp azpacr cnf controls ctry
	deviceid email exp family_name fwd given_name groups hasgroups home_oid iat idp idtyp in_corp ipaddr iss jti login_hint name nbf nonce oid
	onprem_sid platf preferred_username puid rh roles scp sid sub tenant_ctry tenant_region_scope tid unique_name upn uti ver wids xms_cc xms_ftd
	xms_idrel xms_st xms_tcdt xms_tdbr xms_tntid xms_mirid`)

func signInProbes() []probe {
	return []probe{
		{"token_claims", "Which claims does the access token have?", func(ctx context.Context, o *observer) (string, error) {
			names, err := o.pc.ClaimNames(ctx)
			if err != nil {
				return "", err
			}
			return listOf(slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(knownClaims, name) })), nil
		}},
		{"mfa_header", "Does Partner Center tell whether it saw multifactor authentication?", func(ctx context.Context, o *observer) (string, error) {
			a := probeCall{path: "/v1/profiles/legalbusiness", header: http.Header{"Validatemfa": {"true"}}}
			got, err := o.call(ctx, a)
			switch value := strings.ToLower(got.Header.Get("isMfaCompliant")); {
			case err != nil || got.StatusCode != http.StatusOK:
				return codeOf(got), err
			case value == "true" || value == "false":
				return value, nil
			}
			return "absent", nil
		}},
		{"organization_id", "Is the ID of the organization profile its tenant ID?", func(ctx context.Context, o *observer) (string, error) {
			got, err := o.get(ctx, "/v1/profiles/organization", nil)
			if err != nil || object(got) == nil {
				return codeOf(got), err
			}
			return either(strings.EqualFold(text(object(got), "id"), text(object(got), "tenantId")), "equal", "different"), nil
		}},
		withoutUser("app_only_policies", "What does a token without a user get for permissions?", "/v1/SelfServePolicy"),
		withoutUser("app_only_organization", "What does a token without a user get for the organization profile?", "/v1/profiles/organization"),
		withoutUser("app_only_entitlements", "What does a token without a user get for reservations?", "/v1/customers/{customer}/entitlements"),
		withoutUser("app_only_users", "What does a token without a user get for the users of a customer?", "/v1/customers/{customer}/users"),
		status("reads_policies", "Can the signed-in user read permissions?", "/v1/SelfServePolicy/{policy}", ownPolicy),
		status("reads_users", "Can the signed-in user read the users of a customer?", "/v1/customers/{customer}/users", firstCustomer),
		status("reads_entitlements", "Can the signed-in user read reservations?", "/v1/customers/{customer}/entitlements", firstCustomer),
		status("reads_audit_records", "Can the signed-in user read the activity log?", "/v1/auditrecords"),
	}
}

func firstCustomer(o *observer) string { return o.customers[0] }

// ownPolicy returns the ID of an existing policy, or the ID that the policy of the first customer
// would have.
func ownPolicy(o *observer) string {
	if o.policyID != "" {
		return o.policyID
	}
	return o.partner + "_" + o.customers[0]
}

func withoutUser(id, question, pattern string) probe {
	return probe{id, question, func(ctx context.Context, o *observer) (string, error) {
		pc := clientOf(o)
		switch {
		case pc == nil:
			return notObserved(noAppOnly), nil
		case len(o.customers) == 0:
			return notObserved(noCustomer), nil
		}
		var query url.Values
		ids := []string{o.customers[0]}
		if !strings.Contains(pattern, "{") {
			ids = nil
		}
		if strings.HasSuffix(pattern, "SelfServePolicy") {
			query = url.Values{"entity_id": {o.customers[0]}}
		}
		a := o.newCall(pattern, query, ids...)
		a.pc = pc
		got, err := o.call(ctx, a)
		return codeOf(got), err
	}}
}
