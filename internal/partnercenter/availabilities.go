package partnercenter

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// azurePlanSKU is the SKU of the Azure plan; see azurePlanProduct.
const azurePlanSKU = "0001"

// azurePlanItem returns the catalog item of the Azure plan in the customer's market. Its ID changes from time to time,
// so use it immediately and do not store it.
// GET /v1/customers/{customer}/products/{product}/skus/{sku}/availabilities, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/get-a-list-of-availabilities-for-a-sku-by-customer).
func (c *Client) azurePlanItem(ctx context.Context, customerID string) (string, error) {
	type availability struct {
		CatalogItemID string `json:"catalogItemId"`
		Segment       string `json:"segment"`
		IsPurchasable bool   `json:"isPurchasable"`
	}
	var purchasable []availability
	list := call{method: http.MethodGet, path: pathOf("customers", customerID, "products", azurePlanProduct, "skus", azurePlanSKU, "availabilities")}
	for a, err := range all[availability](ctx, c, list) {
		if err != nil {
			return "", err
		}
		if a.IsPurchasable {
			purchasable = append(purchasable, a)
		}
	}
	for _, a := range purchasable {
		if len(purchasable) > 1 && !strings.EqualFold(a.Segment, "commercial") {
			continue
		}
		if a.CatalogItemID == "" {
			return "", errors.New("the catalog names no item of the Azure plan that can be bought")
		}
		return a.CatalogItemID, nil
	}
	return "", &NoAzurePlanForSaleError{CustomerID: customerID}
}

// NoAzurePlanForSaleError means that the catalog has no Azure plan for the customer's country.
type NoAzurePlanForSaleError struct{ CustomerID string }

func (e *NoAzurePlanForSaleError) Error() string {
	return "The catalog has no Azure plan that can be bought in the country of customer " + e.CustomerID + "."
}

// Remedy returns what to do.
func (*NoAzurePlanForSaleError) Remedy() string {
	return "Check the country of the customer's billing address, and that the partner may sell there: " + docs + "developer/create-azure-plan."
}

// Outcome reports that nothing was bought.
func (*NoAzurePlanForSaleError) Outcome() Outcome { return Refused }
