# How each job of backups begins and ends: one at a time, and what killed ones left is put right first.
# shellcheck shell=sh disable=SC2034,SC2154,SC3028 # HOSTNAME comes from the kubelet; backup_script.py says the values; the scripts are one text

# Each schema has a shell of its own, so that what fails for one is done for the others.
for_each() {
  failed=
  for each in $schemas; do
    { of "$each"; "$@"; } &
    wait $! || failed=$each
  done
  [ -z "$failed" ]
}
# Writes the options $2.cnf to log in at the host $1.
options() {
  read_key backup-password
  {
    client "$1" "$port" "$user" "$text"
    printf '%s\n' '[mysql]' connect-timeout=10
  } > "$scratch/$2.cnf"
}
# These four are others for several servers: who is written to, who is read for a backup, what a restore does not move, and
# what follows it.
login() { options "$DATABASE_HOST" live; }
reader() { from=live; }
movable() { :; }
restored() { :; }
connect() {
  # A new pod's traffic may be refused until the node knows its NetworkPolicy.
  tries=60
  until login && value live 'SELECT 1' > /dev/null 2> "$scratch/error"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || fail "$(cat "$scratch/error")"
    sleep 1
  done
}
# One job at a time. The lock is a session's: the server takes it back when the job is gone, however it went.
start() {
  connect
  : > "$scratch/lock"
  : > "$scratch/omitted"
  # MySQL's names of locks end at 64 characters.
  say "SELECT GET_LOCK(LEFT(SHA2('$user $database', 256), 64), 30); SELECT SLEEP(31536000);" > "$scratch/lock.sql"
  mysql "--defaults-file=$scratch/live.cnf" --batch --skip-column-names --unbuffered \
    < "$scratch/lock.sql" > "$scratch/lock" 2> /dev/null &
  holder=$!
  trap tidy EXIT
  until [ -s "$scratch/lock" ]; do
    kill -0 $holder 2> /dev/null || fail "the server closed the connection"
    sleep 1
  done
  [ "$(cat "$scratch/lock")" = 1 ] || fail "another job makes or restores a backup of $database; nothing was changed"
  # Nobody else is at work, so this is what killed jobs left.
  rm -rf "$folder"/.*.part "$folder"/.copy-*
  # A dump is sent before its job has the lock.
  find "$folder" -name '.import-*' -mmin +1440 -exec rm -f {} +
  recover
}
tidy() {
  [ -z "${globals-}" ] || forbid || :
  kill "$holder" 2> /dev/null || :
  stop_copy
  rm -rf "$folder/.${HOSTNAME:-pod}.part" "$folder/.to-${HOSTNAME:-pod}" "${received:-$folder/.none}"
}
