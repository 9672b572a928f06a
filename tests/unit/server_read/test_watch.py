"""The task that looks at the disk for all open pages."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from pluto.server.live import Look, RunState, Watch


class Disk:
    """What a look finds; fails while `broken`."""

    def __init__(self) -> None:
        self.version = 1
        self.broken = False
        self.looks = 0

    def look(self, runs: frozenset[int]) -> Look:
        self.looks += 1
        if self.broken:
            raise OSError("the disk is gone")
        return Look(7, {run: RunState(self.version, "RUNNING") for run in runs})


async def hear(page: AsyncIterator[bytes]) -> bytes:
    return await asyncio.wait_for(page.__anext__(), 20)


def test_all_pages_share_one_task_which_ends_with_the_last_of_them() -> None:
    async def scenario() -> None:
        disk = Disk()
        watch = Watch(disk.look, 0.01)
        first, second = watch.events(frozenset({1})), watch.events(frozenset({1, 2}))
        assert b'"1":{"version":1,"status":"RUNNING"}' in await hear(first)
        assert b'"2":{"version":1' in await hear(second)
        assert tasks() == 1

        disk.version = 2
        assert b'"version":2' in await hear(first)
        assert b'"version":2' in await hear(second)

        await first.aclose()
        assert tasks() == 1
        await second.aclose()
        await asyncio.sleep(0)
        assert tasks() == 0

    asyncio.run(scenario())


def tasks() -> int:
    return sum(task.get_name() == "pluto-live" for task in asyncio.all_tasks())


def test_pages_hear_of_changes_again_after_a_look_has_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        disk = Disk()
        page = Watch(disk.look, 0.01).events(frozenset({1}))
        await hear(page)
        disk.broken = True
        seen = disk.looks
        while disk.looks < seen + 3:
            await asyncio.sleep(0.01)
        disk.version, disk.broken = 2, False
        assert b'"version":2' in await hear(page)
        await page.aclose()

    with caplog.at_level(logging.ERROR, "pluto"):
        asyncio.run(scenario())
    assert "the disk is gone" in caplog.text
