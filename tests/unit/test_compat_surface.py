"""What scripts for the earlier client touch: names, order of parameters, attributes of a run."""

import copy
import importlib
import inspect
import pickle
import random
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

import pluto
from pluto.errors import UsageError

INIT = (
    "dir project name config settings tags run_id resume fork_run_id fork_step inherit_config "
    "inherit_tags"
)
SIGNATURES = [
    ("init", INIT),
    ("finish", "op"),
    ("login", "settings retry"),
    ("logout", "settings"),
    ("setup", "settings"),
    ("generate_run_id", ""),
    ("log", "data step commit timestamp"),
    ("watch", "module"),
    ("alert", "message title level wait url remote"),
    ("Op", "config settings tags resume"),
    ("Op.log", "data step commit timestamp"),
    ("Op.alert", "message title level wait url remote"),
    ("Op.add_tags", "tags"),
    ("Op.remove_tags", "tags"),
    ("Op.update_config", "config"),
    ("Op.finish", "code"),
    ("Op.close", "code"),
    ("Op.watch", "module"),
    ("Artifact", "data caption metadata"),
    ("Text", "data caption"),
    ("Image", "data caption boxes masks annotations"),
    ("Audio", "data rate caption"),
    ("Video", "data rate caption format"),
    ("Histogram", "data bins"),
    ("Table", "data"),
]
MODULES = [
    *("api", "auth", "compat", "data", "file", "iface", "init", "op", "query", "sanitize", "sets"),
    *("store", "sync", "sys"),
]


def noop(**options: Any) -> pluto.Op:
    return pluto.init(mode="noop", **options)


@pytest.mark.parametrize(("name", "names"), SIGNATURES, ids=lambda value: str(value).split()[:1])
def test_parameters_have_the_names_and_the_order_of_the_earlier_client(
    name: str, names: str
) -> None:
    found: Any = pluto
    for part in name.split("."):
        found = getattr(found, part)
    parameters = [each for each in inspect.signature(found).parameters if each != "self"]
    assert parameters[: len(names.split())] == names.split()


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_scripts_import_by_path_is_there(name: str) -> None:
    assert importlib.import_module(f"pluto.{name}").__name__ == f"pluto.{name}"


@pytest.mark.parametrize(
    ("name", "base"),
    [("op.RunExistsError", RuntimeError), ("iface.PlutoRequestError", Exception)],
)
def test_exceptions_are_caught_as_what_they_were(name: str, base: type[Exception]) -> None:
    module, attribute = name.split(".")
    assert issubclass(getattr(importlib.import_module(f"pluto.{module}"), attribute), base)


def test_bug_45_a_run_tells_its_name_project_address_and_directory(tmp_path: Path) -> None:
    run = pluto.init(dir=tmp_path, project="p", name="n", settings={"disable_system_metrics": True})
    assert (run.name, run.project, run.url, run.id, run.run_id) == ("n", "p", None, None, None)
    assert Path(run.dir).is_dir()
    assert run.settings.get_dir() == run.dir
    assert (run.settings._op_name, run.settings._op_id, run.settings.project) == ("n", None, "p")
    assert (run.resumed, run.fork_run_id, run.fork_step) == (False, None, None)
    run.finish()


def test_the_config_is_a_copy_none_if_not_given_and_empty_if_given_empty() -> None:
    given = {"a": {"b": 1}}
    run = noop(config=given)
    run.update_config({"a": {"c": 2}})
    assert (given, run.config) == ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}})
    assert (noop().config, noop(config={}).config) == (None, {})
    pluto.finish()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, []),
        ("a", ["a"]),
        (["a", "b"], ["a", "b"]),
        (iter("ab"), ["a", "b"]),
        (["seed", 1, None, "seed", "two\nlines"], ["seed", "1", "None", "two-lines"]),
    ],
)
def test_tags_are_a_text_or_several(given: Any, kept: list[str]) -> None:
    run = noop(tags=given)
    assert run.tags == kept
    run.add_tags([*kept, 2])
    run.remove_tags([2.5, 2])
    assert run.tags == kept
    with pytest.raises(UsageError, match="tags must be a text or a list of texts, got 5"):
        run.add_tags(5)  # type: ignore[arg-type]
    run.finish()


