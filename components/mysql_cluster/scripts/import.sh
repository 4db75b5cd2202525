# Takes along what one server held before several took its place: makes its schema read-only, copies it to the primary,
# compares, and leaves a mark there. Whatever ends it before: nothing of the old server's is changed, and the next begins anew.
# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # functions.sh, values.sh and errant.sh come before
say() { printf '%s\n' "$*"; }
# What no second attempt would change.
refuse() { echo "error: $1; nothing was changed" >&2; exit 3; }
deadline=$(($(date +%s) + WAIT))
wait_for() {
  [ "$(date +%s)" -lt "$deadline" ] || fail "waited $WAIT s for $1"
  sleep 1
}
# Arguments: `old` or `new`, and more options. SQL comes from standard input.
run() {
  where=$1
  shift
  mysql "--defaults-file=$RUN/$where.cnf" --batch --raw --skip-column-names --comments --max-allowed-packet=1G \
    --default-character-set=utf8mb4 "$@"
}
value() { say "$2" | run "$1"; }
dump() {
  where=$1
  shift
  LC_ALL=C mysqldump "--defaults-file=$RUN/$where.cnf" --skip-lock-tables --quick --hex-blob --no-tablespaces --routines \
    --triggers --loose-skip-masking-policies --set-gtid-purged=OFF --skip-add-locks --order-by-primary --skip-comments \
    --max-allowed-packet=1G --default-character-set=utf8mb4 "$@" "$KEYSPACE"
}
tables="FROM information_schema.tables WHERE table_schema = '$KEYSPACE'"

# Who answers where clients ask: `server`, `gateway`, `refused`, or nobody.
login() {
  source=$SECRETS
  read_key username && double \\ && username=$text
  read_key "$1" && double \\
  client "$HOST" "$FRONT" "$username" "$text" >"$RUN/old.cnf"
  printf '%s\n' '[mysql]' connect-timeout=5 >>"$RUN/old.cnf"
}
who() {
  for key in password previous-password; do
    [ -e "$SECRETS/$key" ] || continue
    login "$key"
    if value old 'SELECT 1' >/dev/null 2>"$RUN/error"; then echo server; return; fi
    case $(cat "$RUN/error") in
      # MySQL's own server has it no more.
      *mysql_native_password*) echo gateway; return ;;
      'ERROR 1045 '*) ;;
      *) return ;;
    esac
  done
  echo refused
}
tries=5
until [ "$(who)" = server ]; do
  case $(who) in
    server) break ;;
    gateway) say 'the gateways serve clients already: there is nothing to take along'; exit ;;
    refused) refuse "the server at $HOST does not let the account in: change the password in a deployment of its own" ;;
  esac
  if [ "$BEGAN" = several ]; then
    tries=$((tries - 1))
    [ $tries -gt 0 ] || { say 'the database is new: there is nothing to take along'; exit; }
    sleep 1
  else
    wait_for "the server with the data, at $HOST: $(cat "$RUN/error")"
  fi
done

