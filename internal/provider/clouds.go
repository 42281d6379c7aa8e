package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// cloud holds the hosts and the audience of one Microsoft cloud
// (https://learn.microsoft.com/partner-center/developer/partner-center-rest-urls).
type cloud struct {
	partnerCenter, audience, authority string
	resourceManager, azureAudience     string
	// authorityAliases are further hosts that the authority names in its own metadata.
	authorityAliases []string
}

// clouds maps the cloud names of the azurerm provider to their hosts and audiences.
var clouds = map[string]cloud{
	"public": {
		partnerCenter: partnercenter.DefaultEndpoint, audience: partnercenter.DefaultEndpoint, authority: "https://login.microsoftonline.com",
		resourceManager: "https://management.azure.com", azureAudience: "https://management.azure.com",
	},
	"usgovernment": {
		partnerCenter: partnercenter.DefaultEndpoint, audience: partnercenter.DefaultEndpoint, authority: "https://login.microsoftonline.us",
		resourceManager: "https://management.usgovcloudapi.net", azureAudience: "https://management.core.usgovcloudapi.net/",
	},
	"china": {
		partnerCenter: "https://partner.partnercenterapi.microsoftonline.cn", audience: "https://partner.partnercenterapi.microsoftonline.cn",
		authority: "https://login.chinacloudapi.cn", authorityAliases: []string{"login.partner.microsoftonline.cn"},
		resourceManager: "https://management.chinacloudapi.cn", azureAudience: "https://management.core.chinacloudapi.cn/",
	},
}

func (r *resolver) cloud() cloud {
	name := r.text("environment", checkCloud)
	if name == "" {
		name = "public"
	}
	return clouds[strings.ToLower(name)]
}

func checkCloud(s string) error {
	if _, ok := clouds[strings.ToLower(s)]; !ok {
		return fmt.Errorf("must be one of %s", strings.Join(slices.Sorted(maps.Keys(clouds)), ", "))
	}
	return nil
}
