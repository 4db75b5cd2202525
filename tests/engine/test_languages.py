"""The components as a package: what other languages get through the real CLI."""

import json
import re

import psutil
import pytest

from lab import interface

from .consumers import EXAMPLES, PASSWORDS, VERSION, Consumer, environment

pytestmark = pytest.mark.engine


def test_the_cli_prints_the_recorded_schema(work):
    clone = Consumer(work / "kubeauth", environment(work))
    schema = json.loads(clone.checked("pulumi", "package", "get-schema", "./components"))
    assert (schema.pop("version"), schema.pop("config")) == (VERSION, {})
    assert schema == json.loads(interface.SCHEMA.read_text())


@pytest.mark.parametrize("language", EXAMPLES)
def test_the_same_system_renders_the_same_manifests_byte_for_byte(example, language):
    assert example(language).manifests == example("kubeauth").manifests
    assert "apps_v1-deployment-production-cloud-authenticate-deployment.yaml" in example(language).manifests


WRONG = {
    # What the example says: what stands there instead, and how the message names it.
    r'("?[kK]eep"?: +(?:pulumi.Int\()?)14': (r"\g<1>0", "backup.keep = 0"),
    r"0 3 \* \* \*": ("daily", "backup.schedule = 'daily'"),
}


def in_words_of(language: str, key: str) -> str:
    return key if language == "python" else re.sub("_(.)", lambda letter: letter[1].upper(), key)


@pytest.mark.parametrize("language", EXAMPLES)
def test_wrong_inputs_are_refused_in_the_words_of_the_language(example, language):
    consumer = example(language)
    program = consumer.folder / EXAMPLES[language]
    right = wrong = program.read_text()
    for pattern, (replacement, _) in WRONG.items():
        wrong, count = re.subn(pattern, replacement, wrong)
        assert count == 1, pattern
    program.write_text(wrong)
    try:
        refused = consumer.run("pulumi", "preview", "--non-interactive")
    finally:
        program.write_text(right)
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert "MySqlDatabase mysqlauth: 2 inputs are not allowed. Nothing of it was created or changed." in said
    for _, shown in WRONG.values():
        assert shown in said
    assert "rule: backups, 1 to 1000" in said
    assert "fix:  '0 3 * * *'" in said
    assert not re.search("Traceback|  File |Unexpected", said), said


@pytest.mark.parametrize("language", EXAMPLES)
def test_a_wrong_secret_is_refused_when_its_value_is_known(example, language):
    consumer = example(language)
    consumer.checked("pulumi", "config", "set", "--secret", "mysqlRootPassword", stdin=PASSWORDS["mysqlPassword"])
    try:
        refused = consumer.run("pulumi", "preview", "--non-interactive")
    finally:
        consumer.checked(
            "pulumi", "config", "set", "--secret", "mysqlRootPassword", stdin=PASSWORDS["mysqlRootPassword"]
        )
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert "MySqlDatabase mysqlauth: 1 input is not allowed." in said
    assert f"{in_words_of(language, 'root_password')} = [secret]" in said
    assert PASSWORDS["mysqlPassword"] not in said
    assert not re.search("Traceback|  File |Unexpected", said), said


def test_nothing_runs_on_when_pulumi_has_ended(example):
    consumer = example("yaml")
    consumer.checked("pulumi", "preview", "--non-interactive")
    hosted = str(consumer.folder.parents[1] / "components")
    components = [process for process in psutil.process_iter(["cmdline"]) if hosted in (process.info["cmdline"] or [])]
    hosts = [parent for process in components for parent in process.parents() if "language" in parent.name()]
    assert components, "it ended at once: the watch in components/__main__.py is not needed any more"
    _, alive = psutil.wait_procs([*components, *hosts], timeout=60)
    assert alive == []
