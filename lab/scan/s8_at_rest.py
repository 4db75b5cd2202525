"""S8: the local node's disk holds no Secret in plain text."""

import base64

from . import Check, Result
from .live import Live

PREFIX = b"/registry/secrets/"


def run(live: Live) -> Result:
    """Search etcd's files for the stack's passwords, and for the marks of encrypted and plain Secrets."""
    folder = live.node.kubeconfig.parent
    content = b"".join(path.read_bytes() for path in sorted((folder / "etcd").rglob("*")) if path.is_file())
    values = [live.secret(key).encode() for key in ("mysqlPassword", "mysqlRootPassword")]
    hits = sum(content.count(form) for value in values for form in (value, base64.b64encode(value)))
    encrypted = content.count(b"k8s:enc:secretbox:v1:node:")
    key = folder / "pki" / "secrets.key"
    mode = key.stat().st_mode & 0o777
    failures = [f"{hits} passwords in etcd's files"] if hits else []
    # The search has to be able to find: the names of Secrets are keys, and keys stay readable.
    failures += [] if encrypted and PREFIX in content else ["etcd's files have no encrypted Secret"]
    failures += [] if mode == 0o600 else [f"the key's mode is {mode:o}, not 600"]
    return Result(f"{hits} of {len(values)} passwords in etcd, key mode {mode:o}", not failures, failures)


CHECK = Check("S8", "Secrets encrypted at rest on the local node", "0 hits, key 600", run)
