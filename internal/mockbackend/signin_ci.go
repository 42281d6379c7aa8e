package mockbackend

import (
	"net/http"
	"regexp"
	"strings"
	"time"
)

// ciService issues OIDC tokens to the jobs of GitHub Actions and Azure DevOps.
// https://docs.github.com/actions/reference/security/oidc
// https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create
type ciService struct{ serviceBase }

// GitHubJob has the environment of a job with the permission id-token: write.
type GitHubJob struct {
	RequestURL   string `json:"requestURL"` // has a query
	RequestToken string `json:"requestToken"`
}

// AzurePipeline has the environment of a job of a pipeline, including variables that the job maps.
type AzurePipeline struct {
	RequestURL          string `json:"requestURL"` // has no query
	SystemAccessToken   string `json:"systemAccessToken"`
	ServiceConnectionID string `json:"serviceConnectionId"`
}

const (
	githubTokenPath     = "/3d7e9b/_apis/distributedtask/hubs/Actions/plans/0c5f8e21-7a3b-4d96-b1e4-9f2a6c8d7e13/jobs/d1a4b7c0-6e2f-4583-9c7d-8b0e1f2a3c14/idtoken"
	azureDevOpsPath     = "/contoso/9e0d1c2b-3a4f-4e5d-8c6b-7a8f9e0d1c15/_apis/distributedtask/hubs/build/plans/4b3c2d1e-0f9a-4b8c-9d7e-6f5a4b3c2d16/jobs/a7b8c9d0-e1f2-4a3b-8c4d-5e6f7a8b9c17/oidctoken"
	serviceConnectionID = "6a5b4c3d-2e1f-4098-a7b6-c5d4e3f2a118"
)

// GitHubActions returns the environment of a GitHub Actions job.
func (b *Backend) GitHubActions() GitHubJob {
	return GitHubJob{b.Endpoints().CI + githubTokenPath + "?api-version=2.0", b.signIn.ciToken(GitHubIssuer)}
}

// AzureDevOps returns the environment of an Azure DevOps job.
func (b *Backend) AzureDevOps() AzurePipeline {
	return AzurePipeline{b.Endpoints().CI + azureDevOpsPath, b.signIn.ciToken(AzureDevOpsIssuer), serviceConnectionID}
}

// ciToken is the bearer token of a job.
func (s *signInState) ciToken(issuer OIDCIssuer) string {
	return s.secret("job of " + string(issuer))
}

func ciRoutes() []route {
	return []route{
		{"GET", githubTokenPath, open, []string{"api-version", "audience"}, (*Backend).githubToken},
		{"POST", azureDevOpsPath, open, []string{"api-version", "serviceConnectionId"}, (*Backend).azureDevOpsToken},
	}
}

func (ciService) inspect(b *Backend, x *exchange) {
	if _, err := b.verify(bearerOf(x.req)); err == nil {
		b.violate("%s %s: an access token was sent to the CI system", x.req.Method, x.req.URL.Path)
	}
	b.inspectQuery(x)
}

func (ciService) errorAnswer(_ *exchange, status int, e *apiError) response {
	return response{status: status, body: map[string]string{"message": e.text, "typeKey": e.name}}
}

func (ciService) throttleAnswer(*exchange, int) any {
	return map[string]string{"message": "Request was blocked due to exceeding usage of resource."}
}

func (ciService) encode(_ *exchange, r response) answer {
	header := http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}, "X-Vss-E2eid": {newGUID()}}
	return jsonAnswer(header, r)
}

func ciFailure(status int, key, text string) response {
	return response{status: status, body: map[string]string{"message": text, "typeKey": key}}
}

var ciVersion = regexp.MustCompile(`^\d\.\d(-preview(\.\d)?)?$`)

// githubToken answers with a token for the requested audience. The default audience is the owner of the repository.
func (b *Backend) githubToken(x *exchange) response {
	switch {
	case bearerOf(x.req) != b.signIn.ciToken(GitHubIssuer):
		return ciFailure(http.StatusUnauthorized, "UnauthorizedRequest", "The request token is not valid for this job.")
	case !ciVersion.MatchString(queryValue(x.query, "api-version")):
		return ciFailure(http.StatusBadRequest, "VssVersionNotSpecified", "No api-version was supplied: the query of the request URL is gone.")
	}
	audience := queryValue(x.query, "audience")
	if audience == "" {
		audience = "https://github.com/contoso"
	}
	token, err := b.oidcToken(GitHubIssuer, OIDCClaims{Audience: audience})
	if err != nil {
		return ciFailure(http.StatusInternalServerError, "Internal", err.Error())
	}
	return response{status: http.StatusOK, body: map[string]any{"count": len(token), "value": token}}
}

// azureDevOpsToken answers an invalid token with a redirect to a sign-in page, or with 401 if the redirect is suppressed.
func (b *Backend) azureDevOpsToken(x *exchange) response {
	suppressed := strings.EqualFold(x.req.Header.Get("X-TFS-FedAuthRedirect"), "Suppress")
	if !suppressed {
		b.violate("%s %s: without X-TFS-FedAuthRedirect: Suppress, a bad token is answered with a redirect", x.req.Method, x.req.URL.Path)
	}
	switch {
	case bearerOf(x.req) == b.signIn.ciToken(AzureDevOpsIssuer):
	case suppressed:
		return response{status: http.StatusUnauthorized}
	default:
		return response{status: http.StatusFound, header: http.Header{"Location": {b.endpoints.Elsewhere + signInPagePath + "?realm=dev.azure.com"}}}
	}
	switch {
	case !ciVersion.MatchString(queryValue(x.query, "api-version")):
		return ciFailure(http.StatusBadRequest, "VssVersionNotSpecifiedException", "No api-version was supplied for the \"POST\" request.")
	case !strings.EqualFold(queryValue(x.query, "serviceConnectionId"), serviceConnectionID):
		return ciFailure(http.StatusNotFound, "ServiceEndpointNotFoundException", "The service connection does not exist, has been disabled or has not been authorized for use.")
	}
	token, err := b.oidcToken(AzureDevOpsIssuer, OIDCClaims{})
	if err != nil {
		return ciFailure(http.StatusInternalServerError, "Internal", err.Error())
	}
	return response{status: http.StatusOK, body: map[string]string{"oidcToken": token}}
}
