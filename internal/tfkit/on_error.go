package tfkit

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// The values of on_error.
const (
	FailOnError   = "fail"
	ReportOnError = "report"
)

// OnError returns the argument on_error of a data source that reads many customers. The description
// says what each value does.
func OnError(description string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Optional:            true,
		Validators:          []validator.String{stringvalidator.OneOf(FailOnError, ReportOnError)},
	}
}

// CouldNotRead returns one error for all customers that could not be read, or one warning with
// on_error = "report". What is a plural such as "permissions".
func (f Failures) CouldNotRead(what string, report bool) diag.Diagnostics {
	switch {
	case !f.Any():
		return nil
	case report:
		return diag.Diagnostics{f.Warning("read the "+what, "The attribute errors says what to do.")}
	}
	return diag.Diagnostics{f.Error("read the "+what, `To read the other customers anyway, set on_error = "report".`)}
}
