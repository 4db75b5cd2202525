# Ready is: the server answers, whoever has its connections, and there is room to write.
# shellcheck shell=sh disable=SC2153 # what is in capitals is handed over
set -eu
while [ $# -gt 0 ]; do export "${1?}"; shift; done
# A server that refuses this log-in, or has no connection left, answers all the same.
said=$(mysqladmin --no-defaults "--socket=$RUN/mysqld.sock" --connect-timeout=3 ping 2>&1) || { echo "$said" >&2; exit 1; }
# Blocks that are free, their size, inodes that are free, and all inodes; some file systems count none.
# shellcheck disable=SC2046 # four numbers
set -- $(stat -f -c '%a %S %d %c' "$VOLUME")
free=$(($1 * $2 / 1048576))
full() { echo "error: the data volume has $1: give it a larger storage_size" >&2; exit 1; }
[ "$free" -ge "$FREE" ] || full "$free MiB left, less than $FREE"
[ "$4" -eq 0 ] || [ "$3" -ge "$FREE" ] || full "$3 inodes left, less than $FREE"
# What those numbers do not know: a quota, a device that fails and is read-only since, a server of files that hangs.
said=$( (printf . > "$VOLUME/tmp/written") 2>&1) || { echo "error: the data volume takes no writes: $said" >&2; exit 1; }
[ "$CERTIFICATE" != no ] || exit 0
# A renewed certificate is served from now on; the old one stays where the new one does not fit its key.
now=$(cat "$CERTIFICATE/tls.crt" "$CERTIFICATE/tls.key" | sha256sum)
[ "$now" = "$(cat "$RUN/certificate" 2> /dev/null)" ] && exit
mysql "--defaults-file=$RUN/server.cnf" --execute 'ALTER INSTANCE RELOAD TLS' && printf %s "$now" > "$RUN/certificate" ||
  exit 0
