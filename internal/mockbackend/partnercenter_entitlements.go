package mockbackend

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Reservation is the reservation of an order line: its entitlement and artifact (DEV/entitlement-resources). AddOrder
// fills in empty fields.
type Reservation struct {
	ID            string    `json:"id"`         // reservationId, a GUID
	ResourceID    string    `json:"resourceId"` // ID of the artifact, which is the Azure reservation order; a GUID
	DisplayName   string    `json:"displayName"`
	Type          string    `json:"type"`                    // virtualmachines, sqldatabases …; empty = virtualmachines
	ScopeType     string    `json:"scopeType"`               // Shared, Single; empty = Shared
	AppliedScopes []string  `json:"appliedScopes,omitempty"` // Azure subscriptions of a Single scope, "/subscriptions/{id}"
	Effective     time.Time `json:"effective"`               // zero = date of the order
	Expires       time.Time `json:"expires"`                 // zero = end of the term of the line
	State         string    `json:"state"`                   // Created, Cancelled; empty = Created

	listed visibility
}

const (
	virtualMachines = "virtualmachines"
	softwareType    = "software"

	reservedInstance    = "reservedinstance"
	oldReservedInstance = "virtual_machine_reserved_instance" // in the old contract; paths and queries omit the underscores
)

func (r *Reservation) fill(o *Order, line *OrderLine) {
	setDefault(&r.ID, guidFor("reservation", o.ID, line.OfferID))
	setDefault(&r.ResourceID, guidFor("reservation order", o.ID, line.OfferID))
	setDefault(&r.DisplayName, "VM_RI_"+o.Created.UTC().Format("01-02-2006_15-04"))
	setDefault(&r.Type, virtualMachines)
	setDefault(&r.ScopeType, "Shared")
	setDefault(&r.State, "Created")
	if r.Effective.IsZero() {
		r.Effective = o.Created
	}
	if r.Expires.IsZero() {
		years, err := strconv.Atoi(strings.Trim(line.TermDuration, "PY"))
		if err != nil { // the term is not in years
			years = 1
		}
		r.Expires = r.Effective.UTC().Truncate(24*time.Hour).AddDate(years, 0, 0)
	}
}

type entitlementBody struct {
	IncludedEntitlements []struct{}         `json:"includedEntitlements"`
	ReferenceOrder       referenceOrder     `json:"referenceOrder"`
	ProductID            string             `json:"productId"`
	SKUID                string             `json:"skuId"`
	SKUTitle             string             `json:"skuTitle,omitempty"`
	Quantity             any                `json:"quantity"`
	QuantityDetails      []quantityDetail   `json:"quantityDetails,omitempty"`
	EntitledArtifacts    []entitledArtifact `json:"entitledArtifacts"`
	EntitlementType      string             `json:"entitlementType"`
	DynamicAttributes    *dynamicAttributes `json:"dynamicAttributes,omitempty"`
	ExpiryDate           string             `json:"expiryDate,omitempty"`
}

// referenceOrder has the order ID and, as a string, the number of the line.
type referenceOrder struct {
	ID          string `json:"id"`
	LineItemID  string `json:"lineItemId"`
	AlternateID string `json:"alternateId,omitempty"`
}

type entitledArtifact struct {
	Link              *link              `json:"link"`
	ResourceID        string             `json:"resourceId"`
	ArtifactType      string             `json:"artifactType"`
	DynamicAttributes *dynamicAttributes `json:"dynamicAttributes,omitempty"`
}

type dynamicAttributes struct {
	ReservationType string `json:"reservationType"`
}

// entitledLine is a line of an order with an entitlement.
type entitledLine struct {
	order  *Order
	number int
	*OrderLine
}

func (b *Backend) entitledLines(record *customerRecord) []entitledLine {
	var lines []entitledLine
	for _, order := range b.ordersOf(record) {
		for i := range order.Lines {
			if line := &order.Lines[i]; line.Software || line.Reservation != nil {
				lines = append(lines, entitledLine{order, i, line})
			}
		}
	}
	return lines
}

// listEntitlements: DEV/get-a-collection-of-entitlements. No paging.
func (b *Backend) listEntitlements(x *exchange) response {
	if refused, ok := x.overridden("reads_entitlements"); ok {
		return refused
	}
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return refused
	}
	showExpiry, refused, ok := x.flag("showExpiry")
	if !ok {
		return refused
	}
	requested := plainName(queryValue(x.query, "entitlementType"))
	old := x.knobs.OldEntitlements || requested == plainName(oldReservedInstance)
	switch requested {
	case "", softwareType, reservedInstance, plainName(oldReservedInstance):
	default:
		return failure(http.StatusBadRequest, invalidRequestInput, "entitlementType %q is not supported.", requested)
	}
	var bodies []entitlementBody
	for _, line := range b.entitledLines(record) {
		if line.isListed(requested, old) {
			bodies = append(bodies, x.entitlementBody(record, line, old, showExpiry))
		}
	}
	return response{status: http.StatusOK, body: collectionOf(b, x, bodies)}
}

// isListed reports whether a query for a type returns the line. The old contract has virtual machines only.
func (l entitledLine) isListed(requested string, old bool) bool {
	switch {
	case l.Software:
		return requested == "" || requested == softwareType
	case requested == softwareType, old && l.Reservation.Type != virtualMachines:
		return false
	}
	return l.Reservation.listed.visible()
}

