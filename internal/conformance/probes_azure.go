package conformance

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// azureSample is the maximum number of customers' tenants to sign in to.
const azureSample = 3

// azureProbes returns the probes about Azure in the tenants of customers.
func azureProbes() []probe {
	return []probe{
		{"admin_agents_type", "Which type has the partner's group among the Owners of an Azure subscription?", func(ctx context.Context, o *observer) (string, error) {
			for _, customer := range o.customers[:min(len(o.customers), azureSample)] {
				for subscription, err := range o.clients.Azure.Subscriptions.List(ctx, customer) {
					if err != nil {
						break // not every application has access
					}
					owners, err := o.clients.Azure.RoleAssignments.ListOwners(ctx, customer, subscription)
					if err != nil {
						break
					}
					for _, owner := range owners.Owners {
						if owner.Foreign() {
							return oneOf(owner.PrincipalType, "ForeignGroup", "Group", "User", "ServicePrincipal", "Unknown"), nil
						}
					}
				}
			}
			return notObserved(noAzure), ctx.Err()
		}},
		{"azure_reservations", "Does the user see the reservations of Partner Center in Azure?", func(ctx context.Context, o *observer) (string, error) {
			if o.reserved == "" {
				return notObserved(noReservation), nil
			}
			list, refused, err := o.reservationsInAzure(ctx, o.reserved)
			switch {
			case err != nil || refused != "":
				return refused, err
			case len(list) == 0:
				return "empty list", nil
			}
			return share(o.reservations, func(e map[string]any) bool {
				return slices.ContainsFunc(list, func(r inAzure) bool { return isEntitlementOf(e, r) })
			}, "others only"), nil
		}},
		{"azure_reservations_listed", "Does Partner Center list the reservations in Azure?", func(ctx context.Context, o *observer) (string, error) {
			if o.reserved == "" {
				return notObserved(noReservation), nil
			}
			list, refused, err := o.reservationsInAzure(ctx, o.reserved)
			if list = slices.DeleteFunc(list, func(r inAzure) bool { return r.ended }); err != nil || len(list) == 0 {
				return either(strings.HasPrefix(refused, "not"), refused, notObserved(noneInAzure)), err
			}
			return share(list, func(r inAzure) bool {
				return slices.ContainsFunc(o.reservations, func(e map[string]any) bool { return isEntitlementOf(e, r) })
			}, "none"), nil
		}},
		{"self_serve_in_azure", "Does the user see a reservation in Azure that a user of the customer bought?", func(ctx context.Context, o *observer) (string, error) {
			bought, err := o.selfServed(ctx)
			switch {
			case err != nil || bought == nil:
				return notObserved(noSelfServe), err
			case !hasResource(bought.entitlement): // only the entitlement contains the ID in Azure
				return notObserved(noEntitlement), nil
			}
			list, refused, err := o.reservationsInAzure(ctx, bought.customer)
			if err != nil || refused != "" {
				return refused, err
			}
			return either(slices.ContainsFunc(list, func(r inAzure) bool { return isEntitlementOf(bought.entitlement, r) }), "listed", "missing"), nil
		}},
	}
}

// inAzure is a reservation in Azure.
type inAzure struct {
	order, id string
	ended     bool
}

// reservationsInAzure lists the reservations in the tenant of a customer. If the list is refused, it returns the
// answer of the probe.
func (o *observer) reservationsInAzure(ctx context.Context, customer string) (out []inAzure, refused string, err error) {
	list, err := o.clients.Azure.Reservations.List(ctx, customer)
	for _, r := range list {
		out = append(out, inAzure{r.OrderID, r.ID, r.Ended()})
	}
	if err == nil || ctx.Err() != nil {
		return out, "", ctx.Err()
	}
	if e, ok := errors.AsType[*partnercenter.Error](err); ok && e.StatusCode != 0 && e.Err == nil {
		return nil, strconv.Itoa(e.StatusCode), nil
	}
	return nil, notObserved(noAzure), nil
}

// isEntitlementOf compares the resourceId of the artifacts, which is documented as the ID of "the Azure reservation
// order or resource".
func isEntitlementOf(entitlement map[string]any, r inAzure) bool {
	artifacts, _ := entitlement["entitledArtifacts"].([]any)
	return slices.ContainsFunc(artifacts, func(a any) bool {
		artifact, _ := a.(map[string]any)
		id := text(artifact, "resourceId")
		return strings.EqualFold(id, r.order) || strings.EqualFold(id, r.id)
	})
}

func hasResource(entitlement map[string]any) bool {
	artifacts, _ := entitlement["entitledArtifacts"].([]any)
	return slices.ContainsFunc(artifacts, func(a any) bool {
		artifact, _ := a.(map[string]any)
		return text(artifact, "resourceId") != ""
	})
}

// share returns whether all, some or none of the items fulfill a condition.
func share[T any](list []T, is func(T) bool, none string) string {
	count := 0
	for _, one := range list {
		if is(one) {
			count++
		}
	}
	return either(count == len(list), "all", either(count > 0, "some", none))
}
