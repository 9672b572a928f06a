"""The tables of `run.db`, version by version, and the way from an older version to this one.

Version 1: metrics lie in tails, rows as they were appended, all columns of a row in one block.
Version 2: compaction makes parts of tails: rows of one shape, up to some thousands, with their
row numbers, steps and times once (`part.axes`) and each series in a chunk of its own. A rollup
summarises 64 points of a series a span, 4096 spans a row, 4 spans a span of `coarse`.
"""

from __future__ import annotations

import sqlite3
from typing import Final

_TAILS: Final = """
CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE name (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
    count INTEGER NOT NULL DEFAULT 0, finite INTEGER NOT NULL DEFAULT 0,
    first_step INTEGER, last_step INTEGER, last_time INTEGER, last REAL,
    min REAL, max REAL, min_step INTEGER, max_step INTEGER,
    mean REAL NOT NULL DEFAULT 0, m2 REAL NOT NULL DEFAULT 0,
    dirty INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE shape (id INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE);
CREATE TABLE shape_name (
    name INTEGER NOT NULL, shape INTEGER NOT NULL, place INTEGER NOT NULL,
    PRIMARY KEY (name, shape)
) WITHOUT ROWID;
CREATE TABLE tail (
    id INTEGER PRIMARY KEY, system INTEGER NOT NULL, shape INTEGER NOT NULL,
    first_row INTEGER NOT NULL, count INTEGER NOT NULL,
    min_step INTEGER NOT NULL, max_step INTEGER NOT NULL,
    min_time INTEGER NOT NULL, max_time INTEGER NOT NULL, block BLOB NOT NULL
);
CREATE UNIQUE INDEX tail_rows ON tail (system, first_row);
CREATE INDEX tail_shape ON tail (shape, id);
CREATE TABLE record (
    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, row INTEGER NOT NULL,
    time INTEGER NOT NULL, step INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
    body BLOB NOT NULL, key TEXT
);
CREATE UNIQUE INDEX record_row ON record (kind, row);
CREATE INDEX record_name ON record (kind, name, step) WHERE name != '';
CREATE UNIQUE INDEX record_key ON record (key) WHERE key IS NOT NULL;
CREATE TABLE segment (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE received (
    writer TEXT NOT NULL, stream TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (writer, stream)
) WITHOUT ROWID;
CREATE TABLE cursor (
    sink TEXT NOT NULL, stream TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (sink, stream)
) WITHOUT ROWID;
CREATE TABLE rejected (
    sink TEXT NOT NULL, stream TEXT NOT NULL, row INTEGER NOT NULL, reason TEXT NOT NULL,
    body BLOB NOT NULL, PRIMARY KEY (sink, stream, row)
) WITHOUT ROWID;
CREATE TABLE version (id INTEGER PRIMARY KEY CHECK (id = 0), number INTEGER NOT NULL);
INSERT INTO version VALUES (0, 0);
"""

_PARTS: Final = """
CREATE TABLE part (
    id INTEGER PRIMARY KEY, system INTEGER NOT NULL, shape INTEGER NOT NULL,
    first_row INTEGER NOT NULL, last_row INTEGER NOT NULL, count INTEGER NOT NULL,
    min_step INTEGER NOT NULL, max_step INTEGER NOT NULL,
    min_time INTEGER NOT NULL, max_time INTEGER NOT NULL, axes BLOB NOT NULL
);
CREATE INDEX part_rows ON part (system, last_row);
CREATE INDEX part_shape ON part (shape, first_row);
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY, name INTEGER NOT NULL, part INTEGER NOT NULL, block BLOB NOT NULL
);
CREATE UNIQUE INDEX chunk_name ON chunk (name, part);
CREATE TABLE rollup (
    id INTEGER PRIMARY KEY, name INTEGER NOT NULL, spans INTEGER NOT NULL,
    first_step INTEGER NOT NULL, last_step INTEGER NOT NULL,
    min_time INTEGER NOT NULL, max_time INTEGER NOT NULL, fine BLOB NOT NULL, coarse BLOB
);
CREATE UNIQUE INDEX rollup_name ON rollup (name, first_step);
ALTER TABLE name ADD COLUMN unrolled INTEGER NOT NULL DEFAULT 0;
"""

STEPS: Final = (_TAILS, _PARTS)
"""What leads from version i to version i + 1."""

VERSION: Final = len(STEPS)


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of an open `run.db`; 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, application_id: int) -> None:
    """Bring a store to this version, or a new file to life: wholly, or not at all.

    Several processes may do so at once: one does, the others wait for it.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in STEPS[version_of(connection) :]:
            for statement in step.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id={application_id}")
        connection.execute(f"PRAGMA user_version={VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
