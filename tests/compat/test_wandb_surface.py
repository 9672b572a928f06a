"""Names and arguments of wandb that scripts use: the stand-in has them, or is known not to."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import pluto.compat.wandb as ours

theirs = pytest.importorskip("wandb", reason="wandb is not installed")

ABSENT = {
    # of distributed artifacts, launch and reports
    "Run": {"config_static", "pin_config_keys", "status", "sweep_url", "to_html"} | {"sync_dir"},
    # of collections and registries
    "Artifact": {"collection", "commit_hash", "delete", "distributed_id", "history_step", "unlink"}
    | {"get_added_local_path_name", "json_encode", "linked_artifacts", "linked_at", "updated_at"}
    | {"source_artifact", "source_collection", "url"},
    # of typed columns and links between tables
    "Table": {"has_been_logged", "index_ref", "set_fk", "set_pk"},
    "Config": {"merge_locked", "update_locked"},
    "Summary": set(),
}
OF_MEDIA = set(dir(theirs.data_types.Media)) | set(dir(theirs.data_types.WBValue))
"""What carries wandb's own record, and no script calls."""

IGNORED_ARGUMENTS = {
    "init": {"force", "monitor_gym", "anonymous", "tensorboard"},
    "agent": {"term_timeout", "max_consecutive_failed_runs"},
}


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Any, Any]]]:
    """An object of the stand-in, and wandb's class, by name."""
    run = ours.init(project="p", mode="disabled", dir=tmp_path_factory.mktemp("surface"))
    yield {
        "Run": (run, theirs.Run),
        "Artifact": (ours.Artifact("a", "t"), theirs.Artifact),
        "Table": (ours.Table(), theirs.Table),
        "Config": (run.config, theirs.Config),
        "Summary": (run.summary, theirs.sdk.wandb_summary.Summary),
    }
    ours.teardown()


def parameters(function: Any) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function).parameters)


def refused(mine: Any, real: Any) -> set[str]:
    """The arguments of `real` that `mine` does not take."""
    taken = parameters(mine)
    if any(each.kind is each.VAR_KEYWORD for each in taken.values()):
        return set()
    variable = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    wanted = {name for name, each in parameters(real).items() if each.kind not in variable}
    return wanted - set(taken) - {"self"}


@pytest.mark.parametrize("name", sorted(ABSENT))
def test_a_class_has_the_public_names_of_wandb_s(
    name: str, objects: dict[str, tuple[Any, Any]]
) -> None:
    mine, real = objects[name]
    wanted = {each for each in dir(real) if not each.startswith("_") and each not in OF_MEDIA}
    assert {each for each in wanted if not has(mine, each)} - {"MAX_ROWS", "MAX_ARTIFACT_ROWS"} == (
        ABSENT[name]
    )


def has(mine: Any, name: str) -> bool:
    try:
        getattr(mine, name)
    except AttributeError:
        return False
    return True


@pytest.mark.parametrize("name", ["Run", "Artifact", "Table"])
def test_methods_take_the_arguments_of_wandb_s(
    name: str, objects: dict[str, tuple[Any, Any]]
) -> None:
    mine, real = objects[name]
    methods = [
        each
        for each in dir(real)
        if not each.startswith("_")
        and inspect.isfunction(inspect.getattr_static(real, each))
        and callable(getattr(mine, each, None))
        and each not in OF_MEDIA
    ]
    assert len(methods) > 5
    lacking = {each: refused(getattr(mine, each), getattr(real, each)) for each in methods}
    assert {each: names for each, names in lacking.items() if names} == {}


def test_functions_and_constructors_take_the_arguments_of_wandb_s() -> None:
    names = ("Image", "Audio", "Video", "Table", "Histogram", "Html", "Object3D", "Plotly", "Api")
    functions = [("init", ours.init, theirs.init), ("finish", ours.finish, theirs.finish)]
    functions += [("agent", ours.agent, theirs.agent), ("sweep", ours.sweep, theirs.sweep)]
    functions += [(each, getattr(ours, each), getattr(theirs, each)) for each in names]
    functions += [
        (f"plot.{each}", getattr(ours.plot, each), getattr(theirs.plot, each))
        for each in theirs.plot.__all__
        if hasattr(ours.plot, each)
    ]
    lacking = {each: refused(mine, real) for each, mine, real in functions}
    lacking = {each: names - IGNORED_ARGUMENTS.get(each, set()) for each, names in lacking.items()}
    assert {each: names for each, names in lacking.items() if names} == {}


def test_every_chart_of_wandb_is_there() -> None:
    assert [each for each in theirs.plot.__all__ if not hasattr(ours.plot, each)] == ["visualize"]


def test_the_names_that_scripts_annotate_with_are_there() -> None:
    assert ours.sdk.wandb_run.Run is ours.Run
    assert ours.data_types.Image is ours.Image
