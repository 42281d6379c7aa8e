package order

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// purchaseAttributes returns the attributes of one purchase: those of the order, and those from other calls.
func purchaseAttributes() map[string]schema.Attribute {
	out := orderAttributes()
	out["order_id"] = schema.StringAttribute{
		MarkdownDescription: "ID of the order. Case-sensitive. Null for a savings plan that was bought outside Partner Center.", Computed: true,
	}
	out["creation_date"] = schema.StringAttribute{
		MarkdownDescription: "Time of the purchase, in RFC 3339 format (UTC): the date of the order or of the savings plan.", Computed: true,
	}
	out["customer_id"] = schema.StringAttribute{MarkdownDescription: "Microsoft Entra tenant ID of the customer, in lower case.", Computed: true}
	out["company_name"] = schema.StringAttribute{MarkdownDescription: "Company name of the customer.", Computed: true}
	out["product_kind"] = schema.StringAttribute{
		MarkdownDescription: "Kind of the product: `reservation`, `savings_plan`, `pre_purchase_plan`, or `unclear` if the fields of the order fit a reservation as well as " +
			"software. `other` for other purchases of a user of the customer.",
		Computed: true,
	}
	out["source"] = schema.StringAttribute{
		MarkdownDescription: "Place of the purchase of a savings plan: `partner_center`, or `outside_partner_center` (the Azure portal or its API). Both the customer and the " +
			"partner can buy there. Null for other products.",
		Computed: true,
	}
	out["amount"] = schema.StringAttribute{
		MarkdownDescription: "Total cost of the purchase as decimal text, in `currency_code`: the price of the order, or the commitment of savings plans for the " +
			"whole term. Null if a part of it is unknown, for example without `include_price`.",
		Computed: true,
	}
	out["currency_code"] = schema.StringAttribute{MarkdownDescription: "Currency of `amount` and `total_price`, such as `USD`.", Computed: true}
	out["savings_plans"] = schema.ListNestedAttribute{
		MarkdownDescription: "Savings plans of the purchase. Empty for everything else.",
		Computed:            true,
		NestedObject:        schema.NestedAttributeObject{Attributes: savingsPlanAttributes()},
	}
	out["reservations"] = schema.ListNestedAttribute{
		MarkdownDescription: "Reservations of the order, as in the data source `partnercenter_reservations`. Empty for a savings plan, and until " +
			"the reservation appears. Null if they cannot be read.",
		Computed:     true,
		NestedObject: schema.NestedAttributeObject{Attributes: reservationAttributes()},
	}
	for name, description := range map[string]string{
		"reservations_unknown_reason": "Reason why `reservations` is null.",
		"buyer":                       "User principal name of the buyer, from the activity log.",
		"buyer_unknown_reason":        "Reason why `buyer` is null.",
		"application":                 "ID or name of the application that created the order, from the activity log. Customers and partners can use the same application.",
		"audit_record_id":             "ID of the record in the activity log.",
		"correlation_id":              "Correlation ID of the call that created the order, for Microsoft support.",
		"bought_by":                   "Who bought: `customer`, `partner`, or `system` for an order of Partner Center itself. Null if it is unknown.",
		"bought_by_reason":            "Evidence for `bought_by`, or the reason why it is null.",
		"permission_unknown_reason":   "Reason why `permission_was_on` is null.",
	} {
		out[name] = schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	out["permission_was_on"] = schema.BoolAttribute{
		MarkdownDescription: "`true` if the permission was enabled at the time of the purchase. For purchases that are `unclear`, both permissions must agree. " +
			"Null if it is unknown.",
		Computed: true,
	}
	return out
}

func savingsPlanAttributes() map[string]schema.Attribute {
	out := make(map[string]schema.Attribute)
	for name, description := range map[string]string{
		"subscription_id":      "ID of the savings plan in Partner Center, in lower case.",
		"friendly_name":        "Name of the savings plan.",
		"offer_id":             "Offer: product:sku:availability.",
		"offer_name":           "Name of the offer.",
		"status":               "Status, such as `active`, `expired` or `disabled`.",
		"billing_cycle":        "Billing cycle, such as `one_time` or `monthly`.",
		"term_duration":        "Term in ISO 8601: `P1Y` or `P3Y`.",
		"commitment_per_hour":  "Commitment per hour as decimal text, in `currency_code`.",
		"total_commitment":     "Commitment for the whole term as decimal text, in `currency_code`. A year counts 8,760 hours.",
		"currency_code":        "Currency, such as `USD`.",
		"scope_type":           "Scope, such as `shared` or `single`.",
		"scope_id":             "ID of the subscription, management group or resource group of the scope, in lower case. Null if there is none.",
		"effective_start_date": "Start of the term, in RFC 3339 format (UTC).",
		"commitment_end_date":  "End of the term, in RFC 3339 format (UTC).",
	} {
		out[name] = schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	out["auto_renew_enabled"] = schema.BoolAttribute{MarkdownDescription: "`true` if the savings plan renews at the end of the term.", Computed: true}
	return out
}

// totalsAttributes returns the attributes of the sums over the purchases.
func totalsAttributes() map[string]schema.Attribute {
	total := func(description string, more ...string) schema.ListNestedAttribute {
		attributes := map[string]schema.Attribute{
			"currency_code": schema.StringAttribute{MarkdownDescription: "Currency, such as `USD`. Null for purchases without a currency.", Computed: true},
			"amount":        schema.StringAttribute{MarkdownDescription: "Sum of the known amounts as decimal text.", Computed: true},
			"purchases":     schema.Int64Attribute{MarkdownDescription: "Number of purchases.", Computed: true},
			"unpriced":      schema.Int64Attribute{MarkdownDescription: "Number of purchases without a known amount, which are not in the sum.", Computed: true},
		}
		for _, name := range more {
			attributes[name] = schema.StringAttribute{MarkdownDescription: map[string]string{
				"customer_id":  "Microsoft Entra tenant ID of the customer, in lower case.",
				"company_name": "Company name of the customer.",
				"month":        "Month in UTC, such as `2026-05`. Null for purchases without a date.",
			}[name], Computed: true}
		}
		return schema.ListNestedAttribute{MarkdownDescription: description, Computed: true, NestedObject: schema.NestedAttributeObject{Attributes: attributes}}
	}
	return map[string]schema.Attribute{
		"totals_by_currency":           total("Totals of all purchases, by currency."),
		"totals_by_customer":           total("Totals by customer and currency.", "customer_id", "company_name"),
		"totals_by_month":              total("Totals by month and currency.", "month"),
		"totals_by_customer_and_month": total("Totals by customer, month and currency.", "customer_id", "company_name", "month"),
	}
}

type selfServePurchasesModel struct {
	tfkit.Period

	CustomerID             types.String      `tfsdk:"customer_id"`
	CustomerIDs            types.List        `tfsdk:"customer_ids"`
	IndirectReseller       types.String      `tfsdk:"indirect_reseller_id"`
	IncludePrice           types.Bool        `tfsdk:"include_price"`
	IncludeSystemPurchases types.Bool        `tfsdk:"include_system_purchases"`
	OnError                types.String      `tfsdk:"on_error"`
	Timeouts               timeouts.Value    `tfsdk:"timeouts"`
	Purchases              []purchaseModel   `tfsdk:"purchases"`
	CustomersRead          types.Int64       `tfsdk:"customers_read"`
	Errors                 map[string]string `tfsdk:"errors"`

	TotalsByCurrency         []totalModel              `tfsdk:"totals_by_currency"`
	TotalsByCustomer         []customerTotalModel      `tfsdk:"totals_by_customer"`
	TotalsByMonth            []monthTotalModel         `tfsdk:"totals_by_month"`
	TotalsByCustomerAndMonth []customerMonthTotalModel `tfsdk:"totals_by_customer_and_month"`
}

type purchaseModel struct {
	orderModel

	CustomerID                string             `tfsdk:"customer_id"`
	CompanyName               types.String       `tfsdk:"company_name"`
	ProductKind               string             `tfsdk:"product_kind"`
	Source                    types.String       `tfsdk:"source"`
	Amount                    types.String       `tfsdk:"amount"`
	SavingsPlans              []savingsPlanModel `tfsdk:"savings_plans"`
	Reservations              []reservationModel `tfsdk:"reservations"`
	ReservationsUnknownReason types.String       `tfsdk:"reservations_unknown_reason"`
	Buyer                     types.String       `tfsdk:"buyer"`
	BuyerUnknownReason        types.String       `tfsdk:"buyer_unknown_reason"`
	Application               types.String       `tfsdk:"application"`
	AuditRecordID             types.String       `tfsdk:"audit_record_id"`
	CorrelationID             types.String       `tfsdk:"correlation_id"`
	BoughtBy                  types.String       `tfsdk:"bought_by"`
	BoughtByReason            string             `tfsdk:"bought_by_reason"`
	PermissionWasOn           types.Bool         `tfsdk:"permission_was_on"`
	PermissionUnknownReason   types.String       `tfsdk:"permission_unknown_reason"`
}

type savingsPlanModel struct {
	SubscriptionID     string       `tfsdk:"subscription_id"`
	FriendlyName       types.String `tfsdk:"friendly_name"`
	OfferID            types.String `tfsdk:"offer_id"`
	OfferName          types.String `tfsdk:"offer_name"`
	Status             types.String `tfsdk:"status"`
	BillingCycle       types.String `tfsdk:"billing_cycle"`
	TermDuration       types.String `tfsdk:"term_duration"`
	CommitmentPerHour  types.String `tfsdk:"commitment_per_hour"`
	TotalCommitment    types.String `tfsdk:"total_commitment"`
	CurrencyCode       types.String `tfsdk:"currency_code"`
	ScopeType          types.String `tfsdk:"scope_type"`
	ScopeID            types.String `tfsdk:"scope_id"`
	EffectiveStartDate types.String `tfsdk:"effective_start_date"`
	CommitmentEndDate  types.String `tfsdk:"commitment_end_date"`
	AutoRenewEnabled   types.Bool   `tfsdk:"auto_renew_enabled"`
}

type totalModel struct {
	CurrencyCode types.String `tfsdk:"currency_code"`
	Amount       string       `tfsdk:"amount"`
	Purchases    int64        `tfsdk:"purchases"`
	Unpriced     int64        `tfsdk:"unpriced"`
}

type customerTotalModel struct {
	totalModel

	CustomerID  string       `tfsdk:"customer_id"`
	CompanyName types.String `tfsdk:"company_name"`
}

type monthTotalModel struct {
	totalModel

	Month types.String `tfsdk:"month"`
}

type customerMonthTotalModel struct {
	customerTotalModel

	Month types.String `tfsdk:"month"`
}

// total sets the totals.
func (m *selfServePurchasesModel) total(purchases []partnercenter.Purchase) {
	m.TotalsByCurrency, m.TotalsByCustomer = []totalModel{}, []customerTotalModel{}
	m.TotalsByMonth, m.TotalsByCustomerAndMonth = []monthTotalModel{}, []customerMonthTotalModel{}
	sums := func(t partnercenter.PurchaseTotal) totalModel {
		return totalModel{tfkit.OrNull(t.CurrencyCode), string(t.Amount), int64(t.Purchases), int64(t.Unpriced)}
	}
	customer := func(t partnercenter.PurchaseTotal) customerTotalModel {
		return customerTotalModel{sums(t), t.CustomerID, tfkit.OrNull(t.CustomerName)}
	}
	for _, t := range partnercenter.PurchaseTotals(purchases, partnercenter.Grouping{}) {
		m.TotalsByCurrency = append(m.TotalsByCurrency, sums(t))
	}
	for _, t := range partnercenter.PurchaseTotals(purchases, partnercenter.Grouping{Customer: true}) {
		m.TotalsByCustomer = append(m.TotalsByCustomer, customer(t))
	}
	for _, t := range partnercenter.PurchaseTotals(purchases, partnercenter.Grouping{Month: true}) {
		m.TotalsByMonth = append(m.TotalsByMonth, monthTotalModel{sums(t), tfkit.OrNull(t.Month)})
	}
	for _, t := range partnercenter.PurchaseTotals(purchases, partnercenter.Grouping{Customer: true, Month: true}) {
		m.TotalsByCustomerAndMonth = append(m.TotalsByCustomerAndMonth, customerMonthTotalModel{customer(t), tfkit.OrNull(t.Month)})
	}
}

func purchaseFromAPI(p partnercenter.Purchase) purchaseModel {
	m := purchaseModel{
		orderModel: orderFromAPI(p.Order), CustomerID: strings.ToLower(p.CustomerID), CompanyName: tfkit.OrNull(p.CustomerName),
		ProductKind: string(p.Kind), Source: tfkit.OrNull(string(p.Source)), Amount: tfkit.OrNull(string(p.Amount)), SavingsPlans: []savingsPlanModel{},
		ReservationsUnknownReason: tfkit.OrNull(p.ReservationsUnknown), BuyerUnknownReason: tfkit.OrNull(p.BuyerUnknown),
		BoughtBy: tfkit.OrNull(string(p.BoughtBy)), BoughtByReason: p.Evidence,
		PermissionWasOn: types.BoolPointerValue(p.PermissionWasOn), PermissionUnknownReason: tfkit.OrNull(p.PermissionUnknown),
	}
	m.CreationDate, m.CurrencyCode = tfkit.OrNull(p.BoughtAt.String()), tfkit.OrNull(p.CurrencyCode)
	for _, s := range p.SavingsPlans {
		m.SavingsPlans = append(m.SavingsPlans, savingsPlanModel{
			SubscriptionID: strings.ToLower(s.SubscriptionID), FriendlyName: tfkit.OrNull(s.FriendlyName), OfferID: tfkit.OrNull(s.OfferID),
			OfferName: tfkit.OrNull(s.OfferName), Status: tfkit.OrNull(string(s.Status)), BillingCycle: tfkit.OrNull(string(s.BillingCycle)),
			TermDuration: tfkit.OrNull(s.TermDuration), CommitmentPerHour: tfkit.OrNull(string(s.HourlyCommitment)),
			TotalCommitment: tfkit.OrNull(string(s.TotalCommitment())), CurrencyCode: tfkit.OrNull(s.CurrencyCode),
			ScopeType: tfkit.OrNull(string(s.ScopeType)), ScopeID: tfkit.OrNull(strings.ToLower(s.ScopeID)),
			EffectiveStartDate: tfkit.OrNull(s.Start.String()), CommitmentEndDate: tfkit.OrNull(s.End.String()), AutoRenewEnabled: types.BoolPointerValue(s.AutoRenew),
		})
	}
	if p.ReservationsUnknown == "" {
		m.Reservations = reservationsFromAPI(p.Reservations)
	}
	if r := p.Record; r != nil {
		m.Buyer, m.Application = tfkit.OrNull(string(r.UserPrincipalName)), tfkit.OrNull(string(r.ApplicationID))
		m.AuditRecordID, m.CorrelationID = tfkit.OrNull(r.ID), tfkit.OrNull(string(r.OriginalCorrelationID))
	}
	return m
}
