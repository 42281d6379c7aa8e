package mockbackend

import (
	"slices"
	"strings"
	"time"
)

// moreData is data that a Behaviour adds to the customers of the mock: savings plans, purchases by customers,
// agreements.
type moreData struct {
	savingsPlan *SavingsPlan
	selfServe   *selfServeOrder
	// azureOnly adds a reservation that only Azure returns, not Partner Center.
	azureOnly, allAgreed, noneDirect, noAzure bool
}

// selfServeOrder is an order that a user of a customer placed.
type selfServeOrder struct {
	hidden, withContext, noEntitlement bool
	client                             string
}

// currentKnobs returns the knobs after the answers played so far.
func (b *Behaviour) currentKnobs() Knobs {
	k := DefaultKnobs()
	for _, change := range b.knobs {
		change(&k)
	}
	return k
}

// savingsPlan plays the fields of a savings plan.
func (b *Behaviour) savingsPlan(property, answer string) bool {
	if b.more.savingsPlan == nil {
		b.more.savingsPlan = &SavingsPlan{}
	}
	plan := b.more.savingsPlan
	switch property {
	case "order":
		plan.OutsidePartnerCenter = answer == "no"
		return answer == "yes" || answer == "no"
	case "unit_type":
		return answer != "absent" && b.knob(func(k *Knobs) { k.SavingsPlanUnitType = answer })
	case "billing_type":
		return answer != "absent" && b.knob(func(k *Knobs) { k.SavingsPlanBillingType = answer })
	case "line_fields":
		return b.knob(func(k *Knobs) { k.SavingsPlanLineFields = answer })
	case "commitment":
		has := strings.Contains(b.currentKnobs().SavingsPlanLineFields, "purchaseCommitment")
		switch answer {
		case "number":
			return has && !b.currentKnobs().NumbersAsStrings
		case "text":
			return has && b.knob(func(k *Knobs) { k.CommitmentAsString = true })
		}
		return answer == "absent" && !has
	case "scope":
		has := strings.Contains(b.currentKnobs().SavingsPlanLineFields, "scope")
		switch answer {
		case "type":
		case "subscriptionId,type":
			plan.ScopeType, plan.ScopeID = "Shared", AdatumAzurePlanID
		case "entitlementId,type":
			plan.ScopeType, plan.ScopeID = "Single", AdatumAzureID
		default:
			return answer == "none" && !has
		}
		return has
	}
	return false
}

// selfServe plays how the API returns an order of a customer's user.
func (b *Behaviour) selfServe(property, answer string) bool {
	if b.more.selfServe == nil {
		b.more.selfServe = &selfServeOrder{client: azurePortalName}
	}
	order := b.more.selfServe
	switch property {
	case "order":
		order.hidden = answer == "missing"
		return answer == "listed" || answer == "missing"
	case "order_client":
		if order.client = answer; answer == "absent" { // the other orders of the mock lack it only with this knob
			return b.currentKnobs().NoOrderClient
		}
		return !b.currentKnobs().NoOrderClient
	case "order_context":
		order.withContext = answer == "yes"
		return answer == "yes" || answer == "no"
	case "application":
		return answer == "name" || answer == "ID" && b.knob(func(k *Knobs) { k.PurchaseApplicationID = true })
	case "entitlement":
		order.noEntitlement = answer == "missing"
		return answer == "listed" || answer == "missing" || b.choices["reads_entitlements"].matches(answer)
	}
	return false
}

// matches reports whether an answer is this refusal.
func (r refusalCode) matches(answer string) bool {
	other, err := parseRefusal(answer)
	return err == nil && other == r
}

// agreement plays the answer for a customer without an agreement, or with an agreement that it accepted directly.
func (b *Behaviour) agreement(probe, answer string) bool {
	switch answer {
	case "empty list", "not listed":
		return true
	case "listed":
		return b.knob(func(k *Knobs) { k.DirectAgreementListed = true })
	}
	switch {
	case b.SignInAs == "app-only": // app-only callers are refused before the agreement is read
		return answer == "403/900329"
	case probe == "direct_agreement":
		return b.code(probe, answer)
	case strings.HasPrefix(answer, "404"):
		return b.knob(func(k *Knobs) { k.NoAgreementNotFound = true }) && b.code(probe, answer)
	}
	return b.code("agreements", answer)
}

