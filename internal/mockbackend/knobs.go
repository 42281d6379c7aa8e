package mockbackend

import "time"

// PUTPath selects the paths of the update of a self-serve policy. DEV/update-a-self-serve-policy prints both.
type PUTPath string

// The values of Knobs.PUTPath.
const (
	PUTPathBoth   PUTPath = "both" // /SelfServePolicy/{id} and /SelfServePolicy
	PUTPathIDOnly PUTPath = "id"   // only /SelfServePolicy/{id}
	PUTPathNoID   PUTPath = "noId" // only /SelfServePolicy; the other is answered 404 with code 600040
)

// PolicyList selects the answer to GET /SelfServePolicy without entity_id. Not documented.
type PolicyList string

// The values of Knobs.PolicyList.
const (
	PolicyListAll     PolicyList = "all"     // the policies of all customers, in one page
	PolicyListPages   PolicyList = "pages"   // the policies of all customers, in pages
	PolicyListPartial PolicyList = "partial" // the policies of every other customer only
	PolicyListEmpty   PolicyList = "empty"   // an empty list
	PolicyListRefused PolicyList = "refused" // 400 with code 800002
)

// IDCase selects how IDs in a request are compared with those of the server. Not documented.
type IDCase string

// The values of Knobs.EntityIDCase and PathIDCase.
const (
	IDCaseIgnored IDCase = "ignored"
	IDCaseExact   IDCase = "exact" // IDs with capitals are unknown
)

// StaleETag selects the answer to an update with a stale or missing attributes.etag. Not documented.
type StaleETag string

// The values of Knobs.StaleETag.
const (
	StaleETagReject2055 StaleETag = "reject2055" // 400 with code 2055
	StaleETagReject412  StaleETag = "reject412"  // 412 with code 2055
	StaleETagIgnore     StaleETag = "ignore"     // the update is executed
)

// EmptyPermissions selects the answer to a policy write with an empty permissions list. Not documented.
type EmptyPermissions string

// The values of Knobs.EmptyPermissions.
const (
	EmptyPermissionsReject EmptyPermissions = "reject" // 400 with code 3000
	EmptyPermissionsAccept EmptyPermissions = "accept" // the policy has no permissions
)

// RelationshipEnded selects the answer to calls for a customer after EndRelationship. Not documented.
type RelationshipEnded string

// The values of Knobs.RelationshipEnded.
const (
	RelationshipEndedForbidden RelationshipEnded = "forbidden" // 403 with code 20002
	RelationshipEndedNotFound  RelationshipEnded = "notFound"  // 404 with code 60003
	RelationshipEndedEmptyList RelationshipEnded = "emptyList" // policy reads find nothing; other calls: 403 with code 20002
)

// ContinuationMode selects how a page refers to the next one (DEV/get-a-list-of-customers).
type ContinuationMode string

// The values of Knobs.ContinuationMode.
const (
	ContinuationBoth  ContinuationMode = "both"  // links.next and continuationToken
	ContinuationLinks ContinuationMode = "links" // only links.next
	ContinuationToken ContinuationMode = "token" // only continuationToken
)

// OrderDates selects the format of creationDate of orders. Microsoft's examples have all of them.
type OrderDates string

// The values of Knobs.OrderDates.
const (
	OrderDatesByKind     OrderDates = "byKind"     // zulu for modern orders, pacific for legacy orders, as in the example
	OrderDatesZulu       OrderDates = "zulu"       // 2018-03-15T02:17:15.6455674Z
	OrderDatesPacific    OrderDates = "pacific"    // 2018-03-06T17:37:05.253-08:00
	OrderDatesZeroOffset OrderDates = "zeroOffset" // 2018-03-15T02:17:15.6455674+00:00
)

// Fulfilment is the provisioning status of orders and reservations.
type Fulfilment string

// The values of Knobs.Fulfilment.
const (
	Fulfilled             Fulfilment = "Fulfilled"
	Unfulfilled           Fulfilment = "Unfulfilled"
	PrefulfillmentPending Fulfilment = "PrefulfillmentPending"
)

