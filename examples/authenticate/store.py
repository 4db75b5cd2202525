"""Users in MySQL. One connection per request: nothing to repair after the database was away."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import pymysql
from config import Config
from pymysql.constants import CLIENT, ER
from traces import Off, Traces

T = TypeVar("T")
_CONNECT_SECONDS, _ANSWER_SECONDS, _QUEUE_SECONDS = 3, 5, 5
_CONNECTIONS = 8
# Names that differ only in case are one name: nobody can pose as somebody else's "Bob".
_TABLE = """CREATE TABLE IF NOT EXISTS users (
    username VARCHAR(64) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL PRIMARY KEY,
    password VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    created TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
)"""
_REASONS: dict[int | str, str] = {
    ER.ACCESS_DENIED_ERROR: "the database refuses the user or the password",
    ER.DBACCESS_DENIED_ERROR: "the user has no rights on the database",
    ER.TABLEACCESS_DENIED_ERROR: "the user has no rights on the table",
    ER.BAD_DB_ERROR: "the database does not exist",
    ER.CON_COUNT_ERROR: "the database has too many connections",
    2003: "the database is not reachable",
    2013: "the connection to the database broke",
    2026: "the database does not offer TLS",
}


class Unavailable(Exception):
    """The database did not do it; the reason holds no secret."""


class Taken(Exception):
    """The name belongs to somebody."""


class Users(Protocol):
    """What the HTTP side needs of a store."""

    def check(self) -> None:
        """Return if the database answers a query; else raise Unavailable."""
        ...

    def add(self, username: str, password: str) -> None:
        """Store a user; returning means committed. Raises Taken or Unavailable."""
        ...

    def find(self, username: str) -> tuple[str, str] | None:
        """The user's name as registered and the stored hash. Raises Unavailable."""
        ...


class _Connection(pymysql.connections.Connection):
    """PyMySQL goes on in plain text when the server offers no TLS; this one stops before it sends a password."""

    # Both attributes are PyMySQL's own, in 1.0 as in 1.2; a unit test stands guard.
    server_capabilities: int

    def _request_authentication(self) -> None:
        if self.ssl and not self.server_capabilities & CLIENT.SSL:
            raise pymysql.err.OperationalError(2026, "no TLS")
        super()._request_authentication()  # pyright: ignore[reportAttributeAccessIssue]


class _Cursor:
    """A cursor whose statements are traced."""

    def __init__(self, cursor: Any, config: Config, traces: Traces) -> None:
        self._cursor, self._config, self._traces = cursor, config, traces

    def execute(self, text: str, values: tuple[str, ...] | None = None) -> int:
        """Run a statement; return how many rows it found or changed."""
        with self._traces.query(text, self._config):
            return self._cursor.execute(text, values)

    def fetchone(self) -> Any:
        """The next row, if there is one."""
        return self._cursor.fetchone()


class MySqlUsers:
    """The users table of a MySQL database."""

    def __init__(self, config: Config, traces: Traces | None = None) -> None:
        self._config, self._traces = config, traces or Off()
        # PyMySQL would encode text as Latin-1; MySQL hashes what arrives in UTF-8.
        self._password = config.password.encode("utf-8", "surrogateescape")
        self._slots = threading.BoundedSemaphore(_CONNECTIONS)

    def check(self) -> None:
        """Return if the database answers a query on the table, which is made when absent; else raise Unavailable."""
        self._run(lambda cursor: cursor.execute("SELECT 1 FROM users LIMIT 1"))

    def add(self, username: str, password: str) -> None:
        """Store a user; returning means committed."""
        self._run(lambda cursor: cursor.execute("INSERT INTO users (username, password) VALUES (%s, %s)",
                                                (username, password)))  # fmt: skip

    def find(self, username: str) -> tuple[str, str] | None:
        """The user's name as registered and the stored hash."""

        def query(cursor: _Cursor) -> tuple[str, str] | None:
            cursor.execute("SELECT username, password FROM users WHERE username = %s", (username,))
            return cursor.fetchone()

        return self._run(query)

    def _run(self, work: Callable[[_Cursor], T]) -> T:
        try:
            with self._session() as connection, connection.cursor() as opened:
                cursor = _Cursor(opened, self._config, self._traces)
                try:
                    result = work(cursor)
                except pymysql.err.ProgrammingError as error:
                    if error.args[0] != ER.NO_SUCH_TABLE:
                        raise
                    # A new or restored database. Replicas may do this at the same time: IF NOT EXISTS.
                    cursor.execute(_TABLE)
                    result = work(cursor)
                connection.commit()
                return result
        except pymysql.err.IntegrityError as error:
            if error.args[0] == ER.DUP_ENTRY:
                raise Taken from None
            raise Unavailable(_reason(error)) from None
        except (pymysql.err.MySQLError, OSError, RuntimeError) as error:
            raise Unavailable(_reason(error)) from None

    @contextmanager
    def _session(self) -> Iterator[_Connection]:
        if not self._slots.acquire(timeout=_QUEUE_SECONDS):
            raise Unavailable("too many requests wait for the database")
        try:
            context = self._config.tls_context()
            with self._traces.query("", self._config):
                opened = _Connection(
                    host=self._config.host, port=self._config.port, user=self._config.user, password=self._password,
                    database=self._config.database, ssl=context, ssl_disabled=context is None, charset="utf8mb4",
                    connect_timeout=_CONNECT_SECONDS, read_timeout=_ANSWER_SECONDS, write_timeout=_ANSWER_SECONDS,
                )  # fmt: skip
            with opened as connection:
                yield connection
        finally:
            self._slots.release()


def _reason(error: Exception) -> str:
    # Never the message itself: it may name the user and the address.
    cause = getattr(error, "original_exception", error)
    if isinstance(cause, socket.gaierror):
        return "the database's name does not resolve"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "the database's certificate is not one to trust"
    code = error.args[0] if error.args and isinstance(error.args[0], int) else type(error).__name__
    return _REASONS.get(code, f"database error {code}")
