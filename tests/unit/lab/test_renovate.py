"""Whatever is pinned is matched by one of Renovate's managers, so that nothing is forgotten when versions move."""

import json
import re
import subprocess
import tomllib

import pytest

from cli.paths import CHECKOUT

CONFIG = json.loads((CHECKOUT / "renovate.json").read_text())
CUSTOM = CONFIG["customManagers"]
#: Files that say versions of others' software, and which manager has to read them.
PINNED = {
    r"(.+/)?go\.mod": "gomod",
    r"(.+/)?requirements(/\w+|[^/]*)\.(txt|in)": "pip_requirements",
    r"(.+/)?package\.json": "npm",
    r"(.+/)?(Dockerfile|[^/]+\.Dockerfile|Dockerfile\.[^/]+)": "dockerfile",
    r"\.github/.+/.+\.ya?ml": "github-actions",
    r"lab/toolchain/pins\.toml": "custom.regex",
}


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return listed.stdout.rstrip("\0").split("\0")


def matches(patterns, name):
    return any(re.search(pattern.removeprefix("/").removesuffix("/"), name) for pattern in patterns)


def patterns(manager):
    if manager == "custom.regex":
        return [pattern for custom in CUSTOM for pattern in custom["managerFilePatterns"]]
    return CONFIG[manager]["managerFilePatterns"]


def go_mods():
    """The text of all go.mod files of the toolchain."""
    return "".join(path.read_text() for path in (CHECKOUT / "lab/toolchain/modules").glob("*/go.mod"))


def found(name):
    """What the custom managers find in a file: the manager, the package, and the version as a match."""
    text = (CHECKOUT / name).read_text()
    return [
        (custom, match.groupdict().get("depName") or custom.get("depNameTemplate"), match)
        for custom in CUSTOM
        if matches(custom["managerFilePatterns"], name)
        for pattern in custom["matchStrings"]
        for match in re.finditer(pattern.replace("(?<", "(?P<"), text)
    ]


@pytest.mark.parametrize("pinned", PINNED)
def test_every_pinned_file_has_its_manager(pinned):
    names = [name for name in tracked() if re.fullmatch(pinned, name)]
    assert names
    assert PINNED[pinned] in CONFIG["enabledManagers"]
    assert [name for name in names if not matches(patterns(PINNED[pinned]), name)] == []


def test_every_version_in_pins_toml_is_found_once_and_with_its_module():
    name = "lab/toolchain/pins.toml"
    text = (CHECKOUT / name).read_text()
    versions = [match.span(1) for match in re.finditer(r'= "(v?\d+\.\d+\.\d+)"', text)]
    at = found(name)
    assert sorted(match.span("currentValue") for _, _, match in at) == versions
    required = go_mods()
    modules = [(package, match) for custom, package, match in at if custom["datasourceTemplate"] == "go"]
    assert len(modules) > 5
    # What Renovate looks up is what the module pins: the variable and go.mod name one version.
    needed = [f"{package} v{match['currentValue'].removeprefix('v')}" for package, match in modules]
    assert [line for line in needed if line not in required] == []


def test_what_the_toolchain_builds_is_updated_in_its_module():
    pins = tomllib.loads((CHECKOUT / "lab/toolchain/pins.toml").read_text())
    [rule] = [rule for rule in CONFIG["packageRules"] if rule.get("enabled")]
    modules = rule["matchPackageNames"]
    packages = [program["package"] for program in pins["program"]]
    assert [
        package for package in packages if not f"{package}/".startswith(tuple(f"{name}/" for name in modules))
    ] == []
    assert [name for name in modules if f"{name} v" not in go_mods()] == []


def test_the_pulumi_of_githubs_jobs_and_each_digest_are_found():
    for name in tracked():
        if name.startswith(".github/"):
            text = (CHECKOUT / name).read_text(errors="replace")
            assert len(found(name)) == len(re.findall(r"pulumi-version:", text)), name
        if re.fullmatch(r"Pulumi\.\w+\.yaml|tests/engine/golden/\w+\.yaml", name):
            text = (CHECKOUT / name).read_text()
            # This one stands for the digest of an image that a team builds.
            assert len(found(name)) == len(re.findall(r"@sha256:(?!c0ffee)", text)), name


def test_every_manager_that_is_configured_is_enabled():
    named = {name for name, value in CONFIG.items() if isinstance(value, dict)}
    assert named | {"custom.regex"} == set(CONFIG["enabledManagers"])
    for custom in CUSTOM:
        assert any(matches(custom["managerFilePatterns"], name) and found(name) for name in tracked()), custom
