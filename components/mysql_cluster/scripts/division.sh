# Waits until the shards that the program names serve, or those that it moves rows to, and tells the gateways how they find a
# row's shard. Where rows are served by others it ends at once: nothing of theirs may be deleted.
# shellcheck shell=sh disable=SC2153,SC2154 # functions.sh, values.sh and certificate.sh come before
deadline=$(($(date +%s) + WAIT))
# The names of those that serve, one on a line.
serving() {
  vtctl FindAllShardsInKeyspace "$KEYSPACE" 2>"$RUN/said" | tr -d ' \n' | sed 's/"name":"/\n/g' |
    sed -n 's/^\([^"]*\)".*"is_primary_serving":true.*/\1/p'
}
# Whether each of these is among those found.
all_serve() {
  for shard in "$@"; do
    case "$newline$found$newline" in *"$newline$shard$newline"*) ;; *) return 1 ;; esac
  done
  [ $# -gt 0 ]
}
# shellcheck disable=SC2086 # names are words
until found=$(serving) && { all_serve $SHARDS || all_serve $COMING; }; do
  for shard in $found; do
    case " $SHARDS $COMING " in *" $shard "*) ;; *)
      echo "error: shard $shard serves, not $SHARDS: kubeauth reshard moves its rows; nothing was deleted" >&2
      exit 3
      ;;
    esac
  done
  [ "$(date +%s)" -lt "$deadline" ] || fail "waited $WAIT s for shards $SHARDS: $(tail -n 1 "$RUN/said")"
  sleep 1
done
if [ -n "$VSCHEMA" ]; then
  vtctl ApplyVSchema --vschema "$VSCHEMA" "$KEYSPACE" >"$RUN/said" 2>&1 || fail "$(tail -n 1 "$RUN/said")"
fi
echo "$found" | paste -s -d ' ' | sed 's/$/ serve/'
