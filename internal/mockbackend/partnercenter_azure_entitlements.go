package mockbackend

import (
	"net/http"
	"strings"
	"time"
)

// AzureEntitlement is an Azure subscription below an Azure plan (DEV/get-a-list-of-azure-entitlements-for-subscription).
type AzureEntitlement struct {
	ID           string `json:"id"` // Azure subscription ID
	FriendlyName string `json:"friendlyName"`
	Status       string `json:"status"` // active, suspended, disabled, deleted; empty = active

	listed, inAzure time.Time // from when Partner Center and Resource Manager show it
	inactive        time.Time // from when it is inactive, after it was canceled
}

// azureEntitlementBody is an Azure subscription below an Azure plan.
type azureEntitlementBody struct {
	ID             string `json:"id"`
	FriendlyName   string `json:"friendlyName"`
	Status         string `json:"status"`
	SubscriptionID string `json:"subscriptionId"` // of the Azure plan
}

// listAzureEntitlements: DEV/get-a-list-of-azure-entitlements-for-subscription.
func (b *Backend) listAzureEntitlements(x *exchange) response {
	record, subscription, refused, ok := b.azurePlanOf(x)
	if !ok {
		return refused
	}
	var all []AzureEntitlement
	for i := range subscription.AzureSubscriptions {
		entitlement := &subscription.AzureSubscriptions[i]
		if time.Now().Before(entitlement.listed) {
			continue
		}
		if !entitlement.inactive.IsZero() && !time.Now().Before(entitlement.inactive) {
			entitlement.Status, entitlement.inactive = "inactive", time.Time{}
		}
		all = append(all, *entitlement)
	}
	query, refused, ok := b.readPageQuery(x, "/customers/"+record.ID+"/subscriptions/"+subscription.ID+"/azureEntitlements")
	if !ok {
		return refused
	}
	query.Size = min(query.Size, orDefault(x.knobs.AzureEntitlementsPageSize, azureEntitlementsPage))
	list := pagedList{length: len(all), matches: func(int) bool { return true }}
	page := pageOf(b, x, query, list, func(i int) azureEntitlementBody {
		return azureEntitlementBody{all[i].ID, all[i].FriendlyName, all[i].Status, subscription.ID}
	})
	if body, ok := page.body.(*collection); ok && len(all) <= query.Size { // the page's example has no links
		body.Links = nil
	}
	return page
}

// azureEntitlementsPage is the largest page. Microsoft's page does not mention paging. Clients that were tried with
// the service found pages of this size (choice).
const azureEntitlementsPage = 50

// getAzureEntitlement: DEV/get-an-azure-entitlement-for-a-subscription. The code for a missing entitlement is a choice.
func (b *Backend) getAzureEntitlement(x *exchange) response {
	_, subscription, refused, ok := b.azurePlanOf(x)
	if !ok {
		return refused
	}
	for _, entitlement := range subscription.AzureSubscriptions {
		if strings.EqualFold(entitlement.ID, x.values["entitlement"]) {
			return response{status: http.StatusOK, body: azureEntitlementBody{entitlement.ID, entitlement.FriendlyName, entitlement.Status, subscription.ID}}
		}
	}
	return failure(http.StatusNotFound, 1000, "The Azure entitlement was not found.")
}

// azurePlanOf refuses subscriptions other than Azure plans. The code is a choice, the likely one of DEV/error-codes.
func (b *Backend) azurePlanOf(x *exchange) (*customerRecord, *Subscription, response, bool) {
	record, subscription, refused, ok := b.subscriptionOf(x)
	if ok && !subscription.isAzurePlan() {
		return nil, nil, x.refuse("entitlements_of_licenses", http.StatusBadRequest, 800011, "The subscription is not a valid Azure subscription."), false
	}
	return record, subscription, refused, ok
}
