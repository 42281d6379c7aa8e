package partnercenter

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Reservations reads the Azure reservations of customers. The API splits them: entitlements
// describe what was ordered and link to artifacts, which describe the resulting reservations
// (https://learn.microsoft.com/partner-center/developer/entitlement-resources).
type Reservations struct{ c *Client }

// Reservation is a customer's reservation. An unfulfilled order is included as well, without ID and
// with only the fields of the entitlement.
type Reservation struct {
	// ID is a GUID.
	ID          string
	DisplayName string
	// Type is the reserved resource, for example virtualmachines or sqldatabases. It is empty under
	// the old contract, which has virtual machines only.
	Type Enum
	// ScopeType is shared or single. AppliedScopes contains the Azure subscriptions if the scope is
	// not shared.
	ScopeType     Enum
	AppliedScopes []string
	// Quantity is the quantity of the reservation or, if it has none, of the entitlement.
	Quantity *Integer
	// EffectiveDate is the start and ExpiryDate the end of the reservation.
	EffectiveDate, ExpiryDate Time
	// ProvisioningState is for example created.
	ProvisioningState Enum

	// OrderID, OrderAlternateID and OrderLine identify the order line of the purchase.
	OrderID          string
	OrderAlternateID Text
	OrderLine        *Integer
	ProductID, SKUID string
	// ArtifactID is the ID of the Azure reservation order or resource.
	ArtifactID string
	// Fulfillment is how much of the order is fulfilled.
	Fulfillment []Fulfillment
}

// Fulfillment is the status of a part of an order.
type Fulfillment struct {
	Quantity *Integer `json:"quantity"`
	// Status is fulfilled, unfulfilled or prefulfillment_pending.
	Status Enum `json:"status"`
}

// entitlement is what an order entitles a customer to.
type entitlement struct {
	Order struct {
		ID          string   `json:"id"`
		LineItemID  *Integer `json:"lineItemId"` // sent as a string
		AlternateID Text     `json:"alternateId"`
	} `json:"referenceOrder"`
	ProductID       string            `json:"productId"`
	SKUID           string            `json:"skuId"`
	Quantity        *Integer          `json:"quantity"`
	QuantityDetails []Fulfillment     `json:"quantityDetails"`
	Artifacts       []artifact        `json:"entitledArtifacts"`
	Included        []entitlement     `json:"includedEntitlements"`
	Type            string            `json:"entitlementType"`
	ExpiryDate      Time              `json:"expiryDate"`
	Attributes      dynamicAttributes `json:"dynamicAttributes"`
}

type artifact struct {
	Link       *link  `json:"link"`
	ResourceID string `json:"resourceId"`
	// Attributes are documented here by the table of the page, but on the entitlement by its
	// example.
	Attributes dynamicAttributes `json:"dynamicAttributes"`
}

type dynamicAttributes struct {
	ReservationType Enum `json:"reservationType"`
}

// artifactDetails is the answer to an artifact's link.
type artifactDetails struct {
	Type         Text                 `json:"type"`
	Reservations []reservationDetails `json:"reservations"`
	// VirtualMachineReservations is the same list; the examples of the page use this name.
	VirtualMachineReservations []reservationDetails `json:"virtualMachineReservations"`
}

type reservationDetails struct {
	ID                string   `json:"reservationId"`
	DisplayName       string   `json:"displayName"`
	ScopeType         Enum     `json:"scopeType"`
	AppliedScopes     []string `json:"appliedScopes"`
	Quantity          *Integer `json:"quantity"`
	EffectiveDate     Time     `json:"effectiveDateTime"`
	ExpiryDate        Time     `json:"expiryDateTime"` // without a zone
	ProvisioningState Enum     `json:"provisioningState"`
}

// reservedInstance is the filter for reservations. The returned type is reservedinstance,
// virtual_machine_reserved_instance under the old contract, or a new value.
const reservedInstance = "reservedInstance"

// detailReaders is the maximum number of concurrent artifact reads of one customer.
const detailReaders = 8

// softwareLine is an order line that is for software according to the entitlements.
type softwareLine struct {
	orderID   string
	alternate Text
	line      *Integer
}

// Of returns all reservations of a customer, in the server's order.
// GET /v1/customers/{customer}/entitlements?entitlementType=reservedInstance, and each artifact's
// link; app+user only
// (https://learn.microsoft.com/partner-center/developer/get-a-collection-of-entitlements).
func (s Reservations) Of(ctx context.Context, customerID string) ([]Reservation, error) {
	out, _, err := s.read(ctx, customerID, reservedInstance, func(entitlement) bool { return true })
	return out, err
}

