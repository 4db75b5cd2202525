"""A proxy does not stand between this machine and its own node."""

import pytest
import yaml

from cli import paths
from cli.stack import proxies

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def node(tmp_path, monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(paths, "STATE", tmp_path)
    path = tmp_path / "nodes/dev-1/kubeconfig"
    path.parent.mkdir(parents=True)
    content = {
        "current-context": "n",
        "clusters": [{"name": "n", "cluster": {"server": "https://10.99.0.2:6443"}}],
        "contexts": [{"name": "n", "context": {"cluster": "n"}}],
    }
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_the_nodes_address_goes_around_the_proxy(node, monkeypatch, name):
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.com,10.99.0.2")
    assert proxies.around(node) == dict.fromkeys(("NO_PROXY", "no_proxy"), "example.com,10.99.0.2")
    monkeypatch.setenv("NO_PROXY", "other")
    assert proxies.around(node)["NO_PROXY"] == "other,10.99.0.2"


def test_without_a_proxy_and_for_another_cluster_nothing_is_said(node, monkeypatch, tmp_path):
    assert proxies.around(node) == {}
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    assert proxies.around(tmp_path / "elsewhere") == {}
    assert proxies.around(node.with_name("none")) == {}
