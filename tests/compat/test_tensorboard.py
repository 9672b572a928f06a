"""The writer for TensorBoard's users: what it is given is what is stored."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pluto
from pluto.compat.tensorboard import SummaryWriter
from pluto.compat.tensorboard_curves import precision_recall
from pluto.errors import UsageError
from pluto.storage import Kind
from tests.compat.reading import files, histograms, known, metrics, reading


@pytest.fixture
def writer() -> Iterator[SummaryWriter]:
    with SummaryWriter("runs/test", project="p") as writer:
        yield writer


def data(run: pluto.Op, name: str) -> Any:
    with reading(run) as reader:
        return json.loads(reader.records(Kind.DATA, name)[-1].body)


def content(run: pluto.Op, row: dict[str, Any]) -> bytes:
    """The bytes of a file of a run."""
    return Path(run.dir, "files", row["sha256"][:2], row["sha256"]).read_bytes()


def test_numbers_have_their_step_and_time(writer: SummaryWriter) -> None:
    writer.add_scalar("loss", 0.5, 3, 1_700_000_000.25)
    writer.add_scalar("loss", np.float32(0.25), global_step=4)
    writer.add_scalars("rates", {"a": 1, "b": 2.0}, 7)
    writer.close()
    assert metrics(writer.op) == {
        "loss": {3: 0.5, 4: 0.25},
        "rates/a": {7: 1.0},
        "rates/b": {7: 2.0},
    }
    with reading(writer.op) as reader:
        assert reader.points("loss").times[0] == 1_700_000_000_250


def test_without_steps_every_tag_counts_by_itself(writer: SummaryWriter) -> None:
    for value in (1.0, 2.0):
        writer.add_scalar("a", value)
    writer.add_scalar("b", 3.0)
    writer.add_scalar("a", 4.0, 10)
    writer.add_scalar("a", 5.0)
    writer.close()
    assert metrics(writer.op) == {"a": {0: 1.0, 1: 2.0, 10: 4.0, 11: 5.0}, "b": {0: 3.0}}


def test_histograms_of_values_bins_and_counts(writer: SummaryWriter) -> None:
    writer.add_histogram("plain", np.arange(100), 0)
    writer.add_histogram("ten", np.arange(100), 0, bins=10)
    writer.add_histogram("edges", [0.5, 1.5, 1.6], 0, bins=[0, 1, 2])
    writer.add_histogram_raw("raw", 0.0, 2.0, 3, 4.0, 5.0, [1.0, 2.0], [1, 2], 0)
    writer.add_tensor("tensor", np.zeros((2, 2)), 0)
    writer.close()
    found = {name: histograms(writer.op, name)[0][1] for name in ("plain", "ten", "edges", "raw")}
    assert len(found["plain"]["freq"]) == 64
    assert found["ten"]["freq"] == [10] * 10
    assert (found["edges"]["freq"], found["raw"]["freq"]) == ([1, 2], [1, 2])
    assert found["raw"]["bins"] == {"min": 0.0, "max": 2.0, "num": 2}


def test_media_are_kept(writer: SummaryWriter) -> None:
    picture = np.zeros((3, 8, 12), np.uint8)
    writer.add_image("chw", picture, 1)
    writer.add_image("hwc", picture.transpose(1, 2, 0), 1, dataformats="HWC")
    writer.add_images("batch", np.stack([picture, picture]), 1)
    writer.add_image_with_boxes("boxed", picture, [[1, 2, 3, 4]], 1, labels=["cat"])
    writer.add_audio("sound", np.zeros((1, 800)), 1, sample_rate=8000)
    writer.add_video("clip", np.zeros((1, 3, 3, 8, 8), np.uint8), 1)
    writer.add_text("words", "hello", 1)
    writer.close()
    kept = ("chw", "hwc", "batch", "boxed", "sound", "clip", "words")
    assert [files(writer.op, name)[0]["fileType"] for name in kept] == [
        *("png", "png", "png", "png", "wav", "gif", "txt")
    ]
    boxes = json.loads(files(writer.op, "boxed")[0]["annotations"])["boxes"]["boxed"]
    assert boxes["box_data"][0]["position"] == {"minX": 1, "minY": 2, "maxX": 3, "maxY": 4}
    assert boxes["class_labels"] == {"0": "cat"}


def test_the_dimensions_of_a_picture_have_to_be_named(writer: SummaryWriter) -> None:
    with pytest.raises(UsageError, match="dataformats='HW' does not name the dimensions"):
        writer.add_image("a", np.zeros((3, 8, 8)), dataformats="HW")


def test_figures_are_drawn_and_closed(writer: SummaryWriter) -> None:
    plt = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is not installed")
    figure = plt.figure()
    writer.add_figure("figure", [figure], 0)
    writer.close()
    assert not plt.fignum_exists(figure.number)
    assert files(writer.op, "figure")[0]["fileType"] == "png"


def test_curves_of_precision_over_recall(writer: SummaryWriter) -> None:
    labels, guesses = np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.4, 0.6])
    writer.add_pr_curve("curve", labels, guesses, 0, num_thresholds=3)
    writer.add_pr_curve_raw("raw", [2, 1], [2, 0], [0, 2], [0, 1], [0.5, 1], [1, 0.5], 0, 2)
    writer.close()
    names = [column["name"] for column in data(writer.op, "curve")["col"]]
    rows = [dict(zip(names, row, strict=True)) for row in data(writer.op, "curve")["table"]]
    assert [row["threshold"] for row in rows] == [0.0, 0.5, 1.0]
    assert [(row["true_positives"], row["false_positives"]) for row in rows] == [
        *((2, 2), (1, 1), (0, 0))
    ]
    assert [row["recall"] for row in rows] == [1.0, 0.5, 0.0]
    assert files(writer.op, "curve/curve")[0]["fileType"] == "json"
    assert data(writer.op, "raw")["table"][1][-2:] == [1.0, 0.5]
    with pytest.raises(UsageError, match="2 labels for 1 predictions"):
        precision_recall([0, 1], [0.5], 2)


def test_hyperparameters_become_the_config(writer: SummaryWriter) -> None:
    writer.add_hparams({"lr": 0.1, "bsize": 4}, {"hparam/accuracy": 0.9})
    writer.close()
    assert known(writer.op)["config"] == {"lr": 0.1, "bsize": 4}
    assert metrics(writer.op) == {"hparam/accuracy": {0: 0.9}}


def test_what_is_not_offered_says_so_once_and_breaks_nothing(
    writer: SummaryWriter, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pluto.compat import tensorboard
    from pluto.notice import Notices

    monkeypatch.setattr(tensorboard, "notices", Notices())
    for _ in range(2):
        writer.add_mesh("mesh", np.zeros((1, 4, 3)), faces=np.array([[[0, 1, 2]]]))
        writer.add_embedding(np.zeros((4, 3)), label_img=np.zeros((4, 3, 2, 2)))
        writer.add_graph(object())
        writer.add_custom_scalars({"category": {}})
    assert caplog.text.count("add_mesh() keeps the vertices and no faces") == 1
    assert caplog.text.count("add_embedding() keeps no label_img") == 1
    assert caplog.text.count("add_graph() stores nothing: object is no torch module") == 1


def test_vertices_of_meshes_are_points(writer: SummaryWriter) -> None:
    vertices = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    writer.add_mesh("mesh", vertices, colors=np.full((2, 4, 3), 255), global_step=3)
    writer.add_mesh("plain", vertices[0])
    with pytest.raises(UsageError, match=r"vertices of \(batch, N, 3\), got \(4, 2\)"):
        writer.add_mesh("flat", np.zeros((4, 2)))
    with pytest.raises(UsageError, match="and colors of"):
        writer.add_mesh("mesh", vertices, colors=np.zeros((1, 4, 3)))
    writer.close()
    first, second = (content(writer.op, row) for row in files(writer.op, "mesh"))
    assert json.loads(first)[1] == [3, 4, 5, 255, 255, 255]
    assert json.loads(second)[0] == [12, 13, 14, 255, 255, 255]
    assert [row["step"] for row in files(writer.op, "mesh")] == [3, 3]
    assert len(files(writer.op, "plain")) == 1


@pytest.mark.parametrize(
    ("metadata", "header"), [(None, None), (["a", "b"], None), ([["a", 1], ["b", 2]], ["w", "n"])]
)
def test_embeddings_are_kept_as_the_files_that_the_real_writer_writes(
    metadata: Any, header: Any, writer: SummaryWriter, tmp_path: Path
) -> None:
    real = pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    vectors = np.array([[0.1, 2.0], [1e-9, -3.5]], np.float32)
    with real.SummaryWriter(str(tmp_path / "real")) as theirs:
        for each in (theirs, writer):
            each.add_embedding(vectors, metadata, tag="words", metadata_header=header)
    writer.close()
    written = {path.stem: path.read_bytes() for path in (tmp_path / "real").rglob("*.tsv")}
    kept = {
        name: content(writer.op, row)
        for name in ("tensors", "metadata")
        for row in files(writer.op, f"words/{name}")
    }
    assert kept == written
    with pytest.raises(UsageError, match="2 vectors, 1 metadata"):
        writer.add_embedding(vectors, ["a"])
    with pytest.raises(UsageError, match=r"vectors of \(N, D\)"):
        writer.add_embedding(vectors[0])


def test_the_run_is_named_after_the_directory() -> None:
    names = {}
    for place in ("runs/one", "logs/runs/two/b", "three", "/somewhere/four"):
        with SummaryWriter(place, project="p", mode="noop") as writer:
            names[place] = writer.op.name
    assert names == {
        "runs/one": "one",
        "logs/runs/two/b": "two/b",
        "three": "three",
        "/somewhere/four": "four",
    }
    with SummaryWriter(comment="_mine", project="p", mode="noop") as writer:
        assert writer.get_logdir().startswith("runs/")
        assert str(writer.op.name).endswith("_mine")


def test_a_live_run_of_the_script_is_logged_to_and_not_ended() -> None:
    run = pluto.init(project="p")
    with SummaryWriter("runs/a") as writer:
        writer.add_scalar("loss", 1.0, 0)
        assert writer.op is run
    run.log({"after": 2.0}, step=1)
    run.finish()
    assert metrics(run) == {"loss": {0: 1.0}, "after": {1: 2.0}}


def test_each_directory_has_its_run_and_writers_of_one_share_it() -> None:
    train, test = SummaryWriter("runs/train", project="p"), SummaryWriter("runs/test", project="p")
    again = SummaryWriter("runs/train", project="p")
    assert again.op is train.op
    assert test.op is not train.op
    train.close()
    again.add_scalar("loss", 1.0, 0)
    again.close()
    test.close()
    assert metrics(train.op if train.op is not again.op else again.op) == {"loss": {0: 1.0}}


def test_after_close_logging_goes_on_with_the_same_run() -> None:
    writer = SummaryWriter("runs/a", project="p")
    first = writer.op
    writer.add_scalar("loss", 1.0, 0)
    writer.close()
    writer.add_scalar("loss", 2.0, 1)
    writer.close()
    assert metrics(first) == {"loss": {0: 1.0, 1: 2.0}}
    assert known(first)["status"] == "COMPLETED"


def test_purge_step_goes_on_with_the_last_run_of_the_directory() -> None:
    with SummaryWriter("runs/a", project="p") as writer:
        for step in range(4):
            writer.add_scalar("loss", 1.0, step)
    with SummaryWriter("runs/a", purge_step=2, project="p") as writer:
        for step in range(2, 6):
            writer.add_scalar("loss", 2.0, step)
    assert metrics(writer.op)["loss"] == {0: 1.0, 1: 1.0, **dict.fromkeys(range(2, 6), 2.0)}
    with SummaryWriter("runs/a", project="p") as other:
        assert other.op.dir != writer.op.dir


def test_an_exception_fails_the_run_of_the_writer() -> None:
    writer = SummaryWriter("runs/a", project="p")
    with pytest.raises(ZeroDivisionError), writer:
        _ = 1 / 0
    (directory,) = Path(".pluto/p").iterdir()
    assert known(directory)["status"] == "FAILED"


def test_a_writer_that_writes_nothing_keeps_nothing(tmp_path: Path) -> None:
    with SummaryWriter(write_to_disk=False) as writer:
        writer.add_scalar("loss", 1.0, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_needs_torch_and_is_sent_as_a_tree(
    writer: SummaryWriter, caplog: pytest.LogCaptureFixture
) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")
    caplog.set_level(logging.INFO)
    writer.add_graph(torch.nn.Linear(2, 1), torch.ones(1, 2))
    run = writer.op
    writer.close()
    with reading(run) as reader:
        assert reader.count(Kind.FACT, "modelGraph") == 1
