"""MySQL's accounts: the script that turns a Secret's files into the SQL that mysqld runs at every start.

The SQL is written in the pod, so a Secret that somebody else made serves as well as this package's own, and no password
passes through a template of the program's.
"""

import hashlib

PRIVILEGES = "ALTER, CREATE, DELETE, DROP, INDEX, INSERT, REFERENCES, SELECT, UPDATE"
"""What an application needs that owns its schema; no GRANT OPTION, no FILE, nothing outside the schema."""

BACKUP_USER = "kubeauth_backup"
BACKUP_PRIVILEGES = "SHOW_ROUTINE, SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER, SYSTEM_USER, SYSTEM_VARIABLES_ADMIN"
"""For all schemas, because MySQL grants them so only: docs/adr/0009-one-account-for-backups-and-restores.md."""

USERNAME, PASSWORD, ROOT_PASSWORD, INIT_SQL = "username", "password", "root-password", "init.sql"
BACKUP_PASSWORD = "backup-password"  # noqa: S105 - a name
"""Keys of the Secrets."""


def beside_schema(database: str) -> str:
    """Return what the names of schemas begin with that a restore makes; 25 more of MySQL's 64 characters follow."""
    return database[:39]


# Plain POSIX, because images differ in their shells and tools; nothing is expanded twice.
FUNCTIONS = r"""set -eu
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
double() {
  rest=$text text=
  while :; do
    case $rest in *"$1"*) ;; *) break ;; esac
    text=$text${rest%%"$1"*}$1$1
    rest=${rest#*"$1"}
  done
  text=$text$rest
}
# Arguments: host, port, user, password, the last two with doubled backslashes.
client() {
  printf '%s\n' '[client]' "host=$1" "port=$2" protocol=TCP ssl-mode=REQUIRED
  printf '%s="%s"\n' user "$3" password "$4"
}
"""
"""What this package's scripts have in common: reading a Secret's files, and writing options of MySQL's clients."""

_BACKUP = f"""  read_key {BACKUP_PASSWORD}
  backup="'{BACKUP_USER}'@'%'"
  printf '%s;\\n' "CREATE USER IF NOT EXISTS $backup IDENTIFIED BY '$text' REQUIRE SSL"
  printf '%s;\\n' "ALTER USER $backup IDENTIFIED BY '$text' REQUIRE SSL ACCOUNT UNLOCK"
  printf '%s;\\n' "REVOKE ALL PRIVILEGES, GRANT OPTION FROM $backup"
  printf '%s;\\n' "GRANT {BACKUP_PRIVILEGES} ON *.* TO $backup"
  for schema in '{{grant_on}}' '{{beside}}\\_\\_restore' '{{beside}}\\_\\_before\\_%'; do
    printf '%s;\\n' "GRANT ALL PRIVILEGES ON \\`$schema\\`.* TO $backup"
  done
"""
_NO_BACKUP = f"""  printf '%s;\\n' "DROP USER IF EXISTS '{BACKUP_USER}'@'%'"
"""


def script(
    database: str, *, source: str, target: str, port: int, require_tls: bool = True, backup: bool = False
) -> str:
    """Return the shell script that writes `init.sql` for `mysqld --init-file` and `client.cnf` for its clients.

    Each statement may run any number of times, so that a changed password is: change the input, `pulumi up`. The
    account is made new from what is written here: a privilege that somebody added by hand is gone after a restart.

    Args:
        database: The one schema of the application; checked by `validation.database_name`.
        source: The folder with the keys `username` and `password`; `root-password`, without which root is locked; and
            `init.sql`, more statements, one a line.
        target: The folder to write to.
        port: The server's port.
        require_tls: Whether the account may log in over TLS only. Default: true.
        backup: Whether there is an account for backups. Default: false.
    """
    # In GRANT an underscore stands for any character unless it is escaped.
    grant_on = database.replace("_", "\\_")
    tls = "REQUIRE SSL" if require_tls else "REQUIRE NONE"
    backups = (
        _BACKUP.format(grant_on=grant_on, beside=beside_schema(database).replace("_", "\\_")) if backup else _NO_BACKUP
    )
    return (
        FUNCTIONS
        + f"""source={source} target={target}
read_key {USERNAME}
case $text in root|mysql.*|{BACKUP_USER}) fail "the account $text is MySQL's own" ;; esac
double \\\\
client_user=$text
double "'"
account="'$text'@'%'"
read_key {PASSWORD}
double \\\\
client_password=$text
double "'"
identified="IDENTIFIED BY '$text'"
root="ACCOUNT LOCK"
if [ -e "$source/{ROOT_PASSWORD}" ]; then
  read_key {ROOT_PASSWORD}
  double \\\\; double "'"
  root="IDENTIFIED BY '$text' ACCOUNT UNLOCK"
fi
{{
  printf '%s;\\n' 'SET SESSION sql_mode = DEFAULT'
  printf '%s;\\n' 'CREATE DATABASE IF NOT EXISTS `{database}`'
  printf '%s;\\n' "ALTER USER 'root'@'localhost' $root"
  printf '%s;\\n' "CREATE USER IF NOT EXISTS $account $identified {tls}"
  printf '%s;\\n' "ALTER USER $account $identified {tls} ACCOUNT UNLOCK"
  printf '%s;\\n' "REVOKE ALL PRIVILEGES, GRANT OPTION FROM $account"
  printf '%s;\\n' 'GRANT {PRIVILEGES} ON `{grant_on}`.* TO '"$account"
{backups}  [ ! -e "$source/{INIT_SQL}" ] || cat "$source/{INIT_SQL}"
}} > "$target/init.sql"
{{
  client 127.0.0.1 {port} "$client_user" "$client_password"
  printf '%s\\n' '[mysql]' 'database={database}' connect-timeout=3
}} > "$target/client.cnf"
"""
    )


def fingerprint(text: str, salt: str) -> str:
    """Return 8 characters that change when the text changes, fit for the name of an immutable Secret.

    Only 32 bits of a slow hash, salted with the instance: too little to confirm a guessed password.

    Args:
        text: The Secret's content.
        salt: What tells this Secret from another one with the same content.
    """
    return hashlib.pbkdf2_hmac("sha256", text.encode(), salt.encode(), iterations=10_000, dklen=4).hex()
