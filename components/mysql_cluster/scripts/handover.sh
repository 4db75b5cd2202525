# Before a server ends: another one becomes the primary if this one is; clients wait for it at the gateways, without an error.
# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # functions.sh and values.sh come before
self=$(tablet_of $((BASE + ${POD_NAME##*-})))
# A pod that is deleted by force has two seconds. What ends in the middle of this keeps VTOrc from choosing another primary
# until its lock is too old, 45 s later.
sleep 3
said=$(vtctl --action-timeout 30s PlannedReparentShard --wait-replicas-timeout 20s --avoid-primary "$self" "$KEYSPACE/$SHARD" 2>&1) ||
  said="$said${newline}the primary was not handed over; VTOrc will choose another one"
# Into the container's log.
(echo "$said" >/proc/1/fd/1) 2>/dev/null || echo "$said"
