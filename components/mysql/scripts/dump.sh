# Text of a schema. Equal schemas have equal text: no dates, no comments, rows in order; and no schema's name is in it.
# `who` is the name of an option file in $scratch: `live` or `copy`.
# shellcheck shell=sh disable=SC2034,SC2154 # backup_script.py says the values; the scripts are one text

# What follows is about this schema.
of() { database=$1 beside=$(beside_of "$1")__restore before=$(beside_of "$1")__before_; }
# Some shells' echo reads backslashes.
say() { printf '%s\n' "$*"; }
# SQL comes from standard input. Comments are kept, because bodies of routines have some.
ask() {
  mysql "--defaults-file=$scratch/$1.cnf" --batch --raw --skip-column-names --comments --max-allowed-packet=1G \
    --default-character-set=utf8mb4 ${2+"$2"}
}
# One value. An assignment of its own, so that a failed question ends the script.
value() { say "$2" | ask "$1"; }

# Writes the option files that leave out views ($1-rows.cnf) or tables ($1-rest.cnf) of the schema $2, and the views in
# $omitted. A name is quoted as option files want it.
choose() {
  for kind in rows rest; do
    if [ $kind = rows ]; then type="= 'VIEW'"; else type="<> 'VIEW'"; fi
    {
      cat "$scratch/$1.cnf"
      say '[mysqldump]'
      say "ignore-table=\"$2.$marker\""
      # Where a place in the binary log is asked for, everybody waits for a moment; not for whoever holds a table for long.
      [ "${logged-}" != yes ] || say "loose-init-command=\"SET SESSION lock_wait_timeout = $patience\""
      say "SELECT CONCAT('ignore-table=\"', REPLACE(REPLACE(CONCAT(table_schema, '.', table_name),
        '\\\\', '\\\\\\\\'), '\"', '\\\\\"'), '\"') FROM information_schema.tables
        WHERE table_schema = '$2' AND table_type $type;" > "$scratch/sql"
      ask "$1" < "$scratch/sql"
    } > "$scratch/$1-$kind.cnf"
  done
  cat "$scratch/omitted" >> "$scratch/$1-rest.cnf"
}
# Arguments: who, `rows` or `rest`, the schema, more options.
mysqldump_() {
  who=$1 kind=$2 of=$3
  shift 3
  mysqldump "--defaults-file=$scratch/$who-$kind.cnf" --single-transaction --quick --hex-blob --no-tablespaces \
    --loose-skip-masking-policies --set-gtid-purged=OFF --skip-add-locks --order-by-primary --skip-comments \
    --max-allowed-packet=1G --default-character-set=utf8mb4 "$@" "$of"
}
# One transaction sees one moment of all tables and locks nobody out.
# With $log_place set, the place in the server's binary log of that moment is written there.
tables() {
  [ -n "${log_place-}" ] || { mysqldump_ "$1" rows "$2" --skip-triggers; return; }
  rm -f "$scratch/broken"
  { mysqldump_ "$1" rows "$2" --skip-triggers --source-data=2 || : > "$scratch/broken"; } |
    LC_ALL=C sed -e "/^-- CHANGE REPLICATION SOURCE TO SOURCE_LOG_FILE=/{w $log_place" -e 'd' -e '}'
  [ ! -e "$scratch/broken" ]
}
# The lines that part a backup.
begin='-- kubeauth: content'
triggers='-- kubeauth: triggers'
others='-- kubeauth: routines and views'
events='-- kubeauth: events'
end='-- kubeauth: end'
# What is made later keeps its schema's collation of that moment. For where that was another, mysqldump alters the schema
# by its name, which is left out here.
collation() {
  value "$1" "SELECT CONCAT('ALTER DATABASE CHARACTER SET ', default_character_set_name, ' COLLATE ',
    default_collation_name, ';') FROM information_schema.schemata WHERE schema_name = '$2'"
}
nameless() { sed "s/^ALTER DATABASE \`$1\` /ALTER DATABASE /"; }
# All besides tables, in the order in which a restore needs it; loading it twice gives what loading it once gives. Only
# what is whole has the last line.
objects() { objects_ "$1" "$2" | nameless "$2"; }
objects_() {
  say "$triggers"
  collation "$1" "$2" || return 1
  mysqldump_ "$1" rows "$2" --no-data --no-create-info --triggers --add-drop-trigger || return 1
  say "$others"
  mysqldump_ "$1" rest "$2" --no-data --routines --skip-triggers || return 1
  say "$events"
  mysqldump_ "$1" rest "$2" --no-data --no-create-info --skip-triggers --events || return 1
  say "$end"
}
# The lines of a backup, after those that are about it.
content() { collation "$1" "$2" && tables "$1" "$2" && objects "$1" "$2"; }
# Equal text has an equal sum; what fails has one of its own.
sum() { { "$@" || say "failed: $*"; } | sha256sum; }
# The first line of the file $2 that the file $1 has not there; both are shortened lines of a text.
difference() { awk -v other="$1" '{ getline line < other; if (line != $0) { print "line " NR ": " $0; exit } }' "$2"; }
content_of() { gunzip -c "$1" | sed "1,/^$begin\$/d; /^$end\$/q" | definers; }
# As whom views, triggers, routines and events run: as the backup says. Several servers know one account only.
definers() { cat; }
tables_of() { content_of "$1" | sed "/^$triggers\$/,\$d"; }
objects_of() { content_of "$1" | sed -n "/^$triggers\$/,\$p"; }
# What is loaded may be older than the server's rules, and its order is not that of foreign keys.
rules() {
  say "SET SESSION foreign_key_checks = 0, unique_checks = 0, sql_require_primary_key = 0, innodb_strict_mode = 0,
    sql_generate_invisible_primary_key = 0, restrict_fk_on_non_standard_key = 0;"
}
