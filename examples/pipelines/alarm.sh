#!/bin/sh
# Reports to people: sh alarm.sh TITLE FILE
# Opens an issue with this title (Azure DevOps: a task), or comments on the one that is open. Also posts the title, the
# first line of the file and the address of the run to a Slack or Microsoft Teams webhook, if WEBHOOK_URL is set.
set -eu
title=$1
file=$2
[ -s "$file" ] || echo 'The job failed before it had a result. See its log.' > "$file"

# The token reaches curl by its standard input, so that no list of processes shows it.
call() {
	printf 'header = "%s"\n' "$credential" | curl --silent --show-error --fail --config - "$@"
}

if [ -n "${GITHUB_ACTIONS:-}" ]; then # GH_TOKEN needs the permission issues: write
	run=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID
	issue=$(gh issue list --repo "$GITHUB_REPOSITORY" --limit 1000 --json number,title |
		jq -r --arg title "$title" 'map(select(.title == $title))[0].number // empty')
	if [ -n "$issue" ]; then
		gh issue comment "$issue" --repo "$GITHUB_REPOSITORY" --body-file "$file"
	else
		gh issue create --repo "$GITHUB_REPOSITORY" --title "$title" --body-file "$file"
	fi

elif [ -n "${TF_BUILD:-}" ]; then # SYSTEM_ACCESSTOKEN is that of the build service, which may edit work items
	credential="Authorization: Bearer $SYSTEM_ACCESSTOKEN"
	project=$SYSTEM_COLLECTIONURI$SYSTEM_TEAMPROJECTID
	run="$project/_build/results?buildId=$BUILD_BUILDID"
	jq -n --arg title "$title" '{query: ("SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project " +
		"AND [System.Title] = \u0027\($title)\u0027 AND [System.State] NOT IN (\u0027Closed\u0027, \u0027Done\u0027, \u0027Removed\u0027, \u0027Resolved\u0027)")}' > alarm.json
	task=$(call --header 'Content-Type: application/json' --data @alarm.json "$project/_apis/wit/wiql?api-version=7.1" |
		jq -r '.workItems[0].id // empty')
	jq -Rs --arg title "$title" --arg task "$task" '"<pre>\(@html)</pre>" as $text |
		if $task == "" then
			[{op: "add", path: "/fields/System.Title", value: $title}, {op: "add", path: "/fields/System.Description", value: $text}]
		else
			[{op: "add", path: "/fields/System.History", value: $text}]
		end' "$file" > alarm.json
	if [ -n "$task" ]; then
		set -- --request PATCH "$project/_apis/wit/workitems/$task?api-version=7.1"
	else
		set -- --request POST "$project/_apis/wit/workitems/\$Task?api-version=7.1"
	fi
	call --header 'Content-Type: application/json-patch+json' --data @alarm.json "$@" > alarm.log

else # GitLab: GITLAB_TOKEN is an access token of the project with the scope "api"
	credential="PRIVATE-TOKEN: $GITLAB_TOKEN"
	issues=$CI_API_V4_URL/projects/$CI_PROJECT_ID/issues
	run=$CI_JOB_URL
	issue=$(call --get --data state=opened --data in=title --data-urlencode "search=$title" "$issues" |
		jq -r --arg title "$title" 'map(select(.title == $title))[0].iid // empty')
	if [ -n "$issue" ]; then
		jq -Rs '{body: .}' "$file" > alarm.json
		issues=$issues/$issue/notes
	else
		jq -Rs --arg title "$title" '{title: $title, description: .}' "$file" > alarm.json
	fi
	call --header 'Content-Type: application/json' --data @alarm.json "$issues" > alarm.log
fi

[ -n "${WEBHOOK_URL:-}" ] || exit 0
jq -n --arg title "$title" --arg text "$(head -n 1 "$file")" --arg run "$run" --arg url "$WEBHOOK_URL" '
	if $url | startswith("https://hooks.slack.com/") then
		{text: "\($title)\n\($text)\n\($run)"}
	else # Microsoft Teams
		{type: "message", attachments: [{contentType: "application/vnd.microsoft.card.adaptive", content: {
			type: "AdaptiveCard", version: "1.4", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
			body: [{type: "TextBlock", weight: "bolder", wrap: true, text: $title}, {type: "TextBlock", wrap: true, text: $text}],
			actions: [{type: "Action.OpenUrl", title: "Open the run", url: $run}]}}]}
	end' > alarm.json
printf 'url = "%s"\n' "$WEBHOOK_URL" | # the address is a secret
	curl --silent --show-error --fail --config - --header 'Content-Type: application/json' --data @alarm.json > alarm.log
