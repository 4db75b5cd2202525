# Waits for the topology, and makes the cell and the keyspace known to it. Any number of pods may do so, any number of times.
# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # functions.sh and values.sh come before
echo 'waiting for the topology'
until vtctl GetCellInfo "$CELL" >/dev/null 2>&1; do
  vtctl AddCellInfo --root "/vitess/$CELL" --server-address "$SERVERS" "$CELL" >/dev/null 2>&1 || sleep 1
done
until vtctl GetKeyspace "$KEYSPACE" >/dev/null 2>&1; do
  vtctl CreateKeyspace --durability-policy semi_sync "$KEYSPACE" >/dev/null 2>&1 || sleep 1
done
# Of a pod that ended in the middle of the line before.
vtctl RebuildVSchemaGraph >/dev/null 2>&1 || :
echo "the topology knows $CELL and $KEYSPACE"
