"""A million points from the first `log()` to the end of `finish()`, then read back and compared.

`python benchmarks/throughput.py`: to the embedded server on this machine, and without a server.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
from harness.measure import Budget, conclude, machine, medians, parser, table
from harness.peers import PEERS
from harness.processes import (
    Case,
    Subject,
    environment,
    run_case,
    run_case_in,
    run_if_case,
    subjects,
    temporary_home,
)

WIDTH: Final = 10
CALLS: Final = 100_000
NAMES: Final = [f"train/metric_{number}" for number in range(WIDTH)]
START_SECONDS: Final = 60.0
TO_SERVER: Final = "pluto to the embedded server"
_SEED: Final = 7


def measure(case: Case) -> dict[str, Any]:
    """Log `case["calls"]` rows with one tracker, in this process."""
    values = expected(case["calls"])
    peer = PEERS[case["peer"]]()
    log = peer.start(Path(case["directory"]))
    process = psutil.Process()
    resident = process.memory_info().rss
    processor = process.cpu_times()
    start = time.perf_counter()
    for step, row in enumerate(values):
        log(dict(zip(NAMES, row.tolist(), strict=True)), step)
    logged = time.perf_counter()
    peer.finish()
    finished = time.perf_counter()
    used = process.cpu_times()
    peak = peak_resident()
    points = len(values) * WIDTH
    return {
        "points/s": points / (finished - start),
        "log s": logged - start,
        "finish s": finished - logged,
        "cpu us/point": (used.user + used.system - processor.user - processor.system)
        * 1e6
        / points,
        "rss MB": resident / 1e6,
        "growth MB": (peak - resident) / 1e6,
    }


def peak_resident() -> int:
    """Return the greatest resident set of this process so far, in bytes."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:  # not Linux; ru_maxrss there starts with this program, not with its parent
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kilobytes) * 1024


def expected(calls: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the values that are logged, (calls, WIDTH)."""
    return np.random.default_rng(_SEED).normal(size=(calls, WIDTH))


def to_server(subject: Subject, calls: int) -> dict[str, Any]:
    """Measure Pluto with a server of its own, and compare what the server has stored."""
    with temporary_home() as home:
        data = home / "server-data"
        with _server(home, data) as server:
            # The default of 10 s would cut a slow machine short instead of timing it.
            variables = {"PLUTO_HOST": "local", "PLUTO_FINISH_TIMEOUT": "300"}
            result = run_case_in(home, __file__, subject, {"calls": calls}, variables)
            used = server.cpu_times()
            result["server cpu us/point"] = (used.user + used.system) * 1e6 / (calls * WIDTH)
        return {**result, "stored": _stored_exactly(data, calls)}


@contextmanager
def _server(home: Path, data: Path) -> Iterator[psutil.Process]:
    """Run `pluto server`; it writes its address and a token below the home directory."""
    command = [sys.executable, "-m", "pluto", "server", "--data", str(data), "--port", "0"]
    with (home / "server.log").open("wb") as output:
        process = subprocess.Popen(command, env=environment(home), stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(home):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((home / "server.log").read_text()[-2000:])
            time.sleep(0.1)
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _answers(home: Path) -> bool:
    import httpx

    try:
        entry = json.loads((home / ".pluto" / "server.json").read_bytes())
        return httpx.get(f"{entry['url']}/api/health", trust_env=False).status_code == 200
    except (OSError, ValueError, httpx.HTTPError):
        return False


def _stored_exactly(data: Path, calls: int) -> bool:
    """Tell whether the server's only run has every value, equal bit for bit."""
    from pluto.storage import RunReader

    directories = [path.parent for path in data.glob("runs/*/*/run.db")]
    if len(directories) != 1:
        raise RuntimeError(f"{len(directories)} runs in {data}")
    reader = RunReader(directories[0])
    values, steps = expected(calls), np.arange(calls)
    try:
        for place, name in enumerate(NAMES):
            points = reader.points(name, raw=True)
            same = np.array_equal(
                points.values.view(np.int64), np.ascontiguousarray(values[:, place]).view(np.int64)
            )
            if not same or not np.array_equal(points.steps, steps):
                return False
    finally:
        reader.close()
    return True


def main() -> None:
    """Measure everything, interleaved, and print a table."""
    options = parser(__doc__)
    chosen = options.parse_args()
    before = machine()
    trackers = subjects(chosen)
    calls = CALLS // 10 if chosen.quick else CALLS
    found: dict[str, list[dict[str, Any]]] = {}
    for _ in range(1 if chosen.quick else chosen.repeats):
        found.setdefault(TO_SERVER, []).append(to_server(trackers[0], calls))
        for tracker in trackers:
            result = run_case(__file__, tracker, {"calls": calls})
            found.setdefault(f"{tracker.name}, local", []).append(result)
    results = [{"case": name, **medians(each), "repeats": each} for name, each in found.items()]
    _tell(results)
    conclude(chosen, "throughput", before, results, _budgets(results))


def _tell(results: list[dict[str, Any]]) -> None:
    columns = ("points/s", "log s", "finish s", "cpu us/point", "rss MB", "growth MB")
    ours = results[0]["points/s"]
    table(
        ("", *columns, "server cpu us/point", "rate to ours"),
        [
            (
                result["case"],
                *(result[column] for column in columns),
                result.get("server cpu us/point", "-"),
                f"{result['points/s'] / ours:.2f}x",
            )
            for result in results
        ],
    )


def _budgets(results: list[dict[str, Any]]) -> list[Budget]:
    ours = results[0]
    stored = float(all(repeat["stored"] for repeat in ours["repeats"]))
    return [
        Budget("points to the server", ours["points/s"], 300_000, "points/s", at_most=False),
        Budget("every value stored, equal bit for bit", stored, 1, at_most=False),
        Budget("memory growth of the client", ours["growth MB"], 20, "MB"),
    ]


if __name__ == "__main__":
    run_if_case(measure)
    main()
