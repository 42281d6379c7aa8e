package conformance

import (
	"bytes"
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// knownHeaders contains the headers of recorded traffic except Content-Type and Date.
var knownHeaders = []string{"ms-correlationid", "ms-cv", "ms-requestid", "ms-serverid", "request-context", "x-locale"}

func headersOf(header http.Header) string {
	return listOf(slices.DeleteFunc(slices.Clone(knownHeaders), func(name string) bool { return header.Get(name) == "" }))
}

// formProbes returns the probes about the form of all answers.
func formProbes() []probe {
	success := func(id, question string, answer func(partnercenter.RawAnswer) string) probe {
		return probe{id, question, func(ctx context.Context, o *observer) (string, error) {
			got, err := o.call(ctx, probeCall{path: "/v1/customers", shown: "/v1/customers?size", query: sizeOf(1)})
			if err != nil || object(got) == nil {
				return codeOf(got), err
			}
			return answer(got), nil
		}}
	}
	refusal := func(id, question string, answer func(partnercenter.RawAnswer) string) probe {
		return probe{id, question, func(ctx context.Context, o *observer) (string, error) {
			got, err := o.get(ctx, "/v1/customers/{stranger}", nil, uuid.NewString())
			if err != nil || got.StatusCode < http.StatusBadRequest {
				return codeOf(got), err
			}
			return answer(got), nil
		}}
	}
	yes := func(is bool) string { return either(is, "yes", "no") }
	return []probe{
		success("headers", "Which headers does an answer have?", func(a partnercenter.RawAnswer) string { return headersOf(a.Header) }),
		refusal("error_headers", "Which headers does an error have?", func(a partnercenter.RawAnswer) string { return headersOf(a.Header) }),
		success("bom", "Does an answer begin with a byte order mark?", func(a partnercenter.RawAnswer) string { return yes(a.BOM) }),
		refusal("error_bom", "Does an error begin with a byte order mark?", func(a partnercenter.RawAnswer) string { return yes(a.BOM) }),
		refusal("error_codes", "Are codes of errors numbers?", func(a partnercenter.RawAnswer) string { return either(a.CodeIsText, "text", "number") }),
		refusal("error_form", "Do errors have the longer form?", func(a partnercenter.RawAnswer) string {
			return either(bytes.Contains(a.Body, []byte(`"errorName"`)) || bytes.Contains(a.Body, []byte(`"isRetryable"`)), "long", "short")
		}),
		success("links", "Do links begin with /v1?", func(a partnercenter.RawAnswer) string {
			return either(strings.HasPrefix(text(object(a), "links", "self", "uri"), "/v1/"), "v1", "none")
		}),
		success("total_count", "Does totalCount count the items of the page?", func(a partnercenter.RawAnswer) string {
			count, _ := object(a)["totalCount"].(float64)
			return either(int(count) == len(items(a)), "items", "other")
		}),
		success("guids", "Are IDs in lower case?", func(a partnercenter.RawAnswer) string {
			for _, c := range items(a) {
				return either(upperHex.MatchString(text(c, "id")), "upper", "lower")
			}
			return notObserved(noCustomer)
		}),
	}
}

// throttlingProbes returns the probes that run last, because they evaluate the answers to all
// earlier calls.
func throttlingProbes() []probe {
	return []probe{
		{"throttling", "What does a throttled answer say about when to try again?", func(_ context.Context, o *observer) (string, error) {
			if o.throttled == nil { // causing throttling would affect other programs of the partner
				return notObserved(noThrottling), nil
			}
			after := o.throttled.Get("Retry-After")
			_, err := strconv.Atoi(after)
			switch {
			case after == "":
				return "nothing", nil
			case err == nil:
				return "seconds", nil
			}
			return "date", nil
		}},
	}
}

var upperHex = regexp.MustCompile(`[A-F]`)
