"""The same resources as one Pulumi program without components: in Python and in YAML.

`python` has a loop over the databases, `untyped` none of the SDK's classes. All have the inputs, the order and the
timeouts that the components gave the engine; only the components are missing.
"""

import re
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import yaml

from .programs import NOTE
from .render import Resource, Secret

_CLASSES = {"networking.k8s.io": "networking", "rbac.authorization.k8s.io": "rbac"}
FIRST = "mysql-001"
"""The database that the loop's body is written from."""


def python(resources: list[Resource]) -> str:
    """The program in Python."""
    databases = _databases(resources)
    namespace = [resource for resource in resources if resource.name.startswith("bench-")]
    auth = [resource for resource in resources if resource.name.startswith("authenticate-")]
    body, rows = _loop(databases)
    return "\n".join(
        [
            "import pulumi",
            "from pulumi_kubernetes.apps import v1 as apps_v1",
            "from pulumi_kubernetes.core import v1 as core_v1",
            "from pulumi_kubernetes.networking import v1 as networking_v1",
            "",
            'note = pulumi.Config().require("note")',
            "made = {}",
            *(_statement(resource, _arguments(resource.inputs, _literal)) for resource in namespace),
            f"for name, row in {rows!r}.items():",
            *(f"    {line}" for line in body),
            *(_statement(resource, _arguments(resource.inputs, _literal)) for resource in auth),
            f'pulumi.export("databaseHost", "{FIRST}-service.bench.svc.cluster.local:3306")',
            "",
        ]
    )


def untyped(resources: list[Resource]) -> str:
    """The program in Python without pulumi_kubernetes: what these resources cost in Python at least."""
    statements = (
        f"made[{resource.name!r}] = pulumi.CustomResource({resource.type!r}, {resource.name!r},"
        f" {_literal(resource.inputs)}, {_options(resource, repr, version('pulumi-kubernetes'))})"
        for resource in resources
    )
    head = ["import pulumi", "", 'note = pulumi.Config().require("note")', "made = {}"]
    return "\n".join([*head, *statements, ""])


def pulumi_yaml(resources: list[Resource]) -> str:
    """The program in YAML, which has no loops: every resource is written out."""
    written = {
        resource.name: {
            "type": resource.type,
            "properties": _yaml_value({key: resource.inputs[key] for key in resource.inputs if key not in _IMPLIED}),
            "options": {
                **({"dependsOn": [f"${{{need}}}" for need in resource.needs]} if resource.needs else {}),
                **(
                    {"customTimeouts": {"create": resource.timeout, "update": resource.timeout}}
                    if resource.timeout
                    else {}
                ),
            },
        }
        for resource in resources
    }
    outputs = {"databaseHost": f"{FIRST}-service.bench.svc.cluster.local:3306"}
    return yaml.safe_dump(
        {"resources": written, "outputs": outputs, "config": {"note": {"type": "string"}}}, width=10**6
    )


_IMPLIED = ("apiVersion", "kind")


def _arguments(inputs: dict[str, Any], code: Callable[[Any], str]) -> str:
    """An object's fields as keyword arguments, by their names in Python."""
    given = {re.sub(r"(?=[A-Z])", "_", key).lower(): value for key, value in inputs.items() if key not in _IMPLIED}
    return ", ".join(f"{key}={code(value)}" for key, value in given.items())


def _databases(resources: list[Resource]) -> dict[str, list[Resource]]:
    """The resources of each database, by its name, in one order for all."""
    names = sorted({resource.name[: len(FIRST)] for resource in resources if resource.name.startswith("mysql-")})
    order = [resource.name.removeprefix(FIRST) for resource in resources if resource.name.startswith(FIRST)]
    known = {resource.name: resource for resource in resources}
    return {name: [known[f"{name}{child}"] for child in order] for name in names}


def _loop(databases: dict[str, list[Resource]]) -> tuple[list[str], dict[str, dict[str, str]]]:
    """The body for one database, and what differs between databases besides their names."""
    rows: dict[str, dict[str, str]] = {name: {} for name in databases}

    def text(first: str, others: dict[str, str]) -> str:
        renamed = {name: first.replace(FIRST, name) for name in others}
        if others == renamed:
            return _words(first, {FIRST: "{name}"})
        key = f"value{len(rows[FIRST])}"
        for name, value in others.items():
            rows[name][key] = value
        return f'row["{key}"]'

    def code(values: dict[str, Any]) -> str:
        first = values[FIRST]
        if isinstance(first, Secret):
            return f"pulumi.Output.secret({code({name: value.value for name, value in values.items()})})"
        if isinstance(first, dict):
            inside = (f"{key!r}: {code({name: value[key] for name, value in values.items()})}" for key in first)
            return f"{{{', '.join(inside)}}}"
        if isinstance(first, list):
            inside = (code({name: value[at] for name, value in values.items()}) for at in range(len(first)))
            return f"[{', '.join(inside)}]"
        return text(first, values) if isinstance(first, str) else repr(first)

    body: list[str] = []
    for position, resource in enumerate(databases[FIRST]):
        fields = {
            key: {name: found[position].inputs[key] for name, found in databases.items()} for key in resource.inputs
        }
        body.append(_statement(resource, _arguments(fields, code), _name))
    return body, rows


def _statement(resource: Resource, arguments: str, name_of: Callable[[str], str] = repr) -> str:
    group, _, kind = resource.type.removeprefix("kubernetes:").partition(":")
    package, api = group.split("/")
    options = _options(resource, name_of)
    name = name_of(resource.name)
    return f"made[{name}] = {_CLASSES.get(package, package)}_{api}.{kind}({name}, opts={options}, {arguments})"


def _options(resource: Resource, name_of: Callable[[str], str], provider: str = "") -> str:
    needs = ", ".join(f"made[{name_of(need)}]" for need in resource.needs)
    timeouts = f", custom_timeouts=pulumi.CustomTimeouts(create={resource.timeout!r}, update={resource.timeout!r})"
    of_provider = f", version={provider!r}" if provider else ""
    return f"pulumi.ResourceOptions(depends_on=[{needs}]{timeouts if resource.timeout else ''}{of_provider})"


def _name(logical: str) -> str:
    """A logical name inside the loop."""
    return _words(logical, {FIRST: "{name}"}) if logical.startswith("mysql-") else repr(logical)


def _words(text: str, replaced: dict[str, str]) -> str:
    """A string literal, an f-string where something in it varies."""
    literal = text.replace("{", "{{").replace("}", "}}")
    for word, expression in replaced.items():
        literal = literal.replace(word, expression)
    return f"f{literal!r}" if literal.replace("{{", "{").replace("}}", "}") != text else repr(text)


def _literal(value: Any) -> str:
    if isinstance(value, Secret):
        return f"pulumi.Output.secret({_literal(value.value)})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_literal(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return "note" if value == NOTE else repr(value)


def _yaml_value(value: Any) -> Any:
    if isinstance(value, Secret):
        return {"fn::secret": value.value}
    if isinstance(value, dict):
        return {key: _yaml_value(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_yaml_value(entry) for entry in value]
    # A dollar sign with a brace would be an expression.
    return "${note}" if value == NOTE else value.replace("$", "$$") if isinstance(value, str) else value
