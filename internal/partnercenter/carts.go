package partnercenter

import (
	"context"
	"fmt"
	"net/http"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// cart is the JSON form of a cart with one line.
type cart struct {
	ID                                 string     `json:"id,omitempty"`
	PartnerOnRecordAttestationAccepted bool       `json:"partnerOnRecordAttestationAccepted"`
	Lines                              []cartLine `json:"lineItems"`
}

type cartLine struct {
	ID            int               `json:"id"`
	CatalogItemID string            `json:"catalogItemId"`
	Quantity      int               `json:"quantity"`
	BillingCycle  string            `json:"billingCycle"`
	Participants  []cartParticipant `json:"participants,omitempty"`
	Error         *CartLineError    `json:"error,omitempty"`
}

type cartParticipant struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// CartLineError means that Partner Center created a cart but refused its line
// (https://learn.microsoft.com/partner-center/developer/cart-resources).
type CartLineError struct {
	// Code is a number such as 10002, or a name.
	Code        Text `json:"errorCode"`
	Description Text `json:"errorDescription"`
	Additional  Text `json:"additionalInformation"`
}

func (e *CartLineError) Error() string {
	text := fmt.Sprintf("Partner Center refuses the Azure plan in the cart (code %s): %s", e.Code, e.Description)
	if e.Additional != "" {
		text += " (" + string(e.Additional) + ")"
	}
	return text
}

// Remedy returns what to do.
func (e *CartLineError) Remedy() string { return cartRemedies[string(e.Code)] }

// Outcome reports that nothing was bought.
func (*CartLineError) Outcome() Outcome { return Refused }

// cartRemedies contains the remedies for the error codes of a cart line.
var cartRemedies = map[string]string{
	"10002":  "The customer cannot get another Azure plan. Check its subscriptions in Partner Center.",
	"10004":  "The partner cannot name an indirect reseller. Remove the reseller; only indirect providers have one.",
	"10009":  "The limit of the integration sandbox is reached. Ask Microsoft support to remove an Azure plan there.",
	"10012":  "The attestation of the partner of record is missing. It has to be accepted.",
	"500600": "The offer is not for sale any more.",
}

// createCart creates a cart with an Azure plan, which buys nothing yet. The same request ID returns the same cart, also
// to another process.
// POST /v1/customers/{customer}/carts, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/create-a-cart).
func (c *Client) createCart(ctx context.Context, customerID, catalogItem, resellerID, requestID string) (string, error) {
	line := cartLine{CatalogItemID: catalogItem, Quantity: 1, BillingCycle: "one_time"}
	if resellerID != "" {
		line.Participants = []cartParticipant{{"transaction_reseller", resellerID}}
	}
	var out cart
	_, err := c.send(ctx, call{
		method: http.MethodPost, path: pathOf("customers", customerID, "carts"), body: cart{PartnerOnRecordAttestationAccepted: true, Lines: []cartLine{line}},
		repeat: httppipe.RepeatSafe, // an additional cart buys nothing
		check:  needs(&out.ID), requestID: requestID,
	}, &out)
	if err != nil {
		return "", err
	}
	for _, l := range out.Lines {
		if l.Error != nil && (l.Error.Code != "" || l.Error.Description != "") {
			return "", l.Error
		}
	}
	return out.ID, nil
}

// checkout buys the content of a cart once; a retry returns the order of the first call
// (https://learn.microsoft.com/partner-center/developer/checkout-a-cart).
// POST /v1/customers/{customer}/carts/{cart}/checkout, app-only or app+user.
func (c *Client) checkout(ctx context.Context, customerID, cartID string) (Order, error) {
	var out struct {
		Orders []Order      `json:"orders"`
		Errors []OrderError `json:"orderErrors"`
	}
	_, err := c.send(ctx, call{
		method: http.MethodPost, path: pathOf("customers", customerID, "carts", cartID, "checkout"), repeat: httppipe.RepeatSafe,
		check: func() error {
			if len(out.Errors) == 0 && (len(out.Orders) == 0 || out.Orders[0].ID == "") {
				return errUnreadable
			}
			return nil
		},
	}, &out)
	switch {
	case err != nil:
		return Order{}, err
	case len(out.Orders) > 0 && out.Orders[0].ID != "":
		return out.Orders[0], nil
	}
	return Order{}, &out.Errors[0]
}

// OrderError means that the checkout succeeded as a request, but nothing was bought.
type OrderError struct {
	Code        Text `json:"code"`
	Description Text `json:"description"`
}

func (e *OrderError) Error() string {
	return fmt.Sprintf("Partner Center did not place the order (code %s): %s", e.Code, e.Description)
}

// Remedy returns what to do.
func (e *OrderError) Remedy() string { return remedies[string(e.Code)] }

// Outcome reports that nothing was bought.
func (*OrderError) Outcome() Outcome { return Refused }
