package main

import (
	"fmt"
)

// kind is a configuration of the provider, and of the same shape without it.
type kind struct {
	name string
	// block is the resource block, floor the one of terraform_data that takes the same map, and sleeper
	// the one of the provider that only sleeps. There may be no floor and no sleeper.
	block, floor, sleeper string
	// concurrency is how many requests are under way at a time: Terraform's own bound for
	// single resources, the provider's for a fleet.
	concurrency int
	// configuration is a folder with another provider's configuration, instead of a block.
	configuration string
}

// Both take the map as a variable with a type: of a literal of 10,000 objects the CLI seeks the
// common type for minutes.
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
	// A list is read page after page.
	customerList = kind{
		name: "data source customers", concurrency: 1,
		block:   "data \"partnercenter_customers\" \"all\" {}\n",
		sleeper: "data \"sleeper_customers\" \"all\" {}\n",
	}
)

// wideParallelism is the -parallelism to use for hundreds of single resources.
const wideParallelism = 32

func fleetOf(name, refresh string) kind {
	return kind{
		name: name, concurrency: 32,
		block:   mapVariable + fmt.Sprintf("resource \"partnercenter_customer_permissions\" \"all\" {\n  permissions = var.permissions\n  refresh     = %q\n}\n", refresh),
		floor:   mapVariable + "resource \"terraform_data\" \"all\" {\n  input = var.permissions\n}\n",
		sleeper: mapVariable + "resource \"sleeper_customer_permissions\" \"all\" {\n  permissions = var.permissions\n}\n",
	}
}
