package partnercenter

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// Profiles reads the partner's own profiles
// (https://learn.microsoft.com/partner-center/developer/get-an-organization-profile).
type Profiles struct {
	c *Client
	// tenantID is the configured tenant ID, or "".
	tenantID string
	read     *httppipe.Answers[string]
}

// tenantFor is how long the tenant ID of the organization profile is cached: for the whole run.
const tenantFor = 24 * time.Hour

// OrganizationProfile describes the partner's organization.
type OrganizationProfile struct {
	// TenantID is the partner's Microsoft Entra tenant ID.
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

// TenantID returns the partner's tenant ID, a GUID: the configured one, or else the one in the
// access token, which needs no request. If the token does not contain it, TenantID reads the
// organization profile.
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
