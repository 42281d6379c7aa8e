package conformance

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// maxListPages is the maximum number of pages to read of a list.
const maxListPages = 20

func sizeOf(n int) url.Values { return url.Values{"size": {strconv.Itoa(n)}} }

// listProbes returns the probes about pages.
func listProbes() []probe {
	return []probe{
		{"continuation", "How does a page refer to the next one?", func(ctx context.Context, o *observer) (string, error) {
			if len(o.customers) < 2 {
				return notObserved(noSecondPage), nil
			}
			got, err := o.get(ctx, "/v1/customers", sizeOf(1))
			if err != nil || object(got) == nil {
				return codeOf(got), err
			}
			links, _ := object(got)["links"].(map[string]any)
			link, token := links["next"] != nil, text(object(got), "continuationToken") != ""
			switch {
			case link && token:
				return "both", nil
			case link:
				return "links", nil
			case token:
				return "token", nil
			}
			return "none", nil
		}},
		{"default_page", "How many customers does a page without a size have?", func(ctx context.Context, o *observer) (string, error) {
			return o.pageSize(ctx, nil)
		}},
		{"largest_page", "How many customers does a page of size 1000 have?", func(ctx context.Context, o *observer) (string, error) {
			return o.pageSize(ctx, sizeOf(largePage))
		}},
		{"list_end", "What follows a full last page?", listEnd},
		{"users_page", "How many users does a page without a size have?", func(ctx context.Context, o *observer) (string, error) {
			if len(o.customers) == 0 {
				return notObserved(noCustomer), nil
			}
			got, err := o.get(ctx, "/v1/customers/{customer}/users", nil, o.customers[0])
			if err != nil || object(got) == nil {
				return codeOf(got), err
			}
			if _, _, more := nextOf(got, nil); !more {
				return notObserved(noSecondPage), nil
			}
			return strconv.Itoa(len(items(got))), nil
		}},
	}
}

// pageSize returns the number of customers on a page that is not the last one.
func (o *observer) pageSize(ctx context.Context, query url.Values) (string, error) {
	got, err := o.get(ctx, "/v1/customers", query)
	if err != nil || object(got) == nil {
		return codeOf(got), err
	}
	if _, _, more := nextOf(got, query); !more || !o.isMore && len(items(got)) >= len(o.customers) {
		return notObserved(noSecondPage), nil
	}
	return strconv.Itoa(len(items(got))), nil
}

// listEnd reads all customers with a page size that makes the last page full.
func listEnd(ctx context.Context, o *observer) (string, error) {
	total, err := o.total(ctx)
	if err != nil {
		return "", err
	}
	size := 0
	for n := 1; n <= fullPage; n++ {
		if total > 0 && total%n == 0 && total/n <= maxListPages {
			size = n
		}
	}
	if size == 0 {
		return notObserved(noSecondPage), nil
	}
	var header http.Header
	query := sizeOf(size)
	seen := 0
	for range maxListPages + 1 {
		a := o.newCall("/v1/customers", query)
		a.header = header
		got, err := o.call(ctx, a)
		if err != nil {
			return "", err
		}
		if object(got) == nil {
			return codeOf(got), nil
		}
		if seen >= total {
			return either(len(items(got)) == 0, "empty page", "more items"), nil
		}
		seen += len(items(got))
		next, nextHeader, more := nextOf(got, sizeOf(size))
		if !more {
			return "no continuation", nil
		}
		query, header = next, nextHeader
	}
	return "no end", nil
}

// total counts the customers, with the maximum page size.
func (o *observer) total(ctx context.Context) (int, error) {
	if !o.isMore {
		return len(o.customers), nil
	}
	total := 0
	for _, err := range o.pc.Customers.All(ctx, partnercenter.CustomerFilter{}) {
		if err != nil {
			return 0, err
		}
		total++
	}
	return total, nil
}
