# Turns the result of "terraform output -json" into Markdown: jq -r -f report.jq
def cell: gsub("\\s+"; " ") | gsub("(?<c>[\\\\|`*_<>\\[\\]])"; "\\\(.c)");
def row: "| " + (map(cell) | join(" | ")) + " |";

"# What customers bought",
"",
(if .purchases.value == [] then
  "Nothing, by \(.customers_read.value) customers that were looked at."
else
  (["When", "Customer", "What", "Price", "Buyer", "Order"], ["---", "---", "---", "---", "---", "---"] | "| " + join(" | ") + " |"),
  (.purchases.value[] | [.when, .customer, .what, .price, .buyer, .order_id] | row)
end),
(if .errors.value == {} then
  empty
else
  "", "## Not read", "", (.errors.value | to_entries[] | "- \(.key): \(.value | cell)")
end)
