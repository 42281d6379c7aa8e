package partnercenter

import (
	"cmp"
	"fmt"
	"strings"
)

// AzurePlanExistsError means that the customer already has an Azure plan and nothing was bought.
type AzurePlanExistsError struct {
	CustomerID string
	Plan       Subscription
	// Reseller is the Partner ID of the requested indirect reseller if the plan has a different one, or "".
	Reseller string
}

func (e *AzurePlanExistsError) Error() string {
	text := fmt.Sprintf("Customer %s has the Azure plan %s, which is %s", e.CustomerID, e.Plan.ID, e.Plan.Status)
	if at := e.Plan.Created(); !at.IsZero() {
		text += " and was bought on " + at.Format("2006-01-02")
	}
	if e.Reseller != "" {
		text += fmt.Sprintf(", through the indirect reseller %s instead of %s", cmp.Or(string(e.Plan.PartnerID), "(none)"), e.Reseller)
	}
	return text + ". Nothing was bought."
}

// Outcome reports that nothing was bought.
func (*AzurePlanExistsError) Outcome() Outcome { return Refused }

// LegacyAzureError means that the customer has an Azure (global) subscription, which excludes an Azure plan.
type LegacyAzureError struct {
	CustomerID string
	Legacy     Subscription
}

func (e *LegacyAzureError) Error() string {
	return fmt.Sprintf("Customer %s has the Azure (global) subscription %s (%s), which is %s. Microsoft sells no Azure plan beside it. Nothing was bought.",
		e.CustomerID, e.Legacy.ID, e.Legacy.OfferID, e.Legacy.Status)
}

// Remedy returns what to do.
func (*LegacyAzureError) Remedy() string {
	return "Transition the subscription to the Azure plan in Partner Center. This cannot be undone and changes how the customer is billed, so it is not automated: " +
		docs + "developer/create-azure-plan. The permission to buy reservations works with Azure (global) subscriptions, too."
}

// Outcome reports that nothing was bought.
func (*LegacyAzureError) Outcome() Outcome { return Refused }

// NoAgreementError means that the customer has not accepted the Microsoft Customer Agreement.
type NoAgreementError struct{ CustomerID string }

func (e *NoAgreementError) Error() string {
	return fmt.Sprintf("Customer %s has not accepted the Microsoft Customer Agreement. Nothing was bought.", e.CustomerID)
}

// Remedy returns what to do.
func (*NoAgreementError) Remedy() string { return acceptAgreement + " Then run again." }

// Outcome reports that nothing was bought.
func (*NoAgreementError) Outcome() Outcome { return Refused }

// OrderFailedError means that an order ended without a subscription.
type OrderFailedError struct{ Order Order }

func (e *OrderFailedError) Error() string {
	return fmt.Sprintf("Order %s ended with the status %s. Nothing was bought.", e.Order.ID, e.Order.Status)
}

// Remedy returns what to do.
func (*OrderFailedError) Remedy() string {
	return "Look at the order in Partner Center, in the order history of the customer, or ask Microsoft support. Another run places a new order."
}

// Outcome reports that nothing was bought.
func (*OrderFailedError) Outcome() Outcome { return Refused }

// OrderOpenError means that an order is still in progress.
type OrderOpenError struct {
	OrderID string
	Status  Enum
	// Err is why waiting stopped. It is nil if Microsoft or the partner has to act on the order.
	Err error
}

func (e *OrderOpenError) Error() string {
	text := fmt.Sprintf("Order %s has the status %s", e.OrderID, cmp.Or(e.Status, "unknown"))
	if e.Err != nil {
		return text + ": " + e.Err.Error()
	}
	return text + ", which waits for a person."
}

// Remedy returns what to do.
func (e *OrderOpenError) Remedy() string {
	if e.Err == nil {
		text := "Microsoft reviews the order."
		if strings.Contains(string(e.Status), "po") && !strings.Contains(string(e.Status), "review") {
			text = "Upload the purchase order in Partner Center."
		}
		return text + " Run again when this is over: the run continues with this order and places no other one."
	}
	return "Run again: the run continues with this order and places no other one."
}

// Unwrap returns the cause.
func (e *OrderOpenError) Unwrap() error { return e.Err }

// AzurePlanNotActiveError means that a plan cannot be used, because it is not active.
type AzurePlanNotActiveError struct {
	CustomerID string
	Plan       Subscription
}

func (e *AzurePlanNotActiveError) Error() string {
	return fmt.Sprintf("The Azure plan %s of customer %s is %s.", e.Plan.ID, e.CustomerID, cmp.Or(e.Plan.Status, "in no known status"))
}

// Remedy returns what to do.
func (*AzurePlanNotActiveError) Remedy() string {
	return "Look at the plan in Partner Center, on the page Subscriptions of the customer, and reactivate it there."
}

// AzurePlanInUseError means that a plan cannot be suspended, because something below it is active.
type AzurePlanInUseError struct {
	CustomerID string
	// Active contains the active Azure subscriptions. If it is empty, a reservation or savings plan may be
	// active.
	Active []AzureSubscription
	// Err is the server's error, or nil.
	Err error
}

func (e *AzurePlanInUseError) Error() string {
	if len(e.Active) == 0 {
		return fmt.Sprintf("Something below the Azure plan of customer %s is active: a reservation, a savings plan or an Azure subscription. The plan was not suspended.", e.CustomerID)
	}
	var lines []string
	for _, a := range e.Active {
		lines = append(lines, fmt.Sprintf("%s (%s)", a.FriendlyName, a.ID))
	}
	return fmt.Sprintf("Azure subscriptions below the Azure plan of customer %s are active: %s. The plan was not suspended.", e.CustomerID, strings.Join(lines, ", "))
}

// Remedy returns what to do.
func (*AzurePlanInUseError) Remedy() string {
	return "An Owner cancels the Azure subscriptions in the Azure portal, and reservations are returned. A savings plan cannot be cancelled. " +
		"This deletes data of the customer, so it is not automated."
}

// Unwrap returns the server's error.
func (e *AzurePlanInUseError) Unwrap() error { return e.Err }

// Outcome reports that nothing was changed.
func (*AzurePlanInUseError) Outcome() Outcome { return Refused }
