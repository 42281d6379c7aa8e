package mockbackend

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// AuditRecord is an entry of the activity log (DEV/auditing-resources). The values in records of self-serve policies are
// a choice in the form of other records. Records of orders follow the page's example.
type AuditRecord struct {
	ID                    string             `json:"id"`
	PartnerID             string             `json:"partnerId"`
	Participants          []string           `json:"participants,omitempty"`
	CustomerID            string             `json:"customerId"`
	CustomerName          string             `json:"customerName,omitempty"`
	UserPrincipalName     string             `json:"userPrincipalName,omitempty"` // app-only callers have none
	ApplicationID         string             `json:"applicationId,omitempty"`     // an application ID, or a name such as FulfillmentService
	SessionID             string             `json:"sessionId,omitempty"`
	ResourceType          string             `json:"resourceType"`               // self_serve_policy, subscription, customer …
	ResourceOldValue      string             `json:"resourceOldValue,omitempty"` // JSON in PascalCase with explicit nulls
	ResourceNewValue      string             `json:"resourceNewValue,omitempty"`
	OperationType         string             `json:"operationType"`                   // create_self_serve_policy …
	OriginalCorrelationID string             `json:"originalCorrelationId,omitempty"` // MS-CorrelationId of the call
	OperationDate         string             `json:"operationDate"`                   // RFC 3339 with 7 fractional digits
	OperationStatus       string             `json:"operationStatus"`                 // succeeded, failed, progress, decline
	CustomizedData        []CustomizedDatum  `json:"customizedData"`
	Attributes            resourceAttributes `json:"attributes"`

	at     time.Time
	listed time.Time // time from which the API returns it
}

// CustomizedDatum is a detail of an AuditRecord.
type CustomizedDatum struct {
	Key   string
	Value string // empty = null
}

// MarshalJSON prints null for an empty value.
func (d CustomizedDatum) MarshalJSON() ([]byte, error) {
	value := &d.Value
	if d.Value == "" {
		value = nil
	}
	return json.Marshal(struct {
		Key   string  `json:"key"`
		Value *string `json:"value"`
	}{d.Key, value})
}

const (
	auditKept   = 90 * 24 * time.Hour
	auditWindow = 30 * 24 * time.Hour
	auditSize   = 100_000 // records kept, whatever their age

	portalApplicationID = "4990cffe-04e8-4e8b-808a-1175604b879f"
	portalUser          = "portal.agent@" + PartnerDomain
)

// AuditRecords returns the activity log, oldest first, including records that the API does not return yet.
func (b *Backend) AuditRecords() []AuditRecord {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]AuditRecord{}, b.audit...)
}

// newAudit returns a record of a successful operation without a user.
func (b *Backend) newAudit(record *customerRecord, operation, resourceType string) AuditRecord {
	return AuditRecord{
		PartnerID: b.partner.TenantID, Participants: []string{b.partner.TenantID}, CustomerID: record.ID, CustomerName: record.CompanyName,
		SessionID: newGUID(), ResourceType: resourceType, OperationType: operation, OperationStatus: "succeeded",
		CustomizedData: []CustomizedDatum{{"CustomerId", record.ID}}, Attributes: resourceAttributes{ObjectType: "AuditRecord"},
	}
}

// portalAudit returns a record of a change by another user in another application.
func (b *Backend) portalAudit(record *customerRecord, operation, resourceType string) AuditRecord {
	entry := b.newAudit(record, operation, resourceType)
	entry.UserPrincipalName, entry.ApplicationID, entry.OriginalCorrelationID = portalUser, portalApplicationID, newGUID()
	return entry
}

