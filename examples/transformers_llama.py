"""A two-layer Llama learns to count; nothing is downloaded.

Needs transformers, accelerate and torch: `python examples/transformers_llama.py`, then `pluto ui`.
"""

import torch
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

from pluto.compat.transformers import PlutoCallback

WORDS = 24


def counting(sentences: int) -> list[dict[str, torch.Tensor]]:
    """Sentences of twelve numbers that follow each other."""
    starts = torch.randint(0, WORDS, (sentences, 1))
    words = (starts + torch.arange(12)) % WORDS
    return [{"input_ids": row, "labels": row} for row in words]


def main() -> None:
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=WORDS,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
        )
    )
    arguments = TrainingArguments(
        "out",
        report_to=[],
        run_name="counting",
        max_steps=100,
        learning_rate=1e-2,
        logging_steps=5,
        eval_strategy="steps",
        eval_steps=25,
        save_strategy="no",
        use_cpu=True,
        disable_tqdm=True,
    )
    callback = PlutoCallback(project="examples", tags=["llama"])
    trainer = Trainer(
        model,
        arguments,
        train_dataset=counting(256),
        eval_dataset=counting(32),
        callbacks=[callback],
    )
    trainer.train()


if __name__ == "__main__":
    main()
