"""`pluto.query` on runs that the SDK recorded: the same answers from disk and from a server."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pluto.query import Client, QueryError
from tests.integration.query_runs import LINES, STEPS
from tests.server_process import RunningServer, running_server


@pytest.fixture(params=["disk", "server"])
def client(
    request: pytest.FixtureRequest, digits: Path, digits_server: RunningServer
) -> Iterator[Client]:
    on_disk = request.param == "disk"
    with Client(dir=digits) if on_disk else Client(digits_server.key, digits_server.url) as client:
        yield client


def names(runs: list[dict[str, Any]]) -> list[str]:
    return [run["name"] for run in runs]


def test_projects_are_listed_with_their_runs(client: Client) -> None:
    projects = {each["name"]: each for each in client.list_projects()}
    assert {name: each["runCount"] for name, each in projects.items()} == {"digits": 3, "other": 1}
    assert set(projects["digits"]) == {"id", "name", "createdAt", "updatedAt", "runCount"}


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({}, ["empty", "large", "small"]),
        ({"search": "MAL"}, ["small"]),
        ({"tags": ["new"]}, ["empty", "large"]),
        ({"limit": 2}, ["empty", "large"]),
        ({"limit": None, "offset": 1}, ["large", "small"]),
        ({"sort": "-name"}, ["small", "large", "empty"]),
        ({"sort": "-config.lr.value"}, ["small", "large", "empty"]),
        ({"filters": {"config.net.depth": 2}}, ["small"]),
        ({"filters": {"state": "failed"}}, ["large"]),
        ({"filters": {"summary_metrics.loss": {"$gt": 0.1}}}, ["large"]),
        ({"filters": {"$not": {"tags": {"$in": ["new"]}}}}, ["small"]),
    ],
    ids=str,
)
def test_runs_are_found_by_conditions(
    client: Client, conditions: dict[str, Any], found: list[str]
) -> None:
    assert names(client.list_runs("digits", **{"sort": "+name", **conditions})) == found


def test_an_unknown_project_has_no_runs(client: Client) -> None:
    assert client.list_runs("nowhere") == []


def test_a_run_is_read_by_number_digits_and_name(client: Client) -> None:
    run = client.get_run("digits", "small")
    assert (run["status"], run["tags"]) == ("COMPLETED", ["old", "small"])
    assert run["config"] == {"lr": 0.1, "net": {"depth": 2}}
    assert [name["logName"] for name in run["logNames"]][:2] == ["loss", "val/acc"]
    assert client.get_run("digits", run["id"]) == run == client.get_run("digits", str(run["id"]))


def test_a_run_on_a_server_is_read_by_display_id(digits_server: RunningServer) -> None:
    with Client(digits_server.key, digits_server.url) as client:
        small = client.get_run("digits", "small")
        assert client.get_run("digits", small["displayId"])["id"] == small["id"]
        assert client.get_metrics("digits", small["displayId"], frame="numpy")["step"].size


@pytest.mark.parametrize("name", ["nobody", "DIG-99", 2**40, "lr-1"])
def test_an_unknown_run_is_an_error_that_says_so(client: Client, name: str | int) -> None:
    with pytest.raises(QueryError, match=r"not found|no run") as caught:
        client.get_run("digits", name)
    assert caught.value.status_code == 404


def test_names_of_metrics_are_listed_for_all_runs_or_some(client: Client) -> None:
    assert client.get_metric_names("digits") == ["loss", "val/acc"]
    assert client.get_metric_names("digits", ["large"]) == ["loss"]
    assert client.get_metric_names("digits", search="acc") == ["val/acc"]


def test_every_point_comes_back_with_its_value(client: Client) -> None:
    table = client.get_metrics("digits", "small", frame="numpy")
    loss, accuracy = table["metric"] == "loss", table["metric"] == "val/acc"
    assert table["step"][loss].tolist() == list(range(STEPS + 2))
    expected = [*(1 / (step + 1) for step in range(STEPS)), math.nan, -math.inf]
    np.testing.assert_array_equal(table["value"][loss], expected)
    np.testing.assert_array_equal(table["value"][accuracy], np.arange(STEPS) / STEPS)
    assert (np.diff(table["time"][loss]) >= np.timedelta64(0, "ms")).all()


def test_metrics_are_cut_to_steps_and_to_a_number_of_points(client: Client) -> None:
    some = client.get_metrics("digits", "small", "loss", step_min=3, step_max=6, frame="dicts")
    assert [point["step"] for point in some] == [3, 4, 5, 6]
    assert set(some[0]) == {"metric", "step", "value", "time"}
    few = client.get_metrics("digits", "small", ["val/acc"], limit=6, frame="dicts")
    assert [point["step"] for point in few] == [0, 10, 20, 30, 40, 50, 59]
    assert client.get_metrics("digits", "small", ["nothing"], frame="dicts") == []


def test_the_default_table_is_a_data_frame(client: Client) -> None:
    pandas = pytest.importorskip("pandas")
    frame = client.get_metrics("digits", "small", ["loss"])
    assert isinstance(frame, pandas.DataFrame)
    assert frame.loc[frame["step"] == 1, "value"].item() == 0.5


def test_metrics_come_one_by_one_for_runs_larger_than_memory(client: Client) -> None:
    assert [each.name for each in client.get_series("digits", "small")] == ["loss", "val/acc"]


def test_statistics_hold_the_metrics_asked_for_in_that_order(client: Client) -> None:
    all_of_it = client.get_statistics("digits", "small")
    assert {each["logName"] for each in all_of_it["metrics"]} == {"loss", "val/acc"}
    chosen = client.get_statistics("digits", "small", ["val/acc", "loss", "nothing"])["metrics"]
    assert [each["logName"] for each in chosen] == ["val/acc", "loss"]
    assert (chosen[1]["count"], chosen[1]["max"], chosen[0]["last"]["step"]) == (60, 1.0, 59)
    only = client.get_statistics("digits", "small", "loss")
    assert [each["logName"] for each in only["metrics"]] == ["loss"]


def test_runs_are_compared_by_a_metric(client: Client) -> None:
    compared = client.compare_runs("digits", ["small", "large"], "loss")
    finals = {run["runName"]: run["stats"]["final"] for run in compared["runs"]}
    assert finals == {"small": None, "large": 0.2}


def test_a_leaderboard_ranks_runs(client: Client) -> None:
    board = client.leaderboard("digits", "loss", aggregation="MAX", direction="DESC")
    ranked = [(run["rank"], run["runName"], run["value"]) for run in board["runs"]]
    assert (ranked, board["total"]) == ([(1, "large", 2.0), (2, "small", 1.0)], 2)


def test_files_are_listed_and_the_newest_is_downloaded(client: Client, tmp_path: Path) -> None:
    pictures = client.get_files("digits", "small", "picture")
    assert [file["step"] for file in pictures] == [1, 5]
    assert pictures[0]["downloadUrl"] == pictures[0]["url"]

    newest = client.download_file("digits", "small", "picture", tmp_path)
    assert newest == tmp_path / pictures[1]["fileName"]
    older = client.download_file("digits", "small", "picture", tmp_path / "a" / "b.png", step=1)
    assert older.read_bytes().startswith(b"\x89PNG")
    assert older.read_bytes() != newest.read_bytes()
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == sorted(
        ["b.png", newest.name]
    )


def test_a_file_is_found_by_its_own_name_too(client: Client, tmp_path: Path) -> None:
    (story,) = client.get_files("digits", "small", "story")
    path = client.download_file("digits", "small", story["fileName"], tmp_path / "story.txt")
    assert path.read_text() == "once upon a time"


@pytest.mark.parametrize("step", [None, 2])
def test_a_file_that_is_not_there_is_an_error(
    client: Client, tmp_path: Path, step: int | None
) -> None:
    name = "nothing" if step is None else "picture"
    with pytest.raises(QueryError, match="No file found") as caught:
        client.download_file("digits", "small", name, tmp_path, step=step)
    assert caught.value.status_code == 404
    assert list(tmp_path.iterdir()) == []


def test_console_lines_come_in_order_all_or_some(client: Client) -> None:
    lines = client.get_logs("digits", "small")
    assert [line["message"] for line in lines] == [f"line {number}" for number in range(LINES)]
    errors = client.get_logs("digits", "small", "error")
    assert [line["message"] for line in errors] == [f"line {n}" for n in range(4, LINES, 5)]
    page = client.get_logs("digits", "small", limit=3, offset=20)
    assert [line["message"] for line in page] == ["line 20", "line 21", "line 22"]


def test_a_file_is_attached_to_a_run_that_has_ended(client: Client, tmp_path: Path) -> None:
    content = np.random.default_rng(5).bytes(5_000_000)
    (tmp_path / "weights.bin").write_bytes(content)
    name = f"checkpoint of {client._url_api or 'disk'}"
    client.upload_file("digits", "large", name, tmp_path / "weights.bin", step=9, caption="last")

    (file,) = client.get_files("digits", "large", name)
    assert (file["fileName"], file["fileSize"], file["step"]) == ("weights.bin", len(content), 9)
    assert file["caption"] == "last"
    copy = client.download_file("digits", "large", name, tmp_path / "copy")
    assert copy.read_bytes() == content


def test_threads_share_a_client(client: Client) -> None:
    def read(_: int) -> int:
        return int(client.get_metrics("digits", "small", frame="numpy")["step"].size)

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(read, range(40))) == {2 * STEPS + 2}


def test_a_wrong_key_is_refused_with_the_fix(digits_server: RunningServer) -> None:
    with Client("mlps_" + "A" * 24, digits_server.url) as client:
        client._sleep = lambda _: None
        with pytest.raises(QueryError, match="PLUTO_API_KEY") as caught:
            client.list_projects()
    assert caught.value.status_code == 401


def test_a_server_that_restarts_is_waited_for(tmp_path: Path) -> None:
    with ExitStack() as servers:
        with running_server(tmp_path / "data") as first:
            client = servers.enter_context(Client(first.key, first.url))
            assert client.list_projects() == []
            first.kill()
        port = first.url.rpartition(":")[2]
        with pytest.MonkeyPatch.context() as patch:
            waited: list[float] = []

            def start_meanwhile(seconds: float) -> None:
                waited.append(seconds)
                servers.enter_context(running_server(tmp_path / "data", "--port", port))

            patch.setattr(client, "_sleep", start_meanwhile)
            assert client.list_projects() == []
        assert waited == [1.0]
