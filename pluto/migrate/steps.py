"""Where the points of a series go whose steps Pluto cannot take as they are."""

from __future__ import annotations

from collections.abc import Collection

from pluto.values import whole_step


class Placing:
    """Gives the points of one metric their steps.

    A series is numbered from 0 if one of its steps is negative or no whole number, or if it has
    several points and all have the same step, of which Pluto would show the last one only. The true
    steps are then kept in the metric `<source>/step/<name>`, unless all are 0.

    Args:
        source: the tracker.
        name: of the metric.
        steps: of all its points.

    Example:
        >>> Placing("mlflow", "loss", [0, 1]).put(0.5, 1)
        (1, {'loss': 0.5})
        >>> Placing("mlflow", "loss", [0, 0]).put(0.5, 0)
        (0, {'loss': 0.5})
        >>> Placing("neptune", "loss", [0.5, 1]).put(0.5, 0.5)
        (0, {'loss': 0.5, 'neptune/step/loss': 0.5})
    """

    def __init__(self, source: str, name: str, steps: Collection[float]) -> None:
        self._source = source
        self._name = name
        different = set(steps)
        are_whole = all(whole_step(step) is not None for step in different)
        self.is_numbered = not are_whole or (len(steps) > 1 and len(different) == 1)
        self._keeps_steps = different != {0}
        self._next = 0

    def put(self, value: float, step: float) -> tuple[int, dict[str, float]]:
        """Return the step of the next point, and what to log there."""
        place, companions = self.place(step)
        return place, {self._name: value, **companions}

    def place(self, step: float) -> tuple[int, dict[str, float]]:
        """Return the step of the next value, and what has to be logged with it."""
        if not self.is_numbered:
            return int(step), {}
        place, self._next = self._next, self._next + 1
        name = f"{self._source}/step/{self._name}"
        return place, {name: float(step)} if self._keeps_steps else {}
