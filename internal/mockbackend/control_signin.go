package mockbackend

import (
	"net/http"
	"slices"
	"time"
)

// controlSignInCalls are the control calls about sign-in.
func controlSignInCalls() []controlCall {
	call := newControlCall
	return []controlCall{
		call("GET", "/tokens", controlGet((*Backend).IssuedTokens), "the last issued tokens", ""),
		call("GET", "/certificates/{certificate}", controlCertificate, "PEM of a certificate, its CA and its key: registered, unregistered or expired", ""),
		call("GET", "/ci", controlCI, "what jobs of GitHub Actions and Azure DevOps have in their environment", ""),
		call("POST", "/oidc-tokens", controlMint, "an OIDC token; issuers: github, azuredevops, gitlab, kubernetes", `{"issuer":"gitlab","lifetime":"5m"}`),
		call("GET", "/users/{user}/refresh-token", controlOf(knownUser, controlNewestRefreshToken), "the newest refresh token of a user (object id or principal name)", ""),
		call("POST", "/users/{user}/refresh-token", controlOf(knownUser, controlNewRefreshToken), "sign the user in again", ""),
		call("DELETE", "/users/{user}/refresh-token", controlOf(knownUser, controlRevokeRefreshTokens), "revoke all refresh tokens of the user", ""),
		call("GET", "/sign-in-errors", controlGet(func(*Backend) []SignInError { return SignInErrors() }), "the errors that a person must fix", ""),
		call("GET", "/sign-in-faults", controlGet((*Backend).SignInFaults), "sign-in faults that still wait for requests", ""),
		call("POST", "/sign-in-faults", controlFailSignIn, "make token requests fail", `{"tenant":"`+AdatumID+`","code":65001}`),
		call("DELETE", "/sign-in-faults", controlDo((*Backend).ClearSignInFaults), "remove all sign-in faults", ""),
	}
}

func controlCertificate(b *Backend, x *exchange) response {
	kind := CertificateKind(x.values["certificate"])
	if err := oneOf("certificate", kind, RegisteredCertificate, UnregisteredCertificate, ExpiredCertificate); err != nil {
		return controlError(http.StatusNotFound, "%v", err)
	}
	return response{status: http.StatusOK, body: string(b.Certificate(kind).PEM(PEMPKCS8))}
}

func controlCI(b *Backend, _ *exchange) response {
	return response{status: http.StatusOK, body: map[string]any{"github": b.GitHubActions(), "azuredevops": b.AzureDevOps()}}
}

func controlMint(b *Backend, x *exchange) response {
	var body struct {
		Issuer OIDCIssuer `json:"issuer"`
		OIDCClaims
		Lifetime durationText `json:"lifetime"`
	}
	if err := decodeKnown(x.body, &body); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	if !slices.Contains(AllOIDCIssuers(), body.Issuer) {
		return controlError(http.StatusBadRequest, "issuer %q is none of %q", body.Issuer, AllOIDCIssuers())
	}
	body.OIDCClaims.Lifetime = time.Duration(body.Lifetime)
	return response{status: http.StatusCreated, body: map[string]string{"token": b.OIDCToken(body.Issuer, body.OIDCClaims)}}
}

// knownUser reads the user of a control call: object ID or user principal name.
func knownUser(b *Backend, x *exchange) (User, response, bool) {
	at, ok := b.signIn.userIndex(x.values["user"])
	if !ok {
		return User{}, controlError(http.StatusNotFound, "no user %s", x.values["user"]), false
	}
	return b.signIn.users[at], response{}, true
}

func controlNewestRefreshToken(b *Backend, _ *exchange, user User) response {
	return response{status: http.StatusOK, body: map[string]string{"refreshToken": b.NewestRefreshToken(user)}}
}

func controlNewRefreshToken(b *Backend, _ *exchange, user User) response {
	return response{status: http.StatusCreated, body: map[string]string{"refreshToken": b.NewRefreshToken(user)}}
}

func controlRevokeRefreshTokens(b *Backend, _ *exchange, user User) response {
	b.RevokeRefreshTokens(user)
	return noContent()
}

func controlFailSignIn(b *Backend, x *exchange) response {
	var fault SignInFault
	if err := decodeKnown(x.body, &fault); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	if err := fault.validate(); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	b.FailSignIn(fault)
	return response{status: http.StatusCreated, body: fault}
}
