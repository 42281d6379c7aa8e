package mockbackend

import "time"

// PUTPath says which paths take the update of a self-serve policy (DEV/update-a-self-serve-policy prints both).
type PUTPath string

// The values of Knobs.PUTPath.
const (
	PUTPathBoth   PUTPath = "both" // /SelfServePolicy/{id} and /SelfServePolicy
	PUTPathIDOnly PUTPath = "id"   // /SelfServePolicy/{id} alone
)

// StaleETag says what an update with a stale or missing attributes.etag gets. Unverified upstream.
type StaleETag string

// The values of Knobs.StaleETag.
const (
	StaleETagReject2055 StaleETag = "reject2055" // 400 with code 2055
	StaleETagReject412  StaleETag = "reject412"  // 412 with code 2055
	StaleETagIgnore     StaleETag = "ignore"     // the update is made
)

// EmptyPermissions says what a policy write with an empty permissions list gets. Unverified upstream.
type EmptyPermissions string

// The values of Knobs.EmptyPermissions.
const (
	EmptyPermissionsReject EmptyPermissions = "reject" // 400 with code 3000
	EmptyPermissionsAccept EmptyPermissions = "accept" // a policy without permissions
)

// RelationshipEnded says what calls for a customer get after EndRelationship. Unverified upstream.
type RelationshipEnded string

// The values of Knobs.RelationshipEnded.
const (
	RelationshipEndedForbidden RelationshipEnded = "forbidden" // 403 with code 20002
	RelationshipEndedNotFound  RelationshipEnded = "notFound"  // 404 with code 60003
	RelationshipEndedEmptyList RelationshipEnded = "emptyList" // policy reads find nothing; other calls 403 with code 20002
)

// ContinuationMode says how a page tells where the next one is (DEV/get-a-list-of-customers).
type ContinuationMode string

// The values of Knobs.ContinuationMode.
const (
	ContinuationBoth  ContinuationMode = "both"  // links.next and continuationToken
	ContinuationLinks ContinuationMode = "links" // links.next alone
	ContinuationToken ContinuationMode = "token" // continuationToken alone
)

// OrderDates says in which form orders have their creationDate; the pages' examples have all of them.
type OrderDates string

