package model_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const (
	reservations = "partnercenter_customer_permission_reservations"
	savingsPlans = "partnercenter_customer_permission_savings_plans"
	fleet        = "partnercenter_customer_permissions"
	owner        = "partnercenter_subscription_owner_assignment"
	consent      = "partnercenter_application_consent"
	azurePlan    = "partnercenter_azure_plan"
	renewal      = "partnercenter_reservation_renewal"
)

// The renewal of a reservation of Contoso. No other step changes this reservation.
const (
	reservationID = mockbackend.ContosoReservationID
	reserved      = mockbackend.ContosoAzureReservationOrderID + "/" + reservationID
)

// providersApp is the application with which the provider signs in.
var providersApp = mockbackend.New(mockbackend.Config{}).Partner().ClientID

// consentCustomers may consent to the provider's application. No other step changes these customers.
var consentCustomers = map[string]string{mockbackend.NorthwindID: "Northwind", mockbackend.FabrikamID: "Fabrikam"}

// planCustomers may get an Azure plan. No other step changes these customers. A plan is not a thing, because it
// stays when its resource is destroyed; see onePlan.
var planCustomers = map[string]string{"5f3a1c2e-0b4d-4e6f-8a9b-0c1d2e3f4a51": "Wingtip", "6a4b2d3f-1c5e-4f70-9bac-1d2e3f4a5b62": "Proseware"}

// permissionOf is the permission of a single resource's type, or of a member of a fleet.
var permissionOf = map[string]string{
	reservations: mockbackend.AzureReservedInstances, savingsPlans: mockbackend.AzureSavingsPlan,
	"azure_reservations": mockbackend.AzureReservedInstances, "azure_savings_plans": mockbackend.AzureSavingsPlan,
}

var members = []string{"azure_reservations", "azure_savings_plans"}

// customers all meet the prerequisites. The last two have permissions that were not enabled by the provider.
var customers = []string{mockbackend.AdatumID, mockbackend.LitwareID, mockbackend.ContosoID, mockbackend.TailspinID}

var companies = map[string]string{
	mockbackend.AdatumID: "Adatum", mockbackend.LitwareID: "Litware", mockbackend.ContosoID: "Contoso", mockbackend.TailspinID: "Tailspin",
}

// subscriptions are those on which users become Owners. The relationship with these customers does not end.
var subscriptions = map[string]string{mockbackend.AdatumID: mockbackend.AdatumAzureID, mockbackend.ContosoID: mockbackend.ContosoSecondAzureID}

var users = map[string][]string{
	mockbackend.AdatumID:  {mockbackend.AdatumUserID, mockbackend.AdatumSecondUserID},
	mockbackend.ContosoID: {mockbackend.ContosoUserID, mockbackend.ContosoSecondUserID},
}

// plans are the subscriptions that can be suspended.
var plans = map[string]string{mockbackend.LitwareID: mockbackend.LitwareAzureID, mockbackend.TailspinID: mockbackend.TailspinAzurePlanID}

// thing is something that a resource enables or disables: a permission of a customer, the Owner role of a
// principal on a subscription, a consent of a customer to an application, or the renewal of a reservation.
type thing struct{ of, what string }

func (t thing) String() string {
	if t.what == reservationID {
		return "renewal"
	}
	if company, ok := companies[t.of]; ok {
		return t.what + " of " + company
	}
	if company, ok := consentCustomers[t.of]; ok {
		return "consent of " + company
	}
	return "Owner " + t.what[:8] + " of subscription " + t.of[:8]
}

// says returns the things of a resource's configuration or state: true is on, false is off. Things that the
// resource does not manage are absent.
func says(typeName string, v acctest.Values) map[thing]bool {
	out := map[thing]bool{}
	text := func(name string) string {
		s, _ := v[name].(string)
		return strings.ToLower(s)
	}
	switch typeName {
	case reservations, savingsPlans:
		out[thing{text("customer_id"), permissionOf[typeName]}] = v["enabled"] != false
	case renewal:
		out[thing{text("customer_id"), reservationID}] = v["renew"] == true
	case consent:
		out[thing{text("customer_id"), providersApp}] = true
	case owner:
		if text("principal_id") != "" {
			out[thing{text("subscription_id"), text("principal_id")}] = true
		}
	case fleet:
		listed, _ := v["permissions"].(acctest.Values)
		for id, one := range listed {
			for member, on := range one.(acctest.Values) {
				if on != nil {
					out[thing{strings.ToLower(id), permissionOf[member]}] = on == true
				}
			}
		}
	}
	return out
}

// wants returns the things that a module declares, and their addresses.
func wants(m acctest.Module) (on map[thing]bool, at map[thing][]string) {
	on, at = map[thing]bool{}, map[thing][]string{}
	for _, address := range slices.Sorted(maps.Keys(m)) {
		for t, value := range says(m[address].Type, m[address].Config) {
			on[t] = value
			at[t] = append(at[t], address)
		}
	}
	return on, at
}

// denying returns the address of the fleet with unlisted = "deny", or "".
func denying(m acctest.Module) string {
	for address, d := range m {
		if d.Config["unlisted"] == "deny" {
			return address
		}
	}
	return ""
}

// lists reports whether a fleet has an entry for the customer, which may be {}.
func lists(d acctest.Declaration, customer string) bool {
	listed, _ := d.Config["permissions"].(acctest.Values)
	_, ok := listed[customer]
	return ok
}

// contradiction returns the reason why a module cannot be planned, or "".
func contradiction(m acctest.Module) string {
	seen, plans := map[thing]bool{}, map[any]bool{}
	for _, d := range m {
		if customer := d.Config["customer_id"]; d.Type == azurePlan && plans[customer] {
			return "two resources for a plan"
		} else if d.Type == azurePlan {
			plans[customer] = true
		}
		for t, on := range says(d.Type, d.Config) {
			before, ok := seen[t]
			if ok && (before != on || d.Type == owner || d.Type == consent) {
				return "two resources for " + t.String()
			}
			seen[t] = on
		}
	}
	if deny := denying(m); deny != "" {
		for address, d := range m {
			for t := range says(d.Type, d.Config) {
				if address != deny && d.Type != owner && d.Type != consent && d.Type != renewal && !lists(m[deny], t.of) {
					return "denied and declared: " + t.String()
				}
			}
			if address != deny && d.Config["unlisted"] == "deny" {
				return "two fleets deny"
			}
		}
	}
	return ""
}

// describe returns a resource block as one line.
func describe(address string, d acctest.Declaration) string {
	var what []string
	stated := says(d.Type, d.Config)
	for t, on := range stated {
		what = append(what, fmt.Sprintf("%s %s", t, map[bool]string{true: "on", false: "off"}[on]))
	}
	slices.Sort(what)
	if listed, ok := d.Config["permissions"].(acctest.Values); ok {
		for _, id := range slices.Sorted(maps.Keys(listed)) {
			if len(listed[id].(acctest.Values)) == 0 {
				what = append(what, companies[id]+" {}")
			}
		}
	}
	if d.Config["unlisted"] == "deny" {
		what = append(what, "deny")
	}
	if d.Config["on_error"] == "report" {
		what = append(what, "report")
	}
	if d.Type == azurePlan {
		what = append(what, fmt.Sprintf("plan of %s called %v, on destroy %v", planCustomers[d.Config["customer_id"].(string)], d.Config["friendly_name"], d.Config["on_destroy"]))
	}
	if d.CreateBeforeDestroy {
		what = append(what, "create_before_destroy")
	}
	return address + " = " + strings.Join(what, ", ")
}
