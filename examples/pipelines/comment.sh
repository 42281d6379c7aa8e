#!/bin/sh
# Writes a file as a comment on the pull request or merge request, and replaces the comment of an earlier run:
#   sh comment.sh FILE [NAME]
# NAME tells several comments apart.
set -eu
marker="<!-- terraform plan ${2:-} -->"
jq -Rsc --arg marker "$marker" '{body: "\($marker)\n\(.)"}' "$1" > comment.json
mine="map(select((.user.type // \"Bot\") == \"Bot\" and (.body | startswith(\"$marker\"))))[].id"

if [ -n "${GITHUB_ACTIONS:-}" ]; then # GH_TOKEN needs the permission pull-requests: write
	comments=repos/$GITHUB_REPOSITORY/issues
	id=$(gh api --paginate "$comments/$PULL_REQUEST/comments" --jq "$mine" | head -n 1)
	if [ -n "$id" ]; then
		gh api --silent --method PATCH "$comments/comments/$id" --input comment.json
	else
		gh api --silent --method POST "$comments/$PULL_REQUEST/comments" --input comment.json
	fi
else # GitLab: GITLAB_TOKEN is an access token of the project with the scope "api"
	notes=$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes
	call() {
		printf 'header = "PRIVATE-TOKEN: %s"\n' "$GITLAB_TOKEN" |
			curl --silent --show-error --fail --config - --header 'Content-Type: application/json' "$@"
	}
	id=$(call "$notes?per_page=100" | jq -r "$mine" | head -n 1)
	if [ -n "$id" ]; then
		call --request PUT --data @comment.json "$notes/$id" > comment.log
	else
		call --request POST --data @comment.json "$notes" > comment.log
	fi
fi
