"""The outbox: lanes, urgency, outcomes, and what survives a restart."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

import storage.patience
import storage.postgres
import storage.sqlite
from bot import organization_file
from bot.domain.contact import Method
from bot.domain.delivery import (
    ClaimedDelivery,
    Delivery,
    DeliveryKind,
    InDoubt,
    Never,
    Outcome,
    Priority,
    Sent,
    TryAgain,
    pause_before,
)
from bot.domain.timeline import TOCSIN
from bot.engine import leases
from bot.engine.clock import SetClock
from bot.engine.outbox import LANES, Outbox
from bot.engine.reach import Reach
from bot.operations import declare, deliver, outages, reorganize, respond
from bot.operations.deliver import Lease, Room
from bot.operations.record import owe
from storage import outbox
from storage.database import Connection, Database, Full, touched
from storage.errors import MayBeDone, NobodyWrites
from storage.place import Place
from storage.tables import outbox as table
from tests.postgres import Server
from tests.quiet import Quiet
from tests.story import ORGANIZATION

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def owed(key: str, lane: str = "a", kind: DeliveryKind = DeliveryKind.FIND_PERSON, **more: Any) -> Delivery:
    return Delivery(kind, key, lane, **more)


class Post:
    """A deliverer that writes down what it is handed, and answers as it is told."""

    def __init__(self) -> None:
        self.handed: list[ClaimedDelivery] = []
        self.answers: dict[str, list[Outcome | Exception]] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.at_once = 0
        self.most_at_once = 0

    async def __call__(self, delivery: ClaimedDelivery) -> Outcome:
        self.handed.append(delivery)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await self.gate.wait()
        self.at_once -= 1
        answers = self.answers.get(delivery.owed.key)
        answer = answers.pop(0) if answers else Sent()
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def keys(self) -> list[str]:
        return [one.owed.key for one in self.handed]


class Engine:
    """An outbox on a real database, with a clock that the test moves."""

    def __init__(self, database: Database, clock: SetClock | None = None) -> None:
        self.database = database
        self.clock = clock or SetClock(NOW)
        self.post = Post()
        self.outbox = Outbox(database, self.clock, dict.fromkeys(DeliveryKind, self.post))

    async def owe(self, *deliveries: Delivery) -> None:
        await self.database.write(lambda tx: owe(tx, self.clock.now(), deliveries))

    async def die(self) -> None:
        """As by `kill -9`: nothing is written down any more."""
        names = ("outbox", "leases", "delivery-")
        killed = [task for task in asyncio.all_tasks() if task.get_name().startswith(names)]
        for task in killed:
            task.cancel()
        await asyncio.gather(*killed, return_exceptions=True)

    async def settle(self) -> None:
        async with asyncio.timeout(10):
            while not self.outbox.is_idle:  # noqa: ASYNC110 - a test waits from outside
                await asyncio.sleep(0.001)

    async def states(self) -> dict[str, str]:
        def query(tx: Connection) -> dict[str, str]:
            return {row.key: row.state for row in tx.execute(select(table.c.key, table.c.state))}

        return await self.database.read(query)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    database = Database(database_url)
    await database.open()
    engine = Engine(database)
    yield engine
    engine.post.gate.set()
    async with asyncio.timeout(20):  # where it cannot write it would wait for ever
        await engine.outbox.stop()
    await database.close()


async def test_lane_keeps_its_order_and_lanes_go_side_by_side(engine: Engine) -> None:
    await engine.owe(*[owed(f"{lane}{n}", lane) for n in range(5) for lane in "abc"])
    engine.post.gate.clear()
    await engine.outbox.start()
    await asyncio.wait_for(_until(lambda: len(engine.post.handed) == 3), 5)
    engine.post.gate.set()
    await engine.settle()
    for lane in "abc":
        assert [key for key in engine.post.keys if key.startswith(lane)] == [f"{lane}{n}" for n in range(5)]
    assert engine.post.most_at_once == 3


async def test_pages_overtake_everything_that_waits(engine: Engine) -> None:
    await engine.owe(*[owed(f"m{n}", f"lane{n}") for n in range(100)])
    engine.post.gate.clear()
    await engine.outbox.start()
    await asyncio.wait_for(_until(lambda: len(engine.post.handed) >= LANES - 4), 5)
    await engine.database.write(_declare)
    await asyncio.wait_for(_until(lambda: _pages(engine.post)), 5)
    engine.post.gate.set()
    await engine.settle()
    assert _pages(engine.post)[0] <= LANES
    assert engine.post.most_at_once <= LANES


def _declare(tx: Connection) -> None:
    """Somebody is paged."""
    reorganize.apply(tx, NOW, TOCSIN, organization_file.read(ORGANIZATION))
    declare.declare(tx, NOW, TOCSIN, title="Checkout is down", services=["checkout"])


def _pages(post: Post) -> list[int]:
    """The how manieth of what was handed over were pages."""
    return [at for at, one in enumerate(post.handed) if one.owed.kind is DeliveryKind.PAGE]


@pytest.mark.parametrize(("full", "other"), [(Method.SLACK, Method.EMAIL), (Method.EMAIL, Method.SLACK)])
async def test_pages_by_a_method_without_room_hide_none_by_the_other(
    engine: Engine, full: Method, other: Method
) -> None:
    """A Slack that hangs must not hold up the letters, nor a mail server the messages."""

    def page(key: str, method: Method) -> Delivery:
        return owed(key, key, DeliveryKind.PAGE, method=method)

    await engine.owe(*(page(f"waits {n}", full) for n in range(40)), page("goes", other))
    room = Room(all=2, ordinary=0, by_method={full: 0, other: 14})
    choice = await engine.database.read(lambda tx: deliver._chosen(tx, NOW, room))
    assert [one.lane for one in choice.heads] == ["goes"]


async def test_what_is_hidden_behind_a_page_that_is_dropped_goes_out_at_once(engine: Engine) -> None:
    """Nothing else that happens may be needed for it."""

    def overtaken(tx: Connection) -> None:
        _declare(tx)
        respond.acknowledge(tx, NOW, TOCSIN, "INC-2026-002")
        page = select(table.c.lane).where(table.c.kind == "page", table.c.state == "pending")
        owe(tx, NOW, [owed("behind", str(tx.execute(page).scalar_one()))])

    await engine.database.write(_declare)
    await engine.outbox.start()
    await engine.settle()
    pages = len(_pages(engine.post))
    engine.post.gate.clear()
    await engine.database.write(overtaken)
    await asyncio.wait_for(_until(lambda: "behind" in engine.post.keys), 5)
    assert len(_pages(engine.post)) == pages


async def test_what_another_process_tried_in_vain_meanwhile_waits_for_its_time(engine: Engine) -> None:
    """Between the look for what is due and its claim, another process has its turn."""

    def overtaken(tx: Connection) -> list[set[int]]:
        found = []
        for again_at in (NOW, NOW + timedelta(seconds=30)):
            heads = [one.id for one in outbox.heads(tx, NOW, [(Priority.LOW, DeliveryKind.FIND_PERSON)], 10)]
            outbox.change(tx, heads[0], {"next_attempt_at": again_at})
            found.append({*heads} - {*outbox.free(tx, heads, NOW)})
        return found

    await engine.owe(owed("a", "a"), owed("b", "b"))
    kept, left = await engine.database.write(overtaken)
    assert (len(kept), len(left)) == (0, 1)


async def test_what_there_was_no_room_for_is_looked_for_again(engine: Engine) -> None:
    heard: list[frozenset[str]] = []
    await engine.owe(*[owed(lane, lane) for lane in "abc"])
    engine.database.after_commit(lambda marks: heard.append(marks.what))
    lease = Lease("somebody", timedelta(seconds=10))
    for room, expected in ((1, {touched.OUTBOX}), (2, set[str]())):
        heard.clear()
        claim = partial(deliver.claim, now=NOW, lease=lease, room=Room(all=16, ordinary=room))
        assert len(await engine.database.write(claim)) == room
        assert set().union(*heard) == expected


async def test_who_stood_still_for_longer_than_the_lease_knows_that_others_may_have_it(
    engine: Engine,
) -> None:
    await engine.owe(owed("a"))
    engine.post.gate.clear()
    await engine.outbox.start()
    await asyncio.wait_for(_until(lambda: len(engine.post.handed) == 1), 5)
    (delivery,) = engine.post.handed
    assert delivery.is_ours()
    engine.clock.stand_still(seconds=leases.LASTS.total_seconds())
    assert delivery.is_ours() is not engine.database.is_shared


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_it_arrived_when_it_did_however_late_that_is_written_down(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await engine.owe(owed("a"))
    engine.post.gate.clear()
    await engine.outbox.start()
    await asyncio.wait_for(_until(lambda: len(engine.post.handed) == 1), 5)
    monkeypatch.setattr(storage.sqlite, "WAITING", 0)
    engine.post.gate.set()
    await asyncio.wait_for(_until(lambda: engine.outbox._is_stuck), 5)
    engine.clock.forward(minutes=1)
    monkeypatch.undo()
    await asyncio.wait_for(_until(lambda: not engine.outbox._is_stuck), 10)
    settled = select(table.c.state, table.c.settled_at)
    assert await engine.database.read(lambda tx: tx.execute(settled).all()) == [("sent", NOW)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_next_page_goes_out_though_the_first_cannot_be_written_down(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await engine.database.write(_declare)
    await engine.outbox.start()
    monkeypatch.setattr(storage.sqlite, "WAITING", 0)
    await asyncio.wait_for(_until(lambda: len(_pages(engine.post)) == 3), 5)
    assert len({engine.post.handed[at].owed.lane for at in _pages(engine.post)}) == 1
    monkeypatch.undo()
    async with asyncio.timeout(10):
        while not {*(await engine.states()).values()} <= {"sent", "dropped"}:  # noqa: ASYNC110 - a test waits from outside
            await asyncio.sleep(0.01)
    assert engine.post.keys == list(dict.fromkeys(engine.post.keys))


@pytest.fixture
async def other(engine: Engine, database_url: str) -> AsyncIterator[Engine]:
    """Another process with the same database."""
    database = Database(database_url)
    await database.open()
    other = Engine(database, engine.clock)
    yield other
    other.post.gate.set()
    async with asyncio.timeout(20):
        await other.outbox.stop()
    await database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_each_page_goes_out_once_while_no_process_can_write(
    engine: Engine, other: Engine, server: Server, database_url: str
) -> None:
    """The first has to wait when that begins; whether the second has arrived is not known when it is over."""
    both = (engine, other)

    def handed() -> list[str]:
        return [one.owed.key for of in both for one in of.post.handed if one.owed.kind is DeliveryKind.PAGE]

    for _ in range(2):
        await engine.database.write(_declare)
    first, second = (key for key in await engine.states() if key.startswith("page:"))
    engine.post.answers = {first: [TryAgain("wait", timedelta(seconds=30))], second: [InDoubt("no answer")]}
    other.post.answers = engine.post.answers
    for one in both:
        await one.outbox.start()
    await asyncio.wait_for(_until(handed), 5)
    for one in both:
        await one.settle()
    server.make_read_only(database_url)
    engine.clock.forward(seconds=30)
    for one in both:
        one.outbox.wake()
    await asyncio.wait_for(_until(lambda: len(handed()) == 3), 10)
    assert sorted(handed()) == sorted([first, first, second])
    (sender,) = [one for one in both if one.database.is_unwritten]
    (waiter,) = [one for one in both if one is not sender]
    failures = waiter.database.failures
    await asyncio.wait_for(_until(lambda: waiter.database.failures > failures), 20)
    assert len(handed()) == 3
    server.make_writable(database_url)
    await asyncio.wait_for(_until(lambda: not sender.database.is_unwritten), 10)
    engine.clock.forward(seconds=5)
    await asyncio.wait_for(_until(lambda: len(handed()) == 4), 10)
    of_second = (one for of in both for one in of.post.handed if one.owed.key == second)
    assert sorted(one.is_in_doubt for one in of_second) == [False, True]
    async with asyncio.timeout(10):
        while not {*(await engine.states()).values()} <= {"sent", "dropped"}:  # noqa: ASYNC110 - a test waits from outside
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_is_being_sent_stays_ours_while_no_process_can_write(
    engine: Engine, server: Server, database_url: str
) -> None:
    """Its lease cannot be prolonged, and nobody can take it over."""
    await engine.owe(owed("a"))
    engine.post.gate.clear()
    await engine.outbox.start()
    await asyncio.wait_for(_until(lambda: engine.post.handed), 5)
    server.make_read_only(database_url)
    engine.clock.stand_still(seconds=leases.LASTS.total_seconds())
    (delivery,) = engine.post.handed
    await asyncio.wait_for(_until(delivery.is_ours), 10)
    server.make_writable(database_url)
    engine.post.gate.set()
    await asyncio.wait_for(_until(lambda: not engine.database.is_unwritten), 10)
    assert await engine.states() == {"a": "sent"}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_all_go_on_as_soon_as_one_outcome_can_be_written_down(
    engine: Engine, other: Engine, server: Server, database_url: str
) -> None:
    """However many pages are due: who alone may send takes up no more, and lets the others claim."""
    await engine.database.write(_declare)
    (page,) = await engine.database.read(lambda tx: deliver.pages_due(tx, NOW, Room(all=1, ordinary=0)))
    due = NOW + timedelta(seconds=10)
    await engine.owe(*(replace(page.owed, key=f"p{n}", lane=f"p{n}", not_before=due) for n in range(200)))
    both = (engine, other)

    async def at_length(delivery: ClaimedDelivery) -> Outcome:
        await asyncio.sleep(0.1 + delivery.id % 7 * 0.05)
        return await engine.post(delivery)

    for one in both:
        one.outbox._deliverers = dict.fromkeys(DeliveryKind, at_length)
        await one.outbox.start()
        await one.settle()
    server.make_read_only(database_url)
    engine.clock.forward(seconds=10)
    await asyncio.wait_for(_until(lambda: any(one.outbox._unwritten for one in both)), 10)
    handed = len(engine.post.handed)
    server.make_writable(database_url)
    await asyncio.wait_for(_until(lambda: not any(one.database.is_unwritten for one in both)), 20)
    assert len(engine.post.handed) < handed + 5 * LANES


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_page_is_not_sent_any_more_by_who_lost_the_lock(
    engine: Engine, other: Engine, server: Server, database_url: str
) -> None:
    """Another process may send it now."""
    await engine.database.write(_declare)
    (key,) = (key for key in await engine.states() if key.startswith("page:"))
    engine.post.answers[key] = [TryAgain("wait", timedelta(seconds=30))]
    await engine.outbox.start()
    await engine.settle()
    server.make_read_only(database_url)
    engine.post.gate.clear()
    engine.clock.forward(seconds=30)
    await asyncio.wait_for(_until(lambda: engine.post.keys.count(key) == 2), 10)
    was_ours = engine.post.handed[-1].is_ours()
    server.end_sessions(database_url)
    is_theirs = await other.database.may_act_unwritten(NobodyWrites("It is read-only."))
    is_ours = engine.post.handed[-1].is_ours()
    server.make_writable(database_url)
    assert (was_ours, is_theirs, is_ours) == (True, True, False)


async def test_outcome_of_what_was_not_claimed_takes_it_from_nobody_who_claimed_it(engine: Engine) -> None:
    """As after the lock was lost; but what arrived is not sent again."""
    room, lease = Room(all=1, ordinary=0), Lease("another", leases.LASTS)
    await engine.database.write(_declare)
    (page,) = await engine.database.read(lambda tx: deliver.pages_due(tx, NOW, room))
    await engine.database.write(lambda tx: deliver.claim(tx, NOW, lease, room))
    for outcome, state in ((InDoubt("no answer"), "sending"), (Sent(), "sent")):
        settle = partial(
            deliver.settle, delivery=page, outcome=outcome, retry_at=NOW, holder="us", is_unwritten=True
        )
        await engine.database.write(partial(settle, now=NOW, known_at=NOW))
        assert (await engine.states())[page.owed.key] == state


def unheard(engine: Engine, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database does this when it is next asked to, and nobody knows that it did."""
    write, left = engine.database.write, [what]

    async def written(operation: Callable[[Connection], Any]) -> Any:
        done = await write(operation)
        if getattr(operation, "func", operation).__name__ in left:
            left.clear()
            raise MayBeDone("It may have been done: look first.")
        return done

    monkeypatch.setattr(engine.database, "write", written)


