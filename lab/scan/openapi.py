"""JSON schemas of Kubernetes' API for kubeconform, made from the OpenAPI documents in Kubernetes' own Go modules."""

import json
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

from cli.console import Problem

#: The newest patch version of each minor version that the module proxy had, with go.sum's hash of its content.
VERSIONS = {
    "v1.34.4": "h1:Yy6R4QB8C9kJPp25GFqEvX5XQwY5qzKeqD0Xx6oAcmk=",
    "v1.35.4": "h1:o/8dBC/pHVpYoGV4OAIytAlNPZbdYVTXJHoYvXC4qzM=",
    "v1.36.3": "h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o=",
    "v1.37.2": "h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE=",
}
#: As kubeconform fills it in: one file per kind and API version.
TEMPLATE = "{{.ResourceKind}}{{.KindSuffix}}.json"
_NUMBER_OR_TEXT = {"oneOf": [{"type": "string"}, {"type": "number"}]}


def document(version: str) -> dict[str, Any]:
    """The OpenAPI document of a version; Go downloads it, at most once per user.

    Raises:
        Problem: It cannot be downloaded, or is not what its hash says.
    """
    command = ["go", "mod", "download", "-json", f"k8s.io/kubernetes@{version}"]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    found = json.loads(done.stdout or "{}")
    if done.returncode or found.get("Error"):
        raise Problem(f"Kubernetes {version} cannot be downloaded: {found.get('Error') or done.stderr.strip()}")
    if found["Sum"] != VERSIONS[version]:
        raise Problem(f"Kubernetes {version} has the hash {found['Sum']}, not {VERSIONS[version]}")
    return json.loads(Path(found["Dir"], "api/openapi-spec/swagger.json").read_text(encoding="utf-8"))


def strict(definitions: dict[str, Any]) -> dict[str, Any]:
    """Definitions of OpenAPI 2 as JSON schema in which no unknown key is allowed."""
    made = deepcopy(definitions)
    for name, definition in made.items():
        if "properties" in definition:
            definition.setdefault("additionalProperties", False)
        if definition.get("format") == "int-or-string" or name.endswith("resource.Quantity"):
            made[name] = {"description": definition.get("description", ""), **_NUMBER_OR_TEXT}
    return made


def write(swagger: dict[str, Any], kinds: set[tuple[str, str]], folder: Path) -> None:
    """Write one schema per kind.

    Args:
        swagger: The OpenAPI document.
        kinds: API version and kind of each, for example `("apps/v1", "Deployment")`.
        folder: Where to write; the names are those of `TEMPLATE`.

    Raises:
        Problem: This version of Kubernetes has no such kind.
    """
    definitions = strict(swagger["definitions"])
    known = {
        ("/".join(filter(None, (entry["group"], entry["version"]))), entry["kind"]): name
        for name, definition in definitions.items()
        for entry in definition.get("x-kubernetes-group-version-kind", [])
    }
    for api, kind in kinds:
        if (api, kind) not in known:
            raise Problem(f"this version of Kubernetes has no {api} {kind}")
        group, _, version = api.partition("/")
        suffix = "-".join(filter(None, (group.split(".")[0], version)))
        schema = {"$ref": f"#/definitions/{known[api, kind]}", "definitions": definitions}
        (folder / f"{kind.lower()}-{suffix}.json").write_text(json.dumps(schema), encoding="utf-8")
