# Makes the data directory, or checks that the one that is there fits. The arguments are mysqld's options.
# shellcheck shell=sh disable=SC2153 # accounts.sh comes before
data=$VOLUME/data temporary=$VOLUME/tmp
# Settings that count only when a data directory is made, as they were then; and a mark that time zones are loaded.
birth=$data/kubeauth-birth
zones=$data/kubeauth-time-zones

# mysqld reads SQL in lines; the program writes it so. An image without it goes without time zones.
write_zones() {
  echo 'USE mysql;' > "$RUN/zones.sql"
  command -v mysql_tzinfo_to_sql > /dev/null && [ -d /usr/share/zoneinfo ] &&
    mysql_tzinfo_to_sql /usr/share/zoneinfo 2> /dev/null >> "$RUN/zones.sql"
}
options() { for setting in $BIRTH; do printf ' --%s' "$setting"; done; }
# Under another name until it is complete: a pod that is killed half-way, or two at a time, never leave half of one.
make() {
  # Renamed first, so that one that another pod still works in can never be published.
  for old in "$VOLUME/data.new" "$VOLUME"/new.*; do
    aside=$VOLUME/old.${old##*.}.$(random)
    [ ! -e "$old" ] || ! mv "$old" "$aside" || rm -rf "$aside"
  done
  new=$(mktemp -d "$VOLUME/new.XXXXXX")
  found=no
  if write_zones; then found=yes; else echo 'SELECT 1;' > "$RUN/zones.sql"; fi
  # shellcheck disable=SC2046 # options
  mysqld --no-defaults --initialize-insecure --datadir="$new" --init-file="$RUN/zones.sql" \
    --innodb-redo-log-capacity=8M "$@" $(options)
  [ $found = no ] || : > "$new/${zones##*/}"
  printf '%s\n' "$BIRTH" > "$new/${birth##*/}"
  [ -z "${RESTORE-}" ] || : > "$new/kubeauth-unfilled"
  sync -f "$new"
  # Refuses where there is one already: another pod was first.
  mv -T "$new" "$data" || rm -rf "$new"
  sync -f "$VOLUME"
}
# The server runs an init file without anybody else, and ends.
run_once() {
  file=$1
  shift
  echo 'SHUTDOWN;' >> "$file"
  # shellcheck disable=SC2046 # options
  mysqld --no-defaults --datadir="$data" --init-file="$file" --skip-networking --mysqlx=OFF --secure-file-priv=NULL \
    --socket="$RUN/once.sock" --pid-file="$RUN/once.pid" --tmpdir="$temporary" "$@" $(options)
}
# Without its binary log a server that crashed may not recover; with it once more, and emptied, it ends in order.
drop_binary_logs() {
  echo 'RESET BINARY LOGS AND GTIDS;' > "$RUN/once.sql"
  run_once "$RUN/once.sql" "$@"
  rm -f "$data"/binlog.*
}
foreign() {
  fail "the volume holds a data directory $1: it is left alone, and no empty one is made beside it. Load a dump of it \
into a database with a volume of its own"
}

[ ! -e "$VOLUME/mysql.ibd" ] && [ ! -e "$VOLUME/ibdata1" ] || foreign "of MySQL's own image, in its root"
[ ! -e "$VOLUME/.user_scripts_initialized" ] || foreign "of Bitnami's chart"
mkdir -p "$temporary"
# A restore was ended before the first start of the server: nobody has written to this.
[ ! -e "$data/kubeauth-unfilled" ] || mv "$data" "$VOLUME/old.unfilled"
rm -rf "${temporary:?}"/* "$VOLUME"/old.*
if [ -z "$(ls -A "$data" 2> /dev/null)" ]; then make "$@"; fi
if [ ! -e "$birth" ]; then
  # The user of Bitnami's images.
  [ "$(stat -c %u "$data")" != 1001 ] || foreign "of Bitnami's chart"
  was="" known=no
else
  was=$(cat "$birth") known=yes
fi
[ "$was" = "$BIRTH" ] || fail "settings that count only when a database is made are ${BIRTH:-not given}, but this one \
was made with ${was:-the defaults}: put them back, or load a dump into a new database"
# The version before made databases with MySQL's defaults.
[ $known = yes ] || echo > "$birth"
# What is broken is not started without the setting that is to save it.
if [ -n "${RESCUE-}" ]; then exit 0; fi
if [ "$BINARY_LOG" = no ]; then
  [ ! -e "$data/binlog.index" ] || drop_binary_logs "$@"
  set -- "$@" --skip-log-bin
fi
if [ ! -e "$zones" ] && write_zones; then
  run_once "$RUN/zones.sql" "$@"
  : > "$zones"
fi
rm -f "$RUN/zones.sql" "$RUN/once.sql"
