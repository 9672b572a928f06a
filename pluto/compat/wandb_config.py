"""The config of a run: read and set by item and by attribute, guarded against change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from pluto.compat.wandb_errors import ConfigError, UsageError
from pluto.config import plain_config

DEFAULTS_FILE: Final = "config-defaults.yaml"


class Config:
    """The config of a run.

    A value that was set once changes only with `update(..., allow_val_change=True)`.

    Args:
        items: what is set already.
        write: takes values that were set.
        allow_val_change: the answer where `update` is told nothing; setting by item or attribute
            then changes values too.

    Example:
        >>> config = Config({"lr": 0.1}, print)
        >>> config.epochs = 3
        {'epochs': 3}
        >>> config.lr, config["epochs"]
        (0.1, 3)
    """

    def __init__(
        self,
        items: Mapping[str, Any],
        write: Callable[[dict[str, Any]], None],
        allow_val_change: bool = False,
    ) -> None:
        object.__setattr__(self, "_items", dict(items))
        object.__setattr__(self, "_write", write)
        object.__setattr__(self, "_may_change", allow_val_change)

    def update(self, values: Any, allow_val_change: bool | None = None) -> None:
        """Set several values, given as a mapping, a Namespace, a YAML file or another `Config`.

        Raises:
            ConfigError: a value would change, and `allow_val_change` is not true.
        """
        new = _normal(read_config(values))
        self._refuse_changes(
            new, self._may_change if allow_val_change is None else allow_val_change
        )
        self._items.update(new)
        self._write(new)

    def setdefaults(self, values: Any) -> None:
        """Set those of the values that are not set yet."""
        missing = {k: v for k, v in _normal(read_config(values)).items() if k not in self._items}
        self._items.update(missing)
        self._write(missing)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or `default`."""
        return self._items.get(key, default)

    def keys(self) -> list[str]:
        """Return the names."""
        return list(self._items)

    def items(self) -> list[tuple[str, Any]]:
        """Return names and values."""
        return list(self._items.items())

    def values(self) -> list[Any]:
        """Return the values."""
        return list(self._items.values())

    def as_dict(self) -> dict[str, Any]:
        """Return a copy as a dict."""
        return dict(self._items)

    def persist(self) -> None:
        """Store all values again: those of nested mappings may have been changed in place."""
        self._write(dict(self._items))

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __getattr__(self, key: str) -> Any:
        try:
            return self._items[key]
        except KeyError:
            raise AttributeError(f"the config has no value {key!r}") from None

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __setattr__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._items))

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return repr(self._items)

    def _refuse_changes(self, new: Mapping[str, Any], may_change: bool) -> None:
        changed = [key for key, value in new.items() if self._items.get(key, value) != value]
        if changed and not may_change:
            key = changed[0]
            raise ConfigError(
                f"config[{key!r}] is {self._items[key]!r} and would become {new[key]!r}: if that"
                " is meant, call config.update(..., allow_val_change=True)"
            )


def read_config(
    config: Any, exclude: Sequence[str] | None = None, include: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return a config given in any of the forms that `wandb.init(config=)` takes.

    Raises:
        UsageError: both `exclude` and `include` are given.
        ConfigError: the file is missing or not of wandb's form.
    """
    if exclude and include:
        raise UsageError("give config_exclude_keys or config_include_keys, not both")
    found = _as_dict(config)
    if include:
        return {key: value for key, value in found.items() if key in include}
    return {key: value for key, value in found.items() if key not in (exclude or ())}


def file_defaults() -> dict[str, Any]:
    """Return the values of `config-defaults.yaml` in the working directory, if there is one."""
    return read_file(DEFAULTS_FILE) if os.path.exists(DEFAULTS_FILE) else {}


def read_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the values of a YAML file; each is the value itself or `{value: …, desc: …}`.

    Raises:
        ConfigError: there is no such file, or it holds no mapping.
        ImportError: PyYAML, which reads it, is not installed.
    """
    try:
        yaml: Any = import_module("yaml")
    except ImportError as error:
        raise ImportError(f"PyYAML, which reads {path}, is missing: pip install pyyaml") from error
    if not os.path.exists(path):
        raise ConfigError(f"there is no config file {os.path.abspath(path)}")
    with open(path, encoding="utf-8") as file:
        loaded = yaml.safe_load(file) or {}
    if not isinstance(loaded, dict):
        raise ConfigError(f"{path} holds no mapping of names to values")
    loaded.pop("wandb_version", None)
    return {key: _value_of(entry) for key, entry in loaded.items()}


def _value_of(entry: Any) -> Any:
    is_wrapped = isinstance(entry, dict) and "value" in entry and set(entry) <= {"value", "desc"}
    return entry["value"] if is_wrapped else entry


def _as_dict(config: Any) -> dict[str, Any]:
    if isinstance(config, Config):
        return config.as_dict()
    if isinstance(config, (str, os.PathLike)):
        return read_file(config)
    if hasattr(config, "flag_values_dict"):  # absl.flags.FLAGS
        config = config.flag_values_dict()
    return dict(config) if isinstance(config, Mapping) else plain_config(config) or {}


def _normal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as JSON values, under the names that wandb gives them."""
    return plain_config({str(key).strip("-"): value for key, value in values.items()}) or {}
