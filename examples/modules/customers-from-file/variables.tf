variable "file" {
  description = "Path of the CSV or YAML file with the customers."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("(?i)\\.(csv|ya?ml)$", var.file)) && fileexists(var.file)
    error_message = "There must be a file with this path, and its name must end in .csv, .yaml or .yml."
  }
}

variable "deny_others" {
  description = "Set to true to disable every permission of customers that are not in the file. Use it in at most one state of a partner."
  type        = bool
  default     = false
  nullable    = false
}

variable "max_changes" {
  description = "Maximum number of customers that one apply changes. Defaults to no limit."
  type        = number
  default     = null

  validation {
    condition     = try(var.max_changes >= 1 && floor(var.max_changes) == var.max_changes, var.max_changes == null)
    error_message = "The maximum must be a whole number from 1."
  }
}

variable "required_labels" {
  description = "Names of labels that every customer with an enabled permission must have, such as cost_center."
  type        = set(string)
  default     = []
  nullable    = false
}
