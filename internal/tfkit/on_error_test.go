package tfkit

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

func TestCouldNotRead(t *testing.T) {
	customers := make([]string, 30)
	failed := make([]error, len(customers))
	for i := range customers {
		customers[i] = fmt.Sprintf("customer-%02d", i)
	}
	if d := CouldNotRead("orders", customers, failed, false); len(d) != 0 {
		t.Errorf("no failure is told as %v", d)
	}
	failed[3] = errors.New("refused")
	d := CouldNotRead("orders", customers, failed, false)
	if len(d) != 1 || d.ErrorsCount() != 1 || d[0].Summary() != "Could not read the orders of customer customer-03" ||
		!strings.HasPrefix(d[0].Detail(), "Refused") || !strings.Contains(d[0].Detail(), `set on_error = "report"`) {
		t.Errorf("one failure is told as %v", d)
	}
	d = CouldNotRead("orders", customers, failed, true)
	if len(d) != 1 || d.ErrorsCount() != 0 || d[0].Severity() != diag.SeverityWarning || d[0].Summary() != "Could not read the orders of 1 of 30 customers" ||
		!strings.HasSuffix(d[0].Detail(), "\n\ncustomer-03: Refused") {
		t.Errorf("one failure is reported as %v", d)
	}
	for i := range 25 {
		failed[i] = fmt.Errorf("refused %d\nand more", i)
	}
	d = CouldNotRead("orders", customers, failed, false)
	if len(d) != shownCustomers+1 || d[shownCustomers].Summary() != "Could not read the orders of 5 more customers" {
		t.Errorf("25 failures are told as %v", d)
	}
	d = CouldNotRead("orders", customers, failed, true)
	if len(d) != 1 || !strings.HasSuffix(d[0].Detail(), "customer-19: Refused 19\nand 5 more") {
		t.Errorf("25 failures are reported as %v", d)
	}
}
