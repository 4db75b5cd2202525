"""The comments that a run of preview.yml or drift.yml left as artifacts. Code of a fork may have written them."""

import io
import zipfile
from dataclasses import dataclass
from typing import Any

from ..stacks import NAME
from .api import GitHub, GitHubError

_MOST = 50
_LARGEST = 1_000_000


@dataclass(frozen=True)
class Left:
    """What a job left about one stack."""

    text: str
    """The comment, in Markdown."""
    data: bytes
    """The report for programs, in JSON; empty where there is none."""


def of_run(github: GitHub, run: int, *prefixes: str) -> dict[str, Left]:
    """What a run left per stack.

    Args:
        github: The repository.
        run: The run's number.
        prefixes: What the artifacts' names begin with, before the stack's name; the later ones win.

    Raises:
        GitHubError: GitHub refused, or an artifact is not what our jobs write.
    """
    found: dict[str, Left] = {}
    listed = list(github.every(f"/actions/runs/{run}/artifacts", "artifacts"))
    for prefix in prefixes:
        # A job that is run again leaves another artifact of the same name; the newest counts.
        for artifact in sorted(listed, key=lambda one: one["id"]):
            stack = artifact["name"].removeprefix(prefix)
            if artifact["name"].startswith(prefix) and NAME.fullmatch(stack) and not artifact["expired"]:
                if len(found) >= _MOST and stack not in found:
                    raise GitHubError(f"run {run} has artifacts of more than {_MOST} stacks")
                found[stack] = _read(github, artifact, stack)
    return found


def _read(github: GitHub, artifact: dict[str, Any], stack: str) -> Left:
    if artifact["size_in_bytes"] > _LARGEST:
        raise GitHubError(f"artifact {artifact['name']} is too large")
    try:
        with zipfile.ZipFile(io.BytesIO(github.download(f"/actions/artifacts/{artifact['id']}/zip"))) as files:
            text = _file(files, f"{stack}.md").decode("utf-8")
            return Left(text, _file(files, f"{stack}.json") if f"{stack}.json" in files.namelist() else b"")
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError) as error:
        raise GitHubError(f"artifact {artifact['name']} is not a preview: {error}") from None


def _file(files: zipfile.ZipFile, name: str) -> bytes:
    # A small archive may hold a file that fills the memory.
    with files.open(name) as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise GitHubError(f"{name} is too large")
    return content
