"""`python -m lab.workflows`: the workflows and actions under actionlint and zizmor. What `make lint-workflows` runs."""

import subprocess

from cli import console, paths
from lab import toolchain

_STRICT = ("--offline", "--no-ignores", "--quiet", "--persona=pedantic")
#: What GitHub has and this actionlint does not know yet: the repository and the commit of a reusable workflow itself.
_NEWER = r'property "workflow_(repository|sha)" is not defined in object type'
WORKFLOWS = paths.CHECKOUT / ".github/workflows"


def main() -> None:
    """Run both; their findings end this with an exit status."""
    actionlint = toolchain.program("actionlint")
    zizmor = paths.CHECKOUT / ".venv/bin/zizmor"
    files = [str(file) for file in sorted(WORKFLOWS.iterdir())]
    actions = [str(file) for file in sorted(WORKFLOWS.parent.glob("actions/*/action.yml"))]
    settings = str(WORKFLOWS.parent / "zizmor.yml")
    commands = (
        # What else a machine has, shellcheck for one, must not change the result.
        [str(actionlint), "-shellcheck=", "-pyflakes=", "-ignore", _NEWER, *files],
        # Offline: whether a pinned commit is known to be bad is asked nowhere. One rule is off, no finding is ignored.
        [str(zizmor), *_STRICT, "--config", settings, *files, *actions],
    )
    statuses = [subprocess.run(command, cwd=paths.CHECKOUT, check=False).returncode for command in commands]
    if any(statuses):
        raise console.Problem("the workflows have findings", "the lines above say where and why")
    print("actionlint and zizmor: no findings")


if __name__ == "__main__":
    console.run(main)
