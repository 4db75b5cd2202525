"""The inputs of the bucket that has copies of the backups, and of a database that begins with one of them."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NotRequired, TypedDict
from urllib.parse import urlsplit

import pulumi

from ..inputs import validation
from ..inputs.errors import Advice, InputError
from ..inputs.record import Record, Rule
from ..inputs.validation import each
from ..kubernetes.traffic import PEER, Peer

IMAGE = "rclone/rclone:1.69.1"
"""rclone's own image. Tests run with Debian's rclone 1.60.1 as well."""
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Bucket(TypedDict):
    """A bucket of an S3 server: AWS's, Ceph's, Cloudflare's, SeaweedFS's and others."""

    bucket: pulumi.Input[str]
    """The bucket's name; it must exist."""

    existing_secret: pulumi.Input[str]
    """A Secret with `access-key-id` and `secret-access-key`; `encryption-password`; a private authority's `ca.crt`."""

    endpoint: NotRequired[pulumi.Input[str]]
    """The server's address, such as `https://s3.example.com`. Default: that of AWS in `region`."""

    region: NotRequired[pulumi.Input[str]]
    """The server's region. Default: `us-east-1`."""

    prefix: NotRequired[pulumi.Input[str]]
    """A folder in the bucket that no other database uses. Default: `<namespace>/<name>` of the database."""

    encrypt: NotRequired[pulumi.Input[bool]]
    """Encrypt before sending, in rclone's crypt format, by the key `encryption-password`. Default: true."""

    keep: NotRequired[pulumi.Input[int]]
    """How many backups of a schema stay there at least, 1 to 10000. Default: 30."""

    keep_days: NotRequired[pulumi.Input[int]]
    """All that are younger, in days, stay there, too, 0 to 36500. Default: 0."""

    image: NotRequired[pulumi.Input[str]]
    """An image with rclone 1.60 or newer, sh and gunzip, with a tag or digest. Default: `rclone/rclone:1.69.1`."""

    egress: NotRequired[pulumi.Input[list[pulumi.Input[Peer]]]]
    """Where the server is, for the NetworkPolicy. Default: the endpoint's port at any address."""


class RestoreFrom(TypedDict):
    """What a new database begins with: the newest backup of each of its schemas in a bucket, or an older one."""

    s3: Bucket
    """The bucket. Its `prefix` is required; `keep` and `keep_days` mean nothing here."""

    time: NotRequired[pulumi.Input[str]]
    """No backup that is younger, as `2026-11-27T03:00:00Z`. Default: the newest."""


def _bucket(key: str, value: object) -> list[InputError]:
    ok = isinstance(value, str) and ".." not in value and re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", value)
    return validation.check(bool(ok), key, value, "3 to 63 of a-z 0-9 . -, as S3 has it", "acme-backups")


def _endpoint(key: str, value: object) -> list[InputError]:
    rule = "https:// or http://, a host and perhaps a port, without account, path and query"
    return validation.check(isinstance(value, str) and _is_endpoint(value), key, value, rule, "https://s3.example.com")


def _is_endpoint(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = re.fullmatch(
        r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]",
        text.partition("://")[2].removesuffix(f":{port}"),
    )
    return parts.scheme in ("http", "https") and bool(host) and port != 0


def _region(key: str, value: object) -> list[InputError]:
    ok = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9-]{1,64}", value)
    return validation.check(bool(ok), key, value, "1 to 64 of A-Z a-z 0-9 -", "eu-central-1")


def _prefix(key: str, value: object) -> list[InputError]:
    ok = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*", value) and ".." not in value
    # rclone takes a/./b for a/b, which may be another database's.
    ok = ok and "." not in str(value).split("/")
    rule = "names of A-Z a-z 0-9 _ . - with / between them, at most 200 characters"
    return validation.check(bool(ok) and len(str(value)) <= 200, key, value, rule, "shop/mysqlauth")


def _time(key: str, value: object) -> list[InputError]:
    try:
        ok = isinstance(value, str) and datetime.strptime(value, _TIME).strftime(_TIME) == value
    except ValueError:
        ok = False
    return validation.check(ok, key, value, "a time in UTC, to the second", "2026-11-27T03:00:00Z")


RULES = Record(
    Bucket,
    {
        "bucket": Rule(_bucket),
        "existing_secret": Rule(validation.resource_name("backups-s3")),
        "endpoint": Rule(_endpoint),
        "region": Rule(_region, default="us-east-1"),
        "prefix": Rule(_prefix),
        "encrypt": Rule(validation.true_or_false, default=True),
        "keep": Rule(validation.whole_number(1, 10000, "backups", 30), default=30),
        "keep_days": Rule(validation.whole_number(0, 36500, "days", 90), default=0),
        "image": Rule(validation.image(IMAGE), default=IMAGE),
        "egress": Rule(each(PEER)),
    },
)
"""The rules and defaults of a Bucket."""


def _named(key: str, value: Mapping[str, Any]) -> list[InputError]:
    found = [] if "prefix" in value["s3"] else [f"{key}.s3.prefix"]
    return [
        InputError(name, "(missing)", "required: where the other database's backups are", Advice("give it"))
        for name in found
    ]


RESTORE_FROM = Record(RestoreFrom, {"s3": Rule(RULES, plain=True), "time": Rule(_time)}, _named)
"""The rules of a RestoreFrom."""
