"""A cluster's shards: what they are called, what each has, and what is refused."""

import json
from typing import Any, cast

import pulumi
import pytest

from components import InputErrors, MySqlCluster, MySqlClusterArgs
from components.mysql_cluster import shards
from components.mysql_cluster.shards import divided

from .recorder import Recorder, deploy

BASE = {"namespace": "shop", "password": "pw", "image": "vitess:24.0.4", "etcd_image": "etcd:3.6.16"}
SHARDING = {"users": "username"}


def cluster(name: str = "orders", **given: Any) -> Recorder:
    return deploy(lambda: MySqlCluster(name, cast(MySqlClusterArgs, {**BASE, **given})))


def wrong(**given: Any) -> dict[str, str]:
    return {error.key: error.rule for error in MySqlCluster.check("orders", cast(MySqlClusterArgs, {**BASE, **given}))}


def peers(rules: list[dict[str, Any]], side: str) -> set[str]:
    found = [peer["podSelector"]["matchLabels"]["name"] for rule in rules for peer in rule.get(side) or []]
    return {name.removeprefix("orders-").removesuffix("-selector") for name in found}


@pytest.mark.parametrize("count", shards.COUNTS)
def test_the_shards_of_a_division_are_all_places_once(count):
    bounds = [shard.bounds for shard in divided(count)]
    assert bounds[0][0] == bounds[-1][1] == ""
    assert [last for _, last in bounds[:-1]] == [first for first, _ in bounds[1:]]
    assert len({shard.name for shard in divided(count)}) == count


def test_the_names_are_those_of_vitess_and_of_kubernetes():
    assert [shard.name for shard in divided(1)] == ["0"]
    assert [shard.name for shard in divided(4)] == ["-40", "40-80", "80-c0", "c0-"]
    assert [shard.part for shard in divided(1)] == ["tablet"]
    assert [shard.part for shard in divided(2)] == ["shard-x-80", "shard-80-x"]


def test_no_two_servers_of_any_two_divisions_have_one_number_in_the_topology():
    every = [shard.base + server for count in shards.COUNTS for shard in divided(count) for server in range(9)]
    assert len(set(every)) == len(every)


def test_the_label_that_kubernetes_makes_of_the_longest_name_fits():
    name = f"{'a' * 40}-{max((shard.part for shard in divided(shards.MOST)), key=len)}"
    # A StatefulSet's pods carry its name and ten characters as a label.
    assert len(f"{name}-0123456789") <= 63


def test_a_table_is_found_by_a_hash_that_takes_no_notice_of_case():
    assert json.loads(shards.vschema(SHARDING)) == {
        "sharded": True,
        "vindexes": {"unicode_loose_xxhash": {"type": "unicode_loose_xxhash"}},
        "tables": {"users": {"column_vindexes": [{"column": "username", "name": "unicode_loose_xxhash"}]}},
    }


def test_each_shard_has_servers_a_service_a_budget_and_a_policy_of_its_own():
    made = cluster(shards=2, sharding=SHARDING).tree()
    for part in ("shard-x-80", "shard-80-x"):
        for kind in ("StatefulSet", "Service", "PodDisruptionBudget", "NetworkPolicy"):
            assert (kind, f"orders-{part}", "orders") in made
    assert ("StatefulSet", "orders-tablet", "orders") not in made


def test_servers_say_which_shard_and_which_number_they_are():
    made = cluster(shards=2, sharding=SHARDING)
    for part, name, base in (("shard-x-80", "-80", 200), ("shard-80-x", "80-", 300)):
        spec = made.one("StatefulSet", f"orders-{part}").inputs["spec"]
        [container] = spec["template"]["spec"]["containers"]
        assert {f"SHARD={name}", f"BASE={base}", f"--init-shard={name}"} <= {*container["args"]}
        assert spec["selector"]["matchLabels"] == {"name": f"orders-{part}-selector"}


