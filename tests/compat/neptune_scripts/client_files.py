# mypy: ignore-errors
"""Files of every origin: paths, contents, streams, pickles, pictures, patterns."""

import io
from pathlib import Path

import neptune
import numpy as np
from neptune.types import File, FileSeries

Path("data").mkdir(exist_ok=True)
for name in ("a", "b"):
    Path(f"data/{name}.csv").write_text(f"{name}\n1\n")
Path("notes.md").write_text("# Notes\n")

run = neptune.init_run(
    project="lab/files", custom_run_id="files", source_files=[], capture_hardware_metrics=False
)
run["notes"].upload("notes.md")
run["assigned"] = File("notes.md")
run["text"].upload(File.from_content("plain text"))
run["page"].upload(File.from_content("<b>bold</b>", extension="html"))
run["stream"].upload(File.from_stream(io.BytesIO(b"\x00\x01\x02\x03"), extension="dat"))
run["pickle"].upload(File.as_pickle({"a": 1}))
gray = np.linspace(0, 1, 64).reshape(8, 8)
run["image"].upload(File.as_image(gray))
for step in range(3):
    run["images"].append(File.as_image(gray * step / 2), name=f"picture {step}", step=step)
run["more"] = FileSeries([File.as_image(gray), File.as_image(1 - gray)])
run["table"].upload_files("data/*.csv")
run["dataset"].track_files("data")
run.stop()
