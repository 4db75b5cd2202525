"""The page of `kubeauth report`: it answers five questions, everybody can read it, and it asks nothing of anybody."""

import base64
import hashlib
import html
import re
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from cli import paths
from cli.console import Problem
from cli.report import answers, page, runbooks, scene
from cli.report import gather as gather_report
from cli.status import gather, show
from cli.status.backups import moment

from .report_objects import ADDRESS, GUARDED, facts, keep_history, policy, recorded, rendered, system
from .test_status import HISTORY, NOW, certificate, forbidden, job, project  # noqa: F401 - the fixture is of that module

CSS = (paths.CHECKOUT / "cli/report/page.css").read_text()
#: Elements without an end.
VOID = {"meta", "br"}


class Parts(HTMLParser):
    """The elements of a page, which have to be closed in order, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements, self.open, self.said = list[tuple[str, dict[str, str | None]]](), list[str](), list[str]()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("code", "b", "a", "time"):
            self.said.append(" ")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.said).split())


def answered(*given, **options) -> dict[str, str]:
    """The five answers by their questions, as one text each."""
    found = facts(*given, **options)
    ways = scene.ways(found.objects, live=found.live)
    return {each.question: f"{each.text} {each.more}".strip() for each in answers.find(found, ways)}


def test_the_five_questions_are_answered_first():
    ago = show.age(NOW, moment(HISTORY["endTime"]))
    assert list(answered().items()) == [
        (
            "Where is the database?",
            f"{ADDRESS} Service mysqlauth-service → pod mysqlauth-pod on node one → volume claim mysqlauth-data",
        ),
        (
            "Who may reach it?",
            "authenticate-deployment, 10.99.0.0/16 Everyone else is refused by NetworkPolicies.",
        ),
        ("Is it healthy?", "All is well. mysqlauth-deployment 1/1, authenticate-deployment 1/1"),
        ("When was the last good backup?", f"5 h ago, {NOW - timedelta(hours=5):%Y-%m-%d %H:%M} UTC."),
        ("What changed last, and by whom?", f"update succeeded {ago} ago, commit 0123456789 of Ann (2 create)"),
    ]
    text = Parts(rendered()).text
    for question, answer in answered().items():
        assert f"{question} {answer}" in text
    assert "Written" in text
    assert "by ann@desk" in text
    assert "context kind-a, https://127.0.0.1:1" in text


def test_what_is_wrong_stands_first_with_its_runbook_and_what_to_type():
    text = Parts(rendered([*system(GUARDED), *bad_backup()])).text
    place = text.index("What is wrong, and what to type the last backup of mysqlauth-backup failed")
    assert place < text.index("The way to the data", text.index("Is it healthy?"))
    assert "docs/guides/three-in-the-morning.md, “A backup failed”" in text
    assert "fix kubectl -n shop logs job/bad; then make backup STACK=dev" in text
    assert "The last try failed: BackoffLimitExceeded" in text


def bad_backup():
    return [job("bad", "Failed", 1)]


@pytest.mark.parametrize(("pattern", "guide", "heading"), runbooks.SECTIONS)
def test_every_runbook_is_there(pattern, guide, heading):
    text = (paths.CHECKOUT / "docs/guides" / guide).read_text()
    assert f"\n## {heading}\n" in text


def test_a_client_whom_a_policy_keeps_away_is_said_and_drawn():
    other = {"podSelector": {"matchLabels": {"name": "other"}}}
    items = system(policy("mysqlauth-clients", other))
    assert answered(items)["Who may reach it?"] == (
        "pods with name=other Kept away though given its address: authenticate-deployment."
    )
    text = rendered(items)
    assert 'class="line refused"' in text
    assert "NetworkPolicy mysqlauth-clients of shop does not let it in." in Parts(text).text


def test_without_a_policy_everyone_may_and_that_is_no_good_sign():
    found = facts(system())
    ways = scene.ways(found.objects, live=True)
    who = answers.find(found, ways)[1]
    assert (who.sign, who.text) == ("bad", "Everyone: no NetworkPolicy guards its pods.")


def test_policies_that_could_not_be_read_are_not_taken_for_none():
    found = facts(networkpolicies=forbidden("networkpolicies"))
    who = answers.find(found, scene.ways(found.objects, live=True))[1]
    assert who.text == "Not known: the NetworkPolicies could not be read."
    assert found.status.verdict == "well", "what status does not ask does not change what it says"
    assert "no NetworkPolicy guards" not in page.render(found, searched=0)


def test_a_cluster_that_cannot_be_reached_leaves_what_the_state_knows():
    state = [
        recorded(
            "authenticate-deployment",
            "apps/v1:Deployment",
            kind="Deployment",
            metadata={"name": "authenticate-deployment", "namespace": "shop"},
            spec={"template": {"spec": {"containers": [{"env": [{"name": "DB_HOST", "value": ADDRESS}]}]}}},
        ),
        recorded(
            "mysqlauth-service",
            "core/v1:Service",
            kind="Service",
            metadata={"name": "mysqlauth-service", "namespace": "shop"},
            spec={"selector": {"name": "x"}, "ports": [{"port": 3306}]},
        ),
    ]
    found = facts(state=state, lost=Problem("nobody answers", "make up"))
    text = Parts(page.render(found, searched=0)).text
    assert (found.status.verdict, found.drift.verdict) == ("unknown", "unknown")
    assert "The cluster could not be asked." in text
    assert "Not known whether all is well the cluster: nobody answers" in text
    assert f"DB_HOST = {ADDRESS}" in text
    assert "last good backup? Not known" in text


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y>"
#: Turns the text after it around: what is read is not what is written.
TURNED = "ab\u202e\u2066dc\u0007"


def test_hostile_names_and_messages_stay_text(tmp_path):
    items = system(GUARDED)
    for item in items:
        if item["kind"] == "Deployment":
            item["spec"]["template"]["spec"]["containers"][0]["image"] = HOSTILE
        if item["kind"] == "PersistentVolumeClaim":
            item["spec"]["storageClassName"] = TURNED + "שלום"
        if item["kind"] == "EndpointSlice":
            item["endpoints"][0]["nodeName"] = HOSTILE
    past = keep_history(tmp_path, [], [recorded("x", data={HOSTILE: HOSTILE})], **{"git.author": HOSTILE})
    text = rendered(items, past=past)
    plain = Parts(rendered())
    found = Parts(text)
    assert "<script" not in text
    assert not [tag for tag, _ in found.elements if tag in ("img", "script")]
    assert {key for _, given in found.elements for key in given} == {
        key for _, given in plain.elements for key in given
    }
    assert HOSTILE in "".join(found.said)
    assert not [letter for letter in "\u202e\u2066\u0007" if letter in text]
    assert "שלום" in text


def test_nothing_is_loaded_from_anywhere_and_nothing_runs():
    text = rendered()
    found = Parts(text)
    assert not {tag for tag, _ in found.elements} & {
        "script",
        "link",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "img",
    }
    links = [value for _, given in found.elements for key, value in given.items() if key in ("href", "src", "action")]
    assert links
    assert [link for link in links if not (link or "").startswith("#")] == []
    assert not [key for _, given in found.elements for key in given if key.startswith("on") or key == "style"]
    assert re.findall(r"url\((?!#)|@import|@font-face", text) == []
    (rules,) = [given["content"] for tag, given in found.elements if "http-equiv" in given]
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert len(style) == 1
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert rules == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_who_does_not_see_or_has_no_mouse_finds_the_way():
    text = rendered()
    found = Parts(text)
    ids = [given["id"] for _, given in found.elements if "id" in given]
    assert len(ids) == len(set(ids))
    named = [value for _, given in found.elements for value in (given.get("aria-labelledby") or "").split()]
    named += [(given["href"] or "")[1:] for tag, given in found.elements if tag == "a"]
    assert set(named) <= set(ids)
    assert found.elements[[tag for tag, _ in found.elements].index("body") + 1] == (
        "a",
        {"class": "skip", "href": "#main"},
    )
    levels = [int(tag[1]) for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    pictures = [given for tag, given in found.elements if given.get("role") == "img"]
    assert len(pictures) == 2, "one for wide screens, one for phones"
    described = re.findall(r"<desc id=[^>]*>(.*?)</desc>", text)
    assert html.unescape(described[0]) == (
        f"authenticate-deployment (ready) is given DB_HOST={ADDRESS}. Service mysqlauth-service in namespace shop"
        " (ready) has pod mysqlauth-pod (ready). the data is in volume claim mysqlauth-data (Bound). besides,"
        " 10.99.0.0/16 may connect; everyone else is refused."
    )
    assert ":focus-visible" in CSS
    assert '<html lang="en">' in text


def palettes() -> dict[str, dict[str, str]]:
    found = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part)) for part in found)
    return {"light": light, "dark": dark}


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_the_contrast_that_everybody_agrees_on():
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_both_schemes(scheme):
    colours = palettes()[scheme]
    assert len(colours) == 13
    grounds = ("paper", "panel")
    pairs = [(text, ground) for text in ("ink", "soft", "link", "good", "bad", "open") for ground in grounds]
    pairs += [(text, f"{tint}-tint") for tint in ("good", "bad", "open") for text in ("ink", tint)]
    low = {pair: contrast(*(colours[name] for name in pair)) for pair in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in low.items() if ratio < 4.5} == {}
    shapes = {(edge, ground): contrast(colours[edge], colours[ground]) for edge in ("edge",) for ground in grounds}
    assert {pair: round(ratio, 2) for pair, ratio in shapes.items() if ratio < 3} == {}


def test_no_colour_stands_outside_the_palette():
    rest = re.sub(r":root \{.*?\}", "", CSS, flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", rest) == ["#fff"], "white paper in print"


def test_states_are_told_by_words_and_shapes_and_not_by_colours_alone():
    items = system(GUARDED)
    for item in items:
        if item["kind"] == "EndpointSlice":
            item["endpoints"][0]["conditions"] = {"ready": False}
    text = rendered(items)
    assert 'class="state" x=' in text
    assert text.count(">not ready</text>") == 4, "the Service and its pod, in both pictures"
    signs = dict(re.findall(r'<svg class="sign (\w+)"[^>]*>(.*?)</svg>', text, re.DOTALL))
    assert set(signs) == {"good", "bad", "open"}
    assert len(set(signs.values())) == 3


def test_it_fits_a_phone_and_a_desk_and_paper():
    assert "@media (max-width" in CSS
    assert "@media print" in CSS
    assert "prefers-color-scheme: dark" in CSS
    sizes = {form: float(width) for form, width in re.findall(r'class="way (\w+)" viewBox="0 0 ([\d.]+)', rendered())}
    assert sizes["narrow"] <= 360 - 32
    assert sizes["wide"] <= 71 * 16


def written_by(program: str, at: str, **more):
    return {"manager": program, "time": at, **more}


def test_what_was_written_without_pulumi_since_the_last_change_is_said():
    items = system(GUARDED)
    for item in items:
        if item["metadata"].get("name") == "mysqlauth-deployment":
            item["metadata"]["managedFields"] = [
                written_by("pulumi-kubernetes-1", "2026-11-27T00:05:00Z"),
                written_by("kube-controller-manager", "2026-11-27T00:06:00Z", subresource="status"),
                written_by("kubectl-edit", "2026-11-27T00:04:00Z"),
                written_by("kubectl-set", "2026-11-26T00:00:00Z"),
            ]
    found = facts(items)
    found.drift = gather_report.Drift("yes", changes=("Deployment mysqlauth-deployment was changed",))
    found.hands = gather_report.hands(found.objects, found.drift)
    assert [hand.program for hand in found.hands] == ["kubectl-edit", "kubectl-set"]
    ago = show.age(NOW, found.hands[0].at)
    last = answers.find(found, scene.ways(found.objects, live=True))[4]
    assert last.more == f"Since then without Pulumi: Deployment mysqlauth-deployment (by kubectl-edit {ago} ago)."
    assert (
        "kubectl-edit to Deployment mysqlauth-deployment at 2026-11-27 00:04:00 UTC"
        in Parts(page.render(found, searched=0)).text
    )


def test_what_does_not_differ_was_not_written_by_hand():
    items = system(GUARDED)
    for item in items:
        item["metadata"]["managedFields"] = [written_by("kubectl-edit", "2026-11-27T00:04:00Z")]
    found = facts(items)
    assert gather_report.hands(found.objects, gather_report.Drift("no")) == []


def test_certificates_and_versions_are_said():
    text = Parts(rendered()).text
    assert "Pulumi v3.259.0" in text
    assert "Kubernetes v1.34.4" in text
    assert "provider 4.25.0" in text
    assert "MySQL as its image is called: localhost/x:1" in text
    assert "db-tls" in text
    ended = rendered(certificate=certificate(-1))
    assert "it is over" in ended


def test_drills_are_read_from_what_the_job_does():
    assert "with each backup: 5 h ago" in Parts(rendered()).text
    items = system(GUARDED)
    for item in items:
        if item["kind"] == "CronJob":
            script = item["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
            script["command"][2] = script["command"][2].replace("verify=yes", "verify=no")
    assert page.drills(facts(items)) == {"mysqlauth-backup": "no"}


def test_the_last_second_is_said_where_it_stands_only_with_binary_logs_in_a_bucket():
    assert "not any second between them" in Parts(rendered()).text
    items = system(GUARDED)
    for item in items:
        if item["metadata"].get("name") == "mysqlauth-deployment":
            item["spec"]["template"]["spec"]["containers"].append({"image": "x", "args": ["ship"]})
    assert "Any second can be restored." in Parts(rendered(items)).text


@pytest.mark.parametrize(
    "text",
    [
        ("«make drift STACK=dev» compares every field with the cluster"),
        ("«kubeauth drift --stack dev» compares every field"),
        ("«kubectl -n shop logs job/bad»; then «make backup STACK=dev»"),
        ("give it more: «pulumi config set mysqlStorageSize <more>»; or delete rows"),
        ("in a shell: «PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh»"),
        ("name that cluster: CONTEXT=<its context>, KUBECONFIG or CLUSTER=node"),
        ("correct init_sql"),
    ],
)  # fmt: skip
def test_what_is_copied_is_the_command_and_not_the_sentence_around_it(text):
    found = page.commands_in(text.replace("«", "").replace("»", ""))
    assert "".join(f"«{part}»" if is_command else part for is_command, part in found) == text


def test_only_what_a_status_asks_decides_the_verdict():
    assert not set(gather.LISTS) & {"EndpointSlice", "NetworkPolicy"}


def test_the_page_is_made_of_files_that_are_shipped():
    package = Path(page.__file__).parent
    assert {path.name for path in package.glob("*.html")} == {"page.html", "signs.html"}
    said = (paths.CHECKOUT / "pyproject.toml").read_text()
    assert '"kubeauth.cli.report" = ["*.html", "page.css"]' in said
