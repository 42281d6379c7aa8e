package mockbackend

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Policy is the self-serve policy of a customer (DEV/self-serve-policy-resources).
type Policy struct {
	ID          string   `json:"id"` // "{partner}_{customer}"
	CustomerID  string   `json:"customerId"`
	PartnerID   string   `json:"partnerId"`
	Permissions []string `json:"permissions"` // resources with the action Purchase
	ETag        string   `json:"etag"`        // with its quote characters
}

// The resources that a self-serve policy can name.
const (
	AzureReservedInstances = "AzureReservedInstances"
	AzureSavingsPlan       = "AzureSavingsPlan"
)

// Policy returns the current policy of a customer, regardless of the knobs for stale reads.
func (b *Backend) Policy(customerID string) (Policy, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customer(customerID)
	if record == nil || record.policy == nil {
		return Policy{}, false
	}
	policy := *record.policy
	policy.Permissions = slices.Clone(policy.Permissions)
	return policy, true
}

// SetPermissions sets the permissions of a customer as a partner user in the portal. It creates or changes the
// policy, or deletes it if there are no resources. Reads return the change at once. Unknown customers and resources
// are a violation.
func (b *Backend) SetPermissions(customerID string, resources ...string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customerFor("SetPermissions", customerID)
	if record == nil {
		return false
	}
	for _, resource := range resources {
		if resource != AzureReservedInstances && resource != AzureSavingsPlan {
			b.violate("SetPermissions: unknown resource %q", resource)
			return false
		}
	}
	before, operation := record.policy, "update_self_serve_policy"
	record.staleReads, record.lagging = 0, nil
	switch {
	case len(resources) == 0 && before == nil:
		return true
	case len(resources) == 0:
		record.policy, operation = nil, "delete_self_serve_policy"
	case before == nil:
		operation = "create_self_serve_policy"
		fallthrough
	default:
		record.policy = newPolicy(record.ID, slices.Clone(resources))
	}
	b.policyChanged(record, before, record.policy, true)
	b.addAudit(b.portalAudit(record, operation, "self_serve_policy"), "", policyDocument(before), policyDocument(record.policy))
	return true
}

func newPolicy(customerID string, permissions []string) *Policy {
	return &Policy{
		ID: PartnerTenantID + "_" + customerID, CustomerID: customerID, PartnerID: PartnerTenantID,
		Permissions: permissions, ETag: newPolicyETag(),
	}
}

// etagChoice names the choice for an update with a stale or missing etag.
func etagChoice(body *selfServePolicy) string {
	if body.Attributes.ETag == "" {
		return "missing_etag"
	}
	return "stale_etag"
}

// newPolicyETag is a GUID in quotes. The quotes are part of the value.
func newPolicyETag() string { return `"` + newGUID() + `"` }

// createSelfServePolicy: DEV/create-a-self-serve-policy.
func (b *Backend) createSelfServePolicy(x *exchange) response {
	body, refused, ok := b.readPolicyBody(x)
	if !ok {
		return refused
	}
	record, refused, ok := b.policyCustomer(x, body.SelfServeEntity.TenantID)
	if !ok {
		return refused
	}
	// Not documented: a grantor in upper case is accepted, the grantor of another partner is refused.
	if !strings.EqualFold(body.Grantor.TenantID, x.caller.TenantID) {
		return failure(http.StatusForbidden, insufficientRights, "The grantor is not the partner of the caller.")
	}
	if record.policy != nil {
		return failure(http.StatusConflict, policyAlreadyExists, "A self-serve policy for this entity exists already.")
	}
	created := newPolicy(record.ID, body.resources())
	b.writePolicy(x, record, created, "create_self_serve_policy")
	return response{status: http.StatusCreated, body: b.policyBody(x, created)}
}

// listSelfServePolicies: DEV/get-a-list-of-self-serve-policies. entity_id is required in the page and optional in the
// swagger.
func (b *Backend) listSelfServePolicies(x *exchange) response {
	if refused, ok := x.overridden("reads_policies"); ok {
		return refused
	}
	var items []selfServePolicy
	if id := queryValue(x.query, "entity_id"); id != "" {
		record, refused, ok := b.policyCustomer(x, id)
		switch {
		case x.knobs.EntityIDCase == IDCaseExact && strings.ToLower(id) != id:
			if refused, ok := x.overridden("entity_id_capitals"); ok {
				return refused
			}
		case !ok && b.endedEmptyList(x, id):
		case !ok:
			return refused
		default:
			if shown := record.visiblePolicy(true); shown != nil {
				items = append(items, b.policyBody(x, shown))
			}
		}
	} else {
		return b.allPolicies(x)
	}
	return response{status: http.StatusOK, body: collectionOf(b, x, items)}
}

