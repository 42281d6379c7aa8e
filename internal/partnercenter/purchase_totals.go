package partnercenter

import (
	"cmp"
	"slices"
	"strings"
)

// PurchaseTotal is what a group of purchases adds up to.
type PurchaseTotal struct {
	// CustomerID, CustomerName and Month, such as 2026-05 in UTC, are "" where the group is not by
	// them.
	CustomerID, CustomerName, Month string
	// CurrencyCode is "" for purchases that do not tell it.
	CurrencyCode string
	// Amount is the sum, "0.00" where none of the purchases tells its amount.
	Amount Decimal
	// Purchases is how many there are, Unpriced how many of them the amount lacks.
	Purchases, Unpriced int
}

// Grouping selects what [PurchaseTotals] groups by. Currencies never add up.
type Grouping struct{ Customer, Month bool }

// PurchaseTotals adds up the amounts of purchases exactly, sorted by customer, month and currency.
// Cancelled orders do not count.
func PurchaseTotals(purchases []Purchase, by Grouping) []PurchaseTotal {
	totals := make(map[PurchaseTotal]*PurchaseTotal) // by their names
	for _, p := range purchases {
		if sameEnum(string(p.Order.Status), "cancelled") {
			continue
		}
		key := PurchaseTotal{CurrencyCode: p.CurrencyCode}
		if by.Customer {
			key.CustomerID = strings.ToLower(p.CustomerID)
		}
		if by.Month && !p.BoughtAt.IsZero() {
			key.Month = p.BoughtAt.UTC().Format("2006-01")
		}
		total := totals[key]
		if total == nil {
			total = &PurchaseTotal{CustomerID: key.CustomerID, Month: key.Month, CurrencyCode: key.CurrencyCode, Amount: sum()}
			totals[key] = total
		}
		if by.Customer && p.CustomerName != "" {
			total.CustomerName = p.CustomerName
		}
		total.Purchases++
		if p.Amount == "" {
			total.Unpriced++
			continue
		}
		total.Amount = sum(total.Amount, p.Amount)
	}
	out := make([]PurchaseTotal, 0, len(totals))
	for _, t := range totals {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b PurchaseTotal) int {
		return cmp.Or(cmp.Compare(a.CustomerID, b.CustomerID), cmp.Compare(a.Month, b.Month), cmp.Compare(a.CurrencyCode, b.CurrencyCode))
	})
	return out
}
