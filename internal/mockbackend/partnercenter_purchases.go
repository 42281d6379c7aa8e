package mockbackend

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Purchase describes a purchase by one of the Buy methods. The zero value is a reserved virtual machine for one year
// with shared scope. For savings plans, it is a commitment of 1.5 per hour for one year. For pre-purchase plans, it
// is one of Copilot Credits.
type Purchase struct {
	// ReservationType is virtualmachines, sqldatabases …; empty = virtualmachines. Must be empty for savings plans.
	ReservationType string `json:"reservationType,omitempty"`
	// TermDuration is P1Y or P3Y; empty = P1Y.
	TermDuration string `json:"termDuration,omitempty"`
	// Quantity is the number of instances; 0 = 1.
	Quantity int `json:"quantity,omitempty"`
	// UnitPriceCents is the price of one instance; 0 = 50000.
	UnitPriceCents int64 `json:"unitPriceCents,omitempty"`
	// AppliedScope is the ID of the Azure subscription of a reservation with single scope; empty = shared.
	AppliedScope string `json:"appliedScope,omitempty"`
	// FriendlyName is the name of the product; empty = a sample. Savings plans ignore it.
	FriendlyName string `json:"friendlyName,omitempty"`
	// Commitment is the commitment of a savings plan per hour, a decimal number; empty = 1.5.
	Commitment string `json:"commitment,omitempty"`
	// AutoRenew is the automatic renewal of a savings plan.
	AutoRenew bool `json:"autoRenew,omitempty"`

	prePurchase bool
}

// Prerequisite is a condition for purchases by a customer (PC/customers/give-customers-permission).
type Prerequisite string

// The prerequisites.
const (
	NeedsPermission Prerequisite = "permission" // the partner has enabled the permission
	NeedsAzurePlan  Prerequisite = "azurePlan"  // an active Azure plan or MS-AZR-0145P subscription
	NeedsOwner      Prerequisite = "owner"      // the user is Owner of an Azure subscription of the customer
)

// PurchaseRefused is the error of a purchase that was not made.
type PurchaseRefused struct {
	CustomerID string
	User       string         // empty for the partner
	Missing    []Prerequisite // in the order of the constants
}

func (e *PurchaseRefused) Error() string {
	who := "the partner"
	if e.User != "" {
		who = e.User
	}
	reasons := map[Prerequisite]string{
		NeedsPermission: "the partner has not enabled the permission", NeedsAzurePlan: "the customer has no active Azure plan or Azure (global) subscription",
		NeedsOwner: "the user is not Owner of an Azure subscription of the customer",
	}
	var missing []string
	for _, prerequisite := range e.Missing {
		missing = append(missing, reasons[prerequisite])
	}
	return fmt.Sprintf("%s can not buy for customer %s: %s", who, e.CustomerID, strings.Join(missing, "; "))
}

// The catalog IDs are invented, in the form of real ones.
const (
	sqlReservationOffer = "DZH318Z0BQ5S:001K:DZH318Z0SMP2"
	prePurchaseOffer    = "DZH318Z0P3CC:0001:DZH318Z0SMP4"

	azurePortalName          = "Azure Portal"
	azurePortalApplicationID = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"
)

// BuyReservation buys a reservation as a user of the customer in the Azure portal. It creates an order, an entitlement
// and a record of the activity log, each after its delay. It returns the order, or *PurchaseRefused if a prerequisite is
// missing. How the API returns purchases by customers is not documented.
func (b *Backend) BuyReservation(customerID, user string, purchase Purchase) (Order, error) {
	return b.buy(customerID, user, AzureReservedInstances, purchase)
}

// BuyPrePurchasePlan is BuyReservation for a pre-purchase plan, which the same permission allows. How the API returns
// a pre-purchase plan is not documented. Here it is an order that is billed once, without an entitlement.
func (b *Backend) BuyPrePurchasePlan(customerID, user string, purchase Purchase) (Order, error) {
	purchase.prePurchase = true
	return b.buy(customerID, user, AzureReservedInstances, purchase)
}

// BuyReservationAsPartner buys a reservation for the customer as a partner user in Partner Center. The only prerequisite
// is the Azure plan.
func (b *Backend) BuyReservationAsPartner(customerID string, purchase Purchase) (Order, error) {
	return b.buy(customerID, "", AzureReservedInstances, purchase)
}

