# A dump from elsewhere becomes a backup: a server of its own reads it, so that the living one never does.
# shellcheck shell=sh disable=SC2034,SC2154 # backup_script.py says the values; the scripts are one text

# Into the first schema, the application's, or the one that is the second argument.
# Waits for a file of so many bytes that somebody sends into the volume, then imports it; nothing of it stays there.
receive() {
  received=$folder/$1
  trap 'rm -f "$received"' EXIT
  have=0 left=60
  until [ "$have" = "$2" ]; do
    sleep 1
    had=$have
    [ ! -f "$received" ] || have=$(wc -c < "$received")
    left=$((have == had ? left - 1 : 60))
    [ $left -gt 0 ] || fail "of the file's $2 bytes $have arrived, then none for a minute; nothing was changed"
  done
  import_ "$1"
}
import_() {
  of "${2-${schemas%% *}}"
  [ -f "$folder/$1" ] || fail "there is no file $1 in the volume of backups"
  start
  server=$(value live 'SELECT @@lower_case_table_names, @@innodb_page_size')
  # shellcheck disable=SC2086
  start_copy $server
  case $1 in *.gz) gunzip -c "$folder/$1" ;; *) cat "$folder/$1" ;; esac > "$work/dump" || fail "$1 cannot be read"
  several=$(grep '^USE `' "$work/dump" | sort -u | tr '\n' ' ' || :)
  [ "$(say "$several" | grep -o 'USE `' | grep -c .)" -lt 2 ] ||
    fail "the dump holds several schemas, make one of each; nothing was changed: $several"
  unknown=$(grep -v '^INSERT \|^(' "$work/dump" | grep -o 'utf8mb[34]_[a-z]*_*uca1400[a-z_]*\|uca1400[a-z_]*' | sort -u |
    grep -v '^utf8mb4_uca1400_ai_ci$\|^uca1400_ai_ci$' | tr '\n' ' ' || :)
  [ -z "$unknown" ] || fail "MySQL has no collations like MariaDB's $unknown; nothing was changed"
  { rules; foreign < "$work/dump"; } | load_copy ||
    fail "the dump cannot be loaded; nothing was changed: $(cat "$scratch/error")"
  rm "$work/dump"
  : > "$scratch/warnings"
  keep_ copy
  list_ "$name"
}
# Leaves out the name of the dump's schema and what only its own server needs. Lines with rows stay as they are.
foreign() {
  awk '
    /^INSERT |^\(/ { print; next }
    /^\/\*M?!999999.*sandbox/ || /^USE `/ || /^CREATE DATABASE / || /^\/\*!40000 DROP DATABASE / { next }
    /^SET @@GLOBAL.GTID_PURGED|^SET @@SESSION.SQL_LOG_BIN|^SET @MYSQLDUMP_TEMP_LOG_BIN/ { own = 1 }
    own { if (/;$/) own = 0; next }
    { gsub(/utf8mb4_uca1400_ai_ci/, "utf8mb4_0900_ai_ci"); print }'
}
