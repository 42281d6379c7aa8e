package mockbackend

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// ClaimsChallenge selects the services that require more claims in the tokens of users. Clients must request a token with
// the claims of the challenge. https://learn.microsoft.com/entra/identity-platform/claims-challenge
type ClaimsChallenge string

// The values of Knobs.ClaimsChallenge. App-only tokens are never challenged (choice).
const (
	ClaimsChallengeNone            ClaimsChallenge = "none"
	ClaimsChallengePartnerCenter   ClaimsChallenge = "partnercenter"
	ClaimsChallengeResourceManager ClaimsChallenge = "resourcemanager"
	ClaimsChallengeBoth            ClaimsChallenge = "both"
)

// ClaimsAnswer selects the answer to a token request with the claims of the challenge.
type ClaimsAnswer string

// The values of Knobs.ClaimsAnswer.
const (
	ClaimsAnswerRefuse  ClaimsAnswer = "refuse"  // interaction_required, AADSTS50076
	ClaimsAnswerSatisfy ClaimsAnswer = "satisfy" // a token with the claims
)

// Resource Manager requests this authentication context to require MFA.
const (
	challengedContext = "p1"
	challengedClaims  = `{"access_token":{"acrs":{"essential":true,"values":["p1"]}}}`
)

// challenged reports whether the caller's token lacks claims.
func (x *exchange) challenged(service ClaimsChallenge) bool {
	requested := x.knobs.ClaimsChallenge
	return (requested == service || requested == ClaimsChallengeBoth) && x.caller.user != nil && !slices.Contains(x.caller.Contexts, challengedContext)
}

func (b *Backend) claimsChallenge(tenant string) http.Header {
	return http.Header{"Www-Authenticate": {fmt.Sprintf(
		`Bearer realm="", authorization_uri="%s/%s/oauth2/authorize", error="insufficient_claims", claims=%q`,
		b.endpoints.SignIn, tenant, base64.StdEncoding.EncodeToString([]byte(challengedClaims)),
	)}}
}

// checkClaims reads the claims that a token request contains. It ignores the capabilities of the client (xms_cc).
func (b *Backend) checkClaims(x *exchange, r *tokenRequest) *refusal {
	text := r.form.Get("claims")
	if text == "" {
		return nil
	}
	var claims struct {
		AccessToken map[string]struct {
			Value  string   `json:"value"`
			Values []string `json:"values"`
		} `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(text), &claims); err != nil {
		b.violate("%s %s: the claims are not JSON: they come in base64 and are sent decoded", x.req.Method, x.req.URL.Path)
		return refuseAs(9002313, "")
	}
	requested := claims.AccessToken["acrs"]
	for _, context := range append(requested.Values, requested.Value) {
		if context != "" {
			r.contexts = append(r.contexts, context)
		}
	}
	if len(r.contexts) > 0 && x.knobs.ClaimsAnswer == ClaimsAnswerRefuse {
		return refuseAs(50076, "")
	}
	return nil
}
