# Writes the SQL that a server begins with, and the passwords of Vitess' own accounts for the programs beside it.
# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # functions.sh and values.sh come before
source=$SECRETS
data='SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES'
data="$data, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, TRIGGER"
schema=$KEYSPACE
# In GRANT an underscore stands for any character unless it is escaped.
text=$schema && replace _ '\_' && pattern=$text
# Arguments: the account, its host, and what else is true of it.
user() {
  read_key "$1"
  printf "CREATE USER '%s'@'%s' IDENTIFIED WITH caching_sha2_password BY '%s' %s;\n" "$1" "$2" "$text" "${3-}"
}
{
  # What every server does alone must not be in its binary log: no other server would have it.
  printf '%s\n' 'SET GLOBAL super_read_only = OFF;' 'SET sql_log_bin = 0;'
  user vt_dba localhost
  printf '%s\n' "GRANT ALL ON *.* TO 'vt_dba'@'localhost' WITH GRANT OPTION;" \
    "GRANT PROXY ON ''@'' TO 'vt_dba'@'localhost' WITH GRANT OPTION;"
  # What clients ask for is done by this account: nothing outside of the schema, no files, no accounts. In _vt the gateways
  # read which tables there are; clients have no way there.
  user vt_app localhost
  printf '%s\n' "GRANT $data ON \`$pattern\`.* TO 'vt_app'@'localhost';" \
    "GRANT SELECT ON \`\_vt\`.* TO 'vt_app'@'localhost';"
  user vt_appdebug localhost
  printf '%s\n' "GRANT SELECT, SHOW DATABASES, PROCESS ON *.* TO 'vt_appdebug'@'localhost';"
  for account in vt_allprivs vt_filtered; do
    user "$account" localhost
    printf '%s\n' "GRANT $data, RELOAD, PROCESS, FILE, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT, CREATE USER, \
EVENT ON *.* TO '$account'@'localhost';"
  done
  # The two that come over the network, and only so.
  user vt_repl % 'REQUIRE SSL'
  printf '%s\n' "GRANT REPLICATION SLAVE ON *.* TO 'vt_repl'@'%';"
  user vt_clone % 'REQUIRE SSL'
  printf '%s\n' "GRANT BACKUP_ADMIN ON *.* TO 'vt_clone'@'%';"
  printf '%s\n' "ALTER USER 'root'@'localhost' ACCOUNT LOCK;" 'SET GLOBAL super_read_only = ON;'
} >"$RUN/init.sql"
{
  separator='{'
  for account in vt_dba vt_app vt_appdebug vt_allprivs vt_filtered vt_repl vt_clone; do
    read_key "$account"
    printf '%s"%s": ["%s"]' "$separator" "$account" "$text"
    separator=', '
  done
  echo '}'
} >"$RUN/credentials.json"
# vttablet takes this one from nowhere but its arguments; they have it only while an empty server is filled.
read_key vt_clone
printf %s "$text" >"$RUN/clone"
printf %s "$SETTINGS" >"$RUN/extra.cnf"
# For people in the pod: mysql --defaults-file=/run/vitess/client.cnf
read_key vt_dba
socket=$VTDATAROOT/vt_$(printf %010d $((BASE + ${POD_NAME##*-})))/mysql.sock
printf '%s\n' '[client]' user=vt_dba "password=$text" "socket=$socket" >"$RUN/client.cnf"
