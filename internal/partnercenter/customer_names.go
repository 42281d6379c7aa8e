package partnercenter

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// maxSingleNames is the maximum number of names to read one by one. With more, all customers are
// listed.
const maxSingleNames = 3

// customerNames caches the company names of a run, keyed by customer ID in lower case.
type customerNames struct {
	list *httppipe.Answers[map[string]string]
	one  *httppipe.Answers[string]

	mu sync.Mutex
	// known contains the names recorded by KnowName or read earlier; "" means not a customer.
	known map[string]string
	// asked contains the IDs of the names that were read one by one.
	asked map[string]bool
}

func newCustomerNames() *customerNames {
	return &customerNames{
		list:  &httppipe.Answers[map[string]string]{For: tenantFor},
		one:   &httppipe.Answers[string]{For: tenantFor},
		known: make(map[string]string), asked: make(map[string]bool),
	}
}

// KnowName records a customer's company name, so that it is not read. It ignores an empty name, which means that the
// caller does not know the name.
func (s Customers) KnowName(customerID, name string) {
	if name != "" {
		s.know(customerID, name)
	}
}

func (s Customers) know(customerID, name string) {
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	s.names.known[strings.ToLower(customerID)] = name
}

// KnownName returns a company name that was recorded or read before, or "".
func (s Customers) KnownName(customerID string) string {
	id := strings.ToLower(customerID)
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	return s.names.known[id]
}

// Names returns the company names of customers, keyed by ID in lower case. It omits IDs that are
// not customers and customers without a name. A few names are read one by one with [Customers.Get].
// As soon as a run needs more, it lists all customers once.
func (s Customers) Names(ctx context.Context, customerIDs ...string) (map[string]string, error) {
	out := make(map[string]string, len(customerIDs))
	var missing []string
	customerIDs = slices.Sorted(slices.Values(customerIDs))
	s.names.mu.Lock()
	for _, id := range customerIDs {
		id = strings.ToLower(id)
		if name, ok := s.names.known[id]; ok {
			out[id] = name
			continue
		}
		missing = append(missing, id)
	}
	few := len(s.names.asked)+len(missing) <= maxSingleNames
	for _, id := range missing {
		if few {
			s.names.asked[id] = true
		}
	}
	s.names.mu.Unlock()
	if len(missing) == 0 {
		return withoutEmpty(out), nil
	}
	read := s.readName
	if !few {
		all, err := s.names.list.Get(ctx, "", s.listNames)
		if err != nil {
			return nil, err
		}
		read = func(_ context.Context, id string) (string, error) { return all[id], nil }
	}
	for _, id := range missing {
		name, err := read(ctx, id)
		if err != nil {
			return nil, err
		}
		s.know(id, name) // also an empty name, which means not a customer
		out[id] = name
	}
	return withoutEmpty(out), nil
}

// Name returns the company name of a customer. It is an error if there is no such customer, as in [Customers.Get].
func (s Customers) Name(ctx context.Context, customerID string) (string, error) {
	names, err := s.Names(ctx, customerID)
	if name := names[strings.ToLower(customerID)]; name != "" || err != nil {
		return name, err
	}
	customer, err := s.Get(ctx, customerID)
	return customer.CompanyProfile.CompanyName, err
}

func withoutEmpty(names map[string]string) map[string]string {
	for id, name := range names {
		if name == "" {
			delete(names, id)
		}
	}
	return names
}

func (s Customers) readName(ctx context.Context, customerID string) (string, error) {
	return s.names.one.Get(ctx, customerID, func(ctx context.Context) (string, error) {
		c, err := s.Get(ctx, customerID)
		if IsCustomerNotFound(err) || IsNoRelationship(err) {
			return "", nil
		}
		return c.CompanyProfile.CompanyName, err
	})
}

func (s Customers) listNames(ctx context.Context) (map[string]string, error) {
	names := make(map[string]string)
	for c, err := range s.All(ctx, CustomerFilter{}) {
		if err != nil {
			return nil, err
		}
		names[strings.ToLower(c.ID)] = c.CompanyProfile.CompanyName
	}
	return names, nil
}
