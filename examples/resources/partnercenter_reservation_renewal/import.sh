# {customer id}/{reservation order id}/{reservation id}, or {customer id}|{Resource Manager ID of the reservation}
terraform import partnercenter_reservation_renewal.contoso c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404/86e1b22a-595b-55e2-b2bb-236d9a2e36e0/c33df6ba-9b55-5dda-96ff-535361164279
