package activity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithValidateConfig = (*activityLogDataSource)(nil)

// NewActivityLogDataSource returns the data source partnercenter_activity_log.
func NewActivityLogDataSource() datasource.DataSource { return &activityLogDataSource{} }

// activityLogDataSource reads the activity log.
//
// Endpoint: GET /v1/auditrecords, app-only or app+user, any agent; not in the China cloud. Queries of more than
// 30 days are split. The server accepts one condition: the customers or the resource types, whichever are
// fewer. The provider applies the other conditions itself. Old and new values stay unchanged: JSON in
// PascalCase.
// https://learn.microsoft.com/partner-center/developer/get-a-record-of-partner-center-activity-by-user
type activityLogDataSource struct{ tfkit.DataSource }

func (d *activityLogDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_activity_log"
}

func (d *activityLogDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	values := func(description string) schema.ListAttribute {
		return schema.ListAttribute{
			MarkdownDescription: description,
			ElementType:         types.StringType,
			Optional:            true,
			Validators: []validator.List{
				listvalidator.SizeAtLeast(1), listvalidator.NoNullValues(), listvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1)),
			},
		}
	}
	attributes := tfkit.PeriodAttributes(" At most 90 days ago.", " At most `90d`. Defaults to `30d`.", checkLast)
	maps.Copy(attributes, map[string]schema.Attribute{
		"customer_id": schema.StringAttribute{
			MarkdownDescription: "Return only actions for this customer. Microsoft Entra tenant ID of the customer. Must be a GUID.",
			Optional:            true,
			Validators:          []validator.String{tfkit.GUID(), stringvalidator.ConflictsWith(path.MatchRoot("customer_ids"))},
		},
		"customer_ids": schema.ListAttribute{
			MarkdownDescription: "Return only actions for these customers, by Microsoft Entra tenant ID. An empty list returns no record.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators:          []validator.List{listvalidator.NoNullValues(), listvalidator.ValueStringsAre(tfkit.GUID())},
		},
		"resource_types":  values("Return only actions on these types of resources, such as `self_serve_policy`, `order` or `subscription`."),
		"operation_types": values("Return only these operations, such as `create_self_serve_policy`, `delete_self_serve_policy` or `create_order`."),
		"statuses":        values("Return only operations with these outcomes: `succeeded`, `failed`, `progress` or `decline`."),
		"client_ids": schema.ListAttribute{
			MarkdownDescription: "Client IDs of the applications for which `by_this_application` is `true`. Defaults to the client ID of the provider.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.NoNullValues(), listvalidator.ValueStringsAre(tfkit.GUID())},
		},
		"audit_records": schema.ListNestedAttribute{
			MarkdownDescription: "Records, sorted by time (newest first), then by `audit_record_id`.",
			Computed:            true,
			NestedObject: schema.NestedAttributeObject{
				Attributes: map[string]schema.Attribute{
					"audit_record_id":  schema.StringAttribute{MarkdownDescription: "ID of the record.", Computed: true},
					"operation_date":   schema.StringAttribute{MarkdownDescription: "Time of the action, in RFC 3339 format (UTC).", Computed: true},
					"operation_type":   schema.StringAttribute{MarkdownDescription: "Operation, such as `create_self_serve_policy`.", Computed: true},
					"operation_status": schema.StringAttribute{MarkdownDescription: "Outcome, such as `succeeded` or `failed`.", Computed: true},
					"resource_type":    schema.StringAttribute{MarkdownDescription: "Type of the resource, such as `self_serve_policy`.", Computed: true},
					"customer_id": schema.StringAttribute{
						MarkdownDescription: "Microsoft Entra tenant ID of the customer, in lower case. Null for actions on the partner's own account.", Computed: true,
					},
					"company_name":        schema.StringAttribute{MarkdownDescription: "Company name of the customer.", Computed: true},
					"user_principal_name": schema.StringAttribute{MarkdownDescription: "User principal name of the user who did it. Null if Partner Center does not return it.", Computed: true},
					"application_id": schema.StringAttribute{
						MarkdownDescription: "ID or name of the application that was used, such as `FulfillmentService`.", Computed: true,
					},
					"by_this_application": schema.BoolAttribute{
						MarkdownDescription: "`true` if the operation was done with an application of `client_ids`. Null if Partner Center does not return " +
							"the ID of the application.",
						Computed: true,
					},
					"permissions_before": permissionsAttribute("before the operation"),
					"permissions_after":  permissionsAttribute("after the operation"),
					"resource_old_value": schema.StringAttribute{
						MarkdownDescription: "Resource before the action, as JSON for `jsondecode`, with names in PascalCase. Null if there is none.",
						Computed:            true,
					},
					"resource_new_value": schema.StringAttribute{
						MarkdownDescription: "Resource after the action, as JSON for `jsondecode`, with names in PascalCase. Null if there is none.",
						Computed:            true,
					},
					"customized_data": schema.MapAttribute{
						MarkdownDescription: "Details by name, such as `OrderId` and `OfferId-0` of an order.",
						ElementType:         types.StringType,
						Computed:            true,
					},
					"original_correlation_id": schema.StringAttribute{
						MarkdownDescription: "Correlation ID of the call. The provider logs those of its own calls.", Computed: true,
					},
				},
			},
		},
	})
	resp.Schema = schema.Schema{
		MarkdownDescription: "Actions in the partner's account and for its customers, newest first, from the activity log of Partner Center.\n\n" +
			"The log shows who changed a permission (`self_serve_policy`) and who bought (`order`). Partner Center keeps it for 90 days. Microsoft " +
			"does not document how late a record appears. In the China cloud there is no activity log.\n\n" +
			"Without `start` and `last`, the last 30 days are read. Types and statuses are in snake_case. In arguments, case and underscores " +
			"do not matter.\n\n" +
			"**Requests:** one for each page of each 29 days of the period. A short period for one customer or one resource type takes the " +
			"fewest. See [See what customers buy](../guides/see_purchases.md).\n\n" +
			"**Sign-in and role:** app-only or app+user, any agent.",
		Attributes: attributes,
	}
}

