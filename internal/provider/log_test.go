package provider_test

import (
	"os"
	"slices"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/provider"
)

func TestLogAsTerraform(t *testing.T) {
	ours := []string{"TF_LOG_SDK", "TF_LOG_SDK_PROTO", "TF_LOG_SDK_FRAMEWORK", "TF_LOG_PROVIDER_PARTNERCENTER"}
	for name, test := range map[string]struct {
		set  map[string]string
		want []string
	}{
		"nothing is shown":              {nil, []string{"off", "off", "off", "off"}},
		"everything":                    {map[string]string{"TF_LOG": "trace"}, []string{"trace", "trace", "trace", "trace"}},
		"everything, as JSON":           {map[string]string{"TF_LOG": "json"}, []string{"json", "json", "json", "json"}},
		"providers only":                {map[string]string{"TF_LOG_PROVIDER": "debug"}, []string{"debug", "debug", "debug", "debug"}},
		"providers less than Terraform": {map[string]string{"TF_LOG": "trace", "TF_LOG_PROVIDER": "info"}, []string{"info", "info", "info", "info"}},
		"not the protocol":              {map[string]string{"TF_LOG": "debug", "TF_LOG_SDK": "error"}, []string{"error", "error", "error", "debug"}},
		"each by itself": {
			map[string]string{"TF_LOG": "debug", "TF_LOG_SDK_PROTO": "off", "TF_LOG_PROVIDER_PARTNERCENTER": "warn"},
			[]string{"debug", "off", "debug", "warn"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range append([]string{"TF_LOG", "TF_LOG_PROVIDER"}, ours...) {
				t.Setenv(v, test.set[v])
			}
			provider.LogAsTerraform()
			got := make([]string, len(ours))
			for i, v := range ours {
				got[i] = os.Getenv(v)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%q, not %q", got, test.want)
			}
		})
	}
}
