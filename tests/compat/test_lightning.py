"""The Lightning logger in real trainings."""

import contextlib
import csv
import json
import signal
from argparse import Namespace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import pluto
from pluto.storage import Kind
from tests.compat.reading import (
    facts,
    files,
    histograms,
    known,
    metrics,
    names,
    reading,
    run_directories,
)

pytest.importorskip("torch", reason="torch is not installed: pip install torch")
pytest.importorskip("lightning", reason="Lightning is not installed: pip install lightning")

from pluto.compat.lightning import MLOPLogger, PlutoLogger
from tests.compat.tiny_lightning import batches, lightning, tiny, trainer

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",  # Lightning's own
    "ignore:The '.*_dataloader' does not have many workers",
    "ignore:You defined a `validation_step`",
    "ignore:Checkpoint directory .* exists and is not empty",
    "ignore::FutureWarning",
)


def reported(directory: Path) -> dict[str, dict[int, float]]:
    """What Lightning's own CSV logger wrote, `{metric: {step: value}}`."""
    found: dict[str, dict[int, float]] = {}
    with next(directory.rglob("metrics.csv")).open() as file:
        for row in csv.DictReader(file):
            for name, value in row.items():
                if name != "step" and value:
                    found.setdefault(name, {})[int(row["step"])] = float(value)
    return found


BOTH_PACKAGES = pytest.mark.parametrize("name", ["lightning.pytorch", "pytorch_lightning"])


@BOTH_PACKAGES
def test_the_metrics_are_those_of_lightning_s_own_logger(name: str, tmp_path: Path) -> None:
    package = pytest.importorskip(name)
    own = import_module(f"{name}.loggers").CSVLogger(tmp_path / "csv", flush_logs_every_n_steps=1)
    logger = PlutoLogger()
    train = trainer(package, logger=[logger, own])
    train.fit(tiny(package), batches(), batches())
    train.test(tiny(package), batches(), verbose=False)
    run = logger.experiment
    logger.finish()
    assert known(run)["status"] == "COMPLETED"
    ours = metrics(run)
    assert set(ours) == {"epoch", "train/loss", "val/loss", "test/loss"}
    assert ours == reported(tmp_path / "csv")
    assert set(ours["train/loss"]) == set(range(10))


def test_the_logger_is_an_instance_of_the_logger_of_both_packages() -> None:
    packages = [pytest.importorskip(name) for name in ("lightning.pytorch", "pytorch_lightning")]
    logger = PlutoLogger(mode="noop")
    assert all(isinstance(logger, package.loggers.Logger) for package in packages)


def test_the_earlier_name_is_the_same_class() -> None:
    assert MLOPLogger is PlutoLogger


def test_hyperparameters_and_the_graph_go_with_the_run() -> None:
    logger = PlutoLogger(project="tiny", name="first", config={"seed": 1}, tags=["a"])
    train = trainer(lightning, logger=logger, max_epochs=1)
    train.fit(tiny(lightning), batches())
    logger.log_hyperparams(Namespace(extra={"depth": 2}, kind=sum))
    run = logger.experiment
    logger.finish()
    config = known(run)["config"]
    assert config["seed"] == 1
    assert config["rate"] == 0.1
    assert "sum" in config["kind"]
    assert config["extra"] == {"depth": 2}
    assert known(run)["tags"] == ["a"]
    (graph,) = facts(run, "modelGraph")
    assert graph["nodes"]["layer"]["params"] == {"weight": [1, 4], "bias": [1]}


def test_a_watched_model_logs_gradients_and_parameters_without_calling_forward() -> None:
    logger = PlutoLogger()
    model = tiny(lightning)
    logger.watch(model, freq=5)
    trainer(lightning, logger=logger).fit(model, batches())
    run = logger.experiment
    logger.finish()
    assert names(run, "grad/") == {"grad/layer.weight", "grad/layer.bias"}
    assert len(histograms(run, "param/layer.weight")) == 2


