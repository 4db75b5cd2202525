# Sends closed binary logs to the bucket, and brings those that lead from a backup to a later second. A server's logs are in
# a folder with its UUID, each with the time at which it was opened; `until` there says up to when nothing is missing.
# shellcheck shell=sh disable=SC2154,SC3028 # HOSTNAME is the kubelet's; bucket.py says the values; bucket.sh comes before

ship() {
  trap 'exit 0' TERM INT
  while :; do
    # Whatever fails is tried again; the log says why.
    [ ! -s "$hand_over/closed" ] || (send_logs) || :
    sleep "$interval" &
    wait $!
  done
}
send_logs() {
  open_store
  # The other container writes a new one meanwhile.
  cp "$hand_over/closed" "$scratch/closed"
  { read -r until && read -r chain; } < "$scratch/closed"
  there=logs/$chain
  if [ ! -e "$scratch/known" ]; then
    list_logs "$there"
    sed 's/^[^-]*-//' "$scratch/logs" > "$scratch/known"
  fi
  sed 1,2d "$scratch/closed" > "$scratch/names"
  while read -r log; do
    grep -qFx -e "$log" "$scratch/known" || {
      send "$data/$log" "$there/$(opened "$data/$log")-$log"
      echo "$log" >> "$scratch/known"
    }
    echo "$log" > "$hand_over/.sent"
    mv "$hand_over/.sent" "$hand_over/sent"
  done < "$scratch/names"
  printf %s "$until" | store rcat "$place/$there/until" || fail "the bucket takes no binary logs: $(said)"
  # For kubeauth status, which reads logs and no bucket.
  echo "Restorable up to $until"
}
# The first event says when the log was opened.
opened() { date -u -d "@$(od -An -tu4 -j4 -N4 "$1" | tr -d ' ')" +%Y%m%dT%H%M%SZ; }
# Names of the logs in the folder $1, oldest first.
list_logs() {
  store lsf --files-only "$place/$1" > "$scratch/all" || grep -q 'directory not found' "$scratch/error" ||
    fail "the bucket cannot be read: $(said)"
  grep '^[0-9]\{8\}T[0-9]\{6\}Z-binlog\.[0-9]*$' "$scratch/all" | sort > "$scratch/logs" || :
}
# What no backup leads to any more: logs that were closed before the oldest backup can have begun.
prune_logs() {
  of_any=$(for schema in $schemas; do names_there "$schema" | head -n 1; done |
    sed 's/.*-\([0-9T]*Z\)\.sql\.gz/\1/' | sort | head -n 1)
  [ -n "$of_any" ] || return 0
  day=$(echo "$of_any" | sed 's/\(....\)\(..\)\(..\)T\(..\)\(..\)\(..\)Z/\1-\2-\3 \4:\5:\6/')
  limit=$(date -u -d "@$(($(date -u -d "$day" +%s) - deadline))" +%Y%m%dT%H%M%SZ)
  store lsf --dirs-only "$place/logs" > "$scratch/chains" || return 0
  while read -r chain; do
    list_logs "logs/${chain%/}"
    # One that the next was opened after is closed since.
    awk -v limit="$limit" 'before && substr($0, 1, 16) < limit { print before } { before = $0 }' "$scratch/logs" > "$scratch/old"
    while read -r log; do
      store deletefile "$place/logs/${chain%/}/$log" || fail "$log cannot be deleted from the bucket: $(said)"
    done < "$scratch/old"
  done < "$scratch/chains"
}
# For a list: up to when the newest server's log reaches, in the form of a line of names and bytes.
show_logs() {
  store lsf --recursive --files-only --format tp --separator ' ' --include until "$place/logs" > "$scratch/all" || return 0
  newest=$(sort "$scratch/all" | tail -n 1 | sed 's/.* //')
  [ -z "$newest" ] || echo "until $(store cat "$place/logs/$newest")"
}

