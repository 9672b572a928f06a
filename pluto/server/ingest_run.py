"""Which run a request of the ingest service is about: two headers, checked alike on every path."""

from __future__ import annotations

import re

from starlette.types import Scope

from pluto.server.catalog import Catalog, ReadOnlyCatalog
from pluto.server.ingest_errors import IngestError
from pluto.server.wire import header

_VISIBLE = re.compile(rb"[\x20-\x7e]+")


def run_of(scope: Scope, catalog: Catalog) -> int:
    """Return the id in the header `X-Run-Id`; `X-Project-Name` has to be there too.

    Raises:
        IngestError: a header is missing, or there is no such run here.
    """
    values = {}
    for name in ("X-Run-Id", "X-Project-Name"):
        value = header(scope, name.lower().encode())
        if value is None or not _VISIBLE.fullmatch(value):
            raise IngestError("InvalidHeaderFormat", f"Missing required header: {name}")
        values[name] = value.decode()
    text = values["X-Run-Id"]
    run_id = int(text) if text.isdecimal() and len(text) < 20 else 0
    try:
        known = catalog.own.get(run_id)
    except ReadOnlyCatalog as error:
        raise IngestError("InvalidInput", str(error)) from None
    if known is None:
        raise IngestError(
            "InvalidInput",
            f"Run {text!r} not found: X-Run-Id is the numeric runId that /api/runs/create gave",
        )
    return run_id
