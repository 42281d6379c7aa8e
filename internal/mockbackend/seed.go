package mockbackend

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// The partner of the seed.
const (
	PartnerTenantID = "1d3f0c52-6a4e-4b8e-9c55-2f4a7be0a101"
	PartnerDomain   = "partner-demo.onmicrosoft.com"
)

// The customers of the seed, in the order of the list. Their IDs do not depend on Config.Seed.
const (
	AdatumID              = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202" // active Azure plan with one Azure subscription, and licenses; no policy, and no user of the customer is Owner
	AdatumAzurePlanID     = "3b8f7c10-2d4e-4c61-8f0b-6a9d5e17c606" // its Azure plan
	AdatumAzureID         = "d7a1e5b3-8c24-4f90-b1d6-7e3c9a05f00c" // the Azure subscription below it
	AdatumLicencesID      = "E4F7B2A9-1C3D-4D58-A6E0-2B9C8D7A6909" // licenses: its azureEntitlements are answered 400 with code 800011
	LitwareID             = "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303" // qualifies through a legacy MS-AZR-0145P subscription with upper-case IDs
	LitwareAzureID        = "91D0A3C4-6B7E-4E52-9A1F-0C5D8E7F2707" // that subscription, which is also its Azure subscription
	ContosoID             = "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404" // Azure plan with two Azure subscriptions; both permissions are enabled
	ContosoAzurePlanID    = "5e2d9b47-c1f8-4a36-8b05-d4e7f1a29505"
	ContosoAzureID        = "6f3eac58-d2a9-4b47-9c16-e5f802b3a606" // its first Azure subscription
	ContosoSecondAzureID  = "704fbd69-e3ba-4c58-8d27-f60913c4b707" // its second
	FabrikamID            = "f2d7a094-6e1b-4c85-b3f9-5a0c8d2e7505" // does not qualify: its Azure plan is suspended
	FabrikamAzurePlanID   = "8150ce7a-f4cb-4d69-9e38-071a24d5c808"
	NorthwindID           = "e5a3c1b7-90d8-4f2e-a6b4-7c8d1f0e3606" // does not qualify: licenses only
	NorthwindLicencesID   = "B9D2F4A6-8C1E-4E73-A5B0-9F3D6C8E1A09"
	TailspinID            = "d9c8b7a6-5f4e-4d3c-8b2a-1f0e9d8c7707" // Azure plan; reservations are enabled, savings plans are not
	TailspinAzurePlanID   = "9261df8b-05dc-4e7a-8f49-182b35e6d909"
	TailspinAzureID       = "a372e09c-16ed-4f8b-9a5a-293c46f7ea0a"
	TailspinResellerID    = "484e548c-5b2d-4f1a-9c3e-7d6a5b4c3d2e" // tenant of the indirect reseller of Tailspin
	TailspinResellerMPNID = "1234567"                              // its MPN ID, which orders and subscriptions have
	OtherResellerID       = "b01b1487-4c8e-4a2d-8f3b-6e5d4c3b2a1f" // an indirect reseller without customers

	ContosoReservationOrderID = "Zk7sampleOrderId_A1-b2C3d4E5f6G71" // a reservation that the partner bought; it is in the activity log
	ContosoSoftwareOrderID    = "Pw2sampleOrderId-B3_c4D5e6F7g8H91" // perpetual software, which also has billing cycle one_time
)

// generatedNames are Microsoft's fictitious companies.
var generatedNames = []string{
	"A. Datum", "Adventure Works", "Alpine Ski House", "Blue Yonder Airlines", "City Power and Light", "Coho Vineyard", "Contoso Pharmaceuticals",
	"Fourth Coffee", "Graphic Design Institute", "Humongous Insurance", "Lamna Healthcare", "Lucerne Publishing", "Margie's Travel", "Northwind Traders",
	"Proseware", "Relecloud", "School of Fine Art", "Southridge Video", "The Phone Company", "Trey Research", "VanArsdel", "Wide World Importers", "Wingtip Toys", "Woodgrove Bank",
}

func (b *Backend) seed() {
	b.customerIndex, b.domains = map[string]int{}, map[string]string{}
	b.random = shuffler{rand.New(rand.NewPCG(uint64(b.cfg.Seed), 0x5eed))}
	b.signIn = newSignInState(b.cfg.Seed)
	b.partner = b.signIn.newPartner()
	b.resellers = []IndirectReseller{
		{TailspinResellerID, "First Up Reseller", TailspinResellerMPNID, "US", "Active"},
		{OtherResellerID, "Relecloud Reseller", "1234568", "BR", "Active"},
	}
	limit := b.cfg.Customers
	for i, named := range namedCustomers() {
		if limit > 0 && i >= limit {
			break
		}
		record := b.addCustomer(named.customer, named.subscriptions)
		for _, order := range named.orders {
			b.seedPurchase(record, b.addOrder(record, order))
		}
		if len(named.permissions) > 0 {
			record.policy = newPolicy(record.ID, named.permissions)
		}
	}
	for len(b.customers) < limit {
		b.addGenerated(len(b.customers) + 1)
	}
}

// seedPurchase adds a purchase by the partner to the activity log, if the log reaches back that far.
func (b *Backend) seedPurchase(record *customerRecord, order *Order) {
	if age := time.Since(order.Created); age < 0 || age > auditKept {
		return
	}
	order.CorrelationID = guidFor("correlation", order.ID)
	entry := b.purchaseAudit(record, order)
	entry.at = order.Created
	b.addAudit(entry, order.ID, "", orderDocument(record, order))
}

