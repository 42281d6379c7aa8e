package permission

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

type reservationReadinessModel struct {
	CustomerID                 types.String             `tfsdk:"customer_id"`
	CustomerIDs                []string                 `tfsdk:"customer_ids"`
	SubscriptionID             types.String             `tfsdk:"subscription_id"`
	OnError                    types.String             `tfsdk:"on_error"`
	Timeouts                   timeouts.Value           `tfsdk:"timeouts"`
	Ready                      types.Bool               `tfsdk:"ready"`
	PrerequisitesMet           types.Bool               `tfsdk:"prerequisites_met"`
	Blockers                   []string                 `tfsdk:"blockers"`
	Unknowns                   []string                 `tfsdk:"unknowns"`
	Warnings                   []string                 `tfsdk:"warnings"`
	HasActiveAzureSubscription types.Bool               `tfsdk:"has_active_azure_subscription"`
	AgreementAccepted          types.Bool               `tfsdk:"agreement_accepted"`
	AzureSubscriptions         []azureSubscriptionModel `tfsdk:"azure_subscriptions"`
	PermissionEnabled          types.Bool               `tfsdk:"permission_enabled"`
	CallerMaySet               types.Bool               `tfsdk:"caller_may_set"`
	Customers                  types.List               `tfsdk:"customers"`
	Errors                     map[string]string        `tfsdk:"errors"`
}

type azureSubscriptionModel struct {
	SubscriptionID        string           `tfsdk:"subscription_id"`
	FriendlyName          types.String     `tfsdk:"friendly_name"`
	Status                types.String     `tfsdk:"status"`
	HasOwner              types.Bool       `tfsdk:"has_owner"`
	PartnerOnly           types.Bool       `tfsdk:"partner_only"`
	Owners                []principalModel `tfsdk:"owners"`
	ReservationPurchasers []principalModel `tfsdk:"reservation_purchasers"`
	SavingsPlanPurchasers []principalModel `tfsdk:"savings_plan_purchasers"`
	UnknownReason         types.String     `tfsdk:"unknown_reason"`
}

type principalModel struct {
	PrincipalID   string       `tfsdk:"principal_id"`
	PrincipalType types.String `tfsdk:"principal_type"`
	Condition     types.String `tfsdk:"condition"`
}

// fromFindings sets the attributes from the answers of the servers.
func (m *reservationReadinessModel) fromFindings(f findings) {
	m.HasActiveAzureSubscription = types.BoolValue(slices.ContainsFunc(f.subscriptions, partnercenter.Subscription.AllowsReservations))
	m.AzureSubscriptions = []azureSubscriptionModel{}
	for _, a := range f.azure {
		m.AzureSubscriptions = append(m.AzureSubscriptions, a.toModel())
	}
	if f.appOnly {
		m.CallerMaySet = types.BoolValue(false)
	} else {
		m.PermissionEnabled = types.BoolValue(f.policy.Allows(partnercenter.AzureReservedInstances))
	}
	if !f.appOnly && !f.noAgreements {
		m.AgreementAccepted = types.BoolValue(f.agreement.Accepted())
	}
	m.Blockers, m.Unknowns, m.Warnings = []string{}, []string{}, f.warnings()
	check := func(steps ...func() (blocker string, unknowns []string)) {
		for _, step := range steps {
			blocker, unknowns := step()
			if blocker != "" {
				m.Blockers = append(m.Blockers, blocker)
			}
			m.Unknowns = append(m.Unknowns, unknowns...)
		}
	}
	check(f.plan, f.agreed, f.owner)
	m.PrerequisitesMet = m.verdict()
	check(f.permission)
	m.Ready = m.verdict()
}

// verdict returns false if something is missing, and null if something is unknown.
func (m *reservationReadinessModel) verdict() types.Bool {
	if len(m.Blockers) == 0 && len(m.Unknowns) > 0 {
		return types.BoolNull()
	}
	return types.BoolValue(len(m.Blockers) == 0)
}

