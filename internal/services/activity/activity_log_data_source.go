package activity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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

	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithValidateConfig = (*activityLogDataSource)(nil)

// NewActivityLogDataSource is partnercenter_activity_log.
func NewActivityLogDataSource() datasource.DataSource { return &activityLogDataSource{} }

// activityLogDataSource reads the activity log.
//
// Endpoint: GET /v1/auditrecords, app-only or app+user, any agent; not in the China cloud.
// Queries of more than 30 days are split. The server takes one condition: the customers or
// the resource types, whatever are fewer; the others are applied here. Old and new values
// stay as they are, JSON in PascalCase.
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
	resp.Schema = schema.Schema{
		MarkdownDescription: "Actions in the partner's account and for its customers, newest first, from the activity log of Partner Center.\n\n" +
			"The log shows who changed a permission (`self_serve_policy`) and who bought (`order`). Partner Center keeps it for 90 days. Microsoft " +
			"does not document how late a record appears. In the China cloud there is no activity log.\n\n" +
			"Without `start` and `last`, the last 30 days are read. Types and statuses are in snake_case. In arguments, case and underscores " +
			"do not matter.\n\n" +
			"**Requests:** one for each page of each 29 days of the period. A short period for one customer or one resource type takes the " +
			"fewest. See [See what customers buy](../guides/see_purchases.md).\n\n" +
			"**Sign-in and role:** app-only or app+user, any agent.",
		Attributes: map[string]schema.Attribute{
			"start": schema.StringAttribute{
				MarkdownDescription: "Start of the period, in RFC 3339 format, such as `2026-01-31T00:00:00Z`. At most 90 days ago.",
				Optional:            true,
				Validators:          []validator.String{tfkit.RFC3339(), stringvalidator.ConflictsWith(path.MatchRoot("last"))},
			},
			"end": schema.StringAttribute{
				MarkdownDescription: "End of the period (exclusive), in RFC 3339 format. Defaults to the current time.",
				Optional:            true,
				Validators:          []validator.String{tfkit.RFC3339()},
			},
			"last": schema.StringAttribute{
				MarkdownDescription: "Length of the period before `end`, in place of `start`, such as `30d`, `36h` or `90m`. At most `90d`.",
				Optional:            true,
				Validators:          []validator.String{tfkit.StringCheck("value must be a duration such as 30d or 36h, at most 90d", checkLast)},
			},
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
						"customer_name":       schema.StringAttribute{MarkdownDescription: "Company name of the customer.", Computed: true},
						"user_principal_name": schema.StringAttribute{MarkdownDescription: "User principal name of the user who did it. Null if Partner Center does not return it.", Computed: true},
						"application_id": schema.StringAttribute{
							MarkdownDescription: "ID or name of the application that was used, such as `FulfillmentService`.", Computed: true,
						},
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
		},
	}
}

type activityLogModel struct {
	Start          types.String       `tfsdk:"start"`
	End            types.String       `tfsdk:"end"`
	Last           types.String       `tfsdk:"last"`
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
	CustomerName          types.String            `tfsdk:"customer_name"`
	UserPrincipalName     types.String            `tfsdk:"user_principal_name"`
	ApplicationID         types.String            `tfsdk:"application_id"`
	ResourceOldValue      types.String            `tfsdk:"resource_old_value"`
	ResourceNewValue      types.String            `tfsdk:"resource_new_value"`
	CustomizedData        map[string]types.String `tfsdk:"customized_data"`
	OriginalCorrelationID types.String            `tfsdk:"original_correlation_id"`

	at time.Time
}

const defaultLast = 30 * 24 * time.Hour

// parseLast reads a duration that the log goes back.
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

// period is what start, end and last select, and the attribute that begins it.
func (m activityLogModel) period(now time.Time) (start, end time.Time, by string) {
	end = tfkit.Time(m.End)
	if !m.Start.IsNull() {
		return tfkit.Time(m.Start), end, "start"
	}
	last, by := defaultLast, "end"
	if d, err := parseLast(m.Last.ValueString()); err == nil {
		last, by = d, "last"
	}
	if end.IsZero() {
		return now.Add(-last), end, by
	}
	return end.Add(-last), end, by
}

// ValidateConfig refuses a period that Partner Center does not have, in plan.
func (d *activityLogDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var m activityLogModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	for _, s := range []types.String{m.Start, m.End} {
		if s.IsUnknown() || !s.IsNull() && tfkit.CheckRFC3339(s.ValueString()) != nil {
			return
		}
	}
	if m.Last.IsUnknown() || !m.Last.IsNull() && checkLast(m.Last.ValueString()) != nil {
		return
	}
	now := time.Now()
	start, end, by := m.period(now)
	if err := (partnercenter.AuditFilter{Start: start, End: end}).Check(now); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root(by), "Invalid period", "The activity log cannot be read for this period: "+err.Error()+".")
	}
}

// filter makes the client's filter. A list that is not set is nil and selects all.
func (m activityLogModel) filter(ctx context.Context) (partnercenter.AuditFilter, diag.Diagnostics) {
	var f partnercenter.AuditFilter
	var diags diag.Diagnostics
	f.Start, f.End, _ = m.period(time.Now())
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
	m.AuditRecords = []auditRecordModel{}
	for r, err := range d.PartnerCenter.AuditRecords.All(ctx, filter) {
		if err != nil {
			summary := "Could not read the activity log"
			if !m.CustomerID.IsNull() {
				summary += fmt.Sprintf(" of customer %s", m.CustomerID.ValueString())
			}
			resp.Diagnostics.Append(tfkit.Failure(summary, err))
			return
		}
		m.AuditRecords = append(m.AuditRecords, fromAPI(r))
	}
	slices.SortStableFunc(m.AuditRecords, func(a, b auditRecordModel) int {
		return cmp.Or(b.at.Compare(a.at), cmp.Compare(a.AuditRecordID.ValueString(), b.AuditRecordID.ValueString()))
	})
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func fromAPI(r partnercenter.AuditRecord) auditRecordModel {
	m := auditRecordModel{
		AuditRecordID: tfkit.OrNull(r.ID), OperationDate: tfkit.OrNull(r.OperationDate.String()), OperationType: tfkit.OrNull(string(r.OperationType)),
		OperationStatus: tfkit.OrNull(string(r.OperationStatus)), ResourceType: tfkit.OrNull(string(r.ResourceType)),
		CustomerID: tfkit.OrNull(strings.ToLower(r.CustomerID)), CustomerName: tfkit.OrNull(string(r.CustomerName)),
		UserPrincipalName: tfkit.OrNull(string(r.UserPrincipalName)), ApplicationID: tfkit.OrNull(string(r.ApplicationID)),
		ResourceOldValue: tfkit.OrNull(r.ResourceOldValue.JSON()), ResourceNewValue: tfkit.OrNull(r.ResourceNewValue.JSON()),
		CustomizedData: map[string]types.String{}, OriginalCorrelationID: tfkit.OrNull(string(r.OriginalCorrelationID)), at: r.OperationDate.Time,
	}
	for _, d := range r.CustomizedData {
		m.CustomizedData[string(d.Key)] = types.StringPointerValue((*string)(d.Value))
	}
	return m
}
