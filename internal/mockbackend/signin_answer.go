package mockbackend

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tokenResponse is the v2 form; v1 prints numbers as strings and has more of them.
type tokenResponse struct {
	TokenType    string `json:"token_type"`
	Scope        string `json:"scope,omitempty"`
	ExpiresIn    any    `json:"expires_in"`
	ExtExpiresIn any    `json:"ext_expires_in"`
	ExpiresOn    string `json:"expires_on,omitempty"`
	NotBefore    string `json:"not_before,omitempty"`
	Resource     string `json:"resource,omitempty"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	ClientInfo   string `json:"client_info,omitempty"` // who the user is and where it is at home
}

func (b *Backend) tokenBody(x *exchange, r *tokenRequest, token string) tokenResponse {
	seconds := int(x.knobs.TokenLifetime / time.Second)
	body := tokenResponse{TokenType: "Bearer", ExpiresIn: seconds, ExtExpiresIn: seconds, AccessToken: token}
	if r.v1 {
		now := time.Now()
		body.ExpiresIn, body.ExtExpiresIn = strconv.Itoa(seconds), strconv.Itoa(seconds)
		body.NotBefore = strconv.FormatInt(now.Unix(), 10)
		body.ExpiresOn = strconv.FormatInt(now.Add(x.knobs.TokenLifetime).Unix(), 10)
		body.Resource = r.audience
	}
	if r.user == nil {
		return body
	}
	body.Scope = "user_impersonation"
	if !r.v1 {
		body.Scope = strings.TrimSuffix(r.audience, "/") + "/user_impersonation"
	}
	if r.v1 || slices.Contains(r.scopes, "offline_access") {
		body.RefreshToken = r.form.Get("refresh_token")
		if x.knobs.RotateRefreshTokens {
			body.RefreshToken = b.renew(r.userAt)
		}
	}
	part := base64.RawURLEncoding.EncodeToString
	if r.form.Get("client_info") == "1" { // MSAL asks for it, and keeps tokens under it
		body.ClientInfo = part(encodeJSON(map[string]string{"uid": r.user.ObjectID, "utid": b.partner.TenantID}))
	}
	if slices.Contains(r.scopes, "openid") { // unsigned, as v1 gives it: "header.payload."
		body.IDToken = part([]byte(`{"typ":"JWT","alg":"none"}`)) + "." + part(encodeJSON(map[string]any{
			"aud": r.app.ClientID, "iss": "https://sts.windows.net/" + r.tenant + "/", "tid": r.tenant, "oid": r.user.ObjectID,
			"upn": r.user.UserPrincipalName, "ver": "1.0", "iat": time.Now().Unix(), "exp": time.Now().Add(x.knobs.TokenLifetime).Unix(),
		})) + "."
		b.issued(IssuedToken{Kind: IDToken, Token: body.IDToken, Tenant: r.tenant, User: r.user.UserPrincipalName})
	}
	return body
}
