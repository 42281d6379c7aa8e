package conformance

import (
	"context"
	"slices"
	"strings"
)

// savingsPlanProduct is the prefix of the offer ID of every Azure savings plan.
const savingsPlanProduct = "DZH318Z09V6F:"

// These are the documented fields
// (https://learn.microsoft.com/partner-center/developer/subscription-resources).
var (
	lineFields  = []string{"autoRenewEnabled", "friendlyName", "id", "purchaseCommitment", "scope", "status"}
	scopeFields = []string{"entitlementId", "managementGroupId", "resourceGroupId", "subscriptionId", "type"}
)

// isSavingsPlan recognizes a savings plan by any of its marks, because each may be missing.
func isSavingsPlan(s map[string]any) bool {
	return strings.EqualFold(text(s, "unitType"), "Benefit") || strings.EqualFold(text(s, "billingType"), "benefit") ||
		strings.EqualFold(text(s, "productType", "subType", "id"), "SavingsPlan") || strings.HasPrefix(text(s, "offerId"), savingsPlanProduct)
}

// fieldsOf returns which of the known fields an object has.
func fieldsOf(of map[string]any, known []string) string {
	return listOf(slices.DeleteFunc(slices.Clone(known), func(name string) bool { return of[name] == nil }))
}

// savingsPlanProbes returns the probes about savings plans among the subscriptions.
func savingsPlanProbes() []probe {
	plan := func(id, question string, answer func(plan, line map[string]any) string) probe {
		return probe{id, question, func(_ context.Context, o *observer) (string, error) {
			if o.savingsPlan == nil {
				return notObserved(noSavingsPlan), nil
			}
			var line map[string]any
			if lines, _ := o.savingsPlan["lineItems"].([]any); len(lines) > 0 {
				line, _ = lines[0].(map[string]any)
			}
			return answer(o.savingsPlan, line), nil
		}}
	}
	return []probe{
		plan("savings_plan_order", "Does a savings plan have an order?", func(plan, _ map[string]any) string {
			return either(text(plan, "orderId") != "", "yes", "no")
		}),
		plan("savings_plan_unit_type", "Which unitType does a savings plan have?", func(plan, _ map[string]any) string {
			return oneOf(text(plan, "unitType"), "Benefit", "Usage-based", "Licenses", "none")
		}),
		plan("savings_plan_billing_type", "Which billingType does a savings plan have?", func(plan, _ map[string]any) string {
			return oneOf(text(plan, "billingType"), "benefit", "usage", "license", "none")
		}),
		plan("savings_plan_line_fields", "Which fields do the lineItems of a savings plan have?", func(_, line map[string]any) string {
			return fieldsOf(line, lineFields)
		}),
		plan("savings_plan_commitment", "Is the commitment of a savings plan a number?", func(_, line map[string]any) string {
			commitment, _ := line["purchaseCommitment"].(map[string]any)
			switch commitment["amount"].(type) {
			case float64:
				return "number"
			case string:
				return "text"
			}
			return "absent"
		}),
		plan("savings_plan_scope", "Which fields does the scope of a savings plan have?", func(_, line map[string]any) string {
			scope, _ := line["scope"].(map[string]any)
			return fieldsOf(scope, scopeFields)
		}),
	}
}
