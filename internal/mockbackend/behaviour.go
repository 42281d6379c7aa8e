package mockbackend

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Behaviour is the behavior of another partner's service, read from a report of the provider's conformance command.
type Behaviour struct {
	knobs     []func(*Knobs)
	choices   choices
	customers int // the smallest number of customers that shows the behavior
	faults    []Fault
	// These fields select data that the customers of the mock have in addition to the default data, or lack.
	busyLog, policyRecord, noPolicies, noLicenses, noReservations bool
	more                                                          moreData

	// SignInAs is the user of the report, as a value of the flag -sign-in-as: admin, sales, helpdesk, no-mfa or
	// app-only.
	SignInAs string
	// NotPlayed are answers that the mock cannot play, as "probe: answer".
	NotPlayed []string
}

// reportFormat is the format of the report.
const reportFormat = 1

// ParseBehaviour reads a report. Answers that the mock cannot play are in NotPlayed.
func ParseBehaviour(report []byte) (*Behaviour, error) {
	var r struct {
		Format  int    `json:"format"`
		SignIn  string `json:"signIn"`
		Role    string `json:"role"`
		Answers []struct {
			Probe  string `json:"probe"`
			Answer string `json:"answer"`
		} `json:"answers"`
	}
	if err := json.Unmarshal(report, &r); err != nil {
		return nil, err
	}
	if r.Format != reportFormat || len(r.Answers) == 0 {
		return nil, errors.New("not a report of conformance in format 1")
	}
	b := &Behaviour{choices: choices{}, SignInAs: "admin"}
	switch {
	case r.SignIn == "app-only":
		b.SignInAs = r.SignIn
	case r.Role == "sales" || r.Role == "helpdesk":
		b.SignInAs = r.Role
	}
	for _, a := range r.Answers {
		if a.Probe == "mfa_header" && (a.Answer == "false" || a.Answer == "401/900421") { // the access token may not show whether the user has MFA; these answers do
			b.SignInAs = "no-mfa"
		}
		if !b.playAnswer(a.Probe, a.Answer) {
			b.NotPlayed = append(b.NotPlayed, a.Probe+": "+a.Answer)
		}
	}
	if b.more != (moreData{}) {
		b.customers = max(b.customers, len(namedCustomers()))
	}
	return b, nil
}

func (b *Behaviour) knob(change func(*Knobs)) bool {
	b.knobs = append(b.knobs, change)
	return true
}

// code plays an answer that is an error. It returns false if the answer is not an error.
func (b *Behaviour) code(choice, answer string) bool {
	refusal, err := parseRefusal(answer)
	if err == nil {
		b.choices[choice] = refusal
	}
	return err == nil
}