def test_rows_may_move_between_shards_and_all_that_serves_them_reaches_both():
    made = cluster(reshard_to=2, sharding=SHARDING)
    every = {"tablet", "shard-x-80", "shard-80-x"}
    for policy, side, rules in (
        ("tablet", "to", "egress"), ("shard-x-80", "from", "ingress"), ("vtorc", "to", "egress"),
        ("clients", "to", "egress"), ("etcd", "from", "ingress"),
    ):  # fmt: skip
        found = made.one("NetworkPolicy", f"orders-{policy}").inputs["spec"][rules]
        assert every <= peers(found, side), policy


def arguments(**given: Any) -> list[str]:
    spec = cluster(**given).one("Job", "orders-shards").inputs["spec"]
    [rule] = spec["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [3])
    [container] = spec["template"]["spec"]["containers"]
    return [word for word in container["args"] if word.startswith(("SHARDS=", "COMING="))]


def test_servers_of_another_division_go_only_after_a_job_that_is_new_with_each_division():
    divisions = ({}, {"reshard_to": 2}, {"shards": 2}, {"shards": 2, "reshard_to": 4})
    assert [arguments(**{**given, **({"sharding": SHARDING} if given else {})}) for given in divisions] == [
        ["SHARDS=0", "COMING="],
        ["SHARDS=0", "COMING=-80 80-"],
        ["SHARDS=-80 80-", "COMING="],
        ["SHARDS=-80 80-", "COMING=-40 40-80 80-c0 c0-"],
    ]


def test_what_the_command_needs_is_written_where_it_reads_it():
    data = cluster(reshard_to=2, sharding=SHARDING).one("ConfigMap", "orders-shards").inputs["data"]
    assert (data["keyspace"], data["from"], data["to"]) == ("admin", "0", "-80,80-")
    assert json.loads(data["pods"])["-80"] == "orders-shard-x-80"
    assert json.loads(data["vschema"])["sharded"] is True


def test_the_old_servers_may_go_while_rows_move_and_claims_stay_with_the_data():
    kept = cluster().one("StatefulSet", "orders-tablet")
    moving = cluster(reshard_to=2, sharding=SHARDING).one("StatefulSet", "orders-tablet")
    assert (kept.protect, moving.protect) == (True, False)
    assert moving.inputs["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Retain"


def test_with_one_shard_only_the_job_that_guards_it_is_made():
    assert {kind for kind, name, _ in cluster().tree() if "shard" in name} == {"Job", "NetworkPolicy"}


def test_what_belongs_together_is_asked_for():
    assert list(wrong(shards=2)) == ["sharding"]
    assert list(wrong(reshard_to=2)) == ["sharding"]
    assert list(wrong(sharding=SHARDING)) == ["sharding"]
    assert list(wrong(shards=2, sharding={})) == ["sharding"]
    assert list(wrong(shards=4, reshard_to=2, sharding=SHARDING)) == ["reshard_to"]
    assert list(wrong(reshard_to=2, sharding=SHARDING, backup={"schedule": "@daily"})) == ["backup"]
    assert wrong(shards=2, reshard_to=8, sharding=SHARDING) == {}
    assert wrong(shards=1, reshard_to=None, sharding=None) == {}


def test_the_columns_may_be_another_resources_output():
    later = pulumi.Output.from_input(SHARDING)
    data = cluster(shards=2, sharding=later).one("ConfigMap", "orders-shards").inputs["data"]
    assert data["vschema"] == shards.vschema(SHARDING)
    with pytest.raises(InputErrors):
        cluster(shards=2, sharding=pulumi.Output.from_input(["users"]))


def test_two_clusters_whose_parts_would_meet_are_refused():
    def program() -> None:
        MySqlCluster("orders", cast(MySqlClusterArgs, {**BASE, "shards": 2, "sharding": SHARDING}))
        MySqlCluster("orders-shard-x-80", cast(MySqlClusterArgs, BASE))

    with pytest.raises(InputErrors):
        deploy(program)
