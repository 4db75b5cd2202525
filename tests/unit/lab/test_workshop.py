"""`python -m lab` gives the command a machine that builds what it lacks and has a node of its own."""

import os
import shutil
import subprocess
import sys

import pytest

from cli import machine, paths
from cli.clusters.loading import REFERENCES
from cli.console import Problem
from lab import images, toolchain, workshop
from lab.workshop import Workshop
from tests import copies


def test_a_node_is_for_root_on_linux(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sys, "platform", "linux")
    assert Workshop().has_nodes
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not Workshop().has_nodes
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not Workshop().has_nodes


def test_what_cannot_have_a_node_builds_nothing(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(toolchain, "ensure", lambda *parts: pytest.fail(f"built {parts}"))
    monkeypatch.setattr(workshop.images, "prepare", lambda: pytest.fail("prepared images"))
    with pytest.raises(Problem, match="a local node needs root"):
        Workshop().toolchain(node="dev-1")


def test_the_images_that_are_built_are_those_that_the_stack_names():
    assert {name: images.REFERENCES[name] for name in REFERENCES} == REFERENCES


def test_without_the_lab_a_node_is_refused_with_another_way():
    with pytest.raises(Problem, match="local node dev-1 belongs to a checkout of kubeauth") as caught:
        machine.Machine().start("dev-1", toolchain.Toolchain(workshop.Path(), workshop.Path()))
    assert "--cluster kind" in caught.value.fix


@pytest.mark.parametrize("module", ["components/connection.py", "policy/rules.py", "cli/paths.py"])
def test_what_ships_cannot_import_what_proves_it(tmp_path, module):
    copy = copies.make(tmp_path / "kubeauth", packages=False)
    shutil.rmtree(copy / "docs")
    source = copy / module
    source.write_text(f"{source.read_text()}\nfrom lab import toolchain  # noqa\n")
    linter = [str(paths.CHECKOUT / ".venv/bin/lint-imports"), "--no-logo", "--no-cache"]
    done = subprocess.run(linter, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert f"{module.removesuffix('.py').replace('/', '.')} -> lab.toolchain" in done.stdout
