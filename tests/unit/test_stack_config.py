"""The configuration of a checkout: git's values, plus passwords that git never sees."""

import stat

import pytest
import yaml

from tools import paths
from tools.stack import config


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CHECKOUT", tmp_path)
    monkeypatch.setattr(paths, "LOCAL", tmp_path / ".kubeauth")
    return tmp_path


def git_says(checkout, **values):
    (checkout / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": values}))
    config.merge("dev")


def local() -> dict[str, object]:
    return config.read(config.local("dev"))["config"]


def set_locally(**values):
    content = config.read(config.local("dev"))
    config.write_private(config.local("dev"), yaml.safe_dump({**content, "config": {**content["config"], **values}}))


def test_a_change_in_git_arrives_and_local_passwords_stay(checkout):
    git_says(checkout, size="1Gi", image="a:1")
    set_locally(password={"secure": "v1:x"})
    git_says(checkout, size="2Gi", image="a:1")
    assert local() == {"size": "2Gi", "image": "a:1", "password": {"secure": "v1:x"}}


def test_what_pulumi_config_set_wrote_stays_until_git_changes_the_same_key(checkout):
    git_says(checkout, size="1Gi", image="a:1")
    set_locally(size="5Gi")
    git_says(checkout, size="1Gi", image="a:2")
    assert local() == {"size": "5Gi", "image": "a:2"}
    git_says(checkout, size="3Gi", image="a:2")
    assert local()["size"] == "3Gi"


def test_a_key_removed_in_git_is_removed(checkout):
    git_says(checkout, size="1Gi", image="a:1")
    git_says(checkout, size="1Gi")
    assert local() == {"size": "1Gi"}


def test_only_the_owner_reads_the_file(checkout):
    git_says(checkout, size="1Gi")
    assert stat.S_IMODE(config.local("dev").stat().st_mode) == 0o600


def test_a_stack_with_secrets_in_git_is_left_alone(checkout):
    git_says(checkout, size="1Gi")
    assert not config.has_own_secrets("dev")
    (checkout / "Pulumi.dev.yaml").write_text("encryptionsalt: v1:abc\nconfig: {}\n")
    assert config.has_own_secrets("dev")


def test_forgetting_one_stack_keeps_the_others_passwords(checkout):
    git_says(checkout, size="1Gi")
    config.ensure_passphrase()
    config.write_private(config.local("staging"), "config: {}\n")
    config.forget("dev")
    assert config.passphrase_file().exists()
    config.forget("staging")
    assert not paths.LOCAL.exists()
