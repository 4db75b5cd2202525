# What this package's scripts have in common: reading a Secret's files, and writing options of MySQL's clients.
# Plain POSIX, because images differ in their shells and tools; nothing is expanded twice.
# shellcheck shell=sh disable=SC2154 # $source is the caller's
set -eu
umask 077
newline='
'
fail() { echo "error: $1" >&2; exit 1; }
read_key() {
  [ -s "$source/$1" ] || fail "the Secret has no value for the key $1"
  text=$(cat "$source/$1" && echo .)
  text=${text%.}
  case $text in *"$newline"*) fail "the key $1 of the Secret holds a line break" ;; esac
}
# Writes $2 for each $1 in $text.
replace() {
  unread=$text text=
  while :; do
    case $unread in *"$1"*) ;; *) break ;; esac
    text=$text${unread%%"$1"*}$2
    unread=${unread#*"$1"}
  done
  text=$text$unread
}
# What the names of schemas begin with that a restore of the schema $1 makes; 25 more of MySQL's 64 characters follow.
beside_of() {
  case ${#1} in
    [1-9] | [12][0-9] | 3[0-9]) printf %s "$1" ;;
    *) printf '%.30s_%.8s' "$1" "$(printf %s "$1" | sha256sum)" ;;
  esac
}
# A name as a pattern of SQL that stands for nothing else.
pattern_of() { text=$1; replace _ '\\_'; printf %s "$text"; }
# Where in which server's binary log a backup was made: the server's UUID, the log, the place. Nothing for most.
position_of() { gunzip -c "$1" | sed -n '$s/^-- kubeauth: position //p'; }
double() { replace "$1" "$1$1"; }
# Arguments: host, port, user, password, the last two with doubled backslashes.
client() {
  printf '%s\n' '[client]' "host=$1" "port=$2" protocol=TCP ssl-mode=REQUIRED
  # Unescaped, a quotation mark before a # would begin a comment.
  text=$3 && replace '"' '\"' && printf 'user="%s"\n' "$text"
  text=$4 && replace '"' '\"' && printf 'password="%s"\n' "$text"
}
