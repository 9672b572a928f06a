"""What a run says of itself: its names, where it is, and what its metrics came to."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, NoReturn, overload

from pluto.sets import Settings

if TYPE_CHECKING:
    from typing_extensions import Self

    from pluto.record import RemoteRun
    from pluto.storage import RunReader  # numpy stays out of `import pluto`

SHOWN: Final = 20  # metrics in a notebook


class MetricSummary(NamedTuple):
    """What a metric came to; the extremes and the mean are of the finite values.

    `min_step` and `max_step` are the steps at which the extremes were reached.
    """

    points: int
    last: float | None
    min: float | None
    max: float | None
    mean: float | None
    last_step: int | None
    min_step: int | None
    max_step: int | None

    def best(self, goal: Literal["min", "max"]) -> float | None:
        """Return the best value, by whether a small or a large one is good."""
        return self.min if goal == "min" else self.max


_TAKEN: Final = MetricSummary._fields[1:]


class RunSummary(MutableMapping[str, Any]):
    """The metrics of a run by name, and the values that were set to sum it up.

    What this process has logged is in it at once, what other processes of the run log, and what is
    logged while a disk is slow, about a second later.

    Args:
        run: whose summary it is: an `Op`.
    """

    def __init__(self, run: Any) -> None:
        self._run = run

    def __getitem__(self, name: str) -> Any:
        return self._known()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._run.update_summary({name: value})

    def __delitem__(self, name: str) -> None:
        self._run.update_summary({name: None})

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def __repr__(self) -> str:
        return repr(self._known())

    def _known(self) -> dict[str, Any]:
        reader = self._run.reader()
        if reader is None:
            return {}
        try:
            metrics = {
                each.name: MetricSummary(each.count, *(getattr(each, field) for field in _TAKEN))
                for each in reader.names()
                if each.type == "METRIC" and each.count
            }
            return {**metrics, **(reader.facts().get("summary") or {})}
        finally:
            reader.close()


class RunNames(Sequence[str]):
    """The names of everything that a run has logged, in their order: what `settings.meta` is.

    Args:
        run: whose names they are: an `Op`.
    """

    def __init__(self, run: Any) -> None:
        self._run = run

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        return self._known()[index]

    def __len__(self) -> int:
        return len(self._known())

    def __repr__(self) -> str:
        return repr(self._known())

    def __eq__(self, other: object) -> bool:
        return self._known() == (list(other) if isinstance(other, RunNames) else other)

    __hash__ = None  # type: ignore[assignment]  # as a list

    def __reduce__(self) -> tuple[type[list[str]], tuple[list[str]]]:
        """Copied and pickled, it is the list of the moment."""
        return list, (self._known(),)

    def _known(self) -> list[str]:
        reader = self._run.reader()
        if reader is None:
            return []
        try:
            return [each.name for each in reader.names()]
        finally:
            reader.close()


def adopt(settings: Settings, remote: RemoteRun | None) -> None:
    """Keep what the server calls the run, once it has said so."""
    if remote is not None:
        settings._op_id = remote.run_id  # noqa: SLF001
        settings._display_id = remote.display_id  # noqa: SLF001
        settings.url_view = remote.url


class RunView:
    """The part of a run that is read; `pluto.op.Op` is the run."""

    settings: Settings

    def _known_there(self) -> Settings:
        """Return the settings, with what the server calls the run if it has said so by now."""
        return self.settings

    @property
    def id(self) -> int | None:
        """The server's numeric id; None for a local run or before the server has answered."""
        number = self._known_there()._op_id  # noqa: SLF001
        return None if number is None else int(number)

    @property
    def run_id(self) -> str | None:
        """The external id that the user gave, or None."""
        return self.settings._external_id  # noqa: SLF001

    @property
    def name(self) -> str | None:
        """The run's name."""
        return self.settings._op_name  # noqa: SLF001

    @property
    def project(self) -> str:
        """The project's name."""
        return self.settings.project

    @property
    def url(self) -> str | None:
        """Where a browser shows the run; None for a local run or before the server has answered."""
        return self._known_there().url_view

    @property
    def dir(self) -> str:
        """The run's directory on this machine."""
        return self.settings.get_dir()

    @property
    def summary(self) -> RunSummary:
        """The metrics that were logged, as `run.summary["val/acc"].max`, and values of your own.

        Example:
            >>> run.summary["val/acc"].best("max")
            0.93
            >>> run.summary["converged"] = True
        """
        return RunSummary(self)

    def reader(self) -> RunReader | None:
        """Return a new reader of what is stored of the run; None where nothing is."""
        from pluto.storage import RunReader, is_run_directory

        directory = Path(self.dir)
        return RunReader(directory) if is_run_directory(directory) else None

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        """A copy of what holds a run, as of a model, holds the same run."""
        return self

    def __reduce__(self) -> NoReturn:
        """Say how another process gets the run."""
        raise TypeError(
            "a run cannot be pickled: call pluto.init(run_id=..., resume=True) with the id of this"
            " run in the other process"
        )

    def __repr__(self) -> str:
        return f"<pluto run {self.settings._display_id or self.name} of {self.project}>"  # noqa: SLF001

    def _repr_html_(self) -> str:
        """Return what a notebook shows: where the run is, and the last values of its metrics."""
        from html import escape

        name = escape(f"{self.project} / {self.settings._display_id or self.name}")  # noqa: SLF001
        place = escape(self.url or self.dir)
        link = f'<a href="{place}" target="_blank">{place}</a>' if self.url else place
        metrics = [
            (name, each.last)
            for name, each in self.summary.items()
            if isinstance(each, MetricSummary) and not name.startswith("sys/")
        ]
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{last:.6g}</td></tr>"
            for name, last in metrics[:SHOWN]
            if last is not None
        )
        more = f"<p>and {len(metrics) - SHOWN} more</p>" if len(metrics) > SHOWN else ""
        return f"<p><b>pluto</b> {name}<br>{link}</p><table>{rows}</table>{more}"
