# shellcheck shell=sh disable=SC2154 # functions.sh comes before
# Fails where settings that count only when a data directory is made are not those that the file $1 has from then.
born() {
  was=$(cat "$1" 2> /dev/null || echo "$BIRTH")
  [ "$was" = "$BIRTH" ] || fail "settings that count only when a database is made are ${BIRTH:-not given}, but this one \
was made with ${was:-the defaults}: put them back, or load a dump into a new database"
}
