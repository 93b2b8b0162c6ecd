"""Work that takes turns: one after the other, and nobody waits for what takes long."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

import pytest

import storage.patience
import storage.turns
from storage.errors import Full
from storage.turns import Turns

MOST = 3


@pytest.fixture
async def turns() -> AsyncIterator[Turns]:
    turns = Turns("test", MOST)
    yield turns
    await asyncio.to_thread(turns.end)


async def test_short_work_is_done_in_one_thread_in_order(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_long(monkeypatch)
    done: list[int] = []
    names = await asyncio.gather(*(turns.take(partial(worked, done, n)) for n in range(100)))
    assert done == [*range(100)]
    assert len(set(names)) == 1


def never_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, on a machine so busy that it may take short work for long."""
    monkeypatch.setattr(storage.turns, "LONG_SECONDS", 60.0)


def worked(done: list[int], n: int) -> str:
    done.append(n)
    return threading.current_thread().name


async def test_long_work_keeps_nobody_waiting_until_all_threads_are_at_some(turns: Turns) -> None:
    go_on = threading.Event()
    long = [asyncio.create_task(turns.take(go_on.wait)) for _ in range(MOST - 1)]
    async with asyncio.timeout(10):
        assert await turns.take(lambda: "short") == "short"
    long.append(asyncio.create_task(turns.take(go_on.wait)))
    last = asyncio.create_task(turns.take(lambda: "last"))
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(last), 0.2)
    assert not last.done()
    go_on.set()
    async with asyncio.timeout(10):
        assert await asyncio.gather(*long, last) == [True] * MOST + ["last"]


async def test_after_long_work_one_thread_is_left(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    long = asyncio.create_task(turns.take(go_on.wait))
    await turns.take(lambda: None)
    never_long(monkeypatch)
    go_on.set()
    await long
    names = {await turns.take(lambda: threading.current_thread().name) for _ in range(50)}
    assert len(names) == 1
    alive = [one for one in threading.enumerate() if one.name.startswith("test-")]
    for one in alive:
        if one.name not in names:
            one.join(10)
            assert not one.is_alive()


async def test_error_is_its_callers_alone(turns: Turns) -> None:
    def fails() -> None:
        raise ValueError("no")

    found = await asyncio.gather(turns.take(fails), turns.take(lambda: 1), return_exceptions=True)
    assert isinstance(found[0], ValueError)
    assert found[1] == 1


async def test_who_has_gone_before_the_turn_came_is_left_out(turns: Turns) -> None:
    go_on, done = threading.Event(), list[int]()
    first = asyncio.create_task(turns.take(go_on.wait))
    gone = asyncio.create_task(turns.take(lambda: done.append(1)))
    await asyncio.sleep(0)
    gone.cancel()
    with suppress(asyncio.CancelledError):
        await gone
    go_on.set()
    await first
    await turns.take(lambda: done.append(2))
    assert done == [2]


async def test_nobody_waits_for_ever_and_what_comes_too_late_harms_nobody(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.patience, "_LOOK_SECONDS", 0.01)
    hold, done = threading.Event(), list[int]()
    stuck = [asyncio.ensure_future(turns.take(hold.wait)) for _ in range(MOST)]
    behind = asyncio.ensure_future(turns.take(partial(worked, done, 1)))
    for one in [*stuck, behind]:
        with pytest.raises(Full, match="no answer for 10 s"):
            await one
    hold.set()
    await turns.take(partial(worked, done, 2))
    assert done == [2]


async def test_who_goes_away_is_not_told_of_the_database(turns: Turns) -> None:
    hold = threading.Event()
    asking = asyncio.ensure_future(turns.take(hold.wait))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    hold.set()
