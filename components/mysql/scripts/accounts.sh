# Writes init.sql for `mysqld --init-file`, and options for its clients. Each statement may run any number of times.
# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # functions.sh comes before, what is in capitals is handed over
while [ "$1" != -- ]; do export "${1?}"; shift; done
shift
source=$SECRETS
backup_account="'kubeauth_backup'@'%'"
metrics_account="'kubeauth_metrics'@'%'"
server_account="'kubeauth_server'@'localhost'"
# Settings on passwords are for people; what the product sets must neither expire nor be refused the next time.
policy='PASSWORD EXPIRE NEVER PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY PASSWORD REQUIRE CURRENT OPTIONAL'
policy="$policy FAILED_LOGIN_ATTEMPTS 0 PASSWORD_LOCK_TIME 0"
statement() { printf '%s;\n' "$1"; }
identified() { printf %s "IDENTIFIED WITH caching_sha2_password BY '$text'"; }
random() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
# A statement that the server puts together.
prepared() {
  statement "SET @kubeauth = $1"
  statement 'PREPARE kubeauth FROM @kubeauth'
  statement 'EXECUTE kubeauth'
  statement 'DEALLOCATE PREPARE kubeauth'
}
# In GRANT an underscore stands for any character unless it is escaped; with partial revokes that would be another schema's
# name. Arguments: privileges, account as a literal, the schema.
grant_schema() {
  text=$3
  replace _ '\\_'
  prepared "CONCAT('GRANT $1 ON \`', IF(@@partial_revokes, '$3', '$text'), '\`.* TO ', $2)"
}
# Where the SQL of this start has got to; the startup probe reads it.
reached() { statement "ALTER USER $account ATTRIBUTE '{\"kubeauth\": \"$1\"}'"; }
backup_sql() {
  read_key backup-password
  statement "CREATE USER $backup_account $(identified) REQUIRE SSL $policy ATTRIBUTE '{\"kubeauth\": \"\"}'"
  statement "GRANT $BACKUP_PRIVILEGES ON *.* TO $backup_account"
  for schema in "$DATABASE" ${SCHEMAS-}; do
    schema=${schema%%=*} beside=$(beside_of "${schema%%=*}")
    for granted in "$schema" "${beside}__restore" "${beside}__before_%"; do
      grant_schema 'ALL PRIVILEGES' "'''kubeauth_backup''@''%'''" "$granted"
    done
  done
}
# Status and variables are everybody's: it gets no right at all, and never many of the connections.
metrics_sql() {
  read_key metrics-password
  statement "CREATE USER $metrics_account $(identified) REQUIRE SSL WITH MAX_USER_CONNECTIONS 3 $policy \
ATTRIBUTE '{\"kubeauth\": \"\"}'"
}
# Over the socket only; it makes the server read a renewed certificate, and close a binary log.
server_sql() {
  text=$server_password
  statement "CREATE USER $server_account $(identified) $policy ATTRIBUTE '{\"kubeauth\": \"\"}'"
  statement "GRANT CONNECTION_ADMIN${SENT:+, RELOAD, BINLOG_ADMIN} ON *.* TO $server_account"
}
# MySQL refuses a longer one in the middle of the accounts' SQL.
check_length() { [ "$(printf %s "$text" | wc -c)" -le 255 ] || fail "the key $1 of the Secret holds more than 255 bytes"; }
# With the password in $text, and the one before where there is one. Arguments: account, the key of the one before.
create_user() {
  check_length password
  double \\; double "'"
  now=$(identified)
  if [ -e "$SECRETS/$2" ]; then
    source=$SECRETS
    read_key "$2"
    check_length "$2"
    double \\; double "'"
    statement "CREATE USER $1 $(identified) $TLS $policy ATTRIBUTE '{\"kubeauth\": \"the accounts\"}'"
    statement "ALTER USER $1 $now RETAIN CURRENT PASSWORD"
  else
    statement "CREATE USER $1 $now $TLS $policy ATTRIBUTE '{\"kubeauth\": \"the accounts\"}'"
  fi
}
# `name=collation …`; schemas that no input names any more stay.
schemas_sql() {
  for schema in $SCHEMAS; do
    collation=${schema#*=} schema=${schema%%=*}
    reached "the schema $schema"
    statement "CREATE DATABASE IF NOT EXISTS \`$schema\`"
    [ -z "$collation" ] || statement "ALTER DATABASE \`$schema\` COLLATE $collation"
  done
}
# `name:privileges:schema,… …`; each account has a folder with its Secret.
more_sql() {
  for more in $ACCOUNTS; do
    name=${more%%:*} more=${more#*:}
    schemas=${more#*:}, privileges=${more%%:*}
    case $privileges in owner) privileges=$OWNER ;; *) privileges=$DATA ;; esac
    source=$SECRETS/accounts/$name
    read_key username
    [ "$text" = "$name" ] || fail "the key username of the Secret for the account $name holds another name"
    reached "the account $name"
    statement "DROP USER IF EXISTS '$name'@'%'"
    read_key password
    create_user "'$name'@'%'" "previous-password.$name"
    while [ -n "$schemas" ]; do
      grant_schema "$privileges" "'''$name''@''%'''" "${schemas%%,*}"
      schemas=${schemas#*,}
    done
  done
}
init_sql() {
  number=0
  statement 'SET SESSION sql_mode = DEFAULT'
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    case $line in *[![:space:]]*) ;; *) continue ;; esac
    reached "line $number of init_sql"
    printf '%s\n' "$line"
  done < "$SECRETS/init.sql"
  statement "SET SESSION sql_mode = ''"
}

