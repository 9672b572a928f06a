# mypy: ignore-errors
"""Files from paths and from memory, one for each step too, and histograms."""

from pathlib import Path

import numpy as np
from neptune_scale import Run
from neptune_scale.types import File, Histogram

Path("notes.txt").write_text("two samples are mislabelled\n")
Path("weights").mkdir(exist_ok=True)
Path("weights/net.bin").write_bytes(bytes(range(200)))

with Run(project="lab/files", run_id="files-1") as run:
    run.assign_files(
        {
            "data/notes": "notes.txt",
            "model/weights": Path("weights/net.bin"),
            "data/raw": b"\x00\x01\x02",
            "report": File(b"<h1>Good</h1>", mime_type="text/html", destination="report.html"),
        }
    )
    for step in range(3):
        text = f"prediction {step}"
        run.log_files({"predictions": File(text.encode(), mime_type="text/plain")}, step=step)
    values = np.random.default_rng(3).normal(size=500)
    counts, edges = np.histogram(values, bins=10)
    density, _ = np.histogram(values, bins=10, density=True)
    run.log_histograms({"layers/1/weights": Histogram(bin_edges=edges, counts=counts)}, step=1)
    run.log_histograms({"layers/1/weights": Histogram(bin_edges=edges, densities=density)}, step=2)
    uneven = Histogram(bin_edges=[0, 1, 40, 89, 1000], counts=[5, 82, 44, 1])
    run.log_histograms({"layers/1/activations": uneven}, step=1)
