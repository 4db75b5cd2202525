"""The conformance runner's own book-keeping: nothing counts as passed that did not, and a cut run goes on."""

import pytest

from lab.conformance import record, sharing, suite
from lab.conformance.suite import Outcome
from lab.toolchain import pins

PASSED = Outcome("[sig-apps] Job should run [Conformance]", "passed", 2.5)
FAILED = Outcome("[sig-network] DNS should answer [Conformance]", "failed", 9.0, "timed out")


def spec(name, state="passed", kind="It", message=""):
    *containers, leaf = name.split("/")
    found = {"LeafNodeType": kind, "ContainerHierarchyTexts": containers, "LeafNodeText": leaf, "State": state}
    return {**found, "RunTime": 2_500_000_000, **({"Failure": {"Message": message}} if message else {})}


def test_what_was_not_chosen_is_not_an_outcome_and_what_skipped_itself_is_one():
    report = [
        {
            "SpecReports": [
                spec("[sig-apps] Job/should run"),
                spec("[sig-apps] Job/was not chosen", "skipped"),
                spec("[sig-apps] Job/wants two zones", "skipped", message="Requires 2 zones\n  (not 1)"),
                spec("[sig-apps] Job/breaks", "panicked", message="x" * 900),
                spec("", kind="SynchronizedBeforeSuite"),
            ]
        }
    ]
    assert list(suite.outcomes(report)) == [
        Outcome("[sig-apps] Job should run", "passed", 2.5),
        Outcome("[sig-apps] Job wants two zones", "skipped", 2.5, "Requires 2 zones (not 1)"),
        Outcome("[sig-apps] Job breaks", "failed", 2.5, "x" * suite.WORDS),
    ]


def test_specs_are_asked_for_by_their_whole_names_as_go_reads_them():
    focus = suite.focus(["[sig-network] DNS should answer (A, AAAA) [Conformance]", "b+c"])
    assert focus == r"(\[sig\-network\] DNS should answer \(A, AAAA\) \[Conformance\]|b\+c)$"


def test_a_run_that_was_cut_goes_on_and_what_failed_is_run_again_only_when_asked(tmp_path):
    file = tmp_path / "conformance.json"
    done = record.Record("v1.37.2", 2, [PASSED.name, FAILED.name, "[sig-node] Pods should start"])
    done.add([PASSED, FAILED, Outcome("[sig-node] Pods should start", "cut off", 0)], file)
    again = record.Record.load("v1.37.2", 2, file)
    assert again.waiting([], again=False) == ["[sig-node] Pods should start"]
    assert again.waiting([], again=True) == [FAILED.name, "[sig-node] Pods should start"]
    assert again.waiting(["sig-network"], again=True) == [FAILED.name]


@pytest.mark.parametrize(("version", "nodes"), [("v1.38.0", 2), ("v1.37.2", 3)])
def test_another_kubernetes_or_another_cluster_begins_anew(tmp_path, version, nodes):
    file = tmp_path / "conformance.json"
    record.Record("v1.37.2", 2, [PASSED.name]).add([PASSED], file)
    assert not record.Record.load(version, nodes, file).found


def test_the_page_counts_what_was_not_run_and_names_what_did_not_pass():
    done = record.Record("v1.37.2", 2, [PASSED.name, FAILED.name, "[sig-apps] Job should end"])
    done.found = {PASSED.name: PASSED, FAILED.name: FAILED}
    text = record.page(done)
    assert "| sig-apps | 2 | 1 | 0 | 0 | 0 | 1 |" in text
    assert "| all | 3 | 1 | 1 | 0 | 0 | 1 |" in text
    assert f"- failed: {FAILED.name}: `timed out`" in text


def test_the_specs_are_those_of_the_clusters_own_version():
    versions = {program.module: program.set for program in pins.pinned()}
    assert versions["conformance"] == versions["kubernetes"]
    required = [(pins.HERE / "modules" / module / "go.mod").read_text() for module in ("kubernetes", "conformance")]
    assert (
        len({line for text in required for line in text.splitlines() if line.startswith("\tk8s.io/kubernetes ")}) == 1
    )


def test_specs_that_want_the_cluster_for_themselves_run_alone():
    names = ["a", "b [Serial]", "c", "d [Slow]", *(f"e{number}" for number in range(6))]
    beside, alone = sharing.share_out(names)
    assert alone == [["b [Serial]"], ["d [Slow]"]]
    assert [name for some in beside for name in some] == [name for name in names if "[" not in name]
    assert max(map(len, beside)) == sharing.FEW
