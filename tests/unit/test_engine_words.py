"""What counts as a failed preview, and what is said about it."""

import json
import subprocess

import pytest

from cli.preview import engine

POLICY = {"policyEvent": {"message": "no", "policyName": "ports", "enforcementLevel": "mandatory"}}
ENDED = {"diagnosticEvent": {"prefix": "error: ", "message": "preview failed\n", "severity": "error"}}
REFUSED = {"diagnosticEvent": {"prefix": "error: ", "message": "port is taken", "severity": "error"}}


SUMMARY = {"summaryEvent": {"isPreview": True, "resourceChanges": {}}}
NAMESPACE = "urn:pulumi:dev::kubeauth::kubernetes:core/v1:Namespace::shop"
DIGEST = json.dumps({"steps": [{"op": "delete", "urn": NAMESPACE}]})


def asked(*events: object, code: int = 1, stderr: str = "") -> str:
    out = "\n".join(map(json.dumps, events))
    return engine.ask(lambda *_, **__: subprocess.CompletedProcess([], code, out, stderr), "preview").failure


def test_a_policy_that_stops_a_whole_preview_is_no_failure():
    assert asked(POLICY, ENDED) == ""


def test_an_error_beside_a_policy_is_a_failure():
    assert asked(POLICY, REFUSED, ENDED) == "pulumi preview failed:\nerror: port is taken\nerror: preview failed"


def test_a_failure_without_events_is_told_by_its_last_lines_without_the_folder_it_ran_in():
    said = asked(stderr="error: no file /tmp/kubeauth-preview-x1/base/Pulumi.yaml\n")
    assert said == "pulumi preview failed:\nerror: no file <base>/Pulumi.yaml"
    assert asked() == "pulumi preview failed:\nit said nothing"
    assert asked(SUMMARY, code=0) == ""


@pytest.mark.parametrize("digest", ["", DIGEST, json.dumps(json.loads(DIGEST), indent=2), "[1]"])
def test_a_pulumi_that_prints_no_events_is_a_failure_not_an_empty_preview(digest):
    """The variable that makes it print them is in no documentation; a gate that sees nothing must not pass."""
    preview = engine.ask(lambda *_, **__: subprocess.CompletedProcess([], 0, digest, ""), "preview")
    assert preview.failure.startswith("pulumi preview did not print its events")
