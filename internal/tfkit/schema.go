package tfkit

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// CustomerID returns the argument customer_id of a resource that cannot move to another customer.
func CustomerID() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "Microsoft Entra tenant ID of the customer. Must be a GUID. Changing it replaces the resource.",
		Required:            true,
		Validators:          []validator.String{GUID()},
		PlanModifiers:       []planmodifier.String{IgnoreCase(), stringplanmodifier.RequiresReplace()},
	}
}

// Computed returns a computed attribute that keeps its value in an update, unless ModifyPlan sets another one.
func Computed(description string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Computed:            true,
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}
