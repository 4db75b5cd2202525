# Makes, checks and lists backups. A backup has a final name only when it was loaded into a server of its own and was the
# same there; whatever ends the pod before leaves a hidden file or folder, and all earlier backups.
# shellcheck shell=sh disable=SC2034,SC2154,SC3028 # HOSTNAME comes from the kubelet; backup_script.py says the values; the scripts are one text

# Sets $scratch/warnings, and $scratch/omitted: views that cannot be read, which would end every dump. They are left out
# and named with each backup, because rows that are not backed up at all are worse. The argument is who: default live.
look() {
  : > "$scratch/omitted"
  value "${1-live}" "SELECT table_name FROM information_schema.tables WHERE table_schema = '$database'
    AND table_type = 'BASE TABLE' AND engine <> 'InnoDB' ORDER BY table_name" |
    sed 's/.*/table & is not InnoDB: its rows may not be of the same moment as the others/' > "$scratch/warnings"
  views="FROM information_schema.tables WHERE table_schema = '$database' AND table_type = 'VIEW' ORDER BY table_name"
  value "${1-live}" "SELECT CONCAT('SHOW FIELDS FROM \`', REPLACE(table_name, '\`', '\`\`'), '\`;') $views" > "$scratch/views"
  value "${1-live}" "SELECT CONCAT('ignore-table=\"', REPLACE(REPLACE(CONCAT(table_schema, '.', table_name), '\\\\',
    '\\\\\\\\'), '\"', '\\\\\"'), '\"') $views" > "$scratch/ignored"
  mysql "--defaults-file=$scratch/${1-live}.cnf" --force --default-character-set=utf8mb4 "$database" < "$scratch/views" \
    2>&1 > /dev/null | grep '^ERROR ' > "$scratch/invalid" || :
  while read -r line; do
    case $line in *' at line '*) ;; *) fail "the schema $database cannot be read: $line" ;; esac
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
    [ "$(content_of "$1" | sed -n '/^-- kubeauth: /p' | grep -c .)" = 4 ] && [ "$(content_of "$1" | tail -n 1)" = "$end" ]
}
# Gives what `content $1` prints a name, once it is a backup.
keep_() {
  part=$folder/.${HOSTNAME:-pod}.part log_place=
  [ "$1,$logged" != live,yes ] || log_place=$scratch/log-place
  { header; content "$1" "$database" 2> "$scratch/error"; } | gzip > "$part" || fail "the volume of backups is full"
  is_complete "$part" || fail "the dump is not complete; earlier backups are as they were: $(cat "$scratch/error")"
  # The drill reads the file without it.
  if [ -n "$log_place" ]; then place_line >> "$part"; fi
  log_place=
  if [ "$verify" = yes ]; then drill "$1"; fi
  sync "$part"
  name=$database-$(date -u +%Y%m%dT%H%M%SZ).sql.gz
  touch "$part"
  mv "$part" "$folder/$name"
  sync "$folder"
  backups | sort -r | tail -n "+$((keep + 1))" | while read -r old; do rm -f "$folder/$old"; done
}
# Which server's binary log goes on where this ends: the last line.
place_line() {
  place=$(sed -n "s/^-- CHANGE REPLICATION SOURCE TO SOURCE_LOG_FILE='\([^']*\)', SOURCE_LOG_POS=\([0-9]*\);.*/\1 \2/p" \
    "$scratch/log-place")
  [ -n "$place" ] || fail "the dump does not say where in the binary log it is"
  server=$(value live 'SELECT @@server_uuid')
  say "-- kubeauth: position $server $place" | gzip
}
backup() { for_each backup_; }
backup_() {
  start
  reader
  look "$from"
  choose "$from" "$database"
  keep_ "$from"
  list_ "$name"
}

backups() {
  find "$folder" -type f -name "$database-*.sql.gz" | sed 's/.*\///' | grep "^$database-[0-9]\{8\}T[0-9]\{6\}Z\.sql\.gz$" | sort || :
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
  for_each list_all
  # Written for this job, and for no later one.
  rm -f "$folder/.in-bucket"
}
list_all() {
  backups | while read -r name; do list_ "$name"; done > "$scratch/list"
  cat "$scratch/list"
  last=$(grep ' verified ' "$scratch/list" | grep -v ' not verified' | tail -n 1 | cut -d ' ' -f 1)
  if [ -n "$last" ]; then
    say "The last good backup of $database is $((($(date +%s) - $(date -r "$folder/$last" +%s)) / 60)) minutes old."
  elif [ -s "$scratch/list" ]; then
    say "No backup of $database was verified."
  fi
  list_bucket
  connect
  kept_
}
# What the bucket has and the volume has not, or why it cannot be read.
list_bucket() {
  [ -e "$folder/.in-bucket" ] || return 0
  sed -n 's/^error: /The bucket is not known: /p' "$folder/.in-bucket"
  sed -n 's/^until \(....\)\(..\)\(..T..\)\(..\)\(..Z\)$/The last second that can be restored is \1-\2-\3:\4:\5./p' "$folder/.in-bucket"
  grep "^$database-[0-9]\{8\}T[0-9]\{6\}Z\.sql\.gz " "$folder/.in-bucket" | sort > "$scratch/bucket" || :
  while read -r name bytes; do
    [ -e "$folder/$name" ] || say "$name $bytes in the bucket only"
  done < "$scratch/bucket"
  say "The bucket has $(wc -l < "$scratch/bucket") backups of $database."
}
