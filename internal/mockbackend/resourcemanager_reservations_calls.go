package mockbackend

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// reservationVersions are the supported values of api-version that have all calls below.
var reservationVersions = []string{"2020-10-01-preview", "2021-07-01", "2022-03-01", "2022-11-01"}

const capacityProvider = "/providers/Microsoft.Capacity"

type azureReservationBody struct {
	SKU struct {
		Name string `json:"name"`
	} `json:"sku"`
	Location   string                     `json:"location"`
	ETag       int                        `json:"etag"`
	ID         string                     `json:"id"`
	Name       string                     `json:"name"`
	Type       string                     `json:"type"`
	Properties azureReservationProperties `json:"properties"`
}

// azureReservationProperties is the wire form. Empty texts are null, as in the example of the list.
type azureReservationProperties struct {
	AppliedScopes                []string                `json:"appliedScopes,omitempty"`
	AppliedScopeType             string                  `json:"appliedScopeType"`
	UserFriendlyAppliedScopeType string                  `json:"userFriendlyAppliedScopeType"`
	BillingScopeID               *string                 `json:"billingScopeId"`
	BillingPlan                  string                  `json:"billingPlan"`
	DisplayName                  string                  `json:"displayName"`
	ProvisioningState            string                  `json:"provisioningState"`
	ProvisioningSubState         *string                 `json:"provisioningSubState"`
	DisplayProvisioningState     string                  `json:"displayProvisioningState"`
	EffectiveDateTime            string                  `json:"effectiveDateTime"`
	PurchaseDate                 string                  `json:"purchaseDate"`
	PurchaseDateTime             string                  `json:"purchaseDateTime"`
	ExpiryDate                   string                  `json:"expiryDate"`
	ExpiryDateTime               string                  `json:"expiryDateTime"`
	Quantity                     int                     `json:"quantity"`
	Term                         string                  `json:"term"`
	ReservedResourceType         string                  `json:"reservedResourceType"`
	SKUDescription               *string                 `json:"skuDescription"`
	Renew                        bool                    `json:"renew"`
	UserFriendlyRenewState       string                  `json:"userFriendlyRenewState"`
	Archived                     bool                    `json:"archived"`
	Utilization                  *reservationUtilization `json:"utilization,omitempty"`
	RenewProperties              *renewProperties        `json:"renewProperties,omitempty"`
}

type reservationUtilization struct {
	Trend      string                            `json:"trend"`
	Aggregates []reservationUtilizationAggregate `json:"aggregates"`
}

type reservationUtilizationAggregate struct {
	Grain     int     `json:"grain"`
	GrainUnit string  `json:"grainUnit"`
	Value     float64 `json:"value"`
	ValueUnit string  `json:"valueUnit"`
}

// renewProperties is returned only with expand. Microsoft's description: the price is locked 30 days before expiry,
// without tax.
type renewProperties struct {
	PricingCurrencyTotal currencyAmount `json:"pricingCurrencyTotal"`
	BillingCurrencyTotal currencyAmount `json:"billingCurrencyTotal"`
}

type currencyAmount struct {
	CurrencyCode string      `json:"currencyCode"`
	Amount       json.Number `json:"amount"`
}

// body prints a reservation. In the list its name is "order/reservation", elsewhere the ID of the reservation.
func (a *AzureReservation) body(x *exchange, listed bool) azureReservationBody {
	a.settle()
	onOff := map[bool]string{true: "On", false: "Off"}
	body := azureReservationBody{Location: a.Location, ETag: 4, Name: a.ID, Type: "Microsoft.Capacity/reservationOrders/reservations", ID: a.path()}
	body.SKU.Name = a.SKU
	if listed {
		body.Name = a.OrderID + "/" + a.ID
	}
	p := &body.Properties
	*p = azureReservationProperties{
		AppliedScopeType: "Shared", UserFriendlyAppliedScopeType: "Shared", BillingScopeID: orNull(a.BillingScope), BillingPlan: "Upfront", DisplayName: a.DisplayName,
		ProvisioningState: a.state(), DisplayProvisioningState: a.state(), EffectiveDateTime: sevenDigits(a.Purchased.Add(5 * time.Minute)),
		PurchaseDate: a.Purchased.UTC().Format(time.DateOnly), PurchaseDateTime: sevenDigits(a.Purchased), ExpiryDate: a.Expires.UTC().Format(time.DateOnly),
		ExpiryDateTime: sevenDigits(a.Expires), Quantity: a.Quantity, Term: a.Term, ReservedResourceType: a.ResourceType, Renew: a.renews(false),
		UserFriendlyRenewState: onOff[a.renews(false)], Archived: a.Archived,
	}
	if a.AppliedScope != "" {
		p.AppliedScopes, p.AppliedScopeType, p.UserFriendlyAppliedScopeType = []string{a.AppliedScope}, "Single", "Single subscription"
	}
	if !a.NoUtilization {
		p.Utilization = &reservationUtilization{Trend: "SAME"}
		for _, grain := range []struct {
			days   int
			factor float64
		}{{1, 1.02}, {7, 1}, {30, 0.5}} {
			p.Utilization.Aggregates = append(p.Utilization.Aggregates, reservationUtilizationAggregate{grain.days, "days", a.Utilization * grain.factor, "percentage"})
		}
	}
	if expand := queryValue(x.query, "expand") + queryValue(x.query, "$expand"); strings.EqualFold(expand, "renewProperties") && a.renews(false) {
		price := currencyAmount{"USD", json.Number(fmt.Sprintf("%d.%02d", a.RenewalCents/100, a.RenewalCents%100))}
		p.RenewProperties = &renewProperties{price, price}
	}
	return body
}

