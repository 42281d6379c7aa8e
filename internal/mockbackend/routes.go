package mockbackend

import (
	"net/url"
	"slices"
	"strings"
)

// access is the set of callers that may call a route.
type access int

const (
	open       access = iota // no token
	anyCaller                // app-only or app+user
	anyUser                  // app+user: Admin, Sales or Helpdesk agent
	entitled                 // anyUser, or anyCaller by Knobs.EntitlementsAppOnly
	adminAgent               // app+user: Admin agent
)

// route is an entry of the route table.
type route struct {
	method  string
	pattern string // "{name}" segments match any one segment
	access  access
	query   []string // known query parameters, compared without case
	handle  func(*Backend, *exchange) response
}

// String is the name of a route in journal and counters: "GET /v1/customers/{customer}".
func (r *route) String() string { return r.method + " " + r.pattern }

// findRoute returns the route and its path values. If there is none, it returns the methods that the path allows.
func findRoute(routes []route, method, escapedPath string) (found *route, values map[string]string, allowed []string) {
	for i := range routes {
		pathValues, ok := routes[i].match(escapedPath)
		if !ok {
			continue
		}
		if routes[i].method == method {
			return &routes[i], pathValues, nil
		}
		if !slices.Contains(allowed, routes[i].method) {
			allowed = append(allowed, routes[i].method)
		}
	}
	return nil, nil, allowed
}

