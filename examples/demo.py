"""What `make demo` runs: the dashboard, and three trainings to watch in it.

python -m examples.demo           serve until Ctrl-C
python -m examples.demo --once    check over HTTP that the runs are readable, then end
"""

import argparse
import json
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, build_opener

from examples.digits import LEARNING_RATES, PROJECT, Digits, run_name, train

START_SECONDS = 20
READABLE_SECONDS = 15


class Dashboard:
    """`pluto ui` over a directory, as a child process."""

    def __init__(self, directory: str) -> None:
        command = [sys.executable, "-m", "pluto", "ui", directory, "--no-browser"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._ready = threading.Event()
        self.url = ""
        threading.Thread(target=self._read, name="demo-dashboard", daemon=True).start()
        self._ready.wait(START_SECONDS)
        if not self.url:
            self.close()
            sys.exit("demo: the dashboard did not start: see its message above")

    def _read(self) -> None:
        """Take the address from what the server prints, and leave its pipe never full."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if not self.url and (match := re.search(r"https?://\S+", line)):
                self.url = match.group()
                self._ready.set()
        self._ready.set()  # it ended

    def close(self) -> None:
        """End the server, gently if it listens."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self) -> None:
        """Serve until the server ends by itself."""
        self._process.wait()


def newest_runs(browser: OpenerDirector, origin: str) -> dict[str, dict[str, Any]]:
    """What the dashboard tells about the newest run of each name."""
    with browser.open(f"{origin}/api/ui/runs?project={PROJECT}", timeout=10) as answer:
        runs = json.load(answer)["runs"]
    return {run["name"]: run for run in sorted(runs, key=lambda run: int(run["createdAt"]))}


def check(url: str, accuracies: dict[str, float]) -> None:
    """Read the runs as a browser would; end the demo with an error if a value is not there."""
    browser = build_opener(ProxyHandler({}), HTTPCookieProcessor())
    browser.open(url, timeout=10).close()  # exchanges the one-time link for a cookie
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    deadline = time.monotonic() + READABLE_SECONDS
    while True:
        runs = newest_runs(browser, origin)
        shown = {name: runs[name]["summary"].get("val/acc") for name in accuracies if name in runs}
        finished = all(runs[name]["status"] == "COMPLETED" for name in shown)
        if shown == accuracies and finished:
            return
        if time.monotonic() > deadline:
            sys.exit(f"demo: logged {accuracies}, but the dashboard shows {shown}")
        time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make demo", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--once", action="store_true", help="check the runs over HTTP and end")
    parser.add_argument("--seconds", type=float, default=20, help="training time of all runs")
    parser.add_argument("--dir", default="demo", help="where the runs are kept")
    arguments = parser.parse_args()
    Path(arguments.dir).mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # like Ctrl-C: end the child too
    with suppress(KeyboardInterrupt), closing(Dashboard(arguments.dir)) as dashboard:
        print(f"demo: watch it train at {dashboard.url}", flush=True)
        digits = Digits.load()
        seconds = arguments.seconds / len(LEARNING_RATES)
        accuracies = {
            run_name(rate): train(rate, seconds, digits, arguments.dir) for rate in LEARNING_RATES
        }
        if arguments.once:
            check(dashboard.url, accuracies)
            print(f"demo: all runs are readable at {dashboard.url}")
        else:
            print(f"demo: done; the dashboard stays at {dashboard.url} until Ctrl-C", flush=True)
            dashboard.wait()


if __name__ == "__main__":
    main()