// path returns the Resource Manager ID. Microsoft's examples write the provider in lower case in answers.
func (a *AzureReservation) path() string {
	return "/providers/microsoft.capacity/reservationOrders/" + a.OrderID + "/reservations/" + a.ID
}

// reservationCall has the checks that all calls share. A tenant that is not a customer's has no reservations.
func (b *Backend) reservationCall(x *exchange) (*customerRecord, response, bool) {
	if version := queryValue(x.query, "api-version"); !slices.Contains(reservationVersions, version) {
		return nil, armFailure(http.StatusBadRequest, "UnsupportedApiVersion", "The HTTP resource with the API version '%s' is not supported.", version), false
	}
	record := b.customer(x.caller.TenantID)
	if record == nil {
		record = &customerRecord{}
	}
	return record, response{}, true
}

// reservationFilter is the filter of Microsoft's example, with a slash or its escape.
var reservationFilter = regexp.MustCompile(`(?i)^\(?properties(?:/|%2f)archived[ +]eq[ +](true|false)\)?$`)

// listAzureReservations: Reservation - List All. It returns the reservations that the caller may read, page by page,
// and a summary. What a caller without any role receives is not documented: Knobs.ReservationListForbidden.
func (b *Backend) listAzureReservations(x *exchange) response {
	record, refused, ok := b.reservationCall(x)
	if !ok {
		return refused
	}
	text := queryValue(x.query, "$filter")
	filter := reservationFilter.FindStringSubmatch(text)
	if text != "" && filter == nil {
		b.violate("%s %s: filter %q", x.req.Method, x.req.URL.Path, text)
		return armFailure(http.StatusBadRequest, "BadRequest", "The filter '%s' is not supported.", text)
	}
	if user := x.caller.user; user != nil && !record.access.allowsRequest() || x.knobs.ReservationListForbidden && !b.mayUseReservation(x, record, &AzureReservation{}, false) {
		return unauthorizedAction(x, "Microsoft.Capacity/reservations/read", capacityProvider)
	}
	var visible []*AzureReservation
	for _, a := range b.azureReservationsOf(record) {
		if b.mayUseReservation(x, record, a, false) && (filter == nil || strconv.FormatBool(a.Archived) == strings.ToLower(filter[1])) {
			visible = append(visible, a)
		}
	}
	from, err := strconv.Atoi("0" + queryValue(x.query, "$skiptoken"))
	if err != nil || from > len(visible) {
		return armFailure(http.StatusBadRequest, "BadRequest", "The skip token is not valid.")
	}
	size := x.knobs.ReservationPageSize
	if take, err := strconv.Atoi(queryValue(x.query, "take")); err == nil && take > 0 && (size == 0 || take < size) {
		size = take
	}
	if size == 0 {
		size = len(visible)
	}
	body := struct {
		Value    []azureReservationBody `json:"value"`
		NextLink *string                `json:"nextLink"`
		Summary  map[string]int         `json:"summary"`
	}{Value: []azureReservationBody{}, Summary: map[string]int{"succeededCount": 0, "failedCount": 0, "expiringCount": 0, "expiredCount": 0, "pendingCount": 0, "cancelledCount": 0}}
	for _, a := range visible {
		if _, known := body.Summary[strings.ToLower(a.state())+"Count"]; known {
			body.Summary[strings.ToLower(a.state())+"Count"]++
		}
	}
	end := min(len(visible), from+size)
	for _, a := range visible[from:end] {
		body.Value = append(body.Value, a.body(x, true))
	}
	if end < len(visible) {
		next := url.Values{"api-version": {queryValue(x.query, "api-version")}, "$skiptoken": {strconv.Itoa(end)}}
		if text != "" {
			next.Set("$filter", text)
		}
		link := x.nextLinkBase(b.endpoints.ResourceManager) + capacityProvider + "/reservations?" + next.Encode()
		body.NextLink = &link
	}
	return response{status: http.StatusOK, body: body}
}

