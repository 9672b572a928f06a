"""The Trainer callback in real trainings of a tiny Llama."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pluto
from tests.compat.reading import files, histograms, known, metrics, names, run_directories
from tests.conftest import REPOSITORY

pytest.importorskip("torch", reason="torch is not installed: pip install torch")
pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install transformers"
)

from pluto.compat.transformers import MLOPCallback, PlutoCallback
from tests.compat.tiny_llama import trainer, transformers

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def reported(train: Any) -> dict[str, dict[int, float]]:
    """What the Trainer reported, under the names that its integrations use."""
    from transformers.integrations import rewrite_logs

    found: dict[str, dict[int, float]] = {}
    for entry in train.state.log_history:
        step = entry["step"]
        named = rewrite_logs({name: value for name, value in entry.items() if name != "step"})
        for name, value in {**named, "train/global_step": step}.items():
            found.setdefault(name, {})[step] = float(value)
    return found


def callback_of(train: Any) -> Any:
    (callback,) = (
        one for one in train.callback_handler.callbacks if isinstance(one, PlutoCallback)
    )
    return callback


@pytest.mark.parametrize("name", ["pluto", "mlop"])
def test_the_metrics_are_those_that_the_trainer_reports(name: str) -> None:
    train = trainer(report_to=name, eval_strategy="steps", eval_steps=4, run_name="tiny")
    train.train()
    train.evaluate()
    (run,) = pluto.ops
    pluto.finish()
    assert (run.project, run.name) == ("transformers", "tiny")
    assert known(run)["status"] == "COMPLETED"
    assert metrics(run) == reported(train)
    assert set(metrics(run)["train/loss"]) == set(range(1, 9))
    assert set(metrics(run)["eval/loss"]) == {4, 8}


def test_each_trainer_has_a_callback_of_its_own() -> None:
    first, second = trainer(report_to="pluto"), trainer(report_to="pluto")
    assert callback_of(first) is not callback_of(second)


def test_the_earlier_name_is_the_same_class() -> None:
    assert MLOPCallback is PlutoCallback


def test_the_config_has_the_model_and_the_training_arguments() -> None:
    callback = PlutoCallback(project="tiny", config={"mine": 1}, tags=["a"])
    train = trainer(callback, max_steps=1, hub_token="hf_" + "x" * 34)
    train.train()
    (run,) = pluto.ops
    pluto.finish()
    config = known(run)["config"]
    assert run.project == "tiny"
    assert config["mine"] == 1
    assert config["hidden_size"] == 16
    assert config["learning_rate"] == 0.01
    assert config["model"]["params"] == sum(p.numel() for p in train.model.parameters())
    assert "x" * 34 not in json.dumps(known(run))


def test_the_environment_names_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUTO_PROJECT", "mine")
    trainer(report_to="pluto", max_steps=1).train()
    assert pluto.ops[0].project == "mine"


def test_a_live_run_is_taken_up_and_left_to_its_owner() -> None:
    with pluto.init(project="own") as run:
        trainer(report_to="pluto", max_steps=2).train()
        run.log({"after": 1.0})
    assert set(metrics(run)["train/loss"]) == {1, 2}
    assert metrics(run)["after"] == {3: 1.0}


def test_gradients_and_parameters_are_watched_unless_refused() -> None:
    with pluto.init() as run:
        trainer(PlutoCallback(run), max_steps=100, logging_steps=50).train()
    with pluto.init() as quiet:
        trainer(PlutoCallback(quiet, watch=False), max_steps=1).train()
    gradients = names(run, "grad/")
    assert "grad/model.layers.1.mlp.up_proj.weight" in gradients
    assert len(histograms(run, "param/lm_head.weight")) == 1
    assert names(quiet, "grad/") == set()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_checkpoints_and_the_final_model_are_kept_byte_for_byte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOG_MODEL", "checkpoint")
    train = trainer(report_to="pluto", save_strategy="steps", save_steps=4)
    train.train()
    (run,) = pluto.ops
    pluto.finish()
    kept = {(row["step"], row["caption"]): row["sha256"] for row in files(run, "checkpoint")}
    for step in (4, 8):
        directory = Path(train.args.output_dir, f"checkpoint-{step}")
        for path in directory.iterdir():
            assert kept.pop((step, path.name)) == digest(path)
    assert kept == {}
    (weights,) = files(run, "model/model.safetensors")
    last = Path(train.args.output_dir, "checkpoint-8", "model.safetensors")
    assert weights["sha256"] == digest(last)
    assert len(files(run, "info")) == 1
    assert not list(Path(run.dir).glob("final-*"))


@pytest.mark.parametrize(("value", "checkpoints", "final"), [("end", 0, 1), ("false", 0, 0)])
def test_log_model_says_what_is_kept(
    value: str, checkpoints: int, final: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_MODEL", value)
    trainer(report_to="pluto", max_steps=2, save_strategy="steps", save_steps=2).train()
    (run,) = pluto.ops
    pluto.finish()
    assert len(files(run, "checkpoint")) == checkpoints
    assert len(files(run, "model/config.json")) == final


def test_a_failing_training_ends_the_run_as_failed_with_its_traceback() -> None:
    script = (
        "from tests.compat.tiny_llama import trainer, transformers\n"
        "import pluto.compat.transformers\n"
        "class Fails(transformers.TrainerCallback):\n"
        "    def on_step_end(self, args, state, control, **kwargs):\n"
        "        if state.global_step == 3: raise ValueError('the loss is no number')\n"
        "trainer(Fails(), report_to='pluto').train()\n"
    )
    command = [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n{script}",
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert "the loss is no number" in result.stderr
    (run,) = run_directories("transformers")
    assert known(run)["status"] == "FAILED"
    cause = known(run)["status_metadata"]
    assert (cause["type"], cause["message"]) == ("ValueError", "the loss is no number")
    assert "in on_step_end" in cause["trace"]
    assert set(metrics(run)["train/loss"]) == {1, 2}


@pytest.mark.filterwarnings("ignore:Environment variable TORCH_FORCE_NO_WEIGHTS:UserWarning")
def test_a_resumed_training_continues_the_curve_of_its_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Interrupted(transformers.TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_kwargs: Any) -> None:
            if state.global_step == 4:
                control.should_training_stop = control.should_save = True

    if transformers.__version__ < "5":  # it reads its own checkpoints by torch's earlier default
        monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    whole = trainer()
    whole.train()
    monkeypatch.setenv("PLUTO_RUN_ID", "night")
    trainer(Interrupted(), report_to="pluto").train()
    pluto.finish()
    rest = trainer(report_to="pluto")
    rest.train(resume_from_checkpoint=True)
    (run,) = pluto.ops
    pluto.finish()
    assert run.resumed
    assert [path.name for path in run_directories("transformers")] == ["night"]
    assert metrics(run)["train/loss"] == pytest.approx(reported(whole)["train/loss"])


def test_a_prediction_is_logged() -> None:
    train = trainer(report_to="pluto", max_steps=1)
    train.train()
    found = train.predict(train.eval_dataset)
    (run,) = pluto.ops
    pluto.finish()
    assert metrics(run)["test/loss"] == {1: found.metrics["test_loss"]}


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_each_trial_of_a_search_has_a_run_of_its_own() -> None:
    optuna = pytest.importorskip("optuna", reason="optuna is not installed: pip install optuna")
    from tests.compat.tiny_llama import llama, sentences, training

    class Prunes(transformers.TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_kwargs: Any) -> None:
            if state.trial_name == "trial 1":
                raise optuna.TrialPruned

    train = transformers.Trainer(
        model_init=lambda _trial: llama(),
        args=training(report_to="pluto", max_steps=2, eval_strategy="steps", eval_steps=2),
        train_dataset=sentences(),
        eval_dataset=sentences(8),
        callbacks=[Prunes()],
    )
    train.hyperparameter_search(
        hp_space=lambda trial: {"learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-2)},
        hp_name=lambda trial: f"trial {trial.number}",
        n_trials=3,
        backend="optuna",
    )
    pluto.finish()
    runs = run_directories("transformers")
    found = {known(run)["name"]: known(run) for run in runs}
    assert {name: facts["status"] for name, facts in found.items()} == {
        "trial 0": "COMPLETED",
        "trial 1": "TERMINATED",
        "trial 2": "COMPLETED",
    }
    rates = {facts["config"]["learning_rate"] for facts in found.values()}
    assert len(rates) == 3
    assert found["trial 2"]["config"]["trial"].keys() == {"learning_rate"}
