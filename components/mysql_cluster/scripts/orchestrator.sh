# Starts VTOrc, and makes `moving`, by which `kubeauth reshard` moves rows: Vitess' client alone does not see which servers can
# be read, so it asks a vtctld that lives as long as the question, here, where no client's statement suffers from it.
# shellcheck shell=sh disable=SC2086,SC2153,SC2154 # functions.sh and values.sh come before; the options are words
queries=$(echo "$SHOWN" | sed 's/--tablet-manager-grpc/--tablet-grpc/g')
cat >"$RUN/moving" <<SH
# sh $RUN/moving Reshard --workflow reshard --target-keyspace $KEYSPACE status
export SSL_CERT_FILE=$RUN/ca.crt
vtctld $TOPOLOGY $SHOWN $queries --cell $CELL --service-map grpc-vtctld --bind-address 127.0.0.1 --port 15996 \
  --grpc-bind-address 127.0.0.1 --grpc-port 15997 --config-file-not-found-handling ignore >/tmp/vtctld.log 2>&1 &
server=\$!
trap 'kill \$server' EXIT
trap 'exit 143' TERM INT HUP
tries=150
until vtctldclient --server 127.0.0.1:15997 GetCellInfoNames >/dev/null 2>&1; do
  tries=\$((tries - 1))
  kill -0 \$server && [ \$tries -gt 0 ] || { tail -n 1 /tmp/vtctld.log >&2; exit 1; }
  sleep 0.2
done
vtctldclient --server 127.0.0.1:15997 "\$@"
SH
first=${SERVERS%%,*} first=${first#https://}
prefix=/vitess/global/internal/named_locks
cat >"$RUN/unlock" <<SH
# sh $RUN/unlock: removes the lock of a switch whose pod was killed in the middle; Vitess would keep it for a day.
body='{"key":"$(printf %s "$prefix/" | base64 -w 0)","range_end":"$(printf %s "${prefix}0" | base64 -w 0)"}'
printf 'POST /v3/kv/deleterange HTTP/1.0\r\nHost: ${first%:*}\r\nContent-Length: %s\r\n\r\n%s' "\${#body}" "\$body" |
  timeout 10 openssl s_client -quiet -verify_return_error -verify_hostname ${first%:*} -CAfile $RUN/ca.crt \
    -connect $first 2>/dev/null |
  grep -q '"deleted":"' && echo 'the lock is gone' || { echo 'there is no lock' >&2; exit 1; }
SH
exec vtorc $TOPOLOGY "$@"