// ReservationsKey selects the name of the list in the details of a reservation artifact. The table and the examples
// of the page differ.
type ReservationsKey string

// The values of Knobs.ReservationsKey.
const (
	ReservationsKeyByContract ReservationsKey = "byContract"                 // reservations; in the old contract virtualMachineReservations
	ReservationsKeyNew        ReservationsKey = "reservations"               // as in the table
	ReservationsKeyOld        ReservationsKey = "virtualMachineReservations" // as in both examples
)

// DynamicAttributes selects where entitlements have reservationType. The table and the example of the page differ.
type DynamicAttributes string

// The values of Knobs.DynamicAttributes.
const (
	DynamicAttributesOnEntitlement DynamicAttributes = "entitlement" // as in the example
	DynamicAttributesOnArtifact    DynamicAttributes = "artifact"    // as in the table
	DynamicAttributesOnBoth        DynamicAttributes = "both"
)

// PurchaseAudit selects what the activity log records of purchases by customers. Not documented.
type PurchaseAudit string

// The values of Knobs.PurchaseAudit.
const (
	PurchaseAuditFull      PurchaseAudit = "full"      // a create_order record with the user of the customer
	PurchaseAuditAnonymous PurchaseAudit = "anonymous" // a record without userPrincipalName
	PurchaseAuditNone      PurchaseAudit = "none"      // no record
)

