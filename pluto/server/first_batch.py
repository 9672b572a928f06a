"""What is written of a run first, whichever engine keeps it."""

from __future__ import annotations

import json
from dataclasses import asdict

from pluto.server.rows import NewRun, RunRow
from pluto.storage import Batch, Kind, Record


def first_batch(row: RunRow, new: NewRun) -> Batch:
    """Return the facts of a new run, and the record of its first status.

    Args:
        row: as the run is listed.
        new: what was asked for.
    """
    event = {
        "from": None,
        "to": "RUNNING",
        "source": "api",
        "metadata": None,
        "createdAt": row.created_at,
    }
    facts = asdict(row) | {
        "run_id": row.id,
        "tags": list(row.tags),
        "config": new.config,
        "logger_settings": new.logger_settings,
        "system_metadata": new.system_metadata,
        "notes": None,
        "status_metadata": None,
        "status_history": [event],
        "fork_run_id": new.forked_from,
        "fork_step": new.fork_step,
        "mode": "server",
    }
    for name in ("id", "place", "local"):
        del facts[name]
    record = Record(Kind.FACT, row.created_at, 0, "status", "", json.dumps(event).encode())
    return Batch(facts=facts, records=[record])