// permissionsAttribute is the schema of the permissions before or after an operation, in the form of the values
// of partnercenter_customer_permissions.
func permissionsAttribute(when string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Permissions of the customer " + when + ", for records of `self_serve_policy`. Null if the record does not contain them, and for " +
			"operations that failed.",
		Computed: true,
		Attributes: map[string]schema.Attribute{
			"azure_reservations":  schema.BoolAttribute{MarkdownDescription: "`true` if the customer could buy Azure reservations.", Computed: true},
			"azure_savings_plans": schema.BoolAttribute{MarkdownDescription: "`true` if the customer could buy Azure savings plans.", Computed: true},
		},
	}
}

type activityLogModel struct {
	tfkit.Period

	ClientIDs      types.List         `tfsdk:"client_ids"`
	CustomerID     types.String       `tfsdk:"customer_id"`
	CustomerIDs    types.List         `tfsdk:"customer_ids"`
	ResourceTypes  types.List         `tfsdk:"resource_types"`
	OperationTypes types.List         `tfsdk:"operation_types"`
	Statuses       types.List         `tfsdk:"statuses"`
	AuditRecords   []auditRecordModel `tfsdk:"audit_records"`
}

type auditRecordModel struct {
	AuditRecordID         types.String            `tfsdk:"audit_record_id"`
	OperationDate         types.String            `tfsdk:"operation_date"`
	OperationType         types.String            `tfsdk:"operation_type"`
	OperationStatus       types.String            `tfsdk:"operation_status"`
	ResourceType          types.String            `tfsdk:"resource_type"`
	CustomerID            types.String            `tfsdk:"customer_id"`
	CompanyName           types.String            `tfsdk:"company_name"`
	UserPrincipalName     types.String            `tfsdk:"user_principal_name"`
	ApplicationID         types.String            `tfsdk:"application_id"`
	ByThisApplication     types.Bool              `tfsdk:"by_this_application"`
	PermissionsBefore     *permissionsModel       `tfsdk:"permissions_before"`
	PermissionsAfter      *permissionsModel       `tfsdk:"permissions_after"`
	ResourceOldValue      types.String            `tfsdk:"resource_old_value"`
	ResourceNewValue      types.String            `tfsdk:"resource_new_value"`
	CustomizedData        map[string]types.String `tfsdk:"customized_data"`
	OriginalCorrelationID types.String            `tfsdk:"original_correlation_id"`

	at time.Time
}

type permissionsModel struct {
	AzureReservations bool `tfsdk:"azure_reservations"`
	AzureSavingsPlans bool `tfsdk:"azure_savings_plans"`
}

const defaultLast = 30 * 24 * time.Hour

// parseLast parses the value of last, a duration of at most 90 days.
func parseLast(s string) (time.Duration, error) {
	d, err := tfkit.ParseDuration(s)
	if err == nil && d > partnercenter.AuditRetention {
		return 0, errors.New("must be at most 90d: Partner Center keeps the activity log for 90 days")
	}
	return d, err
}

func checkLast(s string) error {
	_, err := parseLast(s)
	return err
}

