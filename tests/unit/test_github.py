"""What the workflows say to GitHub, told to a small server that answers as GitHub does."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from cli.github import api, comments, issues, merged
from cli.github.api import BOT, GitHub, GitHubError
from cli.github.texts import LIMIT, marker, stack_of, with_foot
from cli.preview import markdown
from cli.preview.model import Preview
from cli.preview.report import Report
from tests.fake_github import HEAD, MERGE, RUN, Entry, FakeGitHub, fake

__all__ = ["fake"]  # a fixture


@pytest.fixture
def github(fake: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> GitHub:
    monkeypatch.setattr(api.time, "sleep", lambda seconds: None)
    return GitHub(fake.url, "o/r", "the token")


def text(stack: str, says: str = "says something") -> str:
    return f"{marker('preview', stack)}\n\n{says}\n"


def comment(stack: str, says: str = "before", login: str = BOT, number: int = 500) -> Entry:
    return {"id": number, "body": text(stack, says), "user": {"login": login}}


def drift(stack: str, verdict: str) -> dict[str, str]:
    return {"md": f"{marker('drift', stack)}\n\nreplicas\n", "json": json.dumps({"verdict": verdict})}


def test_the_marker_is_the_one_that_previews_and_drift_begin_with():
    for is_drift, kind in ((False, "preview"), (True, "drift")):
        body = markdown.render(Report("dev", "title", Preview(), is_drift=is_drift))
        assert body.startswith(marker(kind, "dev") + "\n")
        assert stack_of(body, kind) == "dev"
    assert stack_of(text("dev"), "drift") is None
    assert stack_of(f"> {text('dev')}", "preview") is None
    assert stack_of(None, "preview") is None


def test_the_first_run_posts_a_comment_per_stack_and_the_token_stays_with_the_api(fake, github):
    fake.artifact("preview-dev", md=text("dev"))
    fake.artifact("preview-prod", md=text("prod"))
    assert comments.of_run(github, RUN) == "#5: dev posted, prod posted"
    assert [stack_of(one["body"], "preview") for one in fake.comments] == ["dev", "prod"]
    assert "run 77" in fake.comments[0]["body"]
    assert HEAD[:10] in fake.comments[0]["body"]
    assert fake.tokens == {"api": "Bearer the token", "storage": None}


def test_our_comment_is_found_behind_hundreds_of_others_and_renewed_and_then_left_alone(fake, github):
    fake.comments = [{"id": n, "body": f"comment {n}", "user": {"login": "someone"}} for n in range(250)]
    fake.comments.append(comment("dev"))
    fake.artifact("preview-dev", md=text("dev", "after"))
    assert comments.of_run(github, RUN) == "#5: dev renewed"
    assert fake.changes() == ["PATCH /issues/comments/500"]
    assert "after" in fake.comments[-1]["body"]
    assert len(fake.comments) == 251
    assert comments.of_run(github, RUN) == "#5: dev unchanged"
    assert len(fake.changes()) == 1


def test_a_comment_of_somebody_else_with_our_marker_is_not_ours(fake, github):
    fake.comments = [comment("dev", login="someone")]
    fake.artifact("preview-dev", md=text("dev"))
    assert comments.of_run(github, RUN) == "#5: dev posted"
    assert fake.comments[0] == comment("dev", login="someone")


def test_of_two_comments_one_stays_and_a_stack_that_is_no_longer_touched_says_so(fake, github):
    fake.comments = [comment("dev"), comment("dev", number=501), comment("prod", number=502)]
    fake.artifact("preview-dev", md=text("dev"))
    assert comments.of_run(github, RUN) == "#5: dev renewed, prod renewed"
    assert [one["id"] for one in fake.comments] == [500, 502]
    assert "before" not in fake.comments[1]["body"]
    assert "The newest run has none." in fake.comments[1]["body"]


def test_the_preview_with_access_wins_and_so_does_the_newest_attempt(fake, github):
    fake.artifact("live-dev", number=2, md=text("dev", "live, first attempt"))
    fake.artifact("live-dev", number=9, md=text("dev", "live, second attempt"))
    fake.artifact("preview-dev", number=5, md=text("dev", "without access"))
    comments.of_run(github, RUN)
    assert "live, second attempt" in fake.comments[0]["body"]


@pytest.mark.parametrize(
    "pull",
    [
        {"state": "closed"},
        {"head": {"sha": "b" * 40, "repo": {"id": 1}}},
        {"head": {"sha": HEAD, "repo": {"id": 2}}},
        {"head": {"sha": HEAD, "repo": None}},
    ],
    ids=["closed", "newer commit", "another repository's", "repository is gone"],
)
def test_a_run_speaks_only_about_the_open_pull_request_with_its_own_commit(fake, github, pull):
    fake.pull |= pull
    fake.artifact("preview-dev", md=text("dev"))
    assert "nothing to say" in comments.of_run(github, RUN)
    assert fake.changes() == []


@pytest.mark.parametrize(
    ("name", "files", "message"),
    [
        ("preview-dev", {"md": "no marker"}, "does not begin with its marker"),
        ("preview-dev", {"md": text("prod")}, "does not begin with its marker"),
        ("preview-dev", {"txt": "something else"}, "is not a preview"),
        ("preview-dev", {"md": text("dev", "0" * 2_000_000)}, "too large"),
    ],
)
def test_what_a_fork_left_is_checked_before_anything_is_posted(fake, github, name, files, message):
    fake.artifact("preview-aa", md=text("aa"))
    fake.artifact(name, **files)
    with pytest.raises(GitHubError, match=message):
        comments.of_run(github, RUN)
    assert fake.changes() == []


def test_other_artifacts_and_names_that_are_no_stacks_are_not_read(fake, github):
    fake.artifact("coverage", md="x")
    fake.artifact("preview-../dev", md="x")
    assert comments.of_run(github, RUN) == "#5: no stack is touched"


@pytest.mark.parametrize("fences", ["```diff\n", "<details>\n\n````diff\n"])
def test_a_comment_that_is_too_long_is_cut_and_closed(fences):
    body = with_foot(text("dev", fences + "+ line\n" * 20_000), "the foot")
    assert len(body) <= LIMIT
    lines = body.splitlines()
    assert lines[0] == marker("preview", "dev")
    assert lines.count("```") + lines.count("````") == 1
    assert body.count("<details>") == body.count("</details>")
    assert body.endswith("**Cut here.** All of it is in the run's artifact.\n\n<sub>the foot</sub>\n")


def test_a_comment_that_fits_is_not_cut():
    foot = "\n\n<sub>the foot</sub>\n"
    exact = "x" * (LIMIT - len(foot))
    assert with_foot(exact, "the foot") == exact + foot


@pytest.mark.parametrize(
    ("status", "content", "message"),
    [
        (403, {"message": "Resource not accessible by integration"}, "Resource not accessible.*`permissions` lack"),
        (404, {"message": "Not Found"}, "404 Not Found.*`permissions` do not reach"),
        (422, {"message": "body is too long"}, "422 body is too long"),
        (401, ["not an object"], "401 .*GITHUB_TOKEN"),
    ],
)
def test_a_refusal_is_told_in_githubs_words_and_not_repeated(fake, github, status, content, message):
    fake.broken = [(status, content)]
    with pytest.raises(GitHubError, match=message):
        github.ask("GET", "/pulls/5")
    assert fake.asked == ["GET /pulls/5"]


def test_a_breakdown_is_tried_again_but_a_new_comment_is_never_sent_twice(fake, github):
    fake.broken = [(502, {"message": "bad gateway"})] * 2
    assert github.ask("GET", "/pulls/5")["number"] == 5
    assert len(fake.asked) == 3
    fake.broken = [(502, {"message": "bad gateway"})]
    with pytest.raises(GitHubError, match="502 bad gateway"):
        github.ask("POST", "/issues/5/comments", {"body": "x"})
    assert fake.comments == []
    assert len(fake.asked) == 4


def test_the_newest_run_of_each_commit_counts_if_it_ended_lately(fake, github):
    now = datetime(2026, 1, 2, 12, tzinfo=UTC)
    lately, long_ago = ((now - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ") for hours in (1, 30))
    fake.runs = [
        RUN | {"id": 1, "run_number": 1, "updated_at": lately},
        RUN | {"id": 2, "run_number": 2, "updated_at": lately},
        RUN | {"id": 3, "head_sha": "b" * 40, "conclusion": None, "status": "in_progress", "updated_at": lately},
        RUN | {"id": 4, "head_sha": "b" * 40, "run_number": 1, "updated_at": lately},
        RUN | {"id": 5, "display_title": "Preview of #6", "updated_at": long_ago},
        RUN | {"id": 6, "head_repository": {"id": 9}, "run_number": 9, "conclusion": "failure", "updated_at": lately},
    ]
    assert [run["id"] for run in comments.newest(github, now)] == [2, 6]
    own = {"repository": {"id": 1}, "updated_at": lately}
    fake.runs = [
        RUN | own,
        RUN | own | {"id": 7, "head_sha": "c" * 40, "actor": {"login": "dependabot[bot]"}},
        RUN | own | {"id": 8, "head_sha": "d" * 40, "head_repository": {"id": 9}},
    ]
    assert [run["id"] for run in comments.newest(github, now)] == [7, 8], "the own ones comment themselves"


def test_drift_opens_one_issue_renews_it_and_closes_it(fake, github):
    fake.issues = [
        {"number": n, "body": "", "user": {"login": "someone"}, "title": f"issue {n}", "state": "open"}
        for n in range(100, 240)
    ]
    fake.artifact("drift-dev", **drift("dev", "drift"))
    assert issues.of_run(github, RUN) == "dev drifted, #1140 opened"
    assert fake.issues[-1]["title"] == "Drift of stack dev"
    assert issues.of_run(github, RUN) == "dev drifted, #1140 renewed"
    assert len(fake.issues) == 141
    fake.artifact("drift-dev", number=50, **drift("dev", "ok"))
    assert issues.of_run(github, RUN) == "dev has no drift"
    assert fake.issues[-1]["state"] == "closed"
    assert fake.changes()[-2:] == ["POST /issues/1140/comments", "PATCH /issues/1140"]


def test_a_check_that_failed_changes_no_issue_and_a_second_issue_is_closed(fake, github):
    ours = {"body": drift("dev", "")["md"], "user": {"login": BOT}, "state": "open"}
    fake.issues = [{**ours, "number": 7}, {**ours, "number": 8}, {**ours, "number": 9, "user": {"login": "someone"}}]
    fake.artifact("drift-dev", **drift("dev", "failed"))
    assert issues.of_run(github, RUN) == "dev could not be looked at"
    assert [issue["state"] for issue in fake.issues] == ["open", "closed", "open"]
    assert fake.issues[0] == {**ours, "number": 7}


@pytest.mark.parametrize("report", ["", "[]", '{"verdict": "fine"}'])
def test_a_report_without_a_verdict_neither_opens_nor_closes_anything(fake, github, report):
    fake.artifact("drift-dev", md=drift("dev", "")["md"], json=report)
    with pytest.raises(GitHubError, match=r"dev (has no verdict|says fine)"):
        issues.of_run(github, RUN)
    assert fake.changes() == []


MERGED: Entry = {"number": 5, "merged_at": "2026-11-27T03:00:00Z", "head": {"sha": HEAD}}


@pytest.fixture
def pushed(fake, monkeypatch):
    """A commit on main that a pull request brought, with its previews."""
    monkeypatch.setenv("GITHUB_SHA", MERGE)
    fake.pulls = [MERGED, {**MERGED, "number": 4, "merged_at": None}]
    fake.runs = [{**RUN, "id": 70, "run_number": 1, "display_title": "Preview of #55"}, RUN]
    return fake


def test_what_is_deployed_is_compared_with_the_live_preview_of_the_merged_pull_request(pushed, github, tmp_path):
    pushed.artifact("preview-prod", md=text("prod"), json='{"from": "git"}')
    pushed.artifact("live-prod", md=text("prod"), json='{"from": "the cluster"}')
    assert merged.approved(github, "prod", tmp_path / "out") == f"stack prod: the preview of #5 at {HEAD[:10]}, run 77"
    assert (tmp_path / "out/prod.json").read_text() == '{"from": "the cluster"}'


@pytest.mark.parametrize(
    ("pulls", "artifact", "what"),
    [
        ([], "preview-prod", "came by no pull request"),
        ([{**MERGED, "merged_at": None}], "preview-prod", "came by no pull request"),
        ([MERGED], "preview-dev", "#5 has no preview of stack prod"),
    ],
)
def test_what_nobody_approved_is_not_deployed_by_itself(pushed, github, tmp_path, pulls, artifact, what):
    pushed.pulls = pulls
    pushed.artifact(artifact, md=text(artifact.partition("-")[2]), json="{}")
    with pytest.raises(GitHubError, match=what) as caught:
        merged.approved(github, "prod", tmp_path)
    assert "deploy it by hand" in str(caught.value)
    assert not list(tmp_path.iterdir())
