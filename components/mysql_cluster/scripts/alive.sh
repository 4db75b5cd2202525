# The liveness of a server's vttablet: a start of it is what fills a server anew that was taken out of service.
# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # functions.sh, values.sh and errant.sh come before
if errant $((BASE + ${POD_NAME##*-})); then
  fail 'this server holds transactions that nobody acknowledged; it is filled anew from the primary'
fi
