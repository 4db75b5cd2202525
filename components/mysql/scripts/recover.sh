# What a restore does after its tables changed places, and what another job does with a restore that was ended before.
# shellcheck shell=sh disable=SC2034,SC2154 # backup_script.py says the values; the scripts are one text

recover() {
  [ -z "$(value live "SELECT 1 FROM information_schema.schemata WHERE schema_name = '$beside'")" ] || undo
  for old in $(kept); do
    [ -z "$(value live "SELECT 1 FROM information_schema.tables WHERE table_schema = '$old' AND table_name = '$marker'")" ] ||
      [ -n "$(value live "SELECT 1 FROM \`$old\`.$marker WHERE done = 2")" ] || finish "$old"
  done
}
# Nothing has changed places: the living schema gets back what was dropped for it, if that was.
undo() {
  if [ -n "$(has "$beside")" ]; then
    value live "SELECT old FROM \`$beside\`.$marker" > "$scratch/old"
    look
    choose live "$database"
    sed "/^$end\$/q" "$scratch/old" > "$scratch/text"
    if [ -s "$scratch/old" ] && [ "$(sum objects live "$database")" != "$(sum cat "$scratch/text")" ]; then
      allow
      { say "USE \`$database\`;"; plain < "$scratch/old"; } > "$scratch/sql"
      send < "$scratch/sql" || fail "a restore that did not finish cannot be undone: $(cat "$scratch/error")"
      forbid
    fi
    empty=$(value live "SELECT keeps FROM \`$beside\`.$marker")
    [ -z "$empty" ] || value live "DROP DATABASE IF EXISTS \`$empty\`"
  fi
  value live "DROP DATABASE \`$beside\`"
  say "A restore that did not finish was undone." >&2
}
# The tables have changed places: the rest follows, unless it has (1), and is made exact, unless it is (2).
finish() {
  value live "SELECT new FROM \`$1\`.$marker" > "$scratch/new"
  if [ "$(value live "SELECT done FROM \`$1\`.$marker")" = 0 ]; then
    {
      say "USE \`$database\`;"
      part_of "$triggers" "$others" < "$scratch/new" | plain
      rebuild "$scratch/new"
      say "UPDATE \`$1\`.$marker SET done = 1;"
    } > "$scratch/sql"
    allow
    send < "$scratch/sql" || fail "a restore has put all tables in place, but not all else: $(cat "$scratch/error")"
    forbid
  fi
  exact "$1"
  say "A restore that did not finish was finished; $1 holds what it replaced." >&2
}
# In one piece the server takes a body of one statement with its semicolon: the client sends what is left of that again.
exact() {
  look
  choose live "$database"
  if [ "$(sum cat "$scratch/new")" != "$(sum objects live "$database")" ]; then
    allow
    {
      rules
      say "SET SESSION lock_wait_timeout = $patience;"
      part_of "$triggers" "$others" < "$scratch/new" > "$scratch/triggers"
      if [ "$(grep -c '^ALTER DATABASE ' "$scratch/triggers")" = 1 ]; then
        sed -n 2p "$scratch/triggers"
        tables_in "$database" '' ' WRITE' | sed '1s/^/LOCK TABLES /; $!s/$/,/; $s/$/;/'
        sed '/^ALTER DATABASE /d' "$scratch/triggers"
        say 'UNLOCK TABLES;'
      else
        cat "$scratch/triggers"
      fi
      sed -n "/^$others\$/,\$p" "$scratch/new"
    } > "$scratch/sql"
    ask live "$database" < "$scratch/sql" > /dev/null
    forbid
  fi
  value live "UPDATE \`$1\`.$marker SET done = 2"
}
# Global, because a session cannot: large values, and triggers where the server writes a binary log.
allow() {
  # Once, because a restore that fails undoes itself in between.
  [ -n "${globals-}" ] || globals=$(value live "SELECT CONCAT('SET GLOBAL max_allowed_packet = ',
    @@GLOBAL.max_allowed_packet, ', GLOBAL log_bin_trust_function_creators = ',
    @@GLOBAL.log_bin_trust_function_creators)")
  value live 'SET GLOBAL max_allowed_packet = 1073741824, GLOBAL log_bin_trust_function_creators = 1' 2> /dev/null
}
forbid() { value live "$globals" 2> /dev/null; }
