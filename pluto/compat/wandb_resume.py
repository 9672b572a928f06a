"""Which run a wandb script goes on with: ids, and what `resume=` allows."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pluto
from pluto.compat.wandb_errors import UsageError
from pluto.compat.wandb_settings import Wanted
from pluto.errors import StorageError
from pluto.names import directory_name, is_display_id, random_id
from pluto.op import Op
from pluto.storage import RunReader, is_run_directory

logger = logging.getLogger("pluto")

LAST_RUN: Final = "wandb-last-run.json"
"""Names the last run of a directory for `resume="auto"`."""

_PREFIX: Final = "wandb-"


@dataclass(frozen=True)
class Attachment:
    """The run that is begun or resumed.

    Attributes:
        run_id: as the script knows it.
        resume: what the script allows.
        was_named: whether somebody chose the id.
        note: where `resume="auto"` remembers it; None otherwise.
    """

    run_id: str
    resume: str | None
    was_named: bool
    note: Path | None = None

    @property
    def external_id(self) -> str:
        """The id for Pluto, which takes digits and display ids for runs on a server."""
        is_taken = self.run_id.isdecimal() or is_display_id(self.run_id)
        return _PREFIX + self.run_id if is_taken else self.run_id

    @property
    def may_exist(self) -> bool:
        """Whether a run of this id may be there already."""
        return self.resume != "never"

    def check(self, op: Op) -> None:
        """See that the run was there, if it had to be; remember it for the next time.

        Raises:
            UsageError: there was none. The new one is taken away again.
        """
        if self.resume == "must" and not op.resumed and op.settings.mode != "noop":
            directory = op.dir
            op.end("CANCELLED", {"reason": "there was no run to resume"})
            shutil.rmtree(directory, ignore_errors=True)
            raise UsageError(f"resume='must', but there is no run {self.run_id!r} to resume")
        if op.resumed and self.was_named and self.resume is None:
            logger.warning(
                "the run %r exists and goes on; wandb would begin it anew: choose another id, or"
                " say resume='allow'",
                self.run_id,
            )
        if self.note is not None and op.settings.mode != "noop":
            self.note.write_text(json.dumps({"run_id": self.run_id, "directory": op.dir}))


def attachment(wanted: Wanted, arguments: Mapping[str, Any]) -> Attachment:
    """Return the run that a script means.

    Args:
        wanted: what it said.
        arguments: of `pluto.init`.

    Raises:
        UsageError: `resume` needs an id, or the run exists and must not.
    """
    settings = pluto.setup(
        {key: arguments[key] for key in ("dir", "project", "tag") if key in arguments}
    )
    runs = Path(settings.dir) / f".{settings.tag}"
    if wanted.id is None and wanted.resume == "must":
        raise UsageError("resume='must' needs id=, the id of the run to resume")
    note = runs / LAST_RUN if wanted.resume == "auto" else None
    found = wanted.id or (_unfinished(note) if note else None)
    attached = Attachment(found or _new_id(), wanted.resume, found is not None, note)
    project = runs / directory_name(settings.project)
    is_here = is_run_directory(project / directory_name(attached.external_id))
    if wanted.resume == "never" and is_here:
        raise UsageError(f"the run {attached.run_id!r} exists, and resume='never'")
    return attached


def _new_id() -> str:
    """Return a random id that is not all digits."""
    run_id = random_id(8)
    return _new_id() if run_id.isdecimal() else run_id


def _unfinished(note: Path) -> str | None:
    """Return the id of the last run of a directory, if it did not come to its end."""
    try:
        last = json.loads(note.read_text("utf-8"))
        with closing(RunReader(Path(last["directory"]))) as reader:
            status = reader.facts().get("status")
    except (OSError, ValueError, KeyError, StorageError):
        return None  # there was none, or somebody has removed it
    return None if status == "COMPLETED" else str(last["run_id"])
