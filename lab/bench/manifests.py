"""The same objects for kubectl and Helm: one file of manifests, and a chart with the one value that changes."""

from pathlib import Path

import yaml

from .programs import NOTE
from .render import Resource


def write(resources: list[Resource], path: Path, note: str) -> None:
    """Write one file for `kubectl apply`, the namespace first."""
    path.write_text(_text(resources).replace(NOTE, note))


def write_chart(resources: list[Resource], folder: Path) -> None:
    """Write a Helm chart of the same manifests; its value `note` is what a change changes."""
    (folder / "templates").mkdir(parents=True)
    chart = {"apiVersion": "v2", "name": "bench", "version": "1.0.0"}
    (folder / "Chart.yaml").write_text(yaml.safe_dump(chart))
    (folder / "values.yaml").write_text(yaml.safe_dump({"note": NOTE}))
    text = _text(resources)
    if "{{" in text:
        raise ValueError("a manifest holds {{, which a template would read as its own")
    (folder / "templates" / "all.yaml").write_text(text.replace(NOTE, "{{ .Values.note }}"))


def _text(resources: list[Resource]) -> str:
    return yaml.safe_dump_all((resource.manifest() for resource in resources), sort_keys=False, width=10**6)
