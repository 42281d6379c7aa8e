package partnercenter

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// AzurePlanPurchase is how far a purchase is. Whoever keeps it can go on with it later.
type AzurePlanPurchase struct{ CartID, OrderID, SubscriptionID string }

// Begun tells whether something may have been bought.
func (p AzurePlanPurchase) Begun() bool { return p != AzurePlanPurchase{} }

// AzurePlanOptions are the conditions of a purchase. Whoever buys has accepted the attestation of the partner of record,
// which is part of each purchase.
type AzurePlanOptions struct {
	// Reseller is the Partner ID (MPN location ID) of the indirect reseller, or "".
	Reseller string
	// Adopt takes a plan that the customer has already, and makes a suspended one active again.
	Adopt bool
}

// Buy buys the Azure plan, or goes on with a purchase that has begun, and waits until the plan is active. It keeps in
// purchase how far it is, also when it fails: then the zero value means that nothing was bought.
//
// It never buys a second plan. It reads the customer's subscriptions and orders first. A plan that was bought within
// the last hour, and an order that is in progress, are taken for those of a purchase that was interrupted. The cart has
// a request ID that depends on the customer only, so that several processes at once, and one that was killed and another
// one after it, get the same cart, which buys once. And a purchase that Partner Center refuses is read again before it
// fails.
func (s AzurePlans) Buy(ctx context.Context, customerID string, o AzurePlanOptions, purchase *AzurePlanPurchase) (Subscription, error) {
	b := planPurchase{s, customerID, o, purchase}
	if purchase.OrderID == "" && purchase.SubscriptionID == "" {
		if err := b.order(ctx); err != nil {
			return Subscription{}, err
		}
	}
	if purchase.SubscriptionID == "" {
		if err := b.awaitOrder(ctx); err != nil {
			return Subscription{}, err
		}
	}
	return b.awaitPlan(ctx)
}

// planPurchase is a purchase on its way.
type planPurchase struct {
	AzurePlans

	customerID string
	options    AzurePlanOptions
	*AzurePlanPurchase
}

// retryOrder is the pause while another order of the customer is in progress.
const retryOrder = 15 * time.Second

// order places the order, or finds the one that was placed.
func (b planPurchase) order(ctx context.Context) error {
	for carts := 1; ; {
		key, err := b.look(ctx)
		if err != nil || b.OrderID != "" || b.SubscriptionID != "" {
			return err
		}
		earlier := b.CartID != "" // it may have been checked out
		if !earlier {
			if err := b.fill(ctx, key, carts); err != nil {
				return err
			}
		}
		order, err := b.c.checkout(ctx, b.customerID, b.CartID)
		switch {
		case err == nil:
			b.OrderID, b.SubscriptionID = order.ID, order.AzurePlan()
			return nil
		case is(err, http.StatusNotFound, "800008", "400019") && carts < 3:
			// The cart has expired, or the item was replaced in the catalog.
			b.CartID = ""
			carts++
		case is(err, http.StatusConflict, "800060", "800064") || is(err, http.StatusBadRequest, "800065"):
			// Another order of the customer is in progress, or the cart was checked out before: the order shows up.
			if sleepErr := httppipe.Sleep(ctx, retryOrder); sleepErr != nil {
				return &OrderOpenError{"of the customer", "in progress", err}
			}
		case OutcomeOf(err) == Refused:
			if _, lookErr := b.look(ctx); lookErr != nil || b.OrderID != "" || b.SubscriptionID != "" {
				return lookErr
			}
			if !earlier {
				b.CartID = ""
			}
			return err
		default:
			if OutcomeOf(err) == NotSent && !earlier {
				b.CartID = ""
			}
			return err
		}
	}
}

// fill makes the cart.
func (b planPurchase) fill(ctx context.Context, key string, carts int) error {
	if !b.c.appOnly { // who may not read it learns it from the purchase
		agreement, err := b.c.CustomerAgreements.Get(ctx, b.customerID)
		if err != nil {
			return err
		}
		if !agreement.Accepted() {
			return &NoAgreementError{b.customerID}
		}
	}
	item, err := b.c.azurePlanItem(ctx, b.customerID)
	if err != nil {
		return err
	}
	partner, err := b.c.Profiles.TenantID(ctx)
	if err != nil {
		return err
	}
	// With the same number, item and history of the customer, it is the same purchase.
	text := strings.ToLower(strings.Join([]string{partner, b.customerID, item, b.options.Reseller, key, strings.Repeat("+", carts)}, "\n"))
	b.CartID, err = b.c.createCart(ctx, b.customerID, item, b.options.Reseller, uuid.NewSHA1(purchases, []byte(text)).String())
	return err
}

// purchases is the namespace of the request IDs of purchases.
var purchases = uuid.MustParse("0d5f4a52-7c1e-4f55-9a3e-6f2b8f0c7d41")

