package conformance

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// writing runs the probes that change the permissions of one customer.
type writing struct {
	*observer

	customer string
	wait     time.Duration // maximum wait for the activity log
	say      func(format string, args ...any)

	before      partnercenter.SelfServePolicy
	answers     []Answer
	notRestored error
}

// permissions contains all permissions that can be restored.
var permissions = []partnercenter.Permission{partnercenter.AzureReservedInstances, partnercenter.AzureSavingsPlan}

var errUnknownPermission = errors.New("the customer has a permission that this version does not know and could not restore, so nothing was written")

// restoreTimeout is the timeout of the restoration, which also runs after Ctrl-C.
const restoreTimeout = 5 * time.Minute

// probe runs the probes one after the other and restores the earlier permissions.
func (w *writing) probe(ctx context.Context) ([]Answer, error) {
	before, err := w.pc.SelfServePolicies.Get(ctx, w.customer)
	if err != nil {
		return nil, err
	}
	for _, line := range before.Permissions {
		if !slices.ContainsFunc(permissions, func(p partnercenter.Permission) bool { return strings.EqualFold(line.Resource, string(p)) }) {
			return nil, errUnknownPermission
		}
	}
	w.before = before
	err = w.all(ctx)
	w.restore(context.WithoutCancel(ctx))
	return w.answers, err
}

// restore restores the earlier permissions, and reports if it cannot.
func (w *writing) restore(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, restoreTimeout)
	defer cancel()
	var on, off []partnercenter.Permission
	for _, p := range permissions {
		if w.before.Allows(p) {
			on = append(on, p)
		} else {
			off = append(off, p)
		}
	}
	if _, w.notRestored = w.pc.SelfServePolicies.Set(ctx, w.customer, on, off, partnercenter.Seen{}); w.notRestored == nil {
		w.say("The permissions of customer %s are as before.", w.customer)
		return
	}
	w.say("Error: the permissions of customer %s could not be restored: %v\n\nWhat to do: open the customer in Partner Center, then Account > Customer permissions. "+
		"Before, Azure reservations were %s and savings plans were %s.", w.customer, w.notRestored,
		either(w.before.Allows(partnercenter.AzureReservedInstances), "enabled", "disabled"), either(w.before.Allows(partnercenter.AzureSavingsPlan), "enabled", "disabled"))
}

func (w *writing) answer(id, question, value string) {
	w.answers = append(w.answers, Answer{id, question, value, w.calls})
	w.calls = nil
}

// policyCall returns a call about the customer's policy.
func (w *writing) policyCall(method string, inPath bool, body map[string]any) probeCall {
	a := probeCall{method: method, path: "/v1/SelfServePolicy", shown: "/v1/SelfServePolicy", body: body}
	if body == nil {
		a.body = nil // avoids sending a JSON null
	}
	if inPath {
		a.path += "/" + url.PathEscape(w.policy())
		a.shown += "/{policy}"
	}
	return a
}

func (w *writing) policy() string { return w.partner + "_" + w.customer }

// body returns a policy with the permissions. An empty etag is omitted.
func (w *writing) body(etag string, permissions ...partnercenter.Permission) map[string]any {
	lines := make([]any, 0, len(permissions))
	for _, p := range permissions {
		lines = append(lines, map[string]any{"resource": string(p), "action": "Purchase"})
	}
	out := map[string]any{
		"selfServeEntity": map[string]any{"selfServeEntityType": "customer", "tenantID": w.customer},
		"grantor":         map[string]any{"grantorType": "billToPartner", "tenantID": w.partner}, "permissions": lines,
	}
	if etag != "" {
		out["id"] = w.policy()
		out["attributes"] = map[string]any{"etag": etag, "objectType": "SelfServePolicy"}
	}
	return out
}

// current reads the policy until it has the given number of permissions. It returns the etag and how
// long that took.
func (w *writing) current(ctx context.Context, permissions int) (etag string, lag time.Duration, err error) {
	start := time.Now()
	for {
		got, err := w.get(ctx, "/v1/SelfServePolicy", url.Values{"entity_id": {w.customer}})
		if err != nil {
			return "", 0, err
		}
		found, count := "", 0
		if list := items(got); len(list) > 0 {
			lines, _ := list[0]["permissions"].([]any)
			found, count = text(list[0], "attributes", "etag"), len(lines)
		}
		if count == permissions || time.Since(start) > partnercenter.ReadLag {
			return found, time.Since(start), nil
		}
		if err := pause(ctx, time.Second); err != nil {
			return "", 0, err
		}
	}
}

