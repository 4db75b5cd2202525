# A dump from elsewhere becomes a backup: a server of its own reads it, so that the living one never does.
import_() {
  [ -f "$folder/$1" ] || fail "there is no file $1 in the volume of backups"
  start
  server=$(value live 'SELECT @@lower_case_table_names, @@innodb_page_size')
  # shellcheck disable=SC2086
  start_copy $server
  case $1 in *.gz) gunzip -c "$folder/$1" ;; *) cat "$folder/$1" ;; esac > "$work/dump"
  unknown=$(grep -o 'utf8mb[34]_[a-z]*_*uca1400[a-z_]*\|uca1400[a-z_]*' "$work/dump" | sort -u |
    grep -v '^utf8mb4_uca1400_ai_ci$\|^uca1400_ai_ci$' | tr '\n' ' ' || :)
  [ -z "$unknown" ] || fail "MySQL has no collations like MariaDB's $unknown; nothing was changed"
  # Its own schema's name is not ours; what only its own server needs is left out.
  {
    rules
    sed -e '/^\/\*M\{0,1\}!999999.*sandbox/d' -e '/GTID_PURGED/,/;$/d' -e '/SQL_LOG_BIN/d' -e '/^USE `/d' \
      -e '/^CREATE DATABASE /d' -e 's/utf8mb4_uca1400_ai_ci/utf8mb4_0900_ai_ci/g' "$work/dump"
  } | load_copy || fail "$1 cannot be loaded; nothing was changed: $(cat "$scratch/error")"
  rm "$work/dump"
  : > "$scratch/warnings"
  keep_ copy
  list_ "$name"
}
