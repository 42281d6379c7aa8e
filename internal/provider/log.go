package provider

import (
	"cmp"
	"os"
)

// LogAsTerraform limits the loggers of this process to the level that Terraform shows. By default they
// write everything, and Terraform reads, parses and discards it. This is half of the cost of a plan
// with many requests. Call it in the process that Terraform starts, before the provider is served.
// https://developer.hashicorp.com/terraform/plugin/log/managing
func LogAsTerraform() {
	level := cmp.Or(os.Getenv("TF_LOG_PROVIDER"), os.Getenv("TF_LOG"), "off")
	sdk := cmp.Or(os.Getenv("TF_LOG_SDK"), level)
	for _, v := range []struct{ name, level string }{
		{"TF_LOG_SDK", sdk}, {"TF_LOG_SDK_PROTO", sdk}, {"TF_LOG_SDK_FRAMEWORK", sdk}, {"TF_LOG_PROVIDER_PARTNERCENTER", level},
	} {
		if os.Getenv(v.name) == "" {
			_ = os.Setenv(v.name, v.level) // fails only for invalid names
		}
	}
}