def kept_checkpoints(run: pluto.Op) -> list[tuple[str, list[str], int]]:
    found = []
    for row in files(run, "model"):
        about = json.loads(row["annotations"])["artifact"]["metadata"]
        found.append((row["caption"], about["tags"], row["step"]))
        blob = Path(run.dir, "files", row["sha256"][:2], row["sha256"])
        assert blob.stat().st_size == row["fileSize"] > 0
    return found


def checkpointing(**keywords: Any) -> Any:
    return import_module("lightning.pytorch.callbacks").ModelCheckpoint(
        **{"monitor": "val/loss", "filename": "{epoch}", **keywords}
    )


@pytest.mark.parametrize("save_last", [True, "link"])
def test_the_best_and_the_last_checkpoint_are_kept_when_the_training_ends(
    save_last: bool | str,
) -> None:
    logger = PlutoLogger()
    callback = checkpointing(save_last=save_last, mode="max")
    train = trainer(lightning, logger=logger, max_epochs=3, callbacks=[callback])
    train.fit(tiny(lightning), batches(), batches())
    train.test(tiny(lightning), batches(), verbose=False)
    run = logger.experiment
    logger.finish()
    assert Path(callback.best_model_path).is_relative_to(run.dir)
    assert kept_checkpoints(run) == [("epoch=0.ckpt", ["best"], 14), ("last.ckpt", ["last"], 14)]


def test_every_checkpoint_is_kept_when_all_are_asked_for() -> None:
    logger = PlutoLogger(log_model="all")
    callback = checkpointing(save_top_k=-1)
    trainer(lightning, logger=logger, max_epochs=3, callbacks=[callback]).fit(
        tiny(lightning), batches(), batches()
    )
    run = logger.experiment
    logger.finish()
    assert [name for name, _, _ in kept_checkpoints(run)] == [f"epoch={n}.ckpt" for n in range(3)]


def test_no_checkpoint_is_kept_when_none_is_asked_for() -> None:
    logger = PlutoLogger(log_model=False)
    trainer(lightning, logger=logger, max_epochs=1).fit(tiny(lightning), batches())
    run = logger.experiment
    logger.finish()
    assert files(run, "model") == []


@BOTH_PACKAGES
def test_a_failing_training_ends_the_run_as_failed_with_its_traceback(name: str) -> None:
    package = pytest.importorskip(name)
    logger = PlutoLogger()
    run = logger.experiment
    with pytest.raises(ValueError, match="no number"):
        trainer(package, logger=logger).fit(tiny(package, fail_at=3), batches())
    assert known(run)["status"] == "FAILED"
    cause = known(run)["status_metadata"]
    assert (cause["type"], cause["message"]) == ("ValueError", "the loss is no number")
    assert "in training_step" in cause["trace"]
    assert set(metrics(run)["train/loss"]) == {0, 1, 2}


def test_a_run_of_the_user_goes_on_after_a_failed_training() -> None:
    with pluto.init() as run:
        logger = PlutoLogger()
        assert logger.experiment is run
        with pytest.raises(ValueError, match="no number"):
            trainer(lightning, logger=logger).fit(tiny(lightning, fail_at=3), batches())
        trainer(lightning, logger=logger, max_epochs=1).fit(tiny(lightning), batches())
    assert known(run)["status"] == "COMPLETED"
    assert set(metrics(run)["train/loss"]) == set(range(5))


@pytest.mark.filterwarnings("ignore:Detected KeyboardInterrupt")  # Lightning 2.2's
def test_ctrl_c_ends_the_run_as_terminated() -> None:
    class Impatient(lightning.Callback):
        def on_train_batch_end(self, *_arguments: Any) -> None:
            raise KeyboardInterrupt

    logger = PlutoLogger()
    run = logger.experiment
    handler = signal.getsignal(signal.SIGINT)
    with contextlib.suppress(SystemExit):  # Lightning 2.2 returns
        trainer(lightning, logger=logger, callbacks=[Impatient()]).fit(tiny(lightning), batches())
    signal.signal(signal.SIGINT, handler)  # Lightning leaves it ignored
    assert known(run)["status"] == "TERMINATED"


