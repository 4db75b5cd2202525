"""Files of a project that Pulumi would not read, or another way than it looks: each is one line with its place."""

import pytest

from cli import paths, yaml_files
from cli.console import Problem
from cli.stack import Stack, config
from cli.toolchain import Toolchain, versions


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CHECKOUT", tmp_path)
    monkeypatch.setattr(paths, "LOCAL", tmp_path / ".kubeauth")
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    return tmp_path


CONFLICT = "config:\n<<<<<<< HEAD\n  shop:size: 1Gi\n=======\n  shop:size: 2Gi\n>>>>>>> main\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CONFLICT, ", line 2: a merge that is not resolved"),
        ("config:\n\tshop:size: 1Gi\n", ", line 2: it is no YAML: found character '\\t' that cannot start any token"),
        ("config:\n  shop:a: '1\n", "it is no YAML"),
        ("config:\n  shop:size: 1Gi\n  shop:image: a:1\n  shop:size: 2Gi\n",
         ", line 4: it is no YAML: shop:size is there twice"),
        ("config:\n  shop:name: gr\udcfc\udcdfe\n", ", line 2: it is not UTF-8"),
        ("config:\n  shop:name: a\0b\n", "it is no YAML: a character that YAML does not have"),
        ("- shop:size\n", ": it is not a map"),
        ("shop\n", ": it is not a map"),
        ("config:\n  - shop:size\n", ": config is not a map"),
    ],
)  # fmt: skip
def test_a_stacks_file_that_pulumi_would_not_read_is_named_with_its_line(checkout, content, said):
    file = checkout / "Pulumi.dev.yaml"
    file.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(Problem) as caught:
        Stack("dev", Toolchain(checkout, checkout), None)
    assert str(caught.value).startswith(f"{file}{said}" if said.startswith((",", ":")) else str(file))
    assert said in str(caught.value)
    assert "Gi" not in str(caught.value)
    assert caught.value.fix


def test_a_folder_in_the_place_of_a_stacks_file_is_named(checkout):
    (checkout / "Pulumi.dev.yaml").mkdir()
    with pytest.raises(Problem, match=r"Pulumi\.dev\.yaml cannot be read: Is a directory"):
        Stack("dev", Toolchain(checkout, checkout), None)


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffconfig:\r\n  shop:size: 1Gi\r\n",
        "anchors: &same {shop:size: 1Gi}\nconfig:\n  <<: *same\n",
        "config:\n  shop:size: 1Gi\n  shop:settings:\n    a: 1\n  shop:other:\n    a: 1\n",
    ],
)
def test_marks_ends_of_lines_and_anchors_are_read_as_pulumi_reads_them(checkout, content):
    (checkout / "Pulumi.dev.yaml").write_text(content, encoding="utf-8", newline="")
    assert config.read(config.tracked("dev"))["config"]["shop:size"] == "1Gi"


def test_text_that_only_looks_like_a_conflict_is_read(checkout):
    (checkout / "Pulumi.dev.yaml").write_text("config:\n  shop:note: |\n    <<<<<<< HEAD\n")
    assert config.effective("dev") == {"shop:note": "<<<<<<< HEAD\n"}


@pytest.mark.parametrize(("content", "said"), [("runtime: python\n", "has no name"), (None, "is missing")])
def test_a_project_needs_a_name(checkout, content, said):
    file = checkout / "Pulumi.yaml"
    file.unlink() if content is None else file.write_text(content)
    with pytest.raises(Problem, match=said):
        yaml_files.project(file)
    with pytest.raises(Problem, match=said):
        config.project_name()


def test_a_project_that_cannot_be_read_says_so_before_programs_are_looked_for(checkout):
    (checkout / "Pulumi.yaml").write_text("name: shop\n\truntime: python\n")
    with pytest.raises(Problem, match="line 2: it is no YAML"):
        versions()
