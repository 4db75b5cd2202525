"""The project's YAML files, read as Pulumi reads them: a map, in UTF-8, with each key once."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from .console import Problem

#: What git writes where two branches changed the same lines.
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>")


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice, as Pulumi does; the last one would win otherwise."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Make a map; see the class."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value} is there twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read(path: Path) -> dict[str, Any]:
    """Return a file's content; nothing when it is missing or empty.

    Raises:
        Problem: It cannot be read, or is not what Pulumi would read; nothing of its values is shown.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}", f"ls -ld {path}") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise Problem(f"{path}, line {line}: it is not UTF-8", "save the file in UTF-8") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> dict[str, Any]:
    """Return the content of a file's text.

    Raises:
        Problem: It is not what Pulumi would read.
    """
    for number, row in enumerate(text.splitlines(), 1):
        if row.startswith(_CONFLICT[0]) and any(other in text for other in _CONFLICT[1:]):
            raise Problem(f"{name}, line {number}: a merge that is not resolved", "edit the file, then git add it")
    try:
        content = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise Problem(f"{name}{_place(error)}", "edit the file") from None
    if content is None:
        return {}
    for found, what in ((content, "it"), (content.get("config") if isinstance(content, dict) else None, "config")):
        if not isinstance(found, dict) and found is not None and not (what == "config" and isinstance(found, str)):
            raise Problem(f"{name}: {what} is not a map of names to values", "edit the file: <name>: <value>")
    return content


def project(path: Path) -> dict[str, Any]:
    """Return the content of a Pulumi.yaml, which has a name.

    Raises:
        Problem: There is none, or it has no name; or as `read`.
    """
    content = read(path)
    if not isinstance(content.get("name"), str) or not content["name"]:
        what = f"{path} has no name" if path.exists() else f"there is no Pulumi project here: {path} is missing"
        raise Problem(what, "name: <the project>, in Pulumi.yaml; or work in the folder of a project")
    return content


def _place(error: yaml.YAMLError) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    line = f", line {mark.line + 1}" if mark else ""
    return f"{line}: it is no YAML: {problem or 'a character that YAML does not have'}"
