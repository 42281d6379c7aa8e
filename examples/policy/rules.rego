# Rules for changes of customer permissions. Delete those that you do not need.
package partnercenter

import data.partnercenter.changes
import data.partnercenter.settings

enabled contains c if {
	some c in changes.all
	c.on
}

disabled contains c if {
	some c in changes.all
	not c.on
}

customers(set) := count({c.customer | some c in set})

# A change that cannot be read cannot be approved.
deny contains "The input is not a Terraform plan: use the output of terraform show -json." if not changes.plan.format_version

deny contains sprintf("%s does not say which permissions it changes.", [address]) if some address in changes.unknown

# At most so many customers are enabled in one change.
deny contains sprintf("%d customers would be enabled, and %d are allowed in one change.", [customers(enabled), settings.max_enabled]) if {
	customers(enabled) > settings.max_enabled
}

# At most so many customers are disabled in one change.
deny contains sprintf("%d customers would be disabled, and %d are allowed in one change.", [customers(disabled), settings.max_disabled]) if {
	customers(disabled) > settings.max_disabled
}

# Some customers are never enabled.
deny contains sprintf("%s: %s must never be enabled.", [c.label, c.permission]) if {
	some c in enabled
	some customer in settings.never
	lower(customer) == c.customer
}

# Nobody is enabled without approval.
deny contains sprintf("%s: %s would be enabled without approval.", [c.label, c.permission]) if {
	some c in enabled
	not approved(c)
}

approved(c) if {
	some customer, permissions in settings.approvals
	lower(customer) == c.customer
	c.permission in permissions
}

# A savings plan cannot be cancelled: savings plans are never enabled.
deny contains sprintf("%s: savings plans must not be enabled, because a savings plan cannot be cancelled.", [c.label]) if {
	some c in enabled
	c.permission == "savings plans"
}
