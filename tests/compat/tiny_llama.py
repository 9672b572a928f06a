"""A two-layer Llama of random weights and a Trainer for it; nothing comes from a hub."""

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")
transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install transformers"
)


def llama() -> Any:
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=32,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=16,
    )
    return transformers.LlamaForCausalLM(config)


def sentences(count: int = 32) -> list[dict[str, Any]]:
    """Sentences of eight random words."""
    words = torch.randint(0, 32, (count, 8), generator=torch.Generator().manual_seed(0))
    return [{"input_ids": row, "labels": row} for row in words]


def training(**keywords: Any) -> Any:
    """Training arguments for eight steps on the CPU, each of them logged."""
    return transformers.TrainingArguments(
        **{
            "output_dir": str(Path("out").absolute()),
            "report_to": [],
            "use_cpu": True,
            "max_steps": 8,
            "per_device_train_batch_size": 4,
            "logging_steps": 1,
            "save_strategy": "no",
            "disable_tqdm": True,
            "lr_scheduler_type": "constant",
            "learning_rate": 1e-2,
            **keywords,
        }
    )


def trainer(*callbacks: Any, model: Any = None, **keywords: Any) -> Any:
    """A Trainer on the tiny model."""
    return transformers.Trainer(
        model=model or llama(),
        args=training(**keywords),
        train_dataset=sentences(),
        eval_dataset=sentences(8),
        callbacks=list(callbacks),
    )
