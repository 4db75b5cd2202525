"""What the engine and cluster tiers share: the toolchain, and a copy of the project that a test may change."""

import shutil
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

from cli import paths
from cli.stack import Stack
from cli.toolchain import Toolchain
from tests import copies, environment

# A test must not pass thanks to a variable that this machine happens to have.
environment.scrub()
# How long an example takes says something of the machine, nothing of the code.
hypothesis.settings.register_profile("kubeauth", deadline=None)
hypothesis.settings.load_profile("kubeauth")

ROOT = paths.CHECKOUT
COPIED = ("Pulumi.", "requirements")
#: How long one test of a tier may take, with what it is the first to need, in seconds: one that hangs is ended.
LIMITS = {
    "unit": 60,
    # `make test` gives it only what the cluster tier leaves of the processors.
    "sql": 900,
    "engine": 600,
    "cluster": 1800,
    "s3": 1800,
    "alerts": 3600,
    "metrics": 3600,
    "vitess": 5400,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its tier's limit, unless it has one of its own."""
    for item in items:
        tier = item.path.relative_to(ROOT / "tests").parts[0]
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LIMITS[tier]))


@pytest.fixture(scope="session")
def engine() -> Toolchain:
    # Here, because the unit tests have to run where there is no lab.
    from lab import toolchain

    return toolchain.ensure("engine")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project's files in git, with state and passwords of its own."""
    copy = tmp_path / "checkout"
    for name in copies.files():
        if name.split("/")[0] in {"components", "policy", "__main__.py", "pyproject.toml"} or name.startswith(COPIED):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    for place in (".venv", "components/venv"):
        (copy / place).symlink_to(ROOT / ".venv")
    monkeypatch.setattr(paths, "CHECKOUT", copy)
    monkeypatch.setattr(paths, "LOCAL", copy / ".kubeauth")
    for variable in ("KUBECONFIG", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(variable, raising=False)
    return copy


@pytest.fixture(scope="session")
def prepared_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `prepare` has made for each stack the first time."""
    return tmp_path_factory.mktemp("prepared")


@pytest.fixture
def stack(checkout: Path, engine: Toolchain, prepared_before: Path) -> Callable[[str], Stack]:
    """Makes a stack of the copied project ready, without any cluster; the second time as where it was ready before."""

    def prepared(name: str) -> Stack:
        made = Stack(name, engine, None)
        kept = prepared_before / name
        if kept.exists() and not paths.LOCAL.exists():
            shutil.copytree(kept, paths.LOCAL)
        made.prepare()
        if not kept.exists():
            shutil.copytree(paths.LOCAL, kept)
        return made

    return prepared
