# The ID is one of:
#   all     all customers of the partner
#   on      the customers that have a permission enabled
#   @FILE   the customers of a file, with one customer ID a line
#   customer IDs with commas between them
# The next apply disables what the import finds enabled and the configuration does not list.
terraform import partnercenter_customer_permissions.this on