// allPolicies is the list without entity_id, which is not documented: Knobs.PolicyList.
func (b *Backend) allPolicies(x *exchange) response {
	if x.knobs.PolicyList == PolicyListRefused {
		return x.refuse("policies_without_entity_id", http.StatusBadRequest, invalidRequestInput, "entity_id is required.")
	}
	listed := func(i int) bool {
		record := b.customers[i]
		if record.RelationshipEnded || x.knobs.PolicyList == PolicyListEmpty || x.knobs.PolicyList == PolicyListPartial && i%2 == 0 {
			return false
		}
		return record.visiblePolicy(true) != nil
	}
	shown := func(i int) selfServePolicy { return b.policyBody(x, b.customers[i].visiblePolicy(true)) }
	if x.knobs.PolicyList == PolicyListPages {
		query, refused, ok := b.readPageQuery(x, "/SelfServePolicy")
		if !ok {
			return refused
		}
		return pageOf(b, x, query, pagedList{length: len(b.customers), matches: listed}, shown)
	}
	var items []selfServePolicy
	for i := range b.customers {
		if listed(i) {
			items = append(items, shown(i))
		}
	}
	return response{status: http.StatusOK, body: collectionOf(b, x, items)}
}

// getSelfServePolicy: DEV/get-a-self-serve-policy-by-id.
func (b *Backend) getSelfServePolicy(x *exchange) response {
	if refused, ok := x.overridden("reads_policies"); ok {
		return refused
	}
	record, refused, ok := b.policyRecord(x, x.values["id"])
	if !ok {
		return refused
	}
	shown := record.visiblePolicy(!x.knobs.StaleListOnly)
	if shown == nil {
		return policyMissing(x, x.values["id"])
	}
	return response{status: http.StatusOK, body: b.policyBody(x, shown)}
}

// updateSelfServePolicy: DEV/update-a-self-serve-policy. The request syntax has the ID in the path, the example does not.
func (b *Backend) updateSelfServePolicy(x *exchange) response {
	pathID, inPath := x.values["id"]
	if !inPath && x.knobs.PUTPath == PUTPathIDOnly {
		b.violate("PUT %s: the id is missing in the path", x.req.URL.Path)
		refused := x.refuse("put_without_id", http.StatusBadRequest, notSupported, "The method is not supported for this resource.")
		refused.header = http.Header{"Allow": {"POST, GET"}}
		return refused
	}
	if inPath && x.knobs.PUTPath == PUTPathNoID {
		return x.refuse("put_with_id", http.StatusNotFound, policyIDIncorrect, "The policy id %q is incorrect.", pathID)
	}
	body, refused, ok := b.readPolicyBody(x)
	if !ok {
		return refused
	}
	if !inPath {
		pathID = body.ID
	}
	if body.ID != "" && !strings.EqualFold(body.ID, pathID) {
		return failure(http.StatusNotFound, policyIDIncorrect, "The policy id of the body is not the one of the path.")
	}
	record, refused, ok := b.policyRecord(x, pathID)
	if !ok {
		return refused
	}
	current := record.policy
	if current == nil {
		return policyMissing(x, pathID)
	}
	if !strings.EqualFold(body.SelfServeEntity.TenantID, current.CustomerID) || !strings.EqualFold(body.Grantor.TenantID, current.PartnerID) {
		return failure(http.StatusBadRequest, invalidProperty, "selfServeEntity and grantor can not be changed.")
	}
	if body.Attributes.ETag != current.ETag {
		switch x.knobs.StaleETag {
		case StaleETagReject2055:
			return x.refuse(etagChoice(body), http.StatusBadRequest, etagNoLongerValid, "The etag is no longer valid.")
		case StaleETagReject412:
			return failure(http.StatusPreconditionFailed, etagNoLongerValid, "The etag is no longer valid.")
		}
	}
	updated := newPolicy(record.ID, body.resources())
	b.writePolicy(x, record, updated, "update_self_serve_policy")
	return response{status: http.StatusOK, body: b.policyBody(x, updated)}
}

// deleteSelfServePolicy: DEV/delete-a-self-serve-policy. The answer for a missing policy is a choice.
func (b *Backend) deleteSelfServePolicy(x *exchange) response {
	record, refused, ok := b.policyRecord(x, x.values["id"])
	if !ok {
		return refused
	}
	deleted := record.policy
	if deleted == nil {
		return x.refuse("delete_missing", http.StatusNotFound, policyNotFound, "The policy %s was not found.", strings.ToLower(x.values["id"]))
	}
	b.writePolicy(x, record, nil, "delete_self_serve_policy")
	if x.knobs.DeleteAnswersBody {
		return response{status: http.StatusOK, body: b.policyBody(x, deleted)}
	}
	return response{status: http.StatusNoContent}
}

