"""A script of a user of the published client that is killed before anything is sent."""

import os
import signal
import sqlite3
import time
from pathlib import Path

import numpy as np

import pluto

LINE = "SELECT 1 FROM sync_queue WHERE payload_json LIKE '%a line of the console%'"

settings = {"sync_process_flush_interval": 1000.0, "disable_system_metrics": True}
run = pluto.init(project="old", name="left behind", config={"opt": {"lr": 0.1}}, settings=settings)
for step in range(300):
    run.log({"loss": 1 / (step + 1), "acc": step}, step=step)
run.log({"odd": float("nan"), "low": float("-inf")}, step=7)
run.log({"numpy": 1.5}, step=np.int64(11))
run.log({"phase": "warm-up"}, step=3)
run.log({"weights": pluto.Histogram([0.0, 1.0, 2.0], bins=2)}, step=4)
run.log({"picture": pluto.Image(np.zeros((4, 4, 3), dtype=np.uint8), caption="black")}, step=5)
run.log({"words": pluto.Text("hello", caption="greeting")}, step=6)
run.add_tags(["unsent"])
run.update_config({"opt": {"momentum": 0.9}})
print("a line of the console", flush=True)
(worker,) = Path(".pluto").rglob(".sync.pid")
(store,) = Path(".pluto").rglob("sync.db")
with sqlite3.connect(store) as connection:
    while not connection.execute(LINE).fetchone():
        time.sleep(0.05)
os.kill(int(worker.read_text()), signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
