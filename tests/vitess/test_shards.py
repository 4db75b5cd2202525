"""Rows move into two shards and into four under a writer, by the project's own commands, and nothing is lost.

The servers are small, and those of an earlier division go before the next one's come: `make test-vitess` has two cores.
"""

import json

import pytest

from tests.vitess.checkout import Checkout
from tests.vitess.system import Writer

SHARDING = {"users": "username", "writes": "id"}


def serving(checkout: Checkout) -> set[str]:
    """The shards that the topology says serve."""
    found = json.loads(checkout.vitess("FindAllShardsInKeyspace", "admin"))["shards"]
    return {name for name, each in found.items() if each["shard"].get("is_primary_serving")}


def sets(checkout: Checkout) -> set[str]:
    """The StatefulSets of servers."""
    listed = checkout.kubectl("get", "statefulsets", "--output", "jsonpath={.items[*].metadata.name}").split()
    return {name.removeprefix("mysqlauth-") for name in listed} - {"etcd"}


@pytest.fixture(scope="module")
def writer(checkout):
    """One shard with rows, and a writer who goes on through all that follows."""
    checkout.write(mysqlReplicas=3, mysqlSize="small", mysqlSharding=SHARDING)
    checkout.make("up", NODES="3")
    with Writer(checkout.connect, "writes") as writer:
        yield writer


def test_what_several_shards_cannot_hold_is_refused_by_name_before_anything_changes(checkout, writer):
    checkout.sql("CREATE TABLE counted (id INT AUTO_INCREMENT PRIMARY KEY, other INT UNIQUE)")
    checkout.write(mysqlReshardTo=2)
    checkout.make("up", NODES="3")
    assert sets(checkout) == {"tablet", "shard-x-80", "shard-80-x"}
    said = checkout.make("reshard", ok=False)
    assert "table counted has no column in `sharding`" in said
    assert "table counted has AUTO_INCREMENT" in said
    assert "Nothing was changed" in said
    assert serving(checkout) == {"0"}
    checkout.sql("DROP TABLE counted")


def test_rows_move_under_a_writer_and_come_back_with_what_was_written_since(checkout, writer):
    said = checkout.make("reshard")
    assert "the way back" in said.lower()
    assert serving(checkout) == {"-80", "80-"}
    writer.writes_again()
    assert writer.lost() == []
    assert "✓ prove it: register and log in" in checkout.make("up", NODES="3")
    assert "served by shard 0 as before" in checkout.make("reshard", BACK="1")
    assert serving(checkout) == {"0"}
    writer.writes_again()
    assert writer.lost() == []
    print(f"to two and back: longest gap {writer.longest:.1f} s, {len(writer.acknowledged)} rows, {writer.errors}")


def test_a_division_that_does_not_serve_deletes_no_server_of_the_one_that_does(checkout, writer):
    checkout.write(mysqlShards=2, mysqlReshardTo=0)
    said = checkout.make("up", ok=False, NODES="3")
    assert "error: shard 0 serves" in said, said
    assert "tablet" in sets(checkout)
    writer.writes_again()
    checkout.write(mysqlShards=1, mysqlReshardTo=2)
    checkout.make("up", NODES="3")


@pytest.mark.parametrize(("now", "to"), [(1, 2), (2, 4)])
def test_rows_move_for_good_and_the_old_servers_go(checkout, writer, now, to):
    writer.longest = 0.0
    checkout.write(mysqlShards=now, mysqlReshardTo=to)
    checkout.make("up", NODES="3")
    checkout.make("reshard")
    assert "served by shards" in checkout.make("reshard", COMPLETE="1")
    assert "no way back" in checkout.make("reshard", ok=False, BACK="1")
    checkout.write(mysqlShards=to, mysqlReshardTo=0)
    assert "✓ prove it: register and log in" in checkout.make("up", NODES="3")
    assert len(sets(checkout)) == len(serving(checkout)) == to
    writer.writes_again()
    assert writer.lost() == []
    print(f"to {to}: longest gap {writer.longest:.1f} s, {len(writer.acknowledged)} rows, {writer.errors}")
    assert "all is well" in checkout.make("status")
    assert "unchanged" in checkout.make("preview")
