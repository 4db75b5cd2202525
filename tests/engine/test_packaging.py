"""How other teams get the package: pip's archives, and Pulumi's download from git."""

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests import copies
from tests.conftest import ROOT

from .consumers import VERSION, Consumer, environment
from .git_host import serve

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def wheel(work: Path) -> Path:
    """The package as `python -m build` makes it from a clone, with the sdist beside it."""
    clone = Consumer(work / "kubeauth", environment(work))
    clone.checked(sys.executable, "-m", "build", "--outdir", str(work / "dist"), ".")
    return work / "dist" / f"kubeauth-{VERSION}-py3-none-any.whl"


def modules() -> set[str]:
    root = ROOT / "components"
    found = [*root.rglob("*.py"), *root.glob("*/scripts/*.sh"), *root.glob("mysql/variables/*.txt")]
    return {str(path.relative_to(root)) for path in found if "venv" not in path.parts}


def test_the_wheel_has_the_components_their_types_and_the_version_of_pyproject(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = email.message_from_bytes(archive.read(f"kubeauth-{VERSION}.dist-info/METADATA"))
    shipped = {name.removeprefix("kubeauth/") for name in names if name.startswith("kubeauth/")}
    assert {name for name in shipped if not name.startswith(("cli/", "policy/"))} == {*modules(), "py.typed"}
    for folder in ("cli", "policy"):
        sources = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*.py")}
        assert {name for name in shipped if name.startswith(f"{folder}/") and name.endswith(".py")} == sources
    assert {"cli/report/page.html", "cli/report/signs.html", "cli/report/page.css"} <= shipped
    assert {"policy/PulumiPolicy.yaml", "policy/config.default.json", "policy/config.advisory.json"} <= shipped
    assert not [name for name in names if not name.startswith(("kubeauth/", "kubeauth-"))]
    assert metadata["Version"] == VERSION
    assert metadata["Requires-Python"] == ">=3.11"
    assert [re.split("[<>]", text)[0] for text in metadata.get_all("Requires-Dist", [])] == [
        "pulumi",
        "pulumi-kubernetes",
        "click",
        "Jinja2",
        "psutil",
        "pulumi-policy",
        "PyYAML",
        "rich",
    ]


def test_the_sdist_has_what_pulumi_needs_to_host_the_components(wheel):
    (sdist,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    hosting = {"pyproject.toml", "requirements.txt", "components/requirements.txt", "components/PulumiPlugin.yaml"}
    assert {*hosting, "README.md", "CHANGELOG.md", *(f"components/{name}" for name in modules())} <= names


def test_the_installed_package_exports_its_interface_and_knows_its_version(example):
    consumer = example("python")
    python = str(consumer.folder / "venv/bin/python")
    script = (
        "import importlib.metadata, kubeauth; print(kubeauth.__file__, importlib.metadata.version('kubeauth'));"
        "print(sorted(name for name in kubeauth.__all__ if not hasattr(kubeauth, name)), len(kubeauth.__all__))"
    )
    first, second = consumer.checked(python, "-c", script).splitlines()
    assert (
        first == f"{next((consumer.folder / 'venv/lib').glob('python3*'))}/site-packages/kubeauth/__init__.py {VERSION}"
    )
    assert re.fullmatch(r"\[\] \d+", second)


def test_a_type_checker_knows_the_installed_packages_inputs(example):
    consumer = example("python")
    program = consumer.folder / "__main__.py"
    checker = [str(ROOT / ".venv/bin/basedpyright"), "--level", "error", "--pythonpath", "venv/bin/python"]
    consumer.checked(*checker, "__main__.py")
    wrong = consumer.folder / "wrong.py"
    wrong.write_text(program.read_text().replace('"service_type":', '"serviceType":'))
    refused = consumer.run(*checker, "wrong.py")
    wrong.unlink()
    assert refused.returncode != 0
    assert '"serviceType" is an undefined item' in refused.stdout


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def _published(work: Path) -> Path:
    """A bare repository with the project under its version's tag; what came after the tag has no components."""
    folder = work / "served/team"
    copies.make(folder / "clone", packages=False)
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["commit", "--quiet", "--message", "the release"],
        ["tag", f"v{VERSION}"],
        ["rm", "--quiet", "-r", "components"],
        ["commit", "--quiet", "--message", "a later commit"],
    ):
        _git(folder / "clone", *command)
    _git(folder, "clone", "--quiet", "--bare", "clone", "kubeauth.git")
    return work / "served"


def test_pulumi_gets_the_package_from_git_at_a_version(work, example):
    """From nothing: Pulumi clones the tag over HTTPS, then installs the package's own Python packages."""
    project = work / "from-git"
    project.mkdir()
    home = work / "pulumi-home"
    (home / "plugins").mkdir(parents=True)
    # A state of its own: the example from the checkout has the same project's and stack's name.
    env = environment(work / "git")
    for plugin in Path(env["PULUMI_HOME"], "plugins").glob("resource-kubernetes-*[0-9]"):
        # Hard links, because Pulumi does not follow others here; the program is large.
        shutil.copytree(plugin, home / "plugins" / plugin.name, copy_function=_link)
    with serve(_published(work), work) as (host, trusted):
        source = f"{host}/team/kubeauth.git/components@{VERSION}"
        text = (ROOT / "examples/yaml/Pulumi.yaml").read_text()
        assert "../../components" in text
        (project / "Pulumi.yaml").write_text(text.replace("../../components", source))
        consumer = Consumer(project, {**env, "PULUMI_HOME": str(home), "SSL_CERT_FILE": str(trusted)})
        consumer.checked("pulumi", "install")
        assert consumer.render(work / "out/git").manifests == example("kubeauth").manifests
