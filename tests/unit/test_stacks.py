"""Stacks are told by their files; a name may have dots."""

from cli import stacks


def test_a_name_may_have_dots():
    assert stacks.name_of("Pulumi.prod.eu.yaml") == "prod.eu"
    assert stacks.name_of("Pulumi.dev.yml") == "dev"
    assert [stacks.name_of(name) for name in ("Pulumi.yaml", "Pulumi.dev.yaml.bak", "x/Pulumi.dev.yaml", "README")] == [
        ""
    ] * 4


def test_the_stacks_of_a_folder(tmp_path):
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.eu.yaml", "Pulumi.prod.us.yaml"):
        (tmp_path / name).touch()
    assert stacks.names(tmp_path) == ["dev", "prod.eu", "prod.us"]
