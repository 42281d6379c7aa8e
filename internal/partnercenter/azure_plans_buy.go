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

// AzurePlanPurchase is the progress of a purchase. A later call can resume the purchase from it.
type AzurePlanPurchase struct{ CartID, OrderID, SubscriptionID string }

// Begun reports whether something may have been bought.
func (p AzurePlanPurchase) Begun() bool { return p != AzurePlanPurchase{} }

// AzurePlanOptions are the options of a purchase. The caller must have accepted the partner-of-record attestation,
// which every purchase contains.
type AzurePlanOptions struct {
	// Reseller is the Partner ID (MPN location ID) of the indirect reseller, or "".
	Reseller string
	// Adopt accepts an existing plan of the customer, and reactivates a suspended one.
	Adopt bool
}

// Buy buys the Azure plan, or resumes a purchase, and waits until the plan is active. It records its progress in
// purchase, also on failure. On failure, a zero purchase means that nothing was bought.
//
// Buy never buys a second plan:
//   - It reads the customer's subscriptions and orders first. It treats a plan bought within the last hour, or an order
//     in progress, as the result of an interrupted purchase.
//   - The request ID of the cart depends only on the partner, the customer, the item, the reseller and earlier
//     purchases. Concurrent processes, and a process that follows a killed one, therefore get the same cart, which can be
//     bought once.
//   - If Partner Center refuses the purchase, Buy reads subscriptions and orders again before it fails.
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

// planPurchase is a purchase in progress.
type planPurchase struct {
	AzurePlans

	customerID string
	options    AzurePlanOptions
	*AzurePlanPurchase
}

// retryOrder is the pause while another order of the customer is in progress.
const retryOrder = 15 * time.Second

// order places the order, or finds one that was placed before.
func (b planPurchase) order(ctx context.Context) error {
	for carts := 1; ; {
		key, err := b.findExisting(ctx)
		if err != nil || b.OrderID != "" || b.SubscriptionID != "" {
			return err
		}
		earlier := b.CartID != "" // an earlier run may have checked it out
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
			// Another order of the customer is in progress, or the cart was checked out before. In both cases, the
			// order appears in the next round.
			if sleepErr := httppipe.Sleep(ctx, retryOrder); sleepErr != nil {
				return &OrderOpenError{"of the customer", "in progress", err}
			}
		case OutcomeOf(err) == Refused:
			if _, findErr := b.findExisting(ctx); findErr != nil || b.OrderID != "" || b.SubscriptionID != "" {
				return findErr
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

// fill creates the cart.
func (b planPurchase) fill(ctx context.Context, key string, carts int) error {
	if !b.c.appOnly { // app-only cannot read the agreement; the purchase reports its absence
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
	// The same values give the same request ID, and so the same purchase.
	text := strings.ToLower(strings.Join([]string{partner, b.customerID, item, b.options.Reseller, key, strings.Repeat("+", carts)}, "\n"))
	b.CartID, err = b.c.createCart(ctx, b.customerID, item, b.options.Reseller, uuid.NewSHA1(purchases, []byte(text)).String())
	return err
}

// purchases is the UUID namespace for the request IDs of carts.
var purchases = uuid.MustParse("0d5f4a52-7c1e-4f55-9a3e-6f2b8f0c7d41")

// findExisting finds an existing plan or an order in progress, and stores its IDs. It returns a key that identifies the
// customer's earlier purchases of the plan.
func (b planPurchase) findExisting(ctx context.Context) (key string, err error) {
	found, err := b.fresh(ctx, b.customerID)
	if err != nil {
		return "", err
	}
	if found.HasPlan() {
		return "", b.adopt(found)
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

// adopt adopts the customer's plan if it results from this purchase or if the options allow it.
func (b planPurchase) adopt(found AzurePlanFound) error {
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

// awaitOrder waits until the order has a subscription.
func (b planPurchase) awaitOrder(ctx context.Context) error {
	for pause := pollEvery; ; pause = min(2*pause, pollAtMost) {
		order, err := b.c.Orders.Get(ctx, b.customerID, b.OrderID, false)
		if err != nil {
			return err
		}
		b.SubscriptionID = order.AzurePlan()
		if b.SubscriptionID == "" && order.state() == "completed" { // a completed order may omit the subscription ID
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

// notFoundFor is how long a new subscription may be reported as not found.
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

// azurePlanLine returns the line of the order that contains an Azure plan.
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

// AzurePlan returns the subscription ID of the Azure plan that the order created, or "".
func (o Order) AzurePlan() string {
	line, _ := o.azurePlanLine()
	return line.SubscriptionID
}

// state returns the status with underscores instead of spaces. The spelling of newer statuses is
// not documented.
func (o Order) state() string { return strings.ReplaceAll(string(o.Status), " ", "_") }

// waiting contains the statuses in which an order needs action by a person.
var waiting = []string{"pending_review", "pending_po_upload", "po_upload_complete"}

// Failed reports whether an order for an Azure plan ended, or will end, without a subscription.
func (o Order) Failed() bool {
	return o.AzurePlan() == "" && slices.Contains([]string{"cancelled", "canceled", "error", "po_review_rejected", "partial_success", "suspended"}, o.state())
}

// IsOrderNotFound reports whether err means that the customer has no such order.
func IsOrderNotFound(err error) bool { return is(err, http.StatusNotFound, "20000") }