// AddAuditRecord adds a record of any kind, for example an older one. customerID is a customer, or empty or the tenant ID
// of the partner for a record about the partner itself. Empty fields are filled in. OperationDate must be in RFC 3339.
// An unknown customer or an invalid date is a violation.
func (b *Backend) AddAuditRecord(customerID string, entry AuditRecord) AuditRecord {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customer(customerID)
	if customerID == "" || strings.EqualFold(customerID, b.partner.TenantID) {
		record = &customerRecord{Customer: Customer{ID: customerID}}
	}
	if record == nil {
		b.violate("AddAuditRecord: no customer %s", customerID)
		return AuditRecord{}
	}
	if entry.OperationDate != "" {
		at, err := time.Parse(time.RFC3339Nano, entry.OperationDate)
		if err != nil {
			b.violate("AddAuditRecord: operationDate %q is not RFC 3339", entry.OperationDate)
			return AuditRecord{}
		}
		entry.at = at
	}
	empty := b.newAudit(record, "update_subscription", "subscription")
	entry.PartnerID, entry.CustomerID, entry.CustomerName, entry.Attributes = empty.PartnerID, empty.CustomerID, empty.CustomerName, empty.Attributes
	setDefault(&entry.OperationType, empty.OperationType)
	setDefault(&entry.ResourceType, empty.ResourceType)
	setDefault(&entry.OperationStatus, empty.OperationStatus)
	return b.addAudit(entry, "", entry.ResourceOldValue, entry.ResourceNewValue)
}

// addAudit sets the time of a record that has none, and stores the record in the order of time. IDs end in unique .NET
// ticks (100 ns since year 1).
func (b *Backend) addAudit(entry AuditRecord, resourceID, before, after string) AuditRecord {
	const year1 = 621_355_968_000_000_000
	ticks := entry.at.UnixNano()/100 + year1 + int64(b.firstAudit+len(b.audit))
	if entry.at.IsZero() {
		entry.at = time.Now()
		entry.listed = entry.at.Add(b.knobs.AuditDelay)
		ticks = max(entry.at.UnixNano()/100+year1, b.lastTicks+1)
		b.lastTicks = ticks
	}
	entry.at = entry.at.UTC()
	operation := strings.ReplaceAll(entry.OperationType, "_", "")
	if resourceID != "" && resourceID != entry.CustomerID {
		operation = resourceID + "_" + operation
	}
	entry.ID = fmt.Sprintf("%s_%s_%s_%d", entry.PartnerID, entry.CustomerID, operation, ticks)
	entry.OperationDate = sevenDigits(entry.at)
	entry.ResourceOldValue, entry.ResourceNewValue = before, after
	if len(b.audit) >= auditSize {
		b.audit = slices.Clone(b.audit[auditSize/10:])
		b.firstAudit += auditSize / 10
	}
	place := len(b.audit)
	for place > 0 && b.audit[place-1].at.After(entry.at) {
		place--
	}
	b.audit = slices.Insert(b.audit, place, entry)
	return entry
}

// listAuditRecords: DEV/get-a-record-of-partner-center-activity-by-user. The window of 30 days is from
// REF/audit-operations. The error codes and the order, newest first, are choices.
func (b *Backend) listAuditRecords(x *exchange) response {
	query, refused, ok := b.readPageQuery(x, "/auditrecords")
	if !ok {
		return refused
	}
	return b.auditPage(x, query)
}

func (b *Backend) auditPage(x *exchange, query pageQuery) response {
	if refused, ok := x.overridden("reads_audit_records"); ok {
		return refused
	}
	filter, refused, ok := readFilter(query.Filter, map[string]string{"CompanyName": "substring", "CustomerId": "equals", "ResourceType": "equals"})
	if !ok {
		return refused
	}
	if filter.Field == "CustomerId" && uuid.Validate(filter.Value) != nil {
		return failure(http.StatusBadRequest, 900118, "The customer id %q is not valid.", filter.Value)
	}
	if filter.Field == "ResourceType" && !x.isResourceType(filter.Value) {
		return x.refuse("snake_case_filter", http.StatusBadRequest, invalidRequestInput, "%q is not a resource type.", filter.Value)
	}
	from, until, refused, ok := x.auditPeriod(query.StartDate, query.EndDate)
	if !ok {
		return refused
	}
	list := pagedList{length: len(b.audit), first: b.firstAudit, newestFirst: true, matches: func(i int) bool {
		entry := &b.audit[i]
		return !entry.at.Before(from) && entry.at.Before(until) && entry.isListed() && entry.matches(filter)
	}}
	return pageOf(b, x, query, list, func(i int) AuditRecord { return x.auditBody(b.audit[i]) })
}

