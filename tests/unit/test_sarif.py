"""Findings on the lines of a change, for code scanning."""

import json
import subprocess

import pytest

from cli import paths
from cli.preview import gate, sarif
from cli.preview.model import Change, Preview
from cli.preview.report import Report
from cli.preview.rules import RULES, Settings

KEPT = Change("same", "urn:pulumi:dev::shop::kubernetes:core/v1:ConfigMap::kept", before={}, after={})
CLAIM = Change("delete", "urn:pulumi:dev::shop::kubernetes:core/v1:PersistentVolumeClaim::data", before={})
SERVICE = Change(
    "update",
    "urn:pulumi:dev::shop::kubernetes:core/v1:Service::web",
    before={"spec": {"type": "ClusterIP"}},
    after={"spec": {"type": "LoadBalancer"}},
)
DIFF = """diff --git a/Pulumi.dev.yaml b/Pulumi.dev.yaml
--- a/Pulumi.dev.yaml
+++ b/Pulumi.dev.yaml
@@ -3 +3,2 @@ config:
-  shop:name: web
+  shop:name: other
+  shop:serviceType: LoadBalancer
\\ No newline at end of file
diff --git a/main.ts b/main.ts
deleted file mode 100644
--- a/main.ts
+++ /dev/null
@@ -7,2 +0,0 @@
--- a/claim data
-}
"""


def report(*changes: Change, allow: str = "", **settings: str) -> Report:
    preview = Preview([KEPT, *changes])
    found = gate.judge(preview, "dev", frozenset(allow.split()), Settings(rules=settings))
    return Report("dev", "Preview", preview, found)


def results(made: Report) -> list[dict]:
    return sarif.of(made, list(sarif.read(DIFF.splitlines())))["runs"][0]["results"]


def test_the_changed_lines_are_read_also_of_a_file_that_goes():
    assert [(line.file, line.number, line.text) for line in sarif.read(DIFF.splitlines())] == [
        ("Pulumi.dev.yaml", 3, "  shop:name: web"),
        ("Pulumi.dev.yaml", 3, "  shop:name: other"),
        ("Pulumi.dev.yaml", 4, "  shop:serviceType: LoadBalancer"),
        ("main.ts", 1, "-- a/claim data"),
        ("main.ts", 1, "}"),
    ]


def test_a_finding_is_on_the_changed_line_that_has_most_of_its_words():
    service, claim = results(report(SERVICE, CLAIM))
    (place,) = service["locations"]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "Pulumi.dev.yaml"}, "region": {"startLine": 4}}
    assert claim["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "main.ts"
    assert (service["ruleId"], service["level"]) == ("wider-service", "error")
    assert "spec.type: ClusterIP → LoadBalancer" in service["message"]["text"]


def test_what_is_allowed_or_only_told_is_a_note():
    assert [it["level"] for it in results(report(CLAIM, allow="dev/data"))] == ["note"]
    assert [it["level"] for it in results(report(CLAIM, claim="tell"))] == ["note"]


def test_stacks_do_not_replace_each_other_and_every_rule_is_explained():
    (run,) = sarif.of(report(CLAIM), [])["runs"]
    assert run["automationDetails"]["id"] == "kubeauth/dev/"
    rules = {it["id"]: it for it in run["tool"]["driver"]["rules"]}
    assert rules.keys() == RULES.keys()
    assert all(it["shortDescription"]["text"] and it["help"]["text"] for it in rules.values())
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 1


@pytest.mark.parametrize("folder", ["", "infra"])
def test_the_lines_are_those_of_the_working_tree_named_from_the_repositorys_root(tmp_path, monkeypatch, folder):
    project = tmp_path / folder
    project.mkdir(exist_ok=True)
    monkeypatch.setattr(paths, "CHECKOUT", project)
    file = project / "Pulumi.dev.yaml"
    file.write_text("config:\n  a: 1\n")
    who = ("-c", "user.name=it", "-c", "user.email=it@example.com")
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "it"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    file.write_text("config:\n  a: 2\n")
    name = f"{folder}/Pulumi.dev.yaml".lstrip("/")
    assert sarif.changed("HEAD") == [sarif.Line(name, 2, "  a: 1"), sarif.Line(name, 2, "  a: 2")]
    json.dumps(sarif.of(report(CLAIM), sarif.changed("HEAD")))
