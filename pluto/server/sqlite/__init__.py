"""The storage engine `sqlite`: runs in directories, in the format of `pluto.storage`."""

from pluto.server.sqlite.backend import SqliteBackend
from pluto.server.sqlite.places import run_directory
from pluto.server.sqlite.tables import open_keys

__all__ = ["SqliteBackend", "open_keys", "run_directory"]
