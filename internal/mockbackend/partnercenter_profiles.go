package mockbackend

import (
	"net/http"
	"strings"
)

type organizationProfile struct {
	ID             string             `json:"id"`
	CompanyName    string             `json:"companyName"`
	DefaultAddress address            `json:"defaultAddress"`
	TenantID       string             `json:"tenantId"` // lower-case d here, tenantID in policies
	Domain         string             `json:"domain"`
	Email          string             `json:"email"`
	Language       string             `json:"language"`
	Culture        string             `json:"culture"`
	ProfileType    string             `json:"profileType"`
	Links          selfLink           `json:"links"`
	Attributes     resourceAttributes `json:"attributes"`
}

// organizationProfile: DEV/get-an-organization-profile.
func (b *Backend) organizationProfile(x *exchange) response {
	if refused, ok := x.overridden("organization_id"); ok {
		return refused
	}
	id := b.partner.TenantID
	if x.knobs.OrganizationIDDiffers {
		id = guidFor("organization", b.partner.TenantID)
	}
	return response{status: http.StatusOK, body: organizationProfile{
		ID: id, CompanyName: b.partner.CompanyName, TenantID: b.partner.TenantID, Domain: b.partner.Domain,
		DefaultAddress: partnerAddress(), Email: "admin@partner-demo.example", Language: "en", Culture: "en-US", ProfileType: "OrganizationProfile",
		Links: selfLink{x.link("/profiles/organization")}, Attributes: resourceAttributes{"eyJpZCI6InNhbXBsZSJ9", "OrganizationProfile"},
	}}
}

func partnerAddress() address {
	return address{
		Country: "US", City: "Redmond", State: "WA", AddressLine1: "2 Sample Way", PostalCode: "98052",
		FirstName: "Partner", LastName: "Contact",
	}
}

type legalBusinessProfile struct {
	CompanyName            string             `json:"companyName"`
	Address                address            `json:"address"`
	PrimaryContact         contact            `json:"primaryContact"`
	CompanyApproverAddress address            `json:"companyApproverAddress"`
	CompanyApproverEmail   string             `json:"companyApproverEmail"`
	VettingStatus          string             `json:"vettingStatus"`
	VettingSubStatus       string             `json:"vettingSubStatus"`
	ProfileType            string             `json:"profileType"`
	Links                  selfLink           `json:"links"`
	Attributes             resourceAttributes `json:"attributes"`
}

type contact struct {
	FirstName   string `json:"firstName"`
	LastName    string `json:"lastName"`
	Email       string `json:"email"`
	PhoneNumber string `json:"phoneNumber"`
}

// legalBusinessProfile: DEV/get-legal-business-profile. It has no tenant ID.
func (b *Backend) legalBusinessProfile(x *exchange) response {
	switch strings.ToLower(queryValue(x.query, "vettingVersion")) {
	case "", "current", "lastfinalized", "none": // the names of the SDK's enum (SDK PartnerSdk.Models/Partners/VettingVersion.cs)
	default:
		return failure(http.StatusBadRequest, invalidRequestInput, "vettingVersion %q is not supported.", queryValue(x.query, "vettingVersion"))
	}
	return response{status: http.StatusOK, body: legalBusinessProfile{
		CompanyName: b.partner.CompanyName, Address: partnerAddress(), CompanyApproverAddress: partnerAddress(),
		PrimaryContact:       contact{"Partner", "Contact", "admin@partner-demo.example", "4255550101"},
		CompanyApproverEmail: "admin@partner-demo.example", VettingStatus: "authorized", VettingSubStatus: "none", ProfileType: "LegalBusinessProfile",
		Links: selfLink{x.link("/profiles/legalbusiness")}, Attributes: resourceAttributes{ObjectType: "LegalBusinessProfile"},
	}}
}