read_key username
case $text in root|mysql.*|kubeauth_*) fail "the account $text is MySQL's or kubeauth's own" ;; esac
double \\
client_user=$text
double "'"
account="'$text'@'%'"
text=$account
double \\; double "'"
account_literal="'$text'"
read_key password
check_length password
password=$text
double \\
client_password=$text
root='ACCOUNT LOCK'
if [ -e "$SECRETS/root-password" ]; then
  read_key root-password
  double \\; double "'"
  root="$(identified) $policy ACCOUNT UNLOCK"
fi
server_password=$(random)
mark=$(random)
{
  # Backslashes and quotation marks mean what they mean here, whatever the server's own mode.
  statement "SET SESSION sql_mode = ''"
  statement 'SET SESSION group_concat_max_len = 1048576'
  statement "CREATE DATABASE IF NOT EXISTS \`$DATABASE\`"
  statement "ALTER USER 'root'@'localhost' $root"
  # Made new: whatever was added by hand goes, and so do accounts that no input names any more.
  prepared "(SELECT IFNULL(CONCAT('DROP USER ', GROUP_CONCAT(QUOTE(user), '@', QUOTE(host))), 'DO 0')
    FROM information_schema.user_attributes WHERE JSON_CONTAINS_PATH(attribute, 'one', '\$.kubeauth'))"
  statement "DROP USER IF EXISTS $account, $backup_account, $metrics_account, $server_account"
  text=$password
  create_user "$account" previous-password
  grant_schema "$PRIVILEGES" "$account_literal" "$DATABASE"
  [ -z "${SCHEMAS-}" ] || schemas_sql
  [ -z "${ACCOUNTS-}" ] || more_sql
  source=$SECRETS
  [ "$BACKUP" = no ] || backup_sql
  [ -z "${METRICS-}" ] || metrics_sql
  [ "$CERTIFICATE${SENT-}" = no ] || server_sql
  [ ! -e "$SECRETS/init.sql" ] || init_sql
  reached "$mark"
} > "$RUN/init.sql"
printf %s "$mark" > "$RUN/mark"
{
  client 127.0.0.1 "$PORT" "$client_user" "$client_password"
  printf '%s\n' '[mysql]' "database=$DATABASE" connect-timeout=3
} > "$RUN/client.cnf"
printf '%s\n' '[client]' user=kubeauth_server "password=$server_password" connect-timeout=3 ssl-mode=DISABLED \
  "socket=$RUN/mysqld.sock" > "$RUN/server.cnf"
