"""Points per second into the embedded server while dashboards watch, and what they take on disk.

`python benchmarks/server_load.py`: 4 clients send rows of 10 metrics as fast as the server takes
them; 20 readers ask for what is new in 10 charts, over and over, as open pages do. All of it
shares the cores of this machine. Afterwards every run is read back and compared.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from harness.measure import Budget, conclude, machine, medians, parser, percentiles, table
from harness.processes import Case, Subject, run_case, run_if_case
from harness.server import Server, disk_bytes, running_server

WRITERS: Final = 4
READERS: Final = 20
ROWS_A_BODY: Final = 3500  # about the megabyte that our client sends
BODIES: Final = 60  # of each writer
WIDTH: Final = 10
NAMES: Final = tuple(f"train/metric_{number}" for number in range(WIDTH))
LOOK_SECONDS: Final = 1.0  # between two looks of one page
COMPACTION_SECONDS: Final = 120.0
PROJECT: Final = "bench"


def values_of(run: int, rows: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return what a run logs, (rows, WIDTH): 7 columns as of tensors, 3 of full precision."""
    values = np.random.default_rng(run).normal(size=(rows, WIDTH))
    values[:, :7] = values[:, :7].astype(np.float32)
    return values


def bodies(run: int, count: int) -> list[bytes]:
    """Return the request bodies of a writer, encoded before the clock starts."""
    from pluto.storage import MetricGroup, encode_metric_lines

    values = values_of(run, count * ROWS_A_BODY)
    steps = np.arange(len(values))
    times = 1_767_225_600_000 + 20 * steps + np.random.default_rng(run).integers(0, 5, len(steps))
    lines = encode_metric_lines(MetricGroup(NAMES, steps, times, values))
    return [
        b"\n".join(lines[start : start + ROWS_A_BODY])
        for start in range(0, len(lines), ROWS_A_BODY)
    ]


def write(server: Server, run: int, sent: Sequence[bytes], start: threading.Barrier) -> None:
    """Send bodies one after the other, as one client does."""
    connection = server.connection()
    start.wait()
    for number, body in enumerate(sent):
        rows = f"writer-{run}/metrics/{number * ROWS_A_BODY}"
        connection.post(
            "/ingest/metrics", body, X_Run_Id=str(run), X_Project_Name=PROJECT, X_Pluto_Rows=rows
        )
    connection.close()


def create_runs(server: Server) -> list[int]:
    """Create the runs that are written."""
    connection = server.connection()
    answers = [
        connection.post("/api/runs/create", {"runName": f"run {each}", "projectName": PROJECT})
        for each in range(WRITERS)
    ]
    connection.close()
    return [int(json.loads(answer)["runId"]) for answer in answers]


def watch(case: Case) -> dict[str, Any]:
    """In a process of its own: be the readers until standard input closes."""
    server = Server(case["address"], case["key"], process=None)  # type: ignore[arg-type]
    durations: list[int] = []
    over = threading.Event()
    pages = [
        threading.Thread(target=_page, args=(server, case["runs"], number, durations, over))
        for number in range(case["readers"])
    ]
    for page in pages:
        page.start()
    sys.stdin.read()
    over.set()
    for page in pages:
        page.join()
    return {"durations": durations}


def _page(
    server: Server, runs: Sequence[int], number: int, durations: list[int], over: threading.Event
) -> None:
    """Ask for all points of 10 charts of a run once, then again and again for the new ones."""
    connection = server.connection()
    run, last = runs[number % len(runs)], None
    over.wait(LOOK_SECONDS * number / READERS)
    while not over.is_set():
        began = time.perf_counter_ns()
        query = {"runs": [run], "names": NAMES, "lo": last, "buckets": 1000}
        answer = connection.post("/api/ui/series", query)
        durations.append(time.perf_counter_ns() - began)
        last = _last_step(answer) if last is None or len(durations) % 5 else None
        over.wait(LOOK_SECONDS)
    connection.close()


def _last_step(answer: bytes) -> float | None:
    (length,) = struct.unpack_from("<I", answer)
    series = json.loads(answer[4 : 4 + length])["series"]
    if not series or not series[0]["n"]:
        return None
    x = 4 + length + series[0]["offset"] + 8 * (series[0]["n"] - 1)
    return float(struct.unpack_from("<d", answer, x)[0])


