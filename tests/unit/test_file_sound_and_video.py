"""Sounds and videos: the layouts, rates and types that scripts log."""

import io
import logging
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image as pillow  # noqa: N813

from pluto.errors import UsageError
from pluto.file import Audio, Video
from pluto.media import movie
from pluto.media.arrays import Tone
from pluto.media.notice import notices
from tests.stored_media import Stored, store


def heard(stored: Stored) -> tuple[NDArray[np.int16], int]:
    """The samples (frames, channels) and the rate of a stored WAV file."""
    with wave.open(io.BytesIO(stored.content())) as sound:
        assert sound.getsampwidth() == 2
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
        return samples.reshape(-1, sound.getnchannels()), sound.getframerate()


def test_bug_50_lists_tensors_and_arrays_of_floats_become_sixteen_bits(tmp_path: Path) -> None:
    values = [0.0, 0.5, -1.0, 1.0]
    for data in (values, tuple(values), np.array(values, np.float32), np.array(values)):
        samples, rate = heard(store(Audio(data, rate=8000), tmp_path))
        assert samples[:, 0].tolist() == [0, 16384, -32767, 32767]
        assert rate == 8000


def test_floats_outside_the_range_are_clipped_and_nan_is_silence(tmp_path: Path) -> None:
    samples, _ = heard(store(Audio(np.array([2.0, -3.0, np.nan, np.inf, -np.inf])), tmp_path))
    assert samples[:, 0].tolist() == [32767, -32767, 0, 32767, -32767]


@given(hnp.arrays(np.int16, st.integers(1, 50)))
def test_sixteen_bit_samples_are_stored_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, samples: NDArray[np.int16]
) -> None:
    found, rate = heard(store(Audio(samples), tmp_path_factory.mktemp("sound")))
    np.testing.assert_array_equal(found[:, 0], samples)
    assert rate == 48000


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([0, 128, 255], np.uint8), [-32768, 0, 32512]),
        (np.array([-128, 0, 127], np.int8), [-32768, 0, 32512]),
        (np.array([-(2**31), 0, 2**31 - 1], np.int32), [-32768, 0, 32767]),
        (np.array([-40000, 5, 40000], np.int64), [-32768, 5, 32767]),
        (np.array([0, 2**63], np.uint64), [0, 32767]),
        (np.array([True, False]), [1, 0]),
        ([0, 1000, -1000], [0, 1000, -1000]),
    ],
)
def test_integers_of_every_width_are_brought_to_sixteen_bits(
    samples: Any, expected: list[int], tmp_path: Path
) -> None:
    assert heard(store(Audio(samples), tmp_path))[0][:, 0].tolist() == expected


def test_channels_are_the_shorter_dimension(tmp_path: Path) -> None:
    stereo = np.arange(20, dtype=np.int16).reshape(10, 2)
    for layout in (stereo, stereo.T):
        np.testing.assert_array_equal(heard(store(Audio(layout), tmp_path))[0], stereo)


def test_long_sounds_are_written_in_pieces_without_a_gap(tmp_path: Path) -> None:
    samples = np.arange(200_001, dtype=np.int64).astype(np.int16)
    np.testing.assert_array_equal(heard(store(Audio(samples), tmp_path))[0][:, 0], samples)


def test_an_empty_sound_is_an_empty_wav_file(tmp_path: Path) -> None:
    assert heard(store(Audio([]), tmp_path))[0].size == 0
    assert heard(store(Audio(np.zeros((0, 2))), tmp_path))[0].size == 0


def test_bug_30_sample_rate_is_another_word_for_rate(tmp_path: Path) -> None:
    assert heard(store(Audio([0.0], sample_rate=np.float64(22050.0)), tmp_path))[1] == 22050
    assert heard(store(Audio([0.0], rate=1, sample_rate=16000), tmp_path))[1] == 16000


@pytest.mark.parametrize("rate", [0, -1, 2**32, 0.2])
def test_impossible_rates_are_refused(rate: float) -> None:
    with pytest.raises(UsageError, match="samples a second, such as 48000"):
        Audio([0.0], rate=rate)


@pytest.mark.parametrize("shape", [(), (2, 3, 4), (65, 66)])
def test_arrays_that_are_no_sound_are_refused_with_the_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="is not a sound"):
        Audio(np.zeros(shape))


@pytest.mark.parametrize(
    ("content", "extension"),
    [
        (b"RIFF\0\0\0\0WAVEfmt ", "wav"),
        (b"ID3\x04", "mp3"),
        (b"OggS\0", "ogg"),
        (b"fLaC\0", "flac"),
        (b"anything", "wav"),
    ],
)
def test_bytes_of_a_sound_are_stored_under_their_format(
    content: bytes, extension: str, tmp_path: Path
) -> None:
    stored = store(Audio(content), tmp_path)
    assert (stored.content(), stored.row["fileType"]) == (content, extension)
    assert store(Audio(content, format="m4a"), tmp_path).row["fileType"] == "m4a"


def moving(frames: int = 5, height: int = 12, width: int = 16) -> NDArray[np.uint8]:
    """T,H,W,3 frames that all differ: Pillow merges equal ones in a GIF."""
    video = np.zeros((frames, height, width, 3), np.uint8)
    for index in range(frames):
        video[index, :, : index + 1] = 255
    return video


