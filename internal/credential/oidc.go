package credential

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"terraform-provider-partnercenter/internal/httppipe"
)

// assertionAudience is what Entra ID expects as the audience of a federated token.
const assertionAudience = "api://AzureADTokenExchange"

// githubToken asks GitHub for a token of the running job.
func (c Config) githubToken(ctx context.Context, requestURL, requestToken string) (string, error) {
	return c.requestToken(ctx, http.MethodGet, requestURL, requestToken, url.Values{"audience": {assertionAudience}},
		"GitHub Actions", "Does the job have the permission id-token: write?")
}

// azureDevOpsToken asks Azure DevOps for a token of a service connection.
func (c Config) azureDevOpsToken(ctx context.Context, requestURL, systemAccessToken, serviceConnectionID string) (string, error) {
	return c.requestToken(ctx, http.MethodPost, requestURL, systemAccessToken, url.Values{"api-version": {"7.1"}, "serviceConnectionId": {serviceConnectionID}},
		"Azure DevOps", "Is SYSTEM_ACCESSTOKEN mapped into the step's environment, and may the pipeline use the service connection?")
}

// requestToken asks a CI service for a token. Both answer with a JSON object that has the
// token in one field; question is what to look at when they refuse.
func (c Config) requestToken(ctx context.Context, method, requestURL, bearer string, query url.Values, service, question string) (string, error) {
	u, err := url.Parse(requestURL)
	if err != nil {
		return "", errors.New("the OIDC request URL is malformed")
	}
	host, err := httppipe.ParseEndpoint(u.Scheme + "://" + u.Host)
	if err != nil {
		return "", fmt.Errorf("the OIDC request URL: %w", err)
	}
	u.Host = host.Host
	all := u.Query()
	maps.Copy(all, query)
	u.RawQuery = all.Encode()
	options := httppipe.Options{
		Endpoint: host, Client: c.Client, UserAgent: c.UserAgent, Logger: c.Logger, Anonymous: true, Repeat: httppipe.RepeatSafe,
	}.ClientOptions()
	req, err := runtime.NewRequest(ctx, method, u.String())
	if err != nil {
		return "", err
	}
	req.Raw().Header.Set("Accept", "application/json")
	req.Raw().Header.Set("Authorization", "Bearer "+bearer)
	// Without it Azure DevOps redirects to a sign-in page instead of answering 401.
	req.Raw().Header.Set("X-TFS-FedAuthRedirect", "Suppress")
	resp, err := runtime.NewPipeline("", "", runtime.PipelineOptions{}, &options).Do(req)
	if err != nil {
		return "", err
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s gave no OIDC token: it answered %d %s. %s", service, resp.StatusCode, http.StatusText(resp.StatusCode), question)
	}
	var answer struct {
		GitHub      string `json:"value"`
		AzureDevOps string `json:"oidcToken"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(body, bom), &answer); err != nil || answer.GitHub+answer.AzureDevOps == "" {
		return "", fmt.Errorf("%s answered 200 without an OIDC token", service)
	}
	return answer.GitHub + answer.AzureDevOps, nil
}
