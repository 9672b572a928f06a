"""`run["a/path"]` of neptune 1.x: a handle on an attribute, or on all below a path."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pluto.compat import neptune_client_errors as errors
from pluto.compat.neptune_reading import FILE, FILES, SERIES, Point

if TYPE_CHECKING:
    from pluto.compat.neptune_run import Run


class Handler:
    """An attribute, or the namespace of all attributes below a path.

    Arguments that Neptune has and Pluto has no use for (`wait`, progress bars) are accepted.

    Args:
        container: the run.
        path: without a slash at its ends.

    Example:
        >>> run["train/loss"].append(0.5)
        >>> run["params"] = {"lr": 0.1}
    """

    def __init__(self, container: Run, path: str) -> None:
        self._container = container
        self._path = path

    def __getitem__(self, path: str) -> Handler:
        return Handler(self._container, _joined(self._path, path))

    def __setitem__(self, path: str, value: Any) -> None:
        self[path].assign(value)

    def __delitem__(self, path: str) -> None:
        self.pop(path)

    def __repr__(self) -> str:
        return f"<attribute {self._path!r} of {self._container!r}>"

    @property
    def container(self) -> Run:
        """The run."""
        return self._container

    def get_root_object(self) -> Run:
        """Return the run."""
        return self._container

    def assign(self, value: Any, **_options: Any) -> None:
        """Set it; a mapping sets what is below it."""
        self._container.writable().assign(self._path, value)

    def append(
        self, value: Any, *, step: float | None = None, timestamp: Any = None, **options: Any
    ) -> None:
        """Add a value to a series; a mapping adds one to each series below it.

        Args:
            value: a number, a text, a picture or `File`, or a mapping of such.
            step: by default the one after the last, from 0; it need not be whole, nor rise.
            timestamp: seconds since the Unix epoch.
            **options: `name` and `description` of a picture are its caption.
        """
        steps = None if step is None else [step]
        times = None if timestamp is None else [timestamp]
        said = [str(options[each]) for each in ("name", "description") if options.get(each)]
        self._container.writable().append(
            self._path, [value], steps, times, ": ".join(said) or None
        )

    def extend(
        self,
        values: Any,
        *,
        steps: Collection[float] | None = None,
        timestamps: Collection[Any] | None = None,
        **_options: Any,
    ) -> None:
        """Add several values to a series, or to those below it; see `append`."""
        given = [None if each is None else list(each) for each in (steps, timestamps)]
        self._container.writable().extend(self._path, values, *given)

    def log(
        self, value: Any, *, step: float | None = None, timestamp: Any = None, **options: Any
    ) -> None:
        """Add a value or a list of values, as scripts for earlier versions do."""
        if isinstance(value, (list, tuple)):
            steps = None if step is None else [step] * len(value)
            times = None if timestamp is None else [timestamp] * len(value)
            self.extend(value, steps=steps, timestamps=times)
        else:
            self.append(value, step=step, timestamp=timestamp, **options)

    def upload(self, value: Any, **_options: Any) -> None:
        """Keep a file: a path, a `File`, or a figure, picture or frame."""
        self._container.writable().upload(self._path, value)

    def upload_files(self, value: str | Iterable[str], **_options: Any) -> None:
        """Keep the files that match patterns."""
        self._container.writable().upload_files(self._path, value)

    def track_files(self, path: str, *, destination: str | None = None, **_options: Any) -> None:
        """Keep the digest and the list of files, not the files."""
        self._container.writable().track_files(self._path, path, destination)

    def add(self, values: str | Iterable[str], **_options: Any) -> None:
        """Add texts to a set."""
        self._container.writable().add(self._path, values)

    def remove(self, values: str | Iterable[str], **_options: Any) -> None:
        """Remove texts from a set."""
        self._container.writable().add(self._path, values, remove=True)

    def clear(self, **_options: Any) -> None:
        """Empty a set, or a series or the files of a set: what they held counts no longer."""
        self._container.writable().clear(self._path)

    def pop(self, path: str | None = None, **_options: Any) -> None:
        """Take it, or what is below it, back."""
        place = self._path if path is None else _joined(self._path, path)
        self._container.writable().pop(place)

    def fetch(self) -> Any:
        """Return the single value, or those below as nested dicts.

        Raises:
            MissingFieldException: there is nothing.
        """
        return self._container.fetch_below(self._path)

    def fetch_last(self) -> Any:
        """Return the last value of a series.

        Raises:
            MissingFieldException: there is no such series.
        """
        self._kind()
        points = self._points()
        if not points:
            raise errors.MissingFieldException(self._path)
        return points[-1].value

    def fetch_values(self, *, include_timestamp: bool = True, **_options: Any) -> Any:
        """Return a series as a frame of pandas with the columns step, value, timestamp."""
        from pluto.compat.neptune_query.tables import pandas_module

        pandas = pandas_module()
        self._kind()
        points = self._points()
        columns: dict[str, list[Any]] = {
            "step": [float(point.step) for point in points],
            "value": [point.value for point in points],
        }
        if include_timestamp:
            columns["timestamp"] = [
                pandas.Timestamp(point.seconds, unit="s", tz="UTC") for point in points
            ]
        return pandas.DataFrame(columns)

    def fetch_hash(self) -> str:
        """Return the digest of tracked files."""
        return str(self.fetch())

    def fetch_files_list(self) -> list[dict[str, Any]]:
        """Return the tracked files as dicts with path, bytes and sha256."""
        return self._container.stored().table(f"{self._path}/files")

    def fetch_extension(self) -> str:
        """Return the extension of a file."""
        return Path(str(self._files()[-1].row["fileName"])).suffix.removeprefix(".")

    def download(self, destination: str | None = None, **_options: Any) -> None:
        """Fetch the file, or the files of a series or a set, into a directory or to a path."""
        self._files()
        self._container.stored().download(self._path, Path(destination or "."))

    def download_last(self, destination: str | None = None) -> None:
        """Fetch the last file of a series."""
        self._files()[-1].download(Path(destination or "."))

    def list_fileset_files(self, path: str | None = None) -> list[str]:  # noqa: ARG002
        """Return the names of the files of a set."""
        return [file.own_name for file in self._files()]

    def delete_files(self, paths: str | Iterable[str], **_options: Any) -> None:
        """Take files out of a set, by their names, or all in a folder of it."""
        self._container.writable().delete_files(self._path, paths)

    def _kind(self) -> str:
        kind = self._container.kinds().get(self._path)
        if kind is None:
            raise errors.MissingFieldException(self._path)
        if kind not in (*SERIES, FILE):
            raise errors.TypeDoesNotSupportAttributeException(f"{self._path!r} is a {kind}")
        return kind

    def _points(self) -> list[Point]:
        return self._container.stored().points(self._path)

    def _files(self) -> list[Any]:
        if self._container.kinds().get(self._path) not in (FILE, FILES, "file_set"):
            raise errors.MissingFieldException(self._path)
        return self._container.stored().files(self._path)


def _joined(prefix: str, path: str) -> str:
    return f"{prefix}/{path.strip('/')}" if prefix else path.strip("/")
