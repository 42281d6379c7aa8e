package tfkit

import (
	"fmt"
	"strings"

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

// OnError is the argument on_error of a data source that reads many customers. The
// description says what each value does.
func OnError(description string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Optional:            true,
		Validators:          []validator.String{stringvalidator.OneOf(FailOnError, ReportOnError)},
	}
}

// shownCustomers is how many customers are told of one by one.
const shownCustomers = 20

// CouldNotRead tells of the customers that could not be read: one error for each of the first,
// or one warning with on_error = "report". What is a plural such as permissions; customers name
// those of failed, which has nil for each that was read.
func CouldNotRead(what string, customers []string, failed []error, report bool) diag.Diagnostics {
	var diags diag.Diagnostics
	var lines []string
	for i, err := range failed {
		if err == nil {
			continue
		}
		reason, _, _ := strings.Cut(Reason(err), "\n")
		lines = append(lines, fmt.Sprintf("%s: %s", customers[i], reason))
		if !report && len(lines) <= shownCustomers {
			diags.AddError(fmt.Sprintf("Could not read the %s of customer %s", what, customers[i]),
				Detail(err)+"\n\nTo read the other customers all the same, set on_error = \"report\".")
		}
	}
	switch {
	case report && len(lines) > 0:
		diags.AddWarning(fmt.Sprintf("Could not read the %s of %d of %d customers", what, len(lines), len(customers)),
			"The attribute errors says what to do.\n\n"+Shorten(lines))
	case len(lines) > shownCustomers:
		diags.AddError(fmt.Sprintf("Could not read the %s of %d more customers", what, len(lines)-shownCustomers),
			fmt.Sprintf("Of %d customers, %d could not be read. To have them all in errors, and read the others, set on_error = \"report\".", len(customers), len(lines)))
	}
	return diags
}

// Shorten writes the first lines about customers and how many more there are.
func Shorten(lines []string) string {
	if more := len(lines) - shownCustomers; more > 0 {
		lines = append(lines[:shownCustomers:shownCustomers], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}