async def test_what_was_claimed_unheard_is_sent_without_a_doubt(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only its holder knows that nobody sends it; whoever takes it over when its lease has ended does not."""
    unheard(engine, "claim", monkeypatch)
    await engine.owe(owed("a"))
    await engine.outbox.start()
    await asyncio.wait_for(_until(lambda: engine.post.handed), 10)
    await engine.settle()
    assert [one.is_in_doubt for one in engine.post.handed] == [False]
    assert await engine.states() == {"a": "sent"}


async def test_attempt_after_one_that_was_written_down_unheard_counts_as_well(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    unheard(engine, "settle", monkeypatch)
    await engine.database.write(_declare)
    (key,) = (key for key in await engine.states() if key.startswith("page:"))
    engine.post.answers[key] = [TryAgain("wait", timedelta(0)), InDoubt("no answer")]
    await engine.outbox.start()
    await asyncio.wait_for(_until(lambda: engine.post.keys.count(key) == 2), 5)
    await engine.settle()
    engine.clock.forward(minutes=1)
    await engine.settle()
    of_page = [one for one in engine.post.handed if one.owed.key == key]
    assert [(one.attempt, one.is_in_doubt) for one in of_page] == [(1, False), (2, False), (3, True)]
    assert (await engine.states())[key] == "sent"


class Disk:
    """A disk that answers no commit while it is silent; nobody is patient with it."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self.answers, self.is_asked = threading.Event(), threading.Event()
        self.answers.set()
        check = Place.check

        def asked(place: Place) -> None:
            if threading.current_thread().name == "sqlite-writer" and not self.answers.is_set():
                self.is_asked.set()
                self.answers.wait()
            check(place)

        patched.setattr(storage.patience, "_LOOK_SECONDS", 0.05)
        patched.setattr(Place, "check", asked)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk = Disk(monkeypatch)
    yield disk
    disk.answers.set()


def looks_no_more(engine: Engine) -> bool:
    """Whether the outbox waits for something to come."""
    return engine.outbox._is_asleep and not engine.outbox._look.is_set()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_in_hand_is_not_claimed_again_when_the_disk_answers(engine: Engine, disk: Disk) -> None:
    """Its outcome is written late, and in the same commit as the next claim."""
    await engine.owe(owed("a", kind=DeliveryKind.CREATE_CHANNEL))
    engine.post.answers["a"] = [TryAgain("wait", timedelta(seconds=1))]
    engine.post.gate.clear()
    await engine.outbox.start()
    await asyncio.wait_for(_until(lambda: engine.post.handed), 5)
    await asyncio.sleep(0.1)  # after each claim that commits something it looks once more
    await asyncio.wait_for(_until(lambda: looks_no_more(engine)), 5)
    disk.answers.clear()
    engine.post.gate.set()
    await asyncio.wait_for(_until(disk.is_asked.is_set), 5)
    engine.post.gate.clear()
    await asyncio.sleep(0.2)  # so that the claim that follows gives up later
    engine.clock.forward(seconds=2)
    engine.outbox.wake()
    await asyncio.wait_for(_until(lambda: engine.outbox._unwritten), 10)
    disk.answers.set()
    await asyncio.wait_for(_until(lambda: not engine.outbox._unwritten), 10)
    await asyncio.wait_for(_until(lambda: len(engine.post.handed) > 1), 10)
    engine.outbox.wake()
    await asyncio.wait_for(_until(lambda: looks_no_more(engine)), 10)
    engine.post.gate.set()
    await engine.settle()
    assert engine.post.most_at_once == 1
    assert [(one.attempt, one.is_in_doubt) for one in engine.post.handed] == [(1, False), (2, False)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_page_that_was_claimed_unheard_goes_out_though_each_commit_takes_too_long(
    engine: Engine, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the one look past the claim fails."""
    read, failed = engine.database.read, list[bool]()

    async def reads(query: Callable[[Connection], Any]) -> Any:
        if not failed and engine.outbox._is_cut_off:
            failed.append(True)
            raise Full("The database cannot be read: disk I/O error")
        return await read(query)

    monkeypatch.setattr(engine.database, "read", reads)
    await engine.outbox.start()
    await engine.settle()
    disk.answers.clear()
    declaring = asyncio.ensure_future(engine.database.write(_declare))
    await at_length(disk, lambda: bool(_pages(engine.post)))
    disk.answers.set()
    with pytest.raises(MayBeDone):
        await declaring
    await engine.settle()
    assert failed
    assert len(_pages(engine.post)) == 1
    assert set((await engine.states()).values()) <= {"sent", "dropped"}


async def at_length(disk: Disk, is_over: Callable[[], bool]) -> None:
    """Each commit is answered when whoever waited for it has given up."""
    async with asyncio.timeout(30):
        while not is_over():
            if disk.is_asked.is_set():
                await asyncio.sleep(0.9)
                disk.is_asked.clear()
                disk.answers.set()
                disk.answers.clear()
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_outage_whose_beginning_was_written_down_unheard_ends(engine: Engine, disk: Disk) -> None:
    is_well = False

    async def asked() -> str | None:
        return None if is_well else "no answer"

    reach = Reach(engine.database, engine.clock, asked)
    await reach.look()
    disk.answers.clear()
    looking = asyncio.ensure_future(reach.look())
    await asyncio.wait_for(_until(disk.is_asked.is_set), 5)
    await looking
    is_well = True
    disk.answers.set()
    await reach.look()
    last = await engine.database.read(outages.last)
    assert last is not None
    assert last.until is not None


async def well() -> None:
    """Nothing is wrong with Slack."""


async def test_database_that_fails_a_deliverer_is_no_trouble_of_slack(engine: Engine, quiet: Quiet) -> None:
    """What it had asked Slack for may have arrived all the same."""
    reach = Reach(engine.database, engine.clock, well)
    engine.outbox = Outbox(
        engine.database, engine.clock, dict.fromkeys(DeliveryKind, engine.post), reach=reach
    )
    engine.post.answers = {lane: [Full("The database cannot be reached.")] for lane in "abcd"}
    await engine.owe(*(owed(lane, lane) for lane in "abcd"))
    await engine.outbox.start()
    await engine.settle()
    assert len(engine.post.handed) == 4
    assert reach.trouble is None
    engine.clock.forward(minutes=1)
    await engine.settle()
    assert set((await engine.states()).values()) == {"sent"}
    assert all(one.is_in_doubt for one in engine.post.handed[4:])
    quiet.check()


async def test_trouble_is_told_once_though_the_database_takes_nothing(
    engine: Engine, quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent() -> str:
        return "Slack did not answer in time"

    reach = Reach(engine.database, engine.clock, silent)
    for module in (storage.sqlite, storage.postgres):
        monkeypatch.setattr(module, "WAITING", 0)
    for _ in range(5):
        await reach.look()
    assert quiet.told("Slack is in trouble") == 1
    monkeypatch.undo()
    await reach.look()
    kept = await engine.database.read(outages.last)
    assert kept is not None
    assert kept.until is None


async def test_same_key_is_owed_and_sent_once(engine: Engine) -> None:
    await engine.owe(owed("once"), owed("once"))
    await engine.owe(owed("once", "b"))
    await engine.outbox.start()
    await engine.settle()
    assert engine.post.keys == ["once"]


async def test_newest_update_does_for_all_before_it(engine: Engine) -> None:
    await engine.owe(*[owed(f"update{n}", "card", DeliveryKind.UPDATE_CARD) for n in range(20)])
    await engine.outbox.start()
    await engine.settle()
    assert engine.post.keys == ["update19"]
    assert (await engine.states())["update0"] == "dropped"


async def test_wait_that_slack_asks_for_is_kept_to_the_second(engine: Engine) -> None:
    engine.post.answers["a1"] = [TryAgain("wait", timedelta(seconds=30), is_wait=True)]
    await engine.owe(owed("a1"), owed("a2"), owed("b1", "b"))
    await engine.outbox.start()
    await engine.settle()
    assert engine.post.keys.count("a1") == 1
    assert "b1" in engine.post.keys
    engine.clock.forward(seconds=29)
    await engine.settle()
    assert engine.post.keys.count("a1") == 1
    engine.clock.forward(seconds=1)
    await engine.settle()
    assert engine.post.keys[-2:] == ["a1", "a2"]
    assert engine.post.handed[-2].attempt == 1


async def test_lost_answer_makes_the_next_attempt_doubtful(engine: Engine) -> None:
    engine.post.answers["a1"] = [InDoubt("no answer")]
    await engine.owe(owed("a1"))
    await engine.outbox.start()
    await engine.settle()
    engine.clock.forward(seconds=5)
    await engine.settle()
    assert [(one.attempt, one.is_in_doubt) for one in engine.post.handed] == [(1, False), (2, True)]


async def test_what_can_never_arrive_lets_its_lane_go_on(engine: Engine) -> None:
    engine.post.answers["a1"] = [Never("account_inactive")]
    await engine.owe(owed("a1"), owed("a2"))
    await engine.outbox.start()
    await engine.settle()
    assert await engine.states() == {"a1": "failed", "a2": "sent"}


async def test_lane_rests_but_what_is_no_message_goes_on(engine: Engine) -> None:
    engine.post.answers["m1"] = [Sent(rest=timedelta(seconds=1))]
    await engine.owe(
        owed("m1", kind=DeliveryKind.MIRROR),
        owed("i1", kind=DeliveryKind.INVITE),
        owed("m2", kind=DeliveryKind.MIRROR),
    )
    await engine.outbox.start()
    await engine.settle()
    assert engine.post.keys == ["m1", "i1"]
    engine.clock.forward(seconds=1)
    await engine.settle()
    assert engine.post.keys == ["m1", "i1", "m2"]


async def test_deliverer_that_breaks_does_not_stop_the_others(engine: Engine) -> None:
    async def broken(delivery: ClaimedDelivery) -> Outcome:
        if delivery.owed.key == "bad" and delivery.attempt == 1:
            raise RuntimeError("a mistake of ours")
        return await engine.post(delivery)

    engine.outbox._deliverers = dict.fromkeys(DeliveryKind, broken)
    await engine.owe(owed("bad"), owed("good", "b"))
    await engine.outbox.start()
    await engine.settle()
    engine.clock.forward(seconds=5)
    await engine.settle()
    assert await engine.states() == {"bad": "sent", "good": "sent"}


async def test_what_was_in_flight_at_a_crash_is_looked_for(database_url: str) -> None:
    database = Database(database_url)
    await database.open()
    crashed = Engine(database)
    crashed.post.gate.clear()
    await crashed.owe(owed("a1"), owed("a2"))
    await crashed.outbox.start()
    await asyncio.wait_for(_until(lambda: crashed.post.handed), 5)
    await crashed.die()
    if database.is_shared:
        await database.write(lambda tx: tx.execute(table.update().values(leased_until=LONG_AGO)))
    next_one = Engine(database)
    await next_one.outbox.start()
    await next_one.settle()
    assert [(one.owed.key, one.is_in_doubt) for one in next_one.post.handed] == [("a1", True), ("a2", False)]
    await next_one.outbox.stop()
    await database.close()


@pytest.mark.parametrize("attempt", [1, 2, 5, 50, 100_000])
def test_pauses_grow_and_stay_bounded(attempt: int) -> None:
    shortest, longest = pause_before(attempt, 0.0), pause_before(attempt, 1.0)
    assert timedelta(seconds=0.5) < shortest < longest <= timedelta(minutes=2.5)


async def _until(predicate: Callable[[], object]) -> None:
    while not predicate():  # noqa: ASYNC110 - a test waits from outside
        await asyncio.sleep(0.001)