// playAnswer plays one answer. It returns false if the mock cannot play it.
func (b *Behaviour) playAnswer(probe, answer string) bool {
	if reason, ok := strings.CutPrefix(answer, "not observed: "); ok {
		return b.playNotObserved(probe, reason)
	}
	if property, ok := strings.CutPrefix(probe, "self_serve_"); ok && property != "in_azure" {
		return b.selfServe(property, answer)
	}
	if property, ok := strings.CutPrefix(probe, "savings_plan_"); ok {
		return b.savingsPlan(property, answer)
	}
	if values, ok := played[probe]; ok {
		change, ok := values[answer]
		return ok && b.knob(change) || probe == "organization_id" && b.code(probe, answer)
	}
	switch probe {
	case "token_claims":
		return b.knob(func(k *Knobs) { k.TokenClaims = answer })
	case "headers":
		return b.knob(func(k *Knobs) { k.Headers = answer })
	case "error_headers":
		return b.knob(func(k *Knobs) { k.ErrorHeaders = answer })
	case "mfa_header":
		return b.knob(func(k *Knobs) { k.NoMFAHeader = answer == "absent" })
	case "default_page", "largest_page", "users_page":
		return b.page(probe, answer)
	case "list_end":
		return b.listEnd(answer)
	case "throttling":
		return b.throttling(answer)
	case "policies_without_entity_id":
		list := PolicyList(answer)
		if oneOf(probe, list, PolicyListAll, PolicyListPages, PolicyListPartial, PolicyListEmpty) == nil {
			return b.knob(func(k *Knobs) { k.PolicyList = list })
		}
		b.knob(func(k *Knobs) { k.PolicyList = PolicyListRefused })
		return b.code(probe, answer)
	case "entity_id_capitals":
		b.knob(func(k *Knobs) { k.EntityIDCase = exactUnless(answer == "same") })
		return answer == "same" || answer == "empty" || b.code(probe, answer)
	case "path_id_capitals":
		b.knob(func(k *Knobs) { k.PathIDCase = exactUnless(answer == "same") })
		return answer == "same" || b.code(probe, answer)
	case "snake_case_filter":
		b.knob(func(k *Knobs) { k.SnakeCaseResourceTypes = answer == "accepted" })
		return answer == "accepted" || b.code(probe, answer)
	case "policy_record_value":
		b.policyRecord = true
		return answer == "JSON"
	case "no_agreement", "direct_agreement":
		return b.agreement(probe, answer)
	case "azure_reservations", "azure_reservations_listed", "self_serve_in_azure":
		return b.azureReservations(probe, answer)
	case "admin_agents_type":
		return answer == "ForeignGroup"
	case "order_billing_cycle":
		return answer == "one_time"
	case "plan_billing_cycle":
		return b.knob(func(k *Knobs) { k.PlanBillingCycle = answer })
	case "plan_unit_type":
		return b.knob(func(k *Knobs) { k.PlanUnitType = answer })
	case "audit_day":
		b.busyLog = true
		h, ok := strings.CutSuffix(answer, " h after midnight UTC")
		n, err := strconv.Atoi(h)
		if answer == "midnight UTC" {
			return true
		}
		return ok && err == nil && b.knob(func(k *Knobs) { k.AuditDayStart = time.Duration(n) * time.Hour })
	case "put_with_id", "put_without_id":
		return b.update(probe, answer)
	case "stale_etag", "missing_etag", "empty_permissions", "same_request_id":
		return b.write(probe, answer)
	case "read_lag":
		lag, ok := map[string]time.Duration{"none": 0, "seconds": 3 * time.Second, "less than a minute": 30 * time.Second}[answer]
		return ok && b.knob(func(k *Knobs) { k.ReadLag = lag })
	case "audit_lag":
		lag, ok := map[string]time.Duration{"none": 0, "seconds": 0, "less than a minute": 40 * time.Second, "minutes": 5 * time.Minute, "longer than the wait": 24 * time.Hour}[answer]
		return ok && b.knob(func(k *Knobs) { k.AuditDelay = lag })
	}
	if status, err := strconv.Atoi(answer); err == nil && status < 300 {
		return slices.Contains([]string{"reads_policies", "reads_users", "reads_entitlements", "reads_audit_records"}, probe) ||
			probe == "app_only_entitlements" && b.knob(func(k *Knobs) { k.EntitlementsAppOnly = true })
	}
	return slices.Contains(refusals, probe) && b.code(probe, answer)
}

func exactUnless(ignored bool) IDCase {
	if ignored {
		return IDCaseIgnored
	}
	return IDCaseExact
}

// refusals are the probes whose answer is an error. The error replaces the choice of the same name.
var refusals = []string{
	"app_only_policies", "app_only_organization", "app_only_entitlements", "app_only_users", "reads_policies", "reads_users", "reads_entitlements",
	"reads_audit_records", "policies_unknown_customer", "policies_foreign_customer", "unknown_policy", "malformed_policy_id", "unknown_customer",
	"foreign_customer", "unknown_subscription", "unknown_order", "unknown_user", "unknown_audit_record", "entitlements_of_licenses", "audit_too_old",
	"delete_missing",
}

