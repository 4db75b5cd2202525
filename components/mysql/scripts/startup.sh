# Started is: the application logs in, over TCP with TLS, and the accounts' SQL of this start ran to its end.
# shellcheck shell=sh disable=SC2153 # what is in capitals is handed over
set -eu
export "${1?}"
reached=$(mysql "--defaults-file=$RUN/client.cnf" --batch --skip-column-names --execute \
  "SELECT attribute->>'$.kubeauth' FROM information_schema.user_attributes
   WHERE CONCAT(user, '@', host) = CURRENT_USER()")
[ "$reached" = "$(cat "$RUN/mark")" ] && exit
echo "error: the SQL of this start ended early, in $reached: see the first [ERROR] of the server's log" >&2
exit 1
