# The counts that GitLab shows in the merge request: terraform show -json tfplan | jq -f gitlab-report.jq
def count(action): [.resource_changes[]?.change.actions[] | select(. == action)] | length;
{create: count("create"), update: count("update"), delete: count("delete")}
