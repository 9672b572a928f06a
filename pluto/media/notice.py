"""What constructors of logged values warn about, once in a process."""

from __future__ import annotations

from collections.abc import Mapping

from pluto.notice import Notices

notices = Notices()


def warn_unknown_keywords(class_name: str, keywords: Mapping[str, object]) -> None:
    """Say which keyword arguments a constructor does not know; existing scripts pass such."""
    if keywords:
        names = ", ".join(sorted(keywords))
        notices.warn(
            ("unknown keywords", class_name, names),
            "%s() ignores keyword arguments that it does not know: %s",
            class_name,
            names,
        )
