"""Runs the pages in docs/guides/languages as they are written, in an empty folder beside a clone."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

from .consumers import environment, need

pytestmark = pytest.mark.engine

PAGES = ROOT / "docs/guides/languages"
CLONE = "git clone <this repository> kubeauth"


def script_of(page: str) -> str:
    """The page as one script: files are written where it names one, commands run in their order."""
    steps: list[str] = []
    for name, language, content in re.findall(
        r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    ):
        if language == "bash":
            steps.append(content)
        else:
            assert name, f"no file is named for:\n{content}"
            steps.append(f"cat > {name} <<'END_OF_FILE'\n{content}END_OF_FILE\n")
    return "\n".join(steps)


@pytest.mark.parametrize("language", sorted(path.stem for path in PAGES.glob("*.md") if path.stem != "git"))
def test_a_new_project_outside_the_repository_works_from_its_page_alone(work, tmp_path, language):
    for program in {"typescript": ("node", "npm"), "go": ("go",)}.get(language, ()):
        need(program, f"docs/guides/languages/{language}.md")
    (tmp_path / "kubeauth").symlink_to(work / "kubeauth")
    script = script_of((PAGES / f"{language}.md").read_text())
    assert CLONE in script
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script.replace(CLONE, "")],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    (deployment,) = _manifests(tmp_path / "shop/manifests", "login-deployment")
    env = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env[0] == {"name": "DB_HOST", "value": "orders-service.shop.svc.cluster.local:3306"}
    (service,) = _manifests(tmp_path / "shop/manifests", "orders-service")
    assert service["spec"]["type"] == "NodePort"


def _manifests(folder: Path, name: str) -> list[dict]:
    found = [yaml.safe_load(path.read_text()) for path in folder.rglob("*.yaml")]
    return [manifest for manifest in found if manifest["metadata"]["name"] == name]
