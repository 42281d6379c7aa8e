package partnercenter

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// NoAzureSubscriptionError says that a customer lacks the first prerequisite of buying
// reservations or savings plans by itself: an active Azure plan or Azure (global)
// subscription bought through the partner
// (https://learn.microsoft.com/partner-center/customers/give-customers-permission).
type NoAzureSubscriptionError struct {
	CustomerID string
	// Found are all subscriptions of the customer.
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
	return fmt.Sprintf("Customer %s has no active Azure plan or Azure (global) subscription, without which its users cannot buy. Found: %s.", e.CustomerID, found)
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

// Remedy says what to do.
func (e *NoAzureSubscriptionError) Remedy() string {
	return "Buy an Azure plan for the customer, or reactivate the one it has, before the permission is turned on " +
		"(https://learn.microsoft.com/partner-center/developer/create-azure-plan)."
}

// qualifiedFor is how long a customer that was seen to meet the prerequisite need not be
// asked about again: a plan often reads the subscriptions itself, and Terraform plans each
// resource a second time right before it is applied.
const qualifiedFor = 5 * time.Minute

// qualified remembers when customers were seen to meet the prerequisite.
type qualified struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

func (q *qualified) note(customerID string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.seen == nil {
		q.seen = make(map[string]time.Time)
	}
	q.seen[strings.ToLower(customerID)] = time.Now()
}

func (q *qualified) lately(customerID string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at, ok := q.seen[strings.ToLower(customerID)]
	return ok && time.Since(at) < qualifiedFor
}

// RequireAzure returns a [*NoAzureSubscriptionError] when the customer has no active
// Azure plan or Azure (global) subscription. It costs the requests of [Subscriptions.Of],
// shared by all who ask at once, and none for 5 minutes after one was seen.
func (s Subscriptions) RequireAzure(ctx context.Context, customerID string) error {
	if s.qualified.lately(customerID) {
		return nil
	}
	// The shared call must not end with the first caller's context.
	answer := s.c.shared.DoChan("subscriptions/"+strings.ToLower(customerID), func() (any, error) {
		var found []Subscription
		for sub, err := range s.Of(context.WithoutCancel(ctx), customerID) {
			if err != nil {
				return nil, err
			}
			found = append(found, sub)
		}
		if !slices.ContainsFunc(found, Subscription.AllowsReservations) {
			return nil, &NoAzureSubscriptionError{CustomerID: customerID, Found: found}
		}
		return nil, nil
	})
	select {
	case <-ctx.Done():
		return ctx.Err()
	case r := <-answer:
		return r.Err
	}
}
