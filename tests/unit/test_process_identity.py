"""A process is told from a later one with the same number, and from one of another machine."""

import os
import subprocess
import sys

from pluto.process_identity import identity, is_gone


def test_a_living_process_is_not_gone() -> None:
    assert not is_gone(identity())
    assert not is_gone(identity(os.getppid()))


def test_a_dead_process_is_gone_also_while_its_parent_has_not_waited_for_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = identity(process.pid)
    assert not is_gone(name)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(name)
    process.communicate()
    assert is_gone(name)


def test_a_later_process_with_the_same_number_is_another_one() -> None:
    number, birth, host = identity().split(".")
    assert is_gone(f"{number}.{int(birth) - 1}.{host}")


def test_a_process_of_another_machine_counts_as_alive() -> None:
    number, birth, _ = identity().split(".")
    assert not is_gone(f"{number}.{int(birth) - 1}.00000000")
