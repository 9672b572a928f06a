"""What `define_metric` says of metrics, and what sums up a run by those rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pluto.compat.wandb_errors import Error

AGGREGATES: Final = ("min", "max", "mean", "first", "last", "best", "copy", "none")
_GOALS: Final = {"minimize": "min", "maximize": "max"}
_KEPT: Final = frozenset({bool, int, float, str})


@dataclass(frozen=True)
class Metric:
    """The rules for one metric, or for all whose names begin alike (`val/*`).

    Attributes:
        step_metric: the metric that this one is drawn over.
        step_sync: whether a row with this metric gets the last value of `step_metric`.
        summary: words of `AGGREGATES`; None leaves the last value to stand for the metric.
        goal: what `best` means: `minimize` or `maximize`.
    """

    name: str
    step_metric: str | None = None
    step_sync: bool | None = None
    hidden: bool | None = None
    summary: tuple[str, ...] | None = None
    goal: str | None = None

    def fits(self, name: str) -> bool:
        """Tell whether the rules are for the metric `name`."""
        if self.name.endswith("*"):
            return name.startswith(self.name[:-1])
        return name == self.name

    def over(self, earlier: Metric) -> Metric:
        """Return these rules with the gaps filled from `earlier` ones."""
        known = {key: value for key, value in vars(self).items() if value is not None}
        return replace(earlier, **known)

    def described(self) -> dict[str, Any]:
        """Return what was said, as JSON values."""
        said = {key: value for key, value in vars(self).items() if key != "name"}
        return {key: value for key, value in said.items() if value not in (None, ())}


def read_metric(
    name: str,
    step_metric: str | Metric | None = None,
    step_sync: bool | None = None,
    hidden: bool | None = None,
    summary: str | None = None,
    goal: str | None = None,
) -> Metric:
    """Check and arrange the arguments of `define_metric`.

    Raises:
        Error: one of them cannot work.
    """
    if not name or "*" in name[:-1]:
        raise Error(f"define_metric() needs a name, or the beginning of one and '*', got {name!r}")
    words = tuple(word.strip().lower() for word in (summary or "").split(",") if word.strip())
    unknown = [word for word in words if word not in AGGREGATES]
    if unknown:
        raise Error(f"define_metric(summary=) takes {', '.join(AGGREGATES)}, got {unknown[0]!r}")
    if goal is not None and goal not in _GOALS:
        raise Error(f"define_metric(goal=) takes 'minimize' or 'maximize', got {goal!r}")
    over = step_metric.name if isinstance(step_metric, Metric) else step_metric
    follows = step_sync if step_sync is not None or over is None else True
    return Metric(name, over, follows, hidden, words or None, goal)


@dataclass
class _Aggregate:
    """The running aggregates of one metric."""

    first: float
    last: float
    min: float
    max: float
    total: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        self.last = value
        self.min, self.max = min(self.min, value), max(self.max, value)
        self.total, self.count = self.total + value, self.count + 1

    def of(self, word: str, goal: str | None) -> float:
        if word == "mean":
            return self.total / self.count
        chosen = _GOALS[goal or "minimize"] if word == "best" else word
        value: float = getattr(self, chosen)
        return value


@dataclass
class MetricRules:
    """All that was defined, and the values that sum up the run under it. Not safe for threads.

    Example:
        >>> rules = MetricRules()
        >>> rules.define(read_metric("loss", summary="min"))
        >>> rules.note({"loss": 2.0}), rules.note({"loss": 3.0})
        ([], [])
        >>> rules.summary()
        {'loss': {'min': 2.0}}
    """

    defined: dict[str, Metric] = field(default_factory=dict)
    explicit: dict[str, Any] = field(default_factory=dict)
    _last: dict[str, Any] = field(default_factory=dict)
    _aggregates: dict[str, _Aggregate] = field(default_factory=dict)
    _found: dict[str, Metric | None] = field(default_factory=dict)

    def define(self, metric: Metric, *, overwrite: bool = False) -> None:
        """Add rules; those that were given earlier for the same name are completed."""
        earlier = None if overwrite else self.defined.get(metric.name)
        self.defined[metric.name] = metric.over(earlier) if earlier else metric
        self._found.clear()

    def complete(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a row lacks: the last values of the metrics that its own ones follow."""
        rules = [self._rule(name) for name in row] if self.defined else []
        followed = [rule.step_metric for rule in rules if rule and rule.step_sync]
        return {
            name: self._last[name]
            for name in followed
            if name is not None and name not in row and name in self._last
        }

    def note(self, row: Mapping[str, Any]) -> list[str]:
        """Count a row in; return the names whose explicit summary it replaces."""
        plain = row if _KEPT.issuperset(map(type, row.values())) else _plain(row)
        self._last.update(plain)
        if self.defined:
            for name, value in plain.items():
                rule = self._rule(name)
                if rule is not None and rule.summary and isinstance(value, (int, float)):
                    self._add(name, value)
        replaced = [name for name in self.explicit if name in row]
        for name in replaced:
            del self.explicit[name]
        return replaced

    def aggregates(self) -> dict[str, dict[str, float]]:
        """Return `{metric: {word: value}}` of the metrics with a rule for their summary."""
        found = {name: self._rule(name) for name in self._aggregates}
        return {
            name: {word: self._aggregates[name].of(word, rule.goal) for word in _words(rule)}
            for name, rule in found.items()
            if rule is not None and _words(rule)
        }

    def summary(self) -> dict[str, Any]:
        """Return one value (or a mapping of aggregates) for each metric, and what was set."""
        rules = {name: self._rule(name) for name in self._last}
        unruled = [name for name, rule in rules.items() if rule is None or not rule.summary]
        last = {name: self._last[name] for name in unruled}
        return {**last, **self.aggregates(), **self.explicit}

    def _add(self, name: str, value: float) -> None:
        aggregate = self._aggregates.get(name)
        if aggregate is None:
            aggregate = self._aggregates[name] = _Aggregate(value, value, value, value)
        aggregate.add(value)

    def _rule(self, name: str) -> Metric | None:
        if name not in self._found:
            self._found[name] = _nearest(name, self.defined.values())
        return self._found[name]


def _nearest(name: str, metrics: Iterable[Metric]) -> Metric | None:
    """Return the rules for a metric: its own, or those of the longest beginning that fits."""
    fitting = [metric for metric in metrics if metric.fits(name)]
    return max(fitting, key=lambda metric: (metric.name == name, len(metric.name)), default=None)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers and texts of a row; arrays of one element and the like as numbers."""
    found = {key: value for key, value in row.items() if isinstance(value, tuple(_KEPT))}
    for key, value in row.items():
        if key not in found and hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
            found[key] = value.item()
    return found


def _words(rule: Metric) -> list[str]:
    return [word for word in rule.summary or () if word not in ("none", "copy")]
