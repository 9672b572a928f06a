"""A checkpoint of 2 GB: what logging it costs the training, and whether metrics wait for it.

`python benchmarks/large_file.py`: a file of random bytes is logged to the embedded server on this
machine. Then rows go on, 100 a second, until `finish()` has delivered everything.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import psutil
from harness.measure import Budget, conclude, machine, medians, parser, table
from harness.processes import Case, run_case_in, run_if_case, subjects, temporary_home
from harness.server import running_server
from throughput import peak_resident

SIZE: Final = 2 << 30
SECONDS_OF_ROWS: Final = 10.0
PAUSE: Final = 0.01
_PIECE: Final = 16 << 20


def measure(case: Case) -> dict[str, Any]:
    """Log the file and rows behind it, in this process."""
    import pluto

    received = Path(case["received"])
    run = pluto.init(project="large", settings={"finish_timeout": 300})
    process = psutil.Process()
    run.log({"warm": 1.0}, step=0)
    time.sleep(2.0)  # for the connection
    resident = process.memory_info().rss
    began = time.perf_counter()
    run.log({"checkpoint": pluto.File(case["file"])}, step=0)
    call = time.perf_counter() - began
    slowest, behind, rows = 0.0, 0.0, 0
    while time.perf_counter() - began < SECONDS_OF_ROWS:
        before = time.perf_counter()
        rows += 1
        run.log({"row": float(rows)}, step=rows)
        slowest = max(slowest, time.perf_counter() - before)
        if rows % 50 == 0:
            behind = max(behind, rows - _rows_in(received))
        time.sleep(PAUSE)
    receipt = run.finish()
    return {
        "call ms": call * 1e3,
        "slowest row ms": slowest * 1e3,
        "rows behind s": behind * PAUSE,
        "growth MB": (peak_resident() - resident) / 1e6,
        "all s": time.perf_counter() - began,
        "delivered": float(receipt is not None and receipt.delivered == receipt.logged),
    }


def _rows_in(data: Path) -> int:
    """Return how many of the rows the server has."""
    from pluto.storage import RunReader

    (directory,) = [path.parent for path in data.glob("runs/*/*/run.db")]
    reader = RunReader(directory)
    try:
        name = reader.name("row")
        return name.count if name else 0
    finally:
        reader.close()


def write_random(path: Path, size: int) -> None:
    """Write a file that neither compresses nor has holes."""
    source = Path("/dev/urandom")
    with path.open("wb") as file, source.open("rb") as random:
        for _ in range(size // _PIECE):
            file.write(random.read(_PIECE))


def once(chosen: Any, size: int) -> dict[str, Any]:
    """Measure with a server of its own."""
    with temporary_home() as home:
        write_random(home / "checkpoint.bin", size)
        data = home / "server-data"
        with running_server(home, data):
            case = {"file": str(home / "checkpoint.bin"), "received": str(data)}
            variables = {"PLUTO_HOST": "local"}
            return dict(run_case_in(home, __file__, subjects(chosen)[0], case, variables))


def main() -> None:
    """Measure, and print a table."""
    options = parser(__doc__)
    chosen = options.parse_args()
    before = machine()
    repeats = 1 if chosen.quick else chosen.repeats
    found = [once(chosen, SIZE // 8 if chosen.quick else SIZE) for _ in range(repeats)]
    result = {"case": "a file of 2 GB", **medians(found), "repeats": found}
    columns = ("call ms", "slowest row ms", "rows behind s", "growth MB", "all s")
    table(("", *columns), [(result["case"], *(result[column] for column in columns))])
    budgets = [
        Budget("the call that logs it", result["call ms"], 50, "ms"),
        Budget("memory growth of the client", result["growth MB"], 32, "MB"),
        Budget("rows wait for it", result["rows behind s"], 3, "s"),
        Budget("everything delivered", result["delivered"], 1, at_most=False),
    ]
    conclude(chosen, "large_file", before, [result], budgets)


if __name__ == "__main__":
    run_if_case(measure)
    main()
