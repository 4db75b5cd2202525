"""What tests do with the project whose database is copied to a bucket."""

from collections.abc import Callable

Run = Callable[..., str]
"""Runs a command in the project's folder and returns what it printed; `ok=False` where it has to fail."""


def up(run: Run) -> None:
    run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")


def in_database(run: Run, namespace: str, name: str, sql: str) -> str:
    client = "mysql --defaults-file=/run/mysqld/client.cnf --skip-column-names --batch"
    inside = (f"deployment/{name}-deployment", "-c", f"{name}-container", "--", "sh", "-c", client)
    return run("kubectl", "-n", namespace, "exec", "-i", *inside, stdin=sql)
