"""`POST /api/ui/series`: the frames of the dashboard's charts."""

import json
import struct
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pluto.server.rows import RunRow
from pluto.storage import Batch, MetricGroup
from tests.integration.server_read.harness import ReadServer

PATH = "/api/ui/series"
START = 1_767_225_600_000


def decode(response: httpx.Response) -> dict[tuple[int, str], dict[str, Any]]:
    """Return the series of a frame by run and name, read as the layout says."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/octet-stream"
    body = response.content
    (length,) = struct.unpack_from("<I", body)
    start = 4 + length
    assert start % 8 == 0
    found = {}
    for entry in json.loads(body[4:start])["series"]:
        columns = np.frombuffer(body, "<f8", 5 * entry["n"], start + entry["offset"])
        parts = columns.reshape(5, entry["n"])
        named = dict(zip(("x", "min", "max", "mean", "flags"), parts, strict=True))
        found[entry["run"], entry["name"]] = {**entry, **named}
    return found


def ask(server: ReadServer, *rows: RunRow, **request: Any) -> dict[tuple[int, str], dict[str, Any]]:
    return decode(
        server.post(PATH, {"runs": [row.id for row in rows], "names": ["loss"], **request})
    )


def log_array(server: ReadServer, row: RunRow, values: Any) -> None:
    count = len(values)
    steps = np.arange(count, dtype=np.int64)
    group = MetricGroup(("loss",), steps, START + steps, np.asarray(values, np.float64)[:, None])
    server.write(row, Batch(groups=[group], names={"loss": "METRIC"}))


def test_a_single_point_spike_in_a_million_points_survives(server: ReadServer) -> None:
    row = server.run()
    values = np.random.default_rng(7).normal(size=1_000_000)
    values[654_321] = 1e6
    values[123_456] = -1e6
    log_array(server, row, values)

    (series,) = ask(server, row, buckets=1000).values()

    assert series["downsampled"]
    assert series["n"] <= 1000
    assert series["max"].max() == 1e6
    assert series["min"].min() == -1e6
    spike = series["x"][series["max"].argmax()]
    assert spike <= 654_321 < spike + 1001
    assert np.average(series["mean"]) == pytest.approx(values.mean(), abs=1e-3)


def test_values_are_equal_bit_for_bit_when_nothing_is_thinned(server: ReadServer) -> None:
    row = server.run()
    rng = np.random.default_rng(8)
    values = rng.normal(size=1000) * 10.0 ** rng.integers(-300, 100, 1000)
    values[:3] = -0.0, 5e-324, 0.1 + 0.2
    log_array(server, row, values)

    (series,) = ask(server, row, buckets=1000).values()

    assert not series["downsampled"]
    for column in ("min", "max", "mean"):
        assert series[column].tobytes() == values.tobytes()
    assert series["x"].tolist() == list(range(1000))
    assert not series["flags"].any()


def test_many_runs_and_metrics_come_in_one_answer(server: ReadServer) -> None:
    rows = [server.run(f"run {number}") for number in range(30)]
    for number, row in enumerate(rows):
        server.log(row, {"loss": [float(number)] * 3, "acc": [0.5, 0.6, 0.7]})
    lacking = server.run("without")

    found = ask(server, *rows, lacking, names=["loss", "acc", "unknown"])

    assert len(found) == 60
    assert all(found[row.id, "loss"]["mean"][0] == number for number, row in enumerate(rows))


def test_what_is_not_finite_is_flagged_and_never_drawn_as_a_number(server: ReadServer) -> None:
    row = server.run()
    server.log(row, {"loss": [1.0, float("nan"), float("inf"), float("-inf")]})

    (series,) = ask(server, row).values()

    assert series["flags"].tolist() == [0, 1, 2, 4]
    assert np.isnan(series["mean"]).tolist() == [False, True, True, True]


@pytest.mark.parametrize(
    ("x", "lo", "hi", "expected"),
    [
        ("step", None, None, [10, 20, 30, 40]),
        ("step", 20, 30, [20, 30]),
        ("step", 15.5, None, [20, 30, 40]),
        ("step", -1e300, 1e300, [10, 20, 30, 40]),
        ("time", START + 2000, START + 3000, [START + 2000, START + 3000]),
        ("relative", None, None, [2000, 3000, 4000, 5000]),
        ("relative", 2500, 4500, [3000, 4000]),
    ],
)
def test_x_is_in_steps_in_time_or_in_time_since_the_start(
    server: ReadServer, x: str, lo: float | None, hi: float | None, expected: list[int]
) -> None:
    row = server.run(created_at=START - 1000)
    times = [START + 1000 * number for number in range(1, 5)]
    server.log(row, {"loss": [4.0, 3.0, 2.0, 1.0]}, steps=[10, 20, 30, 40], times=times)

    (series,) = ask(server, row, x=x, lo=lo, hi=hi).values()

    assert series["x"].tolist() == expected


def test_a_page_that_holds_a_version_gets_only_runs_that_went_on(server: ReadServer) -> None:
    still, live = server.run("still"), server.run("live")
    for row in (still, live):
        server.log(row, {"loss": [1.0, 2.0]})
    held = {str(entry["run"]): entry["version"] for entry in ask(server, still, live).values()}
    server.log(live, {"loss": [3.0]}, steps=[3])

    fresh = ask(server, still, live, since=held, lo=2)

    assert list(fresh) == [(live.id, "loss")]
    assert fresh[live.id, "loss"]["x"].tolist() == [2, 3]
    assert fresh[live.id, "loss"]["version"] > held[str(live.id)]


def test_an_unknown_run_is_left_out(server: ReadServer) -> None:
    row = server.run()
    server.log(row, {"loss": [1.0]})
    response = server.post(PATH, {"runs": [row.id, 999], "names": ["loss"]})
    assert list(decode(response)) == [(row.id, "loss")]
    assert decode(server.post(PATH, {"runs": [], "names": []})) == {}


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"names": []}, ["runs"]),
        ({"runs": "1", "names": []}, ["runs"]),
        ({"runs": [1, "x"], "names": []}, ["runs", 1]),
        ({"runs": [], "names": [], "buckets": 4001}, ["buckets"]),
        ({"runs": [], "names": [], "buckets": 0}, ["buckets"]),
        ({"runs": [], "names": [], "x": "epoch"}, ["x"]),
        ({"runs": [], "names": [], "lo": "left"}, ["lo"]),
    ],
)
def test_a_request_of_the_wrong_form_is_refused_by_name(
    server: ReadServer, body: dict[str, Any], parameter: list[str | int]
) -> None:
    refused = server.post(PATH, body)
    assert refused.status_code == 400
    assert refused.json()["error"]["issues"][0]["path"] == parameter


def test_a_body_that_is_no_json_object_is_refused(server: ReadServer) -> None:
    for body in (b"{", b"[]", b"\xff", b"[" * 100_000):
        refused = server.ask("POST", PATH, content=body)
        assert refused.status_code == 400
        assert refused.json() == {"error": "Malformed JSON in request body"}


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.fixed_dictionaries(
        {"runs": st.lists(st.integers(0, 3)) | ANY, "names": st.lists(st.just("loss")) | ANY},
        optional={
            "x": st.sampled_from(["step", "time", "relative"]) | ANY,
            "lo": ANY,
            "hi": ANY,
            "buckets": st.integers(-1, 5000) | ANY,
            "since": st.dictionaries(st.text(max_size=3), st.integers()) | ANY,
        },
    )
)
def test_no_series_request_is_the_servers_fault(server: ReadServer, body: dict[str, Any]) -> None:
    if not server.catalog.runs():
        server.log(server.run(), {"loss": [1.0, 2.0]})
    assert server.ask("POST", PATH, content=json.dumps(body)).status_code in {200, 400}
