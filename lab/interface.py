"""The interface that other teams rely on: its schema, its documentation, and a record that ties it to CHANGELOG.md.

`python -m lab.interface` (make schema) writes all of it; a unit test fails when something is not current.
"""

import argparse
import hashlib
import json
import re
from typing import Any

import click
from pulumi.provider.experimental.component import ComponentProvider

import components
from cli import console, paths
from cli import main as main_command
from cli.stack import rights

SCHEMA = paths.CHECKOUT / "components/schema.json"
COMMAND = paths.CHECKOUT / "docs/reference/command.md"
DOCS = paths.CHECKOUT / "docs/reference/components.md"
RECORD = paths.CHECKOUT / "tests/interface.json"
CHANGELOG = paths.CHECKOUT / "CHANGELOG.md"
GOLDEN = paths.CHECKOUT / "tests/engine/golden"

_KINDS = {"string": "text", "integer": "number", "number": "number", "boolean": "true/false"}


def schema() -> dict[str, Any]:
    """The package's schema without its version, as `pulumi package get-schema ./components` prints it."""
    hosted = [components.AppNamespace, components.AuthService, components.MySqlCluster, components.MySqlDatabase]
    found = json.loads(ComponentProvider(hosted, "kubeauth", "kubeauth").schema or "")
    del found["version"], found["dependencies"]
    return _as_the_cli_prints(found)


def _as_the_cli_prints(entry: Any) -> Any:
    """Without what the CLI leaves out: a list's description said again for its items, and empty lists."""
    if not isinstance(entry, dict):
        return entry
    kept = {key: _as_the_cli_prints(value) for key, value in entry.items() if value != []}
    for inner in ("items", "additionalProperties"):
        if isinstance(kept.get(inner), dict):
            kept[inner].pop("description", None)
    return kept


def python_name(name: str) -> str:
    """The name that Python uses for an input that other languages call `likeThis`."""
    return re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), name)


def documentation(described: dict[str, Any]) -> str:
    """The inputs and outputs of every component and type, as Markdown."""
    lines = [
        "# Components",
        "",
        "Written by `make schema` from the docstrings in `components/`. Names are Python's; other",
        "languages use camelCase: `node_port` is `nodePort`. A type in *italics* takes another resource's output, too.",
        "",
    ]
    for token, entry in sorted(described["resources"].items()):
        lines += [f"## {token.rpartition(':')[2]}", "", _text(entry), ""]
        lines += _table("input", entry["inputProperties"], entry.get("requiredInputs", []))
        lines += _table("output", entry["properties"], [])
    lines += ["## Types", ""]
    for token, entry in sorted(described["types"].items()):
        name = token.rpartition(":")[2]
        lines += [f"### {name}", "", _text(entry), ""]
        if "enum" in entry:
            lines += ["| value | meaning |", "|---|---|"]
            lines += [f"| `{word['value']}` | {_text(word)} |" for word in entry["enum"]]
            lines.append("")
        else:
            lines += _table("key", entry["properties"], entry.get("required", []))
    return "\n".join(lines).rstrip() + "\n"


def _text(entry: dict[str, Any]) -> str:
    return " ".join(entry.get("description", "").split()).replace("|", "\\|")


def _table(heading: str, properties: dict[str, Any], required: list[str]) -> list[str]:
    rows = sorted(properties.items(), key=lambda row: row[0] not in required)
    return [
        f"| {heading} | type | meaning |",
        "|---|---|---|",
        *(
            f"| `{python_name(name)}`{' **required**' if name in required else ''} | {_type(entry)} | {_text(entry)} |"
            for name, entry in rows
        ),
        "",
    ]


