"""The templates for `pulumi new`, each as its README says: made, given the components of this checkout, previewed."""

import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

from .consumers import PASSWORDS, Consumer, environment, need, virtual_environment

pytestmark = pytest.mark.engine

TEMPLATES = ROOT / "template"
IMAGE = "registry.example.com/authenticate:1.0.0"


class Shop(Consumer):
    """A project called `shop`, made from a template beside a clone of the project."""

    def new(self, template: str, *options: str) -> None:
        self.folder.mkdir()
        new = ["pulumi", "new", f"../kubeauth/template/{template}", "--offline", "--yes", "--name", "shop"]
        self.checked(*new, *options)

    def start(self) -> None:
        super().start()
        self.checked("pulumi", "config", "set", "authImage", IMAGE)


@pytest.fixture
def shop(work: Path, tmp_path: Path) -> Shop:
    (tmp_path / "kubeauth").symlink_to(work / "kubeauth")
    return Shop(tmp_path / "shop", environment(tmp_path))


def link_components(shop: Shop, template: str) -> None:
    """What the template's README says, with this checkout's copies of Python packages in place of a registry's."""
    if template == "python":
        python = str(virtual_environment(shop.folder / "venv"))
        shop.checked(
            sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "-r", "requirements.txt"
        )
    if template == "typescript":
        need("npm", "the template in TypeScript")
        shop.checked("npm", "run", "sdk")
        shop.checked("npm", "ci", "--no-audit", "--no-fund")
        shop.checked("npm", "run", "check")


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES.iterdir()))
def test_a_project_made_from_the_template_finds_its_database(shop, tmp_path, template):
    shop.new(template, "--generate-only")
    link_components(shop, template)
    manifests = shop.render(tmp_path / "manifests").manifests
    (deployment,) = [yaml.safe_load(text) for name, text in manifests.items() if name.endswith("auth-deployment.yaml")]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == IMAGE
    assert {"name": "DB_HOST", "value": "mysql-service.shop.svc.cluster.local:3306"} in container["env"]


def test_what_pulumi_new_asks_for_is_kept_secret_where_it_is(shop):
    given = {"authImage": IMAGE, **PASSWORDS}
    answers = [option for key, value in given.items() for option in ("--config", f"{key}={value}")]
    shop.new("yaml", "--stack", "dev", *answers)
    assert 0, (shop.folder / "Pulumi.dev.yaml").read_text()
