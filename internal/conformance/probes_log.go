package conformance

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// auditRecord contains the fields of a record of the activity log that the probes need.
type auditRecord struct {
	id, correlation, resource, value              string
	operation, customer, user, application, order string
	at                                            time.Time
}

const (
	logDays  = 25 // number of days to read; a query may cover 30 days
	dayHours = 24 * time.Hour
)

func logProbes() []probe {
	return []probe{
		{"snake_case_filter", "Does the filter of the activity log take resource types as its records have them?", func(ctx context.Context, o *observer) (string, error) {
			filter, err := json.Marshal(map[string]string{"Field": "ResourceType", "Value": "self_serve_policy", "Operator": "equals"})
			if err != nil {
				return "", err
			}
			got, err := o.get(ctx, "/v1/auditrecords", url.Values{"startDate": {daysAgo(1)}, "filter": {string(filter)}})
			return either(got.StatusCode == http.StatusOK, "accepted", codeOf(got)), err
		}},
		{"audit_too_old", "What is the answer for a day before the last 90?", func(ctx context.Context, o *observer) (string, error) {
			got, err := o.get(ctx, "/v1/auditrecords", url.Values{"startDate": {daysAgo(100)}, "endDate": {daysAgo(99)}})
			return codeOf(got), err
		}},
		{"policy_record_value", "What does the record of a changed permission contain?", func(ctx context.Context, o *observer) (string, error) {
			if _, err := o.busyDay(ctx); err != nil {
				return "", err
			}
			best := ""
			for _, r := range o.auditRecords {
				if plain := strings.ToLower(strings.ReplaceAll(r.resource, "_", "")); plain != "selfservepolicy" {
					continue
				}
				switch {
				case r.value == "":
					best = cmp.Or(best, "nothing")
				case json.Valid([]byte(r.value)):
					best = "JSON"
				default:
					best = "text"
				}
			}
			return cmp.Or(best, notObserved(noPolicyChange)), nil
		}},
		{"audit_day", "When does a day of the activity log begin?", auditDay},
		{"audit_end_date", "Is the day of endDate included?", func(ctx context.Context, o *observer) (string, error) {
			day, err := o.busyDay(ctx)
			if err != nil || day.IsZero() {
				return notObserved(noRecords), err
			}
			records, code, err := o.records(ctx, day, day)
			if err != nil || code != "200" {
				return code, err
			}
			return either(len(records) > 0, "included", "excluded"), nil
		}},
	}
}

func daysAgo(n int) string { return time.Now().UTC().AddDate(0, 0, -n).Format(time.DateOnly) }

// records reads the records of the activity log between two days.
func (o *observer) records(ctx context.Context, from, to time.Time) ([]auditRecord, string, error) {
	return o.filteredRecords(ctx, from, to, "")
}

func (o *observer) filteredRecords(ctx context.Context, from, to time.Time, filter string) (out []auditRecord, code string, err error) {
	first := url.Values{"startDate": {from.Format(time.DateOnly)}, "size": {strconv.Itoa(fullPage)}}
	if !to.IsZero() {
		first.Set("endDate", to.Format(time.DateOnly))
	}
	if filter != "" {
		first.Set("filter", filter)
	}
	query, header := first, http.Header(nil)
	for range maxListPages {
		a := o.newCall("/v1/auditrecords", query)
		a.header = header
		got, err := o.call(ctx, a)
		if err != nil {
			return nil, "", err
		}
		if got.StatusCode != http.StatusOK {
			return out, either(header != nil, "200", codeOf(got)), nil // after the last page
		}
		for _, r := range items(got) {
			at, err := time.Parse(time.RFC3339Nano, text(r, "operationDate"))
			if err == nil {
				out = append(out, auditRecord{
					id: text(r, "id"), correlation: text(r, "originalCorrelationId"), resource: text(r, "resourceType"), value: text(r, "resourceNewValue"),
					operation: text(r, "operationType"), customer: strings.ToLower(text(r, "customerId")), user: text(r, "userPrincipalName"),
					application: text(r, "applicationId"), order: orderOf(r), at: at.UTC(),
				})
			}
		}
		next, nextHeader, more := nextOf(got, first)
		if !more {
			break
		}
		query, header = next, nextHeader
	}
	return out, "200", nil
}

// busyDay returns the last day with records on it and on the day before, or the zero time.
func (o *observer) busyDay(ctx context.Context) (time.Time, error) {
	if o.auditRecords == nil {
		records, _, err := o.records(ctx, time.Now().UTC().AddDate(0, 0, -logDays), time.Time{})
		if err != nil {
			return time.Time{}, err
		}
		o.auditRecords = append([]auditRecord{}, records...)
	}
	today := time.Now().UTC().Truncate(dayHours)
	for back := 1; back < logDays; back++ { // today may not have ended in the server's time zone
		day := today.AddDate(0, 0, -back)
		before, after := false, false
		for _, r := range o.auditRecords {
			before = before || !r.at.Before(day.Add(-dayHours)) && r.at.Before(day)
			after = after || !r.at.Before(day) && r.at.Before(day.Add(dayHours))
		}
		if before && after {
			return day, nil
		}
	}
	return time.Time{}, nil
}

// auditDay compares the records of a day with those around its start in UTC.
func auditDay(ctx context.Context, o *observer) (string, error) {
	day, err := o.busyDay(ctx)
	if err != nil || day.IsZero() {
		return notObserved(noRecords), err
	}
	records, code, err := o.records(ctx, day, day.AddDate(0, 0, 1))
	if err != nil || code != "200" {
		return code, err
	}
	listed := map[string]bool{}
	earliest := day
	for _, r := range records {
		listed[r.id] = true
		if r.at.Before(earliest) {
			earliest = r.at
		}
	}
	late := day
	for _, r := range o.auditRecords {
		if !r.at.Before(day) && r.at.Before(day.Add(dayHours)) && !listed[r.id] && r.at.After(late) {
			late = r.at
		}
	}
	switch {
	case late.After(day):
		return fmt.Sprintf("%d h after midnight UTC", hours(late.Sub(day))), nil
	case earliest.Before(day):
		return fmt.Sprintf("%d h before midnight UTC", hours(day.Sub(earliest))), nil
	}
	return "midnight UTC", nil
}

func hours(d time.Duration) int { return int(math.Ceil(d.Hours())) }
