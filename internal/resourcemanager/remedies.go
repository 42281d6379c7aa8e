package resourcemanager

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// remedies contains what to do about Resource Manager's error codes
// (https://learn.microsoft.com/azure/role-based-access-control/troubleshooting).
var remedies = map[string]string{
	codeInvalidToken: "Azure does not accept the token. An application by itself needs a service principal in the customer's tenant; " +
		"otherwise authenticate to Azure as a user.",
	codePrincipalNotFound: "Check the object ID. It must be one of the customer's own directory: for an application that is the object ID of its service " +
		"principal there, not the application ID. A new one needs some minutes, or fewer if the principal type is set.",
	"UnmatchedPrincipalType": "Set the principal type to what the principal is, or leave it out.",
	codeSubscriptionNotFound: "Check the subscription ID and the customer ID. A new subscription needs some minutes to show. If the subscription was deleted for good, " +
		"its role assignments are gone with it.",
	"MissingSubscription": "Check the subscription ID: it must be an Azure subscription ID, not the ID of the Azure plan in Partner Center.",
	codeAuthorizationFailed: "The signed-in user or application may not do this on the customer's subscription. It needs Owner, User Access Administrator or " +
		"Role Based Access Control Administrator there: a user of the partner has it as a member of AdminAgents with a GDAP relationship to the customer, " +
		"until the customer removes it or the relationship ends " +
		"(https://learn.microsoft.com/partner-center/customers/gdap-supported-workloads).",
	"LinkedAuthorizationFailed":        "Access across tenants is not in effect yet. Try again in some minutes.",
	"RequestDisallowedByPolicy":        "Azure requires multifactor authentication for changes by users: sign in again with it, and store the new refresh token. Or a policy of the customer forbids the change; the message names it.",
	codeExists:                         "Azure does not show the existing role assignment yet. Try again in some minutes: then it can be imported or taken over.",
	"RoleAssignmentUpdateNotPermitted": "A role assignment with this name exists for something else. Delete that one first.",
	"RoleAssignmentLimitExceeded":      "Remove role assignments that the subscription does not need, or assign the role to a group.",
	"ReadOnlyDisabledSubscription":     "The subscription is disabled, so nothing can be changed in it. Reactivate it in Partner Center first.",
	"ScopeLocked":                      "Somebody has put a lock on the subscription. Remove the lock first.",
	codeLastOwner: "Nobody else could manage access to the subscription, so Azure keeps this assignment. Make another principal Owner first, " +
		"or let a Global Administrator of the customer delete it.",
}

// readAccess is the remedy for a refused read.
const readAccess = "The signed-in user or application cannot read the customer's subscription. Any role there is enough. " +
	"A user of the partner has one as a member of AdminAgents with a GDAP relationship to the customer. It ends if the customer removes it or the " +
	"relationship ends: https://learn.microsoft.com/partner-center/customers/gdap-supported-workloads. An application needs a role of its own, such as Reader."

// reservationRemedies contains what to do about the error codes of Microsoft.Capacity
// (https://learn.microsoft.com/azure/cost-management-billing/reservations/view-reservations).
var reservationRemedies = map[string]string{
	codeOrderNotFound: "Check the reservation and the customer ID. A returned, exchanged or renewed reservation has another ID.",
	codeNotInOrder:    "Check the reservation and the customer ID. A reservation that was split, merged or exchanged has another ID.",
	"OperationCannotBePerformedInCurrentState": "The reservation has ended or is being changed. Only one in the state Succeeded can be changed.",
}

// These are the remedies for missing access to reservations. Roles on subscriptions do not apply to
// reservations.
const (
	reservationReadAccess = "The signed-in user or application cannot read this reservation. Reservations have roles of their own and inherit none from subscriptions. " +
		"Ask the customer for Reader on the reservation order, or for Reservations Reader at /providers/Microsoft.Capacity. A user of the partner also needs membership in " +
		"AdminAgents and a GDAP relationship to the customer. Microsoft does not document whether Admin agents have access to reservations that the customer bought itself. " +
		"Azure Lighthouse gives none (https://learn.microsoft.com/azure/cost-management-billing/reservations/view-reservations)."
	reservationWriteAccess = "The signed-in user or application cannot change this reservation. Reservations have roles of their own and inherit none from subscriptions. " +
		"Ask the customer for Owner of the reservation order, or for Reservations Administrator at /providers/Microsoft.Capacity. A user of the partner also needs " +
		"membership in AdminAgents and a GDAP relationship to the customer. If the customer does not, it can disable the renewal itself in the Azure portal: " +
		"Reservations > the reservation > Renewal (https://learn.microsoft.com/azure/cost-management-billing/reservations/reservation-renew)."
)

// reservationRemedy returns the remedy for an error about reservations, or "".
func reservationRemedy(e *Error) string {
	if r, ok := reservationRemedies[e.Code]; ok {
		return r
	}
	switch {
	case e.StatusCode != http.StatusForbidden || e.Code == "RequestDisallowedByPolicy":
		return ""
	case e.Method == http.MethodGet:
		return reservationReadAccess
	}
	return reservationWriteAccess
}

// remedy returns what to do, in whole sentences, or "".
func remedy(e *Error) string {
	if isAboutReservations(e) {
		if r := reservationRemedy(e); r != "" {
			return r
		}
	}
	if e.Code == codeWrongTenant {
		if owner := subscriptionTenant(e); owner != "" {
			return "The subscription belongs to the tenant " + owner + ", not to " + e.TenantID + ". Set the customer ID to that of the customer who has the subscription."
		}
		return "The subscription belongs to another tenant than " + e.TenantID + ". Set the customer ID to that of the customer who has the subscription."
	}
	if e.Code == codeAuthorizationFailed && e.Method == http.MethodGet {
		return readAccess
	}
	if r, ok := remedies[e.Code]; ok {
		return r
	}
	switch e.StatusCode {
	case http.StatusTooManyRequests:
		return httppipe.ThrottledRemedy
	case http.StatusUnauthorized:
		return remedies[codeInvalidToken]
	case http.StatusForbidden:
		if e.Method == http.MethodGet {
			return readAccess
		}
		return remedies[codeAuthorizationFailed]
	}
	return ""
}

var issuer = regexp.MustCompile(`sts\.windows\.net/([0-9A-Fa-f-]{36})`)

// subscriptionTenant returns the tenant of the subscription. The message contains two tenants: that
// of the token and that of the subscription.
func subscriptionTenant(e *Error) string {
	for _, m := range issuer.FindAllStringSubmatch(e.Message, -1) {
		if !strings.EqualFold(m[1], e.TenantID) {
			return strings.ToLower(m[1])
		}
	}
	return ""
}
