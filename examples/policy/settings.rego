# The limits and customers of the rules. Change these to yours.
package partnercenter.settings

# Most customers that one change may enable.
max_enabled := 10

# Most customers that one change may disable.
max_disabled := 10

# Customers that must never be enabled, by customer ID.
never := {"d9c8b7a6-5f4e-4d3c-8b2a-1f0e9d8c7707"}

# Approved permissions by customer ID, from data.json.
approvals := data.approvals
