"""`pluto.sentry` of the earlier client: functions that do nothing, for there is no telemetry."""

from __future__ import annotations

from typing import Any


def _nothing(*_args: Any, **_kwargs: Any) -> None:
    """Do nothing."""


capture_exception = capture_message = set_tag = set_context = set_user = flush = _nothing
