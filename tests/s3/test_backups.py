"""Backups leave the cluster: a real S3 server, real pods; then all is lost but the bucket.

`make test-bucket` runs it on a node of its own.
"""

from .project import in_database, up

ROWS = "CREATE TABLE t (i INT PRIMARY KEY, b LONGBLOB); INSERT INTO t VALUES (1, REPEAT('a', 12000000)), (2, NULL);"
SUM = "CHECKSUM TABLE t"


def test_what_is_lost_with_the_cluster_comes_back_from_the_bucket(run, kubeauth):
    up(run)
    in_database(run, "shop", "orders", ROWS)
    wanted = in_database(run, "shop", "orders", SUM)
    made = kubeauth("backup")
    assert "is in the bucket, read back and the same." in made
    name = next(word for word in made.split() if word.endswith(".sql.gz"))
    # The namespace is lost, with both volumes; another database begins with what is in the bucket.
    run("pulumi", "config", "set", "restored", "true")
    run("pulumi", "config", "set", "lost", "true")
    up(run)
    assert in_database(run, "other", "orders-again", SUM) == wanted
    # The first comes back empty, and takes its content from the bucket, too.
    run("pulumi", "config", "set", "lost", "false")
    up(run)
    listed = kubeauth("restore")
    assert f"{name} " in listed
    assert "in the bucket only" in listed
    kubeauth("restore", "--backup", name)
    assert in_database(run, "shop", "orders", SUM) == wanted


def test_a_bucket_that_is_away_is_named_and_the_backup_is_in_the_volume(run, kubeauth):
    run("pulumi", "config", "set", "endpoint", "http://10.99.255.1:1")
    up(run)
    failed = kubeauth("backup", ok=False)
    assert "error: backup failed:" in failed
    assert "the bucket cannot be read" in failed
    assert "The bucket is not known" in kubeauth("restore")