// played maps the probes with a fixed set of answers to the knobs of each answer.
var played = map[string]map[string]func(*Knobs){
	"organization_id": {"equal": func(*Knobs) {}, "different": func(k *Knobs) { k.OrganizationIDDiffers = true }},
	"bom":             {"yes": func(*Knobs) {}, "no": func(k *Knobs) { k.BOM = false }},
	"error_bom":       {"yes": func(k *Knobs) { k.BOMOnErrors = true }, "no": func(*Knobs) {}},
	"error_codes":     {"number": func(*Knobs) {}, "text": func(k *Knobs) { k.NumericCodes = false }},
	"error_form":      {"short": func(*Knobs) {}, "long": func(k *Knobs) { k.LongErrors = true }},
	"links":           {"none": func(*Knobs) {}, "v1": func(k *Knobs) { k.LinkPrefixV1 = true }},
	"guids":           {"lower": func(*Knobs) {}, "upper": func(k *Knobs) { k.UpperCaseGUIDs = true }},
	"total_count":     {"items": func(*Knobs) {}, "other": func(k *Knobs) { k.TotalCountWrong = true }},
	"continuation": {
		"both": func(*Knobs) {}, "links": func(k *Knobs) { k.ContinuationMode = ContinuationLinks }, "token": func(k *Knobs) { k.ContinuationMode = ContinuationToken },
	},
	"audit_end_date": {"included": func(*Knobs) {}, "excluded": func(k *Knobs) { k.EndDateExclusive = true }},
	"reservation_type": {
		"artifact": func(*Knobs) {}, "entitlement": func(k *Knobs) { k.DynamicAttributes = DynamicAttributesOnEntitlement },
		"both": func(k *Knobs) { k.DynamicAttributes = DynamicAttributesOnBoth }, "none": func(k *Knobs) { k.OldEntitlements = true },
	},
	"artifact_key": {
		"reservations":               func(k *Knobs) { k.ReservationsKey = ReservationsKeyNew },
		"virtualMachineReservations": func(k *Knobs) { k.ReservationsKey = ReservationsKeyOld },
	},
	"reservation_expiry": {"no zone": func(*Knobs) {}, "zone": func(k *Knobs) { k.ExpiryWithZone = true }},
	"quantities":         {"number": func(*Knobs) {}, "text": func(k *Knobs) { k.NumbersAsStrings = true }},
	"order_client":       {"yes": func(*Knobs) {}, "no": func(k *Knobs) { k.NoOrderClient = true }},
	"order_dates": {
		"Z": func(k *Knobs) { k.OrderDates = OrderDatesZulu }, "+00:00": func(k *Knobs) { k.OrderDates = OrderDatesZeroOffset },
		"offset": func(k *Knobs) { k.OrderDates = OrderDatesPacific },
	},
	"plan_entitlement_id":    {"no": func(*Knobs) {}, "yes": func(k *Knobs) { k.PlanEntitlementID = true }},
	"order_transaction_type": {"yes": func(*Knobs) {}, "no": func(k *Knobs) { k.LowerCaseTransactionTypes = true }},
}

// playNotObserved plays a probe that was not observed, because the other partner lacks what it needs.
func (b *Behaviour) playNotObserved(probe, reason string) bool {
	switch reason {
	case "no customer with a permission":
		b.noPolicies = true
	case "no license subscription":
		b.noLicenses = true
	case "no reservation":
		b.noReservations = true
	case "the order or the artifact of the reservation cannot be read":
		return b.code("artifact", "404/1000")
	case "no access to Azure in the tenant of a customer":
		if probe != "admin_agents_type" { // only some customers were not accessible
			return b.more.noAzure
		}
		b.more.noAzure = true
		return b.knob(func(k *Knobs) { k.CustomerTenants = CustomerTenantsNoConsent })
	case "all customers that were read have an agreement":
		b.more.allAgreed = true
	case "no customer that was read accepted the agreement directly":
		b.more.noneDirect = true
	case "no order of a customer's user in the activity log", "the order of a customer's user is not listed",
		"no entitlement of an order of a customer's user", "no current reservation in Azure":
	case "no activity on both sides of a midnight", "no change of a permission in the activity log", "no request was throttled", "no savings plan":
	case "too few objects for a second page":
		return probe != "continuation" && probe != "list_end"
	default:
		return false
	}
	return true
}