// ofOrders is Of for the reservations of the given orders. It sends no requests for other orders. It also
// returns which lines are for software, because one request returns the entitlements of all types.
func (s Reservations) ofOrders(ctx context.Context, customerID string, orders []Order) ([]Reservation, []softwareLine, error) {
	return s.read(ctx, customerID, "", func(e entitlement) bool {
		return slices.ContainsFunc(orders, func(o Order) bool { return o.hasID(e.Order.ID, e.Order.AlternateID) })
	})
}

// read reads the entitlements of a type. An empty type means all types.
func (s Reservations) read(ctx context.Context, customerID, entitlementType string, wanted func(entitlement) bool) ([]Reservation, []softwareLine, error) {
	list := call{method: http.MethodGet, path: pathOf("customers", customerID, "entitlements"), query: url.Values{"showExpiry": {"true"}}}
	if entitlementType != "" {
		list.query.Set("entitlementType", entitlementType)
	}
	var software []softwareLine
	type source struct {
		of    entitlement
		in    artifact
		found []Reservation
	}
	var sources []*source
	var collect func(e entitlement)
	collect = func(e entitlement) {
		switch {
		case !wanted(e):
		case sameEnum(e.Type, "software"): // skipped here, because the server may ignore the filter
			software = append(software, softwareLine{e.Order.ID, e.Order.AlternateID, e.Order.LineItemID})
		case entitlementType == "" && !strings.Contains(strings.ToLower(e.Type), "reserved"): // an undocumented type
		default:
			for _, a := range e.Artifacts {
				sources = append(sources, &source{of: e, in: a})
			}
			if len(e.Artifacts) == 0 {
				sources = append(sources, &source{of: e})
			}
		}
		for _, included := range e.Included {
			collect(included)
		}
	}
	for e, err := range all[entitlement](ctx, s.c, list) {
		if err != nil {
			return nil, nil, err
		}
		collect(e)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(detailReaders)
	for _, one := range sources {
		group.Go(func() error {
			details, err := s.details(ctx, list, one.in.Link)
			if err != nil {
				return err
			}
			if len(details) == 0 {
				details = []reservationDetails{{}}
			}
			for _, d := range details {
				one.found = append(one.found, reservation(one.of, one.in, d))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	var out []Reservation
	for _, one := range sources {
		out = append(out, one.found...)
	}
	return out, software, nil
}

// details reads an artifact's link from the answer to the call from. An unfulfilled order has no
// link.
func (s Reservations) details(ctx context.Context, from call, to *link) ([]reservationDetails, error) {
	if to == nil || to.URI == "" {
		return nil, nil
	}
	path, query, err := s.c.resolve(to.URI)
	if err == nil && to.Method != "" && !strings.EqualFold(to.Method, http.MethodGet) {
		err = fmt.Errorf("an artifact's link has the method %q", to.Method)
	}
	if err != nil {
		return nil, &Error{API: API, Method: from.method, Path: "/v1" + from.path, StatusCode: http.StatusOK, Err: fmt.Errorf("%w: %w", errUnreadable, err)}
	}
	var out artifactDetails
	_, err = s.c.get(ctx, call{method: http.MethodGet, path: path, query: query, check: func() error {
		if out.Type == "" && out.Reservations == nil && out.VirtualMachineReservations == nil {
			return errUnreadable
		}
		return nil
	}}, &out)
	return append(out.Reservations, out.VirtualMachineReservations...), err
}

func reservation(e entitlement, a artifact, d reservationDetails) Reservation {
	r := Reservation{
		ID: d.ID, DisplayName: d.DisplayName, Type: cmp.Or(a.Attributes.ReservationType, e.Attributes.ReservationType),
		ScopeType: d.ScopeType, AppliedScopes: d.AppliedScopes, Quantity: d.Quantity,
		EffectiveDate: d.EffectiveDate, ExpiryDate: d.ExpiryDate, ProvisioningState: d.ProvisioningState,
		OrderID: e.Order.ID, OrderAlternateID: e.Order.AlternateID, OrderLine: e.Order.LineItemID,
		ProductID: e.ProductID, SKUID: e.SKUID, ArtifactID: a.ResourceID, Fulfillment: slices.Clone(e.QuantityDetails),
	}
	if r.Quantity == nil {
		r.Quantity = e.Quantity
	}
	if r.ExpiryDate.IsZero() {
		r.ExpiryDate = e.ExpiryDate
	}
	return r
}
