# Data that others made, wherever on the volume it lies: found, judged, closed to whoever ruled it, moved without a copy.
# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # accounts.sh comes before, initialize.sh after
# Names with a dot are never those of a schema's folder.
half=$VOLUME/data.taken scratch=$VOLUME/tmp.taken

refuse() { fail "the volume holds $1. Nothing was changed, and no empty database is made beside it: $2"; }
dump='load a dump of it into a database with a volume of its own'
is_data() { [ -e "$1/ibdata1" ] || [ -e "$1/auto.cnf" ]; }
may_use() {
  [ -r "$1" ] && [ -w "$1" ] && [ -x "$1" ] && { [ ! -e "$1/ibdata1" ] || [ -w "$1/ibdata1" ]; } && return
  owner=$(stat -c %u "$1")
  refuse "$1 of user $owner, which user $(id -u) of this pod may not use" "set platform.run_as_user and \
platform.fs_group to $owner, or give it away once, as root: chown -R $(id -u):$(id -g)"
}
# Looks into the folders of old claims, too: `subPath` of a mount is one. Sets $found, empty for an empty volume.
find_data() {
  found='' others=''
  may_use "$VOLUME"
  ! { is_data "$VOLUME" || [ -e "$VOLUME/mysql.ibd" ]; } || found=$VOLUME
  for folder in "$VOLUME"/* "$VOLUME"/*/*; do
    case ${folder#"$VOLUME/"} in lost+found* | new.* | old.* | data.new* | *.taken* | tmp | tmp/* | '*'*) continue ;; esac
    # What is in a database's folder is its own; another database beside it is not.
    if [ ! -d "$folder" ]; then
      [ "${folder%/*}" != "$VOLUME" ] || others=$folder
    elif is_data "$folder"; then
      may_use "$folder"
      [ -z "$found" ] || refuse "two databases, in $found and $folder" "move the one away that is not meant"
      found=$folder
    elif [ "${folder%/*}" = "$VOLUME" ]; then
      may_use "$folder"
      [ -z "$(ls -A "$folder")" ] || others=$folder
    fi
  done
  [ -n "$found" ] || [ -z "$others" ] || refuse "$others, which is no whole data directory of MySQL" \
    "finish the copy, or take an empty volume"
}
# `8.4` of what a version file or a program says; empty when it says nothing.
series() { sed -n 's/.*\(Ver \|version": *"\|^\)\([0-9][0-9]*\.[0-9][0-9]*\)\..*/\2/p' | tail -n 1; }
older() { [ "${1%.*}" -lt "${2%.*}" ] || { [ "${1%.*}" = "${2%.*}" ] && [ "${1#*.}" -lt "${2#*.}" ]; }; }
judge() {
  [ ! -e "$1/aria_log_control" ] || refuse "data of MariaDB in $1" "$dump"
  [ -e "$1/mysql.ibd" ] || [ ! -e "$1/mysql/user.frm" ] || refuse "data of MySQL 5.7 or older in $1" "$dump"
  [ -e "$1/mysql.ibd" ] && [ -d "$1/mysql" ] ||
    refuse "half a data directory in $1" "finish the copy, or take an empty volume"
  now=$(mysqld --version | series)
  of=$(cat "$1/mysql_upgrade_history" 2> /dev/null || cat "$1/mysql_upgrade_info" 2> /dev/null || :)
  of=$(echo "$of" | series)
  if [ -z "$of" ] || [ -z "$now" ]; then return; fi
  ! older "$now" "$of" || refuse "data of MySQL $of in $1, newer than this image's $now" "put an image of $of back"
  older "$of" 8.4 && ! older "$now" 8.5 || return 0
  refuse "data of MySQL $of in $1, which $now does not upgrade" "let image mysql:8.4 upgrade it first"
}
# Whoever may make accounts rules the server: such accounts are closed, and root is made where this package has it.
closed_sql() {
  secret="IDENTIFIED WITH caching_sha2_password BY 'Aa1!$(random)'"
  statement "SET SESSION sql_mode = ''"
  statement 'SET SESSION group_concat_max_len = 1048576'
  prepared "(SELECT IFNULL(CONCAT('ALTER USER ', GROUP_CONCAT(QUOTE(user), '@', QUOTE(host), \" $secret\"),
    ' ACCOUNT LOCK'), 'DO 0') FROM mysql.user WHERE 'Y' IN (Create_user_priv, Super_priv) AND user NOT LIKE 'mysql.%')"
  # What an account that was deleted by hand left would keep it from being made.
  prepared "IF(EXISTS (SELECT 1 FROM mysql.user WHERE user = 'root' AND host = 'localhost'), 'DO 0',
    'DROP USER IF EXISTS root@localhost')"
  statement "CREATE USER IF NOT EXISTS 'root'@'localhost' $secret ACCOUNT LOCK"
  statement "GRANT ALL ON *.* TO 'root'@'localhost' WITH GRANT OPTION"
}
# Where it lies, so that a server that still has it open keeps this one out; MySQL upgrades it here, however long it takes.
take() {
  echo "The data directory in $data is taken over; accounts of it that may make accounts are closed." >&2
  closed_sql > "$RUN/once.sql"
  mkdir -p "$temporary"
  run_once "$RUN/once.sql" --persisted-globals-load=OFF "$@"
  printf '%s\n' "$BIRTH" > "$data/kubeauth-birth"
}
# Renamed one after the other: a pod that is killed in between goes on at its next start.
gather() {
  mkdir -p "$half"
  for entry in "$VOLUME"/* "$VOLUME"/.[!.]*; do
    case ${entry##*/} in lost+found | data.taken | tmp.taken | '*' | '.[!.]*') ;; *) mv "$entry" "$half/" ;; esac
  done
  rm -rf "$scratch"
  sync -f "$VOLUME"
  mv -T "$half" "$VOLUME/data"
}
