"""A run as scripts use it: statuses, threads, forks, two at once, names, receipts."""

import logging
import multiprocessing
import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pluto
from pluto.errors import RunExistsError, UsageError
from pluto.storage import Kind, RunReader

QUIET = {"disable_system_metrics": True, "disable_console": True}


def begin(directory: Path, **options: Any) -> pluto.Op:
    return pluto.init(dir=directory, settings=QUIET, **options)


def read(run: pluto.Op) -> RunReader:
    return RunReader(Path(run.dir))


def facts(run: pluto.Op) -> dict[str, Any]:
    reader = read(run)
    known = reader.facts()
    reader.close()
    return known


def test_what_is_logged_is_on_disk_after_finish_and_the_receipt_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin(tmp_path, project="p", name="n", config={"lr": 0.1}, tags="a")
    for step in range(100):
        pluto.log({"loss": step / 2})
    receipt = pluto.finish()
    assert receipt is not None
    assert (receipt.logged, receipt.lost, receipt.local) == (100, 0, True)
    assert "100 rows logged" in capsys.readouterr().out
    reader = read(run)
    assert reader.points("loss").steps.tolist() == list(range(1, 101))
    assert reader.points("loss").values.tolist() == [step / 2 for step in range(100)]
    known = reader.facts()
    assert (known["name"], known["project"], known["config"]) == ("n", "p", {"lr": 0.1})
    assert (known["tags"], known["status"]) == (["a"], "COMPLETED")
    reader.close()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (None, "COMPLETED"),
        (0, "COMPLETED"),
        (1, "FAILED"),
        (3, "FAILED"),
        (15, "TERMINATED"),
        ("completed", "COMPLETED"),
        ("no status", "FAILED"),
    ],
)
def test_any_exit_code_gives_a_status(tmp_path: Path, code: int | str | None, status: str) -> None:
    run = begin(tmp_path)
    run.finish(code)
    assert facts(run)["status"] == status
    assert isinstance(run.settings._op_status, int)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("loss is NaN"), "FAILED"),
        (KeyboardInterrupt(), "TERMINATED"),
        (SystemExit(0), "COMPLETED"),
        (SystemExit(3), "FAILED"),
    ],
)
def test_a_with_block_ends_with_the_status_of_what_left_it(
    tmp_path: Path, error: BaseException, status: str
) -> None:
    run = begin(tmp_path)
    with pytest.raises(type(error)), run:
        raise error
    known = facts(run)
    assert known["status"] == status
    if isinstance(error, ValueError):
        assert "loss is NaN" in known["status_metadata"]["message"]


def test_finish_works_once_and_later_calls_return_the_same_receipt(tmp_path: Path) -> None:
    run = begin(tmp_path)
    first = run.finish()
    assert run.finish(1) is first
    assert facts(run)["status"] == "COMPLETED"


def test_bug_12_logging_after_finish_is_said_once_and_goes_to_no_other_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    older, newer = begin(tmp_path), begin(tmp_path)
    newer.finish()
    pluto.log({"x": 1})
    older.finish()
    with caplog.at_level(logging.WARNING, "pluto"):
        pluto.log({"x": 2})
        pluto.log({"x": 3})
    assert len([each for each in caplog.records if "after finish" in each.message]) == 1
    reader = read(older)
    assert reader.points("x").values.tolist() == [1.0]
    reader.close()


def test_pluto_log_without_a_run_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pluto.state._last_ended", None)
    with pytest.raises(UsageError, match=r"call pluto\.init\(\) first"):
        pluto.log({"x": 1})


def test_bug_3_steps_of_any_integer_type_and_order_are_kept(tmp_path: Path) -> None:
    run = begin(tmp_path)
    for step in (np.int64(5), np.uint8(3), 4.0, "7", 3):
        run.log({"x": float(step)}, step=step)
    run.log({"x": -1.0})
    run.finish()
    reader = read(run)
    assert reader.points("x", raw=True).steps.tolist() == [5, 3, 4, 7, 3, 4]
    reader.close()


