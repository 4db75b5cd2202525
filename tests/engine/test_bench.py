"""The sides of the bench that are Pulumi programs: what they ask the engine for is what the components ask for."""

import pytest

from lab.bench import inline, programs, render
from lab.bench.system import System

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> System:
    return System(tmp_path_factory.mktemp("bench"), parts=("engine", "languages"))


@pytest.fixture(scope="module", params=[1, 3])
def components(system: System, request: pytest.FixtureRequest) -> list[render.Resource]:
    return render.render(system, request.param)


def test_each_database_has_all_its_objects(components):
    databases = sum(resource.name.endswith("-data") for resource in components)
    assert len(components) == 6 * databases + 6
    assert [resource.name for resource in components if resource.type.endswith(":Namespace")] == ["bench-namespace"]


@pytest.mark.parametrize("language", ["python", "yaml"])
def test_the_inline_programs_ask_for_the_same(system, components, language):
    """The same objects, secrets, order and timeouts; only the components are missing."""
    if language == "python":
        files = {"__main__.py": inline.python(components)}
    else:
        files = {"Pulumi.yaml": inline.pulumi_yaml(components)}
    folder = programs.write(system, "inline", files, {"note": programs.NOTE}, language)
    assert render.recorded(system, folder) == components


def test_the_one_value_is_in_one_object(components):
    texts = {resource.name: repr(resource.inputs) for resource in components}
    assert [name for name, text in texts.items() if programs.NOTE in text] == ["authenticate-service"]
