"""S7: what is deployed and what is built is named by content: images by digest in prod, Python and Go by hash."""

import re
from pathlib import Path
from typing import Any

from cli import paths
from policy.workloads import Resource, pod_of
from tests import copies

from . import Check, Result
from .live import Live, rendered

DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
#: components/requirements.txt is no lock: a consumer's own environment decides.
NOT_LOCKS = {"components/requirements.txt"}


def undigested(manifests: list[dict[str, Any]]) -> tuple[int, list[str]]:
    """The number of containers, and those whose image has no digest."""
    count, wrong = 0, []
    for manifest in manifests:
        pod = pod_of(Resource(manifest["kind"], manifest))
        for container in pod.containers() if pod else ():
            count += 1
            if not DIGEST.fullmatch(container.spec["image"]):
                wrong.append(f"prod {manifest['metadata']['name']}: {container.spec['image']} has no digest")
    return count, wrong


def unhashed(text: str) -> tuple[int, list[str]]:
    """The number of packages in a requirements file, and the lines without a version or a hash."""
    entries = [entry for entry in re.sub(r"\\\n", " ", text).splitlines() if re.match(r"[A-Za-z0-9]", entry)]
    wrong = [e.split()[0] for e in entries if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", e)]
    return len(entries), wrong


def unsummed(folder: Path) -> list[str]:
    """Modules that go.mod requires and go.sum does not know."""
    sums = (folder / "go.sum").read_text(encoding="utf-8") if (folder / "go.sum").exists() else ""
    mod = (folder / "go.mod").read_text(encoding="utf-8")
    replaced = set(re.findall(r"^\s*(?:replace )?(\S+)(?: \S+)? => ", mod, re.M))
    required = re.findall(r"^\s*(?:require )?([\w.-]+\.[\w./~-]+) (v\S+)", mod, re.M)
    return [
        f"{folder.name}: {module} {version} is not in go.sum"
        for module, version in required
        if module not in replaced and f"{module} {version}/go.mod h1:" not in sums
    ]


def run(live: Live) -> Result:
    """Read prod's manifests, the requirements and the Go modules."""
    images, wrong = undigested(rendered(live.tools)["prod"])
    packages = modules = 0
    for name in copies.files():
        file = paths.CHECKOUT / name
        if re.fullmatch(r"(.+/)?requirements(/\w+|[^/]*)\.txt", name) and name not in NOT_LOCKS:
            count, bad = unhashed(file.read_text(encoding="utf-8"))
            packages += count
            wrong += [f"{name}: {package} has no version or no hash" for package in bad]
        if file.name == "go.mod":
            modules += 1
            wrong += unsummed(file.parent)
    figure = f"{images} images by digest, {packages} Python packages and {modules} Go modules with hashes"
    return Result(figure if not wrong else f"{len(wrong)} unpinned", not wrong, wrong)


CHECK = Check("S7", "images by digest in prod, dependencies with hashes", "all", run)
