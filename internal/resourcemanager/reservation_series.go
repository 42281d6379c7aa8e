package resourcemanager

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// oldSeriesEnd is the date when Azure stopped selling and renewing reservations of old VM series
// (https://learn.microsoft.com/azure/cost-management-billing/reservations/manage-legacy-vm-reservations-after-july-1-2026).
var oldSeriesEnd = time.Date(2026, time.July, 1, 0, 0, 0, 0, time.UTC)

// oldSeries contains these series, keyed by the term that is no longer sold.
var oldSeries = map[string][]string{
	"P1Y": {"Av2", "Amv2", "B", "Bs", "Bms", "Bls", "D", "Ds", "Dv2", "Dsv2", "F", "Fs", "Fsv2", "G", "Gs", "Ls", "Lsv2", "Dv3", "Dsv3", "Ev3", "Esv3"},
	"P3Y": {"Dv3", "Dsv3", "Ev3", "Esv3"},
}

// Renewable reports whether Azure can renew the reservation when it expires: it has not ended, and its virtual machine
// series is still sold.
func (r Reservation) Renewable() bool {
	return !r.Ended() && (r.ExpiresOn.Before(oldSeriesEnd) || !slices.Contains(oldSeries[r.Term], seriesOf(r.SKU)))
}

// size matches the size of a virtual machine: Standard_DS2_v2, Standard_D4s_v5, Standard_E4-2s_v3.
var size = regexp.MustCompile(`^Standard_([A-Z])([A-Z]*)\d+(?:-\d+)?([a-z]*)(?:_(v\d+))?(?:_Promo)?$`)

// seriesOf returns the series of a size, such as Dsv2, or "".
func seriesOf(sku string) string {
	m := size.FindStringSubmatch(sku)
	if m == nil {
		return ""
	}
	return m[1] + strings.ToLower(m[2]) + m[3] + m[4]
}
