package mockbackend

import (
	"encoding/json"
	"time"
)

func (k Knobs) validate() error {
	return firstError(
		oneOf("continuationMode", k.ContinuationMode, ContinuationBoth, ContinuationLinks, ContinuationToken),
		oneOf("putPath", k.PUTPath, PUTPathBoth, PUTPathIDOnly, PUTPathNoID),
		oneOf("policyList", k.PolicyList, PolicyListAll, PolicyListPages, PolicyListPartial, PolicyListEmpty, PolicyListRefused),
		oneOf("entityIdCase", k.EntityIDCase, IDCaseIgnored, IDCaseExact), oneOf("pathIdCase", k.PathIDCase, IDCaseIgnored, IDCaseExact),
		notNegative("defaultPageSize", k.DefaultPageSize), notNegative("usersPageSize", k.UsersPageSize),
		notNegative("azureEntitlementsPageSize", k.AzureEntitlementsPageSize), notNegative("auditDayStart", k.AuditDayStart),
		oneOf("staleETag", k.StaleETag, StaleETagReject2055, StaleETagReject412, StaleETagIgnore),
		oneOf("emptyPermissions", k.EmptyPermissions, EmptyPermissionsReject, EmptyPermissionsAccept),
		oneOf("relationshipEnded", k.RelationshipEnded, RelationshipEndedForbidden, RelationshipEndedNotFound, RelationshipEndedEmptyList),
		oneOf("refreshTokens", k.RefreshTokens, RefreshTokensValid, RefreshTokensExpired, RefreshTokensRevoked),
		oneOf("customerTenants", k.CustomerTenants, CustomerTenantsOpen, CustomerTenantsNotAuthorized, CustomerTenantsNoConsent, CustomerTenantsNoUser),
		oneOf("claimsChallenge", k.ClaimsChallenge, ClaimsChallengeNone, ClaimsChallengePartnerCenter, ClaimsChallengeResourceManager, ClaimsChallengeBoth),
		oneOf("claimsAnswer", k.ClaimsAnswer, ClaimsAnswerRefuse, ClaimsAnswerSatisfy),
		oneOf("orderDates", k.OrderDates, OrderDatesByKind, OrderDatesZulu, OrderDatesPacific, OrderDatesZeroOffset),
		oneOf("fulfilment", k.Fulfilment, Fulfilled, Unfulfilled, PrefulfillmentPending),
		oneOf("reservationsKey", k.ReservationsKey, ReservationsKeyByContract, ReservationsKeyNew, ReservationsKeyOld),
		oneOf("dynamicAttributes", k.DynamicAttributes, DynamicAttributesOnEntitlement, DynamicAttributesOnArtifact, DynamicAttributesOnBoth),
		oneOf("purchaseAudit", k.PurchaseAudit, PurchaseAuditFull, PurchaseAuditAnonymous, PurchaseAuditNone),
		notNegative("orderDelay", k.OrderDelay), notNegative("orderDelayReads", k.OrderDelayReads), notNegative("reservationDelay", k.ReservationDelay),
		notNegative("auditDelay", k.AuditDelay),
		oneOf("secondPlan", k.SecondPlan, SecondPlanOrderError, SecondPlanRefuse, SecondPlanConflict, SecondPlanSell),
		oneOf("repeatedCheckout", k.RepeatedCheckout, RepeatedCheckoutSame, RepeatedCheckoutRefuse),
		notNegative("cartLifetime", k.CartLifetime), notNegative("orderPendingPolls", k.OrderPendingPolls), notNegative("orderPendingFor", k.OrderPendingFor),
		notNegative("planPendingReads", k.PlanPendingReads), notNegative("aliasPendingReads", k.AliasPendingReads), notNegative("entitlementDelay", k.EntitlementDelay), notNegative("azureDelay", k.AzureDelay),
		notNegative("updateLater", k.UpdateLater),
		notNegative("refreshTokenLifetime", k.RefreshTokenLifetime), notNegative("oidcTokenLifetime", k.OIDCTokenLifetime),
		notNegative("pageSize", k.PageSize), notNegative("staleReads", k.StaleReads),
		notNegative("readLag", k.ReadLag), notNegative("assignmentReadLag", k.AssignmentReadLag),
		notNegative("consentLag", k.ConsentLag),
		notNegative("tokenLifetime", k.TokenLifetime), notNegative("latency", k.Latency),
		oneOf("roleDefinitionIdForm", k.RoleDefinitionIDForm, RoleDefinitionIDAsSent, RoleDefinitionIDOther, RoleDefinitionIDProvider),
		notNegative("roleAssignmentPageSize", k.RoleAssignmentPageSize), notNegative("roleAssignmentLimit", k.RoleAssignmentLimit),
		notNegative("unknownPrincipals", k.UnknownPrincipals), notNegative("unknownSubscriptions", k.UnknownSubscriptions),
		notNegative("staleAssignmentGets", k.StaleAssignmentGets), notNegative("staleAssignmentLists", k.StaleAssignmentLists),
		notNegative("staleDeletedLists", k.StaleDeletedLists), notNegative("bucketSize", k.BucketSize), notNegative("bucketRefill", k.BucketRefill),
		oneOf("reservationAccess", k.ReservationAccess, ReservationAccessAll, ReservationAccessPartner, ReservationAccessNone),
		notNegative("reservationPageSize", k.ReservationPageSize), notNegative("reservationUpdateTime", k.ReservationUpdateTime),
		notNegative("reservationReadLag", k.ReservationReadLag),
		k.SignInError.validate(),
	)
}

