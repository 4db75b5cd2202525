# Installs the command of this very checkout, for actions that other repositories use.
set -eu
cd "$(dirname "$0")/../.."
python3 -m venv "$RUNNER_TEMP/kubeauth"
"$RUNNER_TEMP/kubeauth/bin/pip" install --quiet --require-hashes --no-deps -r requirements/tools.txt
"$RUNNER_TEMP/kubeauth/bin/pip" install --quiet --no-deps .
