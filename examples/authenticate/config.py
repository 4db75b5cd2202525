"""Settings from the environment; every mistake is reported at once."""

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import traces

MYSQL_PORT = 3306
TLS_MODES = ("required", "verify-identity", "disabled")


class BadConfig(Exception):
    """The environment is not usable; one argument per problem."""


@dataclass(frozen=True)
class Config:
    """What the service needs to know."""

    host: str
    user: str
    password: str = field(repr=False)
    database: str = "admin"
    port: int = MYSQL_PORT
    tls: str = "required"
    tls_ca: str = ""
    listen: int = 5010
    metrics: int = 0

    def tls_context(self) -> ssl.SSLContext | None:
        """How to encrypt the way to the database; None only when the user chose `disabled`."""
        if self.tls == "disabled":
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # The certificate that MySQL makes for itself names no host, so checking the name must be asked for.
        context.check_hostname = self.tls == "verify-identity"
        if self.tls_ca:
            context.load_verify_locations(self.tls_ca)
        elif self.tls == "verify-identity":
            context.load_default_certs()
        else:
            context.verify_mode = ssl.CERT_NONE
        return context


def split_address(text: str) -> tuple[str, int]:
    """`host`, `host:port`, `[v6]:port` or a bare IPv6 address; raises ValueError with the reason."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError("must be [address]:port")
        port = rest[1:] if rest else str(MYSQL_PORT)
    elif text.count(":") > 1:
        host, port = text, str(MYSQL_PORT)
    else:
        host, colon, port = text.partition(":")
        port = port if colon else str(MYSQL_PORT)
    if not re.fullmatch(r"[A-Za-z0-9_.:%-]+", host):
        raise ValueError(f"{host!r} is not a host name or address")
    return host, _port(port)


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise ValueError(f"port {text!r} is not a number from 1 to 65535")
    return int(text)


def load(env: Mapping[str, str] = os.environ) -> Config:
    """Read the environment; raises BadConfig with all that is wrong. Values of secrets are never shown."""
    problems = [f"{name} is missing or empty" for name in ("DB_HOST", "DB_USER", "DB_PASS") if not env.get(name)]
    host, port, listen, metrics = "", MYSQL_PORT, 5010, 0
    try:
        host, port = split_address(env["DB_HOST"]) if env.get("DB_HOST") else ("", MYSQL_PORT)
    except ValueError as error:
        problems.append(f"DB_HOST: {error}; example: mysqlauth-service.production-cloud.svc.cluster.local:3306")
    try:
        listen = _port(env.get("PORT") or "5010")
    except ValueError as error:
        problems.append(f"PORT: {error}")
    try:
        metrics = _port(env["METRICS_PORT"]) if env.get("METRICS_PORT") else 0
    except ValueError as error:
        problems.append(f"METRICS_PORT: {error}")
    if metrics == listen:
        problems.append(f"METRICS_PORT: {metrics} is PORT, too; give another one")
    database = env.get("DB_NAME") or "admin"
    if not re.fullmatch(r"[A-Za-z0-9_$-]{1,64}", database):
        problems.append(f"DB_NAME: {database!r} must be 1 to 64 letters, digits, _, $ or -")
    config = Config(host, env.get("DB_USER", ""), env.get("DB_PASS", ""), database, port,
                    env.get("DB_TLS") or "required", env.get("DB_TLS_CA", ""), listen, metrics)  # fmt: skip
    problems += _tls_problems(config)
    problems += traces.problems(env)
    if problems:
        raise BadConfig(*problems)
    return config


def _tls_problems(config: Config) -> list[str]:
    if config.tls not in TLS_MODES:
        return [f"DB_TLS: {config.tls!r} is not one of {', '.join(TLS_MODES)}"]
    if config.tls == "disabled" and config.tls_ca:
        return ["DB_TLS_CA is set although DB_TLS is disabled; remove one of them"]
    try:
        config.tls_context()
    except OSError as error:
        return [f"DB_TLS_CA: {config.tls_ca!r} is not a readable file of PEM certificates ({error.strerror or error})"]
    return []
