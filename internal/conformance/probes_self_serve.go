package conformance

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	orderFilter  = `{"Field":"ResourceType","Value":"Order","Operator":"equals"}`
	logKept      = 89 // number of days to read of the activity log: 90, less one for time zones
	logWindow    = 29 // number of days of one query, of at most 30
	buyersSample = 10 // maximum number of users to read
)

// selfServe is an order that a user of a customer placed according to the activity log.
type selfServe struct {
	customer, application   string
	order, entitlement      map[string]any
	orderCode, entitlesCode string // "listed", "missing" or the code of a refusal
}

// selfServeProbes returns the probes about purchases that customers made themselves.
func selfServeProbes() []probe {
	ask := func(id, question string, answer func(*selfServe) string) probe {
		return probe{id, question, func(ctx context.Context, o *observer) (string, error) {
			bought, err := o.selfServed(ctx)
			if err != nil || bought == nil {
				return notObserved(noSelfServe), err
			}
			return answer(bought), nil
		}}
	}
	order := func(id, question string, answer func(order map[string]any) string) probe {
		return ask(id, question, func(s *selfServe) string {
			if s.order == nil {
				return notObserved(notListed)
			}
			return answer(s.order)
		})
	}
	return []probe{
		ask("self_serve_order", "Is an order listed that a user of the customer placed?", func(s *selfServe) string { return s.orderCode }),
		order("self_serve_order_client", "Which application does such an order name?", func(order map[string]any) string {
			return oneOf(text(order, "client", "name"), "Azure Portal", "Partner Center Web")
		}),
		order("self_serve_order_context", "Does such an order have a provisioningContext?", func(order map[string]any) string {
			lines, _ := order["lineItems"].([]any)
			return either(slices.ContainsFunc(lines, func(l any) bool {
				line, _ := l.(map[string]any)
				return line["provisioningContext"] != nil
			}), "yes", "no")
		}),
		ask("self_serve_application", "What is the applicationId of its record in the activity log?", func(s *selfServe) string {
			return either(s.application == "", "absent", either(uuid.Validate(s.application) == nil, "ID", "name"))
		}),
		ask("self_serve_entitlement", "Is such an order among the entitlements?", func(s *selfServe) string { return s.entitlesCode }),
	}
}

// selfServed returns the newest order of a customer's user, or nil.
func (o *observer) selfServed(ctx context.Context) (*selfServe, error) {
	if o.selfServeRead {
		return o.bought, nil
	}
	record, err := o.selfServeRecord(ctx)
	if err != nil {
		return nil, err
	}
	o.selfServeRead = true
	if record == nil {
		return nil, nil
	}
	bought := &selfServe{customer: record.customer, application: record.application}
	find := func(path string, id ...string) (map[string]any, string, error) {
		got, err := o.get(ctx, path, nil, record.customer)
		if err != nil || object(got) == nil {
			return nil, codeOf(got), err
		}
		for _, item := range items(got) {
			if strings.EqualFold(text(item, id...), record.order) {
				return item, "listed", nil
			}
		}
		return nil, "missing", nil
	}
	if bought.order, bought.orderCode, err = find("/v1/customers/{customer}/orders", "id"); err != nil {
		return nil, err
	}
	if bought.entitlement, bought.entitlesCode, err = find("/v1/customers/{customer}/entitlements", "referenceOrder", "id"); err != nil {
		return nil, err
	}
	o.bought = bought
	return bought, nil
}

// selfServeRecord returns the newest record of an order by a user of the customer, or nil.
func (o *observer) selfServeRecord(ctx context.Context) (*auditRecord, error) {
	caller, err := o.pc.Caller(ctx)
	if err != nil {
		return nil, err
	}
	isUser := map[[2]string]bool{}
	now := time.Now().UTC()
	for from := logWindow; from <= logKept; from += logWindow + 1 {
		to := now.AddDate(0, 0, logWindow-from)
		records, code, err := o.filteredRecords(ctx, now.AddDate(0, 0, -from), to, orderFilter)
		if err != nil || code != "200" {
			return nil, err // the probe reads_audit_records reports the code
		}
		for _, r := range slices.Backward(records) {
			if !strings.EqualFold(r.operation, "create_order") || r.order == "" || uuid.Validate(r.customer) != nil || r.customer == o.partner ||
				r.user == "" || sameDomain(r.user, caller.UserPrincipalName) {
				continue
			}
			key := [2]string{r.customer, strings.ToLower(r.user)}
			if _, known := isUser[key]; !known {
				if len(isUser) == buyersSample {
					return nil, nil
				}
				_, err := o.pc.CustomerUsers.ByPrincipalName(ctx, r.customer, r.user)
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				isUser[key] = err == nil // a user that cannot be read may belong to the partner
			}
			if isUser[key] {
				return &r, nil
			}
		}
	}
	return nil, nil
}

func sameDomain(a, b string) bool {
	_, first, _ := strings.Cut(a, "@")
	_, second, _ := strings.Cut(b, "@")
	return first != "" && strings.EqualFold(first, second)
}

// orderOf returns the ID of the order that a record of the activity log is about, or "".
func orderOf(record map[string]any) string {
	details, _ := record["customizedData"].([]any)
	for _, d := range details {
		if detail, _ := d.(map[string]any); strings.EqualFold(text(detail, "key"), "OrderId") {
			return text(detail, "value")
		}
	}
	return ""
}
