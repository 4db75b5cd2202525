# A server of its own, on the backups' volume, that only this pod reaches; each backup is restored there.
# shellcheck shell=sh disable=SC2034,SC2154,SC3028 # HOSTNAME comes from the kubelet; backup_script.py says the values; the scripts are one text

start_copy() {
  work=$folder/.copy-${HOSTNAME:-pod}
  mkdir "$work"
  # Names and the largest row are as the server's.
  same="--lower-case-table-names=$1 --innodb-page-size=$2"
  # shellcheck disable=SC2086 # words without blanks
  mysqld --no-defaults --initialize-insecure "--datadir=$work/data" $small $same > "$work/log" 2>&1 ||
    fail "no server to check with could be made: $(grep -m 1 ERROR "$work/log" || tail -n 1 "$work/log")"
  serve_copy "$work/data"
  value copy "CREATE DATABASE \`$database\`"
}
# Starts a server on the data directory $1 that nobody else reaches; whoever is killed with it makes it anew.
serve_copy() {
  # The lock of one that was killed names a process, which may be any other by now.
  rm -f "$scratch/copy.sock" "$scratch/copy.sock.lock"
  # shellcheck disable=SC2086
  mysqld --no-defaults "--datadir=$1" $small $same ${more-} "--relay-log=$work/relay" --skip-networking --mysqlx=OFF "--socket=$scratch/copy.sock" \
    "--pid-file=$scratch/copy.pid" "--tmpdir=$work" --secure-file-priv=NULL --skip-log-bin --event-scheduler=OFF \
    --max-allowed-packet=1G --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF >> "$work/log" 2>&1 &
  copy=$!
  printf '%s\n' '[client]' user=root "socket=$scratch/copy.sock" > "$scratch/copy.cnf"
  until value copy 'SELECT 1' > /dev/null 2>&1; do
    kill -0 $copy 2> /dev/null || fail "the server to check with ended: $(grep -m 1 ERROR "$work/log" || :)"
    sleep 1
  done
}
stop_copy() {
  [ -z "${copy-}" ] || { kill -KILL "$copy"; wait "$copy" || :; } 2> /dev/null
  [ -z "${work-}" ] || rm -rf "$work"
}
# Loads standard input. Whom objects name as their definer must exist to read them; here everybody may do everything.
load_copy() {
  ask copy "$database" 2> "$scratch/error" || return 1
  settle_copy
}
settle_copy() {
  value copy "SELECT DISTINCT CONCAT('CREATE USER IF NOT EXISTS ', account, '; GRANT ALL ON *.* TO ', account, ';')
    FROM (SELECT CONCAT(QUOTE(LEFT(definer, CHAR_LENGTH(definer) - 1 - CHAR_LENGTH(SUBSTRING_INDEX(definer, '@', -1)))),
      '@', QUOTE(SUBSTRING_INDEX(definer, '@', -1))) AS account
    FROM (SELECT definer FROM information_schema.views WHERE table_schema = '$database'
      UNION SELECT definer FROM information_schema.routines WHERE routine_schema = '$database'
      UNION SELECT definer FROM information_schema.triggers WHERE trigger_schema = '$database'
      UNION SELECT definer FROM information_schema.events WHERE event_schema = '$database') AS definers) AS accounts
    WHERE account <> '''root''@''localhost'''" > "$scratch/definers"
  ask copy < "$scratch/definers"
  choose copy "$database"
}
drill() {
  need=$(($(gunzip -c "$part" | wc -c) / 524288 + 200)) have=$(($(df -Pk "$folder" | awk 'NR == 2 { print $4 }') / 1024))
  [ $have -ge $need ] ||
    fail "to check the backup, its volume needs about $need MiB free and has $have; earlier backups are as they were"
  if [ "$1" != copy ]; then
    server=$(value live 'SELECT @@lower_case_table_names, @@innodb_page_size')
    # shellcheck disable=SC2086
    start_copy $server
  else
    value copy "DROP DATABASE \`$database\`"
    value copy "CREATE DATABASE \`$database\`"
  fi
  { rules; content_of "$part"; } | load_copy ||
    fail "the backup cannot be restored; earlier backups are as they were: $(cat "$scratch/error")"
  is_same "$part" || fail "the backup, once restored, is not what was dumped; earlier backups are as they were: \
$(difference "$work/dumped" "$work/restored")"
}
# Whether the copy's schema is what the file $1 holds; if not, $work has both texts.
is_same() {
  [ "$(content_of "$1" | sha256sum)" != "$(sum content copy "$database")" ] || return 0
  content_of "$1" | cut -c 1-120 > "$work/dumped"
  content copy "$database" 2>&1 | cut -c 1-120 > "$work/restored"
  return 1
}
