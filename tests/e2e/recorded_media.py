"""Records two runs with every kind of media, data and fact that a run's page shows.

usage: recorded_media.py DIRECTORY
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

import pluto
from tests.conftest import REPOSITORY
from tests.e2e.browser import PATIENCE

PROJECT = "cells"
STEPS = (0, 10, 20)
RATES = {"careful": 0.01, "bold": 0.1}
NOTES = """# What I tried
A **bold** rate, see [the paper](https://example.org/paper) and `train.py`.

- first `lr`
- then the <b onclick="alert(1)">rest</b> [trap](javascript:alert(1))
"""
HTML = (
    "<h1>Report</h1><p>as written</p><p id='made'></p>"
    "<script>document.getElementById('made').textContent = 'made by a script'</script>"
)
HOSTILE = "<p>still here</p><script>top.document.title = 'owned'</script>"
GRAPH = {
    "format": "torch",
    "nodes": {
        "Net": {"type": "Net", "depth": 0, "node_id": "n0", "node_type": "CONTAINER", "params": {}},
        "body": {
            "type": "Sequential", "depth": 1, "node_id": "n1", "node_type": "CONTAINER",
            "params": {},
        },
        "body.0": {
            "type": "Linear", "depth": 2, "node_id": "n2", "node_type": "MODULE", "order": 0,
            "params": {"weight": [16, 8], "bias": [16]}, "args": [[4, 8]], "edges": [["n4", "n2"]],
        },
        "head": {
            "type": "Linear", "depth": 1, "node_id": "n3", "node_type": "MODULE", "order": 1,
            "params": {"weight": [2, 16], "bias": [2]}, "args": [[4, 16]], "edges": [["n2", "n3"]],
        },
        "(input)": {"type": "Input", "depth": 1, "node_id": "n4", "node_type": "IO"},
    },
}  # fmt: skip

PIPELINE = pluto.Graph(
    nodes=[("read", {"type": "source", "rows": 1200})],
    edges=[("read", "clean", {"dropped": 7}), ("clean", "train"), ("clean", "test")],
)


def record_media(directory: Path) -> None:
    """Record both runs in a process of their own, from within a git repository with a change."""
    code = directory / "code"
    code.mkdir()
    (code / "train.py").write_text("rate = 0.1\n")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], cwd=code, check=True)
    (code / "train.py").write_text("rate = 0.2\n")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, __file__, str(directory)]
    subprocess.run(command, cwd=code, env=environment, check=True, timeout=4 * PATIENCE)


def main(directory: str) -> None:
    for name, rate in RATES.items():
        config = {"lr": rate, "model": {"layers": [4, 2], "name": "mlp"}, "seed": 7}
        if name == "bold":
            config["clip"] = 1.0
        settings = {"x_sys_sampling_interval": 0.2, "sync_process_flush_interval": 0.2}
        run = pluto.init(
            directory, PROJECT, name, mode="local", config=config, settings=settings,
            finish_timeout=60,
        )  # fmt: skip
        print("\x1b[1;31mred and bold\x1b[0m and plain", flush=True)
        print("\x1b[38;5;208morange\x1b[0m, \x1b[3;48;2;0;0;95mon blue\x1b[0m", flush=True)
        print("a complaint", file=sys.stderr, flush=True)
        for step in STEPS:
            run.log({"train/loss": rate / (step + 1), **things(rate, step)}, step=step)
        if name == "bold":
            run.log({"val/hostile": pluto.Html(HOSTILE)}, step=20)
        run.log({"letters": pluto.Table(letters(), columns=["letter", "place", "kind"])}, step=20)
        run.log({"pipeline": PIPELINE}, step=20)
        run.set_notes(NOTES)
        run.alert("the loss is high", title="Loss", level="WARNING")
        run._record_fact("modelGraph", GRAPH)
        run.finish()


def letters() -> list[list[Any]]:
    return [[chr(97 + i), i, "vowel" if chr(97 + i) in "aeiou" else "consonant"] for i in range(26)]


def things(rate: float, step: int) -> dict[str, Any]:
    generator = np.random.default_rng(step)
    rows, columns = np.mgrid[0:48, 0:64]
    picture = np.stack([rows * 5, columns * 4, np.full_like(rows, step * 8)], -1).astype(np.uint8)
    mask = ((rows - 24) ** 2 + (columns - 40) ** 2 < 120).astype(np.uint8)
    place = {"minX": 8, "minY": 6, "maxX": 28, "maxY": 30}
    box = {"position": place, "class_id": 1, "box_caption": "a cell", "scores": {"p": 0.9}}
    beat = np.sin(np.arange(4000) * 0.2).astype(np.float32)
    figure = {
        "data": [
            {"type": "scatter", "y": [1, 3, 2], "name": "curve"},
            {"type": "bar", "x": ["a", "b", "c"], "y": [2, 1, 3], "name": "counts"},
        ],
        "layout": {"title": {"text": "A figure"}},
    }
    return {
        "val/cells": pluto.Image(
            picture,
            caption=f"cells at {rate}",
            boxes={"found": {"box_data": [box], "class_labels": {1: "cell"}}},
            masks={"truth": {"mask_data": mask, "class_labels": {1: "nucleus"}}},
        ),
        "val/clip": pluto.Video(np.repeat(picture[None], 4, 0), fps=4, caption="a clip"),
        "val/beat": pluto.Audio(beat, rate=8000, caption="a beat"),
        "val/words": pluto.Text(f"said at {step}"),
        "val/report": pluto.Html(HTML),
        "val/plot": pluto.Plotly(figure),
        "val/cloud": pluto.PointCloud(generator.normal(size=(500, 3)), caption="points"),
        "val/confusion": pluto.Table([[8, 2], [1, 9]], columns=["cat", "dog"], rows=["cat", "dog"]),
        "weights": pluto.Histogram(generator.normal(size=400)),
        "phase": f"phase {step}",
    }


if __name__ == "__main__":
    logging.disable(logging.NOTSET)
    main(sys.argv[1])
