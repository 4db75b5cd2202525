"""MySQL's accounts as text: the SQL that mysqld runs at every start, and the option file of the readiness probe."""

import hashlib

PRIVILEGES = "ALTER, CREATE, DELETE, DROP, INDEX, INSERT, REFERENCES, SELECT, UPDATE"
"""What an application needs that owns its schema; no GRANT OPTION, no FILE, nothing outside the schema."""


def sql_string(text: str) -> str:
    """Quote text as an SQL string, for the default `sql_mode` (backslashes escape)."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def init_sql(database: str, username: str, password: str, root_password: str) -> str:
    """Return the statements for `mysqld --init-file`, which runs them before it accepts connections.

    Each may run any number of times, so that a changed password is: change the input, `pulumi up`. The account is made
    new from what is written here, so a privilege that somebody added by hand is gone after a restart.

    Args:
        database: The one schema of the application.
        username: The application's account; it may log in from anywhere, with TLS only.
        password: The application's password.
        root_password: The administrator's password; root may log in inside the pod only.
    """
    account = f"{sql_string(username)}@'%'"
    # In GRANT an underscore stands for any character unless it is escaped.
    grant_on = database.replace("_", "\\_")
    statements = [
        "SET SESSION sql_mode = DEFAULT",
        f"CREATE DATABASE IF NOT EXISTS `{database}`",
        f"ALTER USER 'root'@'localhost' IDENTIFIED BY {sql_string(root_password)}",
        f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY {sql_string(password)} REQUIRE SSL",
        f"ALTER USER {account} IDENTIFIED BY {sql_string(password)} REQUIRE SSL ACCOUNT UNLOCK",
        f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {account}",
        f"GRANT {PRIVILEGES} ON `{grant_on}`.* TO {account}",
    ]
    return "".join(f"{statement};\n" for statement in statements)


def client_cnf(username: str, password: str, database: str, port: int) -> str:
    """Return the option file of the client programs in the pod, so that no password is an argument of theirs."""
    quoted = password.replace("\\", "\\\\")
    return (
        "[client]\n"
        "host=127.0.0.1\n"
        f"port={port}\n"
        "protocol=TCP\n"
        "ssl-mode=REQUIRED\n"
        f"user={username}\n"
        f'password="{quoted}"\n'
        "[mysql]\n"
        f"database={database}\n"
        "connect-timeout=3\n"
    )


def fingerprint(text: str, salt: str) -> str:
    """Return 8 characters that change when the text changes, fit for the name of an immutable Secret.

    Only 32 bits of a slow hash, salted with the instance: too little to confirm a guessed password.

    Args:
        text: The Secret's content.
        salt: What tells this Secret from another one with the same content.
    """
    return hashlib.pbkdf2_hmac("sha256", text.encode(), salt.encode(), iterations=10_000, dklen=4).hex()
