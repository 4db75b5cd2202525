"""The templates for `pulumi new`, each as its README says: made, given the components of this checkout, rendered."""

import base64
import os
import pty
import re
import select
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

from .consumers import PASSWORDS, Consumer, environment, need, virtual_environment

pytestmark = pytest.mark.engine

TEMPLATES = ROOT / "template"
IMAGE = "registry.example.com/authenticate:1.0.0"


@pytest.fixture
def shop(work: Path, tmp_path: Path) -> Consumer:
    """A project called `shop`, beside a clone of the project, from whose templates it is made."""
    (tmp_path / "kubeauth").symlink_to(work / "kubeauth")
    (tmp_path / "shop").mkdir()
    return Consumer(tmp_path / "shop", environment(tmp_path))


def new(template: str, *options: str) -> list[str]:
    """The command of the template's README; the folder's name would be the project's, too."""
    command = f"pulumi new ../kubeauth/template/{template}"
    assert f"\n{command}\n" in (TEMPLATES / template / "README.md").read_text()
    return [*command.split(), "--offline", "--name", "shop", *options]


def link_components(shop: Consumer, template: str) -> None:
    """What makes the components ready; this checkout's Python packages are in place of a registry's."""
    if template == "python":
        python = str(virtual_environment(shop.folder / "venv"))
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"]
        shop.checked(*pip, "-r", "requirements.txt")
    if template == "typescript":
        need("npm", "the template in TypeScript")
        for command in ("npm run sdk", "npm ci", "npm run check"):
            assert f"\n{command}\n" in (shop.folder / "README.md").read_text()
            shop.checked(*command.split())


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES.iterdir()))
def test_a_project_made_from_the_template_finds_its_database(shop, tmp_path, template):
    shop.checked(*new(template, "--yes", "--generate-only"))
    made = {path.name: path.read_text() for path in shop.folder.iterdir() if path.is_file()}
    assert set(made) >= {"Pulumi.yaml", "README.md", ".gitignore"}
    assert [name for name, text in made.items() if re.search(r"\$\{(PROJECT|DESCRIPTION)\}", text)] == []

    link_components(shop, template)
    manifests = shop.render(tmp_path / "manifests").manifests
    (deployment,) = [yaml.safe_load(text) for name, text in manifests.items() if name.endswith("auth-deployment.yaml")]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == IMAGE
    assert {"name": "DB_HOST", "value": "mysql-service.shop.svc.cluster.local:3306"} in container["env"]
    # The passwords are where the cluster needs them, in Secrets, and nowhere else.
    with_a_password = [text for text in manifests.values() if any(word in text for word in spelled())]
    assert {yaml.safe_load(text)["kind"] for text in with_a_password} == {"Secret"}
    state = shop.checked("pulumi", "stack", "export")
    assert "mysql-service.shop.svc.cluster.local:3306" in state
    assert [word for word in spelled() if word in state] == []


def spelled() -> list[str]:
    """The passwords as a text could have them: as they are, and as a Secret has them."""
    return [*PASSWORDS.values(), *(base64.b64encode(value.encode()).decode() for value in PASSWORDS.values())]


def answer(shop: Consumer, command: list[str], answers: dict[str, str]) -> str:
    """Run a command on a terminal, and type each answer when its question is there; return what was on the screen."""
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(shop.folder)
        os.execvpe(command[0], command, {**shop.env, "TERM": "xterm"})  # noqa: S606 - no shell is wanted
    said, open_questions, until = "", dict(answers), time.monotonic() + 120
    while select.select([terminal], [], [], max(0, until - time.monotonic()))[0]:
        try:
            said += os.read(terminal, 65536).decode(errors="replace")
        except OSError:
            # All that had it open have ended.
            break
        for question in [question for question in open_questions if question in said]:
            os.write(terminal, f"{open_questions.pop(question)}\r".encode())
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, said[-3000:]
    return said


def test_pulumi_new_asks_for_the_image_and_keeps_the_passwords_secret_and_the_readme_goes_on(shop):
    asks = new("yaml", "--stack", "dev", "--description", "A shop")
    given = {"authImage": IMAGE, "mysqlImage": "", **PASSWORDS}
    said = answer(shop, asks, {f"({key})": value for key, value in given.items()})
    assert [password for password in PASSWORDS.values() if password in said] == []
    config = yaml.safe_load((shop.folder / "Pulumi.dev.yaml").read_text())["config"]
    assert config["shop:authImage"] == IMAGE
    assert config["shop:mysqlImage"] == "mysql:9.7"
    for key, password in PASSWORDS.items():
        assert list(config[f"shop:{key}"]) == ["secure"]
        assert shop.checked("pulumi", "config", "get", key).rstrip("\n") == password
    (look,) = re.findall("^```bash\n(pulumi stack init .*?)^```$", (shop.folder / "README.md").read_text(), re.M | re.S)
    shop.checked("bash", "-euc", look.replace("pulumi up", "pulumi up --yes"))
    assert list((shop.folder / "manifests").rglob("*auth-deployment.yaml"))


def test_the_templates_ask_for_the_same_and_say_so_in_the_same_words():
    asked = {
        path.name: yaml.safe_load((path / "Pulumi.yaml").read_text())["template"]["config"]
        for path in TEMPLATES.iterdir()
    }
    assert asked["python"] == asked["typescript"] == asked["yaml"]
    assert {key for key, value in asked["yaml"].items() if value.get("secret")} == set(PASSWORDS)
    assert "default" not in asked["yaml"]["authImage"]
