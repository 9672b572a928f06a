"""A config becomes plain values, whatever object the user keeps it in."""

import argparse
import dataclasses
import enum
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from pluto.config import deep_merge, plain_config
from pluto.errors import UsageError


@dataclasses.dataclass
class Optimizer:
    name: str = "adam"
    betas: tuple[float, float] = (0.9, 0.95)


@dataclasses.dataclass
class Config:
    lr: float = 0.1
    optimizer: Optimizer = dataclasses.field(default_factory=Optimizer)


class Model:
    """Stands for a pydantic model, of which only this method matters."""

    def model_dump(self) -> dict[str, Any]:
        return {"lr": 0.1, "path": Path("x")}


class Pretrained:
    """Stands for a config of transformers, of which only this method matters."""

    def to_dict(self) -> dict[str, Any]:
        return {"hidden": np.array([4, 4])}


class Betas(NamedTuple):
    first: float
    second: float


class Slotted:
    """Stands for a class of attrs, of which only this attribute matters."""

    __attrs_attrs__ = (SimpleNamespace(name="lr"),)
    lr = 0.1


class Mode(enum.Enum):
    FAST = 1


PLAIN = {"lr": 0.1, "optimizer": {"name": "adam", "betas": [0.9, 0.95]}}


@pytest.mark.parametrize(
    ("config", "plain"),
    [
        (None, None),
        ({}, {}),
        (Config(), PLAIN),
        (argparse.Namespace(lr=0.1, optimizer=Optimizer()), PLAIN),
        (Model(), {"lr": 0.1, "path": "x"}),
        ({1: (1, {2}), None: True}, {"1": [1, [2]], "None": True}),
        ({"a": np.float32(0.5), "b": np.array([3])}, {"a": 0.5, "b": 3}),
        ({"nan": float("nan"), "inf": float("-inf")}, {"nan": "NaN", "inf": "-Infinity"}),
        ({"a": np.eye(2), "b": np.zeros(2000)}, {"a": [[1, 0], [0, 1]], "b": str(np.zeros(2000))}),
        (SimpleNamespace(lr=0.1), {"lr": 0.1}),
        (Betas(0.9, 0.95), {"first": 0.9, "second": 0.95}),
        (Pretrained(), {"hidden": [4, 4]}),
        (Slotted(), {"lr": 0.1}),
        ({"mode": Mode.FAST, "path": Path("x")}, {"mode": "Mode.FAST", "path": "x"}),
    ],
)
def test_any_kind_of_config_becomes_plain_values(config: Any, plain: Any) -> None:
    made = plain_config(config)
    assert made == plain
    assert json.loads(json.dumps(made, allow_nan=False)) == plain


def test_omegaconf_nodes_are_resolved_where_that_is_possible() -> None:
    omegaconf = pytest.importorskip("omegaconf")
    node = omegaconf.OmegaConf.create({"a": 1, "b": "${a}", "c": [1, "${a}"]})
    assert plain_config(node) == {"a": 1, "b": 1, "c": [1, 1]}
    broken = omegaconf.OmegaConf.create({"a": "${nowhere}"})
    assert plain_config({"inner": broken}) == {"inner": {"a": "${nowhere}"}}


@pytest.mark.parametrize("config", ["lr=0.1", 7, [1, 2]])
def test_what_is_no_mapping_is_refused(config: Any) -> None:
    with pytest.raises(UsageError, match="config must be a mapping"):
        plain_config(config)


def test_a_config_that_holds_itself_is_refused() -> None:
    config: dict[str, Any] = {"lr": 0.1}
    config["me"] = config
    with pytest.raises(UsageError, match="contains itself"):
        plain_config(config)


def test_merging_changes_neither_side() -> None:
    base, change = {"a": {"x": 1, "y": [1]}, "b": 1}, {"a": {"y": [2]}, "b": {"z": 1}}
    assert deep_merge(base, change) == {"a": {"x": 1, "y": [2]}, "b": {"z": 1}}
    assert (base, change) == ({"a": {"x": 1, "y": [1]}, "b": 1}, {"a": {"y": [2]}, "b": {"z": 1}})