def shown(stored: Stored, index: int) -> NDArray[np.uint8]:
    picture = pillow.open(io.BytesIO(stored.content()))
    picture.seek(index)
    return np.asarray(picture.convert("RGB"))


LAYOUTS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "T,H,W,C": lambda video: video,
    "T,C,H,W": lambda video: np.moveaxis(video, -1, 1),
    "T,H,W,1": lambda video: video[..., :1],
    "T,1,H,W": lambda video: np.moveaxis(video[..., :1], -1, 1),
    "B,T,C,H,W": lambda video: np.moveaxis(video, -1, 1)[None],
    "B,T,H,W,C": lambda video: video[None],
    "fractions": lambda video: video / 255.0,
    "bools": lambda video: video > 0,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_bug_30_frames_of_every_layout_give_the_same_video(layout: str, tmp_path: Path) -> None:
    video = moving()
    stored = store(Video(LAYOUTS[layout](video), fps=10, format="gif"), tmp_path)
    assert stored.frames() == 5
    for index in range(5):
        np.testing.assert_array_equal(shown(stored, index), video[index])


@pytest.mark.parametrize("batch", [2, 3, 5, 7])
def test_bug_50_batches_of_any_size_become_a_grid(batch: int, tmp_path: Path) -> None:
    videos = np.stack([moving()] * batch)
    stored = store(Video(videos, format="gif"), tmp_path)
    columns = int(np.ceil(np.sqrt(batch)))
    assert shown(stored, 0).shape == (12 * -(-batch // columns), 16 * columns, 3)
    np.testing.assert_array_equal(shown(stored, 2)[:12, 16:32], videos[1, 2])


def test_one_scale_holds_for_all_frames(tmp_path: Path) -> None:
    video = np.zeros((2, 4, 4, 3))
    video[0], video[1, 0] = 10.0, 200.0
    stored = store(Video(video, format="gif"), tmp_path)
    assert shown(stored, 0)[0, 0, 0] == 10


def test_the_rate_is_the_frames_a_second(tmp_path: Path) -> None:
    for video in (Video(moving(), 4, format="gif"), Video(moving(), fps=4, format="gif")):
        stored = store(video, tmp_path)
        assert pillow.open(io.BytesIO(stored.content())).info["duration"] == 250


def test_transparent_frames_are_shown_over_black(tmp_path: Path) -> None:
    frames = np.zeros((2, 8, 8, 4), np.uint8)
    frames[..., 0] = 255
    frames[1, ..., 3] = 255
    stored = store(Video(frames, format="gif"), tmp_path)
    assert shown(stored, 0)[0, 0].tolist() == [0, 0, 0]
    assert shown(stored, 1)[0, 0].tolist() == [255, 0, 0]


def test_without_an_encoder_a_video_is_a_gif_and_one_warning_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(movie, "_ENCODERS", {"no_such_module_anywhere": movie.write_with_av})
    notices.forget(("no video encoder", ".webm"))
    with caplog.at_level(logging.WARNING, "pluto"):
        stored = [store(Video(moving(), format="webm"), tmp_path) for _ in range(2)]
    assert [each.row["fileType"] for each in stored] == ["gif", "gif"]
    assert stored[0].row["mime"] == "image/gif"
    [record] = caplog.records
    assert "pip install 'pluto-ml[video]'" in record.message


def test_an_encoder_that_fails_is_named_and_a_gif_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(video: movie.Movie, extension: str, target: Path) -> None:
        raise LookupError("no codec")

    monkeypatch.setattr(movie, "_ENCODERS", {"json": broken})
    with caplog.at_level(logging.WARNING, "pluto"):
        assert store(Video(moving()), tmp_path).row["fileType"] == "gif"
    assert "no .mp4 from broken: no codec" in caplog.text


def test_odd_sizes_are_made_even_for_codecs_by_repeating_the_edge() -> None:
    frames = movie.Movie(moving(1, 3, 5), "THWC", 1, Tone(0, 1)).frames()
    [even] = movie._even(frames)
    assert even.shape == (4, 6, 3)
    np.testing.assert_array_equal(even[3], even[2])


@pytest.mark.parametrize("shape", [(4,), (4, 4, 3), (0, 4, 4, 3), (9, 9, 9, 9), (1, 1, 2, 4, 4, 3)])
def test_arrays_that_are_no_video_are_refused_with_the_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="is not a video"):
        Video(np.zeros(shape))


def test_unknown_formats_and_rates_are_refused() -> None:
    with pytest.raises(UsageError, match="none of mp4, webm, ogg, gif"):
        Video(moving(), format="avi")
    with pytest.raises(UsageError, match="frames a second"):
        Video(moving(), fps=0)


def test_paths_and_bytes_of_videos_are_stored_as_they_are(tmp_path: Path) -> None:
    content = b"\0\0\0\x18ftypmp42"
    (tmp_path / "clip.webm").write_bytes(b"\x1aE\xdf\xa3")
    assert store(Video(content), tmp_path).row["fileType"] == "mp4"
    stored = store(Video(str(tmp_path / "clip.webm")), tmp_path)
    assert (stored.row["fileType"], stored.content()) == ("webm", b"\x1aE\xdf\xa3")
    assert stored.row["fileName"].startswith("clip.")
