"""The history of a run, copied to one that forks from it on this machine.

A server keeps the history of a fork in its parent. Local runs each stand alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np

import pluto
from pluto.compat.neptune_files import BytesFile
from pluto.op import Op

_EPOCH = np.datetime64(0, "ms")


def copy_history(op: Op, client: Any, project: str, parent: int, last_step: int) -> None:
    """Log what a run logged up to a step, with its steps and times; the machine's metrics not.

    Args:
        op: the fork.
        client: of `pluto.query`, for the directory of the parent.
        project: of the parent.
        parent: its number.
        last_step: the last step to take over.
    """
    for series in client.get_series(project, parent, step_max=last_step):
        if series.name.startswith("sys/"):
            continue
        times = ((series.times - _EPOCH) / np.timedelta64(1, "s")).tolist()
        columns = (series.steps.tolist(), times, series.values.tolist())
        for step, seconds, value in zip(*columns, strict=True):
            op.log({series.name: value}, step=step, timestamp=seconds)
    for point in client.structured(project, parent) or ():
        if point.step <= last_step:
            value = point.data if point.type == "string-series" else _Kept(point.type, point.data)
            op.log({point.name: value}, step=point.step, timestamp=point.time / 1000)
    for file in client.get_files(project, parent):
        _copy_file(op, file, last_step)


def _copy_file(op: Op, file: dict[str, Any], last_step: int) -> None:
    parts = urlsplit(str(file.get("url") or ""))
    if int(file["step"]) <= last_step and parts.scheme == "file":
        name = Path(str(file["fileName"]))
        content = Path(unquote(parts.path)).read_bytes()
        kept = BytesFile(content, name.suffix, name.stem, file.get("caption"))
        op.log({file["logName"]: kept}, step=int(file["step"]))


class _Kept(pluto.Data):
    """A structured value as it was stored."""

    def __init__(self, kind: str, body: str) -> None:
        super().__init__({})
        self._kind, self._body = kind, body

    @property
    def type_name(self) -> str:
        return self._kind

    def to_json(self) -> str:
        return self._body