def _type(entry: dict[str, Any]) -> str:
    if reference := entry.get("$ref"):
        name = reference.rpartition(":")[2]
        link = "anything" if name.endswith("#/Any") else f"[{name}](#{name.lower()})"
        return link if entry.get("plain") or link == "anything" else f"*{link}*"
    if entry["type"] == "array":
        return f"list of {_type(entry['items'])}"
    if entry["type"] == "object":
        return f"map of {_type(entry['additionalProperties'])}"
    kind = _KINDS[entry["type"]]
    return kind if entry.get("plain") else f"*{kind}*"


def fingerprint() -> str:
    """What changes with any name, default or output: the schema, and what the stacks of this project render."""
    rendered = "".join(path.read_text(encoding="utf-8") for path in sorted(GOLDEN.glob("*.yaml")))
    return _hash(json.dumps(schema(), sort_keys=True) + rendered)


def unreleased(changelog: str) -> str:
    """The entries of the changelog's section for the next version."""
    return changelog.partition("## Unreleased")[2].partition("\n## ")[0].strip()


def record(recorded: dict[str, str], current: str, changelog: str) -> dict[str, str]:
    """Return what to record for the current interface.

    Args:
        recorded: The last record, with the keys `interface` and `changelog`.
        current: The interface's fingerprint.
        changelog: The text of CHANGELOG.md.

    Raises:
        Problem: The interface changed, and the changelog says nothing new.
    """
    entries = _hash(unreleased(changelog))
    if current != recorded.get("interface") and entries == recorded.get("changelog"):
        raise console.Problem(
            "the interface changed (a name, a default or an output), and CHANGELOG.md has no new entry for it",
            "write a line under `## Unreleased` that tells users what changed and what to do, then: make schema",
        )
    return {"interface": current, "changelog": entries} if current != recorded.get("interface") else recorded


def command() -> str:
    """What every verb of the command says of itself, as Markdown."""
    lines = [
        "# The command `kubeauth`",
        "",
        "Written by `make schema` from the command's own help. In a checkout `make up STACK=dev` is",
        "`kubeauth up --stack dev` on a machine that builds what it lacks; in another project install the package,",
        "and type `kubeauth`.",
        "",
        "| exit status | means |",
        "|---|---|",
        "| 0 | done; `comment`: nothing to stop for; `drift`: none; `status`, `report`: all is well |",
        "| 1 | refused or failed; the message says what to type; `status`, `report`: something is wrong |",
        "| 2 | wrong usage |",
        "| 3 | `comment`: the gate or a policy refuses the change; `status`, `report`: it cannot be found out |",
        "| 4 | `drift`: something changed without Pulumi |",
        "| 130 | interrupted; the same command goes on from there |",
    ]
    group = click.Context(main_command.kubeauth, info_name="kubeauth")
    for name, verb in main_command.verbs().items():
        told = verb.get_help(
            click.Context(verb, parent=group, info_name=name, terminal_width=100, max_content_width=100)
        )
        lines += ["", f"## {name}", "", "```text", *(line.rstrip() for line in told.splitlines()), "```"]
    return "\n".join(lines) + "\n"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def as_json(content: object) -> str:
    """Text that reads well in a review."""
    return json.dumps(content, indent=2) + "\n"


def main() -> None:
    """Write the schema, its documentation, and the record; with `--check` only say what is not current."""
    parser = argparse.ArgumentParser(prog="lab.interface", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something is not current")
    check = parser.parse_args().check
    recorded = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    new = record(recorded, fingerprint(), CHANGELOG.read_text(encoding="utf-8"))
    current = {
        SCHEMA: as_json(schema()),
        DOCS: documentation(schema()),
        RECORD: as_json(new),
        rights.PAGE: rights.page(),
        COMMAND: command(),
    }
    stale = {
        path: text for path, text in current.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    names = ", ".join(str(path.relative_to(paths.CHECKOUT)) for path in stale)
    if check and stale:
        raise console.Problem(f"not current: {names}", "make schema")
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
    console.console.print(f"Wrote {names}." if stale else "Everything is current.", markup=False)


if __name__ == "__main__":
    console.run(main)
