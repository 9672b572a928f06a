"""Traffic of all network interfaces of the host."""

from __future__ import annotations

from pathlib import Path

from pluto.probes.base import Probe, Rates, Surroundings


def open_probe(_directory: Path) -> Probe:
    """Sample `network.bytes_sent`, `network.bytes_recv` (growing) and their `.rate` per second."""
    rates = Rates()
    rates.of(_traffic())
    return lambda: rates.of(_traffic())


def facts(surroundings: Surroundings) -> dict[str, object] | None:
    """List the addresses of each interface, if details were asked for."""
    if not surroundings.detailed:
        return None
    import psutil

    return {
        name: [address.address for address in addresses]
        for name, addresses in psutil.net_if_addrs().items()
    }


def _traffic() -> dict[str, float]:
    import psutil

    counters = psutil.net_io_counters()
    return {"network.bytes_sent": counters.bytes_sent, "network.bytes_recv": counters.bytes_recv}