func (a azureFinding) toModel() azureSubscriptionModel {
	m := azureSubscriptionModel{SubscriptionID: a.ID, FriendlyName: tfkit.OrNull(a.FriendlyName), Status: tfkit.OrNull(a.Status)}
	if !a.Active() {
		m.UnknownReason = types.StringValue("Not read, because the subscription is not active.")
		return m
	}
	if a.unknown != "" {
		m.UnknownReason = types.StringValue(a.unknown)
		return m
	}
	m.Owners, m.ReservationPurchasers, m.SavingsPlanPurchasers = customersOwn(a.Owners.Owners), customersOwn(a.ReservationPurchasers), customersOwn(a.SavingsPlanPurchasers)
	m.PartnerOnly = types.BoolValue(len(m.Owners) == 0 && len(a.Owners.Owners) > 0)
	switch a.Buyers() {
	case resourcemanager.UserOwner:
		m.HasOwner = types.BoolValue(true)
	case resourcemanager.Nobody:
		m.HasOwner = types.BoolValue(false)
	case resourcemanager.PerhapsGroup, resourcemanager.PerhapsConditional:
	}
	return m
}

// customersOwn leaves out the partner's principals. A principal that has the role twice, for example by
// inheritance, is listed once for each condition.
func customersOwn(all []resourcemanager.RoleAssignment) []principalModel {
	out := []principalModel{}
	for _, a := range all {
		p := principalModel{a.PrincipalID, tfkit.OrNull(a.PrincipalType), tfkit.OrNull(a.Condition)}
		if a.Side() == resourcemanager.CustomerSide && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// plan checks the first condition: an active Azure plan or Azure (global) subscription.
func (f findings) plan() (blocker string, unknowns []string) {
	if slices.ContainsFunc(f.subscriptions, partnercenter.Subscription.AllowsReservations) {
		return "", nil
	}
	missing := &partnercenter.NoAzureSubscriptionError{CustomerID: f.customerID, Found: f.subscriptions}
	return missing.Error() + " " + missing.Remedy(), nil
}

// agreed checks the second condition: the Microsoft Customer Agreement.
func (f findings) agreed() (blocker string, unknowns []string) {
	switch {
	case f.appOnly:
		return "", []string{fmt.Sprintf("Whether customer %s has accepted the Microsoft Customer Agreement is not known: sign-in without a user cannot read it. "+
			"Set refresh_token (or PARTNERCENTER_REFRESH_TOKEN) to one of an agent.", f.customerID)}
	case f.noAgreements:
		return "", []string{fmt.Sprintf("Whether customer %s has accepted the Microsoft Customer Agreement is not known: Partner Center has no agreements in this cloud.", f.customerID)}
	case !f.agreement.Accepted():
		return fmt.Sprintf("Customer %s has not accepted the Microsoft Customer Agreement, without which Microsoft refuses purchases. "+
			"A Global Administrator of the customer accepts it in the admin center (%s) or in the acceptance page of the partner's own shop system.", f.customerID, partnercenter.AcceptAgreementLink), nil
	}
	return "", nil
}

// warnings returns what may be an obstacle.
func (f findings) warnings() []string {
	if !f.agreement.Outdated() {
		return []string{}
	}
	return []string{fmt.Sprintf("Customer %s accepted the Microsoft Customer Agreement on %s, and not directly with Microsoft. Microsoft asks customers that accepted it before 1 April 2023 to accept it again, "+
		"and can refuse purchases until then. A Global Administrator of the customer accepts it in the admin center (%s).", f.customerID, f.agreement.AgreedOn.Format(time.DateOnly), partnercenter.AcceptAgreementLink)}
}

// owned reports whether a user of the customer certainly is Owner of an active Azure subscription.
func (f findings) owned() bool {
	return slices.ContainsFunc(f.azure, func(a azureFinding) bool {
		return a.Active() && a.unknown == "" && a.Buyers() == resourcemanager.UserOwner
	})
}

// owner checks the third condition: a user who is Owner. Without the first condition, there is no subscription
// to own.
func (f findings) owner() (blocker string, unknowns []string) {
	if blocker, _ := f.plan(); blocker != "" {
		return "", nil
	}
	var active, groups, conditional []azureFinding
	var reasons []string
	byReason := make(map[string][]azureFinding)
	for _, a := range f.azure {
		if !a.Active() {
			continue
		}
		active = append(active, a)
		if a.unknown != "" {
			if byReason[a.unknown] == nil {
				reasons = append(reasons, a.unknown)
			}
			byReason[a.unknown] = append(byReason[a.unknown], a)
			continue
		}
		switch a.Buyers() {
		case resourcemanager.UserOwner:
			return "", nil
		case resourcemanager.PerhapsGroup:
			groups = append(groups, a)
		case resourcemanager.PerhapsConditional:
			conditional = append(conditional, a)
		case resourcemanager.Nobody:
		}
	}
	const assign = "Make one Owner with partnercenter_subscription_owner_assignment."
	for _, reason := range reasons {
		unknowns = append(unknowns, fmt.Sprintf("Who is Owner of %s of customer %s is not known. %s", titles(byReason[reason]), f.customerID, reason))
	}
	if len(groups) > 0 {
		unknowns = append(unknowns, fmt.Sprintf("Only a group is Owner of %s of customer %s, and whether a user is a member of it is not known. "+
			"Check the members, or make a user Owner with partnercenter_subscription_owner_assignment.", titles(groups), f.customerID))
	}
	if len(conditional) > 0 {
		unknowns = append(unknowns, fmt.Sprintf("The Owners of %s of customer %s have the role under a condition only, and whether that lets them buy is not known. "+
			"Remove the condition, or make another user Owner with partnercenter_subscription_owner_assignment.", titles(conditional), f.customerID))
	}
	switch {
	case len(active) == 0:
		return f.noSubscription(), nil
	case len(unknowns) > 0:
		return "", unknowns
	}
	return fmt.Sprintf("No user of customer %s is Owner of %s. %s", f.customerID, titles(active), assign), nil
}

// noSubscription returns the blocker for a customer with a plan, but without an active Azure subscription.
func (f findings) noSubscription() string {
	switch {
	case f.only != "" && len(f.azure) == 0:
		return fmt.Sprintf("Azure subscription %s is none of those that customer %s has bought through the partner with an active Azure plan. "+
			"Check subscription_id.", f.only, f.customerID)
	case len(f.azure) == 0:
		return fmt.Sprintf("Customer %s has an Azure plan but no Azure subscription under it. Create one in Partner Center.", f.customerID)
	}
	return fmt.Sprintf("None of the Azure subscriptions of customer %s that were checked is active: %s. Reactivate one in Partner Center.", f.customerID, titles(f.azure))
}

// titles returns the names of Azure subscriptions: the first three, and the number of the others.
func titles(all []azureFinding) string {
	const most = 3
	var names []string
	for _, a := range all[:min(len(all), most)] {
		name := a.ID
		if a.FriendlyName != "" {
			name += " (" + a.FriendlyName + ")"
		}
		names = append(names, name)
	}
	text := "Azure subscription " + names[0]
	if len(all) > 1 {
		text = "Azure subscriptions " + strings.Join(names, ", ")
	}
	if more := len(all) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// permission checks the fourth condition: the enabled permission.
func (f findings) permission() (blocker string, unknowns []string) {
	switch {
	case f.appOnly:
		return "", []string{fmt.Sprintf("Whether the reservations permission of customer %s is enabled is not known: sign-in without a user cannot read it. "+
			"Set refresh_token (or PARTNERCENTER_REFRESH_TOKEN) to one of an agent.", f.customerID)}
	case !f.policy.Allows(partnercenter.AzureReservedInstances):
		return fmt.Sprintf("The permission of customer %s to buy reservations is disabled. Enable it with partnercenter_customer_permission_reservations, "+
			"as an Admin agent.", f.customerID), nil
	}
	return "", nil
}
