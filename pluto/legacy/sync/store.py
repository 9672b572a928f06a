"""`pluto.sync.store` of the earlier client: the numbers in its `sync.db`."""

from __future__ import annotations

import enum


class RecordType(enum.IntEnum):
    """`sync_queue.record_type`."""

    METRIC = 0
    FILE = 1
    CONFIG = 2
    DATA = 3
    TAGS = 4
    SYSTEM = 5
    CONSOLE = 6


class SyncStatus(enum.IntEnum):
    """`status` of a row."""

    PENDING = 0
    IN_PROGRESS = 1
    COMPLETED = 2
    FAILED = 3
    ABANDONED = 4