func (b *Backend) buy(customerID, user, permission string, purchase Purchase) (Order, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	record, user, err := b.checkPurchase(customerID, user, permission, &purchase)
	if err != nil {
		return Order{}, err
	}
	order := b.addOrder(record, purchase.order(record, user))
	order.listed = visibility{order.Created.Add(b.knobs.OrderDelay), b.knobs.OrderDelayReads}
	if reservation := order.Lines[0].Reservation; reservation != nil {
		reservation.listed.from = order.Created.Add(b.knobs.ReservationDelay)
	}
	order.CorrelationID = newGUID()
	b.auditPurchase(record, order, user)
	return order.clone(), nil
}

// checkPurchase fills in the purchase and finds its customer and the name of its user, or returns why it is refused.
func (b *Backend) checkPurchase(customerID, user, permission string, purchase *Purchase) (*customerRecord, string, error) {
	record := b.customer(customerID)
	if record == nil {
		return nil, "", fmt.Errorf("no customer %s", customerID)
	}
	if err := purchase.fill(permission); err != nil {
		return nil, "", err
	}
	if purchase.AppliedScope != "" {
		if owner, ok := b.azureOwner(purchase.AppliedScope); !ok || owner != record {
			return nil, "", fmt.Errorf("appliedScope: customer %s has no Azure subscription %s", record.ID, purchase.AppliedScope)
		}
	}
	var buyer *Principal
	if user != "" {
		if buyer = b.directoryOf(record).user(user); buyer == nil {
			return nil, "", fmt.Errorf("customer %s has no user %s", record.ID, user)
		}
		user = buyer.UserPrincipalName
	}
	if missing := b.missingPrerequisites(record, buyer, permission); len(missing) > 0 {
		return nil, "", &PurchaseRefused{record.ID, user, missing}
	}
	return record, user, nil
}

// user finds a user that is not deleted, by object ID or user principal name.
func (d *directory) user(name string) *Principal {
	for _, principal := range d.principals {
		if principal.Type == UserPrincipal && principal.Deleted.IsZero() && (strings.EqualFold(principal.ID, name) || strings.EqualFold(principal.UserPrincipalName, name)) {
			return principal
		}
	}
	return nil
}

// missingPrerequisites returns what the customer or its user lacks. Without a buyer, the partner buys.
func (b *Backend) missingPrerequisites(record *customerRecord, buyer *Principal, permission string) []Prerequisite {
	var missing []Prerequisite
	if buyer != nil && (record.policy == nil || !slices.Contains(record.policy.Permissions, permission)) {
		missing = append(missing, NeedsPermission)
	}
	if !slices.ContainsFunc(b.subscriptionsOf(record), func(s *Subscription) bool { return s.Status == "active" && (s.isAzurePlan() || s.isLegacyAzure()) }) {
		missing = append(missing, NeedsAzurePlan)
	}
	if buyer != nil && !b.ownsAzureSubscription(record, buyer) {
		missing = append(missing, NeedsOwner)
	}
	return missing
}

// ownsAzureSubscription reports whether a user is Owner of an enabled Azure subscription of the customer. The role
// may be on the subscription or above it, and of the user or of a group.
func (b *Backend) ownsAzureSubscription(record *customerRecord, user *Principal) bool {
	principals := b.directoryOf(record).groupsOf(user.ID)
	principals[user.ID] = true
	for _, subscription := range b.azureSubscriptionsOf(record) {
		if subscription.State != "Enabled" {
			continue
		}
		if slices.ContainsFunc(b.azureRecordOf(subscription.SubscriptionID).assignments, func(a *RoleAssignment) bool {
			return a.RoleID == OwnerRole && principals[a.PrincipalID] && !strings.HasPrefix(a.Scope, subscriptionScope(subscription.SubscriptionID)+"/")
		}) {
			return true
		}
	}
	return false
}

