# Closes the binary log when somebody has written, and says which logs are closed, for the container that sends them. What
# the bucket has goes from the volume; where it cannot be reached, what would fill the volume goes.
# shellcheck shell=sh disable=SC2154 # binary_log.py says the values

ask() { mysql "--defaults-file=$run/server.cnf" --batch --execute "$1"; }
logs() { sed 's/.*\///' "$data/binlog.index"; }
# One number of a file, little-endian in each binary log and on each machine that MySQL's images are for.
number_at() { od -An -tu4 "-j$2" -N4 "$1" | tr -d ' '; }
# A log begins with four bytes, its format and the transactions before it; each event says its length.
is_empty() {
  first=$((4 + $(number_at "$1" 13)))
  [ "$(wc -c < "$1")" -le $((first + $(number_at "$1" $((first + 9))))) ]
}
# Nothing is said unless all is known: who reads it takes a log that is not named for one that is not there.
round() {
  # What was committed before is in a log by then; a transaction's time is a moment older than its place in the log.
  until=$(date -u -d "@$(($(date +%s) - 1))" +%Y%m%dT%H%M%SZ)
  newest=$(logs | tail -n 1) && [ -f "$data/$newest" ] || return 1
  is_empty "$data/$newest" || ask 'FLUSH BINARY LOGS' || return 1
  server=$(sed -n 's/^server-uuid=//p' "$data/auto.cnf") && names=$(logs) && [ -n "$server" ] && [ -n "$names" ] || return 1
  { printf '%s\n' "$until" "$server" && printf '%s\n' "$names" | sed '$d'; } > "$hand_over/.closed" || return 1
  mv "$hand_over/.closed" "$hand_over/closed"
  drop_sent
  bound
}
# All before the newest log that the bucket has.
drop_sent() {
  [ -s "$hand_over/sent" ] || return 0
  sent=$(cat "$hand_over/sent")
  logs | sed 1d | grep -qFx -e "$sent" || return 0
  ask "PURGE BINARY LOGS TO '$sent'"
}
# A quarter of the volume at most: a database that takes writes is worth more than every second of them.
bound() {
  # shellcheck disable=SC2046 # two numbers
  set -- $(stat -f -c '%b %S' "$data")
  limit=$(($1 * $2 / 4)) sum=0 first=
  for log in $(logs | sort -r); do
    sum=$((sum + $(wc -c < "$data/$log")))
    [ $sum -le $limit ] || break
    first=$log
  done
  [ $sum -gt $limit ] && [ -n "$first" ] || return 0
  echo "error: binary logs that the bucket did not take are a quarter of the data volume; those before $first go, and \
the seconds in them are lost for restores: make a backup when the bucket is back" >&2
  ask "PURGE BINARY LOGS TO '$first'"
}
follow() {
  trap 'exit 0' TERM INT
  while :; do
    # Whatever fails is tried again: a server that starts or ends answers nobody. What fails in there has to say so itself.
    (round) || :
    sleep "$interval" &
    wait $!
  done
}