// addGenerated adds the customer with a number. Its subscriptions are created by subscriptionsOf.
func (b *Backend) addGenerated(number int) {
	name := generatedNames[(number*7+int(uint64(b.cfg.Seed)%1009))%len(generatedNames)]
	record := b.addCustomer(Customer{
		ID:          guidFor("customer", b.cfg.Seed, "/", number),
		CompanyName: fmt.Sprintf("Customer %05d %s", number, name),
		Domain:      fmt.Sprintf("customer%05d-demo.onmicrosoft.com", number),
	}, nil)
	record.generated = number
}

type namedCustomer struct {
	customer      Customer
	subscriptions []Subscription
	orders        []Order // besides those of the subscriptions
	permissions   []string
}

func namedCustomers() []namedCustomer {
	// Within the 90 days of the activity log, but not in the last 30 days.
	reserved := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -40).Add(8*time.Hour + 31*time.Minute + 7*time.Second + 645_567_400)
	return []namedCustomer{
		{
			customer: Customer{ID: AdatumID, CompanyName: "Adatum Demo", Domain: "adatum-demo.onmicrosoft.com"},
			subscriptions: []Subscription{
				{ID: AdatumAzurePlanID, OrderID: "Qm4xZ1sampleOrder1", AzureSubscriptions: []AzureEntitlement{{ID: AdatumAzureID, FriendlyName: "Production"}}},
				licences(AdatumLicencesID, "7A6B5C4D-3E2F-4109-8C7B-6D5E4F3A2B0B", 25),
			},
		},
		{
			customer:      Customer{ID: LitwareID, CompanyName: "Litware Demo", Domain: "litware-demo.onmicrosoft.com"},
			subscriptions: []Subscription{{ID: LitwareAzureID, OfferID: LegacyAzureOfferID, OrderID: "5D2C9E80-3F1A-47B6-8C4D-B7A6E5F4D808", Created: time.Date(2018, time.April, 4, 17, 8, 20, 710_000_000, time.UTC)}},
		},
		{
			customer: Customer{ID: ContosoID, CompanyName: "Contoso Demo", Domain: "contoso-demo.onmicrosoft.com"},
			subscriptions: []Subscription{{ID: ContosoAzurePlanID, OrderID: "Hb7pK2sampleOrder2", AzureSubscriptions: []AzureEntitlement{
				{ID: ContosoAzureID, FriendlyName: "Production"}, {ID: ContosoSecondAzureID, FriendlyName: "Development"},
			}}},
			orders: []Order{
				{ID: ContosoReservationOrderID, Created: reserved, Lines: []OrderLine{{
					OfferID: reservationOffer, FriendlyName: "Reserved VM Instance, Standard_D2s_v5, West Europe, 3 Years", Quantity: 2, TermDuration: "P3Y", UnitPriceCents: 98_765,
					ProvisioningContext: map[string]string{"subscriptionId": ContosoAzureID, "scope": "shared", "duration": "3Years"}, Reservation: &Reservation{},
				}}},
				{ID: ContosoSoftwareOrderID, Created: time.Date(2024, time.April, 18, 13, 5, 9, 70_000_000, time.UTC), Lines: []OrderLine{{
					OfferID: "DG7GSAMPLE01:0005:DG7GSAMPLE02", FriendlyName: "Windows Server 2022 Standard, 16 cores", UnitPriceCents: 106_900, Software: true,
				}}},
			},
			permissions: []string{AzureReservedInstances, AzureSavingsPlan},
		},
		{
			customer:      Customer{ID: FabrikamID, CompanyName: "Fabrikam Demo", Domain: "fabrikam-demo.onmicrosoft.com"},
			subscriptions: []Subscription{{ID: FabrikamAzurePlanID, OrderID: "Tn3vW8sampleOrder3", Status: "suspended"}},
		},
		{
			customer:      Customer{ID: NorthwindID, CompanyName: "Northwind Demo", Domain: "northwind-demo.onmicrosoft.com"},
			subscriptions: []Subscription{licences(NorthwindLicencesID, "C1E3A5B7-2D4F-4A68-9C0B-8E7D6F5A4B1C", 10)},
		},
		{
			customer:      Customer{ID: TailspinID, CompanyName: "Tailspin Demo", Domain: "tailspin-demo.onmicrosoft.com", IndirectReseller: TailspinResellerID},
			subscriptions: []Subscription{{ID: TailspinAzurePlanID, OrderID: "Lc9dR4sampleOrder4", PartnerID: TailspinResellerMPNID, AzureSubscriptions: []AzureEntitlement{{ID: TailspinAzureID, FriendlyName: "Production"}}}},
			permissions:   []string{AzureReservedInstances},
		},
	}
}

const reservationOffer = "DZH318Z0BQ36:004G:DZH318Z0SAMP"

func licences(id, orderID string, quantity int) Subscription {
	return Subscription{
		ID: id, OfferID: "0B7E5D3C-9A8F-4C21-B6D4-E1F0A2B3C40A", OfferName: "Sample Licences", OrderID: orderID, Quantity: quantity,
		Created: time.Date(2018, time.March, 26, 21, 41, 51, 677_000_000, time.UTC),
	}
}