# Brings the backup of the schema $1 that $time is nearest after, as <schema>.sql.gz, and the logs from there to $time.
# Backups of dumps have no place in a log; they serve where no backup has.
bring_with_logs() {
  # Without it every backup would look like one that has no place in a log.
  command -v gunzip > /dev/null || fail "the image of the bucket's container has no gunzip"
  names_there "$1" | sed "s/.*-\([0-9T]*Z\)\.sql\.gz/\1 &/" | awk -v limit="$time" '$1 <= limit { print $2 }' | sort -r > "$scratch/bases"
  first=$(head -n 1 "$scratch/bases")
  [ -n "$first" ] || fail "the bucket has no backup of $1 in $path of $time or earlier"
  store lsf --dirs-only "$place/logs" > "$scratch/chains" || grep -q 'directory not found' "$scratch/error" ||
    fail "the bucket cannot be read: $(said)"
  chosen=
  if [ -s "$scratch/chains" ]; then
    while read -r name; do
      bring "$name" "$folder"
      # shellcheck disable=SC2046 # words
      set -- "$1" $(position_of "$folder/$name")
      if [ $# -eq 4 ] && grep -qFx -e "$2/" "$scratch/chains"; then
        reach=$(store cat "$place/logs/$2/until") || fail "logs/$2 does not say up to when it is complete: $(said)"
        # Where the log ended before a later backup, that one is the younger of the two.
        if [ "$exact" = yes ] || is_in_order "${first#"$1-"}" "$reach"; then chosen=$name; else rm "$folder/$name"; fi
        break
      fi
      set -- "$1"
      rm "$folder/$name"
    done < "$scratch/bases"
  fi
  if [ -z "$chosen" ]; then
    [ "$exact" = no ] || fail "no backup of $1 of $time or earlier says where in a binary log it is: only whole backups can be restored"
    bring "$first" "$folder"
    mv "$folder/$first" "$folder/$1.sql.gz"
    echo "The schema $1 begins with $first."
    return 0
  fi
  mv "$folder/$chosen" "$folder/$1.sql.gz"
  bring_logs "$@"
  echo "The schema $1 begins with $chosen and the binary log up to $reach."
}
# Whether of two times, as names have them, the first is not the later one.
is_in_order() { [ "$(printf '%s\n' "${1%%.*}" "$2" | sort | head -n 1)" = "${1%%.*}" ]; }
# Arguments: schema, server, the log that the backup was made in.
bring_logs() {
  there=logs/$2
  [ "$exact" = no ] || is_in_order "$time" "$reach" ||
    fail "the binary log in the bucket reaches to $reach: no later second can be restored"
  is_in_order "$reach" "$time" || reach=$time
  list_logs "$there"
  # Up to the one that was opened last before that second; without a gap.
  awk -v first="$3" -v limit="$time" '
    { log_ = $0; sub(/^[^-]*-/, "", log_); number = log_; sub(/^binlog\./, "", number); number += 0
      from = first; sub(/^binlog\./, "", from); from += 0 }
    number < from { next }
    substr($0, 1, 16) >= limit && number > from { exit }
    number != (wanted ? wanted : from) { print "gap " substr($0, 1, 16); exit }
    { print; wanted = number + 1 }' "$scratch/logs" > "$scratch/wanted"
  [ -s "$scratch/wanted" ] || fail "the bucket lacks the binary log $3, in which the backup was made: only whole backups can be restored"
  gap=$(sed -n 's/^gap //p' "$scratch/wanted")
  [ -z "$gap" ] || fail "the binary log has a gap before $gap: give a second before it, or one after the next backup"
  mkdir "$folder/$1.logs"
  store copy --files-from "$scratch/wanted" --no-traverse "$place/$there" "$folder/$1.logs" ||
    fail "the binary logs cannot be read from the bucket: $(said)"
  while read -r log; do
    [ -e "$folder/$1.logs/$log" ] || fail "the bucket did not give the binary log $log"
  done < "$scratch/wanted"
}
# For a restore of the schema $1, or of the first, to the second $2: into a folder that goes with the job.
fetch_second() {
  folder=$folder/.to-${HOSTNAME:-pod} time=$2 exact=yes
  open_store
  look
  rm -rf "$folder"
  mkdir -p "$folder"
  schema=$1
  [ "$schema" != - ] || schema=${schemas%% *}
  bring_with_logs "$schema"
}
