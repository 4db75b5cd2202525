# Brings a copy's schema from a backup's moment to a later second: the binary logs that came after it become the relay logs
# of the copy, whose own replication thread applies them. It needs no mysqlbinlog, which MySQL's image lacks.
# shellcheck shell=sh disable=SC2034,SC2154,SC3028 # HOSTNAME is the kubelet's; backup_script.py says the values; the scripts are one text

# Options of a server that replays; its number is no other's.
replaying="--server-id=4294967295 --skip-replica-start --relay-log-purge=OFF --replica-parallel-workers=1 \
--gtid-mode=ON_PERMISSIVE --enforce-gtid-consistency=OFF --innodb-strict-mode=OFF"

# Arguments: the backup that was loaded, the folder with the logs, the second before which it ends; empty for all.
replay() {
  # shellcheck disable=SC2046 # server, log, place in the log
  set -- "$2" "$3" $(position_of "$1")
  : > "$work/relay.index"
  count=0
  for log in $(find "$1" -type f | sort); do
    count=$((count + 1))
    name=$work/relay.$(printf %06d $count)
    mv "$log" "$name"
    say "$name" >> "$work/relay.index"
  done
  # Whatever a restore has made beside the schema comes and goes with it.
  {
    # A schema was brought there before by the same transactions.
    say 'RESET BINARY LOGS AND GTIDS;'
    say "CHANGE REPLICATION FILTER REPLICATE_WILD_DO_TABLE = ('$(pattern_of "$database").%',
      '$(pattern_of "$beside").%', '$(pattern_of "$before")%.%');"
    say "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'none', RELAY_LOG_FILE = 'relay.000001', RELAY_LOG_POS = $5;"
  } > "$scratch/sql"
  ask copy < "$scratch/sql" 2> "$scratch/error" || fail "the binary logs cannot be read: $(cat "$scratch/error")"
  least=4
  [ $count -gt 1 ] || least=$5
  [ -z "$2" ] || cut_before "$2" "$name"
  value copy 'START REPLICA SQL_THREAD'
  over=
  until [ -n "$over" ]; do
    sleep 1
    look_at_replay
  done
  say 'STOP REPLICA; RESET REPLICA ALL;' | ask copy
  settle_copy
}
# Sets $over when all logs are applied, and fails when that cannot go on.
look_at_replay() {
  mysql "--defaults-file=$scratch/copy.cnf" --batch --execute 'SHOW REPLICA STATUS' > "$scratch/status" ||
    fail "the server that replays the binary logs ended: $(grep -m 1 ERROR "$work/log" || :)"
  running=$(of_status Replica_SQL_Running)
  case $running,$(of_status Last_SQL_Errno) in
    Yes,*) case $(of_status Replica_SQL_Running_State) in *'has read all relay log'*) over=yes ;; esac ;;
    # A statement in another schema, of which only the name matters here.
    *,1049)
      other=$(grep -o "Unknown database '[^']*'" "$work/log" | tail -n 1 | cut -d "'" -f 2)
      value copy "CREATE DATABASE \`$other\`"
      value copy 'START REPLICA SQL_THREAD'
      ;;
    *)
      # The log has what the status shortens.
      reason=$(sed -n "s/.*\[ERROR\].*\[Repl\].*Error '/'/p" "$work/log" | tail -n 1)
      fail "the binary log cannot be replayed, nothing was changed: ${reason:-$(of_status Last_SQL_Error)}"
      ;;
  esac
}
of_status() { awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) field = i } NR == 2 { print $field }' "$scratch/status"; }
# Ends the log $2 before the first transaction that was committed at the second $1 or later, not before the place $least.
cut_before() {
  value copy "SHOW RELAYLOG EVENTS IN '${2##*/}'" | awk -F '\t' '
    $3 == "Gtid" || $3 == "Anonymous_Gtid" { print $2 }
    tolower($3) ~ /gtid.*tag/ { print "tagged" }' > "$scratch/places"
  ! grep -q tagged "$scratch/places" || fail "the binary log has transactions with tags, whose time is not known here"
  low=1 high=$(($(wc -l < "$scratch/places") + 1))
  while [ $low -lt $high ]; do
    middle=$(((low + high) / 2))
    if [ "$(printf '%s\n' "$1" "$(committed "$2" "$(sed -n "${middle}p" "$scratch/places")")" | sort | head -n 1)" = "$1" ]; then
      high=$middle
    else
      low=$((middle + 1))
    fi
  done
  place=$(sed -n "${low}p" "$scratch/places")
  # Clocks differ.
  [ -n "$place" ] && [ "$place" -ge "$least" ] || return 0
  head -c "$place" "$2" > "$2.cut"
  mv "$2.cut" "$2"
}
# When the transaction at the byte $2 was committed: seven bytes of microseconds, of which one bit means something else.
committed() {
  seconds=$(tail -c "+$(($2 + 62))" "$1" | head -c 7 | od -An -tu1 | awk '{ print int(($1 + 256 * ($2 + 256 * ($3 + 256 * \
    ($4 + 256 * ($5 + 256 * ($6 + 256 * ($7 % 128))))))) / 1000000) }')
  date -u -d "@$seconds" +%Y%m%dT%H%M%SZ
}
# Events that the log has made or changed are off in a copy, and so in what is made of it.
events_off() {
  value copy "SELECT CONCAT('the event ', event_name, ' is off; to turn it on: ALTER EVENT ... ENABLE')
    FROM information_schema.events WHERE event_schema = '$database' AND status LIKE '%SIDE_DISABLED'"
}
# Restores the schema $1, or the first, to the second $2: what it was then becomes a backup, which is restored.
restore_second() {
  second=$2 force=${3-} files=$folder/.to-${HOSTNAME:-pod}
  [ "$logged" = yes ] || fail "nothing sends this database's binary log to a bucket, so only backups can be restored"
  for each in $schemas; do
    case $1 in "$each" | -) [ -n "${database-}" ] || of "$each" ;; esac
  done
  [ -n "${database-}" ] || fail "there is no schema $1; there are: $schemas"
  start
  refuse_rows
  more=$replaying
  server=$(value live 'SELECT @@lower_case_table_names, @@innodb_page_size')
  # shellcheck disable=SC2086
  start_copy $server
  { rules; content_of "$files/$database.sql.gz"; } | load_copy ||
    fail "the backup before that second cannot be loaded; nothing was changed: $(cat "$scratch/error")"
  replay "$files/$database.sql.gz" "$files/$database.logs" "$second"
  rm -rf "$files"
  look copy
  { events_off; say "content of $second, from an earlier backup and the binary log"; } >> "$scratch/warnings"
  choose copy "$database"
  keep_ copy
  stop_copy
  copy='' work=''
  list_ "$name"
  file=$folder/$name
  put_back "$name"
}
