package partnercenter

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// NoAzureSubscriptionError means that the customer has no active Azure plan or Azure (global)
// subscription bought through the partner. This is the first prerequisite for a customer to buy
// reservations or savings plans
// (https://learn.microsoft.com/partner-center/customers/give-customers-permission).
type NoAzureSubscriptionError struct {
	CustomerID string
	// Found contains all subscriptions of the customer.
	Found []Subscription
}

func (e *NoAzureSubscriptionError) Error() string {
	var azure []string
	for _, s := range e.Found {
		if kind := s.Kind(); kind != OtherSubscription {
			azure = append(azure, fmt.Sprintf("%s %s is %s", kind.title(), s.ID, s.Status))
		}
	}
	slices.Sort(azure)
	found := "no subscription at all"
	switch others := len(e.Found) - len(azure); {
	case len(azure) > 0 && others > 0:
		found = fmt.Sprintf("%s; and %s of other products", strings.Join(azure, "; "), counted(others))
	case len(azure) > 0:
		found = strings.Join(azure, "; ")
	case others > 0:
		found = counted(others) + " of other products only"
	}
	return fmt.Sprintf("Customer %s has no active Azure plan or Azure (global) subscription, which its users need to buy. Found: %s.", e.CustomerID, found)
}

func counted(subscriptions int) string {
	if subscriptions == 1 {
		return "1 subscription"
	}
	return fmt.Sprintf("%d subscriptions", subscriptions)
}

func (k SubscriptionKind) title() string {
	if k == AzurePlan {
		return "Azure plan"
	}
	return "Azure (global) subscription"
}

// Remedy returns what to do.
func (e *NoAzureSubscriptionError) Remedy() string {
	return "Buy an Azure plan for the customer, or reactivate the one it has, before you enable the permission " +
		"(https://learn.microsoft.com/partner-center/developer/create-azure-plan)."
}

// RequireAzure returns a [*NoAzureSubscriptionError] if the customer has no active Azure plan or
// Azure (global) subscription. It sends the requests of [Subscriptions.Of].
func (s Subscriptions) RequireAzure(ctx context.Context, customerID string) error {
	found, err := s.Of(ctx, customerID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(found, Subscription.AllowsReservations) {
		return &NoAzureSubscriptionError{CustomerID: customerID, Found: found}
	}
	return nil
}
