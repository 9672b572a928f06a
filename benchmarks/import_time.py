"""CPU time of importing a tracker, over that of a bare interpreter.

`python benchmarks/import_time.py`
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from statistics import median
from typing import Any, Final

from harness.measure import Budget, conclude, machine, parser, table
from harness.processes import Subject, environment, subjects, temporary_home

STARTS: Final = 20
HEAVY: Final = ("numpy", "PIL", "httpx", "torch")
_LOADED: Final = f"import json, sys; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"


def processor_ms(python: str, code: str, home: Path) -> float:
    """Return the CPU time, user and system, of `python -c code`, in milliseconds."""
    process = subprocess.Popen(
        [python, "-c", code], env=environment(home), cwd=home, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{python} -c {code!r} ended with {process.returncode}")
    return (used.ru_utime + used.ru_stime) * 1000


def heavy_modules(tracker: Subject, home: Path) -> list[str]:
    """Return the large libraries that importing a tracker loads."""
    done = subprocess.run(
        [tracker.python, "-c", f"import {tracker.name}\n{_LOADED}"],
        env=environment(home),
        cwd=home,
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(trackers: list[Subject], starts: int) -> list[dict[str, Any]]:
    """Start interpreters with and without each import, in turns."""
    bare: dict[str, list[float]] = {tracker.name: [] for tracker in trackers}
    loaded: dict[str, list[float]] = {tracker.name: [] for tracker in trackers}
    with temporary_home() as home:
        heavy = {tracker.name: heavy_modules(tracker, home) for tracker in trackers}
        for _ in range(starts):
            for tracker in trackers:
                bare[tracker.name].append(processor_ms(tracker.python, "pass", home))
                code = f"import {tracker.name}"
                loaded[tracker.name].append(processor_ms(tracker.python, code, home))
    return [
        {
            "tracker": name,
            "bare ms": median(bare[name]),
            "import ms": median(loaded[name]) - median(bare[name]),
            "least import ms": min(loaded[name]) - min(bare[name]),
            "heavy modules": heavy[name],
            "repeats": {"bare": bare[name], "loaded": loaded[name]},
        }
        for name in bare
    ]


def main() -> None:
    """Measure every tracker and print a table."""
    options = parser(__doc__)
    options.set_defaults(repeats=STARTS)
    chosen = options.parse_args()
    before = machine()
    results = measure(subjects(chosen), 3 if chosen.quick else chosen.repeats)
    table(
        ("", "bare interpreter, ms", "import, ms", "least, ms", "loads", "to ours"),
        [
            (
                result["tracker"],
                result["bare ms"],
                result["import ms"],
                result["least import ms"],
                " ".join(result["heavy modules"]) or "-",
                f"{result['import ms'] / results[0]['import ms']:.1f}x",
            )
            for result in results
        ],
    )
    budgets = [
        Budget("CPU time of import pluto", results[0]["import ms"], 60, "ms"),
        Budget("large libraries that it loads", len(results[0]["heavy modules"]), 0),
    ]
    conclude(chosen, "import_time", before, results, budgets)


if __name__ == "__main__":
    main()
