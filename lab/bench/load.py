"""A real load on a database: rows that fill the cache, then clients that write, read, sort and join."""

import random
import threading
import time
from dataclasses import dataclass
from typing import Any

import pymysql

CLIENTS = 16
ROW = 1000
"""Characters of text in a row."""
_SEED = 20261125
_READ = (
    "SELECT text FROM items WHERE id = %s",
    "SELECT kind, COUNT(*), MAX(text) FROM items WHERE id BETWEEN %s AND %s + 2000 GROUP BY kind ORDER BY 2 DESC",
    "SELECT a.text, b.text FROM items a JOIN items b ON b.id = a.id + 1 WHERE a.id BETWEEN %s AND %s + 200"
    " ORDER BY a.text LIMIT 20",
)


@dataclass
class Load:
    """What came of it."""

    statements: int = 0
    errors: int = 0


def fill(login: dict[str, Any], mebibytes: int) -> int:
    """Put about so much into a table, by doubling it; return the number of rows."""
    with pymysql.connect(**login, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE items (id INT AUTO_INCREMENT PRIMARY KEY, kind INT, text VARCHAR(2000), KEY (kind))"
        )
        cursor.execute("INSERT INTO items (kind, text) VALUES (0, %s)", ("x" * ROW,))
        rows = 1
        while rows * ROW < mebibytes * 2**20:
            # At most 16 MiB at once, as an application would.
            cursor.execute(
                "INSERT INTO items (kind, text) SELECT RAND() * 50, CONCAT(UUID(), REPEAT('x', %s)) FROM items"
                " LIMIT 16000",
                (ROW - 36,),
            )
            rows += min(rows, 16000)
    return rows


def run(login: dict[str, Any], rows: int, seconds: float) -> Load:
    """Let all clients work at once for so long."""
    result, guard, end = Load(), threading.Lock(), time.monotonic() + seconds

    def client(number: int) -> None:
        chance = random.Random(_SEED + number)  # noqa: S311 - to be repeated
        done, failed = 0, 0
        while time.monotonic() < end:
            try:
                with pymysql.connect(**login) as connection, connection.cursor() as cursor:
                    while time.monotonic() < end:
                        _transaction(connection, cursor, chance, rows)
                        done += 1
            except (pymysql.err.MySQLError, OSError):
                failed += 1
                time.sleep(0.2)
        with guard:
            result.statements += 4 * done
            result.errors += failed

    clients = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    return result


def _transaction(connection: Any, cursor: Any, chance: random.Random, rows: int) -> None:
    """Four statements, as one transaction."""
    read = chance.choice(_READ)
    cursor.execute(read, (chance.randrange(1, rows),) * read.count("%s"))
    cursor.fetchall()
    cursor.execute("INSERT INTO items (kind, text) VALUES (%s, %s)", (chance.randrange(50), "y" * ROW))
    cursor.execute("UPDATE items SET kind = %s WHERE id = %s", (chance.randrange(50), chance.randrange(1, rows)))
    cursor.execute("SELECT COUNT(*) FROM items WHERE kind = %s", (chance.randrange(50),))
    cursor.fetchall()
    connection.commit()
