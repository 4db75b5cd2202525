"""The Secrets of a database: for clients, for each more account, for the server alone, for backups, for metrics."""

import base64
import secrets
from collections.abc import Mapping
from typing import cast

import pulumi
from pulumi_kubernetes.core import v1 as core

from ..inputs.known import entry, lift
from ..inputs.record import Given
from ..kubernetes import discovery
from ..kubernetes.children import Children
from . import account_inputs, accounts


def create(given: Given, children: Children) -> tuple[pulumi.Input[str], pulumi.Output[str] | None]:
    """Make the Secret for clients and the one for the server alone; return their names.

    They are immutable, and Pulumi names them at random: a new password is a new Secret with another name, so pods
    restart in order, and the old Secret goes last. A Secret changed in place would leave pods running with the old
    password. Nothing of the name follows from what is in it.
    """
    server_files: dict[str, pulumi.Input[str]] = {}
    if "root_password" in given:
        server_files[accounts.ROOT_PASSWORD] = given["root_password"]
    if "init_sql" in given:
        server_files[accounts.INIT_SQL] = given["init_sql"]
    if "previous_password" in given:
        server_files[accounts.PREVIOUS_PASSWORD] = given["previous_password"]
    for name, account in account_inputs.given(given).items():
        if "previous_password" in account:
            server_files[f"{accounts.PREVIOUS_PASSWORD}.{name}"] = account["previous_password"]
    credentials = (
        given["existing_secret"]
        if "existing_secret" in given
        else _secret(children, "credentials", _files(given["username"], given["password"]))
    )
    return credentials, _secret(children, "server", server_files) if server_files else None


def create_accounts(given: Given, children: Children) -> dict[str, pulumi.Input[str]]:
    """Make a Secret for each of the database's more accounts; return their names, by the account's."""
    found: dict[str, pulumi.Input[str]] = {}
    for name, account in given.args.get("accounts", {}).items():
        checked = entry(given["accounts"], name)
        if "existing_secret" in account:
            found[name] = pulumi.Output.unsecret(pulumi.Output.from_input(entry(checked, "existing_secret")))
        else:
            found[name] = _secret(children, account_inputs.child(name), _files(name, entry(checked, "password")))
    return found


def _files(username: pulumi.Input[str], password: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    return {
        accounts.USERNAME: username,
        accounts.PASSWORD: password,
        accounts.USERINFO: lift(accounts.userinfo, username, password),
    }


def _secret(children: Children, child: str, files: dict[str, pulumi.Input[str]]) -> pulumi.Output[str]:
    known = cast(pulumi.Output[Mapping[str, str]], pulumi.Output.secret(files))
    return discovery.name_of(
        core.Secret(
            children.logical(child),
            metadata=children.metadata(child, auto_named=True),
            immutable=True,
            data={
                key: known.apply(lambda texts, key=key: base64.b64encode(texts[key].encode()).decode()) for key in files
            },
            opts=children.options(),
        )
    )


def for_backups(children: Children) -> pulumi.Output[str]:
    """Make the Secret that the server and the pods of backups share; return its name."""
    return _made_once(children, "restore", {accounts.BACKUP_PASSWORD: secrets.token_hex(32)})


def for_metrics(children: Children) -> pulumi.Output[str]:
    """Make the Secret that the server and the exporter share; return its name.

    Beside the password it has the exporter's file of options, so that nobody puts a password into a command line.
    """
    password = secrets.token_hex(32)
    options = f"[client]\nuser={accounts.METRICS_USER}\npassword={password}\n"
    return _made_once(children, "exporter", {accounts.METRICS_PASSWORD: password, accounts.METRICS_OPTIONS: options})


def _made_once(children: Children, child: str, files: Mapping[str, str]) -> pulumi.Output[str]:
    """Make a Secret with a random password, made once: nobody who knows another password may find this one.

    The program makes a new one each time it runs, and Pulumi keeps the first.
    """
    data = {key: base64.b64encode(text.encode()).decode() for key, text in files.items()}
    return discovery.name_of(
        core.Secret(
            children.logical(child),
            metadata=children.metadata(child, auto_named=True),
            immutable=True,
            data=pulumi.Output.secret(data),
            opts=pulumi.ResourceOptions.merge(children.options(), pulumi.ResourceOptions(ignore_changes=["data"])),
        )
    )
