"""What can be asked of a source of runs: the functions of `pluto.query`."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from pluto.errors import QueryError, UsageError
from pluto.query_connection import MAX_LISTED, RunId
from pluto.query_files import FileCalls
from pluto.query_frames import Frame, to_frame
from pluto.query_series import MAX_THINNED, Series, Wanted, thin, thinned
from pluto.query_server import DataPoint
from pluto.server.filters import FilterError, compile_filter

logger = logging.getLogger("pluto")

MAX_LINES: Final = 10_000
MAX_NAMES: Final = 500
MAX_OFFSET: Final = 100_000
MAX_RANKED: Final = 100
MAX_AT_ONCE: Final = 100
"""The most metrics that the statistics hold, and the most runs that are compared."""

Run = dict[str, Any]
Aggregation = Literal["MIN", "MAX", "AVG", "LAST", "VARIANCE"]


class Calls(FileCalls):
    """The functions, each a few requests."""

    def list_projects(self) -> list[dict[str, Any]]:
        """Return the projects: `id, name, runCount, createdAt, updatedAt`."""
        return list(self._get("/api/runs/projects")["projects"])

    def list_runs(  # noqa: PLR0917 - the order of the earlier client
        self,
        project: str,
        search: str | None = None,
        tags: Sequence[str] | None = None,
        limit: int | None = 50,
        sort: str | None = None,
        offset: int = 0,
        filters: Mapping[str, Any] | None = None,
    ) -> list[Run]:
        """Return runs of a project, the newest first.

        Args:
            project: its name.
            search: part of a name or display id.
            tags: a run has one of them.
            limit: how many at most; None = all.
            sort: `[+-]field`: createdAt, updatedAt, name, status, heartbeat_at,
                `config.<key>.value`, `systemMetadata.<key>.value`, `summary_metrics.<name>`.
            offset: how many to leave out, at most 100,000.
            filters: conditions such as `{"state": "finished", "config.lr": {"$lt": 0.1}}`, with
                `$and $or $not $eq $ne $gt $gte $lt $lte $in $nin $regex`.

        Returns:
            Dicts with `id, name, displayId, status, tags, createdAt` and more.

        Raises:
            ValueError: the filters cannot be understood.
            QueryError: the source refuses, or does not answer.

        Example:
            >>> client.list_runs("digits", sort="+summary_metrics.val/loss", limit=3)
        """
        _check_filters(filters)
        parameters = {
            "projectName": project,
            "search": search or None,
            "tags": ",".join(_texts(tags) or []) or None,
            "filter": None if filters is None else json.dumps(filters),
            "sort": sort,
        }
        start = min(max(offset, 0), MAX_OFFSET)
        return self._pages(
            "/api/runs/list", "runs", parameters, size=MAX_LISTED, limit=limit, offset=start
        )

    def get_run(self, project: str | None, run_id: RunId) -> Run:
        """Return everything that is known about a run.

        Args:
            project: tells apart runs with the same display id or name; None = any.
            run_id: its number, display id, or name.

        Raises:
            QueryError: there is none, or several have this name.
        """
        return self._run(project, run_id)

    def get_metric_names(
        self,
        project: str,
        run_ids: Sequence[RunId] | None = None,
        search: str | None = None,
        limit: int = MAX_NAMES,
    ) -> list[str]:
        """Return names of metrics, of all runs or of some, at most 500.

        The public server learns of new names some minutes late.
        """
        numbers = [self._number(project, each) for each in run_ids or ()]
        parameters = {
            "projectName": project,
            "runIds": ",".join(map(str, numbers)) or None,
            "search": search or None,
            "limit": min(max(limit, 1), MAX_NAMES),
        }
        return list(self._get("/api/runs/metric-names", parameters)["metricNames"])

    def get_metrics(
        self,
        project: str,
        run_id: RunId,
        metric_names: str | Sequence[str] | None = None,
        limit: int | None = None,
        step_min: int | None = None,
        step_max: int | None = None,
        *,
        frame: Frame | None = None,
    ) -> Any:
        """Return points of metrics, all of them unless `limit` is given.

        Of several writes of one step the one with the greatest time counts.

        Args:
            project: name of the project.
            run_id: number, display id, or name of the run.
            metric_names: the metrics; None = all.
            limit: about how many points of each metric, picked at a fixed stride.
            step_min: lowest step, inclusive.
            step_max: highest step, inclusive.
            frame: `pandas`, `polars`, `numpy` (a dict of arrays), `dicts` (a list); None is pandas
                where it is installed, else dicts.

        Returns:
            Columns `metric, step, value, time` (UTC), by metric, then step.

        Raises:
            ValueError: bounds that are negative or the wrong way round.
            QueryError: the source refuses, or does not answer.

        Example:
            >>> client.get_metrics("digits", 42, ["train/loss"], frame="polars")
        """
        wanted = self._wanted(project, run_id, metric_names, step_min, step_max)
        return to_frame(self._series(wanted, limit), frame)

    def get_series(
        self,
        project: str,
        run_id: RunId,
        metric_names: str | Sequence[str] | None = None,
        step_min: int | None = None,
        step_max: int | None = None,
    ) -> Iterator[Series]:
        """Yield the metrics of a run one by one, with every point, as NumPy arrays.

        Takes what `get_metrics` takes, for runs that are larger than the memory.
        """
        wanted = self._wanted(project, run_id, metric_names, step_min, step_max)
        return self._series(wanted, None)

    def get_statistics(
        self,
        project: str,
        run_id: RunId,
        metric_names: str | Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Return `count, min, max, mean, stddev, last` of metrics, of finite values.

        Returns:
            `runId, runName, projectName, url` and the list `metrics`.
        """
        names = _texts(metric_names)
        run = {"runId": self._number(project, run_id), "projectName": project}
        only = names[0] if names and len(names) == 1 else None
        answer = dict(self._get("/api/runs/statistics", {**run, "logName": only}))
        metrics = answer["metrics"]
        is_cut = len(metrics) == MAX_AT_ONCE
        if names is None:
            if is_cut:
                logger.warning("statistics of the first %d metrics: name others", len(metrics))
            return answer
        found = {each["logName"]: each for each in metrics}
        for name in names if is_cut else ():
            if name not in found:
                more = self._get("/api/runs/statistics", {**run, "logName": name})["metrics"]
                found.update((each["logName"], each) for each in more)
        answer["metrics"] = [found[name] for name in names if name in found]
        return answer

    def compare_runs(
        self, project: str, run_ids: Sequence[RunId], metric_name: str
    ) -> dict[str, Any]:
        """Return the statistics of one metric in several runs, and their configs.

        Returns:
            `projectName, logName, comparisonUrl` and the list `runs`.
        """
        numbers = list(dict.fromkeys(self._number(project, each) for each in run_ids))
        if not numbers:
            raise UsageError("compare_runs() needs at least one run")
        answers = [
            self._get(
                "/api/runs/compare",
                {
                    "projectName": project,
                    "runIds": ",".join(map(str, numbers[start : start + MAX_AT_ONCE])),
                    "logName": metric_name,
                },
            )
            for start in range(0, len(numbers), MAX_AT_ONCE)
        ]
        if len(answers) == 1:
            return dict(answers[0])
        return {**answers[0], "runs": [run for answer in answers for run in answer["runs"]]}

    def leaderboard(
        self,
        project: str,
        metric_name: str,
        aggregation: Aggregation = "LAST",
        direction: Literal["ASC", "DESC"] = "ASC",
        limit: int = 50,
        offset: int = 0,
    ) -> dict[str, Any]:
        """Rank the runs of a project by a number of one metric.

        Args:
            project: name of the project.
            metric_name: runs without it are left out.
            aggregation: MIN, MAX, AVG, LAST or VARIANCE.
            direction: ASC = the smallest first.
            limit: how many, at most 100.
            offset: how many to leave out.

        Returns:
            `runs`, each with `rank, runId, runName, value` and more, and `total`.
        """
        parameters = {
            "projectName": project,
            "logName": metric_name,
            "aggregation": aggregation,
            "direction": direction,
            "limit": min(max(limit, 1), MAX_RANKED),
            "offset": offset or None,
        }
        return dict(self._get("/api/runs/leaderboard", parameters))

    def get_logs(
        self,
        project: str,
        run_id: RunId,
        log_type: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[dict[str, Any]]:
        """Return console lines in their order, all of them unless `limit` is given.

        Args:
            project: name of the project.
            run_id: number, display id, or name of the run.
            log_type: INFO, ERROR, WARNING, DEBUG or PRINT; None = every line.
            limit: how many at most.
            offset: how many to leave out.

        Returns:
            Dicts with `message, logType, time, lineNumber, step`.
        """
        parameters = {
            "runId": self._number(project, run_id),
            "projectName": project,
            "logType": log_type.upper() if log_type else None,
        }
        return self._pages(
            "/api/runs/logs", "logs", parameters, size=MAX_LINES, limit=limit, offset=max(offset, 0)
        )

    def structured(
        self, project: str, run_id: RunId, name: str | None = None
    ) -> list[DataPoint] | None:
        """Return histograms, tables, graphs and texts of a run, or those of one name.

        They come in the order of writing. The public API of hosted servers does not give them:
        None there.
        """
        path = f"/api/ui/runs/{self._number(project, run_id)}/data/raw"
        found: list[DataPoint] = []
        after: int | None = 0
        while after is not None:
            try:
                page = self._get(path, {"name": name, "after": after})
            except QueryError as error:
                if error.status_code == 404:
                    return None
                raise
            found += [DataPoint(**point) for point in page["points"]]
            after = page["next"]
        return found

    def _series(self, wanted: Wanted, limit: int | None) -> Iterator[Series]:
        if limit is None:
            return self._source.complete(self._get, wanted)
        if limit <= MAX_THINNED:
            return thinned(self._get, wanted, max(limit, 1))
        return (thin(each, limit) for each in self._source.complete(self._get, wanted))

    def _wanted(
        self,
        project: str,
        run_id: RunId,
        names: str | Sequence[str] | None,
        lo: int | None,
        hi: int | None,
    ) -> Wanted:
        if min(lo or 0, hi or 0) < 0:
            raise UsageError(f"steps are 0 or more, got step_min={lo}, step_max={hi}")
        if lo is not None and hi is not None and lo > hi:
            raise UsageError(f"step_min={lo} is greater than step_max={hi}")
        return Wanted(project, self._number(project, run_id), _texts(names), lo, hi)


def _check_filters(filters: Mapping[str, Any] | None) -> None:
    try:
        compile_filter({} if filters is None else filters)
    except FilterError as error:
        raise UsageError(str(error)) from None


def _texts(names: str | Sequence[str] | None) -> list[str] | None:
    if names is None:
        return None
    return [names] if isinstance(names, str) else [str(name) for name in names]