# Before anything is changed: what several servers cannot hold, by its name.
[ "$SHARDS" = 1 ] || refuse "the data of one server goes into one shard first: deploy that, then divide it"
found=$(value old "SELECT 1 FROM information_schema.schemata WHERE schema_name = '$KEYSPACE'")
[ -n "$found" ] || refuse "the server at $HOST has no schema $KEYSPACE that the account sees"
unfit=$(run old <<SQL
SELECT CONCAT('table ', table_name, ' is ', engine, ', not InnoDB') $tables AND table_type = 'BASE TABLE' AND engine <> 'InnoDB';
SELECT CONCAT(LOWER(table_type), ' ', table_name, ' has a name that Vitess keeps for itself') $tables AND table_name LIKE '\_vt\_%';
SELECT CONCAT('function ', routine_name, ' is neither DETERMINISTIC nor NO SQL nor READS SQL DATA')
  FROM information_schema.routines WHERE routine_schema = '$KEYSPACE' AND routine_type = 'FUNCTION'
  AND is_deterministic = 'NO' AND sql_data_access NOT IN ('NO SQL', 'READS SQL DATA');
SQL
)
value old "SELECT CONCAT('SHOW FIELDS FROM \`', REPLACE(table_name, '\`', '\`\`'), '\`;') $tables AND table_type = 'VIEW'" >"$RUN/views"
views=$(run old --force "$KEYSPACE" <"$RUN/views" 2>&1 >/dev/null | grep '^ERROR ' || :)
unfit=$unfit${views:+${unfit:+$newline}$views}
[ -z "$unfit" ] || refuse "several servers cannot hold all that is there: $(say "$unfit" | paste -s -d ';' | sed 's/;/; /g')"
freeze() { say "SET SESSION lock_wait_timeout = 20; ALTER DATABASE \`$KEYSPACE\` READ ONLY = $1" | run old; }
frozen=$(value old "SELECT options LIKE '%READ ONLY=1%' FROM information_schema.schemata_extensions
  WHERE schema_name = '$KEYSPACE'")

# The primary, and an account there for the time of this.
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
dba() { vtctl ExecuteFetchAsDBA "$(tablet_of "$uid")" "$1" >"$RUN/said" 2>&1; }
account() {
  uid=$(primary_of)
  [ -n "$uid" ] || { say 'there is none' >"$RUN/said"; return 1; }
  dba "DROP USER IF EXISTS 'vt_import'@'%'" &&
    dba "CREATE USER 'vt_import'@'%' IDENTIFIED WITH caching_sha2_password BY '$password' REQUIRE SSL" &&
    dba "GRANT ALL ON *.* TO 'vt_import'@'%'" || return 1
  { client "$SET-$((uid - BASE)).$DOMAIN" "$PORT" vt_import "$password" && verified; } >"$RUN/new.cnf"
  value new 'CREATE DATABASE IF NOT EXISTS _kubeauth;
    CREATE TABLE IF NOT EXISTS _kubeauth.import (id INT PRIMARY KEY, state VARCHAR(8) NOT NULL)' 2>"$RUN/said"
}
tidy() {
  [ -z "${thaw-}" ] || freeze 0 || say "the schema $KEYSPACE of the old server is still read-only" >&2
  dba "DROP USER IF EXISTS 'vt_import'@'%'" || :
}
until account; do wait_for "a primary: $(tail -n 1 "$RUN/said")"; done
trap tidy EXIT
trap 'exit 143' TERM INT
state=$(value new 'SELECT state FROM _kubeauth.import')
if [ "$state" = "done" ]; then
  [ "$frozen" = 1 ] || refuse "the data was taken along before, and the server at $HOST took writes since"
  say 'the data was taken along before'
  exit
fi
[ -n "$state" ] || [ -z "$(value new "SELECT 1 $tables LIMIT 1")" ] || refuse "the cluster's schema has tables of its own"

begun=$(date +%s)
# From here to the gateways' first answer nobody writes: a statement fails, it is not lost. It lasts over restarts.
thaw=yes
until freeze 1 2>"$RUN/error"; do wait_for "the end of a transaction on the old server: $(cat "$RUN/error")"; done
say "the schema $KEYSPACE is read-only"
collation=$(value old "SELECT CONCAT('CHARACTER SET ', default_character_set_name, ' COLLATE ', default_collation_name)
  FROM information_schema.schemata WHERE schema_name = '$KEYSPACE'")
copy() {
  rm -f "$RUN/broken"
  {
    # What an attempt before this one left goes.
    say "REPLACE INTO _kubeauth.import VALUES (1, 'begun'); DROP DATABASE IF EXISTS \`$KEYSPACE\`;
      CREATE DATABASE \`$KEYSPACE\` $collation; USE \`$KEYSPACE\`;
      SET SESSION sql_require_primary_key = 0, sql_generate_invisible_primary_key = 0, innodb_strict_mode = 0;
      SET SESSION restrict_fk_on_non_standard_key = 0;"
    dump old || : >"$RUN/broken"
  } | definers | run new
  [ ! -e "$RUN/broken" ]
}
# In the background, or the shell would hear of its end only afterwards.
copy & wait $! || fail 'the data could not be copied; the old server serves on'
structure() { dump "$1" --no-data | definers >"$RUN/structure-$1"; }
sums() {
  value old "SELECT CONCAT('CHECKSUM TABLE \`', REPLACE(table_name, '\`', '\`\`'), '\`;') $tables
    AND table_type = 'BASE TABLE' ORDER BY table_name" | run "$1" "$KEYSPACE" >"$RUN/sums-$1"
}
sums old & first=$!
{ sums new && wait $first && structure old && structure new; } || fail 'the copy could not be read; the old server serves on'
for each in structure sums; do
  [ "$(sha256sum <"$RUN/$each-old")" = "$(sha256sum <"$RUN/$each-new")" ] || {
    for where in old new; do sort "$RUN/$each-$where" >"$RUN/sorted-$where"; done
    comm -3 "$RUN/sorted-old" "$RUN/sorted-new" | head -n 4 >&2
    fail "the copy is not the same ($each); the old server serves on"
  }
done
value new "UPDATE _kubeauth.import SET state = 'done'"
thaw=
vtctl ReloadSchemaKeyspace "$KEYSPACE" >/dev/null 2>&1 || :
say "$(wc -l <"$RUN/sums-new") tables are taken along and compared, after $(($(date +%s) - begun)) s without writes"