func (r *AuditRecord) isListed() bool { return !time.Now().Before(r.listed) }

// auditBody applies the knobs to a record.
func (x *exchange) auditBody(entry AuditRecord) AuditRecord {
	if x.knobs.BareAuditRecords {
		entry.CustomerName, entry.SessionID, entry.ApplicationID, entry.OriginalCorrelationID, entry.Participants = "", "", "", "", nil
	}
	if x.knobs.UnknownEnums {
		entry.OperationStatus = "deferred"
	}
	return entry
}

// isResourceType checks a name, without case, against the enum of the .NET SDK and the table of DEV/auditing-resources.
// Records have the same names in snake_case. Whether a filter accepts those is not documented.
func (x *exchange) isResourceType(name string) bool {
	if strings.Contains(name, "_") && !x.knobs.SnakeCaseResourceTypes {
		return false
	}
	return slices.Contains(strings.Fields(`undefined customer customeruser order subscription license thirdpartyaddon mpnassociation
		transfer application applicationcredential partneruser partnerrelationship partnercustomerdap customerdirectoryrole referral
		softwarekey softwaredownloadlink spendinglimit invoice agreement partnercustomerrelationship selfservepolicy
		granularadminrelationship granularadminaccessassignment credit softwarepage device policy overage newcommercemigration
		azureentitlement indirectproviderindirectresellerdap`), plainName(name))
}

func (r *AuditRecord) matches(filter fieldFilter) bool {
	switch filter.Field {
	case "CompanyName":
		return strings.Contains(strings.ToLower(r.CustomerName), strings.ToLower(filter.Value))
	case "CustomerId":
		return strings.EqualFold(r.CustomerID, filter.Value)
	case "ResourceType":
		return plainName(r.ResourceType) == plainName(filter.Value)
	}
	return true
}

// auditPeriod returns the period of a query, end exclusive. An endDate without a time includes its day, unless
// Knobs.EndDateExclusive is set.
func (x *exchange) auditPeriod(start, end string) (from, until time.Time, refused response, ok bool) {
	now := time.Now().UTC()
	bad := func(format string, args ...any) (time.Time, time.Time, response, bool) {
		return time.Time{}, time.Time{}, failure(http.StatusBadRequest, invalidRequestInput, format, args...), false
	}
	from = now.Add(-auditWindow)
	if start != "" {
		var isDay bool
		if from, isDay, ok = auditDate(start); !ok {
			return bad("startDate %q is not a date.", start)
		}
		if from.Before(now.Add(-auditKept).Truncate(24 * time.Hour)) {
			return time.Time{}, time.Time{}, x.refuse("audit_too_old", http.StatusBadRequest, invalidRequestInput, "startDate must not be more than 90 days ago."), false
		}
		if isDay {
			from = from.Add(x.knobs.AuditDayStart)
		}
	}
	if end == "" { // the longest window, or until now
		if until = from.Add(auditWindow); !until.Before(now) {
			until = now.Add(time.Second)
		}
		return from, until, response{}, true
	}
	until, dateOnly, ok := auditDate(end)
	if dateOnly {
		until = until.Add(x.knobs.AuditDayStart)
	}
	switch {
	case !ok:
		return bad("endDate %q is not a date.", end)
	case until.Before(from):
		return bad("endDate must not be before startDate.")
	case until.Sub(from) > auditWindow:
		return bad("A query can not cover more than 30 days.")
	}
	if dateOnly && !x.knobs.EndDateExclusive {
		until = until.Add(24 * time.Hour)
	}
	return from, until, response{}, true
}

// auditDate reads the documented format and those of the SDK and of the page's example.
func auditDate(text string) (at time.Time, dateOnly, ok bool) {
	if at, err := time.Parse("2006-1-2", text); err == nil {
		return at, true, true
	}
	if at, err := time.Parse("1/2/2006", text); err == nil {
		return at, true, true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-1-2 15:04:05", "1/2/2006 15:04:05", "1/2/2006 3:04:05 PM"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), false, true
		}
	}
	return time.Time{}, false, false
}
