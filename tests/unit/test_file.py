"""What all media values share: names, snapshots, encoding once, mistakes."""

import doctest
import importlib
import json
import logging
import os
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pluto.media
from pluto.errors import MediaError, UsageError
from pluto.file import (
    Artifact,
    Audio,
    File,
    Html,
    Image,
    Plotly,
    PointCloud,
    Text,
    Video,
    encode,
    forget,
)
from pluto.media.naming import MAX_FILE_NAME, content_type, extension_of, file_name
from pluto.media.notice import notices
from pluto.storage import Blobs
from tests.stored_media import store

PIXELS = np.zeros((4, 5, 3), np.uint8)


def one_of_each(directory: Path) -> dict[str, File]:
    path = directory / "notes.txt"
    path.write_text("notes")
    return {
        "FILE": File(path),
        "ARTIFACT": Artifact(b"weights"),
        "TEXT": Text("words"),
        "IMAGE": Image(PIXELS),
        "AUDIO": Audio([0.0, 0.5]),
        "VIDEO": Video(np.stack([PIXELS, PIXELS]), format="gif"),
    }


def test_every_kind_is_a_file_with_the_log_type_of_the_protocol(tmp_path: Path) -> None:
    for name, value in one_of_each(tmp_path).items():
        assert isinstance(value, File)
        assert value.type_name == name
        assert value.snapshot(tmp_path / "staging")["type"] == name


def test_kinds_without_a_log_type_of_their_own_are_files() -> None:
    assert {Html.type_name, Plotly.type_name, PointCloud.type_name} == {"FILE"}


def test_a_row_says_everything_that_presigning_needs(tmp_path: Path) -> None:
    row = store(Image(PIXELS, caption="a cat"), tmp_path).row
    assert row["fileName"].startswith("a-cat.")
    assert row["fileName"].endswith(".png")
    assert (row["fileType"], row["mime"], row["caption"]) == ("png", "image/png", "a cat")
    assert row["fileSize"] > 0
    assert row["annotations"] is None


def test_a_plain_file_is_named_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "Best.PT"
    path.write_bytes(b"weights")
    stored = store(File(path), tmp_path)
    assert stored.row["fileName"] == f"{stored.row['sha256']}.pt"
    assert stored.content() == b"weights"


def test_bug_34_files_with_one_name_do_not_collide_when_logged_every_step(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"1")
    first, second = (store(File(path, name="model"), tmp_path).row for _ in range(2))
    assert first["fileName"] != second["fileName"]
    assert first["fileName"].startswith("model.")


def test_the_bytes_are_those_of_the_moment_of_logging(tmp_path: Path) -> None:
    staging, blobs = tmp_path / "staging", Blobs(tmp_path / "files")
    path = tmp_path / "checkpoint.bin"
    path.write_bytes(b"before")
    pixels = np.full((2, 2, 3), 7, np.uint8)
    staged = [File(path).snapshot(staging), Image(pixels).snapshot(staging)]
    path.write_bytes(b"after!")
    with path.open("r+b") as file:
        file.write(b"AFTER!")
    pixels[:] = 0
    file_row, image_row = (encode(item, staging, blobs)[0] for item in staged)
    assert blobs.path(str(file_row["sha256"])).read_bytes() == b"before"
    unchanged = store(Image(np.full((2, 2, 3), 7, np.uint8)), tmp_path / "other")
    assert image_row["sha256"] == unchanged.row["sha256"]


def test_the_users_file_stays_where_it_is_and_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(store(Image(PIXELS), tmp_path).content())
    before = path.read_bytes(), path.stat().st_nlink
    for value in (Image(path), File(path), Artifact(str(path))):
        store(value, tmp_path)
    assert (path.read_bytes(), path.stat().st_nlink) == before


def test_one_object_can_be_logged_under_several_names(tmp_path: Path) -> None:
    image = Image(PIXELS)
    names = {store(image, tmp_path).row["fileName"] for _ in range(3)}
    assert len(names) == 3


def test_encoding_again_after_a_crash_gives_the_same_rows(tmp_path: Path) -> None:
    staging, blobs = tmp_path / "staging", Blobs(tmp_path / "files")
    for value in one_of_each(tmp_path).values():
        staged = value.snapshot(staging)
        assert encode(staged, staging, blobs) == encode(staged, staging, blobs)
        forget(staged, staging)
    assert list(staging.iterdir()) == []


