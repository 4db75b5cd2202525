"""The passwords of Vitess' own accounts."""

import base64
import secrets

import pulumi
from pulumi_kubernetes.core import v1 as core

from ..kubernetes import discovery
from ..kubernetes.children import Children

ACCOUNTS = ("vt_dba", "vt_app", "vt_appdebug", "vt_allprivs", "vt_filtered", "vt_repl", "vt_clone")


def create(children: Children) -> pulumi.Output[str]:
    """Make the Secret with a password for each account; return its name.

    They are random and made once, because every server's data directory holds them. The program makes new ones each
    time it runs, and Pulumi keeps the first.
    """
    # 32 characters: MySQL takes no longer one for replication.
    data = {account: base64.b64encode(secrets.token_hex(16).encode()).decode() for account in ACCOUNTS}
    return discovery.name_of(
        core.Secret(
            children.logical("tablet"),
            metadata=children.metadata("tablet", auto_named=True),
            immutable=True,
            data=pulumi.Output.secret(data),
            opts=pulumi.ResourceOptions.merge(children.options(), pulumi.ResourceOptions(ignore_changes=["data"])),
        )
    )
