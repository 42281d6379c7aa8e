package mockbackend

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// auditActivity is the newer base of the activity log, with the version inside (REF/audit-operations).
const auditActivity = "/auditactivity/v1/auditrecords"

// listAuditActivity: REF/audit-operations/gets-audit-records. What the page says of its continuation token is that it
// goes into seek, and of the operator of the filter that it is an int32; its bodies are those of /v1/auditrecords
// (choice).
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

// filterOperator gives the name of an operator that may be its number in the SDK's enum; both are taken (choice).
func filterOperator(operator string) string {
	switch operator {
	case "0":
		return "equals"
	case "6":
		return "substring"
	}
	return operator
}

// activityURI is a query with the parameter names of the newer base.
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
	return failure(http.StatusNotFound, 1000, "The audit record was not found.")
}
