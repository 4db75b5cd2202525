"""What the engine tests share: one copy of the project, the examples in it and its stacks, each rendered once."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cli.stack import Stack
from tests.together import Together

from .consumers import Consumer, copy_of_the_project, environment, need, virtual_environment

SAME_SYSTEM = """\
config:
  kubeauth:mysqlServiceType: ClusterIP
  kubeauth:mysqlBackupSchedule: 0 3 * * *
  kubeauth:mysqlBackupKeep: 14
"""

#: What shares things that take long to make, by file; every other file stands for itself.
SHARING = {
    "test_languages.py": "examples",
    "test_packaging.py": "examples",
    "test_preview.py": "stacks",
    "test_runs.py": "stacks",
}
#: The longest begin, so that two workers end together.
LONG = ("test_strangers.py", "test_command.py", "test_language_pages.py", "test_workflows.py")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Keep together what shares something."""
    return Together(config, log, lambda name: SHARING.get(name, name))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files."""
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clone of the project, `kubeauth`, and room for consumers beside it."""
    folder = tmp_path_factory.mktemp("consumers")
    copy_of_the_project(folder / "kubeauth")
    return folder


@pytest.fixture(scope="session")
def example(work: Path) -> Callable[[str], Consumer]:
    """Makes an example ready and renders it, once; `kubeauth` is the project itself."""

    @cache
    def ready(language: str) -> Consumer:
        folder = work / "kubeauth" if language == "kubeauth" else work / "kubeauth/examples" / language
        consumer = Consumer(folder, environment(work))
        if language == "kubeauth":
            # The examples' system, as a stack of the project's own program.
            (folder / "Pulumi.dev.yaml").write_text(SAME_SYSTEM)
        if language == "python":
            # Once installed, it needs nothing of the repository.
            consumer.folder = Path(shutil.copytree(folder, work / "team-python"))
            _install(consumer, folder)
        if language == "typescript":
            need("npm", "the example in TypeScript")
            consumer.checked("npm", "run", "sdk")
            consumer.checked("npm", "ci", "--no-audit", "--no-fund")
            consumer.checked("npm", "run", "check")
        if language == "go":
            need("go", "the example in Go")
            generate = ["pulumi", "package", "gen-sdk", "../../components", "--language", "go", "--local"]
            consumer.checked(*generate, "--out", "sdks")
            module = "github.com/kubeauth/pulumi-kubeauth/sdk/go/kubeauth"
            Consumer(folder / "sdks/go/kubeauth", consumer.env).checked("go", "mod", "init", module)
            consumer.checked("go", "vet", ".")
        return consumer.render(work / "out" / language)

    return ready


@pytest.fixture(scope="session")
def deployed_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `deployed` has made of each stack the first time."""
    return tmp_path_factory.mktemp("deployed")


@pytest.fixture
def deployed(
    stack: Callable[[str], Stack], deployed_before: Path
) -> Callable[[str], AbstractContextManager[tuple[Stack, dict[str, str], Path]]]:
    """Deploys a stack as this checkout has it, once; the second time begins with what the first left.

    `with deployed("prod") as (prod, variables, out)` has the folder of manifests that stands for the cluster.
    """
    # The state knows it by its path.
    out = deployed_before / "out"

    @contextmanager
    def made(name: str) -> Iterator[tuple[Stack, dict[str, str], Path]]:
        shutil.rmtree(out, ignore_errors=True)
        kept = deployed_before / name
        one = stack(name)
        with one.offline(out) as variables:
            state = Path(variables["PULUMI_BACKEND_URL"].removeprefix("file://"), ".pulumi")
            if kept.exists():
                shutil.rmtree(state)
                shutil.copytree(kept / "state", state)
                shutil.copytree(kept / "out", out)
            else:
                done = one.run("pulumi", "up", "--yes", "--skip-preview", variables=variables)
                assert done.returncode == 0, done.stdout + done.stderr
                shutil.copytree(out, kept / "out")
                shutil.copytree(state, kept / "state")
            yield one, variables, out

    return made


def _install(consumer: Consumer, requirements: Path) -> None:
    """Make its virtual environment: the package from the repository, and this checkout's copies of what that needs."""
    python = str(virtual_environment(consumer.folder / "venv"))
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"]
    Consumer(requirements, consumer.env).checked(*pip, "-r", "requirements.txt")
