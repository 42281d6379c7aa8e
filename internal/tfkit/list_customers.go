package tfkit

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// CustomerSelection is the part of a list block that selects customers. Embed it in the model, and add
// [CustomerSelectionAttributes] to the schema.
type CustomerSelection struct {
	CompanyNamePrefix  types.String `tfsdk:"company_name_prefix"`
	DomainPrefix       types.String `tfsdk:"domain_prefix"`
	IndirectResellerID types.String `tfsdk:"indirect_reseller_id"`
	ExcludeCustomerIDs []string     `tfsdk:"exclude_customer_ids"`
}

// CustomerSelectionAttributes are the attributes of [CustomerSelection].
func CustomerSelectionAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"company_name_prefix": schema.StringAttribute{
			MarkdownDescription: "List only customers whose company name starts with this text. Case is ignored.",
			Optional:            true,
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"domain_prefix": schema.StringAttribute{
			MarkdownDescription: "List only customers whose default domain starts with this text. Case is ignored. If `company_name_prefix` is set, too, both must match.",
			Optional:            true,
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"indirect_reseller_id": schema.StringAttribute{
			MarkdownDescription: "List only customers of this indirect reseller. Microsoft Entra tenant ID of the reseller, as in the data source `partnercenter_indirect_resellers`. Must be a GUID.",
			Optional:            true,
			Validators:          []validator.String{GUID()},
		},
		"exclude_customer_ids": schema.ListAttribute{
			MarkdownDescription: "Microsoft Entra tenant IDs of customers to leave out, such as those that are already managed.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators:          []validator.List{listvalidator.NoNullValues(), listvalidator.ValueStringsAre(GUID())},
		},
	}
}

// Numbers of customers in a group. Customers are read in groups that grow from the first size to the last:
// a list with a low limit stops after a few requests, and a long list still uses the client's full concurrency.
const (
	firstGroup = 32
	lastGroup  = 512
)

// ListCustomers lists what read returns for each selected customer, in the server's order. If read returns nil, the
// customer is not listed. ListCustomers reads no more pages and customers than the limit requires. What says what
// could not be done if read fails, such as "read the permission". Customers that do not exist or have no reseller
// relationship are left out, because they cannot be imported.
func (c *Clients) ListCustomers(ctx context.Context, listing *Listing, s CustomerSelection, what string,
	read func(context.Context, partnercenter.Customer) (*list.ListResult, error),
) {
	next, stop := iter.Pull2(c.selected(ctx, s))
	defer stop()
	var unread Failures
	more, done := false, 0
	for size := firstGroup; !more; size = min(2*size, lastGroup) {
		if listing.Full() {
			_, _, more = next()
			break
		}
		group, err := take(next, size)
		if err != nil {
			listing.Fail(Failure("Could not list the customers", err))
			return
		}
		if len(group) == 0 {
			break
		}
		results := make([]*list.ListResult, len(group))
		failed, err := c.PartnerCenter.Each(ctx, len(group), func(ctx context.Context, i int) (err error) {
			results[i], err = read(ctx, group[i])
			return err
		})
		if err != nil {
			var before []string
			if done > 0 {
				before = append(before, fmt.Sprintf("%d customers were read before.", done))
			}
			listing.Fail(Failure("Could not "+what+" of the customers", err, before...))
			return
		}
		done += len(group)
		tflog.Info(ctx, "read customers for the list", map[string]any{"customers": done})
		for i, customer := range group {
			if err := failed[i]; partnercenter.IsCustomerNotFound(err) || partnercenter.IsNoRelationship(err) {
				continue
			} else if err != nil {
				c.PartnerCenter.Customers.KnowName(customer.ID, customer.CompanyProfile.CompanyName)
			}
			unread.Add(customer.ID, failed[i])
			if results[i] == nil {
				continue
			}
			if more = listing.Full(); more {
				break
			}
			if !listing.Add(*results[i]) {
				return
			}
		}
	}
	var warnings diag.Diagnostics
	switch {
	case unread.All():
		listing.Fail(unread.Named(ctx, c).Error(what, "So nothing is listed."))
		return
	case unread.Any():
		warnings.Append(unread.Named(ctx, c).Warning(what, "They are not in the list. Run the query again to list them."))
	}
	listing.End(more, "customers", warnings...)
}

// selected returns the customers that a list block selects, each once and with its ID in lower case.
func (c *Clients) selected(ctx context.Context, s CustomerSelection) iter.Seq2[partnercenter.Customer, error] {
	skip := make(map[string]bool)
	for _, id := range s.ExcludeCustomerIDs {
		skip[strings.ToLower(id)] = true
	}
	filter := partnercenter.CustomerFilter{
		CompanyNamePrefix: s.CompanyNamePrefix.ValueString(), DomainPrefix: s.DomainPrefix.ValueString(), IndirectResellerID: s.IndirectResellerID.ValueString(),
	}
	return func(yield func(partnercenter.Customer, error) bool) {
		for customer, err := range c.PartnerCenter.Customers.All(ctx, filter) {
			customer.ID = strings.ToLower(customer.ID)
			if err == nil && skip[customer.ID] {
				continue
			}
			skip[customer.ID] = true // a customer can be on two pages if one was added while pages were read
			if !yield(customer, err) || err != nil {
				return
			}
		}
	}
}

// take returns the next customers, up to n.
func take(next func() (partnercenter.Customer, error, bool), n int) ([]partnercenter.Customer, error) {
	var group []partnercenter.Customer
	for len(group) < n {
		customer, err, ok := next()
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return group, nil
		}
		group = append(group, customer)
	}
	return group, nil
}
