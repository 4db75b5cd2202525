#!/bin/sh
# Shows what a SIGKILL leaves in a file backend: a lock that nobody holds, and a check sum that is cut off.
# Run it where pulumi, its Python language host and python3 with pulumi are on PATH. It writes to a temporary folder only.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir state
export PULUMI_BACKEND_URL="file://$work/state" PULUMI_CONFIG_PASSPHRASE=any PULUMI_SKIP_UPDATE_CHECK=true
printf '%s\n' 'name: any' 'runtime: python' > Pulumi.yaml
printf '%s\n' 'import time' 'time.sleep(60)' > __main__.py
pulumi stack init any > init.log 2>&1

pulumi up --yes --skip-preview --non-interactive > up.log 2>&1 &
up=$!
until [ -n "$(find state -path '*/locks/*.json')" ]; do sleep 0.1; done
kill -KILL $up
wait $up 2> /dev/null || :
echo 'after SIGKILL of pulumi up:'
pulumi up --yes --skip-preview --non-interactive 2>&1 | grep -m 1 '^error' | sed 's/^/  /' || :
pulumi cancel --yes any > cancel.log 2>&1

attributes=$(find state -name any.json.attrs)
: > "$attributes"
echo 'after a kill while the check sum beside the state was written:'
pulumi stack export --stack any 2>&1 | grep -m 1 '^error' | sed 's/^/  /' || :
rm "$attributes"
echo 'without the check sum:'
pulumi stack export --stack any > export.json && echo '  the state is read' || :
