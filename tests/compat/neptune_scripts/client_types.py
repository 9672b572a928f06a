# mypy: ignore-errors
"""Values of all types, those that need `stringify_unsupported`, sets, and taking back."""

from argparse import Namespace
from datetime import datetime, timezone

import neptune
import numpy as np
from neptune.exceptions import InactiveRunException, NeptuneException
from neptune.utils import stringify_unsupported

run = neptune.init_run(
    project="lab/types", custom_run_id="types", source_files=[], capture_hardware_metrics=False
)
run["a/int"] = 3
run["a/float"] = 2.5
run["a/bool"] = True
run["a/text"] = "some text"
run["a/time"] = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
run["numpy/float"] = np.float32(1.5)
run["numpy/int"] = np.int64(7)
run["args"] = Namespace(depth=3, head="linear")
run["odd"] = stringify_unsupported({"sizes": [1, 2], "none": None, "deep": {"pair": (1, "b")}})
run["changes"] = 1
run["changes"] = 2
run["words"].add(["red", "green"])
run["words"].add("blue")
run["words"].remove("green")
run["taken back"] = 5
del run["taken back"]
assert run.exists("a/int")
assert not run.exists("taken back")
try:
    run["words"].append(1)
except (NeptuneException, AttributeError, TypeError, ValueError):
    print("no series")
run.stop()
try:
    run["late"] = 1
except InactiveRunException:
    print("inactive")