// The values of Knobs.OrderDates.
const (
	OrderDatesByKind     OrderDates = "byKind"     // zulu for modern orders, pacific for legacy ones, as in the example
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

// ReservationsKey is the name of the list in the details of a reservation's artifact. Table and example of the page differ.
type ReservationsKey string

// The values of Knobs.ReservationsKey.
const (
	ReservationsKeyByContract ReservationsKey = "byContract"                 // reservations; in the old contract the other one
	ReservationsKeyNew        ReservationsKey = "reservations"               // as the table has it
	ReservationsKeyOld        ReservationsKey = "virtualMachineReservations" // as both examples have it
)

// DynamicAttributes says where entitlements have their reservationType. Table and example of the page differ.
type DynamicAttributes string

// The values of Knobs.DynamicAttributes.
const (
	DynamicAttributesOnEntitlement DynamicAttributes = "entitlement" // as the example has it
	DynamicAttributesOnArtifact    DynamicAttributes = "artifact"    // as the table has it
	DynamicAttributesOnBoth        DynamicAttributes = "both"
)

// PurchaseAudit says what the activity log has of what customers buy for themselves. Unverified upstream.
type PurchaseAudit string

// The values of Knobs.PurchaseAudit.
const (
	PurchaseAuditFull      PurchaseAudit = "full"      // a create_order record with the customer's user
	PurchaseAuditAnonymous PurchaseAudit = "anonymous" // one without userPrincipalName
	PurchaseAuditNone      PurchaseAudit = "none"      // no record
)

// Knobs change how the mock behaves where the API is free to, or is not documented. Durations are Go durations in JSON
// ("250ms"). The defaults are DefaultKnobs.
type Knobs struct {
	// PageSize caps the size of a page of customers or audit records; 0 = 500, the largest the API gives.
	PageSize int `json:"pageSize"`
	// ContinuationMode says how a page names the next one.
	ContinuationMode ContinuationMode `json:"continuationMode"`
	// LinkPrefixV1 makes link uris begin with /v1, as production began to in 2021 while the sandbox did not.
	LinkPrefixV1 bool `json:"linkPrefixV1"`
	// NextLinkHost makes links.next, and nextLink of Resource Manager, an absolute https URL on this host (or a base URL
	// with scheme); clients must refuse it.
	NextLinkHost string `json:"nextLinkHost"`
	// TokenAfterLastPage hands out a continuation after a last page that is full; following it is 400 with code 2000.
	TokenAfterLastPage bool `json:"tokenAfterLastPage"`
	// TotalCountWrong makes totalCount differ from the number of items, as recorded traffic did.
	TotalCountWrong bool `json:"totalCountWrong"`

	// UpperCaseGUIDs prints all GUIDs of Partner Center and Resource Manager bodies in upper case, as legacy subscriptions are.
	UpperCaseGUIDs bool `json:"upperCaseGUIDs"`
	// ShuffleOrder gives items and permissions in a seeded random order. Pages of one list still cover it exactly once.
	ShuffleOrder bool `json:"shuffleOrder"`
	// StaleReads makes the next N reads of a policy after a write through the API show the state before that write,
	// for a minute at most.
	StaleReads int `json:"staleReads"`
	// ReadLag makes reads of a policy show for that long after a write through the API the state before that write, like a
	// replica that is behind.
	ReadLag time.Duration `json:"readLag"`
	// StaleListOnly limits StaleReads and ReadLag to GET ?entity_id=; GET by id is fresh.
	StaleListOnly bool `json:"staleListOnly"`

	// PUTPath says which paths take an update.
	PUTPath PUTPath `json:"putPath"`
	// DeleteAnswersBody makes DELETE answer 200 with the resource (swagger) instead of 204.
	DeleteAnswersBody bool `json:"deleteAnswersBody"`
	// StaleETag says what a stale or missing etag gets.
	StaleETag StaleETag `json:"staleETag"`
	// EmptyPermissions says what an empty permissions list gets.
	EmptyPermissions EmptyPermissions `json:"emptyPermissions"`
	// RelationshipEnded says what calls for a customer get after the relationship ended.
	RelationshipEnded RelationshipEnded `json:"relationshipEnded"`

	// BOM puts a UTF-8 byte order mark before success bodies, as in all recorded traffic.
	BOM bool `json:"bom"`
	// BOMOnErrors puts one before error bodies too.
	BOMOnErrors bool `json:"bomOnErrors"`
	// NumericCodes prints error codes as numbers; off = as strings. 900420 is always a string, as seen on the wire.
	NumericCodes bool `json:"numericCodes"`
	// LongErrors gives the longer error form with message, errorName, isRetryable, parameters and errorMessageExtended.
	LongErrors bool `json:"longErrors"`

	// MFANotEnforced lets app+user tokens without MFA through, as before the enforcement of 2026; isMfaCompliant still tells.
	MFANotEnforced bool `json:"mfaNotEnforced"`
	// TokenLifetime is expires_in of new access tokens, in whole seconds.
	TokenLifetime time.Duration `json:"tokenLifetime"`
	// RefreshTokens is the state of all refresh tokens.
	RefreshTokens RefreshTokens `json:"refreshTokens"`
	// RotateRefreshTokens makes each use of a refresh token return a new one; off = the same is returned.
	RotateRefreshTokens bool `json:"rotateRefreshTokens"`
	// ReuseRefreshTokens leaves earlier refresh tokens valid, as Entra does; off = only the newest one of a user works.
	ReuseRefreshTokens bool `json:"reuseRefreshTokens"`
	// RefreshTokenLifetime is how long a refresh token works after it was issued, used or not.
	RefreshTokenLifetime time.Duration `json:"refreshTokenLifetime"`
	// CustomerTenants says what users get in the tenants of customers.
	CustomerTenants CustomerTenants `json:"customerTenants"`
	// FederationAtHomeOnly refuses refresh tokens with a federated assertion in the tenants of customers. Unverified upstream.
	FederationAtHomeOnly bool `json:"federationAtHomeOnly"`
	// OIDCTokenLifetime is how long new OIDC tokens of CI systems live, in whole seconds.
	OIDCTokenLifetime time.Duration `json:"oidcTokenLifetime"`
	// ClaimsChallenge says which service wants more of users' tokens.
	ClaimsChallenge ClaimsChallenge `json:"claimsChallenge"`
	// ClaimsAnswer says what a token request with the claims of the challenge gets.
	ClaimsAnswer ClaimsAnswer `json:"claimsAnswer"`
	// SignInError, when set, is the answer to every token request.
	SignInError *SignInError `json:"signInError"`

	// RoleAssignmentPageSize is how many role assignments a page has; 0 = all.
	RoleAssignmentPageSize int `json:"roleAssignmentPageSize"`
	// RoleDefinitionIDForm says how answers name the role.
	RoleDefinitionIDForm RoleDefinitionIDForm `json:"roleDefinitionIdForm"`
	// RepeatedPUTCreated answers 201 to the repeated PUT of a role assignment too; off = 200. Unverified upstream.
	RepeatedPUTCreated bool `json:"repeatedPutCreated"`
	// CreatedByNull makes createdBy of role assignments null.
	CreatedByNull bool `json:"createdByNull"`
	// DeletedPrincipalsUnknown shows the principalType Unknown for deleted principals; off = what they were.
	DeletedPrincipalsUnknown bool `json:"deletedPrincipalsUnknown"`
	// ExistsWithoutID leaves the id of the other assignment out of RoleAssignmentExists, as older answers do.
	ExistsWithoutID bool `json:"existsWithoutId"`
	// RoleAssignmentLimit is how many role assignments a subscription takes; 0 = 4000.
	RoleAssignmentLimit int `json:"roleAssignmentLimit"`
	// UnknownPrincipals refuses the first N PUTs for each principal with PrincipalNotFound: it is not replicated yet.
	UnknownPrincipals int `json:"unknownPrincipals"`
	// UnknownSubscriptions refuses the first N requests for each Azure subscription with SubscriptionNotFound: it is new.
	UnknownSubscriptions int `json:"unknownSubscriptions"`
	// StaleAssignmentGets makes the first N GETs of a role assignment after the PUT that made it a 404.
	StaleAssignmentGets int `json:"staleAssignmentGets"`
	// StaleAssignmentLists makes the first N lists after that PUT lack it.
	StaleAssignmentLists int `json:"staleAssignmentLists"`
	// StaleDeletedLists makes the first N lists after a DELETE still have it.
	StaleDeletedLists int `json:"staleDeletedLists"`
	// AssignmentReadLag makes GETs and lists show for that long after a PUT or DELETE the role assignment as it was before.
	AssignmentReadLag time.Duration `json:"assignmentReadLag"`
	// NoServicePrincipal leaves the oid out of app-only tokens of customers' tenants: the application was never consented
	// to there.
	NoServicePrincipal bool `json:"noServicePrincipal"`
	// BucketSize is how many calls of one kind Resource Manager takes at once from one principal; 0 = 250 reads, 200
	// writes and 200 deletes.
	BucketSize int `json:"bucketSize"`
	// BucketRefill is how many it takes each second after that; 0 = 25 reads, 10 writes and 10 deletes.
	BucketRefill int `json:"bucketRefill"`

	// OrderDates says in which form orders have their creationDate.
	OrderDates OrderDates `json:"orderDates"`
	// LowerCaseTransactionTypes prints those of order lines as the table of the page does (new); off = as its example (New).
	LowerCaseTransactionTypes bool `json:"lowerCaseTransactionTypes"`
	// NoOrderClient leaves the client block out of orders, where it is unverified.
	NoOrderClient bool `json:"noOrderClient"`
	// Fulfilment is the provisioning status of orders and reservations that are not cancelled.
	Fulfilment Fulfilment `json:"fulfilment"`
	// EntitlementsAppOnly lets app-only callers read entitlements, as a third party's digest has it; the page does not.
	EntitlementsAppOnly bool `json:"entitlementsAppOnly"`
	// OldEntitlements gives reservations in the old contract, which knows virtual machines only.
	OldEntitlements bool `json:"oldEntitlements"`
	// ReservationsKey is the name of the list in the details of a reservation's artifact.
	ReservationsKey ReservationsKey `json:"reservationsKey"`
	// DynamicAttributes says where entitlements have their reservationType.
	DynamicAttributes DynamicAttributes `json:"dynamicAttributes"`
	// ExpiryWithZone prints the ends of reservations with a Z; off = without zone, as in all examples.
	ExpiryWithZone bool `json:"expiryWithZone"`
	// NumbersAsStrings prints quantities, line numbers and prices of orders and entitlements as strings.
	NumbersAsStrings bool `json:"numbersAsStrings"`
	// UnknownEnums gives the enums of orders, entitlements, reservations and audit records values that no page has.
	UnknownEnums bool `json:"unknownEnums"`
	// SnakeCaseResourceTypes lets a filter of audit records name resource types as they are on the wire. Unverified upstream.
	SnakeCaseResourceTypes bool `json:"snakeCaseResourceTypes"`
	// BareAuditRecords leaves the optional fields out: names of customer and application, session, participants, correlation.
	BareAuditRecords bool `json:"bareAuditRecords"`
	// PurchaseAudit says what the activity log has of what customers buy for themselves.
	PurchaseAudit PurchaseAudit `json:"purchaseAudit"`
	// PurchaseApplicationID gives those records the id of the Azure portal as applicationId; off = its name.
	PurchaseApplicationID bool `json:"purchaseApplicationID"`
	// OrderDelay keeps new orders out of the list of orders; up to 15 minutes in the API. By id they are there at once.
	OrderDelay time.Duration `json:"orderDelay"`
	// OrderDelayReads keeps new orders out of the next N reads of the list of orders.
	OrderDelayReads int `json:"orderDelayReads"`
	// ReservationDelay keeps new reservations out of the list of entitlements.
	ReservationDelay time.Duration `json:"reservationDelay"`
	// AuditDelay keeps new records out of the activity log.
	AuditDelay time.Duration `json:"auditDelay"`

	// Latency is added to each Partner Center and Resource Manager answer.
	Latency time.Duration `json:"latency"`
}

// DefaultKnobs are the knobs of a new Backend (Latency comes from its Config).
func DefaultKnobs() Knobs {
	return Knobs{
		ContinuationMode:     ContinuationBoth,
		PUTPath:              PUTPathBoth,
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

		OrderDates:        OrderDatesByKind,
		Fulfilment:        Fulfilled,
		ReservationsKey:   ReservationsKeyByContract,
		DynamicAttributes: DynamicAttributesOnEntitlement,
		PurchaseAudit:     PurchaseAuditFull,
	}
}

// Knobs returns a copy of the current knobs.
func (b *Backend) Knobs() Knobs {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.knobs
}

// SetKnobs changes knobs. The function runs under the backend's lock and must not call the backend. Values that no
// knob has are a violation and change nothing.
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
