package mockbackend

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// subscriptionUpdate is the body of an update: the whole subscription as it was read. The .NET SDK sends more fields than
// the mock prints.
type subscriptionUpdate struct {
	subscriptionBody
	Links                       json.RawMessage `json:"links"`
	Attributes                  updateETag      `json:"attributes"`
	Publisher                   string          `json:"publisherName"`
	RefundOptions               json.RawMessage `json:"refundOptions"`
	CancellationAllowedUntil    *string         `json:"cancellationAllowedUntilDate"`
	ParentSubscriptionID        string          `json:"parentSubscriptionId"`
	PromotionID                 string          `json:"promotionId"`
	RenewalTermDuration         string          `json:"renewalTermDuration"`
	ScheduledNextTermInstructon json.RawMessage `json:"scheduledNextTermInstructions"`
	ServiceID                   string          `json:"serviceId"`
	MigratedFromSubscriptionID  string          `json:"migratedFromSubscriptionId"`
}

type updateETag struct {
	ETag       string `json:"etag"`
	ObjectType string `json:"objectType"`
}

const somethingActive = 900115

// updateSubscription: DEV/update-a-subscription-by-id, DEV/suspend-a-subscription, DEV/reactivate-a-suspended-subscription,
// for the friendly name and the status.
func (b *Backend) updateSubscription(x *exchange) response {
	record, subscription, refused, ok := b.subscriptionOf(x)
	if !ok {
		return refused
	}
	var body subscriptionUpdate
	if err := decodeKnown(x.body, &body); err != nil {
		if json.Valid(x.body) {
			b.violate("%s %s: %v", x.req.Method, x.req.URL.Path, err)
		}
		return failure(http.StatusBadRequest, invalidRequestInput, "The request body can not be read: %s.", err)
	}
	current := x.subscriptionBody(record, subscription)
	etag := strings.Trim(x.req.Header.Get("If-Match"), `"`)
	if etag == "" {
		etag = body.Attributes.ETag
	}
	switch {
	case etag != current.Attributes.ETag && x.knobs.StaleETag == StaleETagReject412:
		return failure(http.StatusPreconditionFailed, 2055, "The etag is not the one of the subscription.")
	case etag != current.Attributes.ETag && x.knobs.StaleETag == StaleETagReject2055:
		return failure(http.StatusBadRequest, 2055, "The etag is not the one of the subscription.")
	case body.ID == "" || body.OfferID == "" || body.FriendlyName == "" || body.Quantity == 0 || body.Status == "":
		b.violate("%s %s: not the whole subscription", x.req.Method, x.req.URL.Path) // fields that are left out are lost
		return failure(http.StatusBadRequest, invalidProperty, "The subscription is not complete.")
	case !strings.EqualFold(body.ID, subscription.ID) || body.OfferID != subscription.OfferID || body.Quantity != subscription.Quantity:
		return failure(http.StatusBadRequest, 900280, "The update is not allowed.")
	case subscription.Status == "pending":
		return failure(http.StatusConflict, 900278, "An operation is pending. Try again after 24 hours.")
	case body.Status != subscription.Status && !slices.Contains([]string{"active suspended", "suspended active"}, subscription.Status+" "+body.Status):
		return failure(http.StatusBadRequest, 800040, "The state can not change from %s to %s.", subscription.Status, body.Status)
	case body.Status == "suspended" && subscription.Status == "active" && b.inUse(record, subscription):
		return failure(http.StatusForbidden, somethingActive, "The Azure plan has active Azure subscriptions or reservations.")
	}
	update := func() {
		subscription.Status, subscription.FriendlyName = body.Status, body.FriendlyName
		subscription.version++
	}
	entry := b.newAudit(record, "update_subscription", "subscription")
	entry.UserPrincipalName, entry.ApplicationID, entry.OriginalCorrelationID = x.caller.UPN, x.caller.AppID, x.entry.CorrelationID
	b.addAudit(entry, subscription.ID, "", "")
	if x.knobs.UpdateLater > 0 {
		subscription.later = &laterUpdate{time.Now().Add(x.knobs.UpdateLater), update}
		return response{status: http.StatusAccepted, header: http.Header{"Location": {"/customers/" + record.ID + "/subscriptions/" + subscription.ID}}}
	}
	update()
	return response{status: http.StatusOK, body: x.subscriptionBody(record, subscription)}
}

// laterUpdate is an update that takes effect later.
type laterUpdate struct {
	at time.Time
	do func()
}

// settle applies an update that takes effect later, before a read of the subscription.
func (s *Subscription) settle() {
	if s.later != nil && !time.Now().Before(s.later.at) {
		s.later.do()
		s.later = nil
	}
	if s.Status == "pending" && s.pending >= 0 {
		if s.pending--; s.pending < 0 {
			s.Status = "active"
		}
	}
}

// inUse reports whether an Azure plan has an active Azure subscription, or a customer with a current reservation.
func (b *Backend) inUse(record *customerRecord, plan *Subscription) bool {
	if !plan.isAzurePlan() {
		return false
	}
	return slices.ContainsFunc(plan.AzureSubscriptions, func(e AzureEntitlement) bool { return e.Status == "active" && !time.Now().Before(e.listed) }) ||
		slices.ContainsFunc(b.ordersOf(record), func(o *Order) bool {
			return slices.ContainsFunc(o.Lines, func(l OrderLine) bool {
				return l.Reservation != nil && l.Reservation.State != "Cancelled" && time.Now().Before(l.Reservation.Expires)
			})
		})
}

// cancelAzureEntitlement: DEV/cancel-an-azure-entitlement. The only reason is compromise. The status changes ten
// minutes later.
func (b *Backend) cancelAzureEntitlement(x *exchange) response {
	_, subscription, refused, ok := b.azurePlanOf(x)
	if !ok {
		return refused
	}
	var body struct {
		CancellationReason string `json:"cancellationReason"`
	}
	if err := decodeKnown(x.body, &body); err != nil || !strings.EqualFold(body.CancellationReason, "compromise") {
		return failure(http.StatusBadRequest, 900307, "The cancellation reason is not supported.")
	}
	for i := range subscription.AzureSubscriptions {
		if e := &subscription.AzureSubscriptions[i]; strings.EqualFold(e.ID, x.values["entitlement"]) {
			e.inactive = time.Now().Add(10 * time.Minute)
			return response{status: http.StatusOK, body: azureEntitlementBody{e.ID, e.FriendlyName, e.Status, subscription.ID}}
		}
	}
	return failure(http.StatusNotFound, 800111, "The Azure entitlement was not found.")
}