class CrashingBlobs(Blobs):
    """A blob store whose process dies right after a file has been moved in."""

    def put(self, source: Path) -> tuple[str, int]:
        super().put(source)
        raise KeyboardInterrupt


def test_a_crash_between_the_blob_store_and_the_rows_loses_nothing(tmp_path: Path) -> None:
    staging, files = tmp_path / "staging", tmp_path / "files"
    for value in one_of_each(tmp_path).values():
        staged = value.snapshot(staging)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                encode(staged, staging, CrashingBlobs(files))
        [row] = encode(staged, staging, Blobs(files))
        assert Blobs(files).path(str(row["sha256"])).stat().st_size == row["fileSize"]
        forget(staged, staging)
    assert list(staging.iterdir()) == []


def test_staged_bytes_that_are_gone_are_a_media_error(tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    staged = Text("words").snapshot(staging)
    forget(staged, staging)
    with pytest.raises(MediaError, match="gone"):
        encode(staged, staging, Blobs(tmp_path / "files"))


def test_a_full_disk_while_encoding_is_bad_luck_and_can_be_tried_again(tmp_path: Path) -> None:
    class FullBlobs(Blobs):
        def put(self, source: Path) -> tuple[str, int]:
            raise OSError(28, "No space left on device")

    staging = tmp_path / "staging"
    staged = Image(PIXELS).snapshot(staging)
    with pytest.raises(OSError, match="No space"):
        encode(staged, staging, FullBlobs(tmp_path / "files"))
    [row] = encode(staged, staging, Blobs(tmp_path / "files"))
    assert row["fileType"] == "png"


def test_a_file_that_vanished_before_logging_is_a_media_error(tmp_path: Path) -> None:
    path = tmp_path / "gone.txt"
    path.write_text("x")
    value = File(path)
    path.unlink()
    with pytest.raises(MediaError, match=r"File cannot be stored.*gone\.txt"):
        value.snapshot(tmp_path / "staging")


def test_a_failed_snapshot_leaves_nothing_in_the_staging_directory(tmp_path: Path) -> None:
    masks = {"m": {"mask_data": np.full((2, 2), 300)}}
    with pytest.raises(MediaError, match=r"outside 0\.\.255"):
        Image(PIXELS, masks=masks).snapshot(tmp_path / "staging")
    assert list((tmp_path / "staging").iterdir()) == []


def test_whatever_a_foreign_object_raises_becomes_a_media_error(tmp_path: Path) -> None:
    class Figure:
        def savefig(self, *args: object, **kwargs: object) -> None:
            raise RuntimeError("no renderer")

    with pytest.raises(MediaError, match="RuntimeError: no renderer"):
        Image(Figure()).snapshot(tmp_path / "staging")


@pytest.mark.parametrize("kind", [File, Image, Audio, Video, Artifact])
def test_a_missing_file_is_refused_at_construction_with_the_path(kind: Any) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file .*nowhere\.bin; check the path"):
        kind("nowhere.bin")


@pytest.mark.parametrize("kind", [File, Image, Audio, Video])
def test_a_directory_is_refused_at_construction_and_artifact_is_named(
    kind: Any, tmp_path: Path
) -> None:
    with pytest.raises(IsADirectoryError, match=r"log it with pluto\.Artifact"):
        kind(tmp_path)


def test_a_pipe_is_refused_at_construction(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        File(tmp_path / "pipe")


@pytest.mark.parametrize("kind", [Image, Audio, Video, Text, Html, Plotly])
def test_a_constructor_without_data_says_what_it_takes(kind: Any) -> None:
    with pytest.raises(UsageError, match=f"nothing to log; write pluto.{kind.__name__}"):
        kind()


def test_bug_30_documented_keywords_work(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(store(Audio([0.5]), tmp_path).content())
    for kind in (Image, Audio, Video, Text, Artifact, File):
        stored = store(kind(path=str(path), name="given"), tmp_path)
        assert stored.content() == path.read_bytes()
        assert stored.row["fileName"].startswith("given.")


def test_paths_may_be_path_objects_and_start_with_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.txt").write_text("a")
    assert store(File("~/a.txt"), tmp_path).content() == b"a"
    assert store(Artifact(tmp_path / "a.txt"), tmp_path).content() == b"a"


def test_an_unknown_keyword_is_ignored_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    notices.forget(("unknown keywords", "Image", "colour, grouping"))
    with caplog.at_level(logging.WARNING, "pluto"):
        for _ in range(3):
            Image(PIXELS, grouping=1, colour="red")
    [record] = caplog.records
    assert (
        "Image() ignores keyword arguments that it does not know: colour, grouping"
        in record.message
    )


@pytest.mark.parametrize(
    "caption", ["x" * 5000, "日本語のキャプション" * 50, "../../etc/passwd", "", "\ud800", "a\x00b"]
)
def test_any_caption_is_kept_and_gives_a_safe_file_name(caption: str, tmp_path: Path) -> None:
    row = store(Image(PIXELS, caption=caption), tmp_path).row
    assert row["caption"] == caption
    assert len(row["fileName"]) <= MAX_FILE_NAME
    assert "/" not in row["fileName"]
    assert not row["fileName"].startswith(".")


@given(stem=st.text(), extension=st.sampled_from(["", ".png", ".mask.png"]))
def test_file_names_are_short_and_portable(stem: str, extension: str) -> None:
    name = file_name(stem, "f" * 32, extension)
    assert len(name.encode()) <= MAX_FILE_NAME
    assert name.isascii()
    assert name.endswith("f" * 32 + extension)
    assert not set(name) & set('/\\:*?"<>| \0')


@given(st.text(alphabet=st.characters(blacklist_characters="\0")))
def test_extensions_are_short_and_lower_case(name: str) -> None:
    extension = extension_of(name)
    assert extension == "" or (extension[0] == "." and 2 <= len(extension) <= 17)
    assert extension == extension.lower()


def test_content_types_do_not_depend_on_the_machine() -> None:
    expected = {
        ".png": "image/png",
        ".jpg": "image/jpeg",
        ".wav": "audio/wav",
        ".mp4": "video/mp4",
        ".gif": "image/gif",
        ".txt": "text/plain",
        ".html": "text/html",
        ".json": "application/json",
        ".webp": "image/webp",
        "": "application/octet-stream",
        ".xyzzy": "application/octet-stream",
    }
    assert {extension: content_type(extension) for extension in expected} == expected


def test_a_large_file_is_not_read_into_memory(tmp_path: Path) -> None:
    """A child with 64 MB of address space to spare stages and encodes a file of 256 MB."""
    size = 256 << 20
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(size)
    script = f"""
import resource, pathlib, time
from pluto.errors import RetryLater
from pluto.file import Artifact, encode
from pluto.storage import Blobs
directory = pathlib.Path({str(tmp_path)!r})
used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + {64 << 20}, used + {64 << 20}))
staged = Artifact(directory / "large.bin").snapshot(directory / "staging")
while True:
    try:
        [row] = encode(staged, directory / "staging", Blobs(directory / "files"))
        break
    except RetryLater:  # it is still being copied
        time.sleep(0.01)
print(row["fileSize"])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == str(size), done.stderr


def test_copying_works_where_the_kernel_cannot_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "copy_file_range", refuse, raising=False)
    monkeypatch.setattr(os, "link", refuse)
    content = os.urandom(3 << 20)
    (tmp_path / "data.bin").write_bytes(content)
    assert store(File(tmp_path / "data.bin"), tmp_path).content() == content


def test_virtual_files_without_a_size_are_copied_whole(tmp_path: Path) -> None:
    source = Path("/proc/self/cmdline")
    if not source.exists():
        pytest.skip("needs /proc")
    assert store(File(source), tmp_path).content() == source.read_bytes()


def test_snapshots_are_json_and_small(tmp_path: Path) -> None:
    for value in one_of_each(tmp_path).values():
        assert len(json.dumps(value.snapshot(tmp_path / "staging"), allow_nan=False)) < 1000


def test_the_examples_in_the_docstrings_are_right() -> None:
    for module in media_modules():
        assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0, module.__name__


def media_modules() -> list[ModuleType]:
    names = [item.name for item in pkgutil.iter_modules(pluto.media.__path__)]
    modules = [importlib.import_module(f"pluto.media.{name}") for name in names]
    assert len(modules) > 10
    return [*modules, importlib.import_module("pluto.data"), importlib.import_module("pluto.file")]


def test_importing_media_imports_no_heavy_library() -> None:
    heavy = ["numpy", "PIL", "torch", "matplotlib", "orjson", "av", "pandas"]
    script = f"import sys, pluto.file, pluto.data; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
