"""What a script on wandb logs besides numbers, through the stand-in."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import pluto.compat.wandb as wandb
from tests.compat.reading import files, histograms, metrics, reading


@pytest.fixture(autouse=True)
def no_run_of_wandb() -> Iterator[None]:
    yield
    wandb.teardown()


def test_values_that_are_no_numbers_become_what_pluto_has_for_them() -> None:
    run = wandb.init(project="p")
    run.log({"array": np.arange(100), "many": list(range(100)), "few": [1, 2], "word": "on"})
    run.log({"one": np.array([3.5]), "odd": {"x": object()}})
    run.finish()
    assert len(histograms(run.op, "array")) == len(histograms(run.op, "many")) == 1
    assert metrics(run.op) == {"few/0": {0: 1.0}, "few/1": {0: 2.0}, "one": {1: 3.5}}


def test_a_value_that_cannot_be_stored_is_told_and_costs_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = wandb.init(project="p")
    run.log({"words": np.array(["a", "b"]), "loss": 1.0})
    run.finish()
    assert "words was not stored" in caplog.text
    assert metrics(run.op) == {"loss": {0: 1.0}}


def test_pictures_in_a_table_are_kept_beside_it() -> None:
    run = wandb.init(project="p")
    table = wandb.Table(columns=["n", "picture"])
    for number in range(2):
        table.add_data(number, wandb.Image(np.full((4, 4), number, np.uint8)))
    run.log({"samples": table})
    run.finish()
    assert [file["sampleIndex"] for file in files(run.op, "samples/picture")] == [0, 1]
    with reading(run.op) as reader:
        assert reader.name("samples") is not None


def test_a_scene_is_drawn_as_points_and_kept_whole() -> None:
    run = wandb.init(project="p")
    box = {"corners": [[0, 0, 0]] * 8, "label": "car"}
    scene = wandb.Object3D.from_point_cloud([[0, 0, 0], [1, 1, 1]], [box])
    run.log({"scene": scene, "several": [wandb.Object3D(np.eye(3)), wandb.Object3D(np.eye(3))]})
    run.finish()
    assert len(files(run.op, "scene")) == len(files(run.op, "scene/scene")) == 1
    assert len(files(run.op, "several")) == 2


def test_boxes_are_fractions_by_corners_or_by_their_middle() -> None:
    run = wandb.init(project="p")
    middle = {"position": {"middle": [0.5, 0.5], "width": 0.2, "height": 0.4}, "class_id": 1}
    pixels = {"position": {"minX": 1, "maxX": 2, "minY": 1, "maxY": 2}, "domain": "pixel"}
    classes = [{"id": 1, "name": "cat"}]
    boxes = {"found": {"box_data": [middle, {**pixels, "class_id": 1}]}}
    run.log({"picture": wandb.Image(np.zeros((8, 8)), boxes=boxes, classes=classes)})
    run.finish()
    (row,) = files(run.op, "picture")
    layer = json.loads(row["annotations"])["boxes"]["found"]
    first, second = layer["box_data"]
    assert first["domain"] == "fraction"
    assert first["position"] == pytest.approx({"minX": 0.4, "maxX": 0.6, "minY": 0.3, "maxY": 0.7})
    assert second["domain"] == "pixel"
    assert layer["class_labels"] == {"1": "cat"}


def test_samples_of_a_sound_need_their_rate() -> None:
    with pytest.raises(ValueError, match="needs sample_rate="):
        wandb.Audio(np.zeros(100))
    assert wandb.Audio(np.zeros(100), sample_rate=8000).caption is None


def test_frames_without_a_rate_are_shown_at_four_a_second() -> None:
    run = wandb.init(project="p")
    run.log({"clip": wandb.Video(np.zeros((3, 3, 8, 8), np.uint8), format="gif")})
    run.finish()
    assert files(run.op, "clip")[0]["fileType"] == "gif"


def test_a_frame_becomes_a_table() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    run = wandb.init(project="p")
    frame = pandas.DataFrame({"a": [1, 2]})
    run.log({"frame": frame, "table": wandb.Table(dataframe=frame)})
    run.finish()
    with reading(run.op) as reader:
        assert [info.type for info in map(reader.name, ("frame", "table")) if info] == ["TABLE"] * 2


def test_a_turned_box_has_the_corners_that_wandb_gives_it() -> None:
    real = pytest.importorskip("wandb", reason="wandb is not installed")
    place: dict[str, Any] = {
        "center": (1, 2, 3),
        "size": (1, 2, 4),
        "orientation": (0.7, 0.1, 0.2, 0.3),
    }
    ours, theirs = (
        package.box3d(**place, color=(0.5, 1, 0), label="a", score=0.9) for package in (wandb, real)
    )
    assert np.allclose(ours.pop("corners"), theirs.pop("corners"))
    assert ours == theirs
    with pytest.raises(ValueError, match="other than zero"):
        wandb.box3d(**{**place, "orientation": (0, 0, 0, 0)}, color=(1, 0, 0))
    with pytest.raises(ValueError, match=r"size=.* takes 3 numbers"):
        wandb.box3d(**{**place, "size": (1, 2)}, color=(1, 0, 0))
    run = wandb.init(project="p")
    box = wandb.box3d(**place, color=(0.5, 1, 0), label="a")
    run.log({"room": wandb.Object3D.from_point_cloud([[0, 0, 0]], [box])})
    run.finish()
    assert len(files(run.op, "room")) == len(files(run.op, "room/scene")) == 1


def test_joined_tables_have_the_rows_that_agree_in_the_key() -> None:
    left = wandb.Table(["id", "text", "score"], [[1, "one", 0.1], [2, "two", 0.2], [2, "zwei", 0]])
    right = wandb.Table(["score", "number"], [[0.5, 2], [0.9, 3]])
    joined = wandb.JoinedTable(left, right, ["id", "number"])
    assert joined.columns == ["id", "text", "score_1", "score_2"]
    assert joined.data == [[2, "two", 0.2, 0.5], [2, "zwei", 0, 0.5]]
    with pytest.raises(wandb.Error, match="has no column 'id'"):
        wandb.JoinedTable(left, right, "id")
    with pytest.raises(wandb.Error, match="takes two tables, got str"):
        wandb.JoinedTable(left, "right.table.json", "id")


def test_columns_are_added_and_computed_as_wandb_does() -> None:
    table = wandb.Table(["x"], [[1], [2]])
    table.add_column("y", [3, 4], optional=True)
    table.add_computed_columns(fn=lambda index, row: {"sum": row["x"] + row["y"], "at": index})
    assert table.columns == ["x", "y", "sum", "at"]
    assert table.data == [[1, 3, 4, 0], [2, 4, 6, 1]]
    assert list(table.get_index()) == [0, 1]


def test_casting_a_column_checks_its_values_and_leaves_them_as_they_are() -> None:
    table = wandb.Table(["id", "text"], [[1, "a"], [np.float64(2), None]])
    assert table.cast("id", "number") == "number"
    assert table.cast("text", str, optional=True) is str
    assert table.cast("text", wandb.Classes([{"id": 0, "name": "a"}])) is not None
    with pytest.raises(TypeError, match="row 1 of 'text' holds None"):
        table.cast("text", str)
    with pytest.raises(wandb.Error, match="absent"):
        table.cast("absent", int)
    assert table.data == [[1, "a"], [2, None]]


def test_a_picture_is_made_of_another_one() -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    first = wandb.Image(pixels, caption="steps")
    run = wandb.init(project="p")
    run.log({"first": first, "again": wandb.Image(first), "dim": wandb.Image(first, caption="dim")})
    run.finish()
    rows = {name: files(run.op, name)[0] for name in ("first", "again", "dim")}
    assert len({row["sha256"] for row in rows.values()}) == 1
    assert [row["caption"] for row in rows.values()] == ["steps", "steps", "dim"]
