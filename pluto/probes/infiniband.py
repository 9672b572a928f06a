"""InfiniBand ports, as the kernel shows them below /sys/class/infiniband."""

from __future__ import annotations

from pathlib import Path

from pluto.probes.base import Probe, Rates, Surroundings, Unavailable, read_number, read_text

BASE = Path("/sys/class/infiniband")

# Metric, file below `counters`, bytes or packets in one unit: the data counters count words of
# four octets (InfiniBand Architecture Specification, PortCounters).
COUNTERS = (
    ("rcv_bytes", "port_rcv_data", 4),
    ("xmit_bytes", "port_xmit_data", 4),
    ("rcv_packets", "port_rcv_packets", 1),
    ("xmit_packets", "port_xmit_packets", 1),
)


def open_probe(_directory: Path, base: Path = BASE) -> Probe:
    """Sample `ib.<device>.<port>.rcv_bytes|xmit_bytes|rcv_packets|xmit_packets`, and `.rate`."""
    rates = Rates()
    if not rates.of(counters(base)):
        raise Unavailable("no InfiniBand port")
    return lambda: rates.of(counters(base))


def counters(base: Path = BASE) -> dict[str, float]:
    """Return what every port has received and sent since it came up."""
    readings: dict[str, float] = {}
    for port in sorted(base.glob("*/ports/*")):
        for metric, file, unit in COUNTERS:
            value = read_number(port / "counters" / file)
            if value is not None:
                readings[f"ib.{port.parent.parent.name}.{port.name}.{metric}"] = value * unit
    return readings


def facts(_surroundings: Surroundings, base: Path = BASE) -> dict[str, object] | None:
    """Describe the devices and their ports."""
    devices = [_device(path) for path in sorted(base.glob("*"))]
    return {"devices": devices} if devices else None


def _device(path: Path) -> dict[str, object]:
    ports = [
        {
            "port": port.name,
            "state": read_text(port / "state"),
            "rate": read_text(port / "rate"),
            "link_layer": read_text(port / "link_layer"),
        }
        for port in sorted(path.glob("ports/*"))
    ]
    return {
        "name": path.name,
        "node_type": read_text(path / "node_type"),
        "firmware": read_text(path / "fw_ver"),
        "board": read_text(path / "board_id"),
        "ports": ports,
    }
