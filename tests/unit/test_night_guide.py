"""docs/guides/three-in-the-morning.md: for each symptom, what `make status` prints is what the guide says it prints."""

import re
from typing import Any

import pytest

from cli.paths import CHECKOUT

from .cluster_objects import RUNNING, deployment, event, pod, waiting
from .test_status import STATE, Stack, broken, job, shown, status_of, well

GUIDE = (CHECKOUT / "docs/guides/three-in-the-morning.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL))


def database(state: dict[str, Any], *more: dict[str, Any]) -> Stack:
    """A stack whose database is not ready, its pod in a state."""
    names = ("mysqlauth-deployment", "mysqlauth-pod")
    kept = [item for item in well() if item["metadata"].get("name") not in names]
    mine = deployment("mysqlauth", component="database", claim="mysqlauth-data")
    return Stack([*kept, mine, pod(state, "mysqlauth"), *more])


def about(name: str, message: str) -> dict[str, Any]:
    return event(f"{name}-p2", "Unhealthy", message)


def without(name: str) -> Stack:
    return Stack([item for item in well() if item["metadata"].get("name") != name])


KILLED = {"started": False, "restartCount": 4, "lastState": {"terminated": {"reason": "OOMKilled"}}}
MOUNT = 'MountVolume.SetUp failed for volume "tls"'
QUOTA = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small, requested: limits.memory=512Mi"}


def refused() -> Stack:
    kept = [item for item in well() if item["metadata"].get("name") != "authenticate-deployment"]
    return Stack([*kept, deployment("authenticate", conditions=[QUOTA])])


#: What makes each symptom, by the guide's headings.
SYMPTOMS: dict[str, Any] = {
    "Writes fail, or the database left its Service": lambda: database(
        RUNNING, about("mysqlauth", "Readiness probe failed: error: the data volume has 3 MiB left, less than 16")
    ),
    "The database restarts again and again": lambda: database(KILLED),
    "The database does not come back after a change": lambda: database(
        {**RUNNING, "started": False},
        about("mysqlauth", "Startup probe failed: error: the SQL of this start ended early, in line 3 of init_sql"),
    ),
    "New pods hang at ImagePullBackOff": lambda: Stack(
        broken(
            event("authenticate-p2", "Failed", "Failed to pull image localhost/x:1: not found"),
            state=waiting("ImagePullBackOff"),
        )
    ),
    "Logins answer 503, and both pods run": lambda: Stack(
        broken(about("authenticate", "Readiness probe failed: 503 the database's name does not resolve"), state=RUNNING)
    ),
    "A pod stays at ContainerCreating": lambda: Stack(
        broken(
            event(
                "authenticate-p2",
                "FailedMount",
                'MountVolume.SetUp failed for volume "tls" : secret "db-tls" not found',
            ),
            state=waiting("ContainerCreating"),
        )
    ),
    "There are no pods at all": refused,
    "The service is gone": lambda: without("authenticate-deployment"),
    "A backup failed": lambda: Stack([*well(), job("bad", "Failed", 1)]),
}


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_the_guide_says_what_status_prints(symptom):
    printed = shown(status_of(SYMPTOMS[symptom]()))
    said = re.findall(r"```text\n(.*?)```", SECTIONS[symptom], re.DOTALL)
    assert said, printed
    for block in said:
        for line in block.splitlines():
            assert line in printed.splitlines(), printed


def test_each_symptom_of_the_guide_is_made_here():
    assert set(SECTIONS) - {"First", "Nothing answers at all"} == set(SYMPTOMS)
    assert "make status STACK=dev" in SECTIONS["First"]


def test_status_names_are_those_of_the_state():
    assert {entry["id"] for entry in STATE} >= {"shop/mysqlauth-deployment", "shop/authenticate-deployment"}
