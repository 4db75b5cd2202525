"""The comment: what it always says, how it is cut, and what can never be in it."""

import json
import re
from typing import Any

import pytest

from cli.preview import allowed, gate, live, markdown, model
from cli.preview.model import SECRET, Change, Preview
from cli.preview.report import Report

PREFIX = "urn:pulumi:dev::kubeauth::"
MARK = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:canary"}


def change(op: str, kind: str, name: str, before: Any = None, after: Any = None, **more: Any) -> Change:
    return Change(op, f"{PREFIX}kubernetes:x/v1:{kind}::{name}", before=before, after=after, **more)


def deployment(host: str) -> dict[str, Any]:
    container = {"name": "app", "env": [{"name": "DB_HOST", "value": host}]}
    return {"metadata": {"name": "app"}, "spec": {"template": {"spec": {"containers": [container]}}}}


def rendered(*changes: Change, **more: Any) -> str:
    return markdown.render(Report("dev", "Preview of stack `dev`", Preview(list(changes)), **more))


def event(op: str, old: dict[str, Any] | None, new: dict[str, Any] | None, **more: Any) -> str:
    kind = "kubernetes:core/v1:Secret"
    urn = f"{PREFIX}{kind}::it"
    sides = {side: inputs and {"inputs": inputs, "urn": urn} for side, inputs in (("old", old), ("new", new))}
    return json.dumps({"resourcePreEvent": {"metadata": {"op": op, "urn": urn, "type": kind, **sides, **more}}})


def test_the_first_line_is_a_hidden_mark_of_the_stack():
    assert rendered().splitlines()[0] == "<!-- kubeauth-preview:dev -->"


def test_a_changed_db_host_is_shown_before_and_after_in_plain_text():
    comment = rendered(change("update", "Deployment", "app", deployment("old:3306"), deployment("new:3306")))
    assert "**DB_HOST of `app / app`: `old:3306` → `new:3306`**" in comment
    assert "| pods restart | 1 | `Deployment app`: `env[DB_HOST]` |" in comment
    assert "\n-     spec.template.spec.containers[app].env[DB_HOST].value: old:3306\n+ " in comment


def test_a_stack_without_changes_says_so_and_has_no_diff():
    comment = rendered(change("same", "Deployment", "app", deployment("x:1"), deployment("x:1")))
    assert "**✅ No changes.**" in comment
    assert "DB_HOST of `app / app`: `x:1`, unchanged" in comment
    assert "<details>" not in comment


def test_secrets_are_masked_whatever_the_program_marked():
    data = {"kind": "Secret", "data": {"password": "Y2FuYXJ5"}, "stringData": {"other": "canary"}, "note": MARK}
    preview = model.read([event("create", None, data)])
    assert preview.changes[0].after == {
        "kind": "Secret",
        "data": {"password": SECRET},
        "stringData": {"other": SECRET},
        "note": SECRET,
    }
    assert "canary" not in rendered(*preview.changes)


def test_a_changed_secret_is_seen_though_its_values_are_not():
    preview = model.read(
        [
            event(
                "replace",
                {"data": {"a.b": MARK}},
                {"data": {"a.b": MARK}},
                detailedDiff={'data["a.b"]': {}},
                keys=["data"],
            )
        ]
    )
    assert '~     data["a.b"]: [secret] → [secret], another value' in rendered(*preview.changes)


def test_a_secret_that_slips_through_is_masked_in_every_form():
    class Stack:
        @staticmethod
        def run(*_: str) -> Any:
            config = {"a": {"value": 'can"ary&', "secret": True}, "b": {"value": "no secret", "secret": False}}
            return type("Done", (), {"returncode": 0, "stdout": json.dumps(config)})

    forms = live.secrets(Stack())  # pyright: ignore[reportArgumentType] - all that it asks for
    for form in ('can"ary&', "Y2FuImFyeSY=", "can%22ary%26", 'can\\"ary&'):
        assert live.without(f"x {form} y", forms) == "x [secret] y"
    assert live.without("no secret", forms) == "no secret"


def test_values_cannot_break_out_of_the_comment():
    name = "x` | </details> @someone <!--"
    comment = rendered(change("create", "ConfigMap", name, None, {"data": {"a": "```\n</details>\n@someone"}}))
    assert re.findall(r"^ {0,3}```.*", comment, re.MULTILINE) == ["```mermaid", "```", "```diff", "```"]
    row = next(line for line in comment.splitlines() if line.startswith("| created"))
    assert "`` ConfigMap x` \\| </details> @someone <!-- ``" in row


def test_an_error_cannot_break_out_of_the_comment():
    preview = Preview(failure="error:\n```\n</details> @someone")
    comment = markdown.render(Report("dev", "Preview", preview))
    assert re.findall(r"^ {0,3}````.*", comment, re.MULTILINE) == ["````text", "````"]


