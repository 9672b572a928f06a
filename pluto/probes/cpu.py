"""Load and shape of the processors."""

from __future__ import annotations

from pathlib import Path

from pluto.probes.base import Probe, Surroundings


def open_probe(_directory: Path) -> Probe:
    """Sample `cpu.percentage.<i>`: how busy logical processor i was since the last sample, in %."""
    before = _busy_and_total()

    def sample() -> dict[str, float]:
        nonlocal before
        now = _busy_and_total()
        readings = {}
        for index, ((busy, total), (busy_before, total_before)) in enumerate(
            zip(now, before, strict=False)
        ):
            elapsed = total - total_before
            share = (busy - busy_before) / elapsed if elapsed > 0 else 0.0
            readings[f"cpu.percentage.{index}"] = round(100 * min(1.0, max(0.0, share)), 2)
        before = now
        return readings

    return sample


def facts(_surroundings: Surroundings) -> dict[str, object]:
    """Count the processors; give their clock range in MHz where the system tells."""
    import psutil

    described: dict[str, object] = {
        "physical": psutil.cpu_count(logical=False),
        "virtual": psutil.cpu_count(logical=True),
    }
    frequency = psutil.cpu_freq()
    if frequency is not None:
        described["freq"] = {"min": frequency.min, "max": frequency.max}
    return described


def _busy_and_total() -> list[tuple[float, float]]:
    """Seconds each logical processor worked, and existed, since boot."""
    import psutil

    pairs = []
    for times in psutil.cpu_times(percpu=True):
        # The kernel counts the time of guests in user and nice as well.
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        pairs.append((total - times.idle - getattr(times, "iowait", 0.0), total))
    return pairs
