# Makes the data directory, or checks that the one that is there fits. The arguments are mysqld's options.
# shellcheck shell=sh disable=SC2153,SC2154 # accounts.sh, found.sh and born.sh come before
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
# A server whose SQL failed would stay for ever.
followed() {
  over=''
  while IFS= read -r line; do
    printf '%s\n' "$line" >&2
    case $line in
      *'Received SHUTDOWN'*) over=${over:-yes} ;;
      *'ready for connections'*) over=${over:-no} && kill "$(cat "$RUN/once.pid")" ;;
    esac
  done
  [ "$over" = yes ]
}
# The server runs an init file without anybody else, and ends.
run_once() {
  file=$1
  shift
  echo 'SHUTDOWN;' >> "$file"
  # The lock of one that was killed names a process, which may be any other by now.
  rm -f "$RUN/once.sock" "$RUN/once.sock.lock"
  # shellcheck disable=SC2046 # options
  mysqld --no-defaults --datadir="$data" --init-file="$file" --skip-networking --mysqlx=OFF --secure-file-priv=NULL \
    --socket="$RUN/once.sock" --pid-file="$RUN/once.pid" --tmpdir="$temporary" "$@" $(options) 2>&1 | followed ||
    fail "a server that was to prepare the data ended early: its first [ERROR] above says why"
}
# How the server that left its binary logs was told to name them.
logs() {
  for name in binlog mysql-bin; do
    if [ -e "$data/$name.index" ]; then echo "--log-bin=$name" && return; fi
  done
  echo --skip-log-bin
}
# Without its binary log a server that crashed may not recover; with it once more, and emptied, it ends in order.
drop_binary_logs() {
  while named=$(logs) && [ "$named" != --skip-log-bin ]; do
    echo 'RESET BINARY LOGS AND GTIDS;' > "$RUN/once.sql"
    run_once "$RUN/once.sql" "$named" "$@"
    rm -f "$data/${named#*=}".*
  done
}

# A restore was ended before the first start of the server: nobody has written to this.
[ ! -e "$data/kubeauth-unfilled" ] || mv "$data" "$VOLUME/old.unfilled"
[ ! -e "$half" ] || gather
# Beside a database that this package made or took, others may keep what they like.
if [ -e "$birth" ]; then found=$data; else find_data; fi
if [ -n "$found" ]; then
  judge "$found"
  if [ "$found" != "$data" ]; then
    data=$found temporary=$scratch
    take "$(logs)" "$@"
    data=$VOLUME/data temporary=$VOLUME/tmp
    if [ "$found" = "$VOLUME" ]; then gather; else rm -rf "$scratch" && mv -T "$found" "$data"; fi
  fi
fi
mkdir -p "$temporary"
rm -rf "${temporary:?}"/* "$VOLUME"/old.*
if [ -z "$(ls -A "$data" 2> /dev/null)" ]; then make "$@"; fi
# What is broken is not started without the setting that is to save it.
[ -e "$birth" ] || [ -n "${RESCUE-}" ] || take "$(logs)" "$@"
born "$birth"
if [ -n "${RESCUE-}" ]; then exit 0; fi
if [ "$BINARY_LOG" = no ]; then
  drop_binary_logs "$@"
  set -- "$@" --skip-log-bin
fi
if [ ! -e "$zones" ] && write_zones; then
  run_once "$RUN/zones.sql" "$@"
  : > "$zones"
fi
rm -f "$RUN/zones.sql" "$RUN/once.sql"