func (p *Purchase) fill(permission string) error {
	if p.ReservationType == "" && permission == AzureReservedInstances && !p.prePurchase {
		p.ReservationType = virtualMachines
	}
	setDefault(&p.TermDuration, "P1Y")
	setDefault(&p.Quantity, 1)
	setDefault(&p.UnitPriceCents, 50_000)
	if p.FriendlyName == "" {
		p.FriendlyName = "Reserved VM Instance, Standard_D2s_v5, West Europe"
		switch {
		case p.prePurchase:
			p.FriendlyName = "Copilot Credit Pre-Purchase Plan, 3000 Copilot Credit Commit Units, 1 Year"
		case p.ReservationType != virtualMachines:
			p.FriendlyName = "SQL Database reserved capacity, West Europe"
		}
	}
	switch {
	case (permission == AzureSavingsPlan || p.prePurchase) && p.ReservationType != "":
		return errors.New("reservationType: only a reservation has one")
	case p.TermDuration != "P1Y" && p.TermDuration != "P3Y":
		return fmt.Errorf("termDuration: %q is neither P1Y nor P3Y", p.TermDuration)
	}
	return firstError(notNegative("quantity", p.Quantity), notNegative("unitPriceCents", int(p.UnitPriceCents)), checkCommitment(p.Commitment))
}

func (p *Purchase) order(record *customerRecord, user string) Order {
	line := OrderLine{OfferID: prePurchaseOffer, FriendlyName: p.FriendlyName, Quantity: p.Quantity, TermDuration: p.TermDuration, UnitPriceCents: p.UnitPriceCents}
	if !p.prePurchase {
		line.OfferID, line.Reservation = reservationOffer, &Reservation{Type: p.ReservationType}
		if p.ReservationType != virtualMachines {
			line.OfferID = sqlReservationOffer
		}
		if p.AppliedScope != "" {
			line.Reservation.ScopeType, line.Reservation.AppliedScopes = "Single", []string{"/subscriptions/" + strings.ToLower(p.AppliedScope)}
		}
	}
	order := Order{ID: modernOrderID(record.ID, newGUID()), Created: time.Now(), Lines: []OrderLine{line}}
	if user != "" {
		order.Client = OrderClient{record.Country, "UniversalStore-AzurePortal", azurePortalName}
		return order
	}
	scope := "shared"
	if p.AppliedScope != "" {
		scope = "single"
	}
	order.Lines[0].ProvisioningContext = map[string]string{"scope": scope, "duration": map[string]string{"P1Y": "1Year", "P3Y": "3Years"}[p.TermDuration]}
	if p.AppliedScope != "" {
		order.Lines[0].ProvisioningContext["subscriptionId"] = strings.ToLower(p.AppliedScope)
	}
	return order
}

// auditPurchase adds a purchase to the activity log. An empty user stands for the partner.
func (b *Backend) auditPurchase(record *customerRecord, order *Order, user string) {
	entry := b.purchaseAudit(record, order)
	if user != "" {
		entry.UserPrincipalName, entry.ApplicationID = user, azurePortalName
		if b.knobs.PurchaseApplicationID {
			entry.ApplicationID = azurePortalApplicationID
		}
		switch b.knobs.PurchaseAudit {
		case PurchaseAuditNone:
			return
		case PurchaseAuditAnonymous:
			entry.UserPrincipalName = ""
		}
	}
	b.addAudit(entry, order.ID, "", orderDocument(record, order))
}

// purchaseAudit returns the record of a purchase by the partner.
func (b *Backend) purchaseAudit(record *customerRecord, order *Order) AuditRecord {
	entry := b.portalAudit(record, "create_order", "order")
	entry.OriginalCorrelationID, entry.CustomizedData = order.CorrelationID, order.customizedData()
	return entry
}

// ReturnReservation cancels an order with reservations: the order, its lines and the reservations. It adds a record to
// the activity log. How the API shows a return is not documented.
func (b *Backend) ReturnReservation(customerID, orderID string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customer(customerID)
	if record == nil {
		return fmt.Errorf("no customer %s", customerID)
	}
	for _, order := range record.orders {
		if !sameOrder(orderID, order.ID) || !slices.ContainsFunc(order.Lines, func(line OrderLine) bool { return line.Reservation != nil }) {
			continue
		}
		if order.Status == "cancelled" {
			return fmt.Errorf("order %s of customer %s is cancelled already", orderID, record.ID)
		}
		before := orderDocument(record, order)
		order.Status = "cancelled"
		for i := range order.Lines {
			order.Lines[i].TransactionType = "Cancel"
			if reservation := order.Lines[i].Reservation; reservation != nil {
				reservation.State = "Cancelled"
			}
		}
		entry := b.portalAudit(record, "update_order", "order")
		entry.CustomizedData = order.customizedData()
		b.addAudit(entry, order.ID, before, orderDocument(record, order))
		return nil
	}
	return fmt.Errorf("customer %s has no order %s with a reservation", record.ID, orderID)
}
