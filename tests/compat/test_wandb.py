"""The stand-in for wandb: begin, resume, log, refuse."""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import pluto
import pluto.compat.wandb as wandb
from tests.compat.reading import facts, files, known, metrics, run_directories
from tests.compat.scripts import run_code, runs_of


@pytest.fixture(autouse=True)
def no_run_of_wandb(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("WANDB_PROJECT", "WANDB_MODE", "WANDB_RUN_ID", "WANDB_DIR", "WANDB_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    yield
    wandb.teardown()


def test_before_init_everything_says_so() -> None:
    assert wandb.run is None
    with pytest.raises(wandb.Error, match=r"call wandb.init\(\) before wandb.log\(\)"):
        wandb.log({"loss": 1})
    with pytest.raises(wandb.Error, match=r"before wandb\.config\['lr'\]"):
        wandb.config.lr = 1
    with pytest.raises(wandb.Error, match=r"before wandb\.summary"):
        wandb.summary["loss"]
    wandb.finish()


def test_the_module_stands_for_the_run_that_is_live() -> None:
    run = wandb.init(project="p", config={"a": 1})
    assert wandb.run is run
    assert wandb.config.a == 1
    wandb.log({"loss": 2.0})
    assert wandb.summary["loss"] == 2.0
    wandb.finish()
    assert wandb.run is None


def test_a_second_init_returns_the_live_run() -> None:
    first = wandb.init(project="p")
    assert wandb.init(project="other") is first
    beside = wandb.init(project="p", reinit="create_new")
    assert beside is not first
    assert wandb.run is first
    third = wandb.init(project="p", reinit=True)
    assert known(first.op)["status"] == known(beside.op)["status"] == "COMPLETED"
    assert wandb.run is third


def test_after_the_end_a_call_says_that_it_has_no_effect() -> None:
    run = wandb.init(project="p")
    run.finish()
    run.finish()
    with pytest.raises(wandb.UsageError, match=r"has ended: log\(\) has no effect"):
        run.log({"loss": 1})


@pytest.mark.parametrize("data", [["no", "mapping"], {1: 2.0}])
def test_log_takes_mappings_of_texts_only(data: object) -> None:
    run = wandb.init(project="p")
    with pytest.raises(TypeError, match=r"log\(\) takes"):
        run.log(data)  # type: ignore[arg-type]


def test_a_row_for_an_earlier_step_is_kept_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    run = wandb.init(project="p")
    run.log({"a": 1}, step=5)
    run.log({"a": 2}, step=3)
    run.log({"a": 3}, step=2)
    assert run.step == 5
    run.finish()
    assert metrics(run.op)["a"] == {2: 3.0, 3: 2.0, 5: 1.0}
    assert caplog.text.count("is kept (wandb drops such rows)") == 1


def test_an_exit_code_other_than_zero_fails_the_run() -> None:
    run = wandb.init(project="p")
    run.finish(exit_code=2)
    assert known(run.op)["status"] == "FAILED"
    assert known(run.op)["status_metadata"] == {"type": "SystemExit", "code": 2}


def test_a_run_that_is_resumed_goes_on_with_its_steps_and_config() -> None:
    first = wandb.init(project="p", config={"lr": 1})
    for _ in range(3):
        first.log({"loss": 1.0})
    first.finish()
    second = wandb.init(project="p", id=first.id, resume="must", config={"more": 2})
    assert second.resumed
    assert (second.step, second.starting_step) == (3, 3)
    assert dict(second.config) == {"lr": 1, "more": 2}
    second.log({"loss": 0.5})
    second.finish()
    assert metrics(second.op)["loss"] == {0: 1.0, 1: 1.0, 2: 1.0, 3: 0.5}


def test_must_needs_a_run_and_never_none() -> None:
    with pytest.raises(wandb.UsageError, match="there is no run 'absent' to resume"):
        wandb.init(project="p", id="absent", resume="must")
    assert run_directories("p") == []
    assert wandb.run is None
    wandb.init(project="p", id="here", resume="never").finish()
    with pytest.raises(wandb.UsageError, match="the run 'here' exists, and resume='never'"):
        wandb.init(project="p", id="here", resume="never")
    with pytest.raises(wandb.UsageError, match="needs id="):
        wandb.init(project="p", resume="must")


def test_auto_resumes_a_run_that_did_not_come_to_its_end() -> None:
    broken = wandb.init(project="p", resume="auto")
    broken.log({"loss": 1.0})
    broken.finish(exit_code=1)
    again = wandb.init(project="p", resume="auto")
    assert again.id == broken.id
    assert again.step == 1
    again.finish()
    fresh = wandb.init(project="p", resume="auto")
    assert fresh.id != broken.id


def test_an_id_that_is_in_use_goes_on_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    wandb.init(project="p", id="same").finish()
    wandb.init(project="p", id="same").finish()
    assert "the run 'same' exists and goes on; wandb would begin it anew" in caplog.text
    assert len(run_directories("p")) == 1


@pytest.mark.parametrize("run_id", ["42", "AB-7"])
def test_an_id_that_pluto_would_take_for_a_number_of_a_server_stays_an_id(run_id: str) -> None:
    first = wandb.init(project="p", id=run_id)
    assert first.id == run_id
    first.log({"a": 1})
    first.finish()
    assert wandb.init(project="p", id=run_id, resume="must").step == 1


def test_a_disabled_run_takes_everything_and_keeps_nothing(tmp_path: Path) -> None:
    run = wandb.init(project="p", mode="disabled", config={"a": 1})
    run.log({"loss": 1.0, "picture": wandb.Image(np.zeros((4, 4)))})
    (Path(run.dir) / "model.bin").write_bytes(b"x")
    run.log_artifact(wandb.Artifact("a", "b"))
    run.summary["best"] = 1
    assert run.config.a == 1
    assert run.disabled
    run.finish()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("variable", ["WANDB_MODE=disabled", "WANDB_DISABLED=true"])
def test_the_environment_disables_runs(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(*variable.split("="))
    assert wandb.init(project="p").disabled


def test_arguments_come_before_settings_and_those_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WANDB_PROJECT", "third")
    monkeypatch.setenv("WANDB_NAME", "environment")
    settings = wandb.Settings(project="second", run_name="settings", run_group="g", console="off")
    run = wandb.init(project="first", settings=settings)
    assert (run.project, run.name, run.group) == ("first", "settings", "g")
    assert run.op.settings.disable_console


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "sideways"}, "mode= takes online"),
        ({"resume": "perhaps"}, "resume= takes allow"),
        ({"fork_from": "abc"}, "fork_from= takes"),
        ({"config_exclude_keys": ["a"], "config_include_keys": ["b"]}, "not both"),
    ],
)
def test_an_argument_that_cannot_work_is_refused(
    arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(wandb.UsageError, match=message):
        wandb.init(**arguments)  # type: ignore[arg-type]


def test_a_run_goes_on_behind_the_step_that_it_is_resumed_from() -> None:
    with wandb.init(project="p", id="abc") as run:
        for step in range(6):
            run.log({"loss": step})
    with wandb.init(project="p", resume_from="abc?_step=3") as again:
        assert (again.id, again.step) == ("abc", 4)
        again.log({"loss": 40})
    loss = pluto.query.get_metrics("p", str(again.op.name), ["loss"])

    assert list(zip(loss["step"], loss["value"], strict=True)) == [
        *((n, n) for n in range(4)),
        (4, 40),
    ]
    with pytest.raises(wandb.UsageError, match="no run 'other' to resume"):
        wandb.init(project="p", resume_from="other?_step=3")


def test_config_values_change_only_if_that_is_meant() -> None:
    run = wandb.init(project="p", config=argparse.Namespace(lr=0.1, sizes=(1, 2)))
    with pytest.raises(wandb.errors.ConfigError, match=r"would become 0\.2"):
        run.config.lr = 0.2
    run.config.update({"lr": 0.2}, allow_val_change=True)
    run.config.setdefaults({"lr": 9, "new": 1})
    assert run.config.get("missing", 7) == 7
    assert run.config.as_dict() == {"lr": 0.2, "sizes": [1, 2], "new": 1}
    with pytest.raises(AttributeError, match="no value 'missing'"):
        _ = run.config.missing
    run.finish()
    assert known(run.op)["config"] == {"lr": 0.2, "sizes": [1, 2], "new": 1}


def test_without_what_it_needs_a_call_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.yaml").write_text("lr: 1")
    for name in ("yaml", "wandb", "pandas"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"not installed: pip install pandas"):
        wandb.Table(["a"], [[1]]).get_dataframe()
    with pytest.raises(ImportError, match=r"PyYAML, which reads own\.yaml, is missing"):
        wandb.init(project="p", config="own.yaml")
    with pytest.raises(ImportError, match=r"not installed: pip install .pluto-ml\[wandb\]"):
        wandb.patch()


def test_config_files_are_read(tmp_path: Path) -> None:
    pytest.importorskip("yaml", reason="PyYAML is not installed: pip install pyyaml")
    (tmp_path / "config-defaults.yaml").write_text("lr: {value: 1, desc: rate}\nepochs: 2\n")
    (tmp_path / "own.yaml").write_text("wandb_version: 1\nlr:\n  value: 3\n")
    run = wandb.init(project="p", config="own.yaml")
    assert dict(run.config) == {"lr": 3, "epochs": 2}
    with pytest.raises(wandb.errors.ConfigError, match="there is no config file"):
        wandb.init(config="absent.yaml", reinit=True)


def test_the_summary_is_read_and_set_at_any_depth() -> None:
    run = wandb.init(project="p")
    run.log({"loss": 1.0})
    run.summary["test"] = {"acc": 0.5}
    run.summary["test"]["f1"] = 0.25
    run.summary.best = 3
    assert run.summary["test"]["acc"] == 0.5
    assert "loss" in run.summary
    run.summary["loss"] = 0.125
    run.log({"loss": 2.0})
    del run.summary["best"]
    assert run.summary.get("loss") == 2.0
    run.finish()
    assert known(run.op)["summary"] == {"test": {"acc": 0.5, "f1": 0.25}}


def test_the_best_value_follows_its_goal() -> None:
    run = wandb.init(project="p")
    run.define_metric("acc", summary="best", goal="maximize")
    run.define_metric("loss*", summary="best,min")
    run.define_metric("ignored", summary="none")
    for value in (np.float32(1.0), 3.0, np.array(2.0)):
        run.log({"acc": value, "loss/a": value, "ignored": value})
    assert run.summary["acc"]["best"] == 3.0
    assert "ignored" not in run.summary
    run.finish()
    assert known(run.op)["summary"] == {"acc": {"best": 3.0}, "loss/a": {"best": 1.0, "min": 1.0}}


@pytest.mark.parametrize("arguments", [("",), ("a*b",), ("a", None, None, None, "most")])
def test_define_metric_refuses_what_it_does_not_know(arguments: tuple[str, ...]) -> None:
    run = wandb.init(project="p")
    with pytest.raises(wandb.Error, match="define_metric"):
        run.define_metric(*arguments)  # type: ignore[arg-type]


def test_an_alert_of_one_title_waits_for_the_next() -> None:
    run = wandb.init(project="p")
    run.alert("hot", "first")
    run.alert("hot", "second")
    run.alert("cold", "third", wait_duration=0)
    run.alert("cold", "fourth", wait_duration=0)
    with pytest.raises(ValueError, match="level= takes"):
        run.alert("hot", "no", level="LOUD")
    run.finish()
    assert [alert["body"] for alert in facts(run.op, "alert")] == ["first", "third", "fourth"]


def test_what_is_not_offered_names_what_to_use() -> None:
    with pytest.raises(wandb.Error, match=r"log pluto.File\('x.pdb'"):
        wandb.Molecule("x.pdb")
    with pytest.raises(AttributeError, match="has no 'keras': log from a callback"):
        _ = wandb.keras


def test_code_is_kept_on_request(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("print()")
    (tmp_path / "src" / ".hidden").mkdir()
    (tmp_path / "src" / ".hidden" / "secret.py").write_text("x")
    (tmp_path / "src" / "notes.txt").write_text("x")
    run = wandb.init(project="p")
    artifact = run.log_code("src")
    assert artifact is not None
    assert list(artifact.files_by_name) == ["train.py"]
    assert (
        run.log_code("src", include_fn=lambda path, root: path.startswith(f"{root}/none")) is None
    )


def test_nothing_is_sent_to_a_key_or_a_host_of_wandb() -> None:
    assert wandb.login(key="x" * 40, host="https://example.com") is True
    wandb.setup()
    wandb.require("core")
    assert len(wandb.util.generate_id()) == 8


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("", "COMPLETED"),
        ("raise ValueError('no')", "FAILED"),
        ("import sys; sys.exit(3)", "FAILED"),
        ("import os, time; os.kill(os.getpid(), 15); time.sleep(60)", "TERMINATED"),
    ],
)
def test_a_run_that_nobody_finishes_is_whole(ending: str, status: str, tmp_path: Path) -> None:
    code = f"""
import pluto.compat.wandb as wandb
run = wandb.init(project="p")
run.define_metric("loss", summary="min")
for loss in (2.0, 1.0, 3.0):
    wandb.log({{"loss": loss}})
with open(run.dir + "/report.txt", "w") as report:
    report.write("done")
{ending}
"""
    run_code(code, tmp_path, fails=bool(ending))
    (found,) = runs_of(tmp_path)
    assert known(found)["status"] == status
    assert known(found)["summary"] == {"loss": {"min": 1.0}}
    assert files(found, "save/report.txt")[0]["fileSize"] == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_logs_to_the_run_and_does_not_end_it(tmp_path: Path) -> None:
    code = """
import os
import pluto.compat.wandb as wandb
run = wandb.init(project="p")
run.log({"parent": 1.0})
if os.fork() == 0:
    wandb.log({"child": 2.0}, step=5)
    run.finish()
    os._exit(0)
os.wait()
run.log({"parent": 3.0})
run.finish()
"""
    run_code(code, tmp_path)
    (found,) = runs_of(tmp_path)
    assert metrics(found) == {"parent": {0: 1.0, 1: 3.0}, "child": {5: 2.0}}
    assert known(found)["status"] == "COMPLETED"


def test_pluto_s_own_functions_see_the_same_run() -> None:
    run = wandb.init(project="p")
    pluto.log({"own": 1.0}, step=7)
    run.finish()
    assert metrics(run.op) == {"own": {7: 1.0}}
