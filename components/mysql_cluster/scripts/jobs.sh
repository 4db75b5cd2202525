# What the jobs of backups do otherwise for a cluster than for one server: they write to the primary, with an account that the
# first of them makes, and read from a server that clients do not write to.
# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # backup_script.py and values.sh say the values; the scripts are one text
# Arguments: a server's number, and the name of the options to log in there.
options_of() {
  options "$SET-$(($1 - BASE)).$DOMAIN" "$2"
  verified >> "$scratch/$2.cnf"
}
login() {
  uid=$(primary_of)
  [ -n "$uid" ] || { say 'there is no primary' > "$scratch/error"; return 1; }
  options_of "$uid" live
  value live 'SELECT 1' > /dev/null 2> "$scratch/error" || case $(cat "$scratch/error") in
    # It is not there yet, or with another password.
    'ERROR 1045 '*) password=$text account ;;
    *) return 1 ;;
  esac
}
# Every server gets it from the primary; it may do what that of one server may.
account() {
  name="'$user'@'%'"
  identified="IDENTIFIED WITH caching_sha2_password BY '$password' REQUIRE SSL PASSWORD EXPIRE NEVER"
  dba "CREATE USER IF NOT EXISTS $name $identified" && dba "ALTER USER $name $identified" &&
    dba "GRANT $PRIVILEGES ON *.* TO $name" || return 1
  for granted in "$database" "$beside" "$before%"; do
    text=$granted
    # In GRANT an underscore stands for any character unless it is escaped.
    replace _ '\_'
    dba "GRANT ALL PRIVILEGES ON \`$text\`.* TO $name" || return 1
  done
}
dba() { vtctl ExecuteFetchAsDBA "$(tablet_of "$uid")" "$1" > "$scratch/error" 2>&1; }
# One that has, within a minute, all that the primary had when the job began; without one the primary is read.
reader() {
  from=live
  all=$(value live 'SELECT @@GLOBAL.gtid_executed' | tr -d '\n')
  replicas=$(vtctl GetTablets --keyspace "$KEYSPACE" --tablet-type replica 2> /dev/null | sed -n 's/^[^ ]*-0*\([0-9][0-9]*\) .*/\1/p')
  for number in $replicas; do
    options_of "$number" replica
    # The account may be on its way there.
    tries=10
    until value replica 'SELECT 1' > /dev/null 2>&1 || [ $tries = 0 ]; do tries=$((tries - 1)); sleep 1; done
    [ "$(value replica "SELECT WAIT_FOR_EXECUTED_GTID_SET('$all', 60)" 2> /dev/null)" != 0 ] || { from=replica; return; }
  done
  say 'no replica has all that the primary has: the primary is read' >&2
}
# Where servers replicate, only InnoDB's tables change places in one statement that every server does.
movable() {
  other=$(value live "SELECT GROUP_CONCAT(table_name ORDER BY table_name SEPARATOR ', ') FROM information_schema.tables
    WHERE table_schema IN ('$database', '$beside') AND table_type = 'BASE TABLE' AND engine <> 'InnoDB'
    HAVING COUNT(*) > 0")
  [ -z "$other" ] || refuse "several servers cannot change the place of tables that are not InnoDB: $other"
}
# The gateways learn what the tables are now.
restored() { vtctl ReloadSchemaKeyspace "$KEYSPACE" > /dev/null 2>&1 || :; }
