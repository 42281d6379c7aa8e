package partnercenter

import (
	"cmp"
	"slices"
	"strings"
)

// PurchaseTotal is the total of a group of purchases.
type PurchaseTotal struct {
	// CustomerID, CustomerName and Month (UTC, such as 2026-05) are "" unless the purchases are
	// grouped by them.
	CustomerID, CustomerName, Month string
	// CurrencyCode is "" for purchases without a currency.
	CurrencyCode string
	// Amount is the sum, or "0.00" if no purchase has an amount.
	Amount Decimal
	// Purchases is the number of purchases, Unpriced the number of those without an amount.
	Purchases, Unpriced int
}

// Grouping selects the groups of [PurchaseTotals]. Currencies are always separate groups.
type Grouping struct{ Customer, Month bool }

// PurchaseTotals adds up the amounts of purchases without rounding, sorted by customer, month and
// currency. It ignores cancelled orders.
func PurchaseTotals(purchases []Purchase, by Grouping) []PurchaseTotal {
	totals := make(map[PurchaseTotal]*PurchaseTotal) // the key has the names of the group only
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
