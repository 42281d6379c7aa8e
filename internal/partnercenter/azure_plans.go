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

// AzurePlans are the Azure plans of customers (https://learn.microsoft.com/partner-center/developer/create-azure-plan).
// A customer has one at most.
type AzurePlans struct{ c *Client }

// AzurePlanFound is what a customer has bought of Azure.
type AzurePlanFound struct {
	// Plan is the Azure plan, the active one first; one without an ID says that there is none. Deleted ones do not count.
	Plan Subscription
	// Legacy is the Azure (global) subscription, in the same way.
	Legacy Subscription
	// Azure are the Azure subscriptions below the plan, sorted by ID, where they were read.
	Azure []AzureSubscription

	deleted []string // IDs of plans that do not count
}

// HasPlan tells whether there is an Azure plan, in whatever status.
func (f AzurePlanFound) HasPlan() bool { return f.Plan.ID != "" }

// ended are the statuses of subscriptions that nothing brings back.
var ended = []string{"deleted", "expired", "cancelled"}

func (s Subscription) pending() bool { return strings.EqualFold(s.Status, "pending") }

// Ended tells whether the subscription is over for good.
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

// Of returns what a customer has bought of Azure, without the Azure subscriptions. It costs the requests of
// [Subscriptions.Of].
func (s AzurePlans) Of(ctx context.Context, customerID string) (AzurePlanFound, error) {
	all, err := s.c.Subscriptions.Of(ctx, customerID)
	return findAzure(all), err
}

// Read is Of with the Azure subscriptions below the plan, for one more request.
func (s AzurePlans) Read(ctx context.Context, customerID string) (AzurePlanFound, error) {
	found, err := s.Of(ctx, customerID)
	if err == nil && found.HasPlan() {
		found.Azure, err = s.c.Subscriptions.Azure(ctx, customerID, found.Plan)
	}
	return found, err
}

// fresh is Of without an answer of earlier.
func (s AzurePlans) fresh(ctx context.Context, customerID string) (AzurePlanFound, error) {
	s.c.Subscriptions.lists.Forget(strings.ToLower(customerID))
	return s.Of(ctx, customerID)
}

// Recent tells whether a plan is pending, or was bought within the last hour. It is then taken for that of a purchase which
// was interrupted: whoever made it could not say so.
func (f AzurePlanFound) Recent() bool {
	return f.Plan.pending() || f.Plan.Active() && isRecent(f.Plan.Created())
}

const recently = time.Hour

func isRecent(at time.Time) bool { return !at.IsZero() && time.Since(at).Abs() < recently }

// Created is when the subscription was made, or the zero time.
func (s Subscription) Created() time.Time {
	var t Time
	if t.UnmarshalJSON([]byte(`"`+s.CreationDate+`"`)) != nil {
		return time.Time{}
	}
	return t.Time
}

// Rename gives a plan another name. The Azure subscriptions below it keep theirs.
func (s AzurePlans) Rename(ctx context.Context, customerID, subscriptionID, name string) (Subscription, error) {
	return s.c.Subscriptions.update(ctx, customerID, subscriptionID, map[string]string{"friendlyName": name}, func(s Subscription) bool { return s.FriendlyName == name })
}

// Activate makes a suspended plan active again.
func (s AzurePlans) Activate(ctx context.Context, customerID, subscriptionID string) (Subscription, error) {
	return s.c.Subscriptions.update(ctx, customerID, subscriptionID, map[string]string{"status": "active"}, Subscription.Active)
}

// Suspend suspends a plan, unless something below it is active: then it fails with an [*AzurePlanInUseError]. A plan that
// does not exist or has ended is no error. There is no way to delete a plan.
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
		active, _ = s.activeBelow(ctx, customerID, plan) // the refusal matters more
		return &AzurePlanInUseError{customerID, active, err}
	}
	return err
}

// activeBelow returns the Azure subscriptions below a plan that are active now.
func (s AzurePlans) activeBelow(ctx context.Context, customerID string, plan Subscription) ([]AzureSubscription, error) {
	all, err := s.azure(ctx, customerID, plan)
	return slices.DeleteFunc(all, func(a AzureSubscription) bool { return !a.Active() }), err
}

// azure returns the Azure subscriptions below a plan as they are now.
func (s AzurePlans) azure(ctx context.Context, customerID string, plan Subscription) ([]AzureSubscription, error) {
	s.c.Subscriptions.entitlements.Forget(strings.ToLower(customerID + "/" + plan.ID))
	return s.c.Subscriptions.Azure(ctx, customerID, plan)
}

// azureWait bounds the wait for the Azure subscription that comes with a plan. How long it takes is not documented.
const azureWait = 10 * time.Minute

// AwaitAzure returns the Azure subscriptions below a new plan, once there is an active one; none after 10 minutes, or as
// soon as there is no time to wait.
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