func (x *exchange) entitlementBody(record *customerRecord, line entitledLine, old, showExpiry bool) entitlementBody {
	product, sku, _, _ := splitOffer(line.OfferID)
	status := x.fulfilment(line.order)
	quantity := line.Quantity
	if status == "Unfulfilled" { // quantity does not count unfulfilled items, quantityDetails does
		quantity = 0
	}
	body := entitlementBody{
		IncludedEntitlements: []struct{}{}, ReferenceOrder: referenceOrder{line.order.ID, strconv.Itoa(line.number), line.order.AlternateID},
		ProductID: product, SKUID: sku, Quantity: x.number(quantity), EntitledArtifacts: []entitledArtifact{}, EntitlementType: softwareType,
	}
	if old {
		body.SKUTitle = line.FriendlyName
	} else {
		body.QuantityDetails = []quantityDetail{{x.number(line.Quantity), status}}
	}
	if line.Software {
		return body
	}
	if showExpiry {
		body.ExpiryDate = x.expiry(line.Reservation.Expires)
	}
	body.EntitlementType = artifactType(old)
	if x.knobs.UnknownEnums {
		body.EntitlementType = "reserved_anything"
	}
	group, lineItem, resource := artifactOf(record, line)
	uri := fmt.Sprintf("/customers/%s/artifacts/%s/groups/%s/lineitems/%s/resource/%s", record.ID, plainName(artifactType(old)), group, lineItem, resource)
	artifact := entitledArtifact{Link: x.link(uri), ResourceID: resource, ArtifactType: artifactType(old)}
	if !old {
		attributes := &dynamicAttributes{line.Reservation.Type}
		if x.knobs.DynamicAttributes != DynamicAttributesOnArtifact {
			body.DynamicAttributes = attributes
		}
		if x.knobs.DynamicAttributes != DynamicAttributesOnEntitlement {
			artifact.DynamicAttributes = attributes
		}
	}
	body.EntitledArtifacts = append(body.EntitledArtifacts, artifact)
	return body
}

func artifactType(old bool) string {
	if old {
		return oldReservedInstance
	}
	return reservedInstance
}

// artifactOf returns the IDs in the link to the artifact of a line.
func artifactOf(record *customerRecord, line entitledLine) (group, lineItem, resource string) {
	group = strings.ReplaceAll(guidFor("artifact group", record.ID), "-", "")
	return group, guidFor("artifact line item", line.order.ID, "/", line.number), line.Reservation.ResourceID
}

// expiry prints the end of a reservation. No example of the pages has a time zone.
func (x *exchange) expiry(at time.Time) string {
	if x.knobs.ExpiryWithZone {
		return wholeSeconds(at)
	}
	return at.UTC().Format("2006-01-02T15:04:05")
}

type reservationBody struct {
	ReservationID     string   `json:"reservationId"`
	DisplayName       string   `json:"displayName,omitempty"`
	ScopeType         string   `json:"scopeType"`
	AppliedScopes     []string `json:"appliedScopes"`
	Quantity          any      `json:"quantity"`
	EffectiveDateTime string   `json:"effectiveDateTime"`
	ExpiryDateTime    string   `json:"expiryDateTime"`
	ProvisioningState string   `json:"provisioningState"`
}

// artifactDetails has one of its two lists. The table of DEV/entitlement-resources has reservations. Both examples of
// DEV/get-a-collection-of-entitlements have virtualMachineReservations.
type artifactDetails struct {
	Type                       string            `json:"type"`
	Reservations               []reservationBody `json:"reservations,omitempty"`
	VirtualMachineReservations []reservationBody `json:"virtualMachineReservations,omitempty"`
}

// getArtifact and getOldArtifact serve the paths of the new and of the old contract.
func (b *Backend) getArtifact(x *exchange) response    { return b.artifact(x, x.knobs.OldEntitlements) }
func (b *Backend) getOldArtifact(x *exchange) response { return b.artifact(x, true) }

// artifact: DEV/get-a-collection-of-entitlements. The code for a missing artifact is a choice.
func (b *Backend) artifact(x *exchange, old bool) response {
	if refused, ok := x.overridden("artifact"); ok {
		return refused
	}
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return refused
	}
	for _, line := range b.entitledLines(record) {
		if line.Reservation == nil || old && line.Reservation.Type != virtualMachines {
			continue
		}
		group, lineItem, resource := artifactOf(record, line)
		if strings.EqualFold(x.values["group"], group) && strings.EqualFold(x.values["lineItem"], lineItem) && strings.EqualFold(x.values["resource"], resource) {
			return response{status: http.StatusOK, body: x.artifactDetails(line, old)}
		}
	}
	return failure(http.StatusNotFound, 1000, "The artifact was not found.")
}

func (x *exchange) artifactDetails(line entitledLine, old bool) artifactDetails {
	r := line.Reservation
	body := reservationBody{
		ReservationID: r.ID, DisplayName: r.DisplayName, ScopeType: r.ScopeType, AppliedScopes: append([]string{}, r.AppliedScopes...), Quantity: x.number(line.Quantity),
		EffectiveDateTime: sevenDigits(r.Effective), ExpiryDateTime: x.expiry(r.Expires), ProvisioningState: r.State,
	}
	if x.knobs.UnknownEnums {
		body.ScopeType, body.ProvisioningState = "ManagementGroup", "Merged"
	}
	details := artifactDetails{Type: artifactType(old)}
	if x.knobs.ReservationsKey == ReservationsKeyNew || x.knobs.ReservationsKey == ReservationsKeyByContract && !old {
		details.Reservations = []reservationBody{body}
	} else {
		details.VirtualMachineReservations = []reservationBody{body}
	}
	return details
}
