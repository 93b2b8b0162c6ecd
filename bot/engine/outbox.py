"""The outbox: lane by lane, most urgent first; hand to a deliverer, settle."""

import asyncio
from collections.abc import Collection, Coroutine, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.domain.contact import USUAL, Method
from bot.domain.delivery import (
    ClaimedDelivery,
    Deliverer,
    DeliveryKind,
    InDoubt,
    Never,
    Outcome,
    Priority,
    Sent,
    TryAgain,
)
from bot.engine import outcomes
from bot.engine.clock import Clock
from bot.engine.leases import Leases
from bot.engine.reach import Reach
from bot.engine.resting import Resting
from bot.engine.supervisor import Part
from bot.metrics import Metrics
from bot.operations import deliver, reroute
from bot.operations.deliver import Room
from storage.database import Connection, Database, Full, MayBeDone, Touched, touched

#: Deliveries that go out side by side; a few places are kept for pages.
LANES = 16
KEPT_FOR_PAGES = 4
#: And so many while the database has its hands full with what people ask.
LANES_WHEN_BUSY = 1
#: Where people are reached by several methods, none takes all places: Slack may hang, or the mail server.
KEPT_FOR_OTHERS = 2
_LONGEST_SLEEP = 5.0
#: How often it is tried to write again.
_CUT_OFF_SECONDS = 1.0
LONGEST_SILENCE = timedelta(seconds=9)
#: Seconds from one look to the next; while the database has its hands full, and then if there is a page to
#: send.
SHORTEST_GAP, LONGEST_GAP, GAP_OF_PAGES = 0.02, 0.3, 0.1

log = structlog.get_logger()


