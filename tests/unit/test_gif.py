"""GIF films: written a frame at a time, and read back as what was given."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pluto.media.gif import write_gif

Pixels = NDArray[np.uint8]


def moving_square(count: int, side: int = 64) -> Iterator[Pixels]:
    for number in range(count):
        frame = np.full((side, side, 3), 40, np.uint8)
        frame[number % side : number % side + 5, 3:9] = (200, number % 256, 90)
        yield frame


def read(path: Path) -> list[Pixels]:
    with Image.open(path) as film:
        frames = []
        for number in range(getattr(film, "n_frames", 1)):
            film.seek(number)
            frames.append(np.array(film.convert("RGB")))
    return frames


def test_frames_are_read_back_as_they_were(tmp_path: Path) -> None:
    given = list(moving_square(30))
    write_gif(iter(given), 40, tmp_path / "film.gif")
    found = read(tmp_path / "film.gif")
    assert len(found) == 30
    for one, other in zip(given, found, strict=True):
        assert np.array_equal(one, other)
    with Image.open(tmp_path / "film.gif") as film:
        assert (film.info["duration"], film.info["loop"]) == (40, 0)


@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 3, 3), (33, 65, 3)])
def test_frames_of_many_colours_come_near_and_stay_in_their_place(
    shape: tuple[int, int, int], tmp_path: Path
) -> None:
    source = np.random.default_rng(0)
    given = [source.integers(0, 256, shape).astype(np.uint8) for _ in range(4)]
    write_gif(iter(given), 100, tmp_path / "film.gif")
    for one, other in zip(given, read(tmp_path / "film.gif"), strict=True):
        assert other.shape == shape
        assert np.abs(one.astype(int) - other).mean() < 40


def test_equal_frames_and_single_ones_are_films_too(tmp_path: Path) -> None:
    frame = np.full((8, 8, 3), 7, np.uint8)
    for count in (1, 3):
        write_gif(iter([frame] * count), 20, tmp_path / f"{count}.gif")
        found = read(tmp_path / f"{count}.gif")
        assert np.array_equal(found[0], frame)
        assert np.array_equal(found[-1], frame)


def test_a_film_that_hardly_moves_is_not_stored_whole_for_each_frame(tmp_path: Path) -> None:
    write_gif(moving_square(1, 256), 20, tmp_path / "one.gif")
    write_gif(moving_square(101, 256), 20, tmp_path / "many.gif")
    one, many = ((tmp_path / f"{name}.gif").stat().st_size for name in ("one", "many"))
    assert many - one < 100 * 1500


def test_a_frame_is_written_before_the_one_after_it_is_asked_for(tmp_path: Path) -> None:
    target, sizes = tmp_path / "film.gif", list[int]()

    def frames() -> Iterator[Pixels]:
        source = np.random.default_rng(0)
        for _ in range(5):
            sizes.append(target.stat().st_size)
            yield source.integers(0, 256, (600, 600, 3)).astype(np.uint8)

    write_gif(frames(), 20, target)
    assert all(late - early > 100_000 for early, late in pairwise(sizes))