// ValidateConfig rejects a period that the activity log does not cover, at plan time.
func (d *activityLogDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var m activityLogModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if !m.Known() || !m.Last.IsNull() && checkLast(m.Last.ValueString()) != nil {
		return
	}
	by := "end"
	switch {
	case !m.Start.IsNull():
		by = "start"
	case !m.Last.IsNull():
		by = "last"
	}
	now := time.Now()
	start, end := m.Between(now, defaultLast)
	if err := (partnercenter.AuditFilter{Start: start, End: end}).Check(now); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root(by), "Invalid period", "The activity log cannot be read for this period: "+err.Error()+".")
	}
}

// filter returns the client's filter. A list that is not set is nil and selects all.
func (m activityLogModel) filter(ctx context.Context) (partnercenter.AuditFilter, diag.Diagnostics) {
	var f partnercenter.AuditFilter
	var diags diag.Diagnostics
	f.Start, f.End = m.Between(time.Now(), defaultLast)
	for _, l := range []struct {
		from types.List
		to   *[]string
	}{{m.CustomerIDs, &f.CustomerIDs}, {m.ResourceTypes, &f.ResourceTypes}, {m.OperationTypes, &f.OperationTypes}, {m.Statuses, &f.Statuses}} {
		if !l.from.IsNull() {
			diags.Append(l.from.ElementsAs(ctx, l.to, false)...)
		}
	}
	if !m.CustomerID.IsNull() {
		f.CustomerIDs = []string{m.CustomerID.ValueString()}
	}
	return f, diags
}

func (d *activityLogDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m activityLogModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	filter, diags := m.filter(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	var records []partnercenter.AuditRecord
	for r, err := range d.PartnerCenter.AuditRecords.All(ctx, filter) {
		if err != nil {
			summary := "Could not read the activity log"
			if !m.CustomerID.IsNull() {
				summary += fmt.Sprintf(" of customer %s", m.CustomerID.ValueString())
			}
			resp.Diagnostics.Append(tfkit.Failure(summary, err))
			return
		}
		records = append(records, r)
	}
	clientIDs := d.clientIDs(ctx, m)
	m.AuditRecords = make([]auditRecordModel, 0, len(records))
	for _, r := range records {
		m.AuditRecords = append(m.AuditRecords, fromAPI(r, clientIDs))
	}
	slices.SortStableFunc(m.AuditRecords, func(a, b auditRecordModel) int {
		return cmp.Or(b.at.Compare(a.at), cmp.Compare(a.AuditRecordID.ValueString(), b.AuditRecordID.ValueString()))
	})
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// clientIDs returns the IDs of the applications that count as this one. The default is the provider's, if the
// access token that was used to read the records contains it.
func (d *activityLogDataSource) clientIDs(ctx context.Context, m activityLogModel) []string {
	var ids []string
	if !m.ClientIDs.IsNull() {
		m.ClientIDs.ElementsAs(ctx, &ids, false) // only strings: validated before
		return ids
	}
	if caller, err := d.PartnerCenter.Caller(ctx); err == nil && caller.ClientID != "" {
		ids = append(ids, caller.ClientID)
	}
	return ids
}

func permissionsFromAPI(allowed map[partnercenter.Permission]bool) *permissionsModel {
	if allowed == nil {
		return nil
	}
	return &permissionsModel{allowed[partnercenter.AzureReservedInstances], allowed[partnercenter.AzureSavingsPlan]}
}

func fromAPI(r partnercenter.AuditRecord, clientIDs []string) auditRecordModel {
	m := auditRecordModel{
		AuditRecordID: tfkit.OrNull(r.ID), OperationDate: tfkit.OrNull(r.OperationDate.String()), OperationType: tfkit.OrNull(string(r.OperationType)),
		OperationStatus: tfkit.OrNull(string(r.OperationStatus)), ResourceType: tfkit.OrNull(string(r.ResourceType)),
		CustomerID: tfkit.OrNull(strings.ToLower(r.CustomerID)), CompanyName: tfkit.OrNull(string(r.CustomerName)),
		UserPrincipalName: tfkit.OrNull(string(r.UserPrincipalName)), ApplicationID: tfkit.OrNull(string(r.ApplicationID)),
		ResourceOldValue: tfkit.OrNull(r.ResourceOldValue.JSON()), ResourceNewValue: tfkit.OrNull(r.ResourceNewValue.JSON()),
		CustomizedData: map[string]types.String{}, OriginalCorrelationID: tfkit.OrNull(string(r.OriginalCorrelationID)), at: r.OperationDate.Time,
	}
	if by, known := r.ByApplication(clientIDs...); known && len(clientIDs) > 0 {
		m.ByThisApplication = types.BoolValue(by)
	}
	before, after := r.PolicyChange()
	m.PermissionsBefore, m.PermissionsAfter = permissionsFromAPI(before), permissionsFromAPI(after)
	for _, d := range r.CustomizedData {
		m.CustomizedData[string(d.Key)] = types.StringPointerValue((*string)(d.Value))
	}
	return m
}
