"""The disk of a server is full: it says so, keeps what it has, and goes on when there is space."""

from __future__ import annotations

import errno
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from pluto.errors import StorageError
from pluto.server.full_disk import storage_status
from tests.conftest import REPOSITORY
from tests.mounts import run_in_own_mounts

STORY = Path(__file__).with_name("full_disk_story.py")
IN_SMALL_DISK = 'mount -t tmpfs -o size=24m tmpfs "$1" && exec "$2" "$3" "$4" "$1"'


def test_a_full_disk_is_told_and_what_was_stored_is_kept(tmp_path: Path) -> None:
    done = run_in_own_mounts(
        IN_SMALL_DISK, tmp_path, sys.executable, STORY, REPOSITORY, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert told.pop("reason").endswith("database or disk is full")
    assert told == {
        "metrics": 507,
        "console": 507,
        "files": 507,
        "create": 507,
        "kept": True,
        "file": "kept",
        "page": 200,
        "again": [200, 200, 200, 200],
        "whole": True,
    }


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 507),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 507),
        (sqlite3.OperationalError("database or disk is full"), 507),
        (PermissionError(errno.EACCES, "Permission denied"), 503),
        (sqlite3.DatabaseError("database disk image is malformed"), 503),
    ],
)
def test_only_a_full_disk_is_called_full(cause: Exception, status: int) -> None:
    wrapped = StorageError("cannot write")
    wrapped.__cause__ = cause

    assert storage_status(cause) == storage_status(wrapped) == status
