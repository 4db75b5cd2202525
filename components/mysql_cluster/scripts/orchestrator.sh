# Starts VTOrc.
# shellcheck shell=sh disable=SC2086,SC2153,SC2154 # functions.sh and values.sh come before; the options are words
exec vtorc $TOPOLOGY "$@"
