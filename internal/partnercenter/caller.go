package partnercenter

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// Caller returns the claims of the access token, which identify the signed-in application and user.
// It sends no request beyond the token request that all calls share.
func (c *Client) Caller(ctx context.Context) (credential.Claims, error) {
	token, err := c.credential.Token(ctx, httppipe.TokenRequest{Scope: c.scope})
	if err != nil {
		return credential.Claims{}, err
	}
	return credential.ParseClaims(token.Value)
}

// ClaimNames returns the sorted names of the claims of the access token.
func (c *Client) ClaimNames(ctx context.Context) ([]string, error) {
	token, err := c.credential.Token(ctx, httppipe.TokenRequest{Scope: c.scope})
	if err != nil {
		return nil, err
	}
	return credential.ClaimNames(token.Value)
}

// ValidateMFA sends a harmless request with the ValidateMfa header. It returns whether Partner
// Center accepts the token as one with multifactor authentication
// (https://learn.microsoft.com/partner-center/developer/partner-center-authentication).
func (c *Client) ValidateMFA(ctx context.Context) (bool, error) {
	in := call{method: http.MethodGet, path: pathOf("profiles", "legalbusiness"), header: http.Header{"Validatemfa": {"true"}}}
	a, err := c.send(ctx, in, nil)
	if is(err, http.StatusUnauthorized, "900421") {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	verdict, err := strconv.ParseBool(a.Header.Get("isMfaCompliant"))
	if err != nil {
		return false, a.Unfit(errors.New("it did not say whether the token has multifactor authentication"))
	}
	return verdict, nil
}
