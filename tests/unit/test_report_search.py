"""No secret reaches the file of `kubeauth report`, in no form; and the file is there whole or not at all."""

import base64
import json
import os
import stat
import urllib.parse
from contextlib import contextmanager

import pytest

from cli import leaks
from cli.console import Problem
from cli.report import commands, gather, page, search
from cli.status import commands as looking

from .report_objects import PASSWORD, Answering, facts, rendered, system
from .test_status import STATE, project  # noqa: F401 - the fixture is of that module

FORMS = {
    "raw": PASSWORD,
    "base64": base64.b64encode(f"user:{PASSWORD}".encode()).decode(),
    "url": f"mysql://u:{urllib.parse.quote(PASSWORD, safe='')}@h/",
    "hex": PASSWORD.encode().hex(),
}


def with_image(value: str) -> str:
    """The page of a system with a value where everybody may write: an image's name."""
    items = system()
    for item in items:
        if item["kind"] == "Deployment":
            item["spec"]["template"]["spec"]["containers"][0]["image"] = value
    return rendered(items)


def test_a_page_without_a_secret_is_written():
    search.refuse(rendered(), [PASSWORD])


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_in_any_form_is_refused_by_its_place_and_never_by_its_value(form):
    with pytest.raises(Problem) as caught:
        search.refuse(with_image(FORMS[form]), [PASSWORD])
    said = f"{caught.value} {caught.value.fix}"
    assert f"the report would show a secret ({form}): section runs, line " in said
    assert not [value for value in FORMS.values() if value in said]


def test_the_page_escapes_it_and_it_is_found_all_the_same():
    text = with_image(PASSWORD)
    assert PASSWORD not in text
    with pytest.raises(Problem, match="raw"):
        search.refuse(text, [PASSWORD])


MARK = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def state(secret, **shown):
    return [{"id": "shop/x", "inputs": {"data": {**MARK, "plaintext": json.dumps(secret)}, **shown}}]


def test_what_only_the_state_knows_is_searched_for_too():
    made = base64.b64encode(b"made-by-pulumi").decode()
    assert {"made-by-pulumi", made, "given-one"} <= set(search.searched(["given-one"], state({"password": made})))


def test_what_a_secret_holds_beside_its_secrets_is_none():
    held = {"username": "application", "DB_HOST": "a.long.name", "tls.crt": "a certificate", "type": "database"}
    assert search.searched([], state({**held, "password": "hidden-one", "name": "mysqlauth"}, more=1)) == [
        "hidden-one",
        "mysqlauth",
    ]
    named = [{**state({"key": "mysqlauth"})[0], "id": "shop/mysqlauth"}]
    assert search.searched([], named) == [], "an object is called so"


def test_a_secret_that_also_stands_in_the_open_is_searched_for():
    assert "hidden-one" in search.searched([], state({"password": "hidden-one"}, env=[{"value": "hidden-one"}]))


def test_a_key_of_several_lines_is_found_by_one_of_them():
    line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
    key = f"-----BEGIN PRIVATE KEY-----\n{line}\n-----END PRIVATE KEY-----\n"
    assert line in search.searched([key], [])


def test_a_quoted_password_is_found_as_json_has_it():
    assert 'a\\"quoted\\"one' in search.searched(['a"quoted"one'], [])


def test_where_it_stands_and_in_which_form_is_said_of_the_first():
    assert leaks.find(b"..YWJjZGVmZ2g=..abcdefgh", ["abcdefgh"]) == ("base64", 2)
    assert leaks.find(b"nothing", ["abcdefgh"]) is None


class Unreadable(Answering):
    """A stack whose passphrase this user has not."""

    def run(self, *command, **options):
        done = super().run(*command, **options)
        done.returncode = 1 if command[:2] == ("pulumi", "config") else 0
        return done


def test_without_the_passphrase_nobody_can_search_and_nothing_is_written():
    with pytest.raises(Problem, match="the secrets of stack dev cannot be read") as caught:
        search.secrets(Unreadable([]))  # pyright: ignore[reportArgumentType]
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" in caught.value.fix
    assert "make status STACK=dev" in caught.value.fix


@pytest.fixture
def reports(monkeypatch, tmp_path):
    """Write a report of a system, and return its exit status."""

    def report(items=None, *, resources=STATE, out=None, lost_state=None):
        stack = Answering(system() if items is None else items)

        @contextmanager
        def found(*_, **__):
            seen = facts(items).seen
            seen.resources, seen.lost_state = resources, lost_state
            yield stack, seen

        monkeypatch.setattr(looking, "looking", found)
        monkeypatch.setattr(looking, "tools", lambda: None)
        given = {"stack": "dev", "node": "", "context": "", "cluster": "", "no_drift": True}
        return commands.report(**given, out=out or tmp_path / "report.html")

    return report


def test_the_file_is_for_its_author_alone_and_nothing_else_stays(reports, tmp_path, capsys):
    assert reports() == 0
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".yaml"] == ["report.html"]
    file = tmp_path / "report.html"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().startswith("<!doctype html>")
    assert capsys.readouterr().out == f"{file}: stack dev, all is well\n"


def test_a_refused_page_leaves_the_old_one(reports, tmp_path):
    reports()
    before = (tmp_path / "report.html").read_bytes()
    items = system()
    for item in items:
        if item["kind"] == "PersistentVolumeClaim":
            item["spec"]["storageClassName"] = PASSWORD
    with pytest.raises(Problem, match="the report would show a secret"):
        reports(items)
    assert (tmp_path / "report.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".yaml"] == ["report.html"]


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        commands.keep(tmp_path / "out" / "report.html", "text")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_is_no_file(reports, tmp_path):
    with pytest.raises(Problem, match="is a folder"):
        reports(out=tmp_path)


def test_nothing_deployed_is_nothing_to_report(reports):
    with pytest.raises(Problem, match="nothing of stack dev is deployed") as caught:
        reports(resources=[])
    assert caught.value.fix == "make up STACK=dev"


def test_a_state_that_cannot_be_read_is_refused_in_its_own_words(reports):
    with pytest.raises(Problem, match="the state is not whole"):
        reports(lost_state=Problem("the state is not whole", "make repair STACK=dev"))


def test_the_exit_status_is_that_of_the_status(reports):
    items = [item for item in system() if item["metadata"].get("name") != "authenticate-deployment"]
    assert reports(items) == 1


def test_what_was_searched_for_is_said():
    assert "searched for 3 secret values" in page.render(facts(), searched=3)


def test_it_is_said_who_wrote_it(monkeypatch):
    monkeypatch.setattr(gather.getpass, "getuser", lambda: (_ for _ in ()).throw(KeyError("no such user")))
    assert gather.author().startswith("somebody@")
