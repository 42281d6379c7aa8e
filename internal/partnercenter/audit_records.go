package partnercenter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// AuditRecords reads the activity log: who did what in the partner's account, and when
// (https://learn.microsoft.com/partner-center/developer/auditing-resources). How long it takes
// until an action appears in the log is not documented.
type AuditRecords struct {
	c *Client
	// policies caches the results of RecentPolicyChanges.
	policies *httppipe.Answers[map[string][]AuditRecord]
}

// AuditRecord is an entry of the activity log. Every field may be empty. New values of
// ResourceType, OperationType and OperationStatus appear over time.
type AuditRecord struct {
	// ID is opaque.
	ID        string `json:"id"`
	PartnerID string `json:"partnerId"`
	// CustomerID and CustomerName are empty for actions on the partner's own account.
	CustomerID   string `json:"customerId"`
	CustomerName Text   `json:"customerName"`
	// UserPrincipalName is the user who performed the action.
	UserPrincipalName Text `json:"userPrincipalName"`
	// ApplicationID is the caller's application: an ID, or a name such as FulfillmentService.
	ApplicationID Text `json:"applicationId"`
	// ResourceType is self_serve_policy, order, subscription, … .
	ResourceType Enum `json:"resourceType"`
	// ResourceOldValue and ResourceNewValue are JSON in PascalCase, with nulls.
	ResourceOldValue Text `json:"resourceOldValue" text:"long"`
	ResourceNewValue Text `json:"resourceNewValue" text:"long"`
	// OperationType is create_self_serve_policy, create_order, … .
	OperationType Enum `json:"operationType"`
	OperationDate Time `json:"operationDate"`
	// OperationStatus is succeeded, failed, progress or decline.
	OperationStatus Enum `json:"operationStatus"`
	// OriginalCorrelationID is the correlation ID of the call that performed the action.
	OriginalCorrelationID Text              `json:"originalCorrelationId"`
	CustomizedData        []CustomizedDatum `json:"customizedData"`
}

// CustomizedDatum is a detail of an [AuditRecord].
type CustomizedDatum struct {
	Key Text `json:"key"`
	// Value is nil where the API has null.
	Value *Text `json:"value" text:"long"`
}

// AuditRetention is how long Partner Center keeps audit records.
const AuditRetention = 90 * 24 * time.Hour

const (
	// auditStep is the number of days that one query covers. The API allows 30. It does not document
	// whether the days of startDate and endDate count in full, so this is one less.
	auditStep = 29
	// maxAuditQueries is the maximum number of conditions to send as separate queries. With more,
	// one query without a condition is sent.
	maxAuditQueries = 10
)

// AuditFilter selects audit records. Start is required. For the other conditions, nil selects
// everything and an empty list selects nothing. Case is ignored. Underscores are ignored, except in
// CustomerIDs.
type AuditFilter struct {
	// Start is inclusive, End is exclusive. A zero End means until now.
	Start, End time.Time
	// CustomerIDs are tenant IDs of customers.
	CustomerIDs []string
	// ResourceTypes, OperationTypes and Statuses are as in [AuditRecord].
	ResourceTypes, OperationTypes, Statuses []string
}

// Check returns an error if Partner Center does not keep records for the period of the filter.
func (f AuditFilter) Check(now time.Time) error {
	switch {
	case f.Start.IsZero():
		return errors.New("the start is missing")
	case day(f.Start).Before(day(now.Add(-AuditRetention))):
		return fmt.Errorf("%s is too early: Partner Center keeps the activity log for 90 days, and the earliest day is %s",
			f.Start.UTC().Format(time.RFC3339), day(now.Add(-AuditRetention)).Format(time.DateOnly))
	case f.Start.After(now):
		return fmt.Errorf("the start, %s, is in the future", f.Start.UTC().Format(time.RFC3339))
	case !f.End.IsZero() && !f.End.After(f.Start):
		return fmt.Errorf("the end, %s, is not after the start, %s", f.End.UTC().Format(time.RFC3339), f.Start.UTC().Format(time.RFC3339))
	}
	return nil
}

// All returns each selected audit record once, in the server's order within each part of the period. It
// fails if the period begins earlier than [AuditRetention] ago.
// GET /v1/auditrecords, app-only or app+user; not in the China cloud
// (https://learn.microsoft.com/partner-center/developer/get-a-record-of-partner-center-activity-by-user).
//
// One query covers at most 30 days and accepts one condition. All splits longer periods, sends the
// condition that needs the fewest queries, and applies the other conditions itself.
func (s AuditRecords) All(ctx context.Context, filter AuditFilter) iter.Seq2[AuditRecord, error] {
	return func(yield func(AuditRecord, error) bool) {
		now := time.Now().UTC()
		if err := filter.Check(now); err != nil {
			yield(AuditRecord{}, err)
			return
		}
		seen := make(map[string]bool)
		for _, condition := range filter.conditions() {
			for _, query := range filter.windows(now) {
				query.Set("size", pageSize)
				if condition != "" {
					query.Set("filter", condition)
				}
				for r, err := range all[AuditRecord](ctx, s.c, call{method: http.MethodGet, path: pathOf("auditrecords"), query: query}) {
					if err == nil && (seen[r.ID] || !filter.selects(r)) {
						continue
					}
					if r.ID != "" {
						seen[r.ID] = true
					}
					if !yield(r, err) || err != nil {
						return
					}
				}
			}
		}
	}
}

