package mockbackend

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/http"
	"strings"
)

// The catalog has one product, the Azure plan (DEV/get-a-list-of-products). Only its availability differs by country.
const (
	azurePlanProductID = "DZH318Z0BPS6"
	azurePlanSKU       = "0001"
	azurePlanTitle     = "Microsoft Azure plan"
)

// unsupportedCountries are countries where the partner cannot sell the Azure plan (choice).
var unsupportedCountries = map[string]bool{"AQ": true, "CU": true, "IR": true, "KP": true, "SY": true}

// availability returns the ID of the availability in a country. RenewAvailabilities changes it.
func (b *Backend) availability(country string) string {
	if b.catalogVersion == 0 {
		switch country {
		case "US":
			return "DZH318Z0BML6"
		case "GB":
			return "DZH318Z0BMGV"
		}
	}
	sum := sha256.Sum256(fmt.Append(nil, "availability ", country, b.catalogVersion))
	return "DZH318Z0B" + base32.StdEncoding.EncodeToString(sum[:])[:3]
}

// RenewAvailabilities gives the availabilities of all countries new IDs, as Microsoft does from time to time. A
// purchase with an earlier ID is refused.
func (b *Backend) RenewAvailabilities() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.catalogVersion++
}

// catalogItem returns the catalog item ID of the Azure plan in a country.
func (b *Backend) catalogItem(country string) string {
	return azurePlanProductID + ":" + azurePlanSKU + ":" + b.availability(country)
}

type productBody struct {
	ID          string           `json:"id"`
	Title       string           `json:"title"`
	Description string           `json:"description"`
	ProductType catalogType      `json:"productType"`
	Links       map[string]*link `json:"links"`
}

type catalogType struct {
	ID          string       `json:"id"`
	DisplayName string       `json:"displayName"`
	SubType     *catalogType `json:"subType,omitempty"`
}

type skuBody struct {
	ID                     string           `json:"id"`
	ProductID              string           `json:"productId"`
	Title                  string           `json:"title"`
	Description            string           `json:"description"`
	MinimumQuantity        int              `json:"minimumQuantity"`
	MaximumQuantity        int              `json:"maximumQuantity"`
	IsTrial                bool             `json:"isTrial"`
	SupportedBillingCycles []string         `json:"supportedBillingCycles"`
	PurchasePrerequisites  []string         `json:"purchasePrerequisites"`
	InventoryVariables     []string         `json:"inventoryVariables"`
	ProvisioningVariables  []string         `json:"provisioningVariables"`
	Actions                []string         `json:"actions"`
	DynamicAttributes      map[string]any   `json:"dynamicAttributes"`
	Links                  map[string]*link `json:"links"`
}

type availabilityBody struct {
	ID              string            `json:"id"`
	ProductID       string            `json:"productId"`
	SKUID           string            `json:"skuId"`
	CatalogItemID   string            `json:"catalogItemId,omitempty"`
	DefaultCurrency map[string]string `json:"defaultCurrency"`
	Segment         string            `json:"segment"`
	Country         string            `json:"country"`
	IsPurchasable   bool              `json:"isPurchasable"`
	IsRenewable     bool              `json:"isRenewable"`
	Product         productBody       `json:"product"`
	SKU             skuBody           `json:"sku"`
	Links           map[string]*link  `json:"links"`
}

func (x *exchange) productBody(country string) productBody {
	self := "/products/" + azurePlanProductID
	return productBody{
		ID: azurePlanProductID, Title: azurePlanTitle, Description: azurePlanTitle,
		ProductType: catalogType{"Azure", "Azure", &catalogType{"Azure", "Azure", nil}},
		Links:       map[string]*link{"skus": x.link(self + "/skus?country=" + country), "self": x.link(self + "?country=" + country)},
	}
}

func (x *exchange) skuBody(country string) skuBody {
	self := "/products/" + azurePlanProductID + "/skus/" + azurePlanSKU
	return skuBody{
		ID: azurePlanSKU, ProductID: azurePlanProductID, Title: azurePlanTitle, Description: "Microsoft Azure plan (MS-AZR-0017G)", MinimumQuantity: 1, MaximumQuantity: 1,
		SupportedBillingCycles: []string{"one_time"}, PurchasePrerequisites: []string{customerAgreementType}, InventoryVariables: []string{}, ProvisioningVariables: []string{},
		Actions: []string{"Refund"}, DynamicAttributes: map[string]any{"isMicrosoftProduct": true, "pilotProgram": "modernazurepilot"},
		Links: map[string]*link{"availabilities": x.link(self + "/availabilities?country=" + country), "self": x.link(self + "?country=" + country)},
	}
}

// currency returns the code and the sign of the currency of a country. The countries are a choice.
func currency(country string) (code, sign string) {
	switch country {
	case "GB":
		return "GBP", "£"
	case "AT", "BE", "DE", "ES", "FI", "FR", "IE", "IT", "NL", "PT":
		return "EUR", "€"
	case "CH":
		return "CHF", "CHF"
	}
	return "USD", "$"
}

