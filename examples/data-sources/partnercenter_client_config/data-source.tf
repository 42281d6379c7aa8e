data "partnercenter_client_config" "current" {
  validate_mfa = true
}

# Says in the plan of a pull request what apply would only find out later.
check "sign_in_can_set_permissions" {
  assert {
    condition     = data.partnercenter_client_config.current.sign_in_mode == "app_user"
    error_message = "Customer permissions need app+user sign-in; set PARTNERCENTER_REFRESH_TOKEN."
  }
  assert {
    condition     = data.partnercenter_client_config.current.mfa_compliant
    error_message = "The refresh token was issued without multifactor authentication; sign the user in again."
  }
}

output "signed_in_as" {
  value = data.partnercenter_client_config.current.user_principal_name
}
