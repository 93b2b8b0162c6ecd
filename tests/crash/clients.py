"""People and machines who go on working whatever happens, and remember what they were told was done."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.engine.clock import Clock
from bot.workspace.errors import WorkspaceError
from bot.workspace.server import Workspace
from tests.crash.organization import TEAMS

Json = dict[str, Any]

CLOCK = Clock()
_PATIENCE = ClientTimeout(total=20)
_AGAIN_SECONDS = 0.1
#: Notes an incident gets at most: its channel takes one message a second.
_NOTES = 5
#: Of so many incidents one is forgotten.
_FORGOTTEN = 5
#: How long somebody does nothing between two things they do, on average.
_BREATH_SECONDS = 0.25


@dataclass
class Known:
    """An incident, as its declarer knows it."""

    title: str
    number: str
    notes: list[str] = field(default_factory=list)
    acknowledged_at: datetime | None = None
    is_resolved: bool = False
    #: Nobody answers for it: it goes through all its levels.
    is_forgotten: bool = False


@dataclass
class Ledger:
    """What was answered as done. Whoever asked and got no answer knows nothing, and claims nothing."""

    incidents: dict[str, Known] = field(default_factory=dict)
    #: Declared in Slack, whose answer names no number.
    declared_in_slack: list[str] = field(default_factory=list)
    #: Every title that was ever tried.
    tried: set[str] = field(default_factory=set)
    noted_in_slack: list[tuple[str, str]] = field(default_factory=list)
    #: Answers that nobody should get, whatever is done to the process.
    surprises: list[str] = field(default_factory=list)
    #: Requests that were refused for the moment.
    refused: int = 0
    #: How long each answer of the API took, whatever it said.
    seconds: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        notes = sum(len(one.notes) for one in self.incidents.values())
        turns = sum((one.acknowledged_at is not None) + one.is_resolved for one in self.incidents.values())
        in_slack = len(self.declared_in_slack) + len(self.noted_in_slack)
        return len(self.incidents) + notes + turns + in_slack


class Crowd:
    """Clients of the HTTP API and people in Slack, side by side, until they are told to stop."""

    def __init__(
        self,
        workspace: Workspace,
        session: ClientSession,
        urls: Sequence[str],
        key: str,
        seed: int,
    ) -> None:
        self.ledger = Ledger()
        self._workspace, self._session, self._urls = workspace, session, list(urls)
        self._headers = {"Authorization": f"Bearer {key}"}
        self._random = random.Random(seed)  # noqa: S311 - it must be repeatable
        self._numbers = count(1)
        self._is_stopping = False
        self._recent: list[Known] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, machines: int = 10, people: int = 6) -> None:
        self._began_at = time.monotonic()
        works = [self._machine() for _ in range(machines)] + [self._person() for _ in range(people)]
        self._tasks = [asyncio.create_task(work) for work in works]

    async def stop(self) -> None:
        """Everybody finishes what they began: a machine asks until it is answered."""
        self._is_stopping = True
        await asyncio.gather(*self._tasks)

    def go_away(self) -> None:
        """Everybody drops what they are at."""
        for task in self._tasks:
            task.cancel()

    async def _machine(self) -> None:
        while not self._is_stopping:
            await self._something()
            await self._breath()

    async def _something(self) -> None:
        known = self._random.choice(self._recent) if self._recent else None
        dice = self._random.random()
        if known is None or dice < 0.25:
            if self._may_declare():
                await self._declare()
        elif dice < 0.55 and len(known.notes) < _NOTES:
            text = f"note {next(self._numbers)}"
            if await self._do(f"/incidents/{known.number}/events", {"comment": text}) == 201:
                known.notes.append(text)
        elif dice < 0.9 and known.is_forgotten:
            return
        elif dice < 0.8:
            if await self._do(f"/incidents/{known.number}/acknowledge", None) == 200:
                known.acknowledged_at = known.acknowledged_at or CLOCK.now()
        elif dice < 0.9:
            resolved = {"status": "resolved", "comment": "done"}
            if await self._do(f"/incidents/{known.number}/status", resolved) == 200:
                known.is_resolved = True
        else:
            await self._do(f"/incidents/{known.number}/escalate", None)

    def _may_declare(self) -> bool:
        """The channel that hears of each takes one message a second, while somebody sends them."""
        return len(self.ledger.tried) <= (time.monotonic() - self._began_at) / 2

    async def declare_at_once(self, times: int) -> None:
        """So many incidents, side by side, whose levels nobody answers for."""
        await asyncio.gather(*(self._declare() for _ in range(times)))

    async def _declare(self) -> None:
        n = next(self._numbers)
        title = f"machine {n}"
        wanted = {
            "title": title,
            "severity": "SEV1" if n % 3 else "SEV4",
            "service_ids": [self.services[n % len(self.services)]],
        }
        self.ledger.tried.add(title)
        content: Json = {}
        if await self._do("/incidents", wanted, f"alert-{n}", content) == 201:
            number = content["data"]["incident_number"]
            known = Known(title, number, is_forgotten=n % _FORGOTTEN == 0)
            self.ledger.incidents[known.title] = known
            self._recent = [*self._recent[-19:], known]

    async def find_services(self) -> None:
        """Learn the keys under which services are known."""
        url = f"{self._urls[0]}/api/v1/services?limit={TEAMS}"
        async with self._session.get(url, headers=self._headers) as answer:
            document = await answer.json()
        self.services = [one["service_key"] for one in document["data"]["items"]]

    async def _do(
        self, path: str, body: Json | None, key: str | None = None, content: Json | None = None
    ) -> int:
        """Ask; the status of the answer, 0 if there was none: then it may have been done, or not.

        What carries a key is asked until there is an answer, and what was refused for the moment is, too.
        """
        headers = self._headers if key is None else {**self._headers, "Idempotency-Key": key}
        while True:
            status, document = await self._ask(path, body, headers)
            self.ledger.refused += status == 503
            is_in_progress = status == 409 and document["error"]["code"] == "IDEMPOTENCY_IN_PROGRESS"
            if status == 503 or is_in_progress or (status == 0 and key is not None):
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            if status not in (0, 200, 201, 409):
                self.ledger.surprises.append(f"{path}: {status} {document}")
            if content is not None:
                content.update(document)
            return status

    async def _ask(self, path: str, body: Json | None, headers: dict[str, str]) -> tuple[int, Json]:
        before, url = time.monotonic(), f"{self._random.choice(self._urls)}/api/v1{path}"
        try:
            asked = self._session.post(url, json=body, headers=headers, timeout=_PATIENCE)
            async with asked as answer:
                status, document = answer.status, await answer.json()
        except (ClientError, OSError, TimeoutError):
            return 0, {}
        self.ledger.seconds.append(time.monotonic() - before)
        return status, document

    async def _person(self) -> None:
        workspace = self._workspace
        people = [
            user for user in workspace.state.users.values() if user.name.startswith(("first", "second"))
        ]
        me = self._random.choice(people)
        while not self._is_stopping:
            await self._breath()
            if not workspace.connected:
                continue
            if self._random.random() < 0.4:
                if self._may_declare():
                    await self._declares(me.id)
            elif self._recent:
                await self._notes(me.id, self._random.choice(self._recent))

    async def _declares(self, user: str) -> None:
        n = next(self._numbers)
        title = f"person {n}"
        self.ledger.tried.add(title)
        if await self._types(user, f"declare {title} --service service-{n % TEAMS + 1}"):
            self.ledger.declared_in_slack.append(title)

    async def _notes(self, user: str, known: Known) -> None:
        if len(known.notes) >= _NOTES:
            return
        text = f"remark {next(self._numbers)}"
        if await self._types(user, f"note {known.number} {text}"):
            self.ledger.noted_in_slack.append((known.title, text))

    async def _types(self, user: str, text: str) -> bool:
        """Whether they were told that it is done: not so if it failed, or only takes longer."""
        try:
            ack = await self._workspace.command(
                user, self._workspace.channel("general").id, "/incident", text
            )
        except (WorkspaceError, ClientError, OSError):
            return False
        return ack.ok and "INC-" in str(ack.body)

    async def _breath(self) -> None:
        await asyncio.sleep(self._random.uniform(0.2, 1.8) * _BREATH_SECONDS)
