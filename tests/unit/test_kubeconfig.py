"""Kubeconfigs are read as kubectl reads them: several files, relative paths, and each mistake with its fix."""

import os
from pathlib import Path

import pytest
import yaml

from cli.clusters import kubeconfig
from cli.console import Problem

ONE = """
current-context: a
clusters: [{name: c, cluster: {server: "https://one", certificate-authority: ca.crt}}]
users: [{name: u, user: {client-key: keys/u.key, exec: {command: ./login}}}, {name: v, user: {token: secret}}]
contexts: [{name: a, context: {cluster: c, user: u, namespace: n}}, {name: broken, context: {cluster: none, user: v}}]
"""
TWO = """
current-context: b
clusters: [{name: c, cluster: {server: "https://two"}}, {name: d, cluster: {server: "https://d"}}]
users: []
contexts: [{name: b, context: {cluster: d}}]
"""


def test_paths_are_relative_to_their_file(tmp_path):
    (tmp_path / "k").write_text(ONE)
    alone = yaml.safe_load(kubeconfig.load([tmp_path / "k"], "KUBECONFIG").alone("a"))
    assert alone["clusters"][0]["cluster"]["certificate-authority"] == str(tmp_path / "ca.crt")
    (user,) = alone["users"]
    assert user["user"]["client-key"] == str(tmp_path / "keys/u.key")
    assert user["user"]["exec"]["command"] == str(tmp_path / "login")
    assert alone["contexts"][0]["context"]["namespace"] == "n"


def test_the_first_file_that_names_something_wins_and_a_missing_one_counts_as_empty(tmp_path):
    (tmp_path / "one").write_text(ONE)
    (tmp_path / "two").write_text(TWO)
    read = kubeconfig.load([tmp_path / "none", tmp_path / "one", tmp_path / "two"], "KUBECONFIG")
    assert (read.current, read.server("a"), read.server("b")) == ("a", "https://one", "https://d")
    with pytest.raises(Problem, match="names no file that is there"):
        kubeconfig.load([tmp_path / "none"], "KUBECONFIG")


@pytest.mark.parametrize("text", ["a: [", "- 1", "text", "clusters: [{}]", "contexts: [1]"])
def test_what_is_no_kubeconfig_is_refused_by_its_name(tmp_path, text):
    (tmp_path / "k").write_text(text)
    with pytest.raises(Problem, match="is no kubeconfig"):
        kubeconfig.load([tmp_path / "k"], "KUBECONFIG")


def test_a_context_without_its_cluster_is_refused(tmp_path):
    (tmp_path / "k").write_text(ONE)
    with pytest.raises(Problem, match="context broken of KUBECONFIG names no cluster with a server"):
        kubeconfig.load([tmp_path / "k"], "KUBECONFIG").alone("broken")


def test_a_list_of_files_with_a_home_and_relative_ones(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "k.yaml").touch()
    found = kubeconfig.files(os.pathsep.join(["~/a", "./k.yaml", "/x/own/b", ""]), leave_out=[Path("/x/own")])
    assert found == [tmp_path / "a", tmp_path / "k.yaml"]
    with pytest.raises(Problem, match="is relative, and not in") as caught:
        kubeconfig.files("./none.yaml")
    assert 'export KUBECONFIG="$PWD/./none.yaml"' in caught.value.fix


def test_a_file_that_may_not_be_read_is_named(tmp_path):
    with pytest.raises(Problem, match="cannot be read"):
        kubeconfig.load([tmp_path], "KUBECONFIG")
