"""Password hashes: scrypt, a salt per user, the parameters kept with the hash."""

import base64
import hashlib
import hmac
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor

# One of OWASP's equally strong choices: 16 MiB per hash. The strongest per hash needs 128 MiB, half of a 256Mi pod.
_LOG_N, _R, _P = 14, 8, 5
_SALT_BYTES = _HASH_BYTES = 32
# Two threads of their own: more would be bigger, not faster. Hashing in the threads of the connections left each of
# them with its 16 MiB, as malloc keeps what a thread gives back: 270 MB after 48 logins.
_HASHERS = ThreadPoolExecutor(2, thread_name_prefix="scrypt")
_PATIENCE = 10.0


class Busy(Exception):
    """More logins than this pod can hash; try again later."""


def hash_password(password: str) -> str:
    """The string to store for a password."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(password, salt, _LOG_N, _R, _P)
    return "$".join(("scrypt", str(_LOG_N), str(_R), str(_P), _text(salt), _text(digest)))


def verify(password: str, stored: str | None) -> bool:
    """Whether the password is the stored one. An unknown user (None) costs the same time, so names do not leak."""
    try:
        scheme, log_n, r, p, salt, digest = (stored or _NOBODY).split("$")
        if scheme != "scrypt":
            return False
        expected = base64.b64decode(digest)
        actual = _scrypt(password, base64.b64decode(salt), int(log_n), int(r), int(p))
    except ValueError:
        return False
    return hmac.compare_digest(actual, expected) and stored is not None


def _scrypt(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    # The same password typed on another keyboard may arrive in another Unicode form.
    data = unicodedata.normalize("NFKC", password).encode()
    memory = 128 * r * ((1 << log_n) + p) + (1 << 20)
    work = _HASHERS.submit(hashlib.scrypt, data, salt=salt, n=1 << log_n, r=r, p=p, maxmem=memory, dklen=_HASH_BYTES)
    try:
        return work.result(timeout=_PATIENCE)
    except TimeoutError:
        work.cancel()
        raise Busy from None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


_NOBODY = "$".join(("scrypt", str(_LOG_N), str(_R), str(_P), _text(bytes(_SALT_BYTES)), _text(bytes(_HASH_BYTES))))