// look finds out what the customer has: a plan, or an order that is in progress. It returns what tells the customer's
// earlier purchases of the plan.
func (b planPurchase) look(ctx context.Context) (key string, err error) {
	found, err := b.fresh(ctx, b.customerID)
	if err != nil {
		return "", err
	}
	if found.HasPlan() {
		return "", b.take(found)
	}
	if found.Legacy.ID != "" {
		return "", &LegacyAzureError{b.customerID, found.Legacy}
	}
	history := found.deleted
	var open Order
	for o, err := range b.c.Orders.Of(ctx, b.customerID, OrderFilter{}) {
		switch {
		case err != nil:
			return "", err
		case !o.isAzurePlan():
			continue
		case !o.Failed() && (o.AzurePlan() == "" || isRecent(o.CreationDate.Time)) && !o.CreationDate.Before(open.CreationDate.Time):
			open = o
		}
		history = append(history, o.ID)
	}
	b.OrderID, b.SubscriptionID = open.ID, open.AzurePlan()
	slices.Sort(history)
	return strings.Join(history, " "), nil
}

// take takes the plan that the customer has, if it is ours.
func (b planPurchase) take(found AzurePlanFound) error {
	exists := &AzurePlanExistsError{CustomerID: b.customerID, Plan: found.Plan}
	if reseller := b.options.Reseller; reseller != "" && string(found.Plan.PartnerID) != reseller {
		exists.Reseller = reseller
		return exists
	}
	if !b.options.Adopt && b.CartID == "" && !found.Recent() {
		return exists
	}
	b.SubscriptionID, b.OrderID = found.Plan.ID, found.Plan.OrderID
	return nil
}

// awaitOrder waits until an order has brought a subscription.
func (b planPurchase) awaitOrder(ctx context.Context) error {
	for pause := pollEvery; ; pause = min(2*pause, pollAtMost) {
		order, err := b.c.Orders.Get(ctx, b.customerID, b.OrderID, false)
		if err != nil {
			return err
		}
		b.SubscriptionID = order.AzurePlan()
		if b.SubscriptionID == "" && order.state() == "completed" { // the order need not name it
			found, err := b.fresh(ctx, b.customerID)
			if err != nil {
				return err
			}
			if found.Plan.OrderID == b.OrderID {
				b.SubscriptionID = found.Plan.ID
			}
		}
		switch {
		case b.SubscriptionID != "":
			return nil
		case order.Failed():
			*b.AzurePlanPurchase = AzurePlanPurchase{}
			return &OrderFailedError{order}
		case slices.Contains(waiting, order.state()):
			return &OrderOpenError{OrderID: order.ID, Status: order.Status}
		}
		if err := httppipe.Sleep(ctx, pause); err != nil {
			return &OrderOpenError{order.ID, order.Status, err}
		}
	}
}

// notFoundFor is how long a new subscription may be unknown.
const notFoundFor = 5 * time.Minute

// awaitPlan waits until the plan is active.
func (b planPurchase) awaitPlan(ctx context.Context) (Subscription, error) {
	start := time.Now()
	for pause := pollEvery; ; pause = min(2*pause, pollAtMost) {
		plan, err := b.c.Subscriptions.Get(ctx, b.customerID, b.SubscriptionID)
		unknown := IsSubscriptionNotFound(err) && time.Since(start) < notFoundFor
		switch {
		case err != nil && !unknown:
			return Subscription{}, err
		case unknown, plan.pending():
		case strings.EqualFold(plan.Status, "suspended") && b.options.Adopt:
			return b.Activate(ctx, b.customerID, plan.ID)
		case !plan.Active():
			return plan, &AzurePlanNotActiveError{b.customerID, plan}
		default:
			b.OrderID = cmp.Or(b.OrderID, plan.OrderID)
			b.c.Subscriptions.lists.Forget(strings.ToLower(b.customerID))
			return plan, nil
		}
		if sleepErr := httppipe.Sleep(ctx, pause); sleepErr != nil {
			return plan, &OrderOpenError{b.OrderID, Enum(plan.Status), sleepErr}
		}
	}
}

// azurePlanLine returns the line of an order that is for an Azure plan.
func (o Order) azurePlanLine() (OrderLine, bool) {
	for _, l := range o.Lines {
		if product, _, _ := strings.Cut(l.OfferID, ":"); strings.EqualFold(product, azurePlanProduct) {
			return l, true
		}
	}
	return OrderLine{}, false
}

func (o Order) isAzurePlan() bool {
	_, ok := o.azurePlanLine()
	return ok
}

// AzurePlan is the ID of the Azure plan that the order has brought, or "".
func (o Order) AzurePlan() string {
	line, _ := o.azurePlanLine()
	return line.SubscriptionID
}

// state is the status of an order in one spelling: that of the newer ones is not documented.
func (o Order) state() string { return strings.ReplaceAll(string(o.Status), " ", "_") }

// waiting are the statuses in which an order waits for a person.
var waiting = []string{"pending_review", "pending_po_upload", "po_upload_complete"}

// Failed tells whether an order for an Azure plan ended, or will end, without a subscription.
func (o Order) Failed() bool {
	return o.AzurePlan() == "" && slices.Contains([]string{"cancelled", "canceled", "error", "po_review_rejected", "partial_success", "suspended"}, o.state())
}

// IsOrderNotFound tells whether a customer has no such order.
func IsOrderNotFound(err error) bool { return is(err, http.StatusNotFound, "20000") }
