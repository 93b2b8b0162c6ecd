"""A trial: Tocsin's processes, a crowd that works with them, and what is done to them meanwhile."""

import asyncio
import random
import re
import shutil
import sqlite3
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import yaml
from aiohttp import ClientError, ClientSession
from sqlalchemy import make_url

import manifests
from bot import organization_file
from bot.workspace.server import Workspace
from storage import backup
from storage.database import sqlite_path
from tests.crash import organization, witness
from tests.crash.clients import CLOCK, Crowd
from tests.crash.process import Tocsin
from tests.crash.witness import Downtime, Verdict
from tests.mail import post_office
from tests.mail.post_office import PostOffice

_NO_LIMIT = "999999999"
#: Seconds until everything that is owed must have gone out once nobody does anything any more.
_PATIENCE = 400.0


class Trial:
    """Who does something to the processes uses this; `finish` says what came of it."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        workspace: Workspace,
        office: PostOffice,
        session: ClientSession,
        seed: int,
    ) -> None:
        self.folder, self.database_url, self.seed = folder, database_url, seed
        self.workspace, self.office, self.session = workspace, office, session
        self.random = random.Random(seed)  # noqa: S311 - it must be repeatable
        self.processes: list[Tocsin] = []
        self.downtimes: list[Downtime] = []
        #: Seconds that something took, by its name.
        self.figures: dict[str, list[float]] = defaultdict(list)
        self.half_sent = 0
        self.settings: Mapping[str, str] = {}
        self._crowd: Crowd | None = None

    @property
    def crowd(self) -> Crowd:
        assert self._crowd is not None, "it has not begun"
        return self._crowd

    async def begin(self, processes: int, *, is_crowded: bool, is_announced: bool) -> None:
        """All processes are ready, and the crowd is at work."""
        environment = self._environment(is_announced=is_announced)
        for n in range(1, processes + 1):
            tocsin = Tocsin(f"tocsin-{n}", self.folder, environment)
            self.processes.append(tocsin)
            await tocsin.start()
            await tocsin.until_ready(self.session)
        self.key = await self.processes[0].key()
        urls = [one.url for one in self.processes]
        self._crowd = Crowd(self.workspace, self.session, urls, self.key, self.seed)
        await self.crowd.find_services()
        if is_crowded:
            self.crowd.start()

    async def kill(self, tocsin: Tocsin, *, while_starting: bool) -> None:
        """It is killed and started again at once; or killed once more while it starts."""
        since = self.now()
        await tocsin.kill()
        await asyncio.to_thread(self._check_what_is_left)
        if while_starting:
            await tocsin.start()
            await asyncio.sleep(self.random.uniform(0.2, 1.5))
            await tocsin.kill()
        await self._start_again(tocsin, since, cuts=2 if while_starting else 1)

    def _check_what_is_left(self) -> None:
        """I6, on a copy: whoever opens the file itself recovers it, which is for the process to do."""
        if make_url(self.database_url).get_backend_name() == "sqlite":
            path, copy = sqlite_path(self.database_url), self.folder / "left.db"
            for ending in ("", "-wal"):
                shutil.copy(f"{path}{ending}", f"{copy}{ending}")
            backup.check(copy)
            for one in self.folder.glob("left.db*"):
                one.unlink()

    async def end(self, tocsin: Tocsin) -> None:
        """It is asked to end, and started again."""
        since = self.now()
        began = time.monotonic()
        code = await tocsin.terminate()
        self.figures["end"].append(time.monotonic() - began)
        assert code == 0, f"{tocsin.name} ended with {code}:\n{tocsin.last_words()}"
        self.half_sent += await asyncio.to_thread(self._count_half_sent)
        await self._start_again(tocsin, since)

    def _count_half_sent(self) -> int:
        """Deliveries that a process which ended well left as if it were still sending them."""
        if make_url(self.database_url).get_backend_name() != "sqlite":
            return 0  # other processes may be at it
        with closing(sqlite3.connect(sqlite_path(self.database_url))) as connection:
            asked = "SELECT count(*) FROM outbox WHERE state = 'sending'"
            return int(connection.execute(asked).fetchone()[0])

    async def _start_again(self, tocsin: Tocsin, since: datetime, cuts: int = 1) -> None:
        await tocsin.start()
        self.figures["start"].append(await tocsin.until_ready(self.session))
        self.was_away(since, cuts)

    def was_away(self, since: datetime, cuts: int = 1) -> None:
        """Until now a process was not there. What is late because nobody was is not held against it."""
        self.downtimes.append(Downtime(since, self.now(), len(self.processes) == 1, cuts))

    def now(self) -> datetime:
        return CLOCK.now()

    async def finish(self) -> Verdict:
        """Let everything come to rest, end the processes, and look at what is there.

        The pager goes to and fro all the time: of a handoff in between the next start must tell.
        """
        await self.crowd.stop()
        await asyncio.sleep(organization.LEVELS * organization.LEVEL_SECONDS + 1)
        codes: list[int] = []
        while True:
            await self.until_nothing_is_owed()
            rested_at = self.now()
            codes += [await one.terminate() for one in self.processes]
            found = await witness.read(self.database_url)
            if not witness.is_handoff_untold(found, rested_at):
                break
            for one in self.processes:
                await self._start_again(one, rested_at, cuts=0)
        verdict = witness.judge(found, self.crowd.ledger, self.workspace, self.office, self.downtimes)
        verdict.expect("end", self.half_sent == 0, f"{self.half_sent} deliveries were left half sent")
        verdict.expect("end", all(code == 0 for code in codes), f"exit codes {codes}")
        for one in self.processes:
            traces = one.stack_traces()
            verdict.expect("log", not traces, f"{len(traces)} stack traces in {one.log.name}")
        return verdict

    async def until_nothing_is_owed(self) -> None:
        """Returns when every delivery has gone out. Raises AssertionError if that takes far too long."""
        until = time.monotonic() + _PATIENCE
        while (owed := await self._owed()) != 0:
            if time.monotonic() > until:
                raise AssertionError(f"{owed} deliveries still wait:\n{self.processes[0].last_words()}")
            await asyncio.sleep(0.3)

    async def _owed(self) -> int | None:
        """How many deliveries wait or are under way; None if nobody knows."""
        try:
            async with self.session.get(f"{self.processes[0].url}/metrics") as answer:
                told = re.findall(
                    r"^tocsin_outbox_deliveries\{.*\} (\S+)$", await answer.text(), re.MULTILINE
                )
        except (ClientError, OSError):
            return None
        return int(sum(map(float, told)))

    async def end_all(self) -> None:
        """Whatever still runs is gone."""
        if self._crowd is not None:
            self._crowd.go_away()
        for one in self.processes:
            if one.is_running:
                await one.kill()

    def _environment(self, *, is_announced: bool) -> dict[str, str]:
        (app,) = self.workspace.state.apps.values()
        return {
            "SLACK_BOT_TOKEN": app.bot_token,
            "SLACK_APP_TOKEN": app.app_token,
            "SLACK_API_URL": self.workspace.api_url,
            "DATABASE_URL": self.database_url,
            "TOCSIN_ORGANIZATION": str(
                organization.write(self.folder, self.now(), is_announced=is_announced)
            ),
            "SMTP_URL": self.office.url(),
            "EMAIL_FROM": "tocsin@example.com",
            "RATE_LIMIT_READ": _NO_LIMIT,
            "RATE_LIMIT_WRITE": _NO_LIMIT,
            "RATE_LIMIT_PAGE": _NO_LIMIT,
            **self.settings,
        }


@asynccontextmanager
async def trial(
    folder: Path,
    database_url: str,
    seed: int,
    *,
    processes: int = 1,
    is_crowded: bool = True,
    is_announced: bool = True,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Trial]:
    """A workspace, a mail server, and Tocsin at work in between, with these settings besides its own.

    `is_crowded`: people and machines work all the time. `is_announced`: one channel hears of each incident,
    which takes a second each.
    """
    workspace = Workspace("Northwind")
    # How Slack's limits are kept is tried elsewhere: here as much as possible shall be on its way.
    workspace.rate_limits.enabled = False
    for person in organization_file.read(organization.write(folder, CLOCK.now())).people.values():
        workspace.add_user(person.id, real_name=person.name, email=person.email)
    workspace.add_app("Tocsin", "tocsin", yaml.safe_load(manifests.text("slack-app.yaml")))
    people = list(workspace.state.users)
    workspace.add_channel("general", members=people)
    workspace.add_channel("incidents", members=people)
    await workspace.start()
    try:
        async with post_office.opened() as office, ClientSession() as session:
            one = Trial(folder, database_url, workspace, office, session, seed)
            one.settings = settings
            try:
                await one.begin(processes, is_crowded=is_crowded, is_announced=is_announced)
                yield one
            finally:
                await one.end_all()
    finally:
        await workspace.stop()
