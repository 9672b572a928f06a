"""What TensorBoard itself has written down: the event files of its writers."""

from pathlib import Path
from typing import Any


def scalars(directory: Path) -> dict[str, dict[int, float]]:
    """Every number as {tag: {step: value}}.

    Of `add_scalars("rates", {"first": …})` the real writers put the tag `rates` into a folder:
    torch's into `rates_first`, that of tensorboardX into `rates/first`.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found: dict[str, dict[int, float]] = {}
    for folder in sorted({path.parent for path in directory.rglob("*tfevents*")}):
        events: Any = EventAccumulator(str(folder), size_guidance={"scalars": 0})
        events.Reload()
        for tag in events.Tags()["scalars"]:
            place = folder.relative_to(directory).as_posix()
            is_one_of_several = place[: len(tag) + 1] in (f"{tag}_", f"{tag}/")
            name = f"{tag}/{place[len(tag) + 1 :]}" if is_one_of_several else tag
            found.setdefault(name, {}).update({e.step: e.value for e in events.Scalars(tag)})
    return found


def tags(directory: Path) -> set[str]:
    """The tags of everything but numbers and hyperparameters."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events: Any = EventAccumulator(str(directory))
    events.Reload()
    found = events.Tags()
    named = [*found["images"], *found["histograms"], *found["audio"], *found["tensors"]]
    return {tag.removesuffix("/text_summary") for tag in named}
