package permission

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// subjectOf returns the subject of a customer's permission in the claims of a run.
func subjectOf(permission partnercenter.Permission, customerID string) tfkit.Subject {
	return tfkit.Subject{Kind: string(permission), ID: strings.ToLower(customerID)}
}

// words are the names of the permissions in messages.
var words = map[partnercenter.Permission]string{
	partnercenter.AzureReservedInstances: "Azure reservations",
	partnercenter.AzureSavingsPlan:       "Azure savings plans",
}

const (
	mayBeEnabled = "The permission may be enabled: the answer to a change was lost, so Terraform's state says that it is enabled. The next apply sets it again."
	giveUp       = tfkit.GiveUp
)

// comparison collects where the declarations of one resource agree with those of others, or contradict them.
type comparison struct {
	opposite, same map[pair][]tfkit.Subject
	denied, passes []tfkit.Subject
}

// pair is a key of comparison: the type of the other resource, and whether this one enables the permission.
type pair struct {
	other string
	on    bool
}

// compare adds the claims of other objects about a subject that this object enables or disables (on). It
// returns true if an object that ends disables a permission that this object declares as enabled and that
// exists.
func (c *comparison) compare(about tfkit.Subject, on bool, phase tfkit.Phase, others []tfkit.Claim) (ends bool) {
	for _, other := range others {
		to := &c.same
		switch {
		case other.Phase <= tfkit.Ending && on && phase == tfkit.Existing: // an object that was read and is not planned also ends

			ends = true
			continue
		case other.Phase <= tfkit.Ending:
			if on && other.Phase == tfkit.Ending {
				c.passes = append(c.passes, about)
			}
			continue
		case other.On != on:
			to = &c.opposite
		}
		if *to == nil {
			*to = make(map[pair][]tfkit.Subject)
		}
		p := pair{other.Type, on}
		(*to)[p] = append((*to)[p], about)
	}
	return ends
}

func (c *comparison) diagnostics(ctx context.Context, clients *tfkit.Clients, at path.Path) diag.Diagnostics {
	var diags diag.Diagnostics
	list := func(subjects []tfkit.Subject) string { return enumerate(ctx, clients, subjects) }
	for _, p := range pairs(c.opposite) {
		mine, theirs := "off", "on"
		if p.on {
			mine, theirs = theirs, mine
		}
		diags.AddAttributeError(at, "Two resources declare the opposite",
			fmt.Sprintf("%s: this resource declares %s, and another %s declares %s.\n\nWhat to do: declare the permission in one of them only.",
				list(c.opposite[p]), mine, p.other, theirs))
	}
	for _, p := range pairs(c.same) {
		diags.AddAttributeWarning(at, "Two resources manage the same permission",
			fmt.Sprintf("%s: this resource and another %s declare the same. When one of them is changed, the plan fails.\n\n"+
				"What to do: declare the permission in one of them only. To release it in the other without a change, use a removed block with destroy = false, "+
				"or set the customer to {} in partnercenter_customer_permissions.", list(c.same[p]), p.other))
	}
	if len(c.denied) > 0 {
		diags.AddAttributeError(at, "Customers that are enabled and denied",
			fmt.Sprintf("%s: enabled by one resource, and disabled by unlisted = \"deny\" of a partnercenter_customer_permissions that does not list them.\n\n"+
				"What to do: list them there as {}.", list(c.denied)))
	}
	return append(diags, keptAndPassed(ctx, clients, at, nil, c.passes)...)
}

// pairs returns the keys in a stable order.
func pairs(m map[pair][]tfkit.Subject) []pair {
	return slices.SortedFunc(maps.Keys(m), func(a, b pair) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

// keptAndPassed returns the warnings about permissions of objects that end: permissions that existing objects
// keep enabled, and permissions that pass to new objects.
func keptAndPassed(ctx context.Context, clients *tfkit.Clients, at path.Path, keeps, passes []tfkit.Subject) diag.Diagnostics {
	var diags diag.Diagnostics
	if len(keeps) > 0 {
		diags.AddAttributeWarning(at, "Permissions stay enabled", enumerate(ctx, clients, keeps)+": another resource of this configuration enables it, so this one does not disable it.")
	}
	if len(passes) > 0 {
		diags.AddAttributeWarning(at, "Permissions pass to another resource",
			enumerate(ctx, clients, passes)+": one resource is destroyed, and a new one enables the permission. It may be disabled and enabled again.\n\n"+
				"To change nothing, use a moved block, or a removed block with destroy = false for the resource that is destroyed; set a customer to {} before you remove it from permissions.")
	}
	return diags
}

// enumerate lists permissions with the names of their customers.
func enumerate(ctx context.Context, clients *tfkit.Clients, subjects []tfkit.Subject) string {
	byKind := make(map[string][]string)
	for _, one := range subjects {
		byKind[one.Kind] = append(byKind[one.Kind], one.ID)
	}
	var out []string
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		out = append(out, words[partnercenter.Permission(kind)]+" of "+customers(ctx, clients, byKind[kind]))
	}
	return strings.Join(out, "; ")
}

func customers(ctx context.Context, clients *tfkit.Clients, ids []string) string {
	slices.Sort(ids)
	shown := shortList(ctx, clients, ids)
	switch {
	case len(ids) > 1:
		return fmt.Sprintf("%d customers (%s)", len(ids), shown)
	case shown == ids[0]:
		return "customer " + shown
	}
	return shown
}

// numberOf returns a text such as "1 customer" or "2 customers".
func numberOf(n int) string {
	if n == 1 {
		return "1 customer"
	}
	return fmt.Sprintf("%d customers", n)
}

// shortList returns the names of the first customers, and the number of the others.
func shortList(ctx context.Context, clients *tfkit.Clients, ids []string) string {
	shown := slices.Clone(ids[:min(len(ids), tfkit.ShownCustomers)])
	name := clients.Customers(ctx, shown...)
	for i, id := range shown {
		shown[i] = name(id)
	}
	text := strings.Join(shown, ", ")
	if more := len(ids) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// qualifies returns nil if the customer meets the first prerequisite for purchases. It also returns nil if the
// customer already has the permissions: these are adopted without a check.
func qualifies(ctx context.Context, c *partnercenter.Client, customerID string, permissions []partnercenter.Permission) error {
	err := c.Subscriptions.RequireAzure(ctx, customerID)
	if err == nil {
		return nil
	}
	policy, readErr := c.SelfServePolicies.Get(ctx, customerID)
	if readErr == nil && !slices.ContainsFunc(permissions, func(p partnercenter.Permission) bool { return !policy.Allows(p) }) {
		return nil
	}
	return err
}
