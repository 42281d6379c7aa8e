package partnercenter

import (
	"math/big"
	"strings"
)

// value returns the exact amount and its number of decimals, or 0 for text that is not a number.
func (d Decimal) value() (*big.Rat, int) {
	value, ok := new(big.Rat).SetString(string(d))
	if !ok {
		return new(big.Rat), 0
	}
	_, fraction, _ := strings.Cut(string(d), ".")
	return value, len(fraction)
}

// moneyDecimals is the minimum number of decimals in a computed amount.
const moneyDecimals = 2

// decimal formats an exact amount with the given number of decimals, without trailing zeros beyond
// moneyDecimals.
func decimal(value *big.Rat, decimals int) Decimal {
	s := value.FloatString(max(decimals, moneyDecimals))
	for decimals > moneyDecimals && strings.HasSuffix(s, "0") {
		s, decimals = s[:len(s)-1], decimals-1
	}
	return Decimal(s)
}

// sum adds amounts without rounding.
func sum(amounts ...Decimal) Decimal {
	total, decimals := new(big.Rat), 0
	for _, a := range amounts {
		value, n := a.value()
		total.Add(total, value)
		decimals = max(decimals, n)
	}
	return decimal(total, decimals)
}

// times multiplies an amount by n without rounding.
func (d Decimal) times(n int64) Decimal {
	value, decimals := d.value()
	return decimal(value.Mul(value, new(big.Rat).SetInt64(n)), decimals)
}
