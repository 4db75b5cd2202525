"""The command `kubeauth`: what it says is what its user can type."""

import re

import click
import pytest
from click.testing import CliRunner

from cli import console, main, paths
from cli.stack import config, policy


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("make up", "kubeauth up"),
        ("make up STACK=dev CONTEXT=kind-a", "kubeauth up --stack dev --context kind-a"),
        ("make up CONTEXT=<a context>, or CLUSTER=node", "kubeauth up --context <a context>, or --cluster node"),
        ("make restore STACK=dev BACKUP=x.sql.gz FORCE=1", "kubeauth restore --stack dev --backup x.sql.gz --force"),
        ('eval "$(make -s env)"', 'eval "$(kubeauth env)"'),
        ("make preview-comment STACK=a", "kubeauth comment --stack a"),
        ("export KUBECONFIG=<a file>", "export KUBECONFIG=<a file>"),
        ("make node-reset NODE=x", "make node-reset NODE=x"),
        ("they make a database", "they make a database"),
    ],
)
def test_messages_written_for_make_say_the_commands_own_words(written, said):
    assert console.as_command(written) == said


def test_every_verb_explains_itself_with_an_example_that_it_takes():
    for name, command in main.verbs().items():
        told = CliRunner().invoke(main.kubeauth, [*name.split(), "--help"]).output
        examples = re.findall(rf"^ +kubeauth ({name}\b.*)$", told, re.MULTILINE)
        assert examples or name == "env", name
        known = {option for parameter in command.params for option in parameter.opts}
        used = {word for example in examples for word in re.findall(r"--[a-z-]+", example)}
        assert used <= known, name


def test_a_verb_refuses_what_is_another_verbs_option():
    said = CliRunner().invoke(main.kubeauth, ["up", "--force"])
    assert said.exit_code == 2
    assert "No such option" in said.output


def test_every_option_says_what_it_is_for():
    for name, command in main.verbs().items():
        for option in command.params:
            assert isinstance(option, click.Option), name
            assert option.help, f"{name} {option.name}"


def test_a_project_without_policies_is_advised_by_those_that_the_command_brings(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CHECKOUT", tmp_path)
    monkeypatch.setattr(paths, "LOCAL", tmp_path / ".kubeauth")
    assert policy.options("dev") == [
        *("--policy-pack", ".kubeauth/policy"),
        *("--policy-pack-config", ".kubeauth/policy/config.advisory.json"),
    ]
    assert (tmp_path / ".kubeauth/policy/__main__.py").exists()
    declared = config.read(tmp_path / ".kubeauth/policy/PulumiPolicy.yaml")
    assert declared["runtime"]["options"]["virtualenv"].startswith("/")
    own = tmp_path / "policy"
    own.mkdir()
    (own / "PulumiPolicy.yaml").touch()
    assert policy.options("dev")[1] == "policy"


def test_what_pulumi_new_writes_into_the_project_is_no_missing_value(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CHECKOUT", tmp_path)
    declared = """
name: shop
config:
  pulumi:tags: {value: {pulumi:template: python}}
  replicas: 2
  image: {type: string}
  size: {type: string, default: small}
"""
    (tmp_path / "Pulumi.yaml").write_text(declared)
    assert list(config.missing("dev", tmp_path / "Pulumi.dev.yaml")) == ["image"]
    assert config.value(tmp_path / "Pulumi.dev.yaml", "replicas") == 2
