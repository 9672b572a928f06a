"""Lines as a person would see them on a terminal."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluto.console_lines import MAX_COLUMN, MAX_LINE, MAX_ROWS, LineFolder


def fold(*pieces: str, step: int = 0) -> list[str]:
    """What comes out of pieces that arrive every `step` ms."""
    folder, lines, time = LineFolder(), [], 0
    for piece in pieces:
        lines += folder.feed(piece, time)
        time += step
        lines += folder.tick(time)
    return [line.text for line in lines + folder.close(time)]


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("a\nb\n", ["a", "b"]),
        ("a\n\n\nb", ["a", "b"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("no newline", ["no newline"]),
        ("10%\r 50%\r100%\ndone\n", ["100%", "done"]),
        ("long line\rshort\n", ["shortline"]),
        ("long line\rshort\x1b[K\n", ["short"]),
        ("long line\r\x1b[2Kshort\n", ["short"]),
        ("12345\x1b[3G\x1b[1KX\n", ["  X45"]),
        ("abc\b\bX\n", ["aXc"]),
        ("ab\x1b[2Cc\x1b[5Dx\n", ["xb  c"]),
        ("\x1b[32mgreen\x1b[0m plain\n", ["\x1b[32mgreen\x1b[0m plain"]),
        ("\x1b[32m 10%\r\x1b[32m 20%\x1b[0m\n", ["\x1b[32m\x1b[32m 20%\x1b[0m"]),
        ("\x1b[?25lhidden cursor\r\x1b[?25h\n", ["hidden cursor"]),
        ("\x1b]0;title\x07text\n", ["text"]),
        ("gone\r    \rback\n", ["back"]),
        ("one\ntwo\x1b[A\rONE\x1b[B\rTWO\n", ["one", "ONE", "TWO"]),
        ("a\tb  \n", ["a\tb  "]),
    ],
)
def test_a_line_is_what_a_terminal_shows(written: str, seen: list[str]) -> None:
    assert fold(written) == seen


def test_a_progress_bar_gives_a_state_a_second_and_its_end() -> None:
    states = [f"\r{percent:3}%" for percent in range(100)]
    lines = fold(*states, "\r100%\n", "done\n", step=50)  # five seconds
    assert lines[-2:] == ["100%", "done"]
    assert 4 <= len(lines) - 2 <= 5
    assert lines[:-2] == sorted(lines[:-2])


def test_a_bar_that_ends_its_states_with_a_carriage_return_is_one_too() -> None:
    states = [f"{percent:3}%\r" for percent in range(0, 100, 10)]
    assert fold(*states, "100%\n", step=10) == ["100%"]
    assert fold(*states, "100%\n", step=400)[-1] == "100%"


def test_a_bar_that_runs_for_hours_is_told_ever_more_rarely() -> None:
    states = [f"\r{second} s" for second in range(3 * 3600)]
    assert len(fold(*states, "\rend\n", step=1000)) < 700


def test_a_line_that_waits_for_its_end_is_one_line() -> None:
    assert fold("loading ...", " ", "done\n", step=5000) == ["loading ... done"]


# What tqdm 4.67 writes for `for _ in tqdm(range(2)): for _ in tqdm(range(2), leave=False)`.
NESTED = (
    "\router:   0%|  | 0/2\n\rinner:   0%|  | 0/2\x1b[A\n\rinner: 100%|##| 2/2\x1b[A"
    "\n\r                   \r\x1b[A\router:  50%|# | 1/2\n\rinner:   0%|  | 0/2\x1b[A"
    "\n\r                   \r\x1b[A\router: 100%|##| 2/2\router: 100%|##| 2/2\n"
)


def test_nested_progress_bars_leave_what_stays_on_the_screen() -> None:
    lines = fold(NESTED, "accuracy 0.9\n")
    assert lines[0] == "outer:   0%|  | 0/2"
    assert "outer: 100%|##| 2/2" in lines
    assert "accuracy 0.9" in lines
    assert len(lines) <= 4


def test_lines_behind_bars_wait_for_a_second_and_soon_flow_at_once_again() -> None:
    folder = LineFolder()
    folder.feed("a\nb\x1b[A\r1\n\n", 0)
    assert folder.feed("line\n", 100) == []
    assert folder.tick(1100) == [("1", 0), ("b", 0), ("line", 100)]
    for number in range(MAX_ROWS):
        folder.feed(f"line {number}\n", 2000)
    assert folder.feed("next\n", 2000) == [("next", 2000)]


# What rich 15 writes for two bars below each other, with and without a line printed above them.
FRAME = "\r\x1b[2K\x1b[1A\x1b[2K"
BARS = "epoch {}%\nbatch {}%"


def test_a_line_that_is_printed_above_bars_is_told_at_once_and_in_its_order() -> None:
    folder = LineFolder()
    told = folder.feed(BARS.format(0, 0), 0)
    for number in range(3):
        text = f"{FRAME}loss {number}\n{BARS.format(number, 9 * number)}"
        told += folder.feed(text, 100 * number)
        told += folder.feed(FRAME + BARS.format(number, 9 * number + 5), 100 * number + 50)
        told += folder.tick(100 * number + 60)
    assert [line.text for line in told] == ["epoch 0%", "loss 0", "loss 1", "loss 2"]
    assert [line.text for line in folder.close(400)] == ["epoch 2%", "batch 23%"]


def test_bars_below_each_other_give_a_state_a_second_however_much_is_printed_above() -> None:
    folder = LineFolder()
    told = folder.feed(BARS.format(0, 0), 0)
    for tenth in range(100):
        told += folder.feed(f"{FRAME}loss {tenth}\n{BARS.format(tenth, tenth)}", 100 * tenth)
        told += folder.tick(100 * tenth)
    lines = [line.text for line in told]
    assert [line for line in lines if line.startswith("loss")] == [f"loss {n}" for n in range(99)]
    assert 8 <= len([line for line in lines if line.startswith("epoch")]) <= 11


def test_a_table_that_grows_while_it_is_drawn_is_told_whole_and_its_head_once() -> None:
    folder = LineFolder()
    told = folder.feed("head\nrow 0\nend", 0)
    for rows in range(2, 6):
        body = "".join(f"row {row}\n" for row in range(rows))
        told += folder.feed(f"\r\x1b[2K\x1b[{rows}A" + f"head\n{body}end", 10 * rows)
    told += folder.close(100)
    texts = [line.text for line in told]
    assert texts[2:] == ["head", *(f"row {row}" for row in range(5)), "end"]
    assert texts[:2] == ["head", "row 0"]


def test_a_line_without_end_is_broken() -> None:
    lines = fold("x" * MAX_LINE, "x" * MAX_LINE, "yz\n")
    assert "".join(lines) == "x" * 2 * MAX_LINE + "yz"
    assert max(map(len, lines)) <= MAX_LINE + 2


def test_a_jump_far_to_the_right_does_not_fill_the_memory() -> None:
    (line,) = fold("\x1b[999999999Cx\r\x1b[999999999Gy\n")
    assert len(line) <= 2 * MAX_COLUMN


PIECES = ["a", "b\n", "\n", "\r", "\r\n", "\b", "\x1b", "\x1b[", "A", "\x1b[A", "\x1b[3B", "\x1b[K"]
PIECES += [
    "\x1b[31m",
    "\x1b[0m",
    "\x1b[2J",
    "\x1b[;;H",
    "\x1b]0;t",
    "\x07",
    "\x1b[10C",
    "é",
    "x" * 9,
]
TERMINAL = st.lists(st.sampled_from(PIECES)).map("".join)


@given(st.one_of(TERMINAL, st.text()))
def test_anything_at_all_folds_into_lines_without_newlines(text: str) -> None:
    lines = fold(text)
    assert all("\n" not in line and line for line in lines)


@given(st.lists(st.text("ab \n\t", max_size=8)))
def test_plain_text_gives_its_lines_however_it_arrives(pieces: list[str]) -> None:
    assert fold(*pieces) == [line for line in "".join(pieces).split("\n") if line]


@given(TERMINAL, st.integers(0, 50))
def test_where_the_pieces_are_cut_changes_at_most_the_colours(text: str, cut: int) -> None:
    folder = LineFolder()
    lines = folder.feed(text[:cut], 0) + folder.feed(text[cut:], 0) + folder.close(0)
    assert [colourless(line.text) for line in lines] == [colourless(line) for line in fold(text)]


def colourless(line: str) -> str:
    return re.sub(r"\x1b\[\d*m", "", line)
