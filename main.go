// Command terraform-provider-partnercenter serves the Partner Center provider to Terraform.
package main

import (
	"flag"
	"log"

	"terraform-provider-partnercenter/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "run with support for debuggers such as delve")
	flag.Parse()
	if !*debug {
		provider.LogAsTerraform()
	}
	provider.LimitMemory()
	if err := provider.Serve(version, *debug); err != nil {
		log.Fatal(err)
	}
}
