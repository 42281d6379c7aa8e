package permission

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// Import IDs that are words. All other import IDs are customer IDs separated by commas, or @ and the path of a
// file with one customer ID in each line.
const (
	importAll = "all" // all customers
	importOn  = "on"  // the customers that have a permission enabled
)

// ImportState imports the present permissions of customers.
func (r *customerPermissionsResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ctx, cancel := tfkit.OperationWithin(ctx, fleetTimeout)
	defer cancel()
	text := req.ID
	if text == "" && req.Identity != nil {
		var identity customerPermissionsIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		text = identity.ID.ValueString()
	}
	ids, id, diags := r.importIDs(ctx, strings.TrimSpace(text))
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	permissions := fleet{}
	for _, customerID := range ids {
		permissions[customerID] = switches{}
		for _, permission := range memberPermissions {
			permissions[customerID][permission] = false // the refresh reads the real value
		}
	}
	for name, value := range map[string]any{
		"id": id, "permissions": permissions.pack(types.StringNull()), "unlisted": "ignore", "verify_azure_subscription": true, "refresh": refreshFull, "full_refresh_after": fullRefreshAfter, "on_error": tfkit.FailOnError,
	} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	_, diags = tfkit.ObjectID(ctx, resp.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, customerPermissionsIdentity{types.StringValue(id)})...)
}

// importIDs returns the customers of an import ID, in lower case, and the ID of the resource. The ID is short,
// because Terraform shows it in every run.
func (r *customerPermissionsResource) importIDs(ctx context.Context, text string) (ids []string, id string, diags diag.Diagnostics) {
	if word := strings.ToLower(text); word == importAll || word == importOn {
		ids, err := r.listCustomers(ctx, nil)
		if err == nil && word == importOn {
			ids, diags = r.listEnabled(ctx, ids)
		}
		if err != nil {
			diags.Append(tfkit.Failure("Could not import the permissions of all customers", err))
		}
		return ids, word, diags
	}
	list := strings.Split(text, ",")
	if file, ok := strings.CutPrefix(text, "@"); ok {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, "", diag.Diagnostics{diag.NewErrorDiagnostic("Could not read the customers to import", err.Error()+
				"\n\nWhat to do: after @, give the path of a file with one customer ID in each line.")}
		}
		list = slices.DeleteFunc(strings.Split(string(content), "\n"), func(line string) bool { return strings.TrimSpace(line) == "" })
	}
	for _, one := range list {
		one = strings.ToLower(strings.TrimSpace(one))
		if err := tfkit.CheckGUID(one); err != nil {
			return nil, "", diag.Diagnostics{diag.NewErrorDiagnostic("Invalid import ID",
				fmt.Sprintf("The import ID is all, on (customers that have a permission enabled), customer IDs separated by commas, or @ and the path of a file. Such a file has one customer ID in each line. "+
					"%q is none of these: it %s.\n\nWhat to do: terraform import partnercenter_customer_permissions.all all", one, err))}
		}
		ids = append(ids, one)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	// Without this read, an unknown ID would look like a customer without a policy.
	errs, err := r.PartnerCenter.Each(ctx, len(ids), func(ctx context.Context, i int) error {
		_, err := r.PartnerCenter.Customers.Get(ctx, ids[i])
		return err
	})
	if err != nil {
		return nil, "", diag.Diagnostics{tfkit.Failure("Could not import the permissions of the customers", err)}
	}
	var failed tfkit.Failures
	for i, id := range ids {
		failed.Add(id, errs[i])
	}
	if failed.Any() {
		return nil, "", diag.Diagnostics{failed.Error("import the permissions", "Nothing was imported.")}
	}
	// The same customers must give the same ID: Terraform compares the requested identity with the returned
	// one.
	return ids, uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.Join(ids, ","))).String(), nil
}

// listEnabled returns the customers that have a permission enabled.
func (r *customerPermissionsResource) listEnabled(ctx context.Context, ids []string) ([]string, diag.Diagnostics) {
	found := finding{known: snapshot{listed: fleet{}, unlisted: fleet{}}}
	slices.Sort(ids)
	err := r.readPolicies(ctx, ids, &found, true, time.Time{}, nil)
	switch {
	case err != nil:
		return nil, diag.Diagnostics{tfkit.Failure("Could not import the permissions of all customers", err)}
	case found.failed.Any():
		return nil, diag.Diagnostics{found.failed.Named(ctx, r.Clients).Error("import the permissions", "Nothing was imported.")}
	case len(found.known.unlisted) == 0:
		err = errors.New("no customer has a permission enabled")
		return nil, diag.Diagnostics{tfkit.Failure("Nothing to import", err)}
	}
	return slices.Sorted(maps.Keys(found.known.unlisted)), nil
}
