terraform {
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

locals {
  # All customers of all shards, by customer id.
  customers = yamldecode(file("${path.module}/customers.yaml"))

  # A workspace for each shard, from shard-0 to shard-3.
  shards = 4
  shard  = tonumber(regex("shard-([0-9]+)$", terraform.workspace)[0])
}

# The customers of other shards are listed as {}: nothing of them is managed here.
resource "partnercenter_customer_permissions" "shard" {
  permissions = {
    for id, switches in local.customers : id => {
      for name, on in switches : name => on if parseint(substr(id, 0, 2), 16) % local.shards == local.shard
    }
  }
}
