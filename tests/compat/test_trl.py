"""TRL's trainers report to Pluto as the Trainer does that they derive from."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import pluto
from tests.compat.reading import known, metrics

pytest.importorskip("torch", reason="torch is not installed: pip install torch")
transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install transformers"
)
trl = pytest.importorskip("trl", reason="TRL is not installed: pip install trl")

import pluto.compat.transformers  # noqa: E402
from tests.compat.scripts import run_code, runs_of  # noqa: E402
from tests.compat.tiny_llama import llama  # noqa: E402
from tests.conftest import REPOSITORY  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # TRL's and those of what it loads


def tokenizer() -> Any:
    """A tokenizer of 32 words, made here."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {f"w{number}": number for number in range(30)} | {"<pad>": 30, "<eos>": 31}
    made = Tokenizer(models.WordLevel(words, unk_token="<eos>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="<eos>", unk_token="<eos>"
    )


class StopAfter(transformers.TrainerCallback):  # type: ignore[name-defined]
    """Ends a training after some steps, with a checkpoint."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_step_end(self, args: Any, state: Any, control: Any, **_kwargs: Any) -> None:
        if state.global_step == self.steps:
            control.should_training_stop = control.should_save = True


def fine_tuning(**arguments: Any) -> Any:
    """A trainer that fine-tunes the tiny Llama on sixteen sentences, three steps."""
    from datasets import Dataset

    texts = [" ".join(f"w{(start + n) % 30}" for n in range(6)) for start in range(16)]
    config = trl.SFTConfig(
        **{
            "output_dir": "out",
            "report_to": "pluto",
            "use_cpu": True,
            "bf16": False,
            "max_steps": 3,
            "logging_steps": 1,
            "save_strategy": "no",
            "max_length": 8,
            "disable_tqdm": True,
            **arguments,
        }
    )
    return trl.SFTTrainer(
        llama(),
        config,
        train_dataset=Dataset.from_dict({"text": texts}),
        processing_class=tokenizer(),
    )


def test_a_supervised_fine_tuning_reports_every_metric_of_its_history() -> None:
    from transformers.integrations import rewrite_logs

    trainer = fine_tuning(run_name="sft")
    trainer.train()
    (run,) = pluto.ops
    pluto.finish()
    assert (run.project, run.name) == ("transformers", "sft")
    assert known(run)["status"] == "COMPLETED"
    found = metrics(run)
    assert set(found["train/mean_token_accuracy"]) == {1, 2, 3}
    for entry in trainer.state.log_history:
        step = entry.pop("step")
        for name, value in rewrite_logs(entry).items():
            assert found[name][step] == value


def test_a_resumed_fine_tuning_continues_the_curve_of_its_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fine_tuning().train()
    (whole,) = pluto.ops
    pluto.finish()
    monkeypatch.setenv("PLUTO_RUN_ID", "night")
    stopped = fine_tuning()
    stopped.add_callback(StopAfter(2))
    stopped.train()
    pluto.finish()
    fine_tuning().train(resume_from_checkpoint=True)
    (run,) = pluto.ops
    pluto.finish()
    assert run.resumed
    assert set(metrics(run)["train/loss"]) == {1, 2, 3}
    assert metrics(run)["train/loss"] == pytest.approx(metrics(whole)["train/loss"])


def test_a_failing_fine_tuning_ends_the_run_as_failed_with_its_traceback(tmp_path: Path) -> None:
    script = """
        from tests.compat.test_trl import fine_tuning

        trainer = fine_tuning()
        step = trainer.training_step

        def training_step(model, inputs, *rest):
            if trainer.state.global_step == 1:
                raise ValueError("the loss is no number")
            return step(model, inputs, *rest)

        trainer.training_step = training_step
        trainer.train()
    """
    said = run_code(dedent(script), tmp_path, fails=True, PYTHONPATH=str(REPOSITORY))
    assert "the loss is no number" in said
    (directory,) = runs_of(tmp_path)
    assert known(directory)["status"] == "FAILED"
    cause = known(directory)["status_metadata"]
    assert (cause["type"], cause["message"]) == ("ValueError", "the loss is no number")
    assert "in training_step" in cause["trace"]
    assert set(metrics(directory)["train/loss"]) == {1}
