package resourcemanager

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// Subscriptions reads Azure subscriptions
// (https://learn.microsoft.com/rest/api/resources/subscriptions).
type Subscriptions struct {
	c       *Client
	read    *httppipe.Answers[Subscription]
	tenants *httppipe.Answers[string]
	// anonymous sends requests without a token.
	anonymous *httppipe.Caller
}

// Subscription is an Azure subscription.
type Subscription struct {
	// ID is the subscription's GUID, in lower case.
	ID   string `json:"subscriptionId"`
	Name string `json:"displayName"`
	// State is Enabled, Warned, PastDue, Disabled or Deleted.
	State string `json:"state"`
}

func (s Subscription) check() error {
	if s.ID == "" {
		return errNoID
	}
	return nil
}

var subscriptionsQuery = url.Values{"api-version": {"2022-12-01"}}

// Get reads one subscription. The result is cached for a minute.
// GET /subscriptions/{subscription} (https://learn.microsoft.com/rest/api/resources/subscriptions/get).
func (s Subscriptions) Get(ctx context.Context, tenantID, subscriptionID string) (Subscription, error) {
	return s.read.Get(ctx, sharedKey(tenantID, subscriptionID), func(ctx context.Context) (Subscription, error) {
		var out Subscription
		_, err := s.c.in(tenantID).Do(ctx, httppipe.Call{
			Method: http.MethodGet, Path: pathOf(subscriptionScope(subscriptionID)), Query: subscriptionsQuery,
			Answer: &out, Need: true, Check: func() error { return out.check() },
		})
		out.ID = strings.ToLower(out.ID)
		return out, err
	})
}

// RequireWritable returns a [*DisabledError] if nothing can be changed in the subscription.
func (s Subscriptions) RequireWritable(ctx context.Context, tenantID, subscriptionID string) error {
	one, err := s.Get(ctx, tenantID, subscriptionID)
	if err != nil {
		return err
	}
	if strings.EqualFold(one.State, "Disabled") || strings.EqualFold(one.State, "Deleted") {
		return &DisabledError{SubscriptionID: one.ID, Name: one.Name, State: one.State}
	}
	return nil
}

// List returns the IDs, in lower case, of the subscriptions in the tenant that the caller can see.
// GET /subscriptions (https://learn.microsoft.com/rest/api/resources/subscriptions/list).
func (s Subscriptions) List(ctx context.Context, tenantID string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for one, err := range list(ctx, s.c.in(tenantID), "/subscriptions", subscriptionsQuery, Subscription.check) {
			if !yield(strings.ToLower(one.ID), err) {
				return
			}
		}
	}
}

// errNoTenant is the cause if an answer does not contain the tenant.
var errNoTenant = errors.New("the answer does not say which tenant the subscription belongs to")

// signInAddress matches the tenant ID in a WWW-Authenticate challenge.
var signInAddress = regexp.MustCompile(`authorization_uri="?[^",]*/([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\b`)

// TenantOf returns the tenant that a subscription belongs to, in lower case. Resource Manager includes it in
// the 401 answer to a request without a token. [IsElsewhere] recognizes the error for an unknown
// subscription. The result is cached for a minute.
// GET /subscriptions/{subscription}, without a token.
func (s Subscriptions) TenantOf(ctx context.Context, subscriptionID string) (string, error) {
	return s.tenants.Get(ctx, strings.ToLower(subscriptionID), func(ctx context.Context) (string, error) {
		_, err := s.anonymous.Do(ctx, httppipe.Call{Method: http.MethodGet, Path: pathOf(subscriptionScope(subscriptionID)), Query: subscriptionsQuery})
		refused := answered(err)
		switch {
		case err == nil:
			return "", errNoTenant
		case refused == nil || refused.StatusCode != http.StatusUnauthorized:
			return "", err
		}
		found := signInAddress.FindStringSubmatch(refused.Challenge)
		if found == nil {
			return "", fmt.Errorf("%w: %w", errNoTenant, err)
		}
		return strings.ToLower(found[1]), nil
	})
}

// subscriptionScope returns the Resource Manager ID of a subscription.
func subscriptionScope(subscriptionID string) string {
	return "/subscriptions/" + strings.ToLower(subscriptionID)
}
