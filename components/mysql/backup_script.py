"""The shell script of a database's backup pod: it writes, lists, verifies and restores backups.

A backup has a final name only when it is complete, verified and on the disk; whatever ends the pod before that leaves a
hidden `.part` file, and all earlier backups.
"""

from . import accounts

UNFINISHED = "kubeauth_restore"
"""A table that is in the schema while a restore is not complete; no backup is made then, so no good one is pruned."""

_SCRIPT = r"""
# Arguments: how `ask` calls the account, its name and password.
account() {
  client "$DATABASE_HOST" "$port" "$2" "$3" > "$scratch/$1.cnf"
  printf '%s\n' '[mysql]' "database=$database" >> "$scratch/$1.cnf"
}
as_application() {
  read_key username; double \\; user=$text
  read_key password; double \\; account app "$user" "$text"
}
as_reader() { read_key password; derive; account read kubeauth_backup "$text"; }
# A new pod's traffic may be refused until the node knows its NetworkPolicy.
connect() {
  tries=60
  until echo 'SELECT 1' | ask "$1" > /dev/null 2> "$scratch/error"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || fail "$(cat "$scratch/error")"
    sleep 1
  done
}
# SQL comes from standard input.
ask() { mysql "--defaults-file=$scratch/$1.cnf" --connect-timeout=10 --batch --raw --skip-column-names; }
dump() {
  # One transaction sees one moment of all tables and locks nobody out. Without dates and with rows in order, equal
  # content gives equal text.
  mysqldump "--defaults-file=$scratch/read.cnf" --single-transaction --quick --routines --triggers --events --hex-blob \
    --no-tablespaces --loose-skip-masking-policies --set-gtid-purged=OFF --skip-add-locks --order-by-primary \
    --skip-dump-date --default-character-set=utf8mb4 "--ignore-table=$database.$unfinished" "$database"
}
# mysqldump writes its last line only when all before it went well.
is_complete() { gzip -t "$1" && [ "$(gunzip -c "$1" | tail -n 1)" = '-- Dump completed' ]; }
# Not in a condition, where the shell would take a failed query for an empty answer.
mark() { mark=$(echo "SHOW TABLES LIKE '$unfinished'" | ask read); }
statements() { grep -v '^-- ' | sha256sum; }
backups() {
  ls -1 "$folder" | grep "^$database-[0-9]\{8\}T[0-9]\{6\}Z\.sql\.gz$" | sort || :
}
list() { backups | while read -r name; do echo "$name $(wc -c < "$folder/$name")"; done; }
backup() {
  as_reader
  connect read
  # Of pods that were killed; a live one is younger.
  find "$folder" -name '*.part' -mmin "+$minutes" -exec rm -f {} +
  mark
  [ -z "$mark" ] || fail "a restore did not finish: the schema is incomplete. Run it again; no backup is made before."
  part=$folder/.${HOSTNAME:-backup}.part
  trap 'rm -f "$part"' EXIT
  dump | gzip > "$part" || fail "the dump could not be written; earlier backups are as they were"
  is_complete "$part" || fail "the dump is not complete; earlier backups are as they were"
  sync "$part"
  name=$database-$(date -u +%Y%m%dT%H%M%SZ).sql.gz
  mv "$part" "$folder/$name"
  sync "$folder"
  backups | sort -r | tail -n "+$((keep + 1))" | while read -r old; do rm -f "$folder/$old"; done
  echo "$name $(wc -c < "$folder/$name")"
}
# Writes one statement for each table to a file: $1 before its name, $2 after it. A pipe would hide a failure.
for_tables() {
  sql="SELECT CONCAT($1, '\`', REPLACE(table_name, '\`', '\`\`'), '\`', '$2;') FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name <> '$unfinished' $3 ORDER BY table_name"
  echo "$sql" | ask app > "$scratch/tables"
}
restore() {
  file=$folder/$1 force=${2-}
  [ -n "$1" ] && backups | grep -qFx -e "$1" || fail "there is no backup $1"
  is_complete "$file" || fail "$1 is damaged; nothing was changed"
  as_application
  as_reader
  connect app
  mark
  if [ -z "$mark" ] && [ "$force" != force ]; then
    for_tables "'SELECT 1 FROM '" ' LIMIT 1' "AND table_type = 'BASE TABLE'"
    rows=$(ask app < "$scratch/tables")
    [ -z "$rows" ] || fail "the schema $database has rows; nothing was changed"
  fi
  echo "CREATE TABLE IF NOT EXISTS $unfinished (since TIMESTAMP DEFAULT NOW())" | ask app
  trap 'echo "error: the restore did not finish, the schema is incomplete; run it again" >&2' EXIT
  for_tables "'DROP ', IF(table_type = 'VIEW', 'VIEW ', 'TABLE ')" '' ''
  { echo 'SET FOREIGN_KEY_CHECKS = 0;'; cat "$scratch/tables"; } | ask app
  gunzip -c "$file" | ask app
  wanted=$({ gunzip -c "$file" || echo unreadable; } | statements)
  found=$({ dump || echo failed; } | statements)
  [ "$wanted" = "$found" ] || fail "the schema is not what the backup holds; a client may have written meanwhile"
  echo "DROP TABLE $unfinished" | ask app
  trap - EXIT
  for_tables "'SELECT CONCAT(COUNT(*), '' rows'') FROM '" '' "AND table_type = 'BASE TABLE'"
  ask app < "$scratch/tables" > "$scratch/rows"
  for_tables "'CHECKSUM TABLE '" '' "AND table_type = 'BASE TABLE'"
  ask app < "$scratch/tables" > "$scratch/sums"
  paste "$scratch/sums" "$scratch/rows"
}
"$@"
"""


def script(database: str, *, secrets: str, folder: str, scratch: str, port: int, keep: int, seconds: int) -> str:
    """Return the script; its arguments are `backup`, `list`, or `restore` with a name and optionally `force`.

    Args:
        database: The schema; checked by `mysql_validation.database_name`.
        secrets: The folder with the keys `username` and `password`.
        folder: Where the backups are.
        scratch: Where its files with passwords are, in memory.
        port: The server's port at the host that the variable DATABASE_HOST names.
        keep: How many backups are kept.
        seconds: How long a job may take.
    """
    values = {
        "source": secrets,
        "folder": folder,
        "scratch": scratch,
        "database": database,
        "port": port,
        "keep": keep,
        "minutes": seconds // 60 + 60,
        "unfinished": UNFINISHED,
    }
    return accounts.FUNCTIONS + "".join(f"{key}={value}\n" for key, value in values.items()) + _SCRIPT
