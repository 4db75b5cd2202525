# Starts mysqld by mysqlctld; a data directory whose making was interrupted is made again.
# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # functions.sh, values.sh and born.sh come before
uid=$((BASE + ${POD_NAME##*-}))
birth=$VTDATAROOT/birth
if [ ! -e "$VTDATAROOT/complete" ]; then
  # Nothing was ever written to it: vttablet, through which all writes come, has not begun.
  rm -rf "$VTDATAROOT/vt_$(printf %010d "$uid")" "$birth"
fi
[ -e "$birth" ] || printf '%s\n' "$BIRTH" >"$birth"
born "$birth"
rm -f "$RUN/mysqlctl.sock"
exec mysqlctld --tablet-uid "$uid" "$@"
