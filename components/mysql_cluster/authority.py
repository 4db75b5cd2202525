"""What the cluster's own pods know each other by: an authority of its own, and a certificate for each pod."""

import base64
import secrets
from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.core import v1 as core

from ..kubernetes import discovery, pods
from ..kubernetes.children import Children

KEY = "authority.pem"
"""The key of the Secret."""

FOLDER = "/etc/kubeauth/authority"
"""Where the pods' first container sees it."""

_BEFORE_THE_KEY = bytes.fromhex("302e020100300506032b657004220420")
"""A private key of Ed25519 is any 32 bytes after these: PKCS #8, RFC 8410, section 7."""


def key() -> str:
    """Return a new private key of Ed25519 as PEM."""
    text = base64.encodebytes(_BEFORE_THE_KEY + secrets.token_bytes(32)).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{text}-----END PRIVATE KEY-----\n"


def create(children: Children) -> pulumi.Output[str]:
    """Make the Secret with the authority's private key; return its name.

    The key is random and made once. The certificates are the pods' own: each makes its own when it starts.
    """
    return discovery.name_of(
        core.Secret(
            children.logical("authority"),
            metadata=children.metadata("authority", auto_named=True),
            immutable=True,
            data=pulumi.Output.secret({KEY: base64.b64encode(key().encode()).decode()}),
            opts=pulumi.ResourceOptions.merge(children.options(), pulumi.ResourceOptions(ignore_changes=["data"])),
        )
    )


def volume(secret: pulumi.Input[str]) -> core.VolumeArgs:
    """Return the volume with the key."""
    return pods.secret_files("authority", secret, keys=[KEY])


def mount() -> core.VolumeMountArgs:
    """Return its mount, for what makes a pod's certificate and for nothing that runs on."""
    return core.VolumeMountArgs(name="authority", mount_path=FOLDER, read_only=True)


def options(folder: str, *prefixes: str) -> Sequence[str]:
    """Return the options by which one of Vitess' programs shows its certificate and asks for others'.

    Args:
        folder: Where the pod's certificate is.
        prefixes: What the options' names begin with: `grpc` for a server, `tablet-grpc` and others for clients.
    """
    files = {"ca": "ca.crt", "cert": "peer.crt", "key": "peer.key"}
    return [f"--{prefix}-{kind}={folder}/{file}" for prefix in prefixes for kind, file in files.items()]
