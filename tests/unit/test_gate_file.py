"""kubeauth-gate.yaml: what it may say, what is refused with which words, and that the base's is what counts."""

import json
import subprocess

import pytest

from cli import paths
from cli.console import Problem
from cli.preview import commands, gate_file, markdown
from cli.preview.model import Change, Preview
from cli.preview.report import Report
from cli.preview.rules import RULES, Settings

GONE = Change("delete", "urn:pulumi:dev::shop::kubernetes:core/v1:PersistentVolumeClaim::data", before={})
KEPT = Change("same", "urn:pulumi:dev::shop::kubernetes:core/v1:ConfigMap::kept", before={}, after={})


def test_a_file_names_patterns_and_levels():
    text = "data: [MinioTenant, 'example:*']\nrules:\n  selector: tell\n  network-policy: off\n  claim: stop\n"
    settings = gate_file.read(text, "it")
    assert settings.data == ("MinioTenant", "example:*")
    assert [settings.level(name) for name in ("selector", "network-policy", "claim", "data")] == [
        "tell",
        "off",
        "stop",
        "stop",
    ]
    assert gate_file.read("", "it") == gate_file.read("data:\nrules:\n", "it") == Settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: {selecter: tell}", "rules.selecter: not a rule; use one of namespace, claim,"),
        ("rules: {selector: warn}", "rules.selector: 'warn': must be stop, tell, off; e.g. tell"),
        ("rules: {selector: true}", "rules.selector: True: must be stop, tell, off"),
        ("rules: [selector]", "rules: ['selector']: must be a level for each rule, e.g. {selector: tell}"),
        ("data: MinioTenant", "data: 'MinioTenant': must be a list"),
        ("data: ['*']", "data: '*': must be a pattern of a type"),
        ("strangers: neg", "strangers: 'neg': must be a list, e.g. ['cloud.google.com/neg-status'"),
        ("strangers: ['*']", "strangers: '*': must be a pattern of a label's or an annotation's name"),
        ("data: [1]", "data: 1: must be a pattern of a type"),
        ("ignore: [claim]", "ignore: not a key; use data, strangers or rules"),
        ("- claim", "the file: ['claim']: must have keys"),
        ("rules: {selector: tell", "it is no YAML: while parsing a flow mapping"),
    ],
)
def test_a_mistake_is_refused_with_key_value_rule_and_fix(text, said):
    with pytest.raises(Problem) as caught:
        gate_file.read(text, "it")
    assert said in str(caught.value)
    assert caught.value.fix


def test_every_mistake_of_a_file_is_named_at_once():
    with pytest.raises(Problem, match=r"(?s)a: not a key.*rules.b: not a rule"):
        gate_file.read("a: 1\nrules: {b: off}", "it")


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        (Settings(), Settings(rules={"claim": "off"}), [("rules.claim", "stop", "off")]),
        (Settings(), Settings(rules={"claim": "tell"}), [("rules.claim", "stop", "tell")]),
        (Settings(rules={"claim": "off"}), Settings(rules={"claim": "tell"}), []),
        (Settings(data=("A", "B")), Settings(data=("B",)), [("data", "A", "none")]),
        (Settings(), Settings(data=("A",), rules={"claim": "stop"}), []),
    ],
)
def test_only_what_lets_more_pass_is_weaker(before, after, lost):
    assert list(gate_file.weaker(before, after)) == lost


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project below the root of its repository, as in a monorepo, whose change deletes a claim."""
    folder = tmp_path / "infra"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: yaml\n")
    monkeypatch.setattr(paths, "CHECKOUT", folder)
    monkeypatch.setattr(commands, "_fill", lambda made, *_: setattr(made, "preview", Preview([GONE, KEPT])) or [])
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return folder


def commit(folder) -> None:
    who = ("-c", "user.name=it", "-c", "user.email=it@example.com")
    for command in (["add", "-A"], [*who, "commit", "-q", "--allow-empty", "-m", "it"]):
        subprocess.run(["git", *command], cwd=folder, check=True)


def said(capsys, **more):
    given = {"stack": "dev", "node": "", "context": "", "cluster": "", "base": "HEAD", "live": False, "allow": ""}
    status = commands.comment(**{**given, **more}, out=None, as_json=True)  # pyright: ignore[reportArgumentType]
    report = json.loads(capsys.readouterr().out)
    assert report["exit"] == status
    return report


def test_a_change_that_switches_its_rule_off_is_still_refused_by_it(project, capsys):
    commit(project)
    (project / gate_file.FILE).write_text("rules: {claim: off}\n")
    report = said(capsys)
    assert report["verdict"] == "refused"
    assert {found["rule"]: found["allow"] for found in report["findings"]} == {
        "claim": "dev/data",
        "weaker-checks": "dev/kubeauth-gate.yaml",
    }
    assert report["findings"][1]["property"] == "rules.claim: stop → off"
    commit(project)
    assert said(capsys)["findings"] == [], "what is in the base counts"


def test_to_let_a_change_pass_does_not_let_the_weaker_file_pass(project, capsys):
    commit(project)
    (project / gate_file.FILE).write_text("rules: {claim: off}\n")
    assert said(capsys, allow="dev/data")["verdict"] == "refused"
    assert said(capsys, allow="dev/data dev/kubeauth-gate.yaml")["verdict"] == "ok"


def test_a_file_with_a_mistake_fails_the_preview_and_the_rules_stand(project, capsys):
    commit(project)
    (project / gate_file.FILE).write_text("rules: {claim: never}\n")
    report = said(capsys)
    assert report["verdict"] == "failed"
    assert "rules.claim: 'never': must be stop, tell, off" in report["failure"]
    assert [found["rule"] for found in report["findings"]] == ["claim"]


def test_a_base_that_cannot_be_read_fails_also_with_access(project, capsys):
    commit(project)
    report = said(capsys, base="nowhere", live=True)
    assert (report["verdict"], [found["stops"] for found in report["findings"]]) == ("failed", [True])


def test_the_comment_says_why_what_to_do_and_what_is_only_told():
    from cli.preview import gate

    stopped = gate.judge(Preview([GONE, KEPT]), "dev")
    comment = markdown.render(Report("dev", "Preview", Preview([GONE, KEPT]), stopped))
    law = RULES["claim"]
    assert f"- `claim`: {law.why}. Instead: {law.do}." in comment
    told = gate.judge(Preview([GONE, KEPT]), "dev", settings=Settings(rules={"claim": "tell"}))
    report = Report("dev", "Preview", Preview([GONE, KEPT]), told)
    comment = markdown.render(report)
    assert report.verdict == "ok"
    assert "| told |" in comment
    assert "Instead" not in comment
    assert "says that it is meant" not in comment


@pytest.mark.parametrize("name", RULES)
def test_every_rule_says_why_and_what_to_do_and_is_in_the_guide(name):
    assert RULES[name].why
    assert RULES[name].do
    guide = (paths.CHECKOUT / "docs/guides/previews.md").read_text()
    assert f"\n| `{name}` |" in guide