// knobsText is the JSON form of Knobs.
type knobsText struct {
	plainKnobs
	TokenLifetime        durationText `json:"tokenLifetime"`
	RefreshTokenLifetime durationText `json:"refreshTokenLifetime"`
	OIDCTokenLifetime    durationText `json:"oidcTokenLifetime"`
	Latency              durationText `json:"latency"`
	OrderDelay           durationText `json:"orderDelay"`
	ReservationDelay     durationText `json:"reservationDelay"`
	AuditDelay           durationText `json:"auditDelay"`
	AuditDayStart        durationText `json:"auditDayStart"`
	ReadLag              durationText `json:"readLag"`
	AssignmentReadLag    durationText `json:"assignmentReadLag"`
	ConsentLag           durationText `json:"consentLag"`
	CartLifetime         durationText `json:"cartLifetime"`
	OrderPendingFor      durationText `json:"orderPendingFor"`
	EntitlementDelay     durationText `json:"entitlementDelay"`
	AzureDelay           durationText `json:"azureDelay"`
	UpdateLater          durationText `json:"updateLater"`

	ReservationUpdateTime durationText `json:"reservationUpdateTime"`
	ReservationReadLag    durationText `json:"reservationReadLag"`
}

type plainKnobs Knobs

func (k Knobs) text() knobsText {
	return knobsText{
		plainKnobs(k), durationText(k.TokenLifetime), durationText(k.RefreshTokenLifetime), durationText(k.OIDCTokenLifetime), durationText(k.Latency),
		durationText(k.OrderDelay), durationText(k.ReservationDelay), durationText(k.AuditDelay), durationText(k.AuditDayStart),
		durationText(k.ReadLag), durationText(k.AssignmentReadLag), durationText(k.ConsentLag),
		durationText(k.CartLifetime), durationText(k.OrderPendingFor), durationText(k.EntitlementDelay), durationText(k.AzureDelay), durationText(k.UpdateLater),
		durationText(k.ReservationUpdateTime), durationText(k.ReservationReadLag),
	}
}

// MarshalJSON prints durations as Go durations.
func (k Knobs) MarshalJSON() ([]byte, error) { return json.Marshal(k.text()) }

// UnmarshalJSON merges: absent fields keep their value. An unknown field or value is an error that names it, and leaves k
// unchanged.
func (k *Knobs) UnmarshalJSON(data []byte) error {
	merged := k.text()
	if k.SignInError != nil { // a copy: the decoder would write through the pointer into knobs in use
		signInError := *k.SignInError
		merged.SignInError = &signInError
	}
	if err := decodeKnown(data, &merged); err != nil {
		return err
	}
	knobs := Knobs(merged.plainKnobs)
	knobs.TokenLifetime, knobs.RefreshTokenLifetime = time.Duration(merged.TokenLifetime), time.Duration(merged.RefreshTokenLifetime)
	knobs.OIDCTokenLifetime, knobs.Latency = time.Duration(merged.OIDCTokenLifetime), time.Duration(merged.Latency)
	knobs.OrderDelay, knobs.ReservationDelay, knobs.AuditDelay = time.Duration(merged.OrderDelay), time.Duration(merged.ReservationDelay), time.Duration(merged.AuditDelay)
	knobs.AuditDayStart = time.Duration(merged.AuditDayStart)
	knobs.ReadLag, knobs.AssignmentReadLag = time.Duration(merged.ReadLag), time.Duration(merged.AssignmentReadLag)
	knobs.ConsentLag = time.Duration(merged.ConsentLag)
	knobs.CartLifetime, knobs.OrderPendingFor = time.Duration(merged.CartLifetime), time.Duration(merged.OrderPendingFor)
	knobs.EntitlementDelay, knobs.AzureDelay, knobs.UpdateLater = time.Duration(merged.EntitlementDelay), time.Duration(merged.AzureDelay), time.Duration(merged.UpdateLater)
	knobs.ReservationUpdateTime, knobs.ReservationReadLag = time.Duration(merged.ReservationUpdateTime), time.Duration(merged.ReservationReadLag)
	if err := knobs.validate(); err != nil {
		return err
	}
	*k = knobs
	return nil
}
