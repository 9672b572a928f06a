"""SIGKILL at any instant of a compaction: every row that was stored is there, once."""

import random
import subprocess
import sys
import time
from pathlib import Path

from pluto.storage import Outbox, RunReader, RunWriter, parse_metric_lines

KILLS = 12
WRITER = """
import sys, itertools, numpy as np
from pathlib import Path
from pluto.storage import Batch, Compactor, MetricGroup, Outbox, RunWriter
from pluto.storage.sizes import Sizes

sizes = Sizes(part_rows=64, piece_rows=512, rest_bytes=0, rest_tails=0, span_points=4,
              row_spans=64, unrolled_points=32, rest_points=1)
writer = RunWriter(Path(sys.argv[1]))
first = Outbox(writer, "").count("metrics")
for number in itertools.count():
    steps = np.arange(first, first + 100)
    names = ("a", "b") if number % 3 else ("b",)
    values = np.repeat(steps[:, None] / 8, len(names), axis=1)
    writer.append(Batch(groups=[MetricGroup(names, steps, 10 * steps, values)]))
    first += 100
    print(first, flush=True)
    compactor = Compactor(writer, ended=number % 5 == 0, sizes=sizes)
    while compactor.step():
        pass
"""


def test_a_run_whose_compaction_is_killed_has_every_row_once(tmp_path: Path) -> None:
    chance = random.Random(7)
    stored = 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        stored = int(process.stdout.readline())
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
        stored = max([stored, *map(int, process.stdout.read().split())])
        process.wait()
        process.stdout.close()
        check(tmp_path, stored)


def check(directory: Path, stored: int) -> None:
    reader = RunReader(directory)
    try:
        points = reader.points("b", raw=True)
        count = len(points.steps)
        assert count - stored in (0, 100)  # the last rows may have been stored unsaid
        assert points.steps.tolist() == list(range(count))
        assert points.values.tolist() == [step / 8 for step in range(count)]
        thin = reader.buckets("b", None, None, 5)
        assert (thin.count.sum(), thin.max.max()) == (count, (count - 1) / 8)
        assert reader.version() > 0
    finally:
        reader.close()
    writer = RunWriter(directory)
    outbox = Outbox(writer, f"server {count}")
    lines: list[bytes] = []
    while some := outbox.pending("metrics", 1000)[1]:
        lines += some
        outbox.accept("metrics", len(lines))
    assert [int(parse_metric_lines(line)[0].steps[0]) for line in lines] == list(range(count))
    writer.close()
