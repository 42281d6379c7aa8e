# Reads which permissions a Terraform plan enables and disables. Input: the output of "terraform show -json".
package partnercenter.changes

# HCP Terraform passes the plan as input.plan.
plan := object.get(input, "plan", input)

fleet := "partnercenter_customer_permissions"

single := {
	"partnercenter_customer_permission_reservations": "reservations",
	"partnercenter_customer_permission_savings_plans": "savings plans",
}

key := {"reservations": "azure_reservations", "savings plans": "azure_savings_plans"}

resources contains r if {
	some r in plan.resource_changes
	r.mode == "managed"
}

# Many customers in one resource: what its attribute "changes" says.
all contains {"customer": id(label), "label": label, "permission": found[1], "on": found[2] == "on"} if {
	some r in resources
	r.type == fleet
	some label, text in r.change.after.changes
	some found in regex.find_all_string_submatch_n(`(reservations|savings plans): \w+ -> (on|off)`, text, -1)
}

# The resource is destroyed: what it manages is disabled, unless a replacement keeps it.
all contains {"customer": lower(customer), "label": customer, "permission": permission, "on": false} if {
	some r in resources
	r.type == fleet
	"delete" in r.change.actions
	some customer, permissions in r.change.before.permissions
	some permission, name in key
	permissions[name]
	not declared(r.change.after, customer, name)
}

# One customer: enabled afterwards and not before. A permission that was enabled already and is adopted counts, too.
all contains {"customer": lower(r.change.after.customer_id), "label": label(r.change.after), "permission": permission, "on": true} if {
	some r in resources
	permission := single[r.type]
	r.change.after.enabled
	not same(r.change.before, r.change.after)
}

# One customer: enabled before and not afterwards. A resource that is only removed from the state disables nothing.
all contains {"customer": lower(r.change.before.customer_id), "label": label(r.change.before), "permission": permission, "on": false} if {
	some r in resources
	permission := single[r.type]
	not "forget" in r.change.actions
	r.change.before.enabled
	not same(r.change.after, r.change.before)
}

# Resources whose changes are known only after apply, are not listed, or are not understood.
unknown contains r.address if {
	some r in resources
	r.type in (object.keys(single) | {fleet})
	some name in ["changes", "permissions", "customer_id", "enabled"]
	walk(r.change.after_unknown[name], [_, true])
}

unknown contains r.address if {
	some r in resources
	r.type == fleet
	is_object(r.change.after)
	not "changes" in object.keys(r.change.after)
}

unknown contains r.address if {
	some r in resources
	r.type == fleet
	some text in r.change.after.changes
	not regex.match(`: \w+ -> (on|off)|^released: |: cannot be enabled`, text)
}

# The customer ID at the end of "Company (ID)", or alone.
id(label) := lower(trim_suffix(found, ")")) if {
	[found] := regex.find_n(`[0-9a-fA-F-]{36}\)?$`, label, 1)
} else := lower(label)

label(values) := sprintf("%s (%s)", [values.name, values.customer_id]) if {
	is_string(values.name)
} else := values.customer_id

declared(values, customer, name) if {
	some other, permissions in values.permissions
	lower(other) == lower(customer)
	permissions[name]
}

# The first has the same customer enabled as the second.
same(first, second) if {
	first.enabled
	lower(first.customer_id) == lower(second.customer_id)
}