@BOTH_PACKAGES
def test_a_resumed_training_continues_the_curve_of_its_run(name: str) -> None:
    package = pytest.importorskip(name)
    callback = package.callbacks.ModelCheckpoint(save_last=True)
    first = PlutoLogger(name="night", run_id="night", log_model=False)
    trainer(package, logger=first, max_epochs=1, callbacks=[callback]).fit(tiny(package), batches())
    first.finish()
    second = PlutoLogger(name="night", run_id="night", resume=True, log_model=False)
    trainer(package, logger=second, max_epochs=3).fit(
        tiny(package), batches(), ckpt_path=callback.last_model_path
    )
    run = second.experiment
    second.finish()
    assert [path.name for path in run_directories("lightning")] == ["night"]
    uninterrupted = PlutoLogger(log_model=False)
    trainer(package, logger=uninterrupted, max_epochs=3).fit(tiny(package), batches())
    whole = uninterrupted.experiment
    uninterrupted.finish()
    assert metrics(run) == metrics(whole)
    assert set(metrics(run)["train/loss"]) == set(range(15))


def test_media_are_logged_in_lists_with_a_value_for_each(caplog: Any, tmp_path: Path) -> None:
    import numpy as np

    logger = PlutoLogger()
    pictures = [np.zeros((4, 4, 3), np.uint8), np.ones((4, 4, 3), np.uint8)]
    logger.log_image("pictures", pictures, step=3, caption=["black", "dark"])
    logger.log_image("short", pictures, caption=["one"])
    logger.log_audio("sound", np.zeros(100, np.float32), step=3, rate=[8000])
    (tmp_path / "notes.txt").write_text("hello")
    logger.log_file("notes", [tmp_path / "notes.txt"], step=4)
    logger.log_file("made", pluto.Image(pictures[0]), step=5)
    run = logger.experiment
    logger.finish()
    assert [row["caption"] for row in files(run, "pictures")] == ["black", "dark"]
    assert [row["step"] for row in files(run, "notes")] == [4]
    assert len(files(run, "sound")) == len(files(run, "made")) == 1
    assert "short was not logged" in caplog.text


def test_tables_and_texts_are_logged_as_lightning_s_loggers_take_them() -> None:
    import pandas as pd

    logger = PlutoLogger()
    columns, rows = ["question", "answer"], [["1 + 1", "2"], ["2 + 2", "4"]]
    logger.log_table("answers", columns, rows, step=3)
    logger.log_table("frame", dataframe=pd.DataFrame(rows, columns=columns), step=3)
    logger.log_text("texts", columns, rows, step=3)
    logger.log_text("sample", "once upon a time", step=4)
    run = logger.experiment
    logger.finish()
    with reading(run) as reader:
        *tables, sample = (
            next(iter(reader.records(Kind.DATA, name)))
            for name in ("answers", "frame", "texts", "sample")
        )
    kept = [json.loads(each.body) for each in tables]
    assert [each["table"] for each in kept] == [rows] * 3
    assert [[column["name"] for column in each["col"]] for each in kept] == [columns] * 3
    assert [each.step for each in (*tables, sample)] == [3, 3, 3, 4]
    assert bytes(sample.body) == b"once upon a time"


def test_a_loop_of_one_s_own_logs_through_fabric() -> None:
    logger = PlutoLogger(name="by hand")
    fabric = import_module("lightning.fabric").Fabric(accelerator="cpu", loggers=logger)
    for step in range(3):
        fabric.log("loss", step / 2, step=step)
    fabric.log_dict({"acc": 0.5}, step=2)
    run = logger.experiment
    logger.finish()
    assert metrics(run) == {"loss": {0: 0.0, 1: 0.5, 2: 1.0}, "acc": {2: 0.5}}


def test_the_directory_and_version_are_those_of_the_run() -> None:
    logger = PlutoLogger(name="fast", run_id="night-2")
    run = logger.experiment
    assert logger.name == "fast"
    assert logger.version == "night-2"
    assert logger.save_dir == logger.root_dir == logger.log_dir == run.dir
    assert logger.group_separator == "."
    logger.finish()
