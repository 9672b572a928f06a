"""Texts, HTML, plotly figures, points and artifacts."""

import json
import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluto.errors import MediaError, UsageError
from pluto.file import Artifact, Html, Plotly, PointCloud, Text
from pluto.media.notice import notices
from tests.stored_media import store


@given(st.text())
def test_texts_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    stored = store(Text(text), tmp_path_factory.mktemp("text"))
    assert stored.content().decode() == text
    assert (stored.row["fileType"], stored.row["mime"]) == ("txt", "text/plain")


def test_lone_surrogates_do_not_lose_a_text(tmp_path: Path) -> None:
    assert store(Text("a\ud800b"), tmp_path).content() == b"a\\ud800b"


def test_bug_45_a_text_that_equals_a_file_name_is_text_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notices.forget("text or file")
    (tmp_path / "secrets.env").write_text("KEY=1")
    with caplog.at_level(logging.WARNING, "pluto"):
        stored = store(Text("secrets.env"), tmp_path)
    assert stored.content() == b"secrets.env"
    assert "not the file of that name; for files write Text(path=...)" in caplog.text


def test_a_path_object_or_the_keyword_names_a_text_file(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Notes")
    for value in (Text(tmp_path / "notes.md"), Text(path=str(tmp_path / "notes.md"))):
        stored = store(value, tmp_path)
        assert (stored.content(), stored.row["mime"]) == (b"# Notes", "text/markdown")


def test_other_values_are_their_text(tmp_path: Path) -> None:
    assert store(Text(42), tmp_path).content() == b"42"
    assert store(Text("é".encode()), tmp_path).content().decode() == "é"
    assert store(Text(""), tmp_path).content() == b""


def test_html_from_text_file_stream_and_objects(tmp_path: Path) -> None:
    class Chart:
        def to_html(self) -> str:
            return "<b>chart</b>"

    class Styled:
        def _repr_html_(self) -> str:
            return "<b>styled</b>"

    (tmp_path / "page.html").write_text("<p>file</p>")
    assert store(Html("<p>text</p>"), tmp_path).content() == b"<p>text</p>"
    assert store(Html(tmp_path / "page.html"), tmp_path).content() == b"<p>file</p>"
    with (tmp_path / "page.html").open() as file:
        assert store(Html(file), tmp_path).content() == b"<p>file</p>"
    assert store(Html(Chart()), tmp_path).content() == b"<b>chart</b>"
    stored = store(Html(Styled()), tmp_path)
    assert (stored.content(), stored.row["mime"]) == (b"<b>styled</b>", "text/html")
    with pytest.raises(UsageError, match=r"object with to_html\(\), got int"):
        Html(3)


def test_a_plotly_dict_becomes_the_json_that_dashboards_recognise(tmp_path: Path) -> None:
    packed = {"dtype": "f8", "bdata": "AAAAAAAA8D8AAAAAAAAAQA=="}  # 1.0, 2.0
    grid = {"dtype": "i1", "bdata": "AQIDBA==", "shape": "2, 2"}
    figure = {
        "data": [{"y": packed, "z": grid, "x": np.array([1, np.nan])}],
        "layout": {"title": "t"},
    }
    stored = store(Plotly(figure), tmp_path)
    assert json.loads(stored.content()) == {
        "data": [{"y": [1.0, 2.0], "z": [[1, 2], [3, 4]], "x": [1.0, None]}],
        "layout": {"title": "t"},
    }
    assert stored.row["mime"] == "application/json"


def test_things_that_are_no_plotly_figure_are_refused() -> None:
    for figure in (3, {}, {"data": 1}, [1]):
        with pytest.raises(UsageError, match="Plotly takes a plotly figure"):
            Plotly(figure)


@pytest.mark.parametrize("width", [3, 4, 6])
def test_points_are_json_rows(width: int, tmp_path: Path) -> None:
    points = np.random.default_rng(1).normal(size=(40_000, width)).astype(np.float32)
    rows = json.loads(store(PointCloud(points), tmp_path).content())
    np.testing.assert_array_equal(np.array(rows, np.float32), points)


def test_points_that_are_not_finite_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "pluto"):
        stored = store(PointCloud([[1, 2, 3], [np.nan, 0, 0], [4, 5, np.inf], [7, 8, 9]]), tmp_path)
    assert json.loads(stored.content()) == [[1, 2, 3], [7, 8, 9]]
    assert "left out 2 of 4 points" in caplog.text


