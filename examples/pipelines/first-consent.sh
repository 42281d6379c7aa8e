#!/bin/sh
# Gets the first refresh token for an app registration. Run it on a computer you trust:
#   sh first-consent.sh TENANT_ID CLIENT_ID FILE
set -eu
umask 077
tenant=$1
client=$2
file=$3

cat <<EOF
1. Open this address in a private window. Sign in as the service account, with multifactor authentication.

https://login.microsoftonline.com/$tenant/oauth2/v2.0/authorize?client_id=$client&response_type=code&prompt=login&redirect_uri=http%3A%2F%2Flocalhost%3A8400&scope=https%3A%2F%2Fapi.partnercenter.microsoft.com%2Fuser_impersonation%20offline_access

2. The browser ends at an address of localhost that it cannot open. From that address, copy what stands
   between "code=" and the next "&".

EOF
# Nothing typed is shown, and lines may be longer than a terminal allows.
terminal=$(stty -g 2>/dev/null || :)
trap '[ -z "$terminal" ] || stty "$terminal"' EXIT
[ -z "$terminal" ] || stty -echo -icanon
printf 'Code (not shown): '
read -r code
printf '\nClient secret (not shown): '
read -r secret
printf '\n'

# Through standard input, so that no list of processes shows the secrets.
answer=$(curl --silent --show-error --config - "https://login.microsoftonline.com/$tenant/oauth2/v2.0/token" <<EOF
data-urlencode = "grant_type=authorization_code"
data-urlencode = "client_id=$client"
data-urlencode = "client_secret=$secret"
data-urlencode = "redirect_uri=http://localhost:8400"
data-urlencode = "scope=https://api.partnercenter.microsoft.com/user_impersonation offline_access"
data-urlencode = "code=$code"
EOF
)
token=$(printf '%s' "$answer" | sed -n 's/.*"refresh_token": *"\([^"]*\)".*/\1/p')
if [ -z "$token" ]; then
  printf '%s' "$answer" | sed -n 's/.*"error_description": *"\([^"]*\)".*/\1/p' >&2
  echo "No refresh token was issued." >&2
  exit 1
fi
printf '%s' "$token" > "$file"
echo "The refresh token is in $file. Store it, then delete the file and the client secret."
