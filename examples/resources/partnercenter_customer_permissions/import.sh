# all of the partner's customers, or customer ids with commas between them
terraform import partnercenter_customer_permissions.all all
