package main

import (
	"fmt"
)

// kind is a configuration to measure, with the configurations to compare it with.
type kind struct {
	name string
	// block is the block of the provider. Floor is the block of terraform_data with the same map, and
	// sleeper that of the provider that only sleeps. Floor and sleeper are optional.
	block, floor, sleeper string
	// concurrency is the number of concurrent requests: Terraform's own limit for single resources, the
	// provider's limit for partnercenter_customer_permissions.
	concurrency int
	// configuration is a folder with the configuration of another provider, instead of a block.
	configuration string
}

// mapVariable declares the map with a type. For a literal of 10,000 objects, the CLI takes minutes to find
// the common type.
const mapVariable = `variable "permissions" {
  type = map(map(bool))
}
`

const requirement = `terraform {
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}
`

const sleeperRequirement = `terraform {
  required_providers {
    sleeper = {
      source = "bench/sleeper"
    }
  }
}
`

var (
	single = kind{
		name: "single resources", concurrency: 10,
		block: mapVariable + `resource "partnercenter_customer_permission_reservations" "one" {
  for_each    = var.permissions
  customer_id = each.key
  enabled     = each.value.azure_reservations
}
`,
		floor: mapVariable + `resource "terraform_data" "one" {
  for_each = var.permissions
  input    = each.value
}
`,
		sleeper: mapVariable + `resource "sleeper_permission" "one" {
  for_each    = var.permissions
  customer_id = each.key
  enabled     = each.value.azure_reservations
}
`,
	}
	fleet      = fleetOf("fleet", "full")
	fleetByLog = fleetOf("fleet by activity log", "activity_log")
	// The concurrency is 1 because a list is read page by page.
	customerList = kind{
		name: "data source customers", concurrency: 1,
		block:   "data \"partnercenter_customers\" \"all\" {}\n",
		sleeper: "data \"sleeper_customers\" \"all\" {}\n",
	}
)

// wideParallelism is the value of -parallelism that the docs recommend for hundreds of single resources.
const wideParallelism = 32

func fleetOf(name, refresh string) kind {
	return kind{
		name: name, concurrency: 32,
		block:   mapVariable + fmt.Sprintf("resource \"partnercenter_customer_permissions\" \"all\" {\n  permissions = var.permissions\n  refresh     = %q\n}\n", refresh),
		floor:   mapVariable + "resource \"terraform_data\" \"all\" {\n  input = var.permissions\n}\n",
		sleeper: mapVariable + "resource \"sleeper_customer_permissions\" \"all\" {\n  permissions = var.permissions\n}\n",
	}
}
