# What every script of a cluster begins with: its values, up to `--`, and how it asks the topology.
# shellcheck shell=sh disable=SC2153,SC2154 # functions.sh comes before, what is in capitals is handed over
while [ "$1" != -- ]; do export "${1?}"; shift; done
shift
tablet_of() { printf '%s-%010d' "$CELL" "$1"; }
# One question must not take for ever where the topology does not answer.
# shellcheck disable=SC2086 # the options are words
vtctl() { timeout 35 vtctldclient --server internal $TOPOLOGY "$@"; }
