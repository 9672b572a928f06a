"""Names and arguments of Neptune's packages that scripts use: the stand-ins have them."""

import inspect
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from pluto.compat import neptune_client, neptune_projects, neptune_scale, neptune_types

real_client = pytest.importorskip("neptune", reason="pip install neptune==1.14.0")
real_scale = pytest.importorskip("neptune_scale", reason="pip install neptune-scale==0.30.0")

assert "pluto" not in real_client.__name__ + real_scale.Run.__module__, "these are stand-ins"

pytestmark = pytest.mark.filterwarnings("ignore")  # Neptune's own

INNER = {"LEGACY_METHODS", "container_type", "set_attribute", "apply_patches", "load_extensions"}
"""What Neptune's packages have for themselves."""

OWN_TYPES = {"accept", "file_type", "filter_unsupported_values", "is_unsupported_float_with_warn"}
OWN_TYPES |= {"resolve_path", "max", "min", "unit", "truncated"}


def public(of: Any) -> set[str]:
    return {name for name in dir(of) if not name.startswith("_")} - INNER


def refused(mine: Any, real: Any) -> set[str]:
    """The arguments of `real` that `mine` does not take."""
    taken = inspect.signature(mine).parameters
    if any(each.kind is each.VAR_KEYWORD for each in taken.values()):
        return set()
    variable = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    wanted = inspect.signature(real).parameters.items()
    return {name for name, each in wanted if each.kind not in variable} - set(taken) - {"self"}


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run of 1.x that keeps nothing."""
    return neptune_client.init_run(mode="debug", project=f"lab/{tmp_path_factory.mktemp('x').name}")


def test_a_run_and_its_handles_have_neptune_s_methods_and_arguments(container: Any) -> None:
    handle = container["a"]
    for mine, real in ((container, real_client.Run), (handle, real_client.handler.Handler)):
        assert {name for name in public(real) if not hasattr(mine, name)} == set()
        methods = [name for name in public(real) if inspect.isfunction(getattr(real, name))]
        assert len(methods) > 10
        lacking = {name: refused(getattr(mine, name), getattr(real, name)) for name in methods}
        assert {name: each for name, each in lacking.items() if each} == {}


def test_projects_and_models_have_neptune_s_methods() -> None:
    project = neptune_client.init_project(project="lab/p", mode="debug")
    assert {name for name in public(real_client.Project) if not hasattr(project, name)} == set()
    for name in ("Model", "ModelVersion"):
        lacking = public(getattr(real_client, name)) - public(getattr(neptune_client, name))
        assert lacking <= {"run_id", "op"}


def test_a_run_of_neptune_scale_has_its_methods_and_arguments() -> None:
    mine, real = neptune_scale.Run, real_scale.Run
    assert public(real) - public(mine) == set()
    methods = [name for name in public(real) if inspect.isfunction(getattr(real, name))]
    assert len(methods) > 10
    lacking = {name: refused(getattr(mine, name), getattr(real, name)) for name in methods}
    assert {name: each for name, each in lacking.items() if each} == {}


def test_the_types_have_the_arguments_of_neptune_s() -> None:
    real_types = real_client.types
    objects = {
        "File": neptune_client.types.File.from_content("x"),
        "FloatSeries": neptune_client.types.FloatSeries([1.0]),
        "StringSeries": neptune_client.types.StringSeries(["x"]),
        "FileSeries": neptune_client.types.FileSeries([]),
        "StringSet": neptune_client.types.StringSet(["x"]),
        "FileSet": neptune_client.types.FileSet("*.py"),
        "GitRef": neptune_client.types.GitRef(),
    }
    for name, mine in objects.items():
        wanted = public(getattr(real_types, name)) - OWN_TYPES
        assert {each for each in wanted if not hasattr(mine, each)} == set(), name
    pairs: list[tuple[ModuleType, ModuleType, str]] = [
        (neptune_types, real_scale.types, "File"),
        (neptune_types, real_scale.types, "Histogram"),
        (neptune_projects, import_module("neptune_scale.projects"), "create_project"),
        (neptune_projects, import_module("neptune_scale.projects"), "list_projects"),
    ]
    for ours, theirs, name in pairs:
        assert refused(getattr(ours, name), getattr(theirs, name)) == set(), name


@pytest.mark.parametrize("expand", [False, True])
def test_what_is_no_single_value_becomes_the_text_that_neptune_makes_of_it(expand: bool) -> None:
    given = {"tuple": ("hi", 1), "metric": 0.87, "deep": {"list": [1, [2, 3]]}, "none": None}
    ours = neptune_client.utils.stringify_unsupported(given, expand)
    theirs = real_client.utils.stringify_unsupported(given, expand)

    def flat(value: Any, path: str = "") -> dict[str, str]:
        if isinstance(value, dict):
            return {
                key: each
                for name, item in value.items()
                for key, each in flat(item, f"{path}/{name}").items()
            }
        return {path: str(getattr(value, "value", value))}

    assert flat(ours) == flat(theirs)
    assert ours["metric"] == 0.87
