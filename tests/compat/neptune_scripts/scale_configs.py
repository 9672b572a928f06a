# mypy: ignore-errors
"""A config made of a dataclass and nested dictionaries."""

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from neptune_scale import Run
from neptune_scale.api.run import SourceTrackingConfig


@dataclass
class Model:
    layers: int = 4
    widths: dict[str, int] = field(default_factory=lambda: {"in": 8, "out": 2})


@dataclass
class Config:
    model: Model = field(default_factory=Model)
    name: str = "tiny"
    note: Any = None


tracking = SourceTrackingConfig(namespace="code", upload_entry_point=True, upload_diff_head=True)
run = Run(project="lab/configs", run_id="configs-1", source_tracking_config=tracking)
run.log_configs({"cfg": Config()}, flatten=True, cast_unsupported=True)
run.log_configs({"tags": ["a", "b"], "began": datetime(2025, 1, 2, 3, tzinfo=timezone.utc)})
run.log_configs({"left out": {"nested": 1}, "kept": 2})
run.log_configs({"as text": {"nested": 1}}, cast_unsupported=True)
run.log_metrics({"loss": 0.5}, step=1)
run.close()
