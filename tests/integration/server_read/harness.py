"""A whole server over real run files, asked without a socket."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
from starlette.types import ASGIApp

from pluto.server.catalog import Catalog
from pluto.server.rows import NewRun, RunRow
from pluto.server.state import ServerState
from pluto.storage import Batch, MetricGroup, Record


@dataclass
class ReadServer:
    """A server and the catalog behind it."""

    state: ServerState
    app: ASGIApp

    @property
    def catalog(self) -> Catalog:
        return self.state.catalog

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        return self.ask("GET", path, params=parameters or None)

    def json(self, path: str, **parameters: Any) -> Any:
        response = self.get(path, **parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.ask("POST", path, json=body)

    def ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            url = "http://127.0.0.1:3000"
            async with httpx.AsyncClient(transport=transport, base_url=url) as client:
                return await client.request(method, path, **arguments)

        return asyncio.run(call())

    def run(self, name: str = "baseline", project: str = "mnist", **facts: Any) -> RunRow:
        """Create a run; `config`, `tags` and the like as `NewRun` takes them."""
        return self.catalog.create(NewRun(project=project, name=name, **facts))[0]

    def write(self, row: RunRow, batch: Batch) -> None:
        with self.catalog.write(row.id) as writer:
            writer.append(batch)

    def log(
        self,
        row: RunRow,
        metrics: Mapping[str, Sequence[float]],
        *,
        steps: Sequence[int] | None = None,
        times: Sequence[int] | None = None,
    ) -> None:
        """Log columns of values; steps count from 1, times go by a second a step from 2026 on."""
        values = np.array(list(metrics.values()), np.float64).T
        given = np.arange(1, len(values) + 1) if steps is None else np.array(steps)
        at = 1_767_225_600_000 + 1000 * given if times is None else np.array(times)
        group = MetricGroup(tuple(metrics), given.astype(np.int64), at.astype(np.int64), values)
        self.write(row, Batch(groups=[group], names=dict.fromkeys(metrics, "METRIC")))

    def records(self, row: RunRow, *records: Record) -> None:
        names = {record.name: record.type for record in records if record.name}
        self.write(row, Batch(records=list(records), names=names))
