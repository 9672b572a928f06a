"""Rewinds: what was written before a moment, at steps behind a checkpoint, no longer counts.

Nothing is deleted: the rows stay in the store, and every reader leaves them out. That the moment
decides, as it does between two points of one step, makes it the same in whatever order rows come.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluto.storage.rows import Ints

FACT: Final = "rewinds"


class Rewind(NamedTuple):
    """A run that went on from a checkpoint.

    Attributes:
        step: the last step that counts.
        time: rows from then on count, in ms since the Unix epoch.
        spared: names that begin so are left alone: the steps of system metrics are samples.
    """

    step: int
    time: int
    spared: str = "sys/"


def read_rewinds(connection: sqlite3.Connection) -> list[Rewind]:
    """Return the rewinds of a run, the oldest first."""
    row = connection.execute("SELECT value FROM fact WHERE key=?", (FACT,)).fetchone()
    return [Rewind(**each) for each in json.loads(row[0]) or ()] if row else []


def add_rewind(connection: sqlite3.Connection, rewind: Rewind) -> bool:
    """Remember a rewind; return False if it is known."""
    known = read_rewinds(connection)
    if rewind in known:
        return False
    value = json.dumps([each._asdict() for each in (*known, rewind)])
    connection.execute("INSERT OR REPLACE INTO fact VALUES (?,?)", (FACT, value))
    return True


def hiding(connection: sqlite3.Connection, rewinds: list[Rewind], name: int) -> list[Rewind]:
    """Return those of a run's rewinds that hide points of a metric."""
    if not rewinds:
        return []
    (text,) = connection.execute("SELECT name FROM name WHERE id=?", (name,)).fetchone()
    return [each for each in rewinds if not each.spared or not text.startswith(each.spared)]


def hidden(rewinds: list[Rewind], steps: Ints, times: Ints) -> NDArray[np.bool_]:
    """Tell of each point whether it is hidden."""
    mask = np.zeros(len(steps), np.bool_)
    for each in rewinds:
        mask |= (steps > each.step) & (times < each.time)
    return mask


def visible(rewinds: list[Rewind]) -> tuple[str, list[Any]]:
    """Return the SQL condition, and its arguments, of records that are not hidden."""
    conditions = ["NOT (step > ? AND time < ?)"] * len(rewinds)
    return " AND ".join(conditions) or "1", [value for each in rewinds for value in each[:2]]
