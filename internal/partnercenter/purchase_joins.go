package partnercenter

import (
	"context"
	"net/http"
	"slices"
)

// purchasesOf matches orders with savings plans. It omits orders that are clearly for other products.
func purchasesOf(orders []Order, plans []SavingsPlan) []*Purchase {
	plans = slices.Clone(plans)
	var out []*Purchase
	for _, o := range orders {
		p := &Purchase{Order: o, BoughtAt: o.CreationDate, Kind: o.kind(), ReservationsUnknown: "Not read, because reading this customer failed."}
		plans = slices.DeleteFunc(plans, func(plan SavingsPlan) bool {
			if mine := o.hasID(plan.OrderID, "") || o.hasSubscription(plan.SubscriptionID); !mine {
				return false
			}
			p.SavingsPlans, p.Source = append(p.SavingsPlans, plan), FromPartnerCenter
			if p.Kind == OtherProduct || p.Kind == UnclearProduct {
				p.Kind = SavingsPlanProduct
			}
			return true
		})
		if p.Kind != OtherProduct {
			p.setAmount()
			out = append(out, p)
		}
	}
	for _, plan := range plans {
		p := &Purchase{Order: Order{ID: plan.OrderID}, BoughtAt: plan.Bought, Kind: SavingsPlanProduct, SavingsPlans: []SavingsPlan{plan}, Source: OutsidePartnerCenter}
		if plan.OrderID != "" {
			p.Source = FromPartnerCenter
		}
		p.setAmount()
		out = append(out, p)
	}
	return out
}

// kind returns the most specific kind of the order's lines.
func (o Order) kind() ProductKind {
	kinds := make(map[ProductKind]bool)
	for _, l := range o.Lines {
		kinds[o.Kind(l)] = true
	}
	for _, k := range []ProductKind{ReservationProduct, PrePurchaseProduct, SavingsPlanProduct, UnclearProduct} {
		if kinds[k] {
			return k
		}
	}
	return OtherProduct
}

func (o Order) hasSubscription(id string) bool {
	return slices.ContainsFunc(o.Lines, func(l OrderLine) bool { return l.SubscriptionID != "" && sameID(l.SubscriptionID, id) })
}

// setAmount sets the amount of the purchase. For a savings plan, the order may contain the price of one
// month, so the commitment is used instead.
func (p *Purchase) setAmount() {
	p.CurrencyCode = p.Order.CurrencyCode
	if len(p.SavingsPlans) == 0 {
		p.Amount = p.Order.TotalPrice
		return
	}
	if p.CurrencyCode == "" {
		p.CurrencyCode = p.SavingsPlans[0].CurrencyCode
	}
	var parts []Decimal
	for _, plan := range p.SavingsPlans {
		total := plan.TotalCommitment()
		if plan.CurrencyCode != p.CurrencyCode {
			total = ""
		}
		parts = append(parts, total)
	}
	for _, l := range p.Order.Lines {
		switch {
		case p.Order.Kind(l) == SavingsPlanProduct || slices.ContainsFunc(p.SavingsPlans, func(s SavingsPlan) bool { return sameID(s.SubscriptionID, l.SubscriptionID) }):
		case l.Pricing != nil:
			parts = append(parts, l.Pricing.ExtendedPrice)
		default:
			parts = append(parts, "")
		}
	}
	if !slices.Contains(parts, "") {
		p.Amount = sum(parts...)
	}
}

// planID returns a key that distinguishes purchases without an order.
func (p Purchase) planID() string {
	if len(p.SavingsPlans) == 0 {
		return ""
	}
	return p.SavingsPlans[0].SubscriptionID
}

// readReservations reads the reservations that belong to the orders.
func (s Purchases) readReservations(ctx context.Context, b *buyer) error {
	var orders []Order
	for _, p := range b.purchases {
		if slices.ContainsFunc(p.Order.Lines, p.Order.MayBeReservation) {
			orders = append(orders, p.Order)
		}
	}
	var reservations []Reservation
	var software []softwareLine
	var refused bool
	if len(orders) > 0 {
		var err error
		reservations, software, err = s.c.Reservations.ofOrders(ctx, b.customer.ID, orders)
		refused = s.c.AppOnly() && is(err, http.StatusForbidden)
		if err != nil && !refused {
			return err
		}
	}
	for _, p := range b.purchases {
		p.ReservationsUnknown = ""
		if !slices.ContainsFunc(p.Order.Lines, p.Order.MayBeReservation) {
			continue // a savings plan
		}
		if refused {
			p.ReservationsUnknown = "Partner Center shows reservations to app+user sign-in only."
		}
		for _, r := range reservations {
			if p.Order.hasID(r.OrderID, r.OrderAlternateID) {
				p.Reservations = append(p.Reservations, r)
			}
		}
		p.refineKind(software)
	}
	return nil
}

// refineKind refines the kind of the purchase if the entitlements show it.
func (p *Purchase) refineKind(software []softwareLine) {
	switch {
	case len(p.Reservations) > 0 && p.Kind != PrePurchaseProduct:
		p.Kind = ReservationProduct
	case p.Kind == UnclearProduct && !slices.ContainsFunc(p.Order.Lines, func(l OrderLine) bool {
		return p.Order.Kind(l) == UnclearProduct && !slices.ContainsFunc(software, func(s softwareLine) bool { return p.Order.hasID(s.orderID, s.alternate) && s.isLine(l) })
	}):
		p.Kind = OtherProduct
	}
}

func (s softwareLine) isLine(l OrderLine) bool {
	return s.line == nil || l.Number == nil || *s.line == *l.Number
}
