"""The lines that people and tools look for on stdout."""

import io
import logging

import pytest

from pluto.notice import say


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Broken(io.StringIO):
    def write(self, _text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize(
    ("stream", "stands_out", "written"),
    [
        (Terminal(), True, "\x1b[32mpluto: run MMP-1 started\x1b[0m\n"),
        (Terminal(), False, "pluto: run MMP-1 started\n"),
        (io.StringIO(), True, "pluto: run MMP-1 started\n"),
    ],
)
def test_a_line_is_green_on_a_terminal_only(
    stream: io.StringIO, stands_out: bool, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", stream)
    say("run MMP-1 started", stands_out=stands_out)
    assert stream.getvalue() == written


@pytest.mark.parametrize("stream", [None, Broken()])
def test_a_line_that_stdout_does_not_take_goes_to_the_log(
    stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sys.stdout", stream)
    with caplog.at_level(logging.INFO, "pluto"):
        say("run MMP-1 started", stands_out=True)
    assert caplog.messages == ["run MMP-1 started"]