// policyCustomer is customerOf for policies. An unknown customer is answered like a customer without a relationship
// (choice).
func (b *Backend) policyCustomer(x *exchange, id string) (*customerRecord, response, bool) {
	if uuid.Validate(id) == nil && b.customer(id) == nil {
		return nil, x.refuse("policies_"+x.notCustomerChoice(id), http.StatusForbidden, noCommerceRelationship, "%s", noRelationshipText(id)), false
	}
	return b.customerOf(x, id)
}

func (b *Backend) endedEmptyList(x *exchange, customerID string) bool {
	record := b.customer(customerID)
	return record != nil && record.RelationshipEnded && x.knobs.RelationshipEnded == RelationshipEndedEmptyList
}

// policyRecord finds the customer of a policy ID, "{partner}_{customer}".
func (b *Backend) policyRecord(x *exchange, id string) (*customerRecord, response, bool) {
	grantor, entity, ok := strings.Cut(id, "_")
	if !ok || !isGUID(grantor) || !isGUID(entity) {
		return nil, x.refuse("malformed_policy_id", http.StatusNotFound, policyIDIncorrect, "The policy id %q is incorrect.", id), false
	}
	if x.knobs.PathIDCase == IDCaseExact && id == x.values["id"] && strings.ToLower(id) != id {
		return nil, policyMissing(x, id), false
	}
	if !strings.EqualFold(grantor, b.partner.TenantID) || b.customer(entity) == nil || b.endedEmptyList(x, entity) {
		return nil, policyMissing(x, id), false
	}
	return b.customerOf(x, entity)
}

func policyMissing(x *exchange, id string) response {
	return x.refuse("unknown_policy", http.StatusNotFound, policyNotFound, "The policy %s was not found.", strings.ToLower(id))
}

// staleFor limits Knobs.StaleReads after a write (choice).
const staleFor = time.Minute

// visiblePolicy returns the policy for a read. After a write it may return the earlier policy: Knobs.StaleReads,
// ReadLag.
func (r *customerRecord) visiblePolicy(mayBeStale bool) *Policy {
	if !mayBeStale {
		return r.policy
	}
	if r.staleReads > 0 && time.Now().Before(r.staleUntil) {
		r.staleReads--
		return r.stale
	}
	for len(r.lagging) > 0 && !time.Now().Before(r.lagging[0].until) {
		r.lagging = r.lagging[1:]
	}
	if len(r.lagging) > 0 {
		return r.lagging[0].policy
	}
	return r.policy
}

// writePolicy executes a write of the API. A nil policy deletes the policy.
func (b *Backend) writePolicy(x *exchange, record *customerRecord, policy *Policy, operation string) {
	before := record.policy
	record.stale, record.staleReads, record.staleUntil = before, x.knobs.StaleReads, time.Now().Add(staleFor)
	if x.knobs.ReadLag > 0 {
		record.lagging = append(record.lagging, pastPolicy{before, time.Now().Add(x.knobs.ReadLag)})
	}
	record.policy = policy
	b.policyChanged(record, before, policy, false)
	entry := b.newAudit(record, operation, "self_serve_policy")
	entry.UserPrincipalName, entry.ApplicationID, entry.OriginalCorrelationID = x.caller.UPN, x.caller.AppID, x.entry.CorrelationID
	b.addAudit(entry, "", policyDocument(before), policyDocument(policy))
}

func (b *Backend) policyBody(x *exchange, policy *Policy) selfServePolicy {
	body := selfServePolicy{
		ID:              policy.ID,
		SelfServeEntity: selfServeEntity{entityTypeCustomer, policy.CustomerID},
		Grantor:         policyGrantor{grantorTypeBillTo, policy.PartnerID},
		Permissions:     []policyPermission{},
		Attributes:      resourceAttributes{policy.ETag, selfServePolicyType},
	}
	for _, resource := range policy.Permissions {
		body.Permissions = append(body.Permissions, policyPermission{resource, actionPurchase})
	}
	if x.knobs.ShuffleOrder {
		shuffle(b.random, body.Permissions)
	}
	return body
}

// pastPolicy is the policy before a write. Reads return it until Knobs.ReadLag has passed.
type pastPolicy struct {
	policy *Policy
	until  time.Time
}