func (b *Backend) availabilityBody(x *exchange, country string) availabilityBody {
	id := b.availability(country)
	code, sign := currency(country)
	body := availabilityBody{
		ID: id, ProductID: azurePlanProductID, SKUID: azurePlanSKU, CatalogItemID: b.catalogItem(country), DefaultCurrency: map[string]string{"code": code, "symbol": sign},
		Segment: "commercial", Country: country, IsPurchasable: true, Product: x.productBody(country), SKU: x.skuBody(country),
		Links: map[string]*link{"self": x.link("/products/" + azurePlanProductID + "/skus/" + azurePlanSKU + "/availabilities/" + id + "?country=" + country)},
	}
	if x.knobs.NoCatalogItemID {
		body.CatalogItemID = ""
	}
	return body
}

// market returns the country of a catalog call: the country of the customer, or of the query.
func (b *Backend) market(x *exchange) (country string, refused response, ok bool) {
	if id, scoped := x.values["customer"]; scoped {
		record, refused, ok := b.customerOf(x, id)
		if !ok {
			return "", refused, false
		}
		country = record.Country
	} else if country = strings.ToUpper(queryValue(x.query, "country")); len(country) != 2 {
		return "", failure(http.StatusBadRequest, invalidRequestInput, "country %q is not a country.", country), false
	}
	switch target, view := strings.ToLower(queryValue(x.query, "targetSegment")), strings.ToLower(queryValue(x.query, "targetView")); {
	case target != "" && target != "commercial":
		return "", failure(http.StatusForbidden, 400030, "The target segment %q is not accessible.", target), false
	case view != "" && !strings.HasPrefix(view, "microsoftazure") && view != "azure":
		return "", failure(http.StatusForbidden, 400036, "The target view %q is not accessible.", view), false
	}
	if product, ok := x.values["product"]; ok && !strings.EqualFold(product, azurePlanProductID) {
		return "", failure(http.StatusNotFound, 400013, "The product %s was not found.", product), false
	}
	if sku, ok := x.values["sku"]; ok && sku != azurePlanSKU {
		return "", failure(http.StatusNotFound, 400018, "The SKU %s was not found.", sku), false
	}
	if id, ok := x.values["availability"]; ok && !strings.EqualFold(id, b.availability(country)) {
		return "", failure(http.StatusNotFound, 400019, "The availability %s was not found.", id), false
	}
	return country, response{}, true
}

// catalogCall serves the calls of the catalog, for a country or for a customer.
func catalogCall(body func(b *Backend, x *exchange, country string) any) func(*Backend, *exchange) response {
	return func(b *Backend, x *exchange) response {
		country, refused, ok := b.market(x)
		if !ok {
			return refused
		}
		return response{status: http.StatusOK, body: body(b, x, country)}
	}
}

// The calls: DEV/get-a-list-of-products, DEV/get-a-list-of-skus-for-a-product, DEV/get-a-list-of-availabilities-for-a-sku
// and their forms for one item and by customer.
var (
	listProducts = catalogCall(func(b *Backend, x *exchange, country string) any {
		products := []productBody{}
		if !unsupportedCountries[country] {
			products = append(products, x.productBody(country))
		}
		return collectionOf(b, x, products)
	})
	getProduct = catalogCall(func(_ *Backend, x *exchange, country string) any { return x.productBody(country) })
	listSKUs   = catalogCall(func(b *Backend, x *exchange, country string) any {
		return collectionOf(b, x, []skuBody{x.skuBody(country)})
	})
	getSKU             = catalogCall(func(_ *Backend, x *exchange, country string) any { return x.skuBody(country) })
	listAvailabilities = catalogCall(func(b *Backend, x *exchange, country string) any {
		found := []availabilityBody{}
		if !unsupportedCountries[country] {
			found = append(found, b.availabilityBody(x, country))
		}
		if x.knobs.MoreAvailabilities { // availabilities that a commercial customer cannot buy
			other := b.availabilityBody(x, country)
			other.ID, other.CatalogItemID, other.IsPurchasable = "DZH318Z0BXX1", azurePlanProductID+":"+azurePlanSKU+":DZH318Z0BXX1", false
			education := b.availabilityBody(x, country)
			education.ID, education.CatalogItemID, education.Segment = "DZH318Z0BXX2", azurePlanProductID+":"+azurePlanSKU+":DZH318Z0BXX2", "education"
			found = append([]availabilityBody{other, education}, found...)
		}
		return collectionOf(b, x, found)
	})
	getAvailability = catalogCall(func(b *Backend, x *exchange, country string) any { return b.availabilityBody(x, country) })
)

// catalogRoutes are the routes of the catalog, each for a country and for a customer.
func catalogRoutes() []route {
	const products, product = "/products", "/products/{product}"
	const skus, sku = product + "/skus", product + "/skus/{sku}"
	const availabilities, availability = sku + "/availabilities", sku + "/availabilities/{availability}"
	var routes []route
	for _, by := range []struct {
		prefix string
		query  []string
	}{{"/v1", []string{"country"}}, {"/v1/customers/{customer}", nil}} {
		query := append([]string{"targetSegment", "targetView", "reservationScope"}, by.query...)
		routes = append(routes,
			route{"GET", by.prefix + products, anyCaller, query, listProducts},
			route{"GET", by.prefix + product, anyCaller, query, getProduct},
			route{"GET", by.prefix + skus, anyCaller, query, listSKUs},
			route{"GET", by.prefix + sku, anyCaller, query, getSKU},
			route{"GET", by.prefix + availabilities, anyCaller, query, listAvailabilities},
			route{"GET", by.prefix + availability, anyCaller, query, getAvailability},
		)
	}
	return routes
}
