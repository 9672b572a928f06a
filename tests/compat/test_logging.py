"""The handler of Python's logging."""

import logging
from typing import Any

import pytest

import pluto
from pluto.compat.logging import PlutoHandler
from pluto.storage import Kind
from tests.compat.reading import reading


@pytest.fixture
def log() -> logging.Logger:
    """A logger without a parent, whose messages nobody else gets."""
    return logging.Logger("tests.handler")  # noqa: LOG001 - pytest listens to those of getLogger


def console(run: Any) -> list[tuple[str, str]]:
    """The lines of a run's console that the handler wrote, with their types."""
    with reading(run) as reader:
        lines = [(record.type, record.body.decode()) for record in reader.records(Kind.CONSOLE)]
    return [(kind, text) for kind, text in lines if "tests.handler" in text or "  " in text]


def test_messages_are_recorded_with_their_level_line_by_line(log: logging.Logger) -> None:
    with pluto.init(disable_console=True) as run:
        log.addHandler(PlutoHandler(level="INFO"))
        log.debug("not this")
        log.info("loss %.2f", 0.5)
        log.error("two\n  lines")
    assert console(run) == [
        ("INFO", "INFO tests.handler: loss 0.50"),
        ("ERROR", "ERROR tests.handler: two"),
        ("ERROR", "  lines"),
    ]


def test_a_traceback_is_recorded_as_an_error(log: logging.Logger) -> None:
    with pluto.init(disable_console=True) as run:
        log.addHandler(PlutoHandler())
        try:
            int("bad")
        except ValueError:
            log.exception("failed")
    assert ("ERROR", "ERROR tests.handler: failed") in console(run)
    assert any('test_logging.py", line' in text for _, text in console(run))


def test_secrets_are_masked(log: logging.Logger) -> None:
    with pluto.init(disable_console=True) as run:
        log.addHandler(PlutoHandler())
        log.info("using key ghp_%s", "a1B2" * 9)
    ((_, text),) = console(run)
    assert "a1B2" not in text


def test_the_newest_live_run_gets_the_messages_and_nobody_without_one(log: logging.Logger) -> None:
    handler = PlutoHandler()
    log.addHandler(handler)
    log.info("before")
    with pluto.init(disable_console=True) as first:
        log.info("first")
    with pluto.init(disable_console=True) as second, pluto.init(disable_console=True) as third:
        log.info("third")
    log.info("after")
    assert [text for _, text in console(first)] == ["INFO tests.handler: first"]
    assert console(second) == []
    assert [text for _, text in console(third)] == ["INFO tests.handler: third"]


def test_a_message_that_cannot_be_formatted_does_not_stop_the_program(
    log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    with pluto.init(disable_console=True) as run:
        log.addHandler(PlutoHandler())
        log.info("%d steps", "many")
        log.info("fine")
    assert [text for _, text in console(run)] == ["INFO tests.handler: fine"]
    assert "Logging error" in capsys.readouterr().err


def test_pluto_s_own_messages_are_left_out() -> None:
    logger = logging.getLogger("pluto")
    handler = PlutoHandler()
    logger.addHandler(handler)
    try:
        with pluto.init(disable_console=True) as run:
            run.log({"odd": object()})
    finally:
        logger.removeHandler(handler)
    with reading(run) as reader:
        assert reader.count(Kind.CONSOLE) == 0
