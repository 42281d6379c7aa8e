package mockbackend

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

// azureSubscription is the wire form.
type azureSubscription struct {
	ID                   string                    `json:"id"`
	AuthorizationSource  string                    `json:"authorizationSource"`
	ManagedByTenants     []string                  `json:"managedByTenants"`
	SubscriptionID       string                    `json:"subscriptionId"`
	TenantID             string                    `json:"tenantId"`
	DisplayName          string                    `json:"displayName"`
	State                string                    `json:"state"`
	SubscriptionPolicies azureSubscriptionPolicies `json:"subscriptionPolicies"`
}

type azureSubscriptionPolicies struct {
	LocationPlacementID string `json:"locationPlacementId"`
	QuotaID             string `json:"quotaId"`
	SpendingLimit       string `json:"spendingLimit"`
}

// azureOwner finds the customer of an Azure subscription. The first call creates the index over all customers. The
// first call after a new subscription has become visible in Azure creates it again.
func (b *Backend) azureOwner(subscriptionID string) (*customerRecord, bool) {
	if b.azureOwners == nil || !b.azureNext.IsZero() && !time.Now().Before(b.azureNext) {
		b.azureNext = time.Time{}
		b.azureOwners = map[string]string{}
		for _, record := range b.customers {
			for _, subscription := range b.azureSubscriptionsOf(record) {
				b.azureOwners[subscription.SubscriptionID] = record.ID
			}
		}
	}
	owner := b.customer(b.azureOwners[strings.ToLower(subscriptionID)])
	return owner, owner != nil
}

func (b *Backend) azureSubscriptionsOf(owner *customerRecord) []azureSubscription {
	var found []azureSubscription
	add := func(id, name, status, quota string) {
		id = strings.ToLower(id) // Resource Manager prints all IDs in lower case
		found = append(found, azureSubscription{
			ID: "/subscriptions/" + id, AuthorizationSource: "RoleBased", ManagedByTenants: []string{}, SubscriptionID: id, TenantID: owner.ID,
			DisplayName: name, State: azureState(status), SubscriptionPolicies: azureSubscriptionPolicies{"Public_2014-09-01", quota, "Off"},
		})
	}
	for _, subscription := range b.subscriptionsOf(owner) {
		switch {
		case subscription.isLegacyAzure():
			add(subscription.ID, subscription.FriendlyName, subscription.Status, "CSP_2015-05-01")
		case subscription.isAzurePlan():
			for _, entitlement := range subscription.AzureSubscriptions {
				if time.Now().Before(entitlement.inAzure) {
					if b.azureNext.IsZero() || entitlement.inAzure.Before(b.azureNext) {
						b.azureNext = entitlement.inAzure
					}
					continue
				}
				status := entitlement.Status
				if subscription.Status != "active" && status == "active" {
					status = subscription.Status // a suspended plan suspends its Azure subscriptions
				}
				add(entitlement.ID, entitlement.FriendlyName, status, "CSP_2015-05-01")
			}
		}
	}
	return found
}

// azureState maps the status in Partner Center to the state in Resource Manager. Only active is documented in both
// (choice).
func azureState(status string) string {
	switch status {
	case "active":
		return "Enabled"
	case "deleted":
		return "Deleted"
	}
	return "Disabled"
}

// listAzureSubscriptions returns the subscriptions in the tenant of the token.
func (b *Backend) listAzureSubscriptions(x *exchange) response {
	items := []azureSubscription{}
	if owner := b.customer(x.caller.TenantID); owner != nil && (x.caller.user == nil || owner.access.allowsRequest()) {
		items = append(items, b.azureSubscriptionsOf(owner)...)
	}
	return response{status: http.StatusOK, body: map[string]any{"value": items, "count": map[string]any{"type": "Total", "value": len(items)}}}
}

// getAzureSubscription checks the access of users. Applications may read every subscription of the tenant (choice).
func (b *Backend) getAzureSubscription(x *exchange) response {
	owner, subscription, refused, ok := b.azureSubscriptionOf(x)
	switch {
	case !ok:
		return refused
	case x.caller.user != nil && !owner.access.allowsRequest():
		return unauthorizedAction(x, "Microsoft.Resources/subscriptions/read", subscription.ID)
	}
	return response{status: http.StatusOK, body: subscription}
}

// azureSubscriptionOf finds the Azure subscription of a call. A token of another tenant is refused.
func (b *Backend) azureSubscriptionOf(x *exchange) (*customerRecord, azureSubscription, response, bool) {
	refuse := func(r response) (*customerRecord, azureSubscription, response, bool) {
		return nil, azureSubscription{}, r, false
	}
	id := x.values["subscription"]
	if uuid.Validate(id) != nil {
		return refuse(armFailure(http.StatusBadRequest, "InvalidSubscriptionId", "The provided subscription identifier '%s' is malformed or invalid.", id))
	}
	owner, ok := b.azureOwner(id)
	switch {
	case !ok:
		return refuse(subscriptionNotFound(id))
	case owner.ID != x.caller.TenantID:
		return refuse(b.challenge(owner.ID, "invalid_token", "InvalidAuthenticationTokenTenant",
			"The access token is from the wrong issuer '%s'. It must match the tenant '%s' associated with this subscription.", x.caller.Issuer, "https://sts.windows.net/"+owner.ID+"/"))
	}
	if record := b.azureRecordOf(id); record.unknown < x.knobs.UnknownSubscriptions {
		record.unknown++
		return refuse(subscriptionNotFound(id))
	}
	for _, subscription := range b.azureSubscriptionsOf(owner) {
		if strings.EqualFold(subscription.SubscriptionID, id) {
			return owner, subscription, response{}, true
		}
	}
	return refuse(subscriptionNotFound(id))
}

func subscriptionNotFound(id string) response {
	return armFailure(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.", id)
}
