package mockbackend

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// auditActivity is the newer base path of the activity log, which has the version inside (REF/audit-operations).
const auditActivity = "/auditactivity/v1/auditrecords"

// listAuditActivity: REF/audit-operations/gets-audit-records. The page says only that the continuation token is sent in
// seek and that the operator of the filter is an int32. The bodies are those of /v1/auditrecords (choice).
func (b *Backend) listAuditActivity(x *exchange) response {
	values := url.Values{}
	for _, name := range []string{"startDate", "endDate", "size"} {
		values.Set(name, queryValue(x.query, "auditRequest."+name))
	}
	if field := queryValue(x.query, "auditRequest.filter.field"); field != "" {
		values.Set("filter", string(encodeJSON(fieldFilter{
			field, queryValue(x.query, "auditRequest.filter.value"), filterOperator(queryValue(x.query, "auditRequest.filter.operator")),
		})))
	}
	token := queryValue(x.query, "seek")
	if token == "" && values.Get("startDate") == "" {
		return failure(http.StatusBadRequest, invalidRequestInput, "auditRequest.startDate is required.")
	}
	query, refused, ok := b.pageQueryOf(values, token, auditActivity)
	if !ok {
		return refused
	}
	return b.auditPage(x, query)
}

// filterOperator returns the name of an operator, which may be given by its number in the SDK's enum (choice).
func filterOperator(operator string) string {
	switch operator {
	case "0":
		return "equals"
	case "6":
		return "substring"
	}
	return operator
}

// activityURI prints a query with the parameter names of the newer base path.
func activityURI(q pageQuery) string {
	uri := auditActivity + "?auditRequest.startDate=" + url.QueryEscape(q.StartDate) + "&auditRequest.size=" + strconv.Itoa(q.Size)
	if q.EndDate != "" {
		uri += "&auditRequest.endDate=" + url.QueryEscape(q.EndDate)
	}
	var filter fieldFilter
	if q.Filter != "" && decodeKnown([]byte(q.Filter), &filter) == nil {
		uri += "&auditRequest.filter.field=" + url.QueryEscape(filter.Field) + "&auditRequest.filter.value=" + url.QueryEscape(filter.Value) +
			"&auditRequest.filter.operator=" + url.QueryEscape(filter.Operator)
	}
	return uri
}

// getAuditActivity: REF/audit-operations/gets-audit-record-by-id.
func (b *Backend) getAuditActivity(x *exchange) response {
	for i := range b.audit {
		if entry := &b.audit[i]; strings.EqualFold(entry.ID, x.values["record"]) && entry.isListed() {
			return response{status: http.StatusOK, body: x.auditBody(*entry)}
		}
	}
	// REF/audit-operations declares 400 and 404 for this call.
	return x.refuse("unknown_audit_record", http.StatusNotFound, 1000, "The audit record was not found.")
}