class Outbox:
    """Sends what is owed until it is stopped."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        deliverers: Mapping[DeliveryKind, Deliverer],
        methods: Collection[Method] = USUAL,
        metrics: Metrics | None = None,
        reach: Reach | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._deliverers = deliverers
        self._methods = tuple(methods)
        self._metrics = metrics or Metrics()
        self._reach = reach
        self._sending: dict[int, ClaimedDelivery] = {}
        self._leases = Leases(database, clock, self._metrics, self._sending.keys, self._cannot_keep)
        self._resting = Resting(clock)
        self._next_attempt: datetime | None = None
        #: When to look for pages that must go another way; None while every method answers.
        self._reroute_at: datetime | None = clock.now()
        self._look = asyncio.Event()
        self._is_hurried = False
        self._is_asleep = False
        self._is_stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        #: What is carried out here, until it is written down what came of it.
        self._in_hand: set[int] = set()
        #: Those of it of which nobody knows what is written down: pages that go out unclaimed, and what was
        #: being written when the database fell silent.
        self._unwritten: set[int] = set()
        #: Whether more may be claimed for us than we have heard of.
        self._is_claim_lost = False
        #: Pages that arrived although nobody could write that down, and their lanes, which go on.
        self._arrived: dict[int, str] = {}
        self._is_cut_off = False
        #: Whether an outcome, or a lease, could not be written down just now.
        self._is_stuck = False
        self.part = Part("outbox", self._run, self._metrics, LONGEST_SILENCE)
        database.after_commit(self._committed)
        self._stop_listening = clock.on_jump(self._look.set)

    async def start(self) -> None:
        """What was in flight when the last process died is looked for before it is sent again."""
        now = self._clock.now()
        doubtful = await self._database.write(lambda tx: deliver.take_back(tx, now))
        if doubtful:
            log.warning("deliveries in doubt after a crash", count=doubtful)
        if self._reach is not None:
            await self._reach.start()
        self.part.start()
        if self._database.is_shared:
            self._leases.part.start()

    async def stop(self) -> None:
        """Takes up nothing new and waits for what is in flight; cancelled, it leaves that in doubt."""
        self._stop_listening()
        self._is_stopping = self._is_hurried = True
        self._look.set()
        try:
            await self.part.ended()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        finally:
            await self._leases.part.stop()

    @property
    def parts(self) -> tuple[Part, ...]:
        """What must always run; leases are kept where other processes may take them."""
        return (self.part, self._leases.part) if self._database.is_shared else (self.part,)

    def wake(self) -> None:
        """Look now at what may go out."""
        self._look.set()

    @property
    def resting(self) -> frozenset[str]:
        """Lanes that were served a moment ago and are kept waiting for their pace."""
        return self._resting.lanes

    @property
    def resting_kinds(self) -> frozenset[DeliveryKind]:
        """Kinds of which the other side has asked for no more for now."""
        return self._resting.kinds

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being sent and nothing may be sent before its time comes."""
        is_asking = self._reach is not None and self._reach.is_asking
        return self._is_asleep and not self._sending and not self._look.is_set() and not is_asking

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._is_stopping:
            self._look.clear()
            self.part.beat()
            looked_at = loop.time()
            self._ask()
            try:
                claimed, pause = await self._take_up()
            except Exception:
                # The database may be away for a while: nothing is lost, it is tried again.
                log.exception("the outbox could not be read")
                claimed, pause = [], 1.0
            for delivery in claimed:
                self._begin(delivery)
            if not self._is_stopping:
                await self._sleep(pause)
                await self._breathe(looked_at)

    async def _take_up(self) -> tuple[list[ClaimedDelivery], float]:
        """What is to be sent now, and how many seconds nothing more may be, unless something comes."""
        if self._database.is_unwritten:
            if self._unwritten or self._leases:
                # Once it can be written down again, who takes up more keeps all the others waiting.
                return await self._pages_due() if self._is_stuck else [], _CUT_OFF_SECONDS
            await self._database.write_again()
        try:
            await self._reroute()
            claimed = await self._claim()
        except Full as error:
            return await self._claim_unwritten(error), _CUT_OFF_SECONDS
        self._is_cut_off = False
        return claimed, self._pause()

    async def _breathe(self, looked_at: float) -> None:
        """While many write, they are not looked at each time; only a page is hurried."""
        loop = asyncio.get_running_loop()
        shortest = GAP_OF_PAGES if self._database.is_busy else SHORTEST_GAP
        await asyncio.sleep(max(looked_at + shortest - loop.time(), 0))
        latest = looked_at + LONGEST_GAP
        while self._database.is_busy and not self._is_hurried and loop.time() < latest:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(SHORTEST_GAP)
        self._is_hurried = False

    def _ask(self) -> None:
        if self._reach is not None and self._reach.is_due(self._clock.now()):
            self._reach.is_asking = True
            self._spawn(self._asked(self._reach), "reach")

    async def _asked(self, reach: Reach) -> None:
        await reach.look()
        self._noticed()

    def _noticed(self) -> None:
        """Something is known of Slack: who waits for it looks again."""
        if self._reach is not None and self._reach.is_in_trouble:
            self._reroute_at = self._clock.now()
        self._look.set()

    async def _learn(self, delivery: ClaimedDelivery, outcome: Outcome) -> None:
        """What an outcome says of Slack."""
        if self._reach is None or delivery.owed.method is Method.EMAIL:
            return
        match outcome:
            case Sent(channel_id=channel_id) if channel_id is not None:
                await self._reach.arrived()
            case InDoubt(why, is_ours=False) | TryAgain(why, is_outage=True):
                await self._reach.failed(delivery.owed.lane, why)

    async def _reroute(self) -> None:
        """Pages whose method does not answer go another way once they are late."""
        now = self._clock.now()
        if self._reroute_at is None or timedelta(0) < self._reroute_at - now <= reroute.LOOK_AGAIN:
            return
        rerouted, self._reroute_at = await self._database.write(
            lambda tx: reroute.reroute(tx, now, self._methods, self._away())
        )
        for one in rerouted:
            self._metrics.rerouted(one.was, one.to)

    def _away(self) -> tuple[Method, ...]:
        return (Method.SLACK,) if self._reach is not None and self._reach.is_in_trouble else ()

    async def _cannot_keep(self, error: Full) -> None:
        """The leases run out: whoever sends does so because nobody else can."""
        self._is_stuck = True
        if self._sending and await self._database.may_act_unwritten(error):
            self._look.set()

    async def _claim(self) -> list[ClaimedDelivery]:
        """What may go out now: pages into every free place, the rest into those not kept for pages."""
        room = self._room()
        if room.all <= 0:
            return []
        now, asked_at = self._clock.now(), self._clock.steady()
        in_hand = frozenset(self._in_hand) if self._is_claim_lost else None

        def claim(tx: Connection) -> list[ClaimedDelivery]:
            if in_hand is not None:
                deliver.give_back(tx, self._leases.ours, in_hand)
            claimed = deliver.claim(tx, now, self._leases.ours, room)
            self._next_attempt = deliver.next_attempt(tx, now, room.resting_kinds)
            return claimed

        try:
            claimed = await self._database.write(claim)
        except MayBeDone:
            self._is_claim_lost = True
            raise
        self._is_claim_lost = False
        if self._reach is not None and any(one.owed.method is not Method.EMAIL for one in claimed):
            self._reach.tried()
        return self._leases.begin(claimed, asked_at)

    def _room_by_method(self) -> dict[Method, int]:
        """How many more deliveries may go out by each method."""
        by_email = sum(one.owed.method is Method.EMAIL for one in self._sending.values())
        by_slack = len(self._sending) - by_email
        if self._reach is not None and self._reach.is_away:
            return {Method.SLACK: 1 - by_slack}
        most = LANES - KEPT_FOR_OTHERS if len(self._methods) > 1 else LANES
        return {Method.SLACK: most - by_slack, Method.EMAIL: most - by_email}

    def _room(self) -> Room:
        free, now = LANES - len(self._sending), self._clock.now()
        ordinary = sum(one.owed.priority is not Priority.URGENT for one in self._sending.values())
        side_by_side = LANES - KEPT_FOR_PAGES if not self._database.is_busy else LANES_WHEN_BUSY
        self._resting.go_on(now)
        return Room(
            all=free,
            ordinary=side_by_side - ordinary,
            # What is being sent may be settled before the next ones are chosen: its lane rests all the same.
            resting=self.resting | {one.owed.lane for one in self._sending.values()},
            resting_kinds=self.resting_kinds,
            is_slack_held=self._reach is not None and self._reach.is_held(now),
            by_method=self._room_by_method(),
            held=frozenset(self._in_hand),
            arrived=dict(self._arrived),
        )

    async def _claim_unwritten(self, error: Full) -> list[ClaimedDelivery]:
        """Pages that are due, while nothing can be written: their outcome is written down when it can be.

        Should the process die before that, the page comes twice; the other choice is that it does not come.
        """
        if not self._is_cut_off:
            log.error("deliveries cannot be claimed; only pages go out", error=str(error))
        self._is_cut_off = self._is_stuck = True
        return await self._pages_due() if await self._database.may_act_unwritten(error) else []

    async def _pages_due(self) -> list[ClaimedDelivery]:
        """Those that are not on their way already."""
        now, room = self._clock.now(), self._room()
        # Where others write, a lease may end between the read and the sending: they take it over then.
        lost = self._leases.ours if self._is_claim_lost and not self._database.is_shared else None
        try:
            pages = await self._database.read(lambda tx: deliver.pages_due(tx, now, room, lost))
        except Full:
            return []
        self._unwritten.update(page.id for page in pages)
        if not self._database.is_shared:
            return pages
        return [replace(page, is_ours=lambda: self._database.is_unwritten) for page in pages]

    def _pause(self) -> float:
        """Seconds until something that waits for its time may go out."""
        of_slack = self._reach.next_moment() if self._reach is not None else None
        waiting = [moment for moment in (self._next_attempt, self._reroute_at, of_slack) if moment]
        moments = [*self._resting.until, *waiting]
        return min([_LONGEST_SLEEP, *map(self._clock.wait_until, moments)])

    async def _sleep(self, seconds: float) -> None:
        self._is_asleep = True
        try:
            async with asyncio.timeout(max(seconds, 0.001)):
                await self._look.wait()
        except TimeoutError:
            return
        finally:
            self._is_asleep = False

    def _begin(self, delivery: ClaimedDelivery) -> None:
        self._sending[delivery.id] = delivery
        self._in_hand.add(delivery.id)
        self._spawn(self._carry_out(delivery), f"delivery-{delivery.id}")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, delivery: ClaimedDelivery) -> None:
        outcome = await self._deliver(delivery)
        try:
            await self._learn(delivery, outcome)
            while not await self._settle(delivery, outcome):
                delivery = outcomes.next_attempt(delivery, outcome)
                outcome = await self._deliver(delivery)
                await self._learn(delivery, outcome)
        finally:
            if delivery.owed.kind is DeliveryKind.PAGE and isinstance(outcome, TryAgain | InDoubt):
                self._reroute_at = self._clock.now()
            self._sending.pop(delivery.id, None)
            self._leases.end(delivery.id)
            self._in_hand.discard(delivery.id)
            self._unwritten.discard(delivery.id)
            self._arrived.pop(delivery.id, None)
            self._look.set()

    async def _deliver(self, delivery: ClaimedDelivery) -> Outcome:
        outcome = await self._attempt(delivery)
        self._resting.learn(delivery.owed, outcome)
        return outcome

    async def _attempt(self, delivery: ClaimedDelivery) -> Outcome:
        deliverer = self._deliverers.get(delivery.owed.kind)
        if deliverer is None:
            return Never(f"nothing here delivers a {delivery.owed.kind}")
        try:
            return await deliverer(delivery)
        except Full as error:
            return InDoubt(str(error), is_ours=True)
        except Exception as error:
            # A deliverer that fails in a way it did not foresee must not take the loop with it.
            log.exception("a deliverer failed", kind=delivery.owed.kind, delivery=delivery.id)
            return InDoubt(f"{type(error).__name__}: {error}")

    async def _settle(self, delivery: ClaimedDelivery, outcome: Outcome) -> bool:
        """Write the outcome down, however long the database takes: it is known only here.

        Whether it was: a page whose next attempt comes sooner than the database is attempted without it.
        """
        known_at = self._clock.now()
        retry_at = self._clock.after(outcomes.pause_after(delivery, outcome))
        may_go_on = delivery.owed.kind is DeliveryKind.PAGE and isinstance(outcome, TryAgain | InDoubt)
        outcomes.report(delivery, outcome)
        outcomes.count(self._metrics, delivery, outcome, known_at - delivery.owed_at)
        while True:
            settle = partial(
                deliver.settle,
                now=self._clock.now(),
                delivery=delivery,
                outcome=outcome,
                known_at=known_at,
                retry_at=retry_at,
                holder=self._leases.ours.holder,
                methods=self._methods,
                is_unwritten=delivery.id in self._unwritten,
            )
            try:
                await self._database.write(settle)
                self._is_stuck = False
                return True
            except Full as error:
                self._is_stuck = True
                if isinstance(error, MayBeDone):
                    self._unwritten.add(delivery.id)
                self._make_way(delivery, outcome)
                if may_go_on and not self._is_stopping and self._clock.now() >= retry_at:
                    return False
            except Exception:
                log.exception("an outcome could not be written down", delivery=delivery.id)
            await asyncio.sleep(1)

    def _make_way(self, delivery: ClaimedDelivery, outcome: Outcome) -> None:
        """Its place is free for others. Its lane goes on when it is written down, but pages sooner."""
        self._sending.pop(delivery.id, None)
        is_page = delivery.owed.kind is DeliveryKind.PAGE
        if is_page and isinstance(outcome, Sent) and delivery.id not in self._arrived:
            self._arrived[delivery.id] = delivery.owed.lane
            self._look.set()

    def _committed(self, marks: Touched) -> None:
        if touched.OUTBOX in marks.what:
            self._look.set()
        if touched.URGENT in marks.what:
            self._is_hurried = True
