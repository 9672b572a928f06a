# mypy: ignore-errors
"""A run that is taken up again by its id, read, and read only."""

import neptune
from neptune.exceptions import MissingFieldException, RunNotFound

quiet = {"source_files": [], "capture_hardware_metrics": False}
run = neptune.init_run(project="lab/again", tags="first", **quiet)
run["params/lr"] = 0.1
run["params/layers"] = 4
for value in (3.0, 2.0, 1.0):
    run["loss"].append(value)
run["log"].append("a line")
run_id = run["sys/id"].fetch()
run.stop()

again = neptune.init_run(with_id=run_id, project="lab/again", **quiet)
assert again["params"].fetch() == {"lr": 0.1, "layers": 4}, again["params"].fetch()
again["loss"].append(0.5)
again["params/lr"] = 0.05
again["sys/tags"].add("again")
again.sync()
assert again["loss"].fetch_last() == 0.5
again.stop()

shown = again["sys/id"].fetch()
by_shown_id = neptune.init_run(with_id=shown, project="lab/again", **quiet)
assert by_shown_id["params/layers"].fetch() == 4
by_shown_id.stop()

reading = neptune.init_run(with_id=run_id, project="lab/again", mode="read-only")
assert reading["params/lr"].fetch() == 0.05
assert reading["sys/tags"].fetch() == {"first", "again"}
assert reading["log"].fetch_last() == "a line"
reading["ignored"] = 1
assert not reading.exists("nothing")
try:
    reading["loss/nothing"].fetch()
except MissingFieldException as error:
    print("missing:", error)
reading.stop()
try:
    neptune.init_run(with_id="NOT-99", project="lab/again")
except RunNotFound as error:
    print("not found:", error)
