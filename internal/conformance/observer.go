package conformance

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

const (
	// sampleSize is the maximum number of customers to read for properties that only some customers
	// have.
	sampleSize = 20
	// largePage is larger than the maximum page size of the API.
	largePage = 1000
	// fullPage is the documented maximum page size.
	fullPage = 500
)

// observer sends the calls of the probes and stores the data that several probes need.
type observer struct {
	pc      *partnercenter.Client
	appOnly *partnercenter.Client // the same application without a user, or nil
	clients *tfkit.Clients

	placeholders map[string]string // keyed by ID in lower case
	counts       map[string]int    // number of placeholders of each kind
	calls        []string          // of the current probe, for the report
	throttled    http.Header       // of the last 429, or nil

	partner   string   // tenant ID
	customers []string // IDs of the first page, in lower case
	isMore    bool     // there are more customers
	// The following data was found among the first customers. Each field may be empty.
	permitted    string // a customer with a policy, and the ID of its policy
	policyID     string
	policies     map[string]bool  // whether each customer of the sample has a policy
	licensed     string           // a customer with a subscription that is not an Azure plan
	licenses     string           // that subscription
	reserved     string           // a customer with a reservation
	entitlement  map[string]any   // of that reservation
	order        map[string]any   // of that reservation
	artifact     map[string]any   // of that reservation
	reservations []map[string]any // all entitlements of that customer for reservations
	savingsPlan  map[string]any
	plan         map[string]any                     // a subscription that is an Azure plan
	auditRecords []auditRecord                      // of the last days, oldest first
	agreementsOf map[string]partnercenter.RawAnswer // by customer

	selfServeRead bool
	bought        *selfServe // an order of a customer's user, or nil
}

func newObserver(clients *tfkit.Clients) *observer {
	return &observer{clients: clients, pc: clients.PartnerCenter, placeholders: map[string]string{}, counts: map[string]int{}, policies: map[string]bool{}, agreementsOf: map[string]partnercenter.RawAnswer{}}
}

// of returns a stable placeholder for an ID.
func (o *observer) of(kind, id string) string {
	id = strings.ToLower(id)
	if o.placeholders[id] == "" {
		o.counts[kind]++
		o.placeholders[id] = fmt.Sprintf("%s-%d", kind, o.counts[kind])
	}
	return o.placeholders[id]
}

// probeCall is one call of a probe. shown is its path for the report, with placeholders.
type probeCall struct {
	pc          *partnercenter.Client // nil means the client of the observer
	method      string                // empty means GET
	path, shown string
	query       url.Values
	header      http.Header
	body        any
	requestID   string
}

// call sends a call and records it for the report.
func (o *observer) call(ctx context.Context, a probeCall) (partnercenter.RawAnswer, error) {
	pc := a.pc
	if pc == nil {
		pc = o.pc
	}
	a.method = cmp.Or(a.method, http.MethodGet)
	got, err := pc.Raw(ctx, partnercenter.RawCall{Method: a.method, Path: a.path, Query: a.query, Header: a.header, Body: a.body, RequestID: a.requestID})
	if err != nil {
		return got, err
	}
	if got.Throttled != nil {
		o.throttled = got.Throttled
	}
	o.calls = append(o.calls, fmt.Sprintf("%s %s: %s", a.method, cmp.Or(a.shown, a.path), codeOf(got)))
	return got, nil
}

// get reads a path. Each "{kind}" in the pattern is replaced by the next ID.
func (o *observer) get(ctx context.Context, pattern string, query url.Values, ids ...string) (partnercenter.RawAnswer, error) {
	return o.call(ctx, o.newCall(pattern, query, ids...))
}

func (o *observer) newCall(pattern string, query url.Values, ids ...string) probeCall {
	path, shown := "", ""
	rest := pattern
	for _, id := range ids {
		before, after, _ := strings.Cut(rest, "{")
		kind, tail, _ := strings.Cut(after, "}")
		path, shown, rest = path+before+url.PathEscape(id), shown+before+o.of(kind, id), tail
	}
	a := probeCall{path: path + rest, shown: shown + rest, query: query}
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	if len(names) > 0 {
		a.shown += "?" + strings.Join(sorted(names), "&")
	}
	return a
}

var digits = regexp.MustCompile(`^\d{1,7}$`)

// codeOf returns the status, with the code of an error: "200" or "404/60003".
func codeOf(a partnercenter.RawAnswer) string {
	status := strconv.Itoa(a.StatusCode)
	if digits.MatchString(a.Code) {
		return status + "/" + a.Code
	}
	return status
}

// object decodes an answer that is an object. It returns nil for other answers.
func object(a partnercenter.RawAnswer) map[string]any {
	var out map[string]any
	if a.StatusCode != http.StatusOK || json.Unmarshal(a.Body, &out) != nil {
		return nil
	}
	return out
}

// items returns the items of a list.
func items(a partnercenter.RawAnswer) []map[string]any {
	list, _ := object(a)["items"].([]any)
	out := make([]map[string]any, 0, len(list))
	for _, item := range list {
		if one, ok := item.(map[string]any); ok {
			out = append(out, one)
		}
	}
	return out
}

