# Loads backups into a database's new data directory, before its server starts for the first time. The mark goes when all
# is there; with it, whatever ended this makes the next start begin anew with an empty directory.
# shellcheck shell=sh disable=SC2034,SC2154 # bucket.py says the values; the scripts are one text

fill() {
  [ -e "$unfilled" ] || exit 0
  work=$folder
  : > "$scratch/omitted"
  : > "$work/log"
  trap stop_copy EXIT
  more=$replaying
  serve_copy "${unfilled%/*}"
  for each in $schemas; do
    of "$each"
    value copy "CREATE DATABASE \`$database\`"
    { rules; content_of "$folder/$database.sql.gz"; } | load_copy ||
      fail "the backup of $database cannot be loaded: $(cat "$scratch/error")"
    is_same "$folder/$database.sql.gz" ||
      fail "$database, once loaded, is not what the backup holds: $(difference "$work/dumped" "$work/restored")"
    [ ! -d "$folder/$database.logs" ] || {
      replay "$folder/$database.sql.gz" "$folder/$database.logs" "$second"
      events_off
    }
  done
  # Made to compare: the accounts come from the inputs.
  value copy "SELECT CONCAT('DROP USER ', QUOTE(user), '@', QUOTE(host), ';') FROM mysql.user
    WHERE user NOT LIKE 'mysql.%' AND user <> 'root'" > "$scratch/definers"
  ask copy < "$scratch/definers"
  value copy 'RESET BINARY LOGS AND GTIDS'
  value copy 'SHUTDOWN'
  wait "$copy"
  copy=
  rm -r "$folder"
  sync -f "${unfilled%/*}"
  rm "$unfilled"
  sync -f "${unfilled%/*}"
  say "The database begins with the backups."
}
