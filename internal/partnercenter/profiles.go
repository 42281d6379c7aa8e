package partnercenter

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// Profiles are the partner's own
// (https://learn.microsoft.com/partner-center/developer/get-an-organization-profile).
type Profiles struct {
	c *Client
	// tenantID is the configured one, or "".
	tenantID string
	read     *httppipe.Answers[string]
}

// tenantFor is how long the tenant of the organization profile is good for: a run.
const tenantFor = 24 * time.Hour

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
	_, err := s.c.get(ctx, call{method: http.MethodGet, path: pathOf("profiles", "organization"), check: needs(&out.TenantID)}, &out)
	return out, err
}

// TenantID returns the partner's tenant id, a GUID: the configured one, else the one that the
// access token was issued in, which costs no request. Only where the token does not tell it is
// that of the organization profile.
func (s Profiles) TenantID(ctx context.Context) (string, error) {
	if s.tenantID != "" {
		return s.tenantID, nil
	}
	caller, err := s.c.Caller(ctx)
	if err == nil && caller.TenantID != "" {
		return strings.ToLower(caller.TenantID), nil
	}
	return s.read.Get(ctx, "", func(ctx context.Context) (string, error) {
		p, err := s.Organization(ctx)
		return strings.ToLower(p.TenantID), err
	})
}
