"""Other versions than the pinned ones come from folders of their own, and the table says what was tried."""

import sys

from lab import matrix
from lab.matrix import Cell
from lab.toolchain import found, pins

GIT_VERSION = "k8s.io/component-base/version.gitVersion"


def test_another_version_comes_from_its_own_folder_and_says_so(monkeypatch):
    before = {program.name: program for program in pins.pinned()}
    monkeypatch.setenv(pins.VERSIONS, "kubernetes=1.34.4 pulumi=3.274.1")
    after = {program.name: program for program in pins.pinned()}
    kubelet, pulumi = after["kubelet"], after["pulumi"]
    assert kubelet.set == {
        GIT_VERSION: "v1.34.4",
        "k8s.io/component-base/version.gitMajor": "1",
        "k8s.io/component-base/version.gitMinor": "34",
    }
    assert list(pulumi.set.values()) == ["v3.274.1"]
    for program in (kubelet, pulumi):
        assert (program.sources / "go.sum").exists()
        assert program.folder != before[program.name].folder
    assert after["coredns"] == before["coredns"]
    assert found.node_version() == (1, 34, 4)


def test_every_folder_of_another_version_is_tried_beside_the_pinned_ones():
    names = [cell.name for cell in matrix.cells()]
    assert f"python-{sys.version_info.major}.{sys.version_info.minor}" in names
    for module in ("pulumi", "kubernetes"):
        folders = {folder.name.replace("@", "-") for folder in (pins.HERE / "modules").glob(f"{module}@*")}
        assert folders
        tried = {name for name in names if name.startswith(module)}
        assert folders < tried
        assert len(tried) == len(folders) + 1


def test_a_row_says_what_was_red():
    row = {"program": "python", "version": "3.11", "tests": "tests/unit", "ok": False, "date": "2026-11-26"}
    page = matrix.page({"python-3.11": {**row, "result": "1 failed, 2 passed", "failed": ["tests/unit/x.py::y"]}})
    assert "| python | 3.11 | `tests/unit` | 1 failed, 2 passed; red: `tests/unit/x.py::y` | 2026-11-26 |" in page


def test_a_cell_is_named_by_program_and_version():
    assert Cell("python", "3.12").name == "python-3.12"
