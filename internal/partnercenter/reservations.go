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

// Reservations are the Azure reservations of a customer. The API has them in two places:
// entitlements say what was ordered, and artifacts, which entitlements link to, what came of it
// (https://learn.microsoft.com/partner-center/developer/entitlement-resources).
type Reservations struct{ c *Client }

// Reservation is one of a customer's. An order that is not fulfilled yet is one, too: it has
// no ID, and only the fields of the entitlement.
type Reservation struct {
	// ID is a GUID.
	ID          string
	DisplayName string
	// Type is what is reserved: virtualmachines, sqldatabases, … . The old contract, which
	// has virtual machines only, does not tell.
	Type Enum
	// ScopeType is shared or single; AppliedScopes are the Azure subscriptions where it is
	// not shared.
	ScopeType     Enum
	AppliedScopes []string
	// Quantity is that of the reservation, else that of the entitlement.
	Quantity *Integer
	// EffectiveDate and ExpiryDate are since when and until when.
	EffectiveDate, ExpiryDate Time
	// ProvisioningState is created, … .
	ProvisioningState Enum

	// OrderID, OrderAlternateID and OrderLine lead to the order it came from.
	OrderID          string
	OrderAlternateID Text
	OrderLine        *Integer
	ProductID, SKUID string
	// ArtifactID is the id of the Azure reservation order or resource.
	ArtifactID string
	// Fulfillment says how much of the order is fulfilled.
	Fulfillment []Fulfillment
}

// Fulfillment is a part of what was ordered.
type Fulfillment struct {
	Quantity *Integer `json:"quantity"`
	// Status is fulfilled, unfulfilled or prefulfillment_pending.
	Status Enum `json:"status"`
}

// entitlement is what a customer is entitled to by an order.
type entitlement struct {
	Order struct {
		ID          string   `json:"id"`
		LineItemID  *Integer `json:"lineItemId"` // a string
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
	// Attributes are here by the table of the page, and on the entitlement by its example.
	Attributes dynamicAttributes `json:"dynamicAttributes"`
}

type dynamicAttributes struct {
	ReservationType Enum `json:"reservationType"`
}

// artifactDetails are what an artifact's link answers.
type artifactDetails struct {
	Type         Text                 `json:"type"`
	Reservations []reservationDetails `json:"reservations"`
	// VirtualMachineReservations is the same list in the examples of the page.
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

// reservedInstance selects reservations among entitlements on the server. Their type is
// reservedinstance, virtual_machine_reserved_instance in the old contract, or what comes.
const reservedInstance = "reservedInstance"

// detailReaders bounds how many artifacts of a customer are read at once.
const detailReaders = 8

// softwareLine is a line of an order that is for software, by the entitlements.
type softwareLine struct {
	orderID   string
	alternate Text
	line      *Integer
}

// Of returns a customer's reservations in the server's order, all of them or an error.
// GET /v1/customers/{customer}/entitlements?entitlementType=reservedInstance, and each
// artifact's link; app+user only
// (https://learn.microsoft.com/partner-center/developer/get-a-collection-of-entitlements).
func (s Reservations) Of(ctx context.Context, customerID string) ([]Reservation, error) {
	out, _, err := s.read(ctx, customerID, reservedInstance, func(entitlement) bool { return true })
	return out, err
}

// ofOrders is Of for the reservations of some orders. It saves the requests for the others. It also returns
// which lines are for software: entitlements of all types are one request, too.
func (s Reservations) ofOrders(ctx context.Context, customerID string, orders []Order) ([]Reservation, []softwareLine, error) {
	return s.read(ctx, customerID, "", func(e entitlement) bool {
		return slices.ContainsFunc(orders, func(o Order) bool { return o.is(e.Order.ID, e.Order.AlternateID) })
	})
}

// read reads the entitlements of a type, or of all types for "".
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
		case sameEnum(e.Type, "software"): // also in case the server does not select
			software = append(software, softwareLine{e.Order.ID, e.Order.AlternateID, e.Order.LineItemID})
		case entitlementType == "" && !strings.Contains(strings.ToLower(e.Type), "reserved"): // of a type that is not documented
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

// details follows an artifact's link, which stood in the answer to from. There is none while
// the order is not fulfilled.
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