func (r *route) match(escapedPath string) (map[string]string, bool) {
	pattern := strings.Split(strings.Trim(r.pattern, "/"), "/")
	// A trailing slash is accepted, because the .NET SDK's configuration has paths with one.
	segments := strings.Split(strings.TrimSuffix(strings.TrimPrefix(escapedPath, "/"), "/"), "/")
	if len(pattern) != len(segments) {
		return nil, false
	}
	var values map[string]string
	for i, want := range pattern {
		name, isValue := strings.CutPrefix(want, "{")
		if !isValue {
			if !strings.EqualFold(want, segments[i]) {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(segments[i])
		if err != nil || value == "" {
			return nil, false
		}
		if values == nil {
			values = map[string]string{}
		}
		values[strings.TrimSuffix(name, "}")] = value
	}
	return values, true
}

// unknownQuery returns a query parameter that the route does not have.
func (r *route) unknownQuery(query url.Values) (string, bool) {
	for name := range query {
		if !slices.ContainsFunc(r.query, func(known string) bool { return strings.EqualFold(known, name) }) {
			return name, true
		}
	}
	return "", false
}

// routes returns every route of the mock. Fixed path segments match in any case. The third column is the access to a
// Partner Center route.
func routes() map[Service][]route {
	const roleAssignments = "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments"
	const reservation = "/providers/Microsoft.Capacity/reservationOrders/{reservationOrder}/reservations/{reservation}"
	size := []string{"size", "offset", "seekOperation", "filter"}
	users := append(slices.Clone(size), "sortField", "sortDirection")
	orders := []string{"include_price", "billingType", "indirect_reseller_id", "include_system_purchases"}
	activity := []string{
		"auditRequest.startDate", "auditRequest.endDate", "auditRequest.size",
		"auditRequest.filter.field", "auditRequest.filter.value", "auditRequest.filter.operator", "seek",
	}
	const artifacts, artifact = "/v1/customers/{customer}/artifacts/", "/groups/{group}/lineitems/{lineItem}/resource/{resource}"
	return map[Service][]route{
		SignIn: {
			{"POST", "/{tenant}/oauth2/v2.0/token", open, nil, (*Backend).issueTokenV2},
			{"POST", "/{tenant}/oauth2/token", open, nil, (*Backend).issueTokenV1},
			{"GET", "/{tenant}/v2.0/.well-known/openid-configuration", open, nil, (*Backend).openIDConfigurationV2},
			{"GET", "/{tenant}/.well-known/openid-configuration", open, nil, (*Backend).openIDConfigurationV1},
			{"GET", "/{tenant}/discovery/v2.0/keys", open, nil, (*Backend).signingKeys},
			{"GET", "/{tenant}/discovery/keys", open, nil, (*Backend).signingKeys},
			{"GET", "/common/discovery/instance", open, nil, (*Backend).instanceDiscovery},

			{"GET", "/{tenant}/oauth2/v2.0/authorize", open, authorizeQuery, (*Backend).authorize},
			{"POST", "/{tenant}/oauth2/v2.0/devicecode", open, nil, (*Backend).startDeviceCode},
			{"POST", "/common/login", open, nil, (*Backend).pageChosen}, // the forms of the sign-in page
			{"POST", "/common/consent", open, nil, (*Backend).pageConsented},
			{"GET", "/common/oauth2/deviceauth", open, nil, (*Backend).deviceCodePage},
			{"POST", "/common/oauth2/deviceauth", open, nil, (*Backend).deviceCodeEntered},
		},
		PartnerCenter: slices.Concat(catalogRoutes(), []route{
			{"POST", "/v1/SelfServePolicy", adminAgent, nil, (*Backend).createSelfServePolicy},
			{"GET", "/v1/SelfServePolicy", anyUser, []string{"entity_id", "size", "seekOperation"}, (*Backend).listSelfServePolicies},
			{"PUT", "/v1/SelfServePolicy", adminAgent, nil, (*Backend).updateSelfServePolicy},
			{"GET", "/v1/SelfServePolicy/{id}", anyUser, nil, (*Backend).getSelfServePolicy},
			{"PUT", "/v1/SelfServePolicy/{id}", adminAgent, nil, (*Backend).updateSelfServePolicy},
			{"DELETE", "/v1/SelfServePolicy/{id}", adminAgent, nil, (*Backend).deleteSelfServePolicy},

			{"GET", "/v1/customers", anyCaller, size, (*Backend).listCustomers},
			{"GET", "/v1/customers/{customer}", anyCaller, nil, (*Backend).getCustomer},
			{"GET", "/v1/customers/{customer}/profiles/company", anyCaller, nil, (*Backend).getCompanyProfile},
			{"GET", "/v1/customers/{customer}/profiles/billing", anyCaller, nil, (*Backend).getBillingProfile},

			{"GET", "/v1/customers/{customer}/subscriptions", anyCaller, []string{"order_id", "mpn_id"}, (*Backend).listSubscriptions},
			{"GET", "/v1/customers/{customer}/subscriptions/{subscription}", anyCaller, nil, (*Backend).getSubscription},
			{"PATCH", "/v1/customers/{customer}/subscriptions/{subscription}", anyCaller, nil, (*Backend).updateSubscription},
			{"POST", "/v1/customers/{customer}/subscriptions/{subscription}/azureEntitlements/{entitlement}/cancel", adminAgent, nil, (*Backend).cancelAzureEntitlement},
			{"GET", "/v1/customers/{customer}/subscriptions/{subscription}/azureEntitlements", anyCaller, []string{"size", "offset", "seekOperation"}, (*Backend).listAzureEntitlements},
			{"GET", "/v1/customers/{customer}/subscriptions/{subscription}/azureEntitlements/{entitlement}", anyCaller, nil, (*Backend).getAzureEntitlement},

			{"GET", "/v1/customers/{customer}/users", anyUser, users, (*Backend).listCustomerUsers},
			{"GET", "/v1/customers/{customer}/users/{user}", anyUser, nil, (*Backend).getCustomerUser},

			{"POST", "/v1/customers/{customer}/applicationconsents", adminAgent, nil, (*Backend).createApplicationConsent},
			{"DELETE", "/v1/customers/{customer}/applicationconsents/{application}", adminAgent, nil, (*Backend).deleteApplicationConsent},

			{"GET", "/v1/customers/{customer}/agreements", anyUser, []string{"agreementType"}, (*Backend).listCustomerAgreements},
			{"POST", "/v1/customers/{customer}/agreements", anyUser, nil, (*Backend).createCustomerAgreement},
			{"GET", "/v1/customers/{customer}/directSignedMicrosoftCustomerAgreementStatus", anyUser, nil, (*Backend).getDirectSignStatus},
			{"GET", "/v1/agreements", anyUser, []string{"agreementType"}, (*Backend).listAgreementTemplates},

			{"POST", "/v1/customers/{customer}/carts", anyCaller, nil, (*Backend).createCart},
			{"GET", "/v1/customers/{customer}/carts/{cart}", anyCaller, nil, (*Backend).getCart},
			{"PUT", "/v1/customers/{customer}/carts/{cart}", anyCaller, nil, (*Backend).updateCart},
			{"POST", "/v1/customers/{customer}/carts/{cart}/checkout", anyCaller, nil, (*Backend).checkoutCart},
			{"POST", "/v1/customers/{customer}/orders", anyCaller, nil, (*Backend).createOrder},

			{"GET", "/v1/customers/{customer}/orders", anyCaller, orders, (*Backend).listOrders},
			{"GET", "/v1/customers/{customer}/orders/{order}", anyCaller, []string{"include_price"}, (*Backend).getOrder},
			{"GET", "/v1/customers/{customer}/orders/{order}/provisioningstatus", anyCaller, nil, (*Backend).getOrderProvisioningStatus},

			{"GET", "/v1/customers/{customer}/entitlements", entitled, []string{"entitlementType", "showExpiry"}, (*Backend).listEntitlements},
			{"GET", artifacts + "reservedinstance" + artifact, entitled, nil, (*Backend).getArtifact},
			{"GET", artifacts + "virtualmachinereservedinstance" + artifact, entitled, nil, (*Backend).getOldArtifact},

			{"GET", "/v1/auditrecords", anyCaller, append(size, "startDate", "endDate"), (*Backend).listAuditRecords},
			{"GET", auditActivity, anyCaller, activity, (*Backend).listAuditActivity},
			{"GET", auditActivity + "/{record}", anyCaller, nil, (*Backend).getAuditActivity},

			{"GET", "/v1/relationships", anyUser, []string{"relationship_type"}, (*Backend).listRelationships},

			{"GET", "/v1/profiles/organization", anyUser, nil, (*Backend).organizationProfile},
			{"GET", "/v1/profiles/legalbusiness", anyCaller, []string{"vettingVersion"}, (*Backend).legalBusinessProfile},
		}),
		ResourceManager: {
			{"GET", "/subscriptions", anyCaller, []string{"api-version"}, (*Backend).listAzureSubscriptions},
			{"GET", "/subscriptions/{subscription}", anyCaller, []string{"api-version"}, (*Backend).getAzureSubscription},

			{"GET", roleAssignments, anyCaller, []string{"api-version", "$filter", "$skipToken", "tenantId"}, (*Backend).listRoleAssignments},
			{"GET", roleAssignments + "/{name}", anyCaller, []string{"api-version", "tenantId"}, (*Backend).getRoleAssignment},
			{"PUT", roleAssignments + "/{name}", anyCaller, []string{"api-version"}, (*Backend).putRoleAssignment},
			{"DELETE", roleAssignments + "/{name}", anyCaller, []string{"api-version", "tenantId"}, (*Backend).deleteRoleAssignment},

			{"GET", aliasesPath, anyCaller, []string{"api-version"}, (*Backend).listAliases},
			{"GET", aliasesPath + "/{alias}", anyCaller, []string{"api-version"}, (*Backend).getAlias},
			{"PUT", aliasesPath + "/{alias}", anyCaller, []string{"api-version"}, (*Backend).putAlias},
			{"DELETE", aliasesPath + "/{alias}", anyCaller, []string{"api-version"}, (*Backend).deleteAlias},

			{"GET", "/providers/Microsoft.Capacity/reservations", anyCaller, []string{"api-version", "$filter", "$orderby", "$skiptoken", "refreshSummary", "selectedState", "take"}, (*Backend).listAzureReservations},
			{"GET", reservation, anyCaller, []string{"api-version", "expand", "$expand"}, (*Backend).getAzureReservation},
			{"PATCH", reservation, anyCaller, []string{"api-version"}, (*Backend).updateAzureReservation},
		},
		CI:        ciRoutes(),
		Control:   controlRoutes(),
		Elsewhere: {{"GET", signInPagePath, open, nil, (*Backend).signInPage}},
	}
}

// queryValue returns the first value of a query parameter, whose name matches in any case.
func queryValue(query url.Values, name string) string {
	for key, values := range query {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}