// azureReservations plays which reservations Azure returns to the user. In the mock, one customer has all
// reservations that customers bought.
func (b *Behaviour) azureReservations(probe, answer string) bool {
	if b.more.noAzure { // the user has access to the tenants, but reads no Owner there
		if b.SignInAs == "admin" || b.SignInAs == "app-only" {
			return false
		}
		b.knob(func(k *Knobs) { k.CustomerTenants = CustomerTenantsOpen })
	}
	if b.noReservations && probe != "self_serve_in_azure" {
		return false
	}
	access := b.currentKnobs().ReservationAccess
	switch probe {
	case "azure_reservations_listed":
		b.more.azureOnly = answer == "some"
		return answer == "all" || answer == "some"
	case "self_serve_in_azure":
		return answer == "listed" && access == ReservationAccessAll || answer == "missing" && access != ReservationAccessAll ||
			answer == "403" && b.currentKnobs().ReservationListForbidden
	}
	switch answer {
	case "all":
		return true
	case "some":
		return b.more.selfServe != nil && b.knob(func(k *Knobs) { k.ReservationAccess = ReservationAccessPartner })
	case "empty list":
		return b.knob(func(k *Knobs) { k.ReservationAccess = ReservationAccessNone })
	case "403":
		return b.knob(func(k *Knobs) { k.ReservationAccess, k.ReservationListForbidden = ReservationAccessNone, true })
	}
	return false
}

// addMore adds the data to a new backend.
func (b *Backend) addMore(more *moreData) {
	if more.savingsPlan != nil {
		b.addSubscription(b.customer(AdatumID), Subscription{SavingsPlan: more.savingsPlan})
	}
	contoso := b.customer(ContosoID)
	if more.selfServe != nil {
		b.addSelfServe(contoso, more.selfServe)
	}
	if more.azureOnly {
		b.azureReservationsOf(contoso)
		a := AzureReservation{}
		b.fillAzureReservation(contoso, &a)
		contoso.reservations = append(contoso.reservations, &a)
	}
	if more.allAgreed {
		b.customer(FabrikamID).agreements = &CustomerAgreements{Confirmed: slices.Clone(b.agreementsOf(b.customer(AdatumID)).Confirmed)}
		if !b.knobs.DirectAgreementListed {
			more.noneDirect = true
		}
	}
	if more.noneDirect {
		contoso.agreements = &CustomerAgreements{Confirmed: slices.Clone(b.agreementsOf(b.customer(AdatumID)).Confirmed)}
	}
}

// addSelfServe adds an order placed 10 days ago, with its record in the activity log.
func (b *Backend) addSelfServe(record *customerRecord, more *selfServeOrder) {
	user := b.directoryOf(record).principals[0].UserPrincipalName
	purchase := Purchase{}
	_ = purchase.fill(AzureReservedInstances) // the zero value is valid
	order := purchase.order(record, user)
	order.Created = time.Now().AddDate(0, 0, -10)
	if more.client != azurePortalName {
		order.Client.Name = more.client
	}
	if more.withContext {
		order.Lines[0].ProvisioningContext = map[string]string{"scope": "shared"}
	}
	if more.noEntitlement {
		order.Lines[0].Reservation = nil
	}
	added := b.addOrder(record, order)
	if more.hidden {
		added.listed.from = time.Now().AddDate(100, 0, 0)
	}
	entry := b.purchaseAudit(record, added)
	entry.at, entry.UserPrincipalName, entry.ApplicationID = added.Created, user, azurePortalName
	if b.knobs.PurchaseApplicationID {
		entry.ApplicationID = azurePortalApplicationID
	}
	b.addAudit(entry, added.ID, "", orderDocument(record, added))
	if line := &added.Lines[0]; line.Reservation != nil { // the test that ByCustomer replaces is the name of the client, which may differ
		b.azureReservationsOf(record)
		record.azureReservation(line.Reservation.ID).ByCustomer = true
	}
}
