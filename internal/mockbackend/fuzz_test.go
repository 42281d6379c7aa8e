package mockbackend

import (
	"encoding/json"
	"testing"
)

func FuzzDecodePolicy(f *testing.F) {
	for _, seed := range []string{
		`{"selfServeEntity":{"selfServeEntityType":"customer","tenantID":"` + AdatumID + `"},"grantor":{"grantorType":"billToPartner","tenantID":"` + PartnerTenantID + `"},"permissions":[{"resource":"AzureReservedInstances","action":"Purchase"}]}`,
		`{"Id":null,"Attributes":{"Etag":"\"x\"","ObjectType":"SelfServePolicy"},"Permissions":null}`, `null`, `[]`, `{"links":{"self":1},"extra":2}`, "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		policy, unknown, err := decodePolicy(data)
		if err != nil || unknown != nil {
			return
		}
		if !json.Valid(data) && !json.Valid(data[len(bom):]) {
			t.Fatalf("taken though no JSON: %q", data)
		}
		if len(policy.SelfServeEntity.TenantID) != 36 || len(policy.Grantor.TenantID) != 36 || len(policy.resources()) > 2 || len(policy.Permissions) > 0 && len(policy.resources()) == 0 {
			t.Fatalf("taken: %+v", policy)
		}
	})
}

func FuzzPatchKnobs(f *testing.F) {
	for _, seed := range []string{
		`{"pageSize":2,"latency":"20ms"}`, `{"signInError":{"status":400}}`, `{"signInError":null}`, `{"tokenLifetime":"1h"}`, `{"PAGESIZE":1}`, `{"x":1}`, `{"latency":5}`, `null`, `[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := DefaultKnobs()
		before.SignInError = &SignInError{Status: 401, Code: 1}
		knobs := before
		err := json.Unmarshal(data, &knobs)
		if *before.SignInError != (SignInError{Status: 401, Code: 1}) {
			t.Fatal("the patch wrote into knobs in use")
		}
		if err != nil {
			if knobs != before {
				t.Fatalf("refused, and changed: %+v", knobs)
			}
			return
		}
		if err := knobs.validate(); err != nil {
			t.Fatalf("taken: %v", err)
		}
		text, err := json.Marshal(knobs)
		if err != nil {
			t.Fatal(err)
		}
		again := DefaultKnobs()
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	})
}
