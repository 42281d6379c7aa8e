package partnercenter

import "strings"

// ProductKind is the kind of product of an order line. It is derived from other fields, because the
// API has no field for it.
type ProductKind string

// These are the kinds of products. UnclearProduct can be a reservation, a savings plan, a
// pre-purchase plan or software, because their fields look the same.
const (
	ReservationProduct ProductKind = "reservation"
	SavingsPlanProduct ProductKind = "savings_plan"
	PrePurchaseProduct ProductKind = "pre_purchase_plan"
	UnclearProduct     ProductKind = "unclear"
	OtherProduct       ProductKind = "other"
)

// savingsPlanOffers is the product part of every savings plan offer, whose ID is
// product:sku:availability
// (https://learn.microsoft.com/partner-center/developer/azure-purchase-savings-plan).
const savingsPlanOffers = "DZH318Z09V6F"

// These are product names from the documentation, in the form that plainWords returns. They only
// distinguish lines that would otherwise be unclear. No line is omitted because of its name.
var (
	reservationNames = []string{"reserved vm instance", "reserved instance", "reserved virtual machine instance", "reserved capacity", "azure reservation"}
	prePurchaseNames = []string{"pre purchase", "prepurchase", "commit units"}
	savingsPlanNames = []string{"savings plan"}
)

// Kind returns the kind of product of a line. According to Microsoft's examples, reservations are
// billed once and have neither a subscription nor a term
// (https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-orders).
func (o Order) Kind(l OrderLine) ProductKind {
	product, _, _ := strings.Cut(l.OfferID, ":")
	name := plainWords(l.FriendlyName)
	named := func(names []string) bool {
		for _, n := range names {
			if strings.Contains(name, n) {
				return true
			}
		}
		return false
	}
	switch {
	case strings.EqualFold(product, savingsPlanOffers):
		return SavingsPlanProduct
	case l.boughtWithScope():
		return ReservationProduct
	case Subscription{OfferID: l.OfferID}.Kind() != OtherSubscription:
		return OtherProduct
	case l.SubscriptionID != "" && (l.TermDuration == "" || !sameEnum(string(o.BillingCycle), "one_time")):
		return OtherProduct // for example licenses
	case named(savingsPlanNames):
		return SavingsPlanProduct
	case named(prePurchaseNames):
		return PrePurchaseProduct
	case named(reservationNames):
		return ReservationProduct
	}
	return UnclearProduct
}

// boughtWithScope reports whether the purchase specified a scope or duration, which only
// reservations have.
func (l OrderLine) boughtWithScope() bool {
	for name, value := range l.ProvisioningContext {
		if value != "" && (strings.EqualFold(name, "scope") || strings.EqualFold(name, "duration")) {
			return true
		}
	}
	return false
}

// MayBeReservation reports whether the line is, or may be, for a product that the permission to buy
// reservations allows.
func (o Order) MayBeReservation(l OrderLine) bool {
	switch o.Kind(l) {
	case ReservationProduct, PrePurchaseProduct, UnclearProduct:
		return true
	case SavingsPlanProduct, OtherProduct:
	}
	return false
}

// plainWords returns a name in lower case with single spaces: Reserved_VM_Instance becomes reserved
// vm instance.
func plainWords(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ' ' || r == '_' || r == '-' || r == ',' }), " ")
}
