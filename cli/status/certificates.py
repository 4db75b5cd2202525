"""When a certificate ends: as much of X.509 as that takes; the standard library reads none without a connection."""

import base64
import re
from datetime import UTC, datetime

_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18
#: What stands before the validity in a certificate: serial number, algorithm, issuer.
_BEFORE_VALIDITY = 3


def expiry(pem: str) -> datetime | None:
    """When the first certificate of a PEM file ends; None where it holds none."""
    match = re.search(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", pem, re.DOTALL)
    if not match:
        return None
    try:
        inside = _children(_children(base64.b64decode(match[1]))[0][1])[0][1]
        fields = [field for field in _children(inside) if field[0] != _VERSION]
        tag, end = _children(fields[_BEFORE_VALIDITY][1])[1]
        text = end.decode("ascii")
        if tag == _UTC_TIME:
            # Two digits: RFC 5280 has them stand for 1950 to 2049.
            text = ("19" if text[:2] >= "50" else "20") + text
        elif tag != _GENERALIZED_TIME:
            return None
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except (ValueError, IndexError):
        return None


def _children(data: bytes) -> list[tuple[int, bytes]]:
    """The elements of DER that stand one after the other: tag and content."""
    found, place = [], 0
    while place < len(data):
        tag, length, place = data[place], data[place + 1], place + 2
        if length & 0x80:
            size = length & 0x7F
            length, place = int.from_bytes(data[place : place + size], "big"), place + size
        found.append((tag, data[place : place + length]))
        place += length
    return found
