package subscription

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// failure returns the error for a failed call. Stored means that the state has the role assignment
// nevertheless, because it exists or may exist.
func (r *subscriptionOwnerAssignmentResource) failure(ctx context.Context, m subscriptionOwnerAssignmentModel, summary string, err error, stored bool) diag.Diagnostic {
	exists, ok := errors.AsType[*resourcemanager.ExistsError](err)
	switch {
	case ok && exists.Existing.Foreign():
		return diag.NewAttributeErrorDiagnostic(path.Root("principal_id"), "This is the partner's own access",
			fmt.Sprintf("Principal %s is a group of another tenant. Azure made it Owner of subscription %s when the subscription was bought through the partner (%s). "+
				"Without this role the partner could not manage the subscription, so this resource does not change it.\n\n"+
				"What to do: name a user, group or service principal of the customer.", exists.PrincipalID, exists.SubscriptionID, exists.Existing.ID))
	case ok:
		id := m.identity()
		return diag.NewAttributeErrorDiagnostic(path.Root("principal_id"), "The role assignment exists already",
			fmt.Sprintf("%s\n\nWhat to do: import it with the ID\n  %s/%s/%s\nor set adopt_existing = true. In both cases destroying the resource deletes it. "+
				"If the state has it already and marks it as tainted, run terraform untaint with the address of the resource.",
				tfkit.Detail(exists), id.CustomerID.ValueString(), id.SubscriptionID.ValueString(), id.PrincipalID.ValueString()))
	case errors.As(err, new(*resourcemanager.DisabledError)):
		return diag.NewAttributeErrorDiagnostic(path.Root("subscription_id"), summary, tfkit.Detail(err))
	}
	failure := tfkit.Failure(summary, tfkit.OutOfTime(ctx, err))
	if stored {
		return diag.NewErrorDiagnostic(failure.Summary(),
			"The principal may be Owner: the state lists the role assignment, so that it can be applied again or destroyed.\n\n"+failure.Detail())
	}
	return failure
}

// adviseNoRefresh adds advice to the error of a read: how to destroy without this read.
func adviseNoRefresh(err error) error {
	return &advisedError{err, "terraform destroy -refresh=false works without this read."}
}

// adviseStateRemoval adds advice to the error of a deletion if Azure keeps the role assignment, or if the subscription
// cannot be reached: how to remove the resource from the state only.
func adviseStateRemoval(err error) error {
	if !resourcemanager.IsLastOwner(err) && !resourcemanager.IsElsewhere(err) {
		return err
	}
	return &advisedError{err, "To remove the resource from the state only, use terraform state rm or a removed block with destroy = false."}
}

// advisedError is an error with additional advice.
type advisedError struct {
	error

	advice string
}

func (e *advisedError) Unwrap() error { return e.error }

// Remedy returns what to do, in complete sentences.
func (e *advisedError) Remedy() string {
	var cause interface{ Remedy() string }
	if errors.As(e.error, &cause) && cause.Remedy() != "" {
		return cause.Remedy() + " " + e.advice
	}
	return e.advice
}
