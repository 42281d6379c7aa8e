package partnercenter

import (
	"errors"
	"net/http"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

const (
	docs        = "https://learn.microsoft.com/partner-center/"
	rolesLink   = docs + "customers/give-customers-permission"
	appUserLink = "https://registry.terraform.io/providers/partnercenter/partnercenter/latest/docs/guides/secure_application_model"
)

// remedies contains what to do about Partner Center's error codes
// (https://learn.microsoft.com/partner-center/developer/error-codes).
var remedies = map[string]string{
	"900420": "The token was issued for a retired audience. Request tokens for " + DefaultEndpoint + ".",
	"900421": "The sign-in lacks multifactor authentication, which Partner Center requires of every call on behalf of a user. " +
		"Sign the partner's user in again with multifactor authentication, using terraform-provider-partnercenter login, and store the new refresh token: " +
		appUserLink + ".",
	"900329": "This call needs app+user sign-in: use a refresh token of an Admin agent: " + appUserLink + ".",
	"900150": "The role of the user is not enough. Only an Admin agent can enable or disable customer permissions. " +
		"Sales agents and Helpdesk agents can only read them. Use the refresh token of an Admin agent: " + rolesLink + ".",
	"900308": "The user lacks privileges. Customer permissions need a user in the partner tenant's AdminAgents group: " + rolesLink + ".",
	"900309": "Conditional Access blocks the call. Ask the partner tenant's administrator to allow this application and user.",
	"20002":  "The customer has no reseller relationship with this partner, or no longer. Check the customer's ID. Renew the relationship, or remove the customer from the configuration.",
	"60003":  "There is no customer tenant with this ID. Check the customer's ID.",
	"900118": "The customer's ID is malformed. It is the Microsoft Entra tenant ID of the customer, a GUID.",
	"13605":  "The customer has not accepted the Microsoft Customer Agreement. " + acceptAgreement,
	"900124": "The partner has not accepted the Microsoft Partner Agreement.",
	"900123": "The indirect reseller has not accepted the Microsoft Partner Agreement.",
	"600040": "Partner Center does not know the ID of the policy.",

	// Purchases.
	"900206": "The attestation of the partner of record is missing. Accept it in Partner Center.",
	"900203": "The offer requires an attestation that the provider does not give. Buy it in Partner Center.",
	"2006":   "The partner may not sell this offer. " + programme,
	"2030":   "The partner is not onboarded to sell in the country of the customer. " + programme,
	"2085":   "The offer is not for sale to this customer. Check the customer's billing country and its other subscriptions in Partner Center.",
	"4018":   "Partner Center cannot process the order. Check whether the customer has an Azure (global) subscription, next to which no Azure plan is sold.",
	"800009": "Partner Center refuses what is in the cart, for example because the customer already has an Azure plan. Check the customer's subscriptions in Partner Center.",
	"800015": "There is no indirect reseller with this Partner ID. Check the Partner ID (MPN location ID) of the reseller.",
	"800016": "This Partner ID is not that of an indirect reseller of the partner. Check the Partner ID (MPN location ID) of the reseller.",
	"900154": "This Partner ID is not that of an indirect reseller of the partner. Check the Partner ID (MPN location ID) of the reseller.",
	"800070": "The Azure plan is not sold in the country of the customer. Check the billing address of the customer in Partner Center.",
	"800060": "Another order for the customer is in progress. Run again when it is done.",
	"800064": "Another process uses the same cart. Run again.",
	"900112": "The customer's subscriptions are being transitioned to the Azure plan. Run again when that is done; it can take a day.",
	"900113": "The customer's subscriptions are being transitioned to the Azure plan. Run again when that is done; it can take a day.",
	"900114": "The transition of the customer's subscriptions to the Azure plan failed. Ask Microsoft support.",
	"800066": "The customer has the maximum number of subscriptions. Remove unused ones in Partner Center.",
	"800067": "The customer has the maximum number of seats.",
	"800068": "The partner has the maximum number of Azure subscriptions. Ask Microsoft support to raise it.",
	"800069": "The risk management check of Microsoft failed. Ask Microsoft support.",
	"800073": underReview, "800074": underReview, "800075": underReview,
	"800022": creditLine, "800023": creditLine, "800024": creditLine, "800025": creditLine, "800026": creditLine, "900121": creditLine,
	"800018": sandboxLimit, "900116": sandboxLimit,
	"900416": "The account is locked. Ask Microsoft support.",
	"900419": "The customer's tenant has too many subscriptions. Remove unused ones.",
	"800039": "The partner's programme is not active. " + programme,
	"900149": "The partner's programme is not active. " + programme,
	"900159": "The customer has no reseller relationship with this partner, or no longer. Check the customer's ID.",
	"800005": "Partner Center could not place the order. Run again: the run continues with the same purchase and places no other order.",
	"900192": "Partner Center could not place the order. Run again: the run continues with the same purchase and places no other order.",
	"900115": "The Azure plan has active subscriptions or reservations. Cancel the Azure subscriptions and return the reservations first.",
	"800040": "The subscription cannot change to this status. Check it in Partner Center.",
	"800096": "The status of this subscription cannot be changed. Check it in Partner Center.",
	"900278": "Another change of the subscription is pending. Run again after 24 hours.",
	"900279": "The subscription can no longer be changed. Check it in Partner Center.",
	"900280": "The subscription cannot be changed now. Check it in Partner Center, and run again.",
	"900311": "The subscription was changed too often. Run again later.",
}

const (
	programme    = "Check the programme and the agreements on the page Legal info of the account settings in Partner Center."
	underReview  = "Microsoft reviews the customer's account, or has not approved it. Check the customer's account in Partner Center, and run again after the approval."
	creditLine   = "The partner's credit with Microsoft does not suffice, or is not approved. Check the credit in Partner Center, or ask Microsoft support."
	sandboxLimit = "The limit of the integration sandbox is reached: " + docs + "developer/test-and-debug. Ask Microsoft support to remove an Azure plan there."
)

// remedy returns what to do, in whole sentences, or "".
func remedy(e *Error) string {
	if r := remedies[e.Code]; r != "" {
		return r
	}
	switch {
	case e.StatusCode == http.StatusTooManyRequests:
		return httppipe.ThrottledRemedy
	case e.StatusCode == http.StatusForbidden && strings.Contains(strings.ToLower(e.Path), "/selfservepolicy"):
		return "Customer permissions need app+user authentication by a user of the partner tenant's group AdminAgents. Sales agents and Helpdesk agents can only read them. " +
			"Check the role of the user, and that the customer is yours: " + rolesLink + "."
	case e.StatusCode == http.StatusForbidden && (strings.Contains(strings.ToLower(e.Path), "/entitlements") || strings.Contains(strings.ToLower(e.Path), "/artifacts/")):
		return "Reservations need app+user authentication by an agent of the partner: " + appUserLink + ". Check the sign-in and that the customer is yours."
	case e.StatusCode == http.StatusForbidden && strings.Contains(strings.ToLower(e.Path), "/applicationconsents"):
		return "An application consent needs app+user authentication by an Admin agent, and a GDAP relationship with the customer that has the role Application Administrator: " +
			docs + "developer/control-panel-vendor-apis."
	case e.StatusCode == http.StatusForbidden:
		return "Check the role of the user in the partner tenant, and that a relationship with the customer (reseller, GDAP) exists."
	case e.StatusCode == http.StatusUnauthorized:
		return "Partner Center does not accept the token. Check that the application is enabled for the Partner Center API in this tenant: " +
			docs + "developer/set-up-api-access-in-partner-center."
	case e.StatusCode >= 300 && e.StatusCode < 400:
		return "The API sends no redirects, and the token must not follow one. Check the endpoints and the proxy."
	case e.StatusCode == http.StatusNotFound && e.Code == "":
		return "The address itself seems to be unknown. Check the endpoints."
	case e.StatusCode >= 500:
		return "The failure is on Partner Center's side. Run again. If the error persists, send the IDs to Microsoft support."
	case errors.Is(e.Err, errUnreadable):
		return "A proxy or firewall may have answered instead. Check the endpoints and the proxy; if the error persists, report it with the IDs."
	case e.StatusCode == http.StatusConflict:
		return "Somebody else is changing the same object. Run again."
	case e.StatusCode >= 400:
		return "Partner Center does not accept the request. If its message does not help, report it with the IDs."
	case e.StatusCode == 0:
		return "There was no answer. Check the network and the proxy, and run again."
	}
	return ""
}
