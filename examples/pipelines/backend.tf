# Where the state is. Signs in to Azure by the ARM_ variables of the pipelines.
terraform {
  backend "azurerm" {
    storage_account_name = "contosotfstate"
    container_name       = "partnercenter"
    key                  = "permissions.tfstate"
    use_azuread_auth     = true # no access keys
  }
}