// azureReservationOf finds the reservation of a call and checks the access. The codes are from Microsoft's list. The
// status of each code is a choice.
func (b *Backend) azureReservationOf(x *exchange) (*AzureReservation, response, bool) {
	refuse := func(r response) (*AzureReservation, response, bool) { return nil, r, false }
	record, refused, ok := b.reservationCall(x)
	if !ok {
		return refuse(refused)
	}
	orderID, id := x.values["reservationOrder"], x.values["reservation"]
	switch {
	case !isGUID(orderID):
		return refuse(armFailure(http.StatusBadRequest, "InvalidReservationOrderId", "The reservation order ID '%s' is not valid.", orderID))
	case !isGUID(id):
		return refuse(armFailure(http.StatusBadRequest, "InvalidReservationId", "The reservation ID '%s' is not valid.", id))
	}
	write := x.req.Method == http.MethodPatch
	action := map[bool]string{true: "write", false: "read"}[write]
	if user := x.caller.user; user != nil && !record.access.allowsRequest() {
		return refuse(unauthorizedAction(x, "Microsoft.Capacity/reservationOrders/reservations/"+action, capacityProvider+"/reservationOrders/"+orderID))
	}
	all := b.azureReservationsOf(record)
	a := record.azureReservation(id)
	switch {
	case !slices.ContainsFunc(all, func(one *AzureReservation) bool { return strings.EqualFold(one.OrderID, orderID) }):
		return refuse(armFailure(http.StatusNotFound, "ReservationOrderNotFound", "The reservation order '%s' is not found.", orderID))
	case a == nil || !strings.EqualFold(a.OrderID, orderID):
		return refuse(armFailure(http.StatusNotFound, "ReservationIdNotInReservationOrder", "The reservation '%s' is not in the reservation order '%s'.", id, orderID))
	case !b.mayUseReservation(x, record, a, write):
		return refuse(unauthorizedAction(x, "Microsoft.Capacity/reservationOrders/reservations/"+action, capacityProvider+"/reservationOrders/"+orderID))
	}
	return a, response{}, true
}

// getAzureReservation: Reservation - Get.
func (b *Backend) getAzureReservation(x *exchange) response {
	a, refused, ok := b.azureReservationOf(x)
	if !ok {
		return refused
	}
	return response{status: http.StatusOK, body: a.body(x, false)}
}

// azureReservationPatch is the body of a PATCH. A missing property is not changed.
type azureReservationPatch struct {
	Properties *struct {
		Renew            *bool `json:"renew"`
		RenewProperties  any   `json:"renewProperties"`
		AppliedScopeType any   `json:"appliedScopeType"`
		AppliedScopes    any   `json:"appliedScopes"`
		AppliedScope     any   `json:"appliedScopeProperties"`
		Flexibility      any   `json:"instanceFlexibility"`
		Name             any   `json:"name"`
		ReviewDateTime   any   `json:"reviewDateTime"`
	} `json:"properties"`
}

// updateAzureReservation: Reservation - Update. It answers 200, or 202 with links to the reservation itself, as in Microsoft's
// example: Knobs.ReservationUpdateTime. Only renew has an effect.
func (b *Backend) updateAzureReservation(x *exchange) response {
	a, refused, ok := b.azureReservationOf(x)
	if !ok {
		return refused
	}
	var patch azureReservationPatch
	if err := decodeKnown(x.body, &patch); err != nil || patch.Properties == nil || patch.Properties.Renew == nil {
		b.violate("%s %s: the body %s has no properties.renew or something unknown: %v", x.req.Method, x.req.URL.Path, x.body, err)
		return armFailure(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid: '%v'.", err)
	}
	a.settle()
	renew := *patch.Properties.Renew
	switch {
	case !x.caller.mfa() && !x.knobs.MFANotEnforced: // the status is a choice
		return armFailure(http.StatusForbidden, "RequestDisallowedByPolicy", "Resource '%s' was disallowed by policy. Reasons: 'MFA is required'.", a.ID)
	case a.state() != "Succeeded":
		return armFailure(http.StatusBadRequest, "OperationCannotBePerformedInCurrentState", "The operation cannot be performed in the current state '%s' of the reservation.", a.state())
	case x.knobs.SameRenewalRefused && a.pending == nil && renew == a.renews(true):
		return armFailure(http.StatusBadRequest, "PatchValuesSameAsExisting", "The values are the same as the existing ones.")
	}
	before := a.renews(true)
	defer func() { b.renewalChanged(x.caller.TenantID, a, before, false) }()
	if wait := x.knobs.ReservationUpdateTime; wait > 0 {
		a.NoRenewal = !a.renews(true)
		a.pending = &pendingRenewal{off: !renew, at: time.Now().Add(wait), lost: x.knobs.ReservationUpdatesLost}
		link := x.nextLinkBase(b.endpoints.ResourceManager) + a.path() + "?api-version=" + queryValue(x.query, "api-version")
		header := http.Header{"Location": {link}, "Retry-After": {strconv.Itoa(secondsRoundedUp(min(wait, 2*time.Minute)))}}
		header["Azure-Asyncoperation"] = []string{link}
		return response{status: http.StatusAccepted, header: header}
	}
	if lag := x.knobs.ReservationReadLag; lag > 0 {
		a.NoRenewal = !a.renews(true)
		body := a.body(x, false)
		body.Properties.Renew, body.Properties.UserFriendlyRenewState = renew, map[bool]string{true: "On", false: "Off"}[renew]
		a.pending = &pendingRenewal{off: !renew, at: time.Now().Add(lag)}
		return response{status: http.StatusOK, body: body}
	}
	a.NoRenewal, a.pending = !renew, nil
	return response{status: http.StatusOK, body: a.body(x, false)}
}
