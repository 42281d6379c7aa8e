package resourcemanager

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// oldSeriesEnd is when Azure stopped selling and renewing reservations of old series of virtual machines
// (https://learn.microsoft.com/azure/cost-management-billing/reservations/manage-legacy-vm-reservations-after-july-1-2026).
var oldSeriesEnd = time.Date(2026, time.July, 1, 0, 0, 0, 0, time.UTC)

// oldSeries are those series, by the terms that ended.
var oldSeries = map[string][]string{
	"P1Y": {"Av2", "Amv2", "B", "Bs", "Bms", "Bls", "D", "Ds", "Dv2", "Dsv2", "F", "Fs", "Fsv2", "G", "Gs", "Ls", "Lsv2", "Dv3", "Dsv3", "Ev3", "Esv3"},
	"P3Y": {"Dv3", "Dsv3", "Ev3", "Esv3"},
}

// Renewable reports whether Azure could renew the reservation when it expires: it has not ended, and is not of an old series of
// virtual machines that is not sold any more.
func (r Reservation) Renewable() bool {
	return !r.Ended() && (r.ExpiresOn.Before(oldSeriesEnd) || !slices.Contains(oldSeries[r.Term], seriesOf(r.SKU)))
}

// size is a virtual machine's: Standard_DS2_v2, Standard_D4s_v5, Standard_E4-2s_v3.
var size = regexp.MustCompile(`^Standard_([A-Z])([A-Z]*)\d+(?:-\d+)?([a-z]*)(?:_(v\d+))?(?:_Promo)?$`)

// seriesOf is the series of a size, such as Dsv2, or "".
func seriesOf(sku string) string {
	m := size.FindStringSubmatch(sku)
	if m == nil {
		return ""
	}
	return m[1] + strings.ToLower(m[2]) + m[3] + m[4]
}
