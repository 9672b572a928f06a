"""What can be asked about the files of runs, and adding one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pluto.errors import QueryError
from pluto.names import directory_name
from pluto.query_connection import Connection, RunId
from pluto.query_server import NewFile

logger = logging.getLogger("pluto")

MAX_FILES: Final = 1000


def safe_file_name(name: str) -> str:
    """Return a name for the file system: no directories, no odd characters, the same suffix.

    Example:
        >>> safe_file_name("../val.png")
        'val.png'
    """
    path = Path(name)
    suffix = path.suffix if path.suffix[1:].isalnum() and path.suffix.isascii() else ""
    return directory_name(path.name.removesuffix(suffix)) + suffix


class FileCalls(Connection):
    """The functions that list, fetch and attach files."""

    def get_files(
        self, project: str, run_id: RunId, file_name: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the files of a run, or of one log name, by step.

        A server lists at most 1,000 of a log name; that there may be more is logged.

        Returns:
            Dicts with `fileName, fileType, fileSize, logName, step, time, caption, url`; the last
            one is called `downloadUrl` too.
        """
        number = self._number(project, run_id)
        files = self._files(project, number, file_name)
        if file_name is None and len(files) == MAX_FILES:
            names = [each["logName"] for each in self._run(project, number)["logNames"]]
            files = [file for name in names for file in self._files(project, number, name)]
            files.sort(key=lambda file: int(file["step"]))
        return [{**file, "downloadUrl": file.get("url")} for file in files]

    def download_file(
        self,
        project: str,
        run_id: RunId,
        file_name: str,
        destination: str | Path = ".",
        *,
        step: int | None = None,
    ) -> Path:
        """Stream a file of a run to disk.

        Args:
            project: name of the project.
            run_id: number, display id, or name of the run.
            file_name: what it was logged as, or its own name.
            destination: a directory, or the path of the new file.
            step: of several steps this one; None = the last.

        Returns:
            Where it is now.

        Raises:
            QueryError: there is no such file, or it cannot be had.
        """
        files = self.get_files(project, run_id, file_name)
        if not files:
            every = self.get_files(project, run_id)
            files = [file for file in every if file.get("fileName") == file_name]
        steps = [int(file.get("step") or 0) for file in files]
        chosen = max(steps, default=None) if step is None else step
        if chosen not in steps:
            place = "" if step is None else f" at step {step}"
            raise QueryError(f"No file found as {file_name!r} in run {run_id!r}{place}", 404)
        return self.fetch_file(files[steps.index(chosen)], Path(destination))

    def fetch_file(self, file: Mapping[str, Any], destination: str | Path = ".") -> Path:
        """Stream one of the files that `get_files` listed to disk.

        Args:
            file: as it was listed.
            destination: a directory, or the path of the new file.

        Returns:
            Where it is now.

        Raises:
            QueryError: its bytes cannot be had.
        """
        path = Path(destination)
        if path.is_dir():
            # The name is whatever somebody's client said: it must not lead out of here.
            path /= safe_file_name(str(file["fileName"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._source.download(file, path)
        return path

    def upload_file(
        self,
        project: str,
        run_id: RunId,
        log_name: str,
        path: str | Path,
        *,
        step: int | None = None,
        caption: str | None = None,
    ) -> None:
        """Attach a file to a run that need not be open; it streams from disk.

        Raises:
            QueryError: there is no such file or run, or the source refuses it.
        """
        source = Path(path).expanduser()
        if not source.is_file():
            raise QueryError(f"there is no file {source}")
        number = self._number(project, run_id)
        self._source.upload(NewFile(project, number, log_name, source, step, caption))

    def _files(self, project: str, number: int, name: str | None) -> list[dict[str, Any]]:
        run = {"runId": number, "projectName": project}
        answer = self._get("/api/runs/files", {**run, "logName": name})
        files: list[dict[str, Any]] = answer["files"]
        if name is not None and len(files) == MAX_FILES:
            logger.warning("%s may have more files than the %d that are listed", name, MAX_FILES)
        return files
