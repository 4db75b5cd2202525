# Makes, checks and lists backups. A backup has a final name only when it was loaded into a server of its own and was the
# same there; whatever ends the pod before leaves a hidden file or folder, and all earlier backups.

connect() {
  read_key backup-password
  client "$DATABASE_HOST" "$port" "$user" "$text" > "$scratch/live.cnf"
  printf '%s\n' '[mysql]' connect-timeout=10 >> "$scratch/live.cnf"
  # A new pod's traffic may be refused until the node knows its NetworkPolicy.
  tries=60
  until value live 'SELECT 1' > /dev/null 2> "$scratch/error"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || fail "$(cat "$scratch/error")"
    sleep 1
  done
}
# One job at a time. The lock is a session's: the server takes it back when the job is gone, however it went.
start() {
  connect
  : > "$scratch/lock"
  : > "$scratch/omitted"
  say "SELECT GET_LOCK('$user $database', 30); SELECT SLEEP(31536000);" > "$scratch/lock.sql"
  mysql "--defaults-file=$scratch/live.cnf" --batch --skip-column-names --unbuffered \
    < "$scratch/lock.sql" > "$scratch/lock" 2> /dev/null &
  holder=$!
  trap tidy EXIT
  until [ -s "$scratch/lock" ]; do
    kill -0 $holder 2> /dev/null || fail "the server closed the connection"
    sleep 1
  done
  [ "$(cat "$scratch/lock")" = 1 ] || fail "another job makes or restores a backup of $database; nothing was changed"
  # Nobody else is at work, so this is what killed jobs left.
  rm -rf "$folder"/.*.part "$folder"/.copy-*
  recover
}
tidy() {
  [ -z "${globals-}" ] || forbid || :
  kill "$holder" 2> /dev/null || :
  stop_copy
  rm -rf "$folder/.${HOSTNAME:-pod}.part"
}