def test_no_points_are_an_empty_list_and_other_shapes_refused(tmp_path: Path) -> None:
    assert store(PointCloud(np.zeros((0, 3))), tmp_path).content() == b"[]"
    for shape in ((3,), (5, 2), (5, 5), (2, 3, 3)):
        with pytest.raises(UsageError, match=r"PointCloud takes \(N, 3\)"):
            PointCloud(np.zeros(shape))


def tree(directory: Path) -> Path:
    root = directory / "checkpoint"
    (root / "layers").mkdir(parents=True)
    (root / "config.json").write_text("{}")
    (root / "layers" / "0.bin").write_bytes(b"zero")
    (root / "layers" / "1.bin").write_bytes(b"one")
    return root


def test_a_directory_keeps_relative_names_and_is_addressed_by_content(tmp_path: Path) -> None:
    root = tree(tmp_path)
    first = store(Artifact(root), tmp_path)
    assert [row["caption"] for row in first.rows] == ["config.json", "layers/0.bin", "layers/1.bin"]
    assert first.content(2) == b"one"
    (root / "layers" / "1.bin").write_bytes(b"two")
    second = store(Artifact(str(root)), tmp_path)
    same = [a["fileName"] == b["fileName"] for a, b in zip(first.rows, second.rows, strict=True)]
    assert same == [True, True, False]
    assert second.rows[1]["fileName"] == f"layers-0.{second.rows[1]['sha256'][:16]}.bin"


def test_bug_45_metadata_of_an_artifact_is_uploaded(tmp_path: Path) -> None:
    artifact = Artifact(b"w", metadata={"epoch": np.int64(3)}, name="best", type="model")
    row = store(artifact, tmp_path).row
    assert json.loads(row["annotations"]) == {
        "artifact": {"name": "best", "type": "model", "metadata": {"epoch": 3}}
    }
    assert row["fileName"].startswith("best.")


def test_files_and_directories_can_be_added(tmp_path: Path) -> None:
    root = tree(tmp_path)
    artifact = Artifact().add_file(root / "config.json", name="settings/config.json")
    artifact.add_dir(root / "layers", name="weights")
    rows = store(artifact, tmp_path).rows
    assert [row["caption"] for row in rows] == [
        "settings/config.json",
        "weights/0.bin",
        "weights/1.bin",
    ]


def test_an_artifact_without_files_is_a_media_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for artifact in (Artifact(), Artifact(tmp_path / "empty")):
        with pytest.raises(MediaError, match="has no files"):
            artifact.snapshot(tmp_path / "staging")


def test_objects_are_refused_with_the_way_to_store_them() -> None:
    with pytest.raises(UsageError, match=r"write the object to a file first"):
        Artifact({"a": 1})
    with pytest.raises(UsageError, match="give the content once"):
        Artifact(b"1", path="x")
    with pytest.raises(FileNotFoundError, match="no directory"):
        Artifact().add_dir("nowhere")


def test_links_are_followed_to_files_only_and_what_cannot_be_read_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tree(tmp_path)
    (root / "link.json").symlink_to(root / "config.json")
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "dangling").symlink_to(root / "nowhere")
    os.mkfifo(root / "pipe")
    with caplog.at_level(logging.WARNING, "pluto"):
        rows = store(Artifact(root), tmp_path).rows
    names = [row["caption"] for row in rows]
    assert names == ["config.json", "link.json", "layers/0.bin", "layers/1.bin"]
    assert "left out 1 file of" in caplog.text


def test_a_file_without_an_extension_has_none(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("x")
    row: dict[str, Any] = store(Artifact(tmp_path / "LICENSE"), tmp_path).row
    assert (row["fileType"], row["mime"]) == ("", "application/octet-stream")
