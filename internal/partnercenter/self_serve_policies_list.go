package partnercenter

import (
	"context"
	"net/http"
	"strings"
)

// List returns the policies of all customers with one list request, keyed by customer ID in lower case. Microsoft does
// not document that the list without entity_id is complete, so callers must check it against single reads.
// GET /v1/SelfServePolicy (https://learn.microsoft.com/partner-center/developer/get-a-list-of-self-serve-policies).
func (s SelfServePolicies) List(ctx context.Context) (map[string]SelfServePolicy, error) {
	partner, err := s.c.Profiles.TenantID(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]SelfServePolicy)
	list := call{method: http.MethodGet, path: "/SelfServePolicy"}
	for p, err := range all[SelfServePolicy](ctx, s.c, list) {
		switch {
		case err != nil:
			return nil, err
		case p.Entity.TenantID == "":
			return nil, &Error{API: API, Method: list.method, Path: "/v1" + list.path, StatusCode: http.StatusOK, Err: errUnreadable}
		case p.Grantor.TenantID == "" || sameID(p.Grantor.TenantID, partner):
			out[strings.ToLower(p.Entity.TenantID)] = p
		}
	}
	return out, nil
}
