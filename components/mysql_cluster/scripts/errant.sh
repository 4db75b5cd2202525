# Whether this server was taken out of service because it holds transactions that the primary does not have: those of a
# former primary that nobody acknowledged.
# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # functions.sh and values.sh come before
primary_of() { vtctl GetShard "$KEYSPACE/$SHARD" 2>/dev/null | sed -n 's/.*"uid": *\([0-9]*\).*/\1/p' | head -n 1; }
sql() { mysql --defaults-file="$RUN/client.cnf" --batch --skip-column-names --execute="$1" | tr -d '\n'; }
errant() {
  case $(vtctl GetTablets --tablet-alias "$(tablet_of "$1")" 2>/dev/null) in *" drained "*) ;; *) return 1 ;; esac
  primary=$(primary_of)
  [ -n "$primary" ] && [ "$primary" != "$1" ] || return 1
  # In this order, because the primary writes on: what it has now is all that it had before, and more.
  mine=$(sql 'SELECT REPLACE(@@gtid_executed, CHAR(10), "")')
  theirs=$(vtctl GetFullStatus "$(tablet_of "$primary")" 2>/dev/null |
    sed -n 's/^ *"position": "MySQL56\/\([^"]*\)".*/\1/p' | head -n 1)
  [ -n "$mine" ] && [ -n "$theirs" ] && [ "$(sql "SELECT GTID_SUBSET('$mine', '$theirs')")" = 0 ]
}
