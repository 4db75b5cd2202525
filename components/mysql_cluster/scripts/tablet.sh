# Starts vttablet; an empty server of a shard that has a primary is filled from it first.
# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # functions.sh and values.sh come before
uid=$((BASE + ${POD_NAME##*-}))
: >"$VTDATAROOT/complete"
until ask GetKeyspace "$KEYSPACE" >/dev/null 2>&1; do sleep 1; done
empty=yes
for folder in "$VTDATAROOT/vt_$(printf %010d "$uid")/data"/*/; do
  case ${folder%/} in
    */\* | */mysql | */performance_schema | */sys | */'#innodb_'*) ;;
    *) empty=no ;;
  esac
done
primary=$(ask GetShard "$KEYSPACE/0" 2>/dev/null | sed -n 's/.*"uid": *\([0-9]*\).*/\1/p' | head -n 1)
if [ "$empty" = yes ] && [ -n "$primary" ] && [ "$primary" != "$uid" ]; then
  source=$RUN
  read_key clone
  set -- "$@" --restore-with-clone --clone-from-primary --db-clone-password "$text"
fi
# shellcheck disable=SC2086 # the options are words
exec vttablet $TOPOLOGY --tablet-path "$(tablet_of "$uid")" --tablet-hostname "$POD_NAME.$DOMAIN" "$@"
