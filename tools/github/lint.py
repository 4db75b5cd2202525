"""`python -m tools.github.lint`: the workflows under actionlint and zizmor. What `make lint-workflows` runs."""

import subprocess

from tools import console, paths, toolchain

WORKFLOWS = paths.CHECKOUT / ".github"


def main() -> None:
    """Run both; their findings end this with an exit status."""
    actionlint = toolchain.program("actionlint")
    zizmor = paths.CHECKOUT / ".venv/bin/zizmor"
    commands = (
        # What else a machine has, shellcheck for one, must not change the result.
        [str(actionlint), "-shellcheck=", "-pyflakes="],
        # Offline: whether a pinned commit is known to be bad is asked nowhere. No configuration, so nothing is ignored.
        [str(zizmor), "--offline", "--no-config", "--quiet", "--persona=pedantic", str(WORKFLOWS)],
    )
    statuses = [subprocess.run(command, cwd=paths.CHECKOUT, check=False).returncode for command in commands]
    if any(statuses):
        raise console.Problem("the workflows have findings; the lines above say where", "docs/ci.md says what is checked")
    print("actionlint and zizmor: no findings")


if __name__ == "__main__":
    console.run(main)
