package conformance

import (
	"context"
	"slices"
	"strings"
	"unicode"
)

// oneOf returns a documented value unchanged, and "other" or "absent" instead of other values.
func oneOf(value string, known ...string) string {
	switch {
	case slices.Contains(known, value):
		return value
	case value == "":
		return "absent"
	}
	return "other"
}

// purchaseProbes returns the probes about the form of orders and reservations.
func purchaseProbes() []probe {
	reservation := func(id, question string, answer func(*observer) string) probe {
		return probe{id, question, func(_ context.Context, o *observer) (string, error) {
			switch {
			case o.entitlement == nil:
				return notObserved(noReservation), nil
			case o.order == nil || o.artifact == nil:
				return notObserved(noDetails), nil
			}
			return answer(o), nil
		}}
	}
	plan := func(id, question string, answer func(plan map[string]any) string) probe {
		return probe{id, question, func(_ context.Context, o *observer) (string, error) {
			if o.plan == nil {
				return notObserved(noPlan), nil
			}
			return answer(o.plan), nil
		}}
	}
	return []probe{
		reservation("reservation_type", "Where is the type of a reservation?", func(o *observer) string {
			artifacts, _ := o.entitlement["entitledArtifacts"].([]any)
			artifact, _ := artifacts[0].(map[string]any)
			above, below := o.entitlement["dynamicAttributes"] != nil, artifact["dynamicAttributes"] != nil
			switch {
			case above && below:
				return "both"
			case above:
				return "entitlement"
			case below:
				return "artifact"
			}
			return "none"
		}),
		reservation("artifact_key", "What is the list of reservations of an artifact called?", func(o *observer) string {
			for _, key := range []string{"reservations", "virtualMachineReservations"} {
				if o.artifact[key] != nil {
					return key
				}
			}
			return "none"
		}),
		reservation("reservation_expiry", "Does the end of a reservation have a time zone?", func(o *observer) string {
			for _, key := range []string{"reservations", "virtualMachineReservations"} {
				list, _ := o.artifact[key].([]any)
				for _, r := range list {
					one, _ := r.(map[string]any)
					_, time, _ := strings.Cut(text(one, "expiryDateTime"), "T")
					return either(strings.ContainsAny(time, "Z+-"), "zone", "no zone")
				}
			}
			return notObserved(noReservation)
		}),
		reservation("quantities", "Are quantities numbers?", func(o *observer) string {
			_, isText := o.entitlement["quantity"].(string)
			return either(isText, "text", "number")
		}),
		reservation("order_client", "Does an order name the application that placed it?", func(o *observer) string {
			return either(o.order["client"] != nil, "yes", "no")
		}),
		reservation("order_dates", "Which form does the date of an order have?", func(o *observer) string {
			switch date := text(o.order, "creationDate"); {
			case strings.HasSuffix(date, "Z"):
				return "Z"
			case strings.HasSuffix(date, "+00:00"):
				return "+00:00"
			default:
				return "offset"
			}
		}),
		reservation("order_transaction_type", "Does transactionType of an order line begin with a capital?", func(o *observer) string {
			lines, _ := o.order["lineItems"].([]any)
			for _, l := range lines {
				line, _ := l.(map[string]any)
				for _, first := range text(line, "transactionType") {
					return either(unicode.IsUpper(first), "yes", "no")
				}
			}
			return "absent"
		}),
		reservation("order_billing_cycle", "Which billing cycle does the order of a reservation have?", func(o *observer) string {
			return oneOf(text(o.order, "billingCycle"), "one_time", "monthly", "annual", "none", "unknown")
		}),
		plan("plan_billing_cycle", "Which billing cycle does an Azure plan have?", func(plan map[string]any) string {
			return oneOf(text(plan, "billingCycle"), "one_time", "monthly", "annual", "none", "unknown")
		}),
		plan("plan_unit_type", "Which unitType does an Azure plan have?", func(plan map[string]any) string {
			return oneOf(text(plan, "unitType"), "Usage-based", "Licenses", "none")
		}),
		plan("plan_entitlement_id", "Does an Azure plan have an entitlementId?", func(plan map[string]any) string {
			return either(text(plan, "entitlementId") != "", "yes", "no")
		}),
	}
}
