#!/bin/sh
# Plans, saves the plan as tfplan, and writes plan.md for the reviewer: the summary, then the text of the plan.
# The exit code is that of "terraform plan -detailed-exitcode": 0 no changes, 1 the plan failed, 2 changes.
set -eu
limit=${REPORT_BYTES:-60000} # a comment on GitHub holds 65,536 characters

code=0
terraform plan -input=false -lock=false -no-color -detailed-exitcode -out=tfplan > plan.txt 2>&1 || code=$?
cat plan.txt

# Counts come from the plan's JSON, which names every change; the text is for people.
summary='
def managed: .resource_changes[]? | select(.mode == "managed");
def count(f): [managed | select(f)] | length;
def single: .type | test("^partnercenter_customer_permission_");
def owner: .type == "partnercenter_subscription_owner_assignment";
def adds: .change.actions | index("create") != null;
def deletes: .change.actions | index("delete") != null;

(managed | select(.change.after.change_summary? != null) | "**\(.change.after.change_summary)** (`\(.address)`)", ""),
(count(single and .change.after.enabled? == true and .change.before.enabled? != true)) as $on |
(count(single and .change.before.enabled? == true and .change.after.enabled? != true and .change.actions != ["forget"])) as $off |
(if $on + $off > 0 then "**enables \($on), disables \($off)** (resources of one customer)", "" else empty end),
(if count(owner and (adds or deletes)) > 0 then "**Owner role: adds \(count(owner and adds)), removes \(count(owner and deletes))**", "" else empty end),
"Plan: \(count(adds)) to add, \(count(.change.actions == ["update"])) to change, \(count(deletes)) to destroy."
'
{
	case $code in
	0) echo 'No changes.' ;;
	2) terraform show -json tfplan | jq -r "$summary" ;;
	*) echo '**The plan failed.**' ;;
	esac
	echo
	echo '````text'
	grep -v ': Refreshing state\.\.\.\|: Reading\.\.\.\|: Read complete after\|: Still reading\.\.\.' plan.txt |
		LC_ALL=C awk -v left="$limit" '
			{ left -= length($0) + 1 }
			left < 0 { print "… The rest is in the log of this job."; exit }
			{ print }'
	echo '````'
} > plan.md
exit "$code"