def test_bug_5_bools_nested_values_and_non_finite_numbers_are_stored(tmp_path: Path) -> None:
    run = begin(tmp_path)
    run.log({"a": {"b": {"c": 1}}, "ok": True, "nan": float("nan"), "inf": float("-inf")})
    run.finish()
    reader = read(run)
    values = {each.name: each.last or 0.0 for each in reader.names()}
    assert values["a/b/c"] == 1.0
    assert values["ok"] == 1.0
    assert np.isnan(values["nan"])
    assert values["inf"] == -np.inf
    reader.close()


@pytest.mark.parametrize("name", ["../../etc", "a/b", "日本語 run", "x" * 300, "..", "CON"])
def test_bug_20_any_name_is_safe_on_disk_and_read_back_as_given(tmp_path: Path, name: str) -> None:
    run = begin(tmp_path / "here", project=name, name=name)
    run.log({name: 1.0})
    run.finish()
    known = facts(run)
    assert (known["name"], known["project"]) == (name, name)
    reader = read(run)
    assert [each.name for each in reader.names()] == [name]
    reader.close()
    assert (tmp_path / "here" / ".pluto").resolve() in Path(run.dir).resolve().parents


def test_threads_log_at_the_same_time_and_lose_nothing(tmp_path: Path) -> None:
    run = begin(tmp_path)

    def work(number: int) -> None:
        for step in range(2000):
            run.log({f"thread{number}": step}, step=step)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.finish()
    reader = read(run)
    for number in range(4):
        assert np.array_equal(reader.points(f"thread{number}").steps, np.arange(2000))
    reader.close()


def test_bug_16_a_forked_child_logs_into_the_run_and_does_not_end_it(tmp_path: Path) -> None:
    run = begin(tmp_path)
    run.log({"parent": 1.0})
    children = []
    for number in range(3):
        child = os.fork()
        if child == 0:
            run.log({f"child{number}": 1.0})
            run.finish()
            os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    run.log({"parent": 2.0})
    run.finish()
    reader = read(run)
    assert sorted(each.name for each in reader.names()) == ["child0", "child1", "child2", "parent"]
    assert reader.points("parent").values.tolist() == [1.0, 2.0]
    assert reader.facts()["status"] == "COMPLETED"
    reader.close()
    assert list((Path(run.dir) / "journal").iterdir()) == []


def test_a_fork_while_another_thread_logs_neither_deadlocks_nor_corrupts(tmp_path: Path) -> None:
    run = begin(tmp_path)
    stop = threading.Event()

    def work() -> None:
        step = 0
        while not stop.is_set():
            step += 1
            run.log({"busy": step}, step=step)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for number in range(20):
            process = multiprocessing.get_context("fork").Process(
                target=run.log, args=({f"child{number}": 1.0},)
            )
            process.start()
            process.join(30)
            assert process.exitcode == 0
    finally:
        stop.set()
        thread.join()
    run.finish()
    reader = read(run)
    busy = reader.points("busy", raw=True).steps
    assert np.array_equal(busy, np.arange(1, len(busy) + 1))
    assert all(reader.name(f"child{number}") is not None for number in range(20))
    reader.close()


def test_tags_and_config_change_while_the_run_goes_on(tmp_path: Path) -> None:
    run = begin(tmp_path, tags=["a"], config={"opt": {"lr": 0.1, "name": "adam"}})
    run.add_tags(["b", "a"])
    run.remove_tags("a")
    run.remove_tags("never there")
    run.update_config({"opt": {"lr": 0.2}, "odd": object})
    run.finish()
    known = facts(run)
    assert known["tags"] == run.tags == ["b"]
    assert known["config"]["opt"] == {"lr": 0.2, "name": "adam"}
    assert known["config"]["odd"] == "<class 'object'>"


