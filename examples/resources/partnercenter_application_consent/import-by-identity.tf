import {
  to = partnercenter_application_consent.azure["7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"]
  identity = {
    customer_id    = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
    application_id = "b9c8d7e6-f5a4-4b32-8190-a7b6c5d4e010"
  }
}
