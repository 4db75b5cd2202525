# What every script of a cluster begins with: its values, up to `--`, and how it asks the topology.
# shellcheck shell=sh disable=SC2153,SC2154 # functions.sh comes before, what is in capitals is handed over
while [ "$1" != -- ]; do export "${1?}"; shift; done
shift
tablet_of() { printf '%s-%010d' "$CELL" "$1"; }
# Of the topology's certificate, which the programs take from here.
export SSL_CERT_FILE="$RUN/ca.crt"
# One question must not take for ever where the topology does not answer. certificate.sh makes the script.
vtctl() { timeout 35 sh "$RUN/ask" "$@"; }