def test_a_name_may_be_a_number_and_a_blank_one_is_none() -> None:
    runs = [noop(name=name, project="a\nb") for name in (7, 0)]
    assert [(run.name, run.project) for run in runs] == [("7", "a-b"), ("0", "a-b")]
    blank = noop(name=" ", project=" ")
    assert blank.project == "pluto"
    assert len(blank.name or "") == 8
    pluto.finish()


def test_a_run_without_a_name_gets_one_whatever_the_seed_is() -> None:
    random.seed(0)
    before = random.getstate()
    names = {noop().name for _ in range(20)}
    assert len(names) == 20
    assert random.getstate() == before
    pluto.finish()


@pytest.mark.parametrize("name", ["pluto", "pluto.sweep", "mlop"])
def test_a_function_that_uses_the_package_can_be_sent_to_another_process(name: str) -> None:
    """Ray, Dask and submitit pickle the modules that a function of a script refers to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        importlib.import_module(name)
    module = sys.modules[name]
    assert pickle.loads(pickle.dumps(module)) is module
    assert copy.deepcopy({"module": module})["module"] is module


def test_what_holds_a_run_can_be_copied_and_pickling_one_says_what_to_do() -> None:
    run = noop()
    assert copy.deepcopy({"model": [run]}) == {"model": [run]}
    settings = pickle.loads(pickle.dumps(copy.deepcopy(run.settings)))
    assert (settings.project, settings.meta) == (run.settings.project, [])
    assert type(run.settings.to_dict()["meta"]) is list
    with pytest.raises(TypeError, match=r"init\(run_id=..., resume=True\)"):
        pickle.dumps(run)
    run.finish()


def test_live_runs_are_listed_and_the_list_can_be_reset() -> None:
    assert not pluto.ops
    first, second = noop(), noop()
    assert pluto.ops == [first, second]
    first.finish()
    assert pluto.ops == [second]
    nothings: tuple[Any, ...] = ([], None)
    for nothing in nothings:
        pluto.ops = nothing
        assert not pluto.ops
        third = noop()
        assert pluto.ops == [third]
    pluto.finish()
    second.finish()
    assert pluto.finish() is None


@pytest.mark.parametrize("options", [{"fork_run_id": 7}, {"fork_step": 7}])
def test_half_a_fork_is_refused_before_anything_else(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be provided together"):
        noop(**options)


def test_a_fork_of_no_run_or_at_no_step_is_refused() -> None:
    with pytest.raises(UsageError, match="numeric run ID or display ID"):
        noop(fork_run_id="baseline", fork_step=1)
    with pytest.raises(UsageError, match="fork_step must be an integer from 0 on, got -1"):
        noop(fork_run_id=7, fork_step=-1)


def test_resume_without_an_id_begins_a_run_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    noop(resume=True).finish()
    assert caplog.messages == ["resume=True without a run_id: a new run begins"]
    caplog.clear()
    noop(resume=True, run_id="exp").finish()
    assert caplog.messages == []


def test_keywords_of_settings_are_settings_and_others_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = noop(x_sys_sampling_interval=2, save_dir="elsewhere", sync_process_enabled=True)
    assert run.settings.x_sys_sampling_interval == 2
    assert Path(run.settings.dir).name == "elsewhere"
    assert caplog.messages == []
    run = noop(projekt="x")
    assert "'projekt' (did you mean 'project'?)" in caplog.text
    pluto.finish()


def test_a_konduktor_job_tags_its_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KONDUKTOR_JOB_NAME", "job-7")
    assert noop(tags="a").tags == ["a", "konduktor"]
    assert noop(tags=["konduktor"]).tags == ["konduktor"]
    pluto.finish()


def test_readable_ids_have_three_parts_and_do_not_depend_on_a_seed() -> None:
    ids = set()
    for _ in range(20):
        random.seed(0)
        ids.add(pluto.generate_run_id())
    assert len(ids) == 20
    for each in ids:
        adjective, noun, tail = each.split("-")
        assert adjective.isalpha()
        assert noun.isalpha()
        assert len(tail) == 5
