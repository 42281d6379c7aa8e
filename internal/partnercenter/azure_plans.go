package partnercenter

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// AzurePlans manages the Azure plans of customers
// (https://learn.microsoft.com/partner-center/developer/create-azure-plan). A customer has at most one.
type AzurePlans struct{ c *Client }

// AzurePlanFound contains the Azure plan and legacy Azure subscription of a customer.
type AzurePlanFound struct {
	// Plan is the Azure plan; an active one is preferred. An empty ID means that there is none. Ended plans are
	// ignored.
	Plan Subscription
	// Legacy is the Azure (global) subscription, chosen in the same way.
	Legacy Subscription
	// Azure contains the Azure subscriptions below the plan, sorted by ID. It is filled by
	// [AzurePlans.Read] only.
	Azure []AzureSubscription

	deleted []string // IDs of ended plans, in lower case
}

// HasPlan reports whether there is an Azure plan with any status that is not ended.
func (f AzurePlanFound) HasPlan() bool { return f.Plan.ID != "" }

// ended contains the statuses of subscriptions that cannot be reactivated.
var ended = []string{"deleted", "expired", "cancelled"}

func (s Subscription) pending() bool { return strings.EqualFold(s.Status, "pending") }

// Ended reports whether the subscription has ended and cannot be reactivated.
func (s Subscription) Ended() bool {
	return slices.ContainsFunc(ended, func(status string) bool { return strings.EqualFold(status, s.Status) })
}

func findAzure(all []Subscription) (f AzurePlanFound) {
	better := func(s, than Subscription) bool { return than.ID == "" || s.Active() && !than.Active() }
	for _, s := range all {
		switch kind := s.Kind(); {
		case s.Ended() && kind == AzurePlan:
			f.deleted = append(f.deleted, strings.ToLower(s.ID))
		case s.Ended():
		case kind == AzurePlan && better(s, f.Plan):
			f.Plan = s
		case kind == AzureGlobal && better(s, f.Legacy):
			f.Legacy = s
		}
	}
	return f
}

// Of returns the Azure plan and the legacy Azure subscription of a customer, without the Azure
// subscriptions below the plan. It sends the requests of [Subscriptions.Of].
func (s AzurePlans) Of(ctx context.Context, customerID string) (AzurePlanFound, error) {
	all, err := s.c.Subscriptions.Of(ctx, customerID)
	return findAzure(all), err
}

// Read is Of plus the Azure subscriptions below the plan. It sends one more request.
func (s AzurePlans) Read(ctx context.Context, customerID string) (AzurePlanFound, error) {
	found, err := s.Of(ctx, customerID)
	if err == nil && found.HasPlan() {
		found.Azure, err = s.c.Subscriptions.Azure(ctx, customerID, found.Plan)
	}
	return found, err
}

// fresh is Of without the cache.
func (s AzurePlans) fresh(ctx context.Context, customerID string) (AzurePlanFound, error) {
	s.c.Subscriptions.lists.Forget(strings.ToLower(customerID))
	return s.Of(ctx, customerID)
}

// Recent reports whether a plan is pending or was bought within the last hour. Such a plan is treated as the result of
// an interrupted purchase, because an interrupted process could not record it.
func (f AzurePlanFound) Recent() bool {
	return f.Plan.pending() || f.Plan.Active() && isRecent(f.Plan.Created())
}

const recently = time.Hour

func isRecent(at time.Time) bool { return !at.IsZero() && time.Since(at).Abs() < recently }

// Created returns the creation time of the subscription, or the zero time.
func (s Subscription) Created() time.Time {
	var t Time
	if t.UnmarshalJSON([]byte(`"`+s.CreationDate+`"`)) != nil {
		return time.Time{}
	}
	return t.Time
}

// Rename changes the name of a plan. The Azure subscriptions below it keep their names.
func (s AzurePlans) Rename(ctx context.Context, customerID, subscriptionID, name string) (Subscription, error) {
	return s.c.Subscriptions.update(ctx, customerID, subscriptionID, map[string]string{"friendlyName": name}, func(s Subscription) bool { return s.FriendlyName == name })
}

// Activate reactivates a suspended plan.
func (s AzurePlans) Activate(ctx context.Context, customerID, subscriptionID string) (Subscription, error) {
	return s.c.Subscriptions.update(ctx, customerID, subscriptionID, map[string]string{"status": "active"}, Subscription.Active)
}

// Suspend suspends a plan. If something below the plan is active, it fails with an [*AzurePlanInUseError]. A plan that
// does not exist or is not active is not an error. The API cannot delete a plan.
func (s AzurePlans) Suspend(ctx context.Context, customerID, subscriptionID string) error {
	plan, err := s.c.Subscriptions.Get(ctx, customerID, subscriptionID)
	if IsSubscriptionNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	over := func(s Subscription) bool { return !s.Active() && !s.pending() }
	if over(plan) {
		return nil
	}
	active, err := s.activeBelow(ctx, customerID, plan)
	if err != nil {
		return err
	}
	if len(active) > 0 {
		return &AzurePlanInUseError{CustomerID: customerID, Active: active}
	}
	_, err = s.c.Subscriptions.update(ctx, customerID, subscriptionID, map[string]string{"status": "suspended"}, over)
	if is(err, http.StatusForbidden, "900115") {
		active, _ = s.activeBelow(ctx, customerID, plan) // if this fails too, the first error is more useful
		return &AzurePlanInUseError{customerID, active, err}
	}
	return err
}

// activeBelow reads the active Azure subscriptions below a plan, bypassing the cache.
func (s AzurePlans) activeBelow(ctx context.Context, customerID string, plan Subscription) ([]AzureSubscription, error) {
	all, err := s.azure(ctx, customerID, plan)
	return slices.DeleteFunc(all, func(a AzureSubscription) bool { return !a.Active() }), err
}

// azure reads the Azure subscriptions below a plan, bypassing the cache.
func (s AzurePlans) azure(ctx context.Context, customerID string, plan Subscription) ([]AzureSubscription, error) {
	s.c.Subscriptions.entitlements.Forget(strings.ToLower(customerID + "/" + plan.ID))
	return s.c.Subscriptions.Azure(ctx, customerID, plan)
}

// azureWait is the maximum wait for the Azure subscription that comes with a plan. How long it takes is not
// documented.
const azureWait = 10 * time.Minute

// AwaitAzure waits until a new plan has an active Azure subscription, and returns all Azure subscriptions below the
// plan. After 10 minutes, or if the context's deadline leaves no time to wait, it returns those that exist.
func (s AzurePlans) AwaitAzure(ctx context.Context, customerID string, plan Subscription) ([]AzureSubscription, error) {
	end := time.Now().Add(azureWait)
	for pause := pollEvery; ; pause = min(2*pause, pollAtMost) {
		all, err := s.azure(ctx, customerID, plan)
		if err != nil || slices.ContainsFunc(all, AzureSubscription.Active) || time.Now().Add(pause).After(end) {
			return all, err
		}
		if err := httppipe.Sleep(ctx, pause); errors.As(err, new(*httppipe.DeadlineError)) {
			return all, nil
		} else if err != nil {
			return all, err
		}
	}
}
