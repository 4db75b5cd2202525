"""Where the state is: what the user says wins, and a stack's state never moves by itself."""

import json

import pytest

from cli import paths
from cli.stack import backends


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CHECKOUT", tmp_path)
    monkeypatch.setattr(paths, "LOCAL", tmp_path / ".kubeauth")
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    return tmp_path


def log_in(home, url="https://api.pulumi.com"):
    home.mkdir(exist_ok=True)
    (home / "credentials.json").write_text(json.dumps({"current": url, "accessTokens": {}}))
    return home


def test_without_a_word_the_state_stays_in_the_checkout(checkout):
    here = f"file://{checkout}/.kubeauth/state"
    assert backends.of("dev", checkout / "home") == here
    for broken in ("", "[]", "{}", '{"current": null}'):
        log_in(checkout / "home").joinpath("credentials.json").write_text(broken)
        assert backends.of("dev", checkout / "home") == here


def test_a_login_is_honoured_and_a_state_that_is_here_already_stays(checkout):
    home = log_in(checkout / "home")
    assert backends.of("dev", home) == "https://api.pulumi.com"
    state = checkout / ".kubeauth/state/.pulumi/stacks/shop/dev.json"
    state.parent.mkdir(parents=True)
    state.touch()
    assert backends.of("dev", home).startswith("file://")
    assert backends.of("prod", home) == "https://api.pulumi.com"


def test_the_variable_wins_over_the_project_and_the_project_over_a_login(checkout, monkeypatch):
    home = log_in(checkout / "home")
    (checkout / "Pulumi.yaml").write_text("name: shop\nbackend: {url: 's3://team'}\n")
    assert backends.of("dev", home) == "s3://team"
    monkeypatch.setenv("PULUMI_BACKEND_URL", "gs://mine")
    assert backends.of("dev", home) == "gs://mine"
    monkeypatch.setenv("PULUMI_BACKEND_URL", "")
    assert backends.of("dev", home) == "s3://team"
