package credential

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// assertionAudience is the audience that Entra ID requires in a federated token.
const assertionAudience = "api://AzureADTokenExchange"

// githubToken requests a token of the running job from GitHub.
func (c Config) githubToken(ctx context.Context, requestURL, requestToken string) (string, error) {
	return c.requestToken(ctx, http.MethodGet, requestURL, requestToken, url.Values{"audience": {assertionAudience}},
		"GitHub Actions", "Does the job have the permission id-token: write?")
}

// azureDevOpsToken requests a token of a service connection from Azure DevOps.
func (c Config) azureDevOpsToken(ctx context.Context, requestURL, systemAccessToken, serviceConnectionID string) (string, error) {
	return c.requestToken(ctx, http.MethodPost, requestURL, systemAccessToken, url.Values{"api-version": {"7.1"}, "serviceConnectionId": {serviceConnectionID}},
		"Azure DevOps", "Is SYSTEM_ACCESSTOKEN mapped into the step's environment, and may the pipeline use the service connection?")
}

// requestToken requests a token from a CI service. Both services answer with a JSON object that
// contains the token in one field. question is added to the error and says what to check.
func (c Config) requestToken(ctx context.Context, method, requestURL, bearer string, query url.Values, service, question string) (string, error) {
	u, err := url.Parse(requestURL)
	if err != nil {
		return "", errors.New("the OIDC request URL is malformed")
	}
	host, err := httppipe.ParseEndpoint(u.Scheme + "://" + u.Host)
	if err != nil {
		return "", fmt.Errorf("the OIDC request URL: %w", err)
	}
	all := u.Query()
	maps.Copy(all, query)
	var answer struct {
		GitHub      string `json:"value" text:"raw"`
		AzureDevOps string `json:"oidcToken" text:"raw"`
	}
	o := c.options(&httppipe.API{Name: service}, host)
	o.Aliases = nil
	_, err = httppipe.NewCaller(o).Do(ctx, httppipe.Call{
		Method: method, Path: u.EscapedPath(), Query: all, Answer: &answer,
		// Without the second header, Azure DevOps redirects to a sign-in page instead of answering
		// 401.
		Header: http.Header{"Authorization": {"Bearer " + bearer}, "X-Tfs-Fedauthredirect": {"Suppress"}},
	})
	switch failed, ok := errors.AsType[*httppipe.Error](err); {
	case errors.Is(err, httppipe.ErrUnreadable), err == nil && answer.GitHub+answer.AzureDevOps == "":
		return "", fmt.Errorf("%s answered 200 without an OIDC token", service)
	case ok && failed.StatusCode != 0:
		return "", fmt.Errorf("%s gave no OIDC token: it answered %d %s. %s", service, failed.StatusCode, http.StatusText(failed.StatusCode), question)
	case err != nil:
		return "", err
	}
	c.Texts.AddSecrets(answer.GitHub, answer.AzureDevOps)
	return answer.GitHub + answer.AzureDevOps, nil
}
