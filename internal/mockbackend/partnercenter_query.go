package mockbackend

import (
	"net/http"
	"strings"
)

// fieldFilter is the query parameter filter: one condition in JSON.
type fieldFilter struct {
	Field    string `json:"Field"`
	Value    string `json:"Value"`
	Operator string `json:"Operator"`
}

// readFilter reads the condition. operators has the supported fields, each with its one supported operator.
func readFilter(text string, operators map[string]string) (fieldFilter, response, bool) {
	var filter fieldFilter
	if text == "" {
		return filter, response{}, true
	}
	if err := decodeKnown([]byte(text), &filter); err != nil {
		return filter, failure(http.StatusBadRequest, invalidRequestInput, "The filter can not be read: %s.", err), false
	}
	for field, operator := range operators {
		if !strings.EqualFold(field, filter.Field) {
			continue
		}
		filter.Field = field
		if !strings.EqualFold(operator, filter.Operator) {
			return filter, failure(http.StatusBadRequest, invalidRequestInput, "The operator %q is not supported for %s.", filter.Operator, field), false
		}
		return filter, response{}, true
	}
	return filter, failure(http.StatusBadRequest, invalidRequestInput, "The field %q can not be filtered by.", filter.Field), false
}

// plainName returns the same text for all spellings of a value: OneTime, one_time, onetime.
func plainName(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// flag reads a query parameter that is true or false; absent = false.
func (x *exchange) flag(name string) (value bool, refused response, ok bool) {
	switch text := strings.ToLower(queryValue(x.query, name)); text {
	case "", "false":
		return false, response{}, true
	case "true":
		return true, response{}, true
	default:
		return false, failure(http.StatusBadRequest, invalidRequestInput, "%s %q is neither true nor false.", name, text), false
	}
}
