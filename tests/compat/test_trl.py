"""TRL's trainers report to Pluto as the Trainer does that they derive from."""

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
from tests.compat.tiny_llama import llama  # noqa: E402

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


def test_a_supervised_fine_tuning_reports_every_metric_of_its_history() -> None:
    from datasets import Dataset
    from transformers.integrations import rewrite_logs

    texts = [" ".join(f"w{(start + n) % 30}" for n in range(6)) for start in range(16)]
    arguments = trl.SFTConfig(
        output_dir="out",
        report_to="pluto",
        run_name="sft",
        use_cpu=True,
        bf16=False,
        max_steps=3,
        logging_steps=1,
        save_strategy="no",
        max_length=8,
        disable_tqdm=True,
    )
    trainer = trl.SFTTrainer(
        llama(),
        arguments,
        train_dataset=Dataset.from_dict({"text": texts}),
        processing_class=tokenizer(),
    )
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
