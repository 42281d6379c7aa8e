# {customer id}/{application id}, or {customer id} for the provider's application
terraform import 'partnercenter_application_consent.azure["7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"]' 7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202