func (b *Behaviour) page(probe, answer string) bool {
	size, err := strconv.Atoi(answer)
	switch {
	case err != nil && probe == "users_page": // reads_users plays the same error
		_, err := parseRefusal(answer)
		return err == nil
	case err != nil && probe == "largest_page":
		b.customers = max(b.customers, largestPage+1)
		return b.knob(func(k *Knobs) { k.TooLargePageRefused = true }) && b.code("page_too_large", answer)
	case err != nil || size < 1 || size > largestPage || probe == "users_page" && size > 1: // a customer of the mock has two users
		return false
	case probe == "users_page":
		return b.knob(func(k *Knobs) { k.UsersPageSize = size })
	case probe == "default_page":
		b.customers = max(b.customers, largestPage+1)
		return b.knob(func(k *Knobs) { k.DefaultPageSize = size })
	}
	b.customers = max(b.customers, largestPage+1)
	return b.knob(func(k *Knobs) { k.PageSize = size })
}

func (b *Behaviour) listEnd(answer string) bool {
	switch answer {
	case "no continuation":
		return true
	case "empty page":
		return b.knob(func(k *Knobs) { k.TokenAfterLastPage, k.EmptyLastPage = true, true })
	}
	return b.knob(func(k *Knobs) { k.TokenAfterLastPage = true }) && b.code("list_end", answer)
}

func (b *Behaviour) throttling(answer string) bool {
	kind, ok := map[string]FaultKind{"seconds": Throttle, "nothing": ThrottleNoHeader}[answer]
	if ok {
		b.faults = append(b.faults, Fault{Method: "GET", Path: "/customers", Service: PartnerCenter, Kind: kind})
	}
	return ok
}

// update plays if an update requires the ID in its path, or refuses it.
func (b *Behaviour) update(probe, answer string) bool {
	if answer == "200" {
		return true
	}
	path := PUTPathNoID
	if probe == "put_without_id" {
		path = PUTPathIDOnly
	}
	return b.knob(func(k *Knobs) { k.PUTPath = path }) && b.code(probe, answer)
}

func (b *Behaviour) write(probe, answer string) bool {
	succeeded := answer == "200" || answer == "201"
	switch {
	case probe == "same_request_id":
		return answer == "201" || answer == fmt.Sprintf("409/%d", policyAlreadyExists) && b.knob(func(k *Knobs) { k.RequestIDsForgotten = true })
	case probe == "empty_permissions" && succeeded:
		return b.knob(func(k *Knobs) { k.EmptyPermissions = EmptyPermissionsAccept })
	case succeeded: // here the mock has one knob for stale and missing etags
		return b.knob(func(k *Knobs) { k.StaleETag = StaleETagIgnore })
	}
	return b.code(probe, answer)
}

// play applies a behaviour to a new backend.
func (b *Backend) play(behaviour *Behaviour) {
	if behaviour == nil {
		return
	}
	for _, change := range behaviour.knobs {
		change(&b.knobs)
	}
	if err := b.knobs.validate(); err != nil {
		b.violate("behaviour: %v", err)
	}
	b.choices = behaviour.choices
	for _, fault := range behaviour.faults {
		setDefault(&fault.Times, 1)
		b.faults = append(b.faults, &fault)
	}
	for _, record := range b.customers {
		if behaviour.noPolicies {
			record.policy = nil
		}
		if behaviour.noReservations {
			record.orders = slices.DeleteFunc(record.orders, func(o *Order) bool {
				return slices.ContainsFunc(o.Lines, func(l OrderLine) bool { return l.Reservation != nil })
			})
		}
		if behaviour.noLicenses && record.generated == 0 {
			record.subscriptions = slices.DeleteFunc(record.subscriptions, func(s *Subscription) bool { return !s.isAzurePlan() && !s.isLegacyAzure() })
		}
	}
	b.addMore(&behaviour.more)
	if behaviour.policyRecord && len(b.customers) > 0 {
		changed := newPolicy(b.customers[0].ID, []string{AzureReservedInstances})
		entry := b.portalAudit(b.customers[0], "create_self_serve_policy", "self_serve_policy")
		entry.at = time.Now().UTC().Add(-time.Minute)
		b.addAudit(entry, "", "", policyDocument(changed))
	}
	if behaviour.busyLog && len(b.customers) > 0 {
		first := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -4).Add(30 * time.Minute)
		for at := first; at.Before(time.Now()); at = at.Add(time.Hour) {
			entry := b.portalAudit(b.customers[0], "update_subscription", "subscription")
			entry.at = at
			b.addAudit(entry, "", "", "")
		}
	}
}
