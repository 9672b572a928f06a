"""The run format: one directory a run, read while it is written, by client and server alike.

`run.db` is a SQLite file (WAL) with the columns of every metric, the other records and the facts
of the run; `journal/` holds what the client has not yet absorbed into it; `files/` holds blobs
by SHA-256. Nothing outside this package knows the schema.
"""

from pluto.storage.blobs import Blobs
from pluto.storage.buckets import Buckets
from pluto.storage.compaction import Compactor
from pluto.storage.copies import copy_database, copy_run
from pluto.storage.lines import BadLine, encode_metric_lines, parse_metric_lines
from pluto.storage.outbox import Outbox
from pluto.storage.reader import NameInfo, RunReader, StoredRecord
from pluto.storage.rewind import Rewind
from pluto.storage.rows import Batch, Kind, MetricGroup, Record
from pluto.storage.schema import RUN_DB, is_full, is_run_directory, storage_error
from pluto.storage.series import Points
from pluto.storage.staged import StagedFiles
from pluto.storage.stamps import Stamp, stamp_of
from pluto.storage.writer import RunWriter

__all__ = [
    "RUN_DB",
    "BadLine",
    "Batch",
    "Blobs",
    "Buckets",
    "Compactor",
    "Kind",
    "MetricGroup",
    "NameInfo",
    "Outbox",
    "Points",
    "Record",
    "Rewind",
    "RunReader",
    "RunWriter",
    "StagedFiles",
    "Stamp",
    "StoredRecord",
    "copy_database",
    "copy_run",
    "encode_metric_lines",
    "is_full",
    "is_run_directory",
    "parse_metric_lines",
    "stamp_of",
    "storage_error",
]