def test_a_long_diff_is_cut_with_a_notice_and_the_whole_text_is_kept():
    changes = [change("create", "ConfigMap", f"map-{n}", None, {"data": {"x": "y" * 200}}) for n in range(1000)]
    report = Report("dev", "Preview", Preview(changes))
    comment, whole = markdown.render(report), markdown.render(report, limit=None)
    assert len(comment) < markdown.LIMIT < len(whole)
    notice = re.search(
        r"\*\*Cut: (\d+) of (\d+) lines of the diff are shown.\*\* All of it is in `dev.full.md`.\n\Z", comment
    )
    assert notice
    assert len(re.findall(r"^[+-~!] ", comment, re.MULTILINE)) <= int(notice[1]) < int(notice[2])
    assert "map-999" in whole
    assert comment.count("```") % 2 == 0


@pytest.mark.parametrize("number", [1, 30, 90, 300])
def test_the_comment_always_fits(number):
    changes = [change("create", "ConfigMap", f"map-{n}", None, {"data": {"x": "y" * 600}}) for n in range(number)]
    comment = markdown.render(Report("dev", "Preview", Preview(changes, failure="words\n" * 5000)))
    assert len(comment) <= markdown.LIMIT
    assert comment.count("<details>") == comment.count("</details>")


def test_a_failure_says_so_in_the_engines_words():
    report = Report("dev", "Preview", Preview(failure="pulumi preview failed:\nnodePort is 29999\nfix: x"))
    assert "**❌ It failed" in markdown.render(report)
    assert "nodePort is 29999" in markdown.render(report)
    assert (report.verdict, report.as_data()["exit"]) == ("failed", 1)


def test_a_broken_mandatory_policy_stops_and_an_advisory_one_is_told():
    urn = f"{PREFIX}kubernetes:core/v1:Service::web"
    said = [
        {"policyEvent": {"resourceUrn": urn, "message": text, "policyName": "ports", "enforcementLevel": level}}
        for level, text in (("advisory", "may be | better"), ("mandatory", "<{%reset%}>no node\n ports"))
    ]
    report = Report("dev", "Preview", model.read(map(json.dumps, said)))
    comment = markdown.render(report)
    assert (report.verdict, report.as_data()["exit"]) == ("refused", 3)
    assert "**⛔ Stopped: policies.** No changes." in comment
    assert "- `mandatory: ports: web: no node ports`\n- `advisory: ports: web: may be | better`" in comment
    report.preview.policies.pop(0)
    assert report.verdict == "ok"


def test_the_comment_names_what_to_write_if_a_loss_is_meant():
    going = change("delete", "PersistentVolumeClaim", "data", {"metadata": {"name": "data"}})
    kept = change("same", "Service", "web", {}, {})
    findings = gate.judge(Preview([going, kept]), "dev")
    comment = rendered(going, kept, findings=findings)
    assert "**⛔ Stopped: 1 resource.** 1 deleted." in comment
    assert "| `PersistentVolumeClaim data` | `deleted` |" in comment
    assert "```text\nallow-destructive: dev/data\n```" in comment


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("allow-destructive: dev/data", {"dev/data"}),
        ("We do this.\r\n\r\n- `allow-destructive: dev/data`\r\n", {"dev/data"}),
        ("allow-destructive: dev/a\nallow-destructive: prod/b", {"dev/a", "prod/b"}),
        ("<!-- one line each\nallow-destructive: dev/data\n-->", set()),
        ("<!-- not closed\nallow-destructive: dev/data", set()),
        ("I would not allow-destructive: dev/data", set()),
        ("allow-destructive: dev/a dev/b", set()),
        ("> allow-destructive: dev/data", set()),
        ("", set()),
    ],
)
def test_only_a_line_of_its_own_allows_something(text, tokens):
    assert allowed.read(text) == tokens


def test_a_name_that_pulumi_chose_at_random_reads_the_same_in_each_preview():
    def said(old, new):
        def inputs(name):
            return {"kind": "Secret", "metadata": {"name": name, "annotations": {"pulumi.com/autonamed": "true"}}}

        step = {
            "op": "replace",
            "type": "kubernetes:core/v1:Secret",
            "urn": "urn:pulumi:dev::shop::kubernetes:core/v1:Secret::db",
        }
        sides = {
            "old": {"urn": "urn:pulumi:dev::shop::kubernetes:core/v1:Secret::db", "inputs": inputs(old)},
            "new": {"inputs": inputs(new)},
        }
        return model.read([json.dumps({"resourcePreEvent": {"metadata": {**step, **sides}}})]).changes

    first, second = said("db-0a1b2c3d", "db-11111111"), said("db-44444444", "db-55555555")
    assert first == second
    assert first[0].before != first[0].after, "that the name is another one is seen"
