# Restores. The backup is loaded into a schema beside the living one and compared; then all tables change places in one
# statement. The table $marker moves with them, so where it is tells whether they did; it holds all that the living schema
# has besides tables, and what it shall have, so a restore that was ended at any moment is undone or finished by the next.
# shellcheck shell=sh disable=SC2034,SC2154 # backup_script.py says the values; the scripts are one text

# Lists of the schema $1: each line is $2, the quoted `schema`.`name`, $3.
tables_in() { names "$1" "$2" "$3" "table_name" tables "table_schema" "AND table_type = 'BASE TABLE'"; }
names() {
  value live "SELECT CONCAT('$2', '\`', $6, '\`.\`', REPLACE($4, '\`', '\`\`'), '\`', '$3')
    FROM information_schema.$5 WHERE $6 = '$1' ${7-} ORDER BY $4"
}
has() { value live "SELECT 1 FROM information_schema.tables WHERE table_schema = '$1' AND table_name = '$marker'"; }
kept() {
  value live "SELECT schema_name FROM information_schema.schemata
    WHERE schema_name REGEXP '^${before}[0-9]{8}t[0-9]{6}z\$' ORDER BY schema_name"
}
kept_() {
  for old in $(kept); do
    size=$(value live "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables
      WHERE table_schema = '$old'")
    say "$old holds what a restore replaced, $size bytes; drop-old removes it."
  done
}
# Text for the server's own parser: without the client's delimiters, so that it goes there as one piece and what the
# client comes to afterwards does not matter.
# Without the comments round triggers and events, too: their end would become part of the body there.
plain() {
  LC_ALL=C awk '
    /^DELIMITER / || /^-- kubeauth: / { next }
    /^\/\*!50[0-9]* CREATE\*\/ \/\*!50[0-9]* DEFINER=.*\*\/ \/\*!50[0-9]* (TRIGGER|EVENT) / {
      sub(/^\/\*!50[0-9]* CREATE\*\/ \/\*!50[0-9]* /, "CREATE "); sub(/\*\/ \/\*!50[0-9]* /, " "); inside = 1
    }
    inside && / \*\/ ?;;$/ { sub(/ \*\/ ?;;$/, ";;"); inside = 0 }
    { sub(/;;$/, ";"); print }'
}
send() { ask live "--delimiter=kubeauth_$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')" > /dev/null 2> "$scratch/error"; }
part_of() { sed -n "/^$1\$/,/^$2\$/p"; }
# What the living schema has besides tables and triggers goes, and what is in the file $1 comes.
rebuild() {
  names "$database" 'DROP EVENT ' ';' event_name events event_schema
  names "$database" 'DROP VIEW ' ';' table_name views table_schema
  names "$database" 'DROP PROCEDURE ' ';' routine_name routines routine_schema "AND routine_type = 'PROCEDURE'"
  names "$database" 'DROP FUNCTION ' ';' routine_name routines routine_schema "AND routine_type = 'FUNCTION'"
  say "USE \`$database\`;"
  sed -n "/^$others\$/,\$p" "$1" | plain
}

restore() {
  file=$folder/$1 force=${2-}
  # The name begins with the schema's.
  for each in $schemas; do
    [ "${1%-*}" != "$each" ] || of "$each"
  done
  [ -n "${database-}" ] || fail "there is no backup $1"
  backups | grep -qFx -e "$1" || fail "there is no backup $1"
  [ "$(gunzip -c "$file" 2> /dev/null | tail -n 1)" != '-- Dump completed' ] ||
    fail "$1 was made by an earlier version of kubeauth; nothing was changed"
  is_complete "$file" || fail "$1 is damaged; nothing was changed"
  start
  refuse_rows
  put_back "$1"
}
refuse_rows() {
  [ "$force" != force ] || return 0
  tables_in "$database" 'SELECT 1 FROM ' ' LIMIT 1;' > "$scratch/sql"
  rows=$(ask live < "$scratch/sql")
  [ -z "$rows" ] || fail "the schema $database has rows; nothing was changed"
}
# Puts $file, the backup $1, in the place of the living schema.
put_back() {
  rehearse
  swap
  objects_of "$file" > "$scratch/new"
  exact "$old"
  value live "DROP DATABASE IF EXISTS \`$beside\`"
  objects live "$database" > "$scratch/found"
  first=$(difference "$scratch/new" "$scratch/found")
  [ -z "$first" ] || fail "all rows are back, but not all views, triggers, routines and events are as in the backup: $first"
  restored
  say "$(tables_in "$database" '' '' | wc -l) tables are as in $1."
  say "$old holds the content from before; drop-old removes it."
}
rehearse() {
  value live "CREATE DATABASE \`$beside\`"
  allow
  { rules; tables_of "$file"; objects_of "$file" | sed "/^$events\$/,\$d"; } |
    ask live "$beside" 2>&1 > /dev/null | tail -n 1 > "$scratch/error" || :
  [ ! -s "$scratch/error" ] || refuse "the backup cannot be loaded: $(cat "$scratch/error")"
  choose live "$beside"
  # Events would run here.
  [ "$(content_of "$file" | sed "/^$events\$/,\$d" | sha256sum)" = \
    "$(content live "$beside" 2> "$scratch/error" | sed "/^$events\$/,\$d" | sha256sum)" ] ||
    refuse "loaded into $beside it is not the same: $(cat "$scratch/error")"
  names "$beside" 'DROP TRIGGER ' ';' trigger_name triggers trigger_schema > "$scratch/sql"
  ask live < "$scratch/sql"
  forbid
}
refuse() {
  # A server that ended has forgotten both; what stays of the schema beside the living one goes with the next job.
  { forbid && value live "DROP DATABASE \`$beside\`"; } 2> /dev/null || :
  fail "$1; nothing was changed"
}
hex() { od -An -v -tx1 "$1" | tr -d ' \n'; }
swap() {
  movable
  old=$before$(date -u +%Y%m%dt%H%M%Sz)
  look
  choose live "$database"
  objects live "$database" > "$scratch/old"
  [ "$(tail -n 1 "$scratch/old")" = "$end" ] || refuse "the living schema's views and routines cannot be read"
  # For the eye alone: views that are invalid cannot be made anew.
  value live "SELECT CONCAT('-- kubeauth: view ', table_name, ' AS ', view_definition) FROM information_schema.views
    WHERE table_schema = '$database'" >> "$scratch/old"
  objects_of "$file" > "$scratch/new"
  {
    # One row, with a key, as some servers demand.
    say "CREATE TABLE \`$beside\`.$marker (id INT PRIMARY KEY, old LONGTEXT, new LONGTEXT, keeps VARCHAR(64), done INT)
      CHARACTER SET utf8mb4;"
    say "CREATE DATABASE \`$old\`;"
    printf '%s' "INSERT INTO \`$beside\`.$marker VALUES (1, CONVERT(x'"
    hex "$scratch/old"
    printf '%s' "' USING utf8mb4), CONVERT(x'"
    hex "$scratch/new"
    say "' USING utf8mb4), '$old', 0);"
  } > "$scratch/sql"
  ask live < "$scratch/sql"
  allow
  {
    say "SET SESSION lock_wait_timeout = $patience, foreign_key_checks = 0, restrict_fk_on_non_standard_key = 0;"
    # With GTIDs the server logs no statement that moves tables of several engines.
    value live "SELECT 'SET SESSION sql_log_bin = 0;' FROM information_schema.tables
      WHERE table_schema IN ('$database', '$beside') AND table_type = 'BASE TABLE' AND engine <> 'InnoDB'
      AND @@GLOBAL.gtid_mode <> 'OFF' LIMIT 1"
    # A view cannot be dropped while tables are locked; only those go before whose name a table needs.
    names "$database" 'DROP VIEW ' ';' table_name views table_schema \
      "AND table_name IN (SELECT table_name FROM information_schema.tables WHERE table_schema = '$beside'
        AND table_type = 'BASE TABLE')"
    # Nor can the schema's collation be altered.
    say "USE \`$database\`;"
    part_of "$triggers" "$others" < "$scratch/new" | sed -n 2p
    # Nobody writes between the triggers' end and the tables' move, nor before the new triggers are there.
    say 'LOCK TABLES'
    { tables_in "$database" '' ' WRITE'; tables_in "$beside" '' ' WRITE'; } | sed '$!s/$/,/'
    say ';'
    names "$database" 'DROP TRIGGER ' ';' trigger_name triggers trigger_schema
    say 'RENAME TABLE'
    {
      moves "$database" "$old"
      moves "$beside" "$database" "AND table_name <> '$marker'"
      say "\`$beside\`.$marker TO \`$old\`.$marker"
    } | sed '$!s/$/,/'
    say ';'
    part_of "$triggers" "$others" < "$scratch/new" | plain | sed '/^ALTER DATABASE /d'
    say 'UNLOCK TABLES;'
    rebuild "$scratch/new"
    say "UPDATE \`$old\`.$marker SET done = 1;"
  } > "$scratch/sql"
  send < "$scratch/sql" || {
    cp "$scratch/error" "$scratch/why"
    moved=$(has "$old")
    recover
    forbid
    [ -n "$moved" ] || fail "a table is in use for longer than $patience s, or cannot be moved; nothing was changed: \
$(cat "$scratch/why")"
  }
  forbid
}
moves() {
  value live "SELECT CONCAT('\`$1\`.\`', REPLACE(table_name, '\`', '\`\`'), '\` TO \`$2\`.\`',
    REPLACE(table_name, '\`', '\`\`'), '\`') FROM information_schema.tables
    WHERE table_schema = '$1' AND table_type = 'BASE TABLE' ${3-} ORDER BY table_name"
}
drop_old() { for_each drop_old_; }
drop_old_() {
  start
  for old in $(kept); do
    value live "DROP DATABASE \`$old\`"
    say "$old is gone."
  done
}
