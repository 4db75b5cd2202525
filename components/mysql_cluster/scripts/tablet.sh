# Starts vttablet; an empty server of a shard that has a primary is filled from it first, and so is one with transactions
# that nobody acknowledged.
# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # functions.sh, values.sh and errant.sh come before
uid=$((BASE + ${POD_NAME##*-}))
until vtctl GetKeyspace "$KEYSPACE" >/dev/null 2>&1; do sleep 1; done
if errant "$uid"; then
  echo 'this server holds transactions that nobody acknowledged: it begins anew'
  # server.sh, which starts when mysqld has ended, makes an empty one where this file is missing.
  rm -f "$VTDATAROOT/complete" "$RUN/mysqlctl.sock"
  mysqladmin --defaults-file="$RUN/client.cnf" shutdown || :
  until [ -S "$RUN/mysqlctl.sock" ]; do sleep 1; done
fi
: >"$VTDATAROOT/complete"
empty=yes
for folder in "$VTDATAROOT/vt_$(printf %010d "$uid")/data"/*/; do
  case ${folder%/} in
    */\* | */mysql | */performance_schema | */sys | */'#innodb_'*) ;;
    *) empty=no ;;
  esac
done
primary=$(primary_of)
if [ "$empty" = yes ] && [ -n "$primary" ] && [ "$primary" != "$uid" ]; then
  source=$RUN
  read_key clone
  set -- "$@" --restore-with-clone --clone-from-primary --db-clone-password "$text"
fi
# shellcheck disable=SC2086 # the options are words
exec vttablet $TOPOLOGY --tablet-path "$(tablet_of "$uid")" --tablet-hostname "$POD_NAME.$DOMAIN" "$@"
