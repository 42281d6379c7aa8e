# Against the mock of Partner Center, whose environment variables must be set.

variables {
  file = "tests/customers.csv"
}

run "allow_list" {
  assert {
    condition     = output.unconfirmed == null
    error_message = "Some permissions are not as the file says."
  }
}

run "deny_others" {
  variables {
    deny_others = true
    max_changes = 5
  }

  assert {
    condition     = length(output.may_buy_reservations) == 2
    error_message = "Two customers must be able to buy."
  }
}