func (w *writing) all(ctx context.Context) error {
	const ri, sp = partnercenter.AzureReservedInstances, partnercenter.AzureSavingsPlan
	if w.before.ID != "" {
		if _, err := w.call(ctx, w.policyCall(http.MethodDelete, true, nil)); err != nil {
			return err
		}
		if _, _, err := w.current(ctx, 0); err != nil {
			return err
		}
	}
	w.calls = nil
	got, err := w.call(ctx, w.policyCall(http.MethodDelete, true, nil))
	if err != nil {
		return err
	}
	w.answer("delete_missing", "What is the answer to the deletion of a policy that does not exist?", codeOf(got))

	create := w.policyCall(http.MethodPost, false, w.body("", ri))
	create.requestID = uuid.NewString()
	if got, err = w.call(ctx, create); err != nil {
		return err
	}
	correlation, created := got.CorrelationID, time.Now()
	etag, lag, err := w.current(ctx, 1)
	if err != nil {
		return err
	}
	w.answer("read_lag", "How long after a write do reads show what was before?", span(lag))
	if got, err = w.call(ctx, create); err != nil {
		return err
	}
	w.answer("same_request_id", "What is the answer to a second creation with the same MS-RequestId?", codeOf(got))

	old := etag
	for _, update := range []struct {
		id, question string
		inPath       bool
		permissions  []partnercenter.Permission
	}{
		{"put_with_id", "Is an update with the ID in the path accepted?", true, []partnercenter.Permission{ri, sp}},
		{"put_without_id", "Is an update without the ID in the path accepted?", false, []partnercenter.Permission{ri}},
	} {
		if got, err = w.call(ctx, w.policyCall(http.MethodPut, update.inPath, w.body(etag, update.permissions...))); err != nil {
			return err
		}
		w.answer(update.id, update.question, codeOf(got))
		if got.StatusCode != http.StatusOK {
			continue
		}
		if etag, _, err = w.current(ctx, len(update.permissions)); err != nil {
			return err
		}
	}
	inPath := w.answers[len(w.answers)-2].Answer == "200"
	for _, update := range []struct{ id, question, etag string }{
		{"stale_etag", "What is the answer to an update with a stale etag?", old},
		{"missing_etag", "What is the answer to an update without an etag?", ""},
	} {
		body := w.body(update.etag, ri, sp)
		body["id"] = w.policy()
		if got, err = w.call(ctx, w.policyCall(http.MethodPut, inPath, body)); err != nil {
			return err
		}
		w.answer(update.id, update.question, codeOf(got))
		if got.StatusCode == http.StatusOK {
			etag = text(object(got), "attributes", "etag")
		}
	}
	if got, err = w.call(ctx, w.policyCall(http.MethodPut, inPath, w.body(etag))); err != nil {
		return err
	}
	w.answer("empty_permissions", "What is the answer to an update with an empty list?", codeOf(got))
	return w.auditLag(ctx, correlation, created)
}

// auditLag waits for the record of the create request.
func (w *writing) auditLag(ctx context.Context, correlation string, created time.Time) error {
	const id, question = "audit_lag", "How long after a change does the activity log show it?"
	w.say("Waiting for the activity log, at most %s.", w.wait)
	for pauseFor := time.Second; ; pauseFor = min(2*pauseFor, 30*time.Second) {
		records, code, err := w.records(ctx, created.UTC().AddDate(0, 0, -1), time.Time{})
		if err != nil {
			return err
		}
		if code != "200" {
			w.answer(id, question, code)
			return nil
		}
		for _, r := range records {
			if correlation != "" && strings.EqualFold(r.correlation, correlation) {
				w.calls = nil
				w.answer(id, question, span(time.Since(created)))
				return nil
			}
		}
		if time.Since(created) > w.wait {
			w.calls = nil
			w.answer(id, question, "longer than the wait")
			return nil
		}
		if err := pause(ctx, pauseFor); err != nil {
			return err
		}
	}
}

// span returns a duration in words, so that two runs give the same answer.
func span(d time.Duration) string {
	for _, s := range []struct {
		limit time.Duration
		text  string
	}{{time.Second, "none"}, {5 * time.Second, "seconds"}, {time.Minute, "less than a minute"}, {10 * time.Minute, "minutes"}} {
		if d < s.limit {
			return s.text
		}
	}
	return "longer than 10 minutes"
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
