package permission_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// FuzzImportID checks that no import ID causes a request unless it is a GUID, and that the error for a
// malformed ID shows a correct one.
func FuzzImportID(f *testing.F) {
	for _, id := range []string{
		mockbackend.AdatumID, strings.ToUpper(mockbackend.LitwareID), "", "nonsense", "{" + mockbackend.AdatumID + "}", "urn:uuid:" + mockbackend.AdatumID,
		strings.ReplaceAll(mockbackend.AdatumID, "-", ""), mockbackend.AdatumID + "\n", mockbackend.PartnerTenantID + "_" + mockbackend.AdatumID,
		"../customers", "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c20g", "７c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202", "%2e%2e/", mockbackend.AdatumID + "?x=y",
	} {
		f.Add(id)
	}
	b := mockbackend.New(mockbackend.Config{})
	f.Fuzz(func(t *testing.T, id string) {
		if id == "" { // this is an import by identity
			return
		}
		b.ResetJournal()
		r := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken).Resource("partnercenter_customer_permission_reservations")
		err := r.Import(t.Context(), id, nil)
		wellFormed := len(id) == 36 && uuid.Validate(id) == nil
		switch {
		case !wellFormed && (err == nil || !strings.Contains(err.Error(), "must be a GUID such as")):
			t.Errorf("%q: got %v", id, err)
		case !wellFormed && len(acctest.Sent(b)) > 0:
			t.Errorf("%q: sent %v", id, acctest.Routes(acctest.Sent(b)))
		case wellFormed && err == nil && r.State()["customer_id"] != strings.ToLower(id):
			t.Errorf("%q: the state is %v", id, r.State())
		}
		if v := b.Violations(); len(v) > 0 {
			t.Errorf("%q: %q", id, v)
		}
	})
}
