package partnercenter

import (
	"context"
	"net/http"
	"sync"
)

// Profiles are the partner's own
// (https://learn.microsoft.com/partner-center/developer/get-an-organization-profile).
type Profiles struct {
	c        *Client
	tenantID *tenantID
}

// OrganizationProfile is the partner's organization.
type OrganizationProfile struct {
	// TenantID is the partner's Microsoft Entra tenant.
	TenantID    string `json:"tenantId"`
	CompanyName string `json:"companyName"`
	Domain      string `json:"domain"`
}

// Organization returns the partner's organization profile.
// GET /v1/profiles/organization, app+user only.
func (s Profiles) Organization(ctx context.Context) (OrganizationProfile, error) {
	var out OrganizationProfile
	a, err := s.c.get(ctx, call{method: http.MethodGet, path: pathOf("profiles", "organization")}, &out)
	if err == nil && out.TenantID == "" {
		err = a.unfit(errUnreadable)
	}
	return out, err
}

// tenantID is the partner's tenant once it is known.
type tenantID struct {
	mu sync.Mutex
	id string
}

// TenantID returns the partner's tenant id: the configured one, else that of the
// organization profile, which is asked once for all callers.
func (s Profiles) TenantID(ctx context.Context) (string, error) {
	s.tenantID.mu.Lock()
	id := s.tenantID.id
	s.tenantID.mu.Unlock()
	if id != "" {
		return id, nil
	}
	// The shared call must not end with the first caller's context.
	answer := s.c.shared.DoChan("profiles/organization", func() (any, error) {
		p, err := s.Organization(context.WithoutCancel(ctx))
		if err == nil {
			s.tenantID.mu.Lock()
			s.tenantID.id = p.TenantID
			s.tenantID.mu.Unlock()
		}
		return p.TenantID, err
	})
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-answer:
		id, _ := r.Val.(string)
		return id, r.Err
	}
}
