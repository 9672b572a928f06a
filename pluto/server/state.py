"""Everything that the routes of one server share."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from pluto.server.catalog import Catalog
from pluto.server.changes import RunChanges
from pluto.server.files import RunFiles
from pluto.server.keys import Keys
from pluto.server.liveness import Liveness
from pluto.server.rows import RunRow
from pluto.server.session import Sessions
from pluto.server.settings import ORGANIZATION, ServerSettings
from pluto.server.sqid import encode_sqid
from pluto.server.turns import Turns
from pluto.server.views import Views

__all__ = ["ServerSettings", "ServerState"]


@dataclass(frozen=True)
class ServerState:
    """The parts of a running server.

    Keys, cookies, `Host` and `Origin` are checked by `app.Server` before any route is reached:
    handlers below `/api/` need not ask who calls.

    Attributes:
        settings: how the server was started.
        catalog: which runs exist; readers and writers of them.
        views: what the lists show of each run.
        changes: status, tags, notes and config of a run, with the rules of the protocol.
        files: rows and bytes of logged files, and the signed URLs that lead to them.
        liveness: heartbeats; ends runs that fell silent.
        keys: who may call.
        sessions: browser cookies and one-time links.
        turns: lets those who look go before those who write.
    """

    settings: ServerSettings
    catalog: Catalog
    views: Views
    changes: RunChanges
    files: RunFiles
    liveness: Liveness
    keys: Keys
    sessions: Sessions
    turns: Turns = field(default_factory=Turns)

    def run_url(self, host_header: str, row: RunRow) -> str:
        """Return the dashboard page of a run, under the address that the caller knows.

        Args:
            host_header: the `Host` of the request; "" for the address on this machine.
            row: the run.
        """
        origin = self.settings.dashboard_origin(host_header)
        project = quote(row.project, safe="")
        return f"{origin}/o/{ORGANIZATION}/projects/{project}/{encode_sqid(row.id)}"