// Knobs change how the mock behaves where several behaviours of the API are possible or where it is not documented.
// Durations are Go durations in JSON ("250ms"). DefaultKnobs has the defaults.
type Knobs struct {
	// PageSize limits the pages of customers, users and audit records; 0 = 500, the largest page of the API.
	PageSize int `json:"pageSize"`
	// ContinuationMode selects how a page refers to the next one.
	ContinuationMode ContinuationMode `json:"continuationMode"`
	// LinkPrefixV1 makes link URIs start with /v1, as in production since 2021, but not in the sandbox.
	LinkPrefixV1 bool `json:"linkPrefixV1"`
	// NextLinkHost makes links.next, and nextLink of Resource Manager, an absolute https URL on this host, or below this
	// base URL if it has a scheme. Clients must refuse it.
	NextLinkHost string `json:"nextLinkHost"`
	// TokenAfterLastPage returns a continuation with a last page that is full. A request with it is answered 400 with
	// code 2000.
	TokenAfterLastPage bool `json:"tokenAfterLastPage"`
	// EmptyLastPage answers this request with an empty page instead.
	EmptyLastPage bool `json:"emptyLastPage"`
	// DefaultPageSize is the page size if the query has none; 0 = 500. UsersPageSize is the same for users; 0 = 100.
	DefaultPageSize int `json:"defaultPageSize"`
	UsersPageSize   int `json:"usersPageSize"`
	// AzureEntitlementsPageSize is the page size of azureEntitlements; 0 = 50.
	AzureEntitlementsPageSize int `json:"azureEntitlementsPageSize"`
	// TooLargePageRefused answers 400 to a size above 500; false = pages of 500.
	TooLargePageRefused bool `json:"tooLargePageRefused"`
	// AcceptV10 accepts /v1.0 for /v1. Not documented.
	AcceptV10 bool `json:"acceptV10"`
	// TotalCountWrong makes totalCount differ from the number of items, as in recorded traffic.
	TotalCountWrong bool `json:"totalCountWrong"`

	// UpperCaseGUIDs prints all GUIDs in bodies of Partner Center and Resource Manager in upper case, as those of legacy
	// subscriptions are.
	UpperCaseGUIDs bool `json:"upperCaseGUIDs"`
	// ShuffleOrder returns items and permissions in a seeded random order. The pages of a list still have each item once.
	ShuffleOrder bool `json:"shuffleOrder"`
	// StaleReads is the number of reads after a write through the API that return the policy before that write. They
	// do so for at most one minute.
	StaleReads int `json:"staleReads"`
	// ReadLag is the time after a write through the API during which reads return the policy before it, like a
	// replica that lags behind.
	ReadLag time.Duration `json:"readLag"`
	// StaleListOnly limits StaleReads and ReadLag to GET ?entity_id=. GET by ID returns the current state.
	StaleListOnly bool `json:"staleListOnly"`

	// PUTPath selects the paths of an update.
	PUTPath PUTPath `json:"putPath"`
	// PolicyList selects the answer to a list of policies without entity_id.
	PolicyList PolicyList `json:"policyList"`
	// EntityIDCase selects how entity_id is compared. With exact, a list for an ID with capitals is empty.
	EntityIDCase IDCase `json:"entityIdCase"`
	// PathIDCase selects how the IDs of customers and policies in paths are compared.
	PathIDCase IDCase `json:"pathIdCase"`
	// RequestIDsForgotten executes a write again that has the MS-RequestId of an earlier one; false = its answer is repeated,
	// as DEV/headers says.
	RequestIDsForgotten bool `json:"requestIdsForgotten"`
	// DeleteAnswersBody makes DELETE answer 200 with the resource, as in the swagger, instead of 204.
	DeleteAnswersBody bool `json:"deleteAnswersBody"`
	// StaleETag selects the answer to a stale or missing etag.
	StaleETag StaleETag `json:"staleETag"`
	// EmptyPermissions selects the answer to an empty permissions list.
	EmptyPermissions EmptyPermissions `json:"emptyPermissions"`
	// RelationshipEnded selects the answer to calls for a customer after the end of the relationship.
	RelationshipEnded RelationshipEnded `json:"relationshipEnded"`

	// BOM puts a UTF-8 byte order mark before the bodies of successful answers, as in all recorded traffic.
	BOM bool `json:"bom"`
	// BOMOnErrors puts a byte order mark before the bodies of errors.
	BOMOnErrors bool `json:"bomOnErrors"`
	// NumericCodes prints error codes as numbers; false = as strings. 900420 is always a string, as in recorded traffic.
	NumericCodes bool `json:"numericCodes"`
	// LongErrors adds message, errorName, isRetryable, parameters and errorMessageExtended to errors.
	LongErrors bool `json:"longErrors"`

	// Headers lists, separated by commas and in lower case, the headers of Partner Center's answers in addition to
	// Content-Type and Date; empty = all. ErrorHeaders is the same for errors.
	Headers      string `json:"headers"`
	ErrorHeaders string `json:"errorHeaders"`
	// NoMFAHeader omits isMfaCompliant from the answers to ValidateMfa.
	NoMFAHeader bool `json:"noMfaHeader"`
	// OrganizationIDDiffers makes id of the organization profile differ from its tenantId.
	OrganizationIDDiffers bool `json:"organizationIdDiffers"`
	// TokenClaims lists, with commas, the names of the claims of access tokens; empty = all claims of the mock.
	TokenClaims string `json:"tokenClaims"`

	// MFANotEnforced accepts app+user tokens without MFA, as before the enforcement of 2026. isMfaCompliant is still false.
	MFANotEnforced bool `json:"mfaNotEnforced"`
	// TokenLifetime is expires_in of new access tokens, in whole seconds.
	TokenLifetime time.Duration `json:"tokenLifetime"`
	// RefreshTokens is the state of all refresh tokens.
	RefreshTokens RefreshTokens `json:"refreshTokens"`
	// RotateRefreshTokens makes each use of a refresh token return a new one; false = the same one.
	RotateRefreshTokens bool `json:"rotateRefreshTokens"`
	// RefreshNeedsOfflineAccess returns a new refresh token for a refresh token only if the scope offline_access is
	// requested, as the page says; false = always, as Entra does.
	RefreshNeedsOfflineAccess bool `json:"refreshNeedsOfflineAccess"`
	// RefreshNeedsScope refuses a refresh token at the v2 endpoint without a scope; false = it is optional, as the page says.
	RefreshNeedsScope bool `json:"refreshNeedsScope"`
	// ReuseRefreshTokens keeps earlier refresh tokens valid, as Entra does; false = only the newest one of a user works.
	ReuseRefreshTokens bool `json:"reuseRefreshTokens"`
	// RefreshTokenLifetime is the time from the issue of a refresh token to its expiry, even if it is used.
	RefreshTokenLifetime time.Duration `json:"refreshTokenLifetime"`
	// ConsentRequired refuses tokens of the partner's tenant for resources that the user did not consent to on the sign-in
	// page (AADSTS65001); false = an administrator consented for all users.
	ConsentRequired bool `json:"consentRequired"`
	// SlowDown answers each poll for a device code with slow_down (RFC 8628 3.5). Not documented by Entra.
	SlowDown bool `json:"slowDown"`
	// CustomerTenants selects the answer to users in the tenants of customers.
	CustomerTenants CustomerTenants `json:"customerTenants"`
	// ConsentExistsBadRequest answers 400 to an application consent that exists; false = 409. Not documented.
	ConsentExistsBadRequest bool `json:"consentExistsBadRequest"`
	// ConsentLag is the time until a new application consent is in effect.
	ConsentLag time.Duration `json:"consentLag"`
	// FederationAtHomeOnly refuses refresh tokens with a federated assertion in the tenants of customers. Not documented.
	FederationAtHomeOnly bool `json:"federationAtHomeOnly"`
	// OIDCTokenLifetime is the lifetime of new OIDC tokens of CI systems, in whole seconds.
	OIDCTokenLifetime time.Duration `json:"oidcTokenLifetime"`
	// ClaimsChallenge selects the services that require more claims in the tokens of users.
	ClaimsChallenge ClaimsChallenge `json:"claimsChallenge"`
	// ClaimsAnswer selects the answer to a token request with the claims of the challenge.
	ClaimsAnswer ClaimsAnswer `json:"claimsAnswer"`
	// SignInError, if set, is the answer to every token request.
	SignInError *SignInError `json:"signInError"`

	// RoleAssignmentPageSize is the number of role assignments in a page; 0 = all.
	RoleAssignmentPageSize int `json:"roleAssignmentPageSize"`
	// RoleDefinitionIDForm selects the form of roleDefinitionId in answers.
	RoleDefinitionIDForm RoleDefinitionIDForm `json:"roleDefinitionIdForm"`
	// RepeatedPUTCreated answers 201 also to the repeated PUT of a role assignment; false = 200. Not documented.
	RepeatedPUTCreated bool `json:"repeatedPutCreated"`
	// CreatedByNull makes createdBy of role assignments null.
	CreatedByNull bool `json:"createdByNull"`
	// DeletedPrincipalsUnknown returns principalType Unknown for deleted principals; false = their former type.
	DeletedPrincipalsUnknown bool `json:"deletedPrincipalsUnknown"`
	// ExistsWithoutID omits the ID of the other assignment from RoleAssignmentExists, as in older answers.
	ExistsWithoutID bool `json:"existsWithoutId"`
	// RoleAssignmentLimit is the largest number of role assignments of a subscription; 0 = 4000.
	RoleAssignmentLimit int `json:"roleAssignmentLimit"`
	// UnknownPrincipals refuses the first N PUTs for each principal with PrincipalNotFound, as before its replication.
	UnknownPrincipals int `json:"unknownPrincipals"`
	// UnknownSubscriptions refuses the first N requests for each Azure subscription with SubscriptionNotFound, as if it
	// were new.
	UnknownSubscriptions int `json:"unknownSubscriptions"`
	// StaleAssignmentGets answers the first N GETs of a new role assignment with 404.
	StaleAssignmentGets int `json:"staleAssignmentGets"`
	// StaleAssignmentLists omits a new role assignment from the first N lists.
	StaleAssignmentLists int `json:"staleAssignmentLists"`
	// StaleDeletedLists keeps a deleted role assignment in the first N lists.
	StaleDeletedLists int `json:"staleDeletedLists"`
	// AssignmentReadLag is the time after a PUT or DELETE during which GETs and lists return the role assignment as
	// before it.
	AssignmentReadLag time.Duration `json:"assignmentReadLag"`
	// NoServicePrincipal omits oid from app-only tokens of customers' tenants, as if the customers never consented to the
	// application.
	NoServicePrincipal bool `json:"noServicePrincipal"`
	// BucketSize is the size of the token bucket of Resource Manager, per kind of call and principal; 0 = 250 reads, 200
	// writes and 200 deletes.
	BucketSize int `json:"bucketSize"`
	// BucketRefill is the number of tokens added each second; 0 = 25 reads, 10 writes and 10 deletes.
	BucketRefill int `json:"bucketRefill"`

	// OldAttestation accepts the confirmation of an acceptance of the Microsoft Customer Agreement as before 2026.
	OldAttestation bool `json:"oldAttestation"`
	// OutdatedAgreementRefused refuses purchases for customers whose acceptance is from before April 2023. Not documented.
	OutdatedAgreementRefused bool `json:"outdatedAgreementRefused"`
	// DirectAgreementListed lists an acceptance by the customer itself among those that the partner confirmed. Not documented.
	DirectAgreementListed bool `json:"directAgreementListed"`
	// NoAgreementNotFound answers 404 where there is no agreement; false = an empty list. Not documented.
	NoAgreementNotFound bool `json:"noAgreementNotFound"`

	// NoCatalogItemID omits catalogItemId from availabilities, to test a client with an unexpected form of the
	// answer.
	NoCatalogItemID bool `json:"noCatalogItemId"`
	// MoreAvailabilities first lists availabilities that a commercial customer cannot buy.
	MoreAvailabilities bool `json:"moreAvailabilities"`
	// AttestationOptional accepts carts and orders without partnerOnRecordAttestationAccepted.
	AttestationOptional bool `json:"attestationOptional"`
	// CartLifetime is the time until a cart expires: seven days in the text of the page, 15 minutes in an older
	// example.
	CartLifetime time.Duration `json:"cartLifetime"`
	// SecondPlan selects the answer to the purchase of a second Azure plan.
	SecondPlan SecondPlan `json:"secondPlan"`
	// RepeatedCheckout selects the answer to the second checkout of a cart.
	RepeatedCheckout RepeatedCheckout `json:"repeatedCheckout"`
	// OrderPendingPolls is the number of reads that show the order of an Azure plan pending.
	OrderPendingPolls int `json:"orderPendingPolls"`
	// OrderPendingFor is the minimum time for which the order of an Azure plan is pending.
	OrderPendingFor time.Duration `json:"orderPendingFor"`
	// OrderReview makes new orders of Azure plans wait for a review by Microsoft, until SetOrderStatus.
	OrderReview bool `json:"orderReview"`
	// PlanPendingReads is the number of reads that show a new Azure plan pending.
	PlanPendingReads int `json:"planPendingReads"`
	// EntitlementDelay is the time from the Azure plan to its first Azure subscription in Partner Center.
	EntitlementDelay time.Duration `json:"entitlementDelay"`
	// AzureDelay is the time from the subscription in Partner Center to the subscription in Resource Manager.
	AzureDelay time.Duration `json:"azureDelay"`
	// AliasPendingReads is the number of reads of a new alias that show it Accepted.
	AliasPendingReads int `json:"aliasPendingReads"`
	// UpdateLater makes the update of a subscription answer 202, and take effect after this time; 0 = 200 at once.
	UpdateLater time.Duration `json:"updateLater"`

	// ReservationAccess selects the reservations in Azure that Admin agents have access to.
	ReservationAccess ReservationAccess `json:"reservationAccess"`
	// ReservationListForbidden answers 403 to the list of reservations in Azure for callers who may read none; false = an
	// empty list. Not documented.
	ReservationListForbidden bool `json:"reservationListForbidden"`
	// ReservationPageSize is the number of reservations in a page of Azure; 0 = all.
	ReservationPageSize int `json:"reservationPageSize"`
	// ReservationUpdateTime makes the update of a reservation answer 202, and take effect after this time; 0 = 200, at once.
	ReservationUpdateTime time.Duration `json:"reservationUpdateTime"`
	// ReservationUpdatesLost makes updates that were answered 202 never take effect.
	ReservationUpdatesLost bool `json:"reservationUpdatesLost"`
	// ReservationReadLag is the time after an update that was answered 200 during which reads return the reservation
	// as before it.
	ReservationReadLag time.Duration `json:"reservationReadLag"`
	// SameRenewalRefused answers 400 with code PatchValuesSameAsExisting to an update without a change; false = 200.
	SameRenewalRefused bool `json:"sameRenewalRefused"`

	// PlanBillingCycle, PlanUnitType and PlanEntitlementID are fields of Azure plans that no recorded traffic shows.
	// Empty = one_time and Usage-based. PlanEntitlementID adds an entitlementId.
	PlanBillingCycle  string `json:"planBillingCycle"`
	PlanUnitType      string `json:"planUnitType"`
	PlanEntitlementID bool   `json:"planEntitlementId"`

	// SavingsPlanUnitType and SavingsPlanBillingType are fields of savings plans that no recorded traffic shows.
	// Empty = Benefit and benefit.
	SavingsPlanUnitType    string `json:"savingsPlanUnitType"`
	SavingsPlanBillingType string `json:"savingsPlanBillingType"`
	// SavingsPlanLineFields lists, with commas, the fields of lineItems of savings plans; empty = all, none = no lineItems.
	SavingsPlanLineFields string `json:"savingsPlanLineFields"`
	// CommitmentAsString prints the commitment of savings plans as a string, as NumbersAsStrings does.
	CommitmentAsString bool `json:"commitmentAsString"`

	// OrderDates selects the format of creationDate of orders.
	OrderDates OrderDates `json:"orderDates"`
	// LowerCaseTransactionTypes prints transactionType of order lines as in the table of the page (new); false = as in its
	// example (New).
	LowerCaseTransactionTypes bool `json:"lowerCaseTransactionTypes"`
	// NoOrderClient omits client from orders, where it is not documented.
	NoOrderClient bool `json:"noOrderClient"`
	// BareOrders omits from modern orders with billing cycle one_time the fields that the examples of the page do not
	// have: alternateId, client, transactionType. From lines it omits termDuration, provisioningContext,
	// transactionType and all links but sku.
	BareOrders bool `json:"bareOrders"`
	// Fulfilment is the provisioning status of orders and reservations that are not cancelled.
	Fulfilment Fulfilment `json:"fulfilment"`
	// EntitlementsAppOnly lets app-only callers read entitlements. Only a third-party source says so.
	EntitlementsAppOnly bool `json:"entitlementsAppOnly"`
	// OldEntitlements returns reservations in the old contract, which supports virtual machines only.
	OldEntitlements bool `json:"oldEntitlements"`
	// ReservationsKey selects the name of the list in the details of a reservation artifact.
	ReservationsKey ReservationsKey `json:"reservationsKey"`
	// DynamicAttributes selects where entitlements have reservationType.
	DynamicAttributes DynamicAttributes `json:"dynamicAttributes"`
	// ExpiryWithZone prints the end of reservations with Z; false = without a time zone, as in all examples.
	ExpiryWithZone bool `json:"expiryWithZone"`
	// NumbersAsStrings prints quantities, line numbers and prices of orders and entitlements as strings.
	NumbersAsStrings bool `json:"numbersAsStrings"`
	// UnknownEnums returns undocumented values in the enums of orders, entitlements, reservations and audit records.
	UnknownEnums bool `json:"unknownEnums"`
	// SnakeCaseResourceTypes accepts resource types in snake_case in a filter of audit records. Not documented.
	SnakeCaseResourceTypes bool `json:"snakeCaseResourceTypes"`
	// AuditDayStart is how long after midnight in UTC the day of startDate and endDate begins. Not documented.
	AuditDayStart time.Duration `json:"auditDayStart"`
	// EndDateExclusive excludes the day of endDate. Not documented.
	EndDateExclusive bool `json:"endDateExclusive"`
	// BareAuditRecords omits optional fields of audit records: names of customer and application, session, participants,
	// correlation.
	BareAuditRecords bool `json:"bareAuditRecords"`
	// PurchaseAudit selects what the activity log records of purchases by customers.
	PurchaseAudit PurchaseAudit `json:"purchaseAudit"`
	// PurchaseApplicationID sets applicationId of those records to the ID of the Azure portal; false = to its name.
	PurchaseApplicationID bool `json:"purchaseApplicationID"`
	// OrderDelay is the time until a new order is in the list, up to 15 minutes in the API. GET by ID finds it at
	// once.
	OrderDelay time.Duration `json:"orderDelay"`
	// OrderDelayReads omits a new order from the next N reads of the list.
	OrderDelayReads int `json:"orderDelayReads"`
	// ReservationDelay is the time until a new reservation is in the list of entitlements.
	ReservationDelay time.Duration `json:"reservationDelay"`
	// AuditDelay is the time until a new record is in the activity log.
	AuditDelay time.Duration `json:"auditDelay"`

	// Latency is added to each Partner Center and Resource Manager answer.
	Latency time.Duration `json:"latency"`
}

