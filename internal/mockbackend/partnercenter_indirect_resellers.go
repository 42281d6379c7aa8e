package mockbackend

import (
	"net/http"
	"slices"
	"strings"
)

// IndirectReseller is an indirect reseller with a relationship to the partner, which is then an indirect provider
// (DEV/relationships-resources). Customers refer to it by ID, orders and subscriptions by MPN ID.
type IndirectReseller struct {
	ID       string `json:"id"` // tenant ID, a lower-case GUID; AddIndirectReseller creates one if empty
	Name     string `json:"name"`
	MPNID    string `json:"mpnId"`
	Location string `json:"location"` // ISO 3166-1 alpha-2; empty = US
	State    string `json:"state"`    // empty = Active
}

// IndirectResellers returns the indirect resellers in the order in which they were added.
func (b *Backend) IndirectResellers() []IndirectReseller {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.resellers)
}

// AddIndirectReseller adds an indirect reseller, or replaces the one with the same ID. It returns the reseller with
// the empty fields filled in.
func (b *Backend) AddIndirectReseller(reseller IndirectReseller) IndirectReseller {
	b.mu.Lock()
	defer b.mu.Unlock()
	setDefault(&reseller.ID, newGUID())
	reseller.ID = strings.ToLower(reseller.ID)
	setDefault(&reseller.Name, "Reseller "+reseller.ID[:8])
	setDefault(&reseller.Location, "US")
	setDefault(&reseller.State, "Active")
	b.resellers = append(slices.DeleteFunc(b.resellers, func(r IndirectReseller) bool { return r.ID == reseller.ID }), reseller)
	return reseller
}

// MoveCustomer associates a customer with another indirect reseller, or with none. It reports whether the customer exists.
// If not, that is also a violation.
func (b *Backend) MoveCustomer(customerID, resellerID string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customerFor("MoveCustomer", customerID)
	if record != nil {
		record.IndirectReseller = strings.ToLower(resellerID)
	}
	return record != nil
}

type relationshipBody struct {
	ID               string             `json:"id"`
	Name             string             `json:"name"`
	RelationshipType string             `json:"relationshipType"`
	State            string             `json:"state"`
	MPNID            string             `json:"mpnId,omitempty"`
	Location         string             `json:"location"`
	Attributes       resourceAttributes `json:"attributes"`
}

// The relationship types (PartnerRelationshipType in the SDK).
const (
	indirectProviderOf = "isindirectcloudsolutionproviderof"
	indirectResellerOf = "isindirectresellerof"
)

// listRelationships: DEV/retrieve-a-list-of-indirect-resellers. The partner is an indirect provider, so it has no
// relationships to other providers. No paging.
func (b *Backend) listRelationships(x *exchange) response {
	requested := plainName(queryValue(x.query, "relationship_type"))
	var bodies []relationshipBody
	switch requested {
	case indirectProviderOf:
		for _, r := range b.resellers {
			bodies = append(bodies, relationshipBody{
				r.ID, r.Name, "is_indirect_cloud_solution_provider_of", r.State, r.MPNID, r.Location, resourceAttributes{ObjectType: "PartnerRelationship"},
			})
		}
	case indirectResellerOf:
	default:
		return failure(http.StatusBadRequest, invalidRequestInput, "relationship_type %q is not supported.", queryValue(x.query, "relationship_type"))
	}
	return response{status: http.StatusOK, body: collectionOf(b, x, bodies)}
}
