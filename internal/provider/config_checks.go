package provider

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

func checkTenant(s string) error {
	if tfkit.CheckGUID(s) != nil && !domain.MatchString(s) {
		return errors.New("must be the tenant's ID, a GUID such as 1d3f0c52-6a4e-4b8e-9c55-2f4a7be0a101, or one of its domains such as contoso.onmicrosoft.com")
	}
	return nil
}

func checkSecret(s string) error {
	if strings.TrimSpace(s) != s {
		return errors.New("begins or ends with white space, which no secret does: check how it was stored")
	}
	return nil
}

func checkEndpoint(s string) error {
	if _, err := httppipe.ParseEndpoint(s); err != nil {
		return fmt.Errorf("is not a base URL: %w", err)
	}
	return nil
}

// checkAuthority is stricter than [checkEndpoint], because azidentity does not support plain HTTP.
func checkAuthority(s string) error {
	if err := checkEndpoint(s); err != nil {
		return err
	}
	if !strings.HasPrefix(strings.ToLower(s), "https://") {
		return errors.New("is plain http, but sign-in is over https only")
	}
	return nil
}

func endpointURL(check func(string) error) validator.String {
	return tfkit.StringCheck("value must be a base URL such as https://host.example", check)
}