// RecentPolicyChanges returns the changes of customer permissions since the given day, at most the last
// 29 days. The key is the customer ID in lower case; the newest change comes first. It sends one query
// for each start day and shares the result during the run.
func (s AuditRecords) RecentPolicyChanges(ctx context.Context, since time.Time) (map[string][]AuditRecord, error) {
	start := day(time.Now().UTC().AddDate(0, 0, -auditStep))
	if since = day(since.UTC()); since.After(start) {
		start = since
	}
	return s.policies.Get(ctx, start.Format(time.DateOnly), func(ctx context.Context) (map[string][]AuditRecord, error) {
		out := make(map[string][]AuditRecord)
		for r, err := range s.All(ctx, AuditFilter{Start: start, ResourceTypes: []string{"self_serve_policy"}}) {
			if err != nil {
				return nil, err
			}
			id := strings.ToLower(r.CustomerID)
			out[id] = append(out[id], r)
		}
		for _, records := range out {
			slices.SortStableFunc(records, func(a, b AuditRecord) int { return b.OperationDate.Compare(a.OperationDate.Time) })
		}
		return out, nil
	})
}

// windows returns the queries for the period, oldest first, as days in UTC. The last day of a query
// is also the first day of the next one. This way no day is lost, whether or not endDate is
// inclusive.
func (f AuditFilter) windows(now time.Time) []url.Values {
	var out []url.Values
	for start := day(f.Start); ; {
		query := url.Values{"startDate": {start.Format(time.DateOnly)}}
		out = append(out, query)
		end := start.AddDate(0, 0, auditStep)
		if !f.End.IsZero() && day(f.End).Before(end) {
			end = day(f.End).AddDate(0, 0, 1)
		}
		if !end.Before(day(now)) {
			return out // without endDate, the query covers everything until now
		}
		query.Set("endDate", end.Format(time.DateOnly))
		if !f.End.IsZero() && end.After(f.End) {
			return out
		}
		start = end
	}
}

// day returns the start of the day of t in UTC.
func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// conditions returns the conditions to send, one for each query: the customers or the resource
// types, whichever are fewer. "" is a query without a condition.
func (f AuditFilter) conditions() []string {
	for _, list := range [][]string{f.CustomerIDs, f.ResourceTypes, f.OperationTypes, f.Statuses} {
		if list != nil && len(list) == 0 {
			return nil
		}
	}
	customers, types := distinct(f.CustomerIDs), distinct(f.ResourceTypes)
	field, values := "CustomerId", customers
	if len(values) == 0 || len(types) > 0 && len(types) < len(values) {
		field, values = "ResourceType", types
	}
	if len(values) == 0 || len(values) > maxAuditQueries {
		return []string{""}
	}
	var out []string
	for _, v := range values {
		if field == "ResourceType" {
			v = pascal(v) // records have self_serve_policy, the filter needs SelfServePolicy
		} else {
			v = strings.ToLower(v)
		}
		b, _ := json.Marshal(struct{ Field, Value, Operator string }{field, v, "equals"}) // cannot fail for strings
		out = append(out, string(b))
	}
	return out
}

func distinct(values []string) []string {
	var out []string
	for _, v := range values {
		if !slices.ContainsFunc(out, func(o string) bool { return sameEnum(o, v) }) {
			out = append(out, v)
		}
	}
	return out
}

// pascal converts snake_case to PascalCase.
func pascal(s string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(snake(s), "_") {
		first, size := utf8.DecodeRuneInString(word)
		if size > 0 {
			b.WriteString(string(unicode.ToUpper(first)) + word[size:])
		}
	}
	return b.String()
}

// selects applies all conditions. It selects records without a date, because they may be from the
// period.
func (f AuditFilter) selects(r AuditRecord) bool {
	at := r.OperationDate
	return (at.IsZero() || !at.Before(f.Start) && (f.End.IsZero() || at.Before(f.End))) &&
		selected(f.CustomerIDs, r.CustomerID) && selected(f.ResourceTypes, string(r.ResourceType)) &&
		selected(f.OperationTypes, string(r.OperationType)) && selected(f.Statuses, string(r.OperationStatus))
}

func selected(wanted []string, value string) bool {
	return wanted == nil || slices.ContainsFunc(wanted, func(w string) bool { return sameEnum(w, value) })
}
