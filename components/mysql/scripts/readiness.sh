# Ready is: the server answers, whoever has its connections, and there is room to write.
# shellcheck shell=sh disable=SC2153 # what is in capitals is handed over
set -eu
while [ $# -gt 0 ]; do export "${1?}"; shift; done
# A server that refuses this log-in, or has no connection left, answers all the same.
said=$(mysqladmin --no-defaults "--socket=$RUN/mysqld.sock" --connect-timeout=3 ping 2>&1) || { echo "$said" >&2; exit 1; }
free=$(df -Pk "$VOLUME" | awk 'NR == 2 { print int($4 / 1024) }')
if [ "$free" -lt "$FREE" ]; then
  echo "error: the data volume has $free MiB left, less than $FREE: give it a larger storage_size" >&2
  exit 1
fi
[ "$CERTIFICATE" != no ] || exit 0
# A renewed certificate is served from now on; the old one stays where the new one does not fit its key.
now=$(cat "$CERTIFICATE/tls.crt" "$CERTIFICATE/tls.key" | sha256sum)
[ "$now" = "$(cat "$RUN/certificate" 2> /dev/null)" ] && exit
mysql "--defaults-file=$RUN/server.cnf" --execute 'ALTER INSTANCE RELOAD TLS' && printf %s "$now" > "$RUN/certificate" ||
  exit 0
