package mockbackend

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// alias is the name under which a partner has created an Azure subscription below a customer's Azure plan.
// https://learn.microsoft.com/rest/api/subscription/alias
type alias struct {
	name, subscriptionID, customerID, displayName string
	creator                                       string // object ID
	pendingReads                                  int
}

const aliasesPath = "/providers/Microsoft.Subscription/aliases"

// aliasBody is the wire form. Most properties are null for a subscription of a partner.
type aliasBody struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Type       string          `json:"type"`
	Properties aliasProperties `json:"properties"`
}

type aliasProperties struct {
	SubscriptionID       string  `json:"subscriptionId"`
	ProvisioningState    string  `json:"provisioningState"`
	AcceptOwnershipState *string `json:"acceptOwnershipState"`
	AcceptOwnershipURL   *string `json:"acceptOwnershipUrl"`
	BillingScope         *string `json:"billingScope"`
	CreatedTime          *string `json:"createdTime"`
	DisplayName          *string `json:"displayName"`
	ResellerID           *string `json:"resellerId"`
	Workload             *string `json:"workload"`
}

func (a *alias) body(state string) aliasBody {
	return aliasBody{aliasesPath + "/" + a.name, a.name, "Microsoft.Subscription/aliases", aliasProperties{SubscriptionID: a.subscriptionID, ProvisioningState: state}}
}

// aliasRequest is the body of a PUT.
type aliasRequest struct {
	Properties *struct {
		DisplayName          string `json:"displayName"`
		Workload             string `json:"workload"`
		BillingScope         string `json:"billingScope"`
		ResellerID           string `json:"resellerId"`
		SubscriptionID       string `json:"subscriptionId"`
		AdditionalProperties any    `json:"additionalProperties"`
	} `json:"properties"`
}

var partnerBillingScope = regexp.MustCompile(`(?i)^/providers/Microsoft\.Billing/billingAccounts/[^/]+/customers/([0-9a-f-]{36})$`)

// aliasCaller checks the role: Admin agents in the partner's tenant. No source says that an application is allowed,
// so it is refused (choice). The code is that of Enterprise Agreements.
func (b *Backend) aliasCaller(x *exchange) (response, bool) {
	user := x.caller.user
	if user == nil || !user.has(AdminAgent) || !strings.EqualFold(x.caller.TenantID, b.partner.TenantID) {
		return armFailure(http.StatusForbidden, "UserNotAuthorized", "User is not authorized to create subscriptions on this billing account."), false
	}
	return response{}, true
}

// putAlias: Alias - Create. The Azure subscription is in Partner Center at once, below the customer's plan. It is in
// Azure after Knobs.AzureDelay. The codes of refusals are a choice, except for that of the role.
func (b *Backend) putAlias(x *exchange) response {
	if refused, ok := b.aliasCaller(x); !ok {
		return refused
	}
	var request aliasRequest
	if err := decodeKnown(x.body, &request); err != nil || request.Properties == nil || request.Properties.SubscriptionID == "" && request.Properties.DisplayName == "" {
		b.violate("%s %s: the body %s has no displayName or something unknown: %v", x.req.Method, x.req.URL.Path, x.body, err)
		return armFailure(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid.")
	}
	p, name := request.Properties, x.values["alias"]
	if existing := b.aliases[strings.ToLower(name)]; existing != nil {
		if existing.creator != x.caller.ObjectID || p.SubscriptionID != "" && !strings.EqualFold(p.SubscriptionID, existing.subscriptionID) {
			return armFailure(http.StatusConflict, "SubscriptionAliasConflict", "The alias '%s' is in use.", name)
		}
		return response{status: http.StatusOK, body: existing.body("Succeeded")}
	}
	a := &alias{name: name, subscriptionID: strings.ToLower(p.SubscriptionID), displayName: p.DisplayName, creator: x.caller.ObjectID, pendingReads: x.knobs.AliasPendingReads}
	if a.subscriptionID == "" {
		refused, ok := b.subscriptionForAlias(x, a, p.BillingScope, p.Workload)
		if !ok {
			return refused
		}
	} else if _, known := b.azureOwner(a.subscriptionID); !known {
		return subscriptionNotFound(a.subscriptionID)
	}
	if b.aliases == nil {
		b.aliases = map[string]*alias{}
	}
	b.aliases[strings.ToLower(name)] = a
	return response{status: http.StatusCreated, body: a.body("Accepted")}
}

// subscriptionForAlias creates the Azure subscription.
func (b *Backend) subscriptionForAlias(x *exchange, a *alias, scope, workload string) (response, bool) {
	found := partnerBillingScope.FindStringSubmatch(scope)
	if found == nil || workload != "Production" && workload != "DevTest" {
		b.violate("%s %s: billingScope %q, workload %q", x.req.Method, x.req.URL.Path, scope, workload)
		return armFailure(http.StatusBadRequest, "BadRequest", "The billing scope or the workload is not valid."), false
	}
	record := b.customer(found[1])
	if record == nil {
		return armFailure(http.StatusNotFound, "BillingCustomerNotFound", "The customer '%s' could not be found.", found[1]), false
	}
	for _, plan := range b.subscriptionsOf(record) {
		if plan.isAzurePlan() && plan.Status == "active" {
			a.customerID, a.subscriptionID = record.ID, guidFor("azure", plan.ID, fmt.Sprint("alias ", strings.ToLower(a.name)))
			plan.AzureSubscriptions = append(plan.AzureSubscriptions, AzureEntitlement{
				ID: a.subscriptionID, FriendlyName: a.displayName, Status: "active", inAzure: time.Now().Add(x.knobs.AzureDelay),
			})
			b.azureOwners = nil
			return response{}, true
		}
	}
	return armFailure(http.StatusBadRequest, "CustomerHasNoAzurePlan", "The customer '%s' has no active Azure plan.", record.ID), false
}

// aliasOf finds the alias of a call. Only its creator may read it.
func (b *Backend) aliasOf(x *exchange) (*alias, response, bool) {
	a := b.aliases[strings.ToLower(x.values["alias"])]
	switch {
	case a == nil:
		return nil, armFailure(http.StatusNotFound, "SubscriptionAliasNotFound", "The alias '%s' could not be found.", x.values["alias"]), false
	case a.creator != x.caller.ObjectID:
		return nil, unauthorizedAction(x, "Microsoft.Subscription/aliases/read", aliasesPath+"/"+a.name), false
	}
	return a, response{}, true
}

// getAlias: Alias - Get.
func (b *Backend) getAlias(x *exchange) response {
	a, refused, ok := b.aliasOf(x)
	if !ok {
		return refused
	}
	if a.pendingReads > 0 {
		a.pendingReads--
		return response{status: http.StatusOK, body: a.body("Accepted")}
	}
	return response{status: http.StatusOK, body: a.body("Succeeded")}
}

// listAliases: Alias - List. It returns the aliases of the caller.
func (b *Backend) listAliases(x *exchange) response {
	items := []aliasBody{}
	for _, a := range b.aliases {
		if a.creator == x.caller.ObjectID {
			items = append(items, a.body("Succeeded"))
		}
	}
	return response{status: http.StatusOK, body: map[string]any{"value": items}}
}

// deleteAlias: Alias - Delete. The Azure subscription stays.
func (b *Backend) deleteAlias(x *exchange) response {
	if b.aliases[strings.ToLower(x.values["alias"])] == nil {
		return response{status: http.StatusNoContent}
	}
	a, refused, ok := b.aliasOf(x)
	if !ok {
		return refused
	}
	delete(b.aliases, strings.ToLower(a.name))
	return response{status: http.StatusOK}
}
