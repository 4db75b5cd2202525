"""The Secrets of a database: one for its clients, one for the server alone, one for backups."""

import base64
import secrets
from collections.abc import Mapping
from typing import cast

import pulumi
from pulumi_kubernetes.core import v1 as core

from ..inputs.known import lift
from ..inputs.record import Given
from ..kubernetes import discovery
from ..kubernetes.children import Children
from . import accounts


def create(given: Given, children: Children) -> tuple[pulumi.Input[str], pulumi.Output[str] | None]:
    """Make the Secret for clients and the one for the server alone; return their names.

    They are immutable, and Pulumi names them at random: a new password is a new Secret with another name, so pods
    restart in order, and the old Secret goes last. A Secret changed in place would leave pods running with the old
    password. Nothing of the name follows from what is in it.
    """
    client_files: dict[str, pulumi.Input[str]] = {}
    server_files: dict[str, pulumi.Input[str]] = {}
    if "password" in given:
        client_files = {
            accounts.USERNAME: given["username"],
            accounts.PASSWORD: given["password"],
            accounts.USERINFO: lift(accounts.userinfo, given["username"], given["password"]),
        }
    if "root_password" in given:
        server_files[accounts.ROOT_PASSWORD] = given["root_password"]
    if "init_sql" in given:
        server_files[accounts.INIT_SQL] = given["init_sql"]

    known = cast(pulumi.Output[Mapping[str, str]], pulumi.Output.secret({**client_files, **server_files}))

    def secret(child: str, keys: list[str]) -> pulumi.Output[str]:
        return discovery.name_of(
            core.Secret(
                children.logical(child),
                metadata=children.metadata(child, auto_named=True),
                immutable=True,
                data={
                    key: known.apply(lambda files, key=key: base64.b64encode(files[key].encode()).decode())
                    for key in keys
                },
                opts=children.options(),
            )
        )

    credentials = given["existing_secret"] if "existing_secret" in given else secret("credentials", list(client_files))
    return credentials, secret("server", list(server_files)) if server_files else None


def for_backups(children: Children) -> pulumi.Output[str]:
    """Make the Secret that the server and the pods of backups share; return its name.

    Its password is random and made once: nobody who knows another password may find this one. The program makes a new
    one each time it runs, and Pulumi keeps the first.
    """
    data = {accounts.BACKUP_PASSWORD: base64.b64encode(secrets.token_hex(32).encode()).decode()}
    return discovery.name_of(
        core.Secret(
            children.logical("restore"),
            metadata=children.metadata("restore", auto_named=True),
            immutable=True,
            data=pulumi.Output.secret(data),
            opts=pulumi.ResourceOptions.merge(children.options(), pulumi.ResourceOptions(ignore_changes=["data"])),
        )
    )
