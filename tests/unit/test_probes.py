"""What the probes say about real and imitated machines."""

import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pluto.probes import (
    FACTS,
    PROBES,
    Fact,
    Rates,
    Surroundings,
    Unavailable,
    cgroup,
    git,
    infiniband,
    packages,
)
from pluto.probes import platform as machine
from pluto.redact import MASK, Redactor
from pluto.sys import FactsCollector, System


def surroundings(directory: Path, **environ: str) -> Surroundings:
    return Surroundings(directory=directory, environ=environ)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def to(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return to


@pytest.mark.parametrize("name", ["cpu", "memory", "disk", "network", "process"])
def test_a_probe_gives_finite_numbers_under_its_own_prefix(name: str, tmp_path: Path) -> None:
    probe = PROBES[name](tmp_path)
    time.sleep(0.02)
    readings = probe()
    assert readings
    assert all(key.startswith(f"{name}.") for key in readings)
    assert all(value >= 0 for value in readings.values())
    assert probe().keys() >= readings.keys() - {f"{key}.rate" for key in readings}


def test_rates_skip_a_counter_that_restarted() -> None:
    seconds = iter([0.0, 1.0, 2.0, 4.0])
    rates = Rates(clock=lambda: next(seconds))
    assert rates.of({"sent": 1000}) == {"sent": 1000}
    assert rates.of({"sent": 10}) == {"sent": 10}
    assert rates.of({"sent": 110, "new": 1}) == {"sent": 110, "sent.rate": 50.0, "new": 1}


Write = Callable[[str, str], Path]


def test_the_memory_limit_is_the_least_of_the_group_and_those_above(
    write: Write, tmp_path: Path
) -> None:
    membership = write("membership", "0::/jobs/mine\n")
    write("fs/jobs/mine/memory.max", "max\n")
    write("fs/jobs/memory.max", "1000\n")
    write("fs/memory.max", "5000\n")
    write("fs/jobs/mine/memory.current", "123\n")
    write("fs/jobs/mine/memory.events", "low 0\noom 3\noom_kill 2\n")
    root = tmp_path / "fs"
    assert cgroup.memory_limit(root, membership) == 1000
    assert cgroup.memory_used(root, membership) == 123
    assert cgroup.oom_kills(root, membership) == 2


def test_a_version_1_group_without_a_limit_has_none(write: Write, tmp_path: Path) -> None:
    membership = write("membership", "7:cpu,cpuacct:/x\n4:memory:/x\n1:name=systemd:/x\n")
    limit = write("fs/memory/x/memory.limit_in_bytes", "9223372036854771712\n")
    write("fs/memory/x/memory.usage_in_bytes", "77\n")
    write("fs/memory/x/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
    root = tmp_path / "fs"
    assert cgroup.memory_limit(root, membership) is None
    limit.write_text("4096\n")
    assert cgroup.memory_limit(root, membership) == 4096
    assert cgroup.memory_used(root, membership) == 77
    assert cgroup.oom_kills(root, membership) == 1


def test_a_system_without_groups_has_no_limit(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert cgroup.memory_limit(nowhere, nowhere) is None
    assert cgroup.memory_used(nowhere, nowhere) is None
    assert cgroup.oom_kills(nowhere, nowhere) is None


def test_infiniband_counters_are_octets_and_ports_are_described(
    write: Write, tmp_path: Path
) -> None:
    base = tmp_path / "infiniband"
    for name, value in {
        "port_rcv_data": "100",
        "port_xmit_data": "50",
        "port_rcv_packets": "7",
        "port_xmit_packets": "not a number",
    }.items():
        write(f"infiniband/mlx5_0/ports/1/counters/{name}", value)
    write("infiniband/mlx5_0/ports/1/state", "4: ACTIVE\n")
    write("infiniband/mlx5_0/ports/1/rate", "400 Gb/sec (4X NDR)\n")
    probe = infiniband.open_probe(tmp_path, base)
    write("infiniband/mlx5_0/ports/1/counters/port_rcv_data", "200")
    readings = probe()
    assert readings["ib.mlx5_0.1.rcv_bytes"] == 800
    assert readings["ib.mlx5_0.1.rcv_bytes.rate"] > 0
    assert readings["ib.mlx5_0.1.xmit_bytes"] == 200
    assert readings["ib.mlx5_0.1.rcv_packets"] == 7
    assert "ib.mlx5_0.1.xmit_packets" not in readings
    assert System().get_infiniband_counters(base) == infiniband.counters(base)
    info: Any = System().get_infiniband_info(ib_base=base)
    (device,) = info["devices"]
    assert device["name"] == "mlx5_0"
    assert device["ports"][0]["state"] == "4: ACTIVE"


def test_without_infiniband_there_is_nothing_to_sample(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        infiniband.open_probe(tmp_path, tmp_path)
    assert System().get_infiniband_info(ib_base=tmp_path) == {}


def run_git(directory: Path, *command: str) -> str:
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
    command = ("git", "-C", str(directory), *identity, *command)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    directory = tmp_path / "repository"
    directory.mkdir()
    run_git(directory, "init", "-q", "-b", "main")
    (directory / "train.py").write_text("lr = 1\n")
    run_git(directory, "add", ".")
    run_git(directory, "commit", "-q", "-m", "first")
    return directory


def test_git_tells_commit_branch_and_uncommitted_changes(repository: Path) -> None:
    run_git(repository, "remote", "add", "origin", "https://me:hunter2@example.com/x.git")
    (repository / "train.py").write_text("lr = 2\n")
    (repository / "sub").mkdir()
    facts: Any = git.facts(surroundings(repository / "sub"))
    assert Path(facts["root"]).resolve() == repository.resolve()
    assert facts["commit"] == run_git(repository, "rev-parse", "HEAD")
    assert facts["branch"] == "main"
    assert facts["dirty"] is True
    assert "+lr = 2" in facts["diff"]["head"]
    assert facts["diff"]["remote"] is None
    assert facts["url"] == "https://me:hunter2@example.com/x.git"


def test_git_compares_with_the_branch_it_follows(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    run_git(tmp_path, "clone", "-q", str(repository), str(clone))
    (clone / "train.py").write_text("lr = 3\n")
    run_git(clone, "commit", "-q", "-am", "second")
    facts: Any = git.facts(surroundings(clone))
    assert facts["dirty"] is False
    assert facts["diff"]["head"] == ""
    assert "+lr = 3" in facts["diff"]["remote"]


def test_a_repository_without_a_commit_is_described_as_far_as_it_goes(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q", "-b", "main")
    facts: Any = git.facts(surroundings(tmp_path))
    assert facts["branch"] == "main"
    assert facts["commit"] is None


def test_a_huge_diff_is_cut_and_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "DIFF_LIMIT", 100)
    (repository / "train.py").write_text("x = 1\n" * 1000)
    facts: Any = git.facts(surroundings(repository))
    assert facts["diff"]["head"].endswith("more characters are left out]")
    assert len(facts["diff"]["head"]) < 200


def test_outside_a_repository_git_says_nothing(tmp_path: Path) -> None:
    assert git.facts(surroundings(tmp_path)) is None


def test_a_git_that_takes_too_long_is_given_up(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "PATIENCE", 0.0)
    assert git.facts(surroundings(repository)) is None


def test_installed_packages_are_read_from_the_names_of_their_folders(tmp_path: Path) -> None:
    for name in (
        "typing_extensions-4.12.2.dist-info",
        "ruamel.yaml-0.18.6.dist-info",
        "old-1.0-py3.11.egg-info",
        "torch-2.4.0+cu121.dist-info",
        "no_version.dist-info",
        "package",
    ):
        (tmp_path / "first" / name).mkdir(parents=True)
    (tmp_path / "second" / "typing_extensions-3.0.dist-info").mkdir(parents=True)
    assert packages.installed([tmp_path / "first", tmp_path / "second", tmp_path / "none"]) == [
        "old==1.0",
        "ruamel.yaml==0.18.6",
        "torch==2.4.0+cu121",
        "typing-extensions==4.12.2",
    ]


def test_the_packages_of_this_environment_are_found() -> None:
    names = {entry.partition("==")[0].lower() for entry in packages.facts(Surroundings())}
    assert {"pytest", "psutil", "numpy"} <= names


def test_an_os_release_file_is_read_with_its_quotes(write: Write) -> None:
    path = write(
        "os-release", "# comment\nNAME=\"Debian GNU/Linux\"\nVERSION_ID='12'\n\nID=debian\n"
    )
    assert machine.os_release((path.parent / "none", path)) == {
        "NAME": "Debian GNU/Linux",
        "VERSION_ID": "12",
        "ID": "debian",
    }
    assert machine.os_release(()) == {}


def test_details_are_collected_only_if_asked_for(tmp_path: Path) -> None:
    plain = surroundings(tmp_path, HOME="/home/me")
    detailed = Surroundings(tmp_path, {"HOME": "/home/me"}, detailed=True)
    assert "environ" not in FACTS["process"].collect(plain)  # type: ignore[operator]
    described: Any = FACTS["process"].collect(detailed)
    assert described["environ"] == {"HOME": "/home/me"}
    for name in ("disk", "network", "users"):
        assert FACTS[name].collect(plain) is None
        assert FACTS[name].collect(detailed) is not None


def test_facts_are_collected_redacted_and_failures_are_named(tmp_path: Path) -> None:
    def broken(_surroundings: Surroundings) -> object:
        raise OSError("no answer from https://me:hunter2@example.com")

    def slow(_surroundings: Surroundings) -> object:
        time.sleep(0.5)
        return "too late"

    redactor = Redactor()
    done: list[dict[str, Any]] = []
    collector = FactsCollector(
        surroundings(tmp_path),
        redactor,
        facts={
            "broken": Fact(broken),
            "slow": Fact(slow, budget=0.01),
            "nothing": Fact(lambda _: None),
            "argv": Fact(lambda _: ["train.py", "--api-key", "abc"]),
        },
        when_done=done.append,
    )
    collector.start()
    found = collector.result(30)
    assert found == {
        "argv": ["train.py", "--api-key", MASK],
        "missing": {
            "broken": f"OSError: no answer from https://me:{MASK}@example.com",
            "slow": "took longer than 0.01 s",
        },
    }
    while not done:
        time.sleep(0.01)
    assert done == [found]
    assert redactor.masked == 2


def test_another_node_than_the_first_has_its_facts_under_its_name(tmp_path: Path) -> None:
    here = surroundings(tmp_path, GROUP_RANK="2", RANK="17")
    collector = FactsCollector(here, Redactor(), facts={"one": Fact(lambda _: 1)})
    collector.collect()
    assert collector.result(0) == {"nodes": {"node2": {"one": 1}}}


def test_a_result_is_there_before_everything_is_collected(tmp_path: Path) -> None:
    def slow(_surroundings: Surroundings) -> object:
        time.sleep(0.3)
        return 2

    facts = {"quick": Fact(lambda _: 1), "slow": Fact(slow)}
    collector = FactsCollector(surroundings(tmp_path), Redactor(), facts=facts)
    collector.start()
    assert collector.result(0.1) == {"quick": 1}
    assert collector.result(30) == {"quick": 1, "slow": 2}


def test_a_run_that_ends_first_takes_what_is_known_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def slow(_surroundings: Surroundings) -> object:
        release.wait(30)
        return 2

    monkeypatch.setattr("pluto.sys.PATIENCE", 0.1)
    told: list[dict[str, Any]] = []
    facts = {"quick": Fact(lambda _: 1), "slow": Fact(slow, budget=30), "never": Fact(lambda _: 3)}
    collector = FactsCollector(
        surroundings(tmp_path), Redactor(), facts=facts, when_done=told.append
    )
    collector.start()
    assert collector.result(0.2) == {"quick": 1}
    collector.stop(time.monotonic() + 10)
    release.set()
    collector.stop(time.monotonic() + 10)
    assert told == [{"quick": 1}]


def test_the_system_describes_this_machine_as_json(tmp_path: Path) -> None:
    import json

    info = System().get_info()
    assert json.loads(json.dumps(info)) == info
    assert {"process", "platform", "timezone", "cpu", "memory", "boot_time", "requirements"} <= (
        info.keys()
    )
    assert info["os_info"]["python"]["executable"] == sys.executable
    assert info["platform"]["system"] == platform.system()
    assert info["cpu"]["virtual"] >= 1
    assert "missing" not in info


def test_the_system_has_the_methods_that_scripts_call(tmp_path: Path) -> None:
    system = System()
    assert system.get_os_info()["hostname"] == platform.node()
    assert system.get_konduktor() == {}
    assert system.get_git() == {}
    assert isinstance(system.get_cuda_info(), dict)
    assert isinstance(system.get_nccl_info(), dict)
    assert isinstance(system.get_gpu(), dict)
    assert isinstance(system._read_os_release(), dict)
    assert "memory.used" in system.monitor()
    assert system.cpu_count() >= 1
    assert system.no_such_function_of_psutil is None
