"""Runs the commands of the README and of Getting started in their order, as they are written, in one shell."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from lab.node import Node

from .conftest import MINUTES, ROOT, System

pytestmark = pytest.mark.cluster

#: What a test cannot run as it is written, and what stands for it.
STAND_INS = {"git clone <this repository> kubeauth && cd kubeauth": "", "/path/to/kubeconfig": "{kubeconfig}"}


#: In the order in which somebody reads them; the last command is `make down`. ```sh marks what cannot run here: plain
#: Pulumi with a registry, and in from-nothing.md the README's own commands once more.
PAGES = (
    "README.md",
    *(f"docs/getting-started/{name}.md" for name in ("from-nothing", "your-cluster", "local-node", "remove")),
)


def blocks() -> list[str]:
    text = "\n".join((ROOT / page).read_text() for page in PAGES)
    return re.findall(r"^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_every_page_of_getting_started_is_run():
    assert {str(page.relative_to(ROOT)) for page in (ROOT / "docs/getting-started").glob("*.md")} <= set(PAGES)
    assert blocks()[-1] == "make down\n"


def test_every_target_that_the_documents_name_exists():
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"make ([a-z-]+)", listed))
    for document in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for name in re.findall(r"`make ([a-z-]+)", document.read_text()):
            assert name in targets, f"{document.name}: make {name}"


def test_the_commands_of_the_readme_in_their_order(system: System, tmp_path: Path):
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(system.node.kubeconfig.read_text())
    script = "\n".join(f": ___ {number}\n{block}" for number, block in enumerate(blocks()))
    for written, stands_for_it in STAND_INS.items():
        assert written in script
        script = script.replace(written, stands_for_it.format(kubeconfig=shlex.quote(str(kubeconfig))))
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        cwd=system.checkout,
        env={**os.environ, "NODE": system.node.name},
        capture_output=True,
        text=True,
        timeout=30 * MINUTES,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    assert "\nmysqlauth-service.production-cloud.svc.cluster.local:3306\n" in done.stdout
    assert (system.checkout / "manifests").is_dir()
    assert sorted(path.name for path in (system.checkout / "images").iterdir()) == [
        "authenticate.tar",
        "mysql.tar",
        "pause.tar",
    ]

    # Its last command is `make down`.
    assert not system.node.running(), done.stdout[-3000:]
    assert system.node.leftovers() == []
    # The passwords of the stacks that were rendered and previewed stay.
    left = sorted(path.name for path in (system.checkout / ".kubeauth").glob("Pulumi.*.yaml"))
    assert left == ["Pulumi.prod.yaml", "Pulumi.staging.yaml"]
    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=system.checkout, capture_output=True, text=True, check=True
    )
    # What the commands above were told to write, and nothing else.
    assert changed.stdout.split("\n") == ["?? images/", "?? manifests/", ""]
    assert system.node.name not in [node.name for node in Node.all()]
