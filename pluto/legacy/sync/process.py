"""`pluto.sync.process` of the earlier client: a process that sends while another one trains.

Runs of ours need none: the uploader is a thread, and what it leaves is on disk. This one exists for
command lines that start it for a `sync.db`.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

from pluto.errors import UsageError
from pluto.legacy.sync.retry import parser, read_settings, retry_sync
from pluto.notice import speak
from pluto.process_identity import identity, is_gone
from pluto.sets import setup

logger = logging.getLogger("pluto")

PAUSE: Final = 1.0


def serve(db_path: Path, settings: Mapping[str, Any], parent_pid: int) -> bool:
    """Send what a store has, and what is added to it, until the parent is gone or a signal comes.

    Args:
        db_path: a file `sync.db`.
        settings: as `retry_sync` takes them; `sync_process_shutdown_timeout` bounds the last try.
        parent_pid: process that writes the store.

    Returns:
        Whether nothing is left.
    """
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    parent = identity(parent_pid)
    while not stop.is_set() and not is_gone(parent):
        retry_sync(db_path, settings, PAUSE)
        stop.wait(PAUSE)
    limit = float(setup(_limits(settings)).sync_process_shutdown_timeout)
    done = retry_sync(db_path, settings, limit)
    logger.info("Sync process exiting")
    return done


def _limits(settings: Mapping[str, Any]) -> dict[str, Any]:
    name = "sync_process_shutdown_timeout"
    return {name: settings[name]} if name in settings else {}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0 if nothing is left, else 1."""
    options = parser()
    options.add_argument("--parent-pid", required=True, type=int)
    chosen = options.parse_args(arguments)
    speak(logging.INFO)
    try:
        done = serve(chosen.db_path, read_settings(chosen.settings), chosen.parent_pid)
    except UsageError as error:
        print(f"pluto: {error}", file=sys.stderr)
        return 1
    return 0 if done else 1
