# Copies backups to a bucket and back, with rclone. What has a backup's name there was read back and is the same as here.
# shellcheck shell=sh disable=SC2154,SC3028 # bucket.py says the values; functions.sh comes before; HOSTNAME is the kubelet's

# The account comes from files, as variables of rclone's remotes `store` and `crypt`.
open_store() {
  export RCLONE_CONFIG="$scratch/rclone.conf" XDG_CACHE_HOME="$scratch"
  : > "$RCLONE_CONFIG"
  read_key access-key-id
  export RCLONE_CONFIG_STORE_ACCESS_KEY_ID="$text"
  read_key secret-access-key
  export RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY="$text"
  [ ! -e "$source/ca.crt" ] || export RCLONE_CA_CERT="$source/ca.crt"
  place=store:$path
  [ "$encrypt" = yes ] || return 0
  [ -s "$source/encryption-password" ] || fail "the Secret has no value for the key encryption-password: add it, keep it \
where the cluster's end does not reach it, or give encrypt: false"
  read_key encryption-password
  RCLONE_CONFIG_CRYPT_PASSWORD=$(printf %s "$text" | rclone obscure -)
  export RCLONE_CONFIG_CRYPT_TYPE=crypt RCLONE_CONFIG_CRYPT_REMOTE="$place" RCLONE_CONFIG_CRYPT_PASSWORD
  export RCLONE_CONFIG_CRYPT_FILENAME_ENCRYPTION=off RCLONE_CONFIG_CRYPT_DIRECTORY_NAME_ENCRYPTION=false
  place=crypt:
}
# Tried a few times, with limits of its own: a network that drops everything must not hold a job for ever.
store() {
  rclone --contimeout 15s --timeout 60s --retries 3 --low-level-retries 3 --stats 0 "$@" 2> "$scratch/error"
}
said() { sed 's/^[0-9/]* [0-9:]* *//' "$scratch/error" | grep . | tail -n 1; }
# Names of the backups of the schema $1, of a list, oldest first.
of_schema() { grep "^$1-[0-9]\{8\}T[0-9]\{6\}Z\.sql\.gz$" | sort || :; }
# Lists the bucket: name and bytes. A folder that nobody has written to is an empty one.
look() {
  store lsf --files-only --format ps --separator ' ' "$place" > "$scratch/there" || grep -q 'directory not found' "$scratch/error" ||
    fail "the bucket cannot be read: $(said)"
}
names_there() { cut -d ' ' -f 1 "$scratch/there" | of_schema "$1"; }

# Sends every backup that the bucket does not have; then, and only then, what is too old there goes.
push() {
  open_store
  look
  # What jobs that were killed have left.
  store delete --min-age 1d --include '*.part' "$place" || :
  for schema in $schemas; do
    find "$folder" -type f -name "$schema-*.sql.gz" | sed 's/.*\///' | of_schema "$schema" > "$scratch/here"
    while read -r name; do
      names_there "$schema" | grep -qFx -e "$name" || {
        send "$folder/$name" "$name"
        echo "$name is in the bucket, read back and the same."
      }
    done < "$scratch/here"
  done
  look
  for schema in $schemas; do prune "$schema"; done
  prune_logs
}
# The file $1, as $2 in the bucket: under another name until it was read back.
send() {
  part=$2.${HOSTNAME:-pod}.part name_=${1##*/}
  store copyto "$1" "$place/$part" || fail "$name_ cannot be sent to the bucket; it is in the volume: $(said)"
  if [ "$(store cat "$place/$part" | sha256sum)" != "$(sha256sum < "$1")" ]; then
    store deletefile "$place/$part" || :
    fail "$name_, read back from the bucket, is not what was sent; it is in the volume"
  fi
  store moveto "$place/$part" "$place/$2" || fail "$name_ cannot be given its name in the bucket; it is in the volume: $(said)"
}
prune() {
  limit=$(date -u -d "@$(($(date +%s) - keep_days * 86400))" +%Y%m%dT%H%M%SZ)
  names_there "$1" | sort -r | tail -n "+$((keep + 1))" > "$scratch/old"
  while read -r name; do
    time=${name#"$1-"}
    [ "$(printf '%s\n' "${time%%.*}" "$limit" | sort | head -n 1)" = "$limit" ] ||
      store deletefile "$place/$name" || fail "$name cannot be deleted from the bucket: $(said)"
  done < "$scratch/old"
}
# Brings one backup to the folder $2, under another name until it is whole.
bring() {
  names_there "${1%-*}" | grep -qFx -e "$1" || fail "there is no backup $1, neither in the volume nor in the bucket"
  rm -f "$2"/.*.fetched
  store copyto "$place/$1" "$2/.$1.fetched" || fail "$1 cannot be read from the bucket: $(said)"
  mv "$2/.$1.fetched" "$2/$1"
}
# For a restore: nothing to do for what the volume has.
fetch() {
  [ ! -f "$folder/$1" ] || return 0
  open_store
  look
  bring "$1" "$folder"
}
# For a list, which a bucket that cannot be read must not stop.
show() {
  if (open_store && look && show_logs >> "$scratch/there") 2> "$scratch/why"; then file=there; else file=why; fi
  cp "$scratch/$file" "$folder/.in-bucket"
}
# For a database that begins with backups, as long as it is without them.
begin() {
  [ -e "$unfilled" ] || return 0
  open_store
  look
  mkdir -p "$folder"
  # shellcheck disable=SC2034 # ship.sh reads it
  exact=no
  for schema in $schemas; do bring_with_logs "$schema"; done
}
