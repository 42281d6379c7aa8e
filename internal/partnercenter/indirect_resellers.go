package partnercenter

import (
	"context"
	"net/http"
	"net/url"
)

// IndirectResellers reads the resellers of a partner that is an indirect provider
// (https://learn.microsoft.com/partner-center/developer/relationships-resources).
type IndirectResellers struct{ c *Client }

// IndirectReseller is a reseller of an indirect provider. Every field except ID may be empty.
type IndirectReseller struct {
	// ID is the reseller's Microsoft Entra tenant ID. Customers and [CustomerFilter] refer to it.
	ID   string `json:"id"`
	Name Text   `json:"name"`
	// PartnerID is the Partner ID, formerly MPN ID. Orders and subscriptions refer to it.
	PartnerID Text `json:"mpnId"`
	// Location is a country code, such as US.
	Location Text `json:"location"`
	// State is for example active.
	State Enum `json:"state"`
}

func (r IndirectReseller) id() string { return r.ID }

// List returns all indirect resellers, sorted by ID.
// GET /v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf, app+user only
// (https://learn.microsoft.com/partner-center/developer/retrieve-a-list-of-indirect-resellers).
func (s IndirectResellers) List(ctx context.Context) ([]IndirectReseller, error) {
	list := call{method: http.MethodGet, path: pathOf("relationships"), query: url.Values{"relationship_type": {"IsIndirectCloudSolutionProviderOf"}}}
	return sorted(all[IndirectReseller](ctx, s.c, list), func(r IndirectReseller) string { return r.ID })
}
