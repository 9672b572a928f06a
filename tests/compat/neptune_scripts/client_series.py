# mypy: ignore-errors
"""Series of numbers and texts: several at once, with steps and times, and in mappings."""

import neptune
from neptune.types import FloatSeries, StringSeries

with neptune.init_run(
    project="lab/series", custom_run_id="series", source_files=[], capture_hardware_metrics=False
) as run:
    run["losses"].extend([0.9, 0.8, 0.7])
    run["losses"].extend([0.6, 0.5], steps=[10, 20], timestamps=[1700000000.0, 1700000060.5])
    run["losses"].append(0.4)
    run["part"].append(1.0, step=0.5)
    run["part"].append(2.0, step=1.5)
    run["metrics"].append({"acc": 0.5, "deep": {"f1": 0.25}}, step=3)
    run["many"].extend({"a": [1, 2, 3], "b": {"c": ["x", "y"]}})
    run["log"].append("begins")
    run["log"].extend(["goes on", "ends"], timestamps=[1700000001.0, 1700000002.0])
    run["old"].log(1)
    run["old"].log([2, 3])
    run["given"] = FloatSeries([5, 6], steps=[1, 2])
    run["words"] = StringSeries(["one", "two"])
    handler = run["nested/space"]
    handler["x"] = 1
    handler["series"].append(2.5)
    handler.assign({"y": "text", "z": True})
