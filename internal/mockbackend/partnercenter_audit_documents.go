package mockbackend

import (
	"fmt"
	"strings"
)

// orderDocument is an order in resourceOldValue and resourceNewValue: PascalCase with explicit nulls.
func orderDocument(record *customerRecord, o *Order) string {
	type documentLine struct {
		LineItemNumber                       int
		OfferID                              string  `json:"OfferId"`
		SubscriptionID                       *string `json:"SubscriptionId"`
		ParentSubscriptionID                 *string `json:"ParentSubscriptionId"`
		TermDuration                         *string
		TransactionType, FriendlyName        string
		Quantity                             int
		PartnerIDOnRecord                    *string `json:"PartnerIdOnRecord"`
		ProvisioningContext                  map[string]string
		AdditionalPartnerIDsOnRecord         *struct{} `json:"AdditionalPartnerIdsOnRecord"`
		PromotionID                          *struct{} `json:"PromotionId"`
		Pricing, RenewsTo, CustomTermEndDate *struct{}
	}
	var document struct {
		ID                         string  `json:"Id"`
		AlternateID                *string `json:"AlternateId"`
		ReferenceCustomerID        string  `json:"ReferenceCustomerId"`
		BillingCycle, CurrencyCode string
		CurrencySymbol             *string
		LineItems                  []documentLine
		CreationDate               string
		TotalPrice                 *struct{}
		Status, TransactionType    string
		Links                      *struct{}
		Client                     struct{ MarketplaceCountry, DeviceFamily, Name *string }
		Attributes                 struct {
			Etag       *string
			ObjectType string
		}
	}
	document.ID, document.AlternateID, document.ReferenceCustomerID, document.BillingCycle, document.CurrencyCode = o.ID, orNull(o.AlternateID), record.ID, o.BillingCycle, "USD"
	document.CreationDate, document.Status, document.TransactionType = sevenDigits(o.Created), o.Status, o.TransactionType
	document.Client.MarketplaceCountry, document.Client.DeviceFamily, document.Client.Name = orNull(o.Client.MarketplaceCountry), orNull(o.Client.DeviceFamily), orNull(o.Client.Name)
	document.Attributes.ObjectType = "Order"
	for i, line := range o.Lines {
		document.LineItems = append(document.LineItems, documentLine{
			LineItemNumber: i, OfferID: line.OfferID, SubscriptionID: orNull(line.SubscriptionID), TermDuration: orNull(line.TermDuration),
			TransactionType: line.TransactionType, FriendlyName: line.FriendlyName, Quantity: line.Quantity, PartnerIDOnRecord: orNull(line.PartnerID),
			ProvisioningContext: line.ProvisioningContext,
		})
	}
	return string(encodeJSON(document))
}

// customizedData has the keys of the page's example. The number after the dash is the number of the line.
func (o *Order) customizedData() []CustomizedDatum {
	var cycle strings.Builder // one_time is OneTime here
	for word := range strings.FieldsFuncSeq(o.BillingCycle, func(r rune) bool { return r == '_' }) {
		cycle.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	data := []CustomizedDatum{{"OrderId", o.ID}, {"AlternateId", o.AlternateID}, {"BillingCycle", cycle.String()}}
	for i, line := range o.Lines {
		key := func(name string) string { return fmt.Sprintf("%s-%d", name, i) }
		data = append(data, CustomizedDatum{key("OfferId"), line.OfferID}, CustomizedDatum{key("SubscriptionId"), line.SubscriptionID},
			CustomizedDatum{key("SubscriptionName"), line.FriendlyName}, CustomizedDatum{key("Quantity"), fmt.Sprint(line.Quantity)},
			CustomizedDatum{key("PartnerOnRecord"), line.PartnerID})
	}
	return data
}

// policyDocument is a policy in resourceOldValue and resourceNewValue. It is empty without a policy.
func policyDocument(policy *Policy) string {
	if policy == nil {
		return ""
	}
	type permission struct{ Resource, Action string }
	var document struct {
		ID              string `json:"Id"`
		SelfServeEntity struct{ SelfServeEntityType, TenantID string }
		Grantor         struct{ GrantorType, TenantID string }
		Permissions     []permission
		Attributes      struct{ Etag, ObjectType string }
		Links           *struct{}
	}
	document.ID = policy.ID
	document.SelfServeEntity.SelfServeEntityType, document.SelfServeEntity.TenantID = entityTypeCustomer, policy.CustomerID
	document.Grantor.GrantorType, document.Grantor.TenantID = grantorTypeBillTo, policy.PartnerID
	document.Attributes.Etag, document.Attributes.ObjectType = policy.ETag, selfServePolicyType
	for _, resource := range policy.Permissions {
		document.Permissions = append(document.Permissions, permission{resource, actionPurchase})
	}
	return string(encodeJSON(document))
}
