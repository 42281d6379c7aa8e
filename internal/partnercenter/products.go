package partnercenter

import "strings"

// ProductKind is what a line of an order is for, as far as its fields tell. The API has no field for
// it.
type ProductKind string

// The kinds of products. UnclearProduct may be a reservation or a pre-purchase plan as well as
// software: the fields of the four look the same.
const (
	ReservationProduct ProductKind = "reservation"
	SavingsPlanProduct ProductKind = "savings_plan"
	PrePurchaseProduct ProductKind = "pre_purchase_plan"
	UnclearProduct     ProductKind = "unclear"
	OtherProduct       ProductKind = "other"
)

// savingsPlanOffers is the product of every savings plan offer, product:sku:availability
// (https://learn.microsoft.com/partner-center/developer/azure-purchase-savings-plan).
const savingsPlanOffers = "DZH318Z09V6F"

// The names of products in the documentation, in the form of plainWords. They only tell apart what
// would be unclear without them: nothing is left out because of a name.
var (
	reservationNames = []string{"reserved vm instance", "reserved instance", "reserved virtual machine instance", "reserved capacity", "azure reservation"}
	prePurchaseNames = []string{"pre purchase", "prepurchase", "commit units"}
	savingsPlanNames = []string{"savings plan"}
)

// Kind tells what a line of the order is for. Reservations as Microsoft documents them are billed
// once, and have neither a subscription nor a term
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
		return OtherProduct // licences and the like
	case named(savingsPlanNames):
		return SavingsPlanProduct
	case named(prePurchaseNames):
		return PrePurchaseProduct
	case named(reservationNames):
		return ReservationProduct
	}
	return UnclearProduct
}

// boughtWithScope tells whether the partner bought the line with what a reservation takes.
func (l OrderLine) boughtWithScope() bool {
	for name, value := range l.ProvisioningContext {
		if value != "" && (strings.EqualFold(name, "scope") || strings.EqualFold(name, "duration")) {
			return true
		}
	}
	return false
}

// MayBeReservation tells whether a line of the order is for something that the permission to buy
// reservations opens, or may be.
func (o Order) MayBeReservation(l OrderLine) bool {
	switch o.Kind(l) {
	case ReservationProduct, PrePurchaseProduct, UnclearProduct:
		return true
	case SavingsPlanProduct, OtherProduct:
	}
	return false
}

// plainWords is a name in lower case with single spaces: Reserved_VM_Instance becomes reserved vm
// instance.
func plainWords(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ' ' || r == '_' || r == '-' || r == ',' }), " ")
}
