"""`python -m lab.release`: all of a release but the upload. What `make release` and the workflow of a tag run."""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

from cli import console, paths

DIST = paths.CHECKOUT / "dist"
#: In an environment of their own: .venv/release, with hashes (requirements/release.txt).
PYTHON = paths.CHECKOUT / ".venv/release/bin/python"


def section(changelog: str, version: str) -> str:
    """What the changelog says of a version; empty where it says nothing."""
    parts = re.split(r"^## +(.+)$", changelog, flags=re.MULTILINE)
    texts = {title.split()[0]: text.strip() for title, text in zip(parts[1::2], parts[2::2], strict=True)}
    return texts.get(version, "")


def check(version: str, tags: list[str], changelog: str) -> None:
    """Refuse a release whose tag names another version, or of which the changelog says nothing.

    Args:
        version: The version in pyproject.toml.
        tags: The tags of versions that the commit has; none for a trial.
        changelog: The text of CHANGELOG.md.
    """
    for tag in tags:
        if tag != f"v{version}":
            raise console.Problem(
                f"the tag is {tag}, and the version in pyproject.toml is {version}",
                f"git tag --delete {tag}, then write the version into pyproject.toml or tag the right commit",
            )
    if not section(changelog, version):
        raise console.Problem(
            f"CHANGELOG.md says nothing of {version}", f'give "Unreleased" the title "## {version}", and commit'
        )


def tags_here() -> list[str]:
    """The tags of versions that the checked out commit has."""
    return _git("tag", "--points-at", "HEAD", "--list", "v[0-9]*").split()


def build(version: str) -> list[Path]:
    """Build sdist and wheel, and write the list of what the wheel was tested with (CycloneDX); return the files."""
    shutil.rmtree(DIST, ignore_errors=True)
    # The times in the wheel are the commit's: the same commit gives the same wheel, byte for byte.
    env = {**os.environ, "SOURCE_DATE_EPOCH": _git("log", "-1", "--format=%ct").strip()}
    sbom = DIST / f"kubeauth-{version}.cdx.json"
    reads = ["requirements", "requirements.txt", "--pyproject", "pyproject.toml", "--mc-type", "library"]
    writes = ["--output-reproducible", "--output-format", "JSON", "--output-file", str(sbom)]
    for title, command in (
        # Without isolation: setuptools is the one with a hash, not the newest.
        ("Build sdist and wheel", ["build", "--no-isolation", "--outdir", str(DIST), "."]),
        ("Write the SBOM", ["cyclonedx_py", *reads, *writes]),
    ):
        with console.step(title):
            done = subprocess.run(
                [str(PYTHON), "-m", *command],
                cwd=paths.CHECKOUT,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        if done.returncode:
            raise console.Problem(f"{command[0]} failed:\n{done.stdout[-4000:]}", "the lines above say why")
    files = [DIST / f"kubeauth-{version}-py3-none-any.whl", DIST / f"kubeauth-{version}.tar.gz", sbom]
    if missing := [file.name for file in files if not file.is_file()]:
        raise console.Problem(f"dist/ has no {', '.join(missing)}", "see what [project] in pyproject.toml says")
    return files


def main() -> None:
    """Check, build, and print what would be uploaded, with its hashes."""
    parser = argparse.ArgumentParser(prog="make release", description="Build a release into dist/; upload nothing.")
    parser.add_argument("--tag", help="the tag of the release; default: those of this commit, if it has any")
    given = parser.parse_args()
    project = tomllib.loads((paths.CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = project["version"]
    tags = [given.tag] if given.tag else tags_here()
    check(version, tags, (paths.CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8"))
    for file in build(version):
        print(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(paths.CHECKOUT)}")
    if not tags:
        console.console.print(f"a trial: this commit has no tag; the release's is v{version}", markup=False)


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=paths.CHECKOUT, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    console.run(main)
