"""What the scripts of test_console.py start with: a recorder that writes its lines to a file."""

import contextlib
import ctypes
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from pluto.console import Listener, shared
from pluto.redact import Redactor

__all__ = ["REDACTOR", "attach", "contextlib", "ctypes", "logging", "os", "signal", "stop"]
__all__ += ["subprocess", "sys", "tee_of", "threading", "time"]

REDACTOR = Redactor()


class FileRecorder:
    """Appends every line it is given to a file, at once."""

    def __init__(self, name: str) -> None:
        self._file = Path(name).open("a", buffering=1)  # noqa: SIM115

    def console(self, text: str, *, error: bool, time_ms: int) -> None:
        assert abs(time_ms / 1000 - time.time()) < 60
        self._file.write(json.dumps(["err" if error else "out", text]) + "\n")


def attach(name: str = "lines", **options: Any) -> Listener:
    recorder: Any = FileRecorder(name)
    return shared().attach(recorder, Path.cwd(), redactor=REDACTOR, **options)


def stop(listener: Listener) -> None:
    listener.stop(time.monotonic() + 10)


def tee_of(fd: int) -> int:
    """The process that copies what is written to a descriptor."""
    pipe = os.readlink(f"/proc/self/fd/{fd}")
    while True:
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if process.joinpath("comm").read_text() == "tee\n" and pipe == os.readlink(
                    process / "fd" / "0"
                ):
                    return int(process.name)
        time.sleep(0.01)
