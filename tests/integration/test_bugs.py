"""Known faults of the earlier client, one test each: here the right thing happens, locally."""

import io
import json
import logging
import os
import subprocess
import sys
import textwrap
import time
from contextlib import redirect_stdout
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

import pluto
from pluto.storage import Kind, RunReader
from pluto.sync import run_directories

QUIET = {"disable_system_metrics": True, "disable_console": True}


def begin(directory: Path, **options: Any) -> pluto.Op:
    return pluto.init(dir=directory, settings=QUIET, **options)


def facts(run: pluto.Op) -> dict[str, Any]:
    reader = RunReader(Path(run.dir))
    known = reader.facts()
    reader.close()
    return known


def series(run: pluto.Op, name: str) -> tuple[list[int], list[float]]:
    reader = RunReader(Path(run.dir))
    points = reader.points(name, raw=True)
    reader.close()
    return points.steps.tolist(), points.values.tolist()


def run_script(code: str, *options: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_bug_2_a_config_of_any_objects_begins_a_run(tmp_path: Path) -> None:
    config = {"odd": object(), "path": Path("x"), "call": print, ("a", 1): {2, 3}}
    run = begin(tmp_path, config=config)
    run.finish()
    known = facts(run)["config"]
    assert known["path"] == "x"
    assert known["odd"].startswith("<object object")
    assert known["('a', 1)"] == [2, 3]


def test_bug_4_no_value_and_no_step_stops_the_training(tmp_path: Path) -> None:
    values = [1 + 2j, np.complex128(1j), 10**400, object(), b"x", {1, 2}, None]
    steps = [None, 2**70, -1, 1.5, "x", object()]
    run = begin(tmp_path)
    for value in values:
        for step in steps:
            run.log({"odd": value, "good": 1.0}, step=step)
    run.finish()
    assert series(run, "good")[1] == [1.0] * len(values) * len(steps)
    assert series(run, "odd")[1] == [np.inf] * len(steps)  # 10**400, as float() has no such number


def test_bug_7_a_config_that_cannot_be_told_changes_nothing_or_everything(tmp_path: Path) -> None:
    run = begin(tmp_path)
    run.update_config({"odd": object, "lr": 0.1})
    run.update_config(None)
    run.finish()
    assert run.config == facts(run)["config"] == {"odd": "<class 'object'>", "lr": 0.1}


def test_bug_8_a_name_that_servers_refuse_is_changed_and_spoils_no_other(tmp_path: Path) -> None:
    run = begin(tmp_path)
    odd: Any = {"": 1.0, " ": 2.0, "a\x00b": 3.0, "\ud800": 4.0, 7: 5.0, "ok": 6.0}
    run.log(odd)
    run.finish()
    assert series(run, "ok")[1] == [6.0]
    assert series(run, "a-b")[1] == [3.0]
    assert series(run, "7")[1] == [5.0]


def test_bug_9_an_offline_run_keeps_everything_and_nothing_becomes_zero(tmp_path: Path) -> None:
    settings = {"sync_process_enabled": False, "disable_system_metrics": True}
    run = pluto.init(dir=tmp_path, settings=settings)
    print("printed while offline")
    run.log({"nan": float("nan"), "text": "warm", "image": pluto.Image(np.zeros((4, 4)))})
    run.finish()
    reader = RunReader(Path(run.dir))
    assert np.isnan(reader.points("nan").values).tolist() == [True]
    assert [each.body for each in reader.records(Kind.CONSOLE)] == [b"printed while offline"]
    assert (reader.count(Kind.DATA), reader.count(Kind.FILE)) == (1, 1)
    reader.close()


def test_bug_11_a_run_that_could_not_begin_is_not_there(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the directory should be")
    with pytest.raises(pluto.errors.StorageError, match="PLUTO_DIR"):
        begin(blocked)
    assert not pluto.ops
    assert list(run_directories(tmp_path)) == []


def test_bug_17_a_large_config_begins_a_run_and_starts_no_process(tmp_path: Path) -> None:
    before = {each.pid for each in psutil.Process().children()}
    run = begin(tmp_path, config={"words": ["word"] * 100_000})
    run.log({"loss": 1.0})
    assert {each.pid for each in psutil.Process().children()} <= before
    run.finish()
    assert len(facts(run)["config"]["words"]) == 100_000


def test_bug_19_settings_and_config_of_the_caller_are_left_as_they_were(tmp_path: Path) -> None:
    settings, config = {**QUIET, "dir": str(tmp_path)}, {"a": {"b": 1}}
    run = pluto.init(settings=settings, config=config)
    run.update_config({"a": {"c": 2}})
    run.finish()
    assert settings == {**QUIET, "dir": str(tmp_path)}
    assert config == {"a": {"b": 1}}


def test_bug_22_streams_and_handlers_of_the_program_are_left_alone(tmp_path: Path) -> None:
    mine = logging.StreamHandler(io.StringIO())
    names = ("pluto", "console")
    for name in names:
        logging.getLogger(name).addHandler(mine)
    try:
        with redirect_stdout(io.StringIO()) as caught:
            run = pluto.init(dir=tmp_path, settings={"disable_system_metrics": True})
            print("inside")
            run.finish()
            print("behind the end")
            assert sys.stdout is caught
        assert "inside\n" in caught.getvalue()
        assert "behind the end\n" in caught.getvalue()
        assert all(mine in logging.getLogger(name).handlers for name in names)
    finally:
        for name in names:
            logging.getLogger(name).removeHandler(mine)


@pytest.mark.parametrize("output", ["none", "closed", "full", "broken", "ascii"])
def test_bug_22_a_stdout_that_takes_nothing_stops_no_run(output: str, tmp_path: Path) -> None:
    code = """
        import os, sys
        if sys.argv[1] == "none":
            sys.stdout = sys.stderr = None
        if sys.argv[1] == "broken":
            read, write = os.pipe()
            os.close(read)
            os.dup2(write, 1)
        import pluto
        run = pluto.init(name="élan", settings={"disable_system_metrics": True})
        run.log({"loss": 1.0})
        assert run.finish().logged == 1
        os._exit(0)  # the interpreter would complain of the broken pipe itself
    """
    redirected = {"closed": ">&- 2>&-", "full": ">/dev/full"}.get(output, "")
    done = subprocess.run(
        [
            "sh",
            "-c",
            f'"$0" -c "$1" "$2" {redirected}',
            sys.executable,
            textwrap.dedent(code),
            output,
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert (r"run \xe9lan is kept" in done.stdout) == (output == "ascii")
    (directory,) = run_directories(tmp_path)
    reader = RunReader(directory)
    assert reader.facts()["status"] == "COMPLETED"
    reader.close()


def test_bug_24_an_alert_returns_at_once_and_takes_the_usual_names_of_levels(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = begin(tmp_path)
    began = time.monotonic()
    run.alert("the loss is NaN", level="WARN", wait=60, url="https://example.com/run")
    run.alert(text="an alias", wait_duration=timedelta(minutes=1), level=logging.WARNING)
    pluto.alert("positional", "with a title", "error", "soon")  # type: ignore[arg-type]
    assert time.monotonic() - began < 30  # it does not wait on the training thread
    run.finish()
    assert [each.levelname for each in caplog.records if "the loss is NaN" in each.message] == [
        "WARNING"
    ]
    reader = RunReader(Path(run.dir))
    bodies = [each.body for each in reader.records(Kind.FACT, "alert")]
    reader.close()
    alerts = [json.loads(body) for body in bodies]
    assert [(each["body"], each["title"], each["level"]) for each in alerts] == [
        ("the loss is NaN", "pluto", "WARNING"),
        ("an alias", "pluto", "WARNING"),
        ("positional", "with a title", "ERROR"),
    ]
    assert "wait='soon' of an alert is no number of seconds: it is sent at once" in caplog.messages
    caplog.clear()
    run.alert("too late")
    assert "the run has ended: its alerts are sent nowhere" in caplog.messages


def test_bug_35_a_run_begins_without_importing_frameworks_or_media(tmp_path: Path) -> None:
    printed = run_script(
        f"""
        import sys
        import pluto
        run = pluto.init(dir={str(tmp_path)!r})
        run.log({{"loss": 1.0}})
        run.finish()
        print(sorted({{"torch", "PIL", "httpx", "matplotlib", "pandas"}} & set(sys.modules)))
        """
    )
    assert printed.splitlines()[-1] == "[]"


def test_bug_36_an_interpreter_of_the_environment_starts_without_us() -> None:
    heavy = "{'pluto', 'numpy', 'httpx', 'PIL', 'keyring'}"
    assert run_script(f"import sys; print(sorted({heavy} & set(sys.modules)))") == "[]\n"


def test_bug_37_a_call_of_log_reads_and_writes_no_file(tmp_path: Path) -> None:
    counters = Path("/proc/thread-self/io")
    if not counters.exists():
        pytest.skip("this kernel does not count the reads and writes of a thread")

    def reads_and_writes() -> list[int]:
        lines = counters.read_text().splitlines()
        return [int(line.split()[1]) for line in lines if line.startswith("sysc")]

    run = begin(tmp_path)
    run.log({"loss": 1.0, "accuracy": 0.5}, step=0)
    itself = np.subtract(reads_and_writes(), reads_and_writes())
    before = reads_and_writes()
    for step in range(1, 10_000):
        run.log({"loss": 1.0, "accuracy": 0.5}, step=step)
    assert (np.subtract(before, reads_and_writes()) == itself).all()
    run.finish()
    assert series(run, "loss")[0] == list(range(10_000))


def test_bug_41_a_run_id_that_is_given_goes_before_that_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUTO_RUN_ID", "shared")
    run = begin(tmp_path, run_id="own")
    assert (run.run_id, run.settings._external_id_from_env) == ("own", False)
    run.finish()
    assert facts(run)["resume"] is False


def test_bug_47_a_local_run_opens_no_connection(tmp_path: Path) -> None:
    printed = run_script(
        f"""
        import sys
        seen = []
        sys.addaudithook(lambda event, details: event == "socket.connect" and seen.append(details))
        import pluto
        with pluto.init(dir={str(tmp_path)!r}) as run:
            run.log({{"loss": 1.0, "text": "warm"}})
            run.alert("hello")
        print(seen)
        """
    )
    assert printed.splitlines()[-1] == "[]"


def test_a_run_that_goes_on_keeps_its_name_its_config_and_its_steps(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = begin(tmp_path, name="one", run_id="exp", config={"opt": {"lr": 1, "name": "sgd"}})
    first.log({"loss": 1.0}, step=5)
    first.finish()
    second = begin(tmp_path, name="two", run_id="exp", resume=True, config={"opt": {"lr": 2}})
    assert (second.resumed, second.name, second.dir) == (True, "one", first.dir)
    assert "keeps its name 'one'" in caplog.text
    second.log({"loss": 2.0})
    second.finish()
    assert facts(second)["config"] == second.config == {"opt": {"lr": 2, "name": "sgd"}}
    assert series(second, "loss") == ([5, 6], [1.0, 2.0])