def measure(case: Case) -> dict[str, Any]:
    """Load a server with writers and, if `case["readers"]`, with readers."""
    if case["peer"] == "readers":
        return watch(case)
    home = Path(case["directory"]).parent
    data = home / "data"
    with running_server(home, data) as server:
        runs = create_runs(server)
        prepared = [bodies(run, case["bodies"]) for run in runs]
        start = threading.Barrier(WRITERS + 1)
        writers = [
            threading.Thread(target=write, args=(server, run, sent, start))
            for run, sent in zip(runs, prepared, strict=True)
        ]
        for writer in writers:
            writer.start()
        readers, result = _start_readers(home, server, runs, case["readers"])
        used = server.process.cpu_times()
        began = time.perf_counter()
        start.wait()
        for writer in writers:
            writer.join()
        seconds = time.perf_counter() - began
        after = server.process.cpu_times()
        memory = server.process.memory_info().rss
        durations = _stop_readers(readers, result)
        waited = _wait_for_compaction(server, data, runs)
    points = WRITERS * case["bodies"] * ROWS_A_BODY * WIDTH
    looks = percentiles(durations) if durations else {}
    return {
        "points/s": points / seconds,
        "looks": len(durations),
        **{f"look {name} ms": value / 1000 for name, value in looks.items()},
        "server cpu us/point": (after.user + after.system - used.user - used.system) * 1e6 / points,
        "server MB": memory / 1e6,
        "compaction s": waited,
        "bytes/point": disk_bytes(data) / points,
        "stored": _stored_exactly(data, case["bodies"]),
    }


def _start_readers(
    home: Path, server: Server, runs: Sequence[int], count: int
) -> tuple[subprocess.Popen[bytes], Path]:
    result = home / "readers.json"
    case = {
        "peer": "readers",
        "address": server.address,
        "key": server.key,
        "runs": list(runs),
        "readers": count,
        "result": str(result),
    }
    command = [sys.executable, __file__, "--case", json.dumps(case)]
    return subprocess.Popen(command, stdin=subprocess.PIPE), result


def _stop_readers(process: subprocess.Popen[bytes], result: Path) -> list[int]:
    process.communicate()
    durations: list[int] = json.loads(result.read_bytes())["durations"]
    return durations


def _wait_for_compaction(server: Server, data: Path, runs: Sequence[int]) -> float:
    """End the runs and wait until the server has compacted them."""
    from pluto.storage import RunReader

    connection = server.connection()
    for run in runs:
        connection.post("/api/runs/status/update", {"runId": run, "status": "COMPLETED"})
    connection.close()
    began = time.perf_counter()
    for path in data.glob("runs/*/*/run.db"):
        reader = RunReader(path.parent)
        while reader.needs_compaction() and time.perf_counter() - began < COMPACTION_SECONDS:
            time.sleep(0.1)
        reader.close()
    return time.perf_counter() - began


def _stored_exactly(data: Path, count: int) -> bool:
    """Tell whether every run has every value, equal bit for bit."""
    from pluto.storage import RunReader

    for path in data.glob("runs/*/*/run.db"):
        values = values_of(int(path.parent.name), count * ROWS_A_BODY)
        reader = RunReader(path.parent)
        for column, name in enumerate(NAMES):
            points = reader.points(name, raw=True)
            same = points.values.tobytes() == np.ascontiguousarray(values[:, column]).tobytes()
            if not same or not np.array_equal(points.steps, np.arange(len(values))):
                return False
        reader.close()
    return True


def main() -> None:
    """Measure with and without readers, interleaved, and print a table."""
    options = parser(__doc__)
    chosen = options.parse_args()
    before = machine()
    subject = Subject("server", sys.executable)
    case = {"bodies": BODIES // 10 if chosen.quick else BODIES}
    found: dict[str, list[dict[str, Any]]] = {}
    for _ in range(1 if chosen.quick else chosen.repeats):
        for readers in (READERS, 0):
            result = run_case(__file__, subject, {**case, "readers": readers})
            found.setdefault(f"{readers} readers", []).append(result)
    results = [{"case": name, **medians(each), "repeats": each} for name, each in found.items()]
    watched = results[0]
    columns = ("points/s", "server cpu us/point", "server MB", "bytes/point", "compaction s")
    looks = ("looks", "look p50 ms", "look p99 ms", "look max ms")
    table(
        ("", *columns, *looks),
        [
            (each["case"], *(each[name] for name in columns), *(each.get(n, "-") for n in looks))
            for each in results
        ],
    )
    stored = all(repeat["stored"] for each in results for repeat in each["repeats"])
    budgets = [
        Budget("ingest while 20 watch", watched["points/s"], 500_000, "points/s", at_most=False),
        Budget("a look at 10 charts, p99", watched["look p99 ms"], 100, "ms"),
        Budget("disk after compaction", watched["bytes/point"], 8, "bytes/point"),
        Budget("every value stored, equal bit for bit", float(stored), 1, at_most=False),
    ]
    conclude(chosen, "server_load", before, results, budgets)


if __name__ == "__main__":
    run_if_case(measure)
    main()
