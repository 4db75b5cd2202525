"""What the service does with a request, apart from HTTP."""

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import passwords
from metrics import Metrics
from store import Taken, Unavailable, Users

Answer = tuple[int, dict[str, Any]]
_NAME = re.compile(r"[A-Za-z0-9._@+-]{1,64}")
_PASSWORD_MIN, _PASSWORD_MAX = 8, 1024
# Seconds; about as long as a restarted database needs.
_RETRY = MappingProxyType({"Retry-After": "5"})
_NO: Mapping[str, str] = MappingProxyType({})


class Problem(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, error: str, reasons: Sequence[str] = (), headers: Mapping[str, str] = _NO) -> None:
        super().__init__(error)
        self.status, self.error, self.reasons, self.headers = status, error, list(reasons), dict(headers)

    def answer(self) -> dict[str, Any]:
        """The JSON to send."""
        return {"error": self.error, **({"reasons": self.reasons} if self.reasons else {})}


class Api:
    """The four things one can ask."""

    def __init__(self, users: Users, metrics: Metrics | None = None) -> None:
        self._users = users
        self.metrics = metrics or Metrics()
        self.stopping = threading.Event()

    def answer(self, method: str, path: str, body: Callable[[], bytes]) -> Answer:
        """The status and the JSON for a request; `body` is read only when it is needed. Raises Problem."""
        routes: dict[str, tuple[str, Callable[[], Answer]]] = {
            "/healthz": ("GET, HEAD", lambda: (200, {"status": "alive"})),
            "/readyz": ("GET, HEAD", self._ready),
            "/register": ("POST", lambda: self._register(*_credentials(body()))),
            "/login": ("POST", lambda: self._login(*_credentials(body()))),
        }
        if path not in routes:
            raise Problem(404, "not found", [f"there is {', '.join(routes)}"])
        allowed, action = routes[path]
        if method not in allowed.split(", "):
            raise Problem(405, f"use {allowed}", headers={"Allow": allowed})
        try:
            return action()
        except Unavailable as error:
            self.metrics.database_error(str(error))
            raise Problem(503, "the database is not available", [str(error)], _RETRY) from None
        except passwords.Busy:
            raise Problem(503, "too many logins at once", headers=_RETRY) from None

    def _ready(self) -> Answer:
        if self.stopping.is_set():
            raise Problem(503, "stopping")
        self._users.check()
        return 200, {"status": "ready"}

    def _register(self, username: str, password: str) -> Answer:
        reasons = []
        if not _NAME.fullmatch(username):
            reasons.append("username: 1 to 64 letters, digits or . _ @ + -")
        if not _PASSWORD_MIN <= len(password) <= _PASSWORD_MAX:
            reasons.append(f"password: {_PASSWORD_MIN} to {_PASSWORD_MAX} characters")
        if reasons:
            raise Problem(400, "not registered", reasons)
        try:
            self._users.add(username, passwords.hash_password(password))
        except Taken:
            raise Problem(409, "the name is taken") from None
        return 201, {"username": username}

    def _login(self, username: str, password: str) -> Answer:
        user = self._users.find(username) if _NAME.fullmatch(username) else None
        name, stored = user or (username, None)
        if not passwords.verify(password, stored):
            raise Problem(401, "wrong name or password")
        return 200, {"username": name}


def _credentials(body: bytes) -> tuple[str, str]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON") from None
    if not isinstance(data, dict):
        raise Problem(400, "the body must be a JSON object")
    reasons = []
    for name in ("username", "password"):
        value = data.get(name)
        if not isinstance(value, str):
            reasons.append(f"{name}: must be given as text")
        elif any("\ud800" <= character <= "\udfff" for character in value):
            reasons.append(f"{name}: is not valid Unicode")
    reasons += [f"{name[:40]}: is not known" for name in data if name not in ("username", "password")]
    if reasons:
        raise Problem(400, "the request is incomplete", reasons)
    return data["username"], data["password"]