# A server of its own, on the backups' volume, that only this pod reaches.
start_copy() {
  work=$folder/.copy-${HOSTNAME:-pod}
  mkdir "$work"
  # Names and the largest row are as the server's.
  same="--lower-case-table-names=$1 --innodb-page-size=$2"
  # shellcheck disable=SC2086 # words without blanks
  mysqld --no-defaults --initialize-insecure "--datadir=$work/data" $small $same > "$work/log" 2>&1 ||
    fail "no server to check with could be made: $(grep -m 1 ERROR "$work/log" || tail -n 1 "$work/log")"
  # shellcheck disable=SC2086
  mysqld --no-defaults "--datadir=$work/data" $small $same --skip-networking --mysqlx=OFF "--socket=$scratch/copy.sock" \
    "--pid-file=$scratch/copy.pid" "--tmpdir=$work" --secure-file-priv=NULL --skip-log-bin --event-scheduler=OFF \
    --max-allowed-packet=1G --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF >> "$work/log" 2>&1 &
  copy=$!
  printf '%s\n' '[client]' user=root "socket=$scratch/copy.sock" > "$scratch/copy.cnf"
  until value copy 'SELECT 1' > /dev/null 2>&1; do
    kill -0 $copy 2> /dev/null || fail "the server to check with ended: $(grep -m 1 ERROR "$work/log" || :)"
    sleep 1
  done
  value copy "CREATE DATABASE \`$database\`"
}
stop_copy() {
  [ -z "${copy-}" ] || { kill -KILL "$copy"; wait "$copy" || :; } 2> /dev/null
  [ -z "${work-}" ] || rm -rf "$work"
}
# Loads standard input. Whom objects name as their definer must exist to read them; here everybody may do everything.
load_copy() {
  ask copy "$database" 2> "$scratch/error" || return 1
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

# Sets $scratch/warnings, and $scratch/omitted: views that cannot be read, which would end every dump. They are left out
# and named with each backup, because rows that are not backed up at all are worse.
look() {
  : > "$scratch/omitted"
  value live "SELECT table_name FROM information_schema.tables WHERE table_schema = '$database'
    AND table_type = 'BASE TABLE' AND engine <> 'InnoDB' ORDER BY table_name" |
    sed 's/.*/table & is not InnoDB: its rows may not be of the same moment as the others/' > "$scratch/warnings"
  views="FROM information_schema.tables WHERE table_schema = '$database' AND table_type = 'VIEW' ORDER BY table_name"
  value live "SELECT CONCAT('SHOW FIELDS FROM \`', REPLACE(table_name, '\`', '\`\`'), '\`;') $views" > "$scratch/views"
  value live "SELECT CONCAT('ignore-table=\"', REPLACE(REPLACE(CONCAT(table_schema, '.', table_name), '\\\\',
    '\\\\\\\\'), '\"', '\\\\\"'), '\"') $views" > "$scratch/ignored"
  mysql "--defaults-file=$scratch/live.cnf" --force --default-character-set=utf8mb4 "$database" < "$scratch/views" \
    2>&1 > /dev/null | grep '^ERROR ' > "$scratch/invalid" || :
  while read -r line; do
    number=${line#* at line }
    sed -n "${number%%:*}p" "$scratch/ignored" >> "$scratch/omitted"
    say "a view is not in the backup: ${line#*: } (error $(say "$line" | cut -d ' ' -f 2))" >> "$scratch/warnings"
  done < "$scratch/invalid"
}
header() {
  say "-- kubeauth: backup of $database, $(date -u +%Y-%m-%dT%H:%M:%SZ)"
  [ "$verify" = yes ] && say '-- kubeauth: was restored and compared' || :
  sed 's/^/-- kubeauth: warning: /' "$scratch/warnings"
  say "$begin"
}
is_complete() {
  gzip -t "$1" 2> /dev/null && [ "$(gunzip -c "$1" | sed -n '1s/of .*//p')" = '-- kubeauth: backup ' ] &&
    [ "$(content_of "$1" | grep -c '^-- kubeauth: ')" = 4 ] && [ "$(content_of "$1" | tail -n 1)" = "$end" ]
}
# Gives what `content $1` prints a name, once it is a backup.
keep_() {
  part=$folder/.${HOSTNAME:-pod}.part
  { header; content "$1" "$database" 2> "$scratch/error"; } | gzip > "$part" || fail "the volume of backups is full"
  is_complete "$part" || fail "the dump is not complete; earlier backups are as they were: $(cat "$scratch/error")"
  if [ "$verify" = yes ]; then drill "$1"; fi
  sync "$part"
  name=$database-$(date -u +%Y%m%dT%H%M%SZ).sql.gz
  touch "$part"
  mv "$part" "$folder/$name"
  sync "$folder"
  backups | sort -r | tail -n "+$((keep + 1))" | while read -r old; do rm -f "$folder/$old"; done
}
drill() {
  need=$(($(gunzip -c "$part" | wc -c) / 524288 + 200)) have=$(($(df -Pk "$folder" | awk 'NR == 2 { print $4 }') / 1024))
  [ $have -ge $need ] ||
    fail "to check the backup, its volume needs about $need MiB free and has $have; earlier backups are as they were"
  if [ "$1" = live ]; then
    server=$(value live 'SELECT @@lower_case_table_names, @@innodb_page_size')
    # shellcheck disable=SC2086
    start_copy $server
  else
    value copy "DROP DATABASE \`$database\`"
    value copy "CREATE DATABASE \`$database\`"
  fi
  { rules; content_of "$part"; } | load_copy ||
    fail "the backup cannot be restored; earlier backups are as they were: $(cat "$scratch/error")"
  if [ "$(content_of "$part" | sha256sum)" != "$(sum content copy "$database")" ]; then
    content_of "$part" | cut -c 1-120 > "$work/dumped"
    content copy "$database" 2>&1 | cut -c 1-120 > "$work/restored"
    fail "the backup, once restored, is not what was dumped; earlier backups are as they were: \
$(difference "$work/dumped" "$work/restored")"
  fi
}
backup() {
  start
  look
  choose live "$database"
  keep_ live
  list_ "$name"
}

backups() {
  ls -1 "$folder" | grep "^$database-[0-9]\{8\}T[0-9]\{6\}Z\.sql\.gz$" | sort || :
}
# Name, bytes, when it was verified, warnings.
list_() {
  gunzip -c "$folder/$1" 2> /dev/null | sed "/^$begin\$/q" > "$scratch/head"
  state='not verified'
  if grep -q '^-- kubeauth: was restored' "$scratch/head"; then
    state="verified $(date -u -r "$folder/$1" +%Y-%m-%dT%H:%M:%SZ)"
  fi
  say "$1 $(wc -c < "$folder/$1") $state$(sed -n 's/^-- kubeauth: warning: /; warning: /p' "$scratch/head" | tr -d '\n')"
}
list() {
  backups | while read -r name; do list_ "$name"; done > "$scratch/list"
  cat "$scratch/list"
  last=$(grep ' verified ' "$scratch/list" | grep -v ' not verified' | tail -n 1 | cut -d ' ' -f 1)
  if [ -n "$last" ]; then
    say "The last good backup is $((($(date +%s) - $(date -r "$folder/$last" +%s)) / 60)) minutes old."
  elif [ -s "$scratch/list" ]; then
    say 'No backup was verified.'
  fi
  connect
  kept_
}
