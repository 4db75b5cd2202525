"""The configuration of a checkout: git's values, plus passwords that git never sees."""

import multiprocessing
import os
import shutil
import stat

import pytest
import yaml

from cli import locks, paths
from cli.console import Problem
from cli.stack import Stack, config, exclusive, refusals
from cli.toolchain import Toolchain


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


def test_plain_stack_init_after_make_up_is_told_from_secrets_in_git(checkout):
    git_says(checkout, size="1Gi")
    refusals.refuse_two_homes("dev")
    (checkout / "Pulumi.dev.yaml").write_text("encryptionsalt: v1:abc\nconfig: {}\n")
    with pytest.raises(Problem, match=r"Pulumi\.dev\.yaml says that it keeps the secrets") as caught:
        refusals.refuse_two_homes("dev")
    assert "git checkout Pulumi.dev.yaml" in caught.value.fix
    config.forget("dev")
    refusals.refuse_two_homes("dev")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("environment:\n- shop/staging\n", r"\(shop/staging\)"),
        ("environment:\n- shop/staging\nencryptionsalt: v1:abc\nconfig: {size: 1Gi}\n", r"\(shop/staging\)"),
        ("environment: {values: {pulumiConfig: {size: 1Gi}}}\n", r"\(its own\)"),
    ],
)
def test_a_stack_that_takes_values_from_esc_is_refused_by_every_command(checkout, content, named):
    """Its copy in .kubeauth would lack them: passwords would be made up, and another namespace deployed."""
    git_says(checkout, size="1Gi")
    refusals.require("dev")
    (checkout / "Pulumi.dev.yaml").write_text(content)
    with pytest.raises(Problem, match=f"takes values from Pulumi ESC {named}"):
        Stack("dev", Toolchain(checkout / "bin", checkout / "home"), None)


def test_a_missing_stack_names_those_that_are_there_dots_and_all(checkout):
    for name in ("dev", "prod.eu"):
        (checkout / f"Pulumi.{name}.yaml").touch()
    with pytest.raises(Problem) as caught:
        refusals.require("prod")
    assert caught.value.fix == "use one of: dev, prod.eu"
    (checkout / "Pulumi.prod.yml").touch()
    with pytest.raises(Problem, match=r"Pulumi\.prod\.yml configures no stack"):
        refusals.require("prod")


def keep_state(stack, project="kubeauth"):
    state = paths.LOCAL / f"state/.pulumi/stacks/{project}/{stack}.json"
    state.parent.mkdir(parents=True, exist_ok=True)
    state.write_text("{}")
    return state


def test_forgetting_one_stack_keeps_the_state_of_one_whose_secrets_are_in_git(checkout):
    git_says(checkout, size="1Gi")
    config.ensure_passphrase()
    (checkout / "Pulumi.staging.yaml").write_text("encryptionsalt: v1:abc\n")
    state = keep_state("staging")
    config.forget("dev")
    assert state.exists()
    assert config.passphrase_file().exists()
    assert not config.local("dev").exists()


def test_forgetting_removes_nothing_that_is_not_the_stacks(checkout):
    git_says(checkout, size="1Gi")
    for name in ("dev.damaged-1", "notes", "staging.lock"):
        config.write_private(paths.LOCAL / name, "")
    config.forget("dev")
    assert sorted(path.name for path in paths.LOCAL.iterdir()) == ["dev.damaged-1", "notes", "staging.lock"]


def test_forgetting_one_stack_keeps_the_users_of_one_whose_name_ends_like_it(checkout):
    made = [config.user_file(checkout, stack, user) for stack in ("eu", "prod-eu") for user in config.USERS]
    for path in made:
        config.write_private(path, "")
    config.forget("eu")
    assert [path.exists() for path in made] == [False, False, True, True]


def test_a_stack_may_be_called_like_the_lock_of_the_checkout(checkout):
    (checkout / "Pulumi.prepare.yaml").touch()
    with locks.locked(exclusive.lock_file("prepare")), config.alone():
        pass


def test_a_key_that_is_not_declared_is_a_problem_not_a_traceback(checkout):
    (checkout / "Pulumi.yaml").write_text("name: shop\nconfig: {size: {type: string, default: 1Gi}}\n")
    git_says(checkout)
    assert config.value(config.local("dev"), "size") == "1Gi"
    with pytest.raises(Problem, match="declares no configuration key mysqlName"):
        config.value(config.local("dev"), "mysqlName")


PULUMI = """#!/bin/sh
# A Pulumi that takes its time, as the real one does, and writes what it is told to keep.
case "$1 $2" in
  "config set") cat > "$PULUMI_KEPT/$4.$$";;
esac
"""


def prepare(root, kept):
    stack = Stack("dev", Toolchain(root / "bin", root / "home"), None)
    os.environ["PULUMI_KEPT"] = str(kept)
    stack.prepare()


def test_three_commands_that_begin_at_once_make_one_passphrase(checkout, monkeypatch):
    """19 of 60 rounds broke before there was a lock: two passphrases, or a file that another one had moved."""
    (checkout / "Pulumi.yaml").write_text("name: shop\nconfig: {}\n")
    (checkout / "Pulumi.dev.yaml").write_text("config: {shop:size: 1Gi}\n")
    program = checkout / "bin/pulumi"
    program.parent.mkdir()
    program.write_text(PULUMI)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    forking = multiprocessing.get_context("fork")
    for _ in range(12):
        shutil.rmtree(paths.LOCAL, ignore_errors=True)
        seen = forking.Queue()

        def one(seen=seen):
            prepare(checkout, checkout)
            seen.put(config.passphrase_file().read_text())

        begun = [forking.Process(target=one) for _ in range(3)]
        for process in begun:
            process.start()
        read = {seen.get(timeout=30) for _ in begun}
        for process in begun:
            process.join(30)
        assert [process.exitcode for process in begun] == [0, 0, 0]
        assert len(read) == 1
        assert config.read(config.local("dev"))["config"] == {"shop:size": "1Gi"}


@pytest.mark.parametrize(
    ("replicas", "used"),
    [(None, {"mysql:9.7"}), (1, {"mysql:9.7"}), (3, {"vitess:24", "etcd:3"}), ("3", {"vitess:24", "etcd:3"})],
)
def test_the_images_of_a_stack_are_those_of_one_server_or_of_several(checkout, replicas, used):
    declared = {
        "mysqlImage": {"default": "mysql:9.7"},
        "authImage": {"type": "string"},
        "mysqlReplicas": {"default": 1},
    }
    declared |= {"mysqlClusterImage": {"default": ""}, "mysqlEtcdImage": {"default": ""}}
    (checkout / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "shop", "config": declared}))
    given = {"shop:authImage": "auth:1", "shop:mysqlClusterImage": "vitess:24", "shop:mysqlEtcdImage": "etcd:3"}
    git_says(checkout, **given, **({"shop:mysqlReplicas": replicas} if replicas else {}))
    assert set(config.images("dev")) == {"auth:1", *used}


def test_a_project_with_other_keys_names_no_images(checkout):
    (checkout / "Pulumi.yaml").write_text("name: shop\nruntime: yaml\n")
    git_says(checkout, **{"shop:dbImage": "localhost/db:1"})
    assert config.images("dev") == []
