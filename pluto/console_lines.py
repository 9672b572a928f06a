"""Folds what a program writes to a terminal into the lines that a person would see there.

A progress bar that redraws its line gives its last state, and at most one state a second
before. The control functions understood are those of ECMA-48 that progress bars use: carriage
return, backspace, cursor movement, erasing; colours are kept, everything else is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

MAX_LINE: Final = 1 << 20  # characters; a longer line is broken
MAX_COLUMN: Final = 4096  # how far to the right a movement goes
MAX_ROWS: Final = 32  # rows that the cursor can come back to
STATE_EVERY_MS: Final = 1000
STATE_EVERY_MAX_MS: Final = 30_000

_EDITING = re.compile(r"[\r\b]|\x1b(?!\[[\d;:]*m)")
_COLOURS = re.compile(r"\x1b\[[\d;:]*m")
_UNFINISHED = re.compile(r"(?:\r|\x1b(?:\[[0-?]*[ -/]*|[()#]|\][^\x07\x1b]{0,4096}\x1b?)?)\Z")
_TOKEN = re.compile(
    r"\x1b\[(?P<parameters>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()#][0-~]|\x1b[^\x1b\r\n\b]?"
    r"|(?P<control>[\r\n\b])|(?P<text>[^\x1b\r\n\b]+)"
)


class Line(NamedTuple):
    """One line, without its newline, and when it was written (ms since the epoch)."""

    text: str
    time: int


class LineFolder:
    r"""Folds one stream; feed it whatever arrives, in any pieces.

    Example:
        >>> folder = LineFolder()
        >>> folder.feed("loss 0.5\n 10%\r100%\ndone", time=0)
        [Line(text='loss 0.5', time=0), Line(text='100%', time=0)]
        >>> folder.close(time=1)
        [Line(text='done', time=1)]
    """

    def __init__(self) -> None:
        self._plain: list[str] = []  # the unfinished line, in pieces, if nothing edits it
        self._plain_length = 0
        self._held = ""  # an escape sequence whose end has not arrived
        self._screen: _Screen | None = None

    def feed(self, text: str, time: int) -> list[Line]:
        """Take what was written; return the lines that it completes, empty ones left out."""
        text = self._held + text
        unfinished = _UNFINISHED.search(text)
        self._held = unfinished[0] if unfinished else ""
        if unfinished:
            text = text[: unfinished.start()]
        text = text.replace("\r\n", "\n")
        if self._screen is None and not _EDITING.search(text):
            return self._feed_plain(text, time)
        return self._feed_screen(text, time)

    def tick(self, time: int) -> list[Line]:
        """Return the states of progress bars that are due."""
        if self._held == "\r":  # no newline followed: it begins to redraw the line
            self._held = ""
            self._feed_screen("\r", time)
        return [] if self._screen is None else list(self._screen.due(time))

    def close(self, time: int) -> list[Line]:
        """Return what is left, such as a last line without a newline."""
        self._held = ""
        if self._screen is not None:
            lines = list(self._screen.rest())
            self._screen = None
            return lines
        rest, self._plain, self._plain_length = "".join(self._plain), [], 0
        return [Line(rest, time)] if _is_visible(rest) else []

    def _feed_plain(self, text: str, time: int) -> list[Line]:
        self._plain.append(text)
        self._plain_length += len(text)
        if "\n" not in text and self._plain_length < MAX_LINE:
            return []
        *whole, rest = "".join(self._plain).split("\n")
        while len(rest) >= MAX_LINE:
            whole.append(rest[:MAX_LINE])
            rest = rest[MAX_LINE:]
        self._plain, self._plain_length = [rest], len(rest)
        return [Line(line, time) for line in whole if _is_visible(line)]

    def _feed_screen(self, text: str, time: int) -> list[Line]:
        if self._screen is None:
            self._screen = _Screen()
            text = "".join(self._plain) + text
            self._plain, self._plain_length = [], 0
        lines = list(self._screen.write(text, time))
        if self._screen.is_blank:
            self._screen = None
        return lines


def _is_visible(line: str) -> bool:
    return bool(_COLOURS.sub("", line) if line[:1] == "\x1b" else line)


class _Row:
    """One row of the screen: its cells, and what was told of it."""

    def __init__(self) -> None:
        self.cells: list[tuple[str, str]] = []  # (colours, character)
        self.redrawn = False
        self._told = ""
        self._written_at = 0

    def put(self, column: int, text: str, colours: str, time: int) -> None:
        self._written_at = time
        if column < len(self.cells):
            self.redrawn = True
        missing = column - len(self.cells)
        if missing > 0:
            self.cells.extend([("", " ")] * missing)
        self.cells[column : column + len(text)] = [(colours, character) for character in text]

    def erase(self, start: int, end: int) -> None:
        self.redrawn = True
        if end >= len(self.cells):
            del self.cells[start:]
        else:
            self.cells[start:end] = [("", " ")] * (end - start)

    def text(self) -> str:
        pieces, current = [], ""
        for colours, character in self.cells:
            if colours != current:
                pieces.append(("\x1b[0m" if current else "") + colours)
                current = colours
            pieces.append(character)
        text = "".join(pieces) + ("\x1b[0m" if current else "")
        return text.rstrip() if self.redrawn else text

    def tell(self) -> Iterator[Line]:
        """Tell the row as it is, unless it is blank or told already."""
        text = self.text()
        if text != self._told and any(not character.isspace() for _, character in self.cells):
            self._told = text
            yield Line(text, self._written_at)


class _Screen:
    """The last rows of an endless terminal, and the cursor.

    After the cursor has moved up, the rows from where it went to the last one are a block that
    will be drawn again, as several bars below each other are: it is told when it is due. Rows
    that the block has left behind, such as lines printed above the bars, are final.
    """

    def __init__(self) -> None:
        self._rows = [_Row()]
        self._row = 0
        self._column = 0
        self._colours = ""
        self._height = 0  # how far the cursor has moved up at most; 0: it has not
        self._top = 0  # where it arrived the last time
        self._quiet_rows = 0  # new rows since then
        self._drawn_since = self._told_at = -1
        self._written_at = 0

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to come back to."""
        return len(self._rows) == 1 and not (self._rows[0].cells or self._colours or self._column)

    def write(self, text: str, time: int) -> Iterator[Line]:
        for token in _TOKEN.finditer(text):
            if token["text"] is not None:
                yield from self._put(token["text"], time)
            elif token["control"] is not None:
                yield from self._control(token["control"])
            elif token["final"] is not None:
                self._sequence(token["final"], token["parameters"], token[0])

    def due(self, time: int) -> Iterator[Line]:
        """A bar that runs for hours is told more rarely than one that runs for seconds."""
        pause = min(max(STATE_EVERY_MS, (time - self._drawn_since) // 60), STATE_EVERY_MAX_MS)
        is_still = self._height > 0 and time - self._written_at >= STATE_EVERY_MS
        if self._drawn_since < 0 or (time - self._told_at < pause and not is_still):
            return
        self._told_at = time
        for row in self._rows:
            if row.redrawn or row is not self._rows[self._row]:
                yield from row.tell()

    def rest(self) -> Iterator[Line]:
        for row in self._rows:
            yield from row.tell()

    def _put(self, text: str, time: int) -> Iterator[Line]:
        if self._drawn_since < 0:
            self._drawn_since = self._told_at = time
        self._written_at = time
        self._rows[self._row].put(self._column, text, self._colours, time)
        self._column += len(text)
        if self._column >= MAX_LINE:
            yield from self._newline()

    def _control(self, control: str) -> Iterator[Line]:
        if control == "\n":
            yield from self._newline()
        elif control == "\b":
            self._column = max(0, self._column - 1)
        else:
            self._column = 0
            self._rows[self._row].redrawn = True

    def _newline(self) -> Iterator[Line]:
        if not self._height:
            yield from self._rows[self._row].tell()
            self._drawn_since = -1
        self._column = 0
        self._row += 1
        if self._row == len(self._rows):
            self._rows.append(_Row())
            self._quiet_rows += 1
        yield from self._forget()

    def _forget(self) -> Iterator[Line]:
        """Let go of rows that the cursor will not come back to."""
        if self._quiet_rows >= MAX_ROWS:
            self._height, self._drawn_since = 0, -1
        block = min(self._top, len(self._rows) - 1 - self._height) if self._height else MAX_ROWS
        gone = max(min(block, len(self._rows) - 1), len(self._rows) - MAX_ROWS)
        for row in self._rows[:gone]:
            yield from row.tell()
        del self._rows[:gone]
        self._row -= gone
        self._top = max(0, self._top - gone)

    def _sequence(self, final: str, parameters: str, whole: str) -> None:
        if final == "m":
            self._colour(parameters, whole)
            return
        first = parameters.partition(";")[0]
        number = int(first) if first.isdecimal() else 0
        if final in _MOVES:
            rows, columns = _MOVES[final]
            self._move(rows * max(1, number), columns * max(1, number))
        elif final == "G":
            self._column = min(max(0, number - 1), MAX_COLUMN)
        elif final == "K":
            self._erase_row(number)
        elif final == "J" and number == 0:
            self._erase_row(0)
            for row in self._rows[self._row + 1 :]:
                row.erase(0, len(row.cells))

    def _colour(self, parameters: str, whole: str) -> None:
        if parameters in ("", "0") or len(self._colours) > 256:
            self._colours = ""
        else:
            self._colours += whole

    def _move(self, rows: int, columns: int) -> None:
        if columns:
            self._column = min(max(0, self._column + columns), max(MAX_COLUMN, self._column))
        if rows < 0:
            missing = min(max(0, -rows - self._row), MAX_ROWS)
            self._rows[:0] = [_Row() for _ in range(missing)]
            self._top = self._row = max(0, self._row + missing + rows)
            self._height = min(max(self._height, -rows), MAX_ROWS - 1)
            self._quiet_rows = 0
        elif rows > 0:
            self._row = min(self._row + rows, len(self._rows) - 1)

    def _erase_row(self, which: int) -> None:
        row = self._rows[self._row]
        start, end = {0: (self._column, MAX_LINE), 1: (0, self._column + 1)}.get(
            which, (0, MAX_LINE)
        )
        row.erase(start, end)


_MOVES: Final = {"A": (-1, 0), "B": (1, 0), "C": (0, 1), "D": (0, -1)}