// text returns a string in an object, selected by a path of names.
func text(of map[string]any, names ...string) string {
	for _, name := range names[:len(names)-1] {
		of, _ = of[name].(map[string]any)
	}
	s, _ := of[names[len(names)-1]].(string)
	return s
}

// nextOf returns the query and the header for the next page. ok is false if there is none.
func nextOf(a partnercenter.RawAnswer, query url.Values) (url.Values, http.Header, bool) {
	body := object(a)
	links, _ := body["links"].(map[string]any)
	next, _ := links["next"].(map[string]any)
	token := text(body, "continuationToken")
	if headers, ok := next["headers"].([]any); ok && token == "" {
		for _, h := range headers {
			if one, ok := h.(map[string]any); ok && strings.EqualFold(text(one, "key"), "MS-ContinuationToken") {
				token = text(one, "value")
			}
		}
	}
	if token == "" {
		return nil, nil, false
	}
	out := url.Values{"seekOperation": {"Next"}}
	maps.Copy(out, query)
	return out, http.Header{"Ms-Continuationtoken": {token}}, true
}

// gather reads the data that several probes need. Only a failed sign-in or a missing network is an
// error.
func (o *observer) gather(ctx context.Context) error {
	partner, err := o.pc.Profiles.TenantID(ctx)
	if err != nil {
		if caller, callerErr := o.pc.Caller(ctx); callerErr == nil {
			partner, err = caller.TenantID, nil
		}
	}
	if err != nil {
		return err
	}
	o.partner = strings.ToLower(partner)
	o.of("partner", o.partner)
	query := url.Values{"size": {strconv.Itoa(fullPage)}}
	first, err := o.get(ctx, "/v1/customers", query)
	if err != nil {
		return err
	}
	for _, c := range items(first) {
		if id := strings.ToLower(text(c, "id")); uuid.Validate(id) == nil {
			o.customers = append(o.customers, id)
			o.of("customer", id)
		}
	}
	_, _, o.isMore = nextOf(first, query)
	o.isMore = o.isMore && len(o.customers) > 0
	for _, find := range []func(context.Context) error{o.findPolicies, o.findSubscriptions, o.findReservation} {
		if err := find(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (o *observer) sample() []string { return o.customers[:min(len(o.customers), sampleSize)] }

// findPolicies reads the policies of the sample one by one.
func (o *observer) findPolicies(ctx context.Context) error {
	for _, id := range o.sample() {
		got, err := o.get(ctx, "/v1/SelfServePolicy", url.Values{"entity_id": {id}})
		if err != nil {
			return err
		}
		if got.StatusCode != http.StatusOK {
			return nil // the probe reads_policies reports the reason
		}
		o.policies[id] = len(items(got)) > 0
		if o.policies[id] && o.permitted == "" {
			o.permitted, o.policyID = id, strings.ToLower(text(items(got)[0], "id"))
		}
	}
	return nil
}

// azurePlan is the prefix of the offer ID of every Azure plan.
const azurePlan = "DZH318Z0BPS6:"

// findSubscriptions searches for a license, an Azure plan and a savings plan.
func (o *observer) findSubscriptions(ctx context.Context) error {
	for _, id := range o.sample() {
		got, err := o.get(ctx, "/v1/customers/{customer}/subscriptions", nil, id)
		if err != nil {
			return err
		}
		for _, s := range items(got) {
			if strings.EqualFold(text(s, "billingType"), "license") && o.licenses == "" {
				o.licensed, o.licenses = id, text(s, "id")
			}
			if strings.HasPrefix(text(s, "offerId"), azurePlan) && o.plan == nil {
				o.plan = s
			}
			if isSavingsPlan(s) && o.savingsPlan == nil {
				o.savingsPlan = s
			}
		}
	}
	return nil
}

// findReservation searches for a reservation, its order and its artifact.
func (o *observer) findReservation(ctx context.Context) error {
	for _, id := range o.sample() {
		got, err := o.get(ctx, "/v1/customers/{customer}/entitlements", url.Values{"entitlementType": {"reservedInstance"}}, id)
		if err != nil {
			return err
		}
		if got.StatusCode == http.StatusForbidden || got.StatusCode == http.StatusUnauthorized {
			return nil
		}
		for _, e := range items(got) {
			order := text(e, "referenceOrder", "id")
			artifacts, _ := e["entitledArtifacts"].([]any)
			if order == "" || len(artifacts) == 0 {
				continue
			}
			o.reserved, o.entitlement, o.reservations = id, e, items(got)
			if got, err = o.get(ctx, "/v1/customers/{customer}/orders/{order}", nil, id, order); err != nil {
				return err
			}
			o.order = object(got)
			artifact, _ := artifacts[0].(map[string]any)
			uri := strings.TrimPrefix(text(artifact, "link", "uri"), "/v1")
			if !strings.HasPrefix(uri, "/customers/") || strings.Contains(uri, "..") || strings.Contains(uri, "?") {
				return nil
			}
			if got, err = o.call(ctx, probeCall{path: "/v1" + uri, shown: "/v1/customers/" + o.of("customer", id) + "/artifacts/…"}); err != nil {
				return err
			}
			o.artifact = object(got)
			return nil
		}
	}
	return nil
}
