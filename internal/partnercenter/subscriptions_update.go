package partnercenter

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// Get reads a subscription, bypassing the cache.
// GET /v1/customers/{customer}/subscriptions/{subscription}, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/get-a-subscription-by-id).
func (s Subscriptions) Get(ctx context.Context, customerID, subscriptionID string) (Subscription, error) {
	_, out, err := s.read(ctx, customerID, subscriptionID)
	return out, err
}

// IsSubscriptionNotFound reports whether err means that the customer has no such subscription.
func IsSubscriptionNotFound(err error) bool { return is(err, http.StatusNotFound, "20003") }

// rawSubscription contains all fields of a subscription, because an update would delete omitted fields.
type rawSubscription map[string]json.RawMessage

// with returns a copy with changed fields. Field names are matched without case.
func (w rawSubscription) with(fields map[string]string) rawSubscription {
	out := maps.Clone(w)
	for name, value := range fields {
		for key := range w {
			if strings.EqualFold(key, name) {
				delete(out, key)
			}
		}
		out[name], _ = json.Marshal(value) // cannot fail for a string
	}
	return out
}

func (s Subscriptions) read(ctx context.Context, customerID, subscriptionID string) (rawSubscription, Subscription, error) {
	var all rawSubscription
	var out Subscription
	in := call{method: http.MethodGet, path: pathOf("customers", customerID, "subscriptions", subscriptionID), check: func() error {
		text, err := json.Marshal(all)
		if err == nil {
			err = json.Unmarshal(text, &out)
		}
		if err == nil && out.ID == "" {
			err = errUnreadable
		}
		return err
	}}
	_, err := s.c.get(ctx, in, &all)
	return all, out, err
}

// maxUpdates is the maximum number of attempts if the subscription changes in between.
const maxUpdates = 5

// update changes fields of a subscription and waits until done returns true. If it does already, update sends no
// change.
// PATCH /v1/customers/{customer}/subscriptions/{subscription}, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/update-a-subscription-by-id).
func (s Subscriptions) update(ctx context.Context, customerID, subscriptionID string, fields map[string]string, done func(Subscription) bool) (Subscription, error) {
	defer s.lists.Forget(strings.ToLower(customerID))
	for try := 1; ; try++ {
		before, current, err := s.read(ctx, customerID, subscriptionID)
		if err != nil || done(current) {
			return current, err
		}
		var tag struct {
			ETag string `json:"etag"`
		}
		header := http.Header{}
		if json.Unmarshal(before["attributes"], &tag) == nil && tag.ETag != "" {
			header.Set("If-Match", tag.ETag)
		}
		var content any // the answer may be empty
		_, err = s.c.send(ctx, call{
			method: http.MethodPatch, path: pathOf("customers", customerID, "subscriptions", subscriptionID), header: header, body: before.with(fields),
			repeat: httppipe.RepeatSafe, // the etag prevents a second execution
		}, &content)
		switch {
		case err == nil:
			return s.await(ctx, customerID, subscriptionID, done)
		case try < maxUpdates && (is(err, http.StatusBadRequest, "2055") || is(err, http.StatusPreconditionFailed) || OutcomeOf(err) == Unsure):
			if sleepErr := httppipe.Sleep(ctx, time.Duration(try)*time.Second); sleepErr != nil {
				return current, err
			}
		default:
			return current, err
		}
	}
}

// pollEvery and pollAtMost are the first and the longest pause between reads of an operation that takes minutes.
const (
	pollEvery  = 5 * time.Second
	pollAtMost = 30 * time.Second
)

// await reads a subscription until done returns true.
func (s Subscriptions) await(ctx context.Context, customerID, subscriptionID string, done func(Subscription) bool) (Subscription, error) {
	for pause := pollEvery; ; pause = min(2*pause, pollAtMost) {
		current, err := s.Get(ctx, customerID, subscriptionID)
		if err != nil || done(current) {
			return current, err
		}
		if err := httppipe.Sleep(ctx, pause); err != nil {
			return current, err
		}
	}
}