def test_secrets_in_the_config_are_masked_on_disk_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin(tmp_path, config={"api_key": "sk-aaaaaaaaaaaaaaaaaaaaaaaa", "lr": 0.1})
    assert run.config == {"api_key": "sk-aaaaaaaaaaaaaaaaaaaaaaaa", "lr": 0.1}
    run.finish()
    assert facts(run)["config"] == {"api_key": "***REDACTED***", "lr": 0.1}
    assert "masked 1 value that looks like a key or password" in capsys.readouterr().out
    for path in Path(run.dir).rglob("*"):
        assert not path.is_file() or b"sk-aaaaaaaa" not in path.read_bytes()


def test_bug_10_noop_takes_everything_and_writes_nothing(tmp_path: Path) -> None:
    run = pluto.init(dir=tmp_path, mode="noop", config={"a": 1}, tags="t")
    run.log({"x": 1, "img": pluto.Image(np.zeros((4, 4, 3), np.uint8))})
    run.add_tags("u")
    run.update_config({"b": 2})
    run.alert("nobody hears this")
    assert run.finish() is None
    assert (run.id, run.url, run.tags, run.config) == (None, None, ["t", "u"], {"a": 1, "b": 2})
    assert list(tmp_path.iterdir()) == []


def test_media_and_data_are_encoded_from_the_bytes_of_the_call(tmp_path: Path) -> None:
    run = begin(tmp_path)
    pixels = np.zeros((4, 4, 3), np.uint8)
    run.log({"img": pluto.Image(pixels), "hist": pluto.Histogram([1, 2]), "note": "warm"}, step=3)
    pixels[:] = 255
    run.finish()
    reader = read(run)
    (image,) = reader.records(Kind.FILE)
    assert (image.name, image.type, image.step) == ("img", "IMAGE", 3)
    assert sorted(each.type for each in reader.records(Kind.DATA)) == ["HISTOGRAM", "string-series"]
    assert {each.name: each.type for each in reader.names()} == {
        "note": "DATA",
        "hist": "HISTOGRAM",
        "img": "IMAGE",
    }
    reader.close()
    from PIL import Image

    (blob,) = (path for path in (Path(run.dir) / "files").rglob("*") if path.is_file())
    with Image.open(blob) as stored:
        assert stored.getextrema() == ((0, 0), (0, 0), (0, 0))


def test_one_warning_for_what_cannot_be_stored_and_its_siblings_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = begin(tmp_path)
    with caplog.at_level(logging.WARNING, "pluto"):
        for _ in range(10):
            run.log({"bad": object(), "good": 1.0})
            run.log([1, 2])  # type: ignore[arg-type]
    run.finish()
    assert len([each for each in caplog.records if "bad was not stored" in each.message]) == 1
    assert len([each for each in caplog.records if "takes a mapping" in each.message]) == 1
    reader = read(run)
    assert len(reader.points("good").steps) == 10
    reader.close()


def test_an_external_id_that_is_taken_needs_resume(tmp_path: Path) -> None:
    begin(tmp_path, run_id="exp").finish()
    with pytest.raises(RunExistsError, match="resume=True"):
        begin(tmp_path, run_id="exp")
    again = begin(tmp_path, run_id="exp", resume=True)
    assert again.resumed
    again.finish()


def test_the_history_of_a_resumed_run_says_when_and_from_what_it_went_on(tmp_path: Path) -> None:
    begin(tmp_path, run_id="exp").finish(code=1)
    between = time.time_ns() // 1_000_000
    again = begin(tmp_path, run_id="exp", resume=True)
    again.finish()
    history = facts(again)["status_history"]
    assert [(event["from"], event["to"]) for event in history] == [
        (None, "RUNNING"),
        ("RUNNING", "FAILED"),
        ("FAILED", "RUNNING"),
        ("RUNNING", "COMPLETED"),
    ]
    times = [event["createdAt"] for event in history]
    assert times == sorted(times)
    assert times[1] <= between <= times[2]


def test_an_offline_run_remembers_the_server_that_it_is_for(tmp_path: Path) -> None:
    server = "http://127.0.0.1:9"
    offline = begin(tmp_path, mode="offline", url=server)
    local = begin(tmp_path, mode="local", url=server)
    offline.finish()
    local.finish()
    assert facts(offline)["destination"]["api"] == server
    assert facts(local)["destination"] is None