// DefaultKnobs returns the knobs of a new Backend. Latency comes from its Config.
func DefaultKnobs() Knobs {
	return Knobs{
		ContinuationMode:     ContinuationBoth,
		PUTPath:              PUTPathBoth,
		PolicyList:           PolicyListAll,
		EntityIDCase:         IDCaseIgnored,
		PathIDCase:           IDCaseIgnored,
		StaleETag:            StaleETagReject2055,
		EmptyPermissions:     EmptyPermissionsReject,
		RelationshipEnded:    RelationshipEndedForbidden,
		BOM:                  true,
		NumericCodes:         true,
		TokenLifetime:        time.Hour,
		RefreshTokens:        RefreshTokensValid,
		RotateRefreshTokens:  true,
		ReuseRefreshTokens:   true,
		RefreshTokenLifetime: 90 * 24 * time.Hour,
		CustomerTenants:      CustomerTenantsOpen,
		OIDCTokenLifetime:    5 * time.Minute,
		ClaimsChallenge:      ClaimsChallengeNone,
		ClaimsAnswer:         ClaimsAnswerRefuse,
		RoleDefinitionIDForm: RoleDefinitionIDAsSent,
		ReservationAccess:    ReservationAccessAll,

		CartLifetime:      7 * 24 * time.Hour,
		SecondPlan:        SecondPlanRefuse,
		RepeatedCheckout:  RepeatedCheckoutSame,
		OrderDates:        OrderDatesByKind,
		Fulfilment:        Fulfilled,
		ReservationsKey:   ReservationsKeyByContract,
		DynamicAttributes: DynamicAttributesOnArtifact, // the example is out of date: the model of the .NET SDK has them on the artifact
		PurchaseAudit:     PurchaseAuditFull,
	}
}

// Knobs returns a copy of the current knobs.
func (b *Backend) Knobs() Knobs {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.knobs
}

// SetKnobs changes knobs. The function runs with the lock held and must not call the backend. Invalid values are a
// violation and change nothing.
func (b *Backend) SetKnobs(change func(*Knobs)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	knobs := b.knobs
	change(&knobs)
	if err := knobs.validate(); err != nil {
		b.violate("SetKnobs: %v", err)
		return
	}
	b.knobs = knobs
}
