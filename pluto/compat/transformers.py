"""A callback for the Hugging Face Trainer, and `report_to="pluto"`.

Importing this module makes `report_to="pluto"` (and `"mlop"`) known to transformers. With the
environment variable `LOG_MODEL` set, models are kept with the run: `end` = the final one, anything
else but `0`, `no`, `off` and `false` = every checkpoint and the final one.

Example:
    >>> import pluto.compat.transformers
    >>> from transformers import TrainingArguments
    >>> arguments = TrainingArguments("out", report_to="pluto", run_name="baseline")
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import pluto
from pluto.compat.hooked_run import HookedRun
from pluto.compat.requires import requires

with requires("transformers", brings="transformers and accelerate"):
    from transformers import TrainerCallback
    from transformers.integrations import integration_utils

__all__ = ["MLOPCallback", "PlutoCallback"]

logger = logging.getLogger("pluto")

_NO: Final = frozenset(["", "0", "no", "off", "false"])
_LEAST_FREQUENCY: Final = 100


class PlutoCallback(TrainerCallback):
    """Logs a Trainer to a run: its metrics, configuration, model and, on request, checkpoints.

    Only world process zero has a run. It is named after the trial or `run_name`, takes the config
    of the model and the training arguments, and goes on until `pluto.finish()` or the end of the
    script, because `evaluate` and `predict` may follow the training. In a hyper-parameter search
    each trial has a run of its own.

    Args:
        op: the run; by default the newest live one, or else a new one.
        watch: whether to log histograms of gradients and parameters, every `logging_steps` steps
            but not more often than every 100.
        **kwargs: arguments of `pluto.init` for a new run, whose project is `transformers` by
            default.

    Example:
        >>> trainer = Trainer(model, callbacks=[PlutoCallback(project="digits", watch=False)])
    """

    def __init__(self, op: pluto.Op | None = None, *, watch: bool = True, **kwargs: Any) -> None:
        self._hooked = HookedRun(op, "transformers", kwargs)
        self._watches = watch
        self._set_up_for: pluto.Op | None = None
        self._in_trial = False
        self._log_model = os.environ.get("LOG_MODEL", "").strip().lower()

    def setup(self, args: Any, state: Any, model: Any, **_kwargs: Any) -> None:
        """Begin or take up the run, and tell it about the model and the training."""
        if not state.is_world_process_zero:
            return
        name, config = state.trial_name or args.run_name, _config(args, state, model)
        run = self._hooked.live(name=name)
        if run is self._set_up_for:
            return
        self._set_up_for = run
        run.update_config(config)
        if model is not None and self._watches:
            run.watch(model, freq=max(_LEAST_FREQUENCY, int(state.logging_steps or 0)))
        if model is not None and self._log_model not in _NO:
            run.log({"info": pluto.Text(str(model))}, step=state.global_step)
            _mention_in_model_card(run)

    def on_train_begin(
        self, args: Any, state: Any, _control: Any, model: Any = None, **kwargs: Any
    ) -> None:
        """Set up; each trial of a search begins a run."""
        if state.is_hyper_param_search and state.is_world_process_zero:
            self._end_trial()
            self._in_trial = True
            self._hooked.begin(name=state.trial_name or args.run_name)
        self.setup(args, state, model, **kwargs)

    def on_train_end(
        self,
        _args: Any,
        state: Any,
        _control: Any,
        model: Any = None,
        processing_class: Any = None,
        **_kwargs: Any,
    ) -> None:
        """Keep the final model if `LOG_MODEL` says so."""
        self._in_trial = False
        if model is None or not self._keeps_models(state):
            return
        try:
            self._keep_final_model(state, model, processing_class)
        except Exception:
            logger.exception("the final model could not be kept with the run")

    def on_log(
        self,
        args: Any,
        state: Any,
        _control: Any,
        model: Any = None,
        logs: Any = None,
        **_kwargs: Any,
    ) -> None:
        """Log what the trainer reports, as `train/...`, `eval/...` and `test/...`."""
        self._log(args, state, model, {**(logs or {})}, {"train/global_step": state.global_step})

    def on_predict(self, args: Any, state: Any, _control: Any, metrics: Any, **kwargs: Any) -> None:
        """Log the metrics of a prediction."""
        self._log(args, state, kwargs.get("model"), metrics, {})

    def on_save(self, args: Any, state: Any, _control: Any, **_kwargs: Any) -> None:
        """Keep a checkpoint, all its files, as an artifact if `LOG_MODEL` says so."""
        directory = Path(args.output_dir, f"checkpoint-{state.global_step}")
        if self._log_model == "end" or not self._keeps_models(state) or not directory.is_dir():
            return
        facts = {"global_step": state.global_step, "epoch": state.epoch}
        artifact = pluto.Artifact(directory, None, facts, name=directory.name, type="model")
        self._hooked.live().log({"checkpoint": artifact}, step=state.global_step)

    def _log(
        self, args: Any, state: Any, model: Any, metrics: dict[str, Any], more: dict[str, Any]
    ) -> None:
        if not state.is_world_process_zero:
            return
        self.setup(args, state, model)
        named = integration_utils.rewrite_logs(metrics)
        self._hooked.live().log({**named, **more}, step=state.global_step)

    def _keeps_models(self, state: Any) -> bool:
        return (
            self._log_model not in _NO
            and state.is_world_process_zero
            and self._set_up_for is not None
        )

    def _keep_final_model(self, state: Any, model: Any, processing_class: Any) -> None:
        run = self._hooked.live()
        with tempfile.TemporaryDirectory(dir=run.dir, prefix="final-") as directory:
            for part in (model, processing_class):
                if hasattr(part, "save_pretrained"):
                    part.save_pretrained(directory)
            facts = {"best_metric": state.best_metric, "best": state.best_model_checkpoint}
            run.log(
                {
                    f"model/{path.relative_to(directory).as_posix()}": pluto.Artifact(
                        path, path.name, facts, name=path.name, type="model"
                    )
                    for path in sorted(Path(directory).rglob("*"))
                    if path.is_file()
                },
                step=state.global_step,
            )

    def _end_trial(self) -> None:
        """End the run of the trial before, which may have been pruned or have failed."""
        run = self._hooked.run
        if run is None or not self._hooked.is_own:
            return
        if self._in_trial:
            run.end("TERMINATED", {"reason": "the trial did not reach its end"})
        else:
            run.finish()


MLOPCallback = PlutoCallback
"""The name of the earlier client."""


def _config(args: Any, state: Any, model: Any) -> dict[str, Any]:
    """Return the config of the model, the training arguments over it, and what a trial chose."""
    config: dict[str, Any] = {}
    described = getattr(model, "config", None)
    if described is not None:
        config |= described if isinstance(described, dict) else described.to_dict()
    adapters = getattr(model, "peft_config", None)
    if adapters:
        config["peft_config"] = adapters
    config |= args.to_dict()
    if model is not None:
        config["model"] = {"params": sum(part.numel() for part in model.parameters())}
    if state.trial_params:
        config["trial"] = dict(state.trial_params)
    return config


def _mention_in_model_card(run: pluto.Op) -> None:
    if run.url:
        from transformers import modelcard

        modelcard.AUTOGENERATED_TRAINER_COMMENT += f"\n[Training run on Pluto]({run.url})"


for _name in ("pluto", "mlop"):
    integration_utils.INTEGRATION_TO_CALLBACK[_name] = PlutoCallback
