package conformance

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// foreignTenant exists and is not a customer of the partner: it is Microsoft's own tenant.
const foreignTenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"

func stranger(*observer) string { return uuid.NewString() }
func foreign(*observer) string  { return foreignTenant }

// policyProbes returns the probes about reading permissions.
func policyProbes() []probe {
	entity := func(id, question string, of func(*observer) string) probe {
		return probe{id, question, func(ctx context.Context, o *observer) (string, error) {
			a := o.newCall("/v1/SelfServePolicy", url.Values{"entity_id": {of(o)}})
			got, err := o.call(ctx, a)
			if err == nil && got.StatusCode == http.StatusOK && len(items(got)) == 0 {
				return "empty", nil
			}
			return codeOf(got), err
		}}
	}
	return []probe{
		{"policies_without_entity_id", "Are the policies of all customers listed without entity_id?", listWithoutEntity},
		{"entity_id_capitals", "Does entity_id ignore case?", func(ctx context.Context, o *observer) (string, error) {
			if o.permitted == "" {
				return notObserved(noPolicy), nil
			}
			got, err := o.get(ctx, "/v1/SelfServePolicy", url.Values{"entity_id": {strings.ToUpper(o.permitted)}})
			if err != nil || object(got) == nil {
				return codeOf(got), err
			}
			return either(len(items(got)) > 0, "same", "empty"), nil
		}},
		{"path_id_capitals", "Does the ID of a customer in a path ignore case?", func(ctx context.Context, o *observer) (string, error) {
			if len(o.customers) == 0 {
				return notObserved(noCustomer), nil
			}
			a := o.newCall("/v1/customers/{customer}", nil, o.customers[0])
			a.path = "/v1/customers/" + strings.ToUpper(o.customers[0])
			got, err := o.call(ctx, a)
			return either(got.StatusCode == http.StatusOK, "same", codeOf(got)), err
		}},
		entity("policies_unknown_customer", "What is the answer for the permissions of an unknown tenant?", stranger),
		entity("policies_foreign_customer", "What is the answer for the permissions of a tenant that is no customer?", foreign),
		status("unknown_policy", "What is the answer for an unknown policy?", "/v1/SelfServePolicy/{policy}", func(o *observer) string { return o.partner + "_" + uuid.NewString() }),
		status("malformed_policy_id", "What is the answer for a malformed policy ID?", "/v1/SelfServePolicy/{policy}", func(*observer) string { return "conformance" }),
	}
}

// listWithoutEntity compares the list with the policies that were read one by one.
func listWithoutEntity(ctx context.Context, o *observer) (string, error) {
	found, got, err := o.listPolicies(ctx)
	if err != nil || got.StatusCode != http.StatusOK {
		return codeOf(got), err
	}
	if o.permitted == "" {
		return notObserved(noPolicy), nil
	}
	missing := 0
	for id, has := range o.policies {
		if has && !found[id] {
			missing++
		}
	}
	_, _, paged := nextOf(got, nil)
	switch {
	case len(found) == 0:
		return "empty", nil
	case missing > 0 && !paged:
		return "partial", nil
	}
	return either(paged, "pages", "all"), nil
}

// listPolicies reads the first page of the list without entity_id. It returns the customers with a policy.
func (o *observer) listPolicies(ctx context.Context) (map[string]bool, partnercenter.RawAnswer, error) {
	found := map[string]bool{}
	query := sizeOf(1)
	if o.permitted == "" {
		query = nil
	}
	first, err := o.get(ctx, "/v1/SelfServePolicy", query)
	if err != nil || object(first) == nil {
		return nil, first, err
	}
	for _, p := range items(first) {
		found[strings.ToLower(text(p, "selfServeEntity", "tenantID"))] = true
	}
	return found, first, nil
}

// codeProbes returns the probes about the error codes for missing objects.
func codeProbes() []probe {
	return []probe{
		status("unknown_customer", "What is the answer for an unknown tenant?", "/v1/customers/{stranger}", stranger),
		status("foreign_customer", "What is the answer for a tenant that is no customer?", "/v1/customers/{foreign}", foreign),
		status("unknown_subscription", "What is the answer for an unknown subscription?", "/v1/customers/{customer}/subscriptions/{unknown}", firstCustomer, stranger),
		status("unknown_order", "What is the answer for an unknown order?", "/v1/customers/{customer}/orders/{unknown}", firstCustomer, stranger),
		status("unknown_user", "What is the answer for an unknown user?", "/v1/customers/{customer}/users/{unknown}", firstCustomer, stranger),
		status("unknown_audit_record", "What is the answer for an unknown record of the activity log?", "/auditactivity/v1/auditrecords/{unknown}", stranger),
		{"entitlements_of_licenses", "What is the answer for the Azure subscriptions of a license?", func(ctx context.Context, o *observer) (string, error) {
			if o.licenses == "" {
				return notObserved(noLicenses), nil
			}
			got, err := o.get(ctx, "/v1/customers/{customer}/subscriptions/{subscription}/azureEntitlements", nil, o.licensed, o.licenses)
			return codeOf(got), err
		}},
	}
}
