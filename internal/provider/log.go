package provider

import (
	"cmp"
	"os"
)

// LogAsTerraform keeps the loggers of this process to the level that Terraform shows. By default
// they write everything, and Terraform reads, parses and drops it: half of what a plan of many
// requests costs. It is for the process that Terraform starts, before the provider is served.
// https://developer.hashicorp.com/terraform/plugin/log/managing
func LogAsTerraform() {
	level := cmp.Or(os.Getenv("TF_LOG_PROVIDER"), os.Getenv("TF_LOG"), "off")
	sdk := cmp.Or(os.Getenv("TF_LOG_SDK"), level)
	for _, v := range []struct{ name, level string }{
		{"TF_LOG_SDK", sdk}, {"TF_LOG_SDK_PROTO", sdk}, {"TF_LOG_SDK_FRAMEWORK", sdk}, {"TF_LOG_PROVIDER_PARTNERCENTER", level},
	} {
		if os.Getenv(v.name) == "" {
			_ = os.Setenv(v.name, v.level) // fails for bad names only
		}
	}
}
