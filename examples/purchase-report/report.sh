#!/bin/sh
# Writes the report of a month into a folder: sh report.sh [FOLDER]
# Run "terraform init" in this folder before the first report.
# It fails after the report was written if a limit is exceeded or a customer could not be read. Keep the folder in either case,
# for example as an artifact of the job. TF_VAR_month and TF_VAR_limits set the variables.
set -eu
folder=${1:-report}
terraform apply -input=false -auto-approve > /dev/null
month=$(terraform output -raw month)
mkdir -p "$folder"
for format in md csv html; do
	terraform output -raw "$format" > "$folder/purchases-$month.$format"
done
echo "Wrote $folder/purchases-$month.md, .csv and .html"
problems=$(terraform output -raw problems)
[ -z "$problems" ] || {
	echo "$problems" >&2
	exit 1
}
