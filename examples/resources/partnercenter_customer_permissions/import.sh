# all of the partner's customers, or customer ids with commas between them. What the import finds
# on is turned off by the next apply where the configuration does not list the customer.
terraform import partnercenter_customer_permissions.this all
