"""A story: the whole app in a workspace of its own, with a clock that the story moves.

At the end of every story the workspace is asked whether all was as promised: each timeline event stands
once and in order in its channel, no delivery arrived twice, Slack refused nothing that it should not
have been asked, and nothing that people wrote pinged anybody.
"""

import asyncio
import copy
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from sqlalchemy import func, select

import manifests
from bot import organization_file
from bot.app import App
from bot.domain.overview import Overview, Wanted
from bot.domain.timeline import Entry
from bot.engine.clock import SetClock
from bot.operations import look_up
from bot.settings import Settings, read
from bot.workspace.errors import InputsRefused
from bot.workspace.server import Workspace
from storage.database import Connection
from storage.tables import outbox
from tests import sqlite

#: A Monday at three in the morning, in Berlin at four.
START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
ORGANIZATION = Path(__file__).with_name("organization.yaml")
Json = dict[str, Any]

#: So long nothing may come to an end: longer than fifty attempts that fail take.
_PATIENCE_SECONDS = 1000
#: Refusals that belong to the normal course of things.
_NORMAL_REFUSALS = {"already_in_channel", "name_taken", "users_not_found"}


@dataclass(frozen=True)
class Answer:
    """What the person was shown for a command."""

    text: str
    message: Json | None
    is_ok: bool


class Person:
    """Somebody in the workspace."""

    def __init__(self, story: "Story", name: str) -> None:
        self._story = story
        self.name = name
        self.id = story.ids[name]

    async def types(self, text: str, channel: str = "general") -> Answer:
        """Type `/incident text`; what is shown for it."""
        workspace = self._story.workspace
        before, forms = len(workspace.ephemerals(self.id)), len(workspace.views(self.id))
        ack = await workspace.command(self.id, workspace.channel(channel).id, "/incident", text)
        if any("Still working" in text_of(one) for one in workspace.ephemerals(self.id)[before:]):
            # A machine that is busy takes longer than two seconds; the answer, or a form, follows.
            await workspace.until(
                lambda: (
                    len(workspace.ephemerals(self.id)) > before + 1 or len(workspace.views(self.id)) > forms
                ),
                timeout=30,
            )
        await self._story.settle()
        shown = workspace.ephemerals(self.id)[before:]
        words = " ".join(text_of(message) for message in shown)
        return Answer(words, shown[-1] if shown else None, ack.ok)

    async def presses(
        self, message: Json, action_id: str, value: str | None = None, seen: Json | None = None
    ) -> str:
        """Press a button in a message; what is shown privately for it, if anything.

        `seen` is the message as this person's telephone still shows it.
        """
        workspace = self._story.workspace
        before = len(workspace.ephemerals(self.id))
        channel = self._story.channel_with(message)
        ack = await workspace.press(self.id, channel, message["ts"], action_id, value, seen=seen)
        assert ack.ok
        await self._story.settle()
        return " ".join(text_of(one) for one in workspace.ephemerals(self.id)[before:])

    async def presses_in(self, view: Json, action_id: str, value: str | None = None) -> None:
        """Press a button in the home tab or a modal."""
        ack = await self._story.workspace.press_in_view(self.id, view["id"], action_id, value)
        assert ack.ok
        await self._story.settle()

    async def picks(self, channel_id: str, ts: str, callback_id: str) -> None:
        """Pick one of the app's entries in the menu of a message."""
        assert (await self._story.workspace.message_shortcut(self.id, channel_id, ts, callback_id)).ok
        await self._story.settle()

    async def picks_globally(self, callback_id: str) -> None:
        """Pick one of the app's entries in the menu of the workspace."""
        assert (await self._story.workspace.shortcut(self.id, callback_id)).ok
        await self._story.settle()

    async def opens_home(self) -> Json:
        """The home tab, as it is shown to this person."""
        workspace = self._story.workspace
        await workspace.open_home(self.id)
        await workspace.until(lambda: workspace.home(self.id))
        await self._story.settle()
        home = workspace.home(self.id)
        assert home is not None
        return home

    async def submits(self, **values: Any) -> Json:
        """Fill in the modal that is open and submit it; the errors shown in it, if any."""
        view = self.modal
        try:
            ack = await self._story.workspace.submit(self.id, view["id"], values)
        except InputsRefused as refused:
            return refused.errors
        assert ack.ok
        await self._story.settle()
        errors: Json = ack.fields.get("errors") or {}
        return errors

    @property
    def modal(self) -> Json:
        views = self._story.workspace.views(self.id)
        assert views, f"no modal is open before {self.name}"
        return views[-1]

    @property
    def has_modal(self) -> bool:
        return bool(self._story.workspace.views(self.id))

    @property
    def dm(self) -> list[Json]:
        return self._story.workspace.dm(self.id)

    @property
    def pages(self) -> list[Json]:
        """The pages this person got, oldest first."""
        return [
            one
            for one in self.dm
            if "page:" in one.get("metadata", {}).get("event_payload", {}).get("delivery", "")
        ]


class Story:
    """The app and its workspace, joined by one clock."""

    def __init__(
        self,
        folder: Path,
        start: datetime = START,
        organization: Path = ORGANIZATION,
        environment: Mapping[str, str] = MappingProxyType({}),
        *,
        are_known: bool = True,
    ) -> None:
        """`are_known`: the usual organization says who is who in Slack; otherwise they are looked up."""
        self.folder = folder
        #: Settings of this story, besides those of every story.
        self.environment = environment
        self.clock = SetClock(start)
        self.workspace = Workspace("Northwind", clock=lambda: self.clock.world().timestamp())
        self.ids: dict[str, str] = {}
        self.tolerated: set[str] = set(_NORMAL_REFUSALS)
        self.organization_path = organization
        self._are_known = are_known and organization == ORGANIZATION
        self.app: App

    async def open(self, *, by_http: bool = False) -> None:
        organization = organization_file.read(self.organization_path)
        for person in organization.people.values():
            user = self.workspace.add_user(person.id, real_name=person.name, email=person.email)
            self.ids[person.id] = user.id
        if self._are_known:
            self._introduce()
        manifest = copy.deepcopy(_manifest())
        self.installed = self.workspace.add_app("Tocsin", "tocsin", manifest)
        members = list(self.ids.values())
        self.workspace.add_channel("general", members=members)
        self.workspace.add_channel("incidents", members=members)
        await self.workspace.start()
        self._by_http = by_http
        if "DATABASE_URL" not in self.environment:
            sqlite.fresh(self.folder / "story.db")
        await self.start_app()

    def _introduce(self) -> None:
        """Each start looks for whoever is not known: done a thousand times, it takes minutes."""
        text = ORGANIZATION.read_text()
        for name, user_id in self.ids.items():
            text = text.replace(f"  {name}: {{name:", f"  {name}: {{slack: {user_id}, name:")
        self.organization_path = self.folder / ORGANIZATION.name
        self.organization_path.write_text(text)

    def settings(self) -> Settings:
        tokens = {
            "SLACK_BOT_TOKEN": self.installed.bot_token,
            "SLACK_SIGNING_SECRET": self.installed.signing_secret,
            "SLACK_API_URL": self.workspace.api_url,
            "DATABASE_URL": f"sqlite:///{self.folder / 'story.db'}",
            "TOCSIN_ORGANIZATION": str(self.organization_path),
            "HOST": "127.0.0.1",
            "PORT": "0",
            **self.environment,
        }
        return read(tokens if self._by_http else tokens | {"SLACK_APP_TOKEN": self.installed.app_token})

    async def start_app(self) -> None:
        self.app = App(self.settings(), self.clock)
        await self.app.start()
        if self._by_http:
            self.installed.request_url = f"http://127.0.0.1:{self.app.port}/slack/events"
        else:
            await self.workspace.until(lambda: self.workspace.connected)
        await self.settle()

    async def close(self) -> None:
        await self.app.stop()
        await self.workspace.stop()

    def person(self, name: str) -> Person:
        return Person(self, name)

    async def forward(self, **span: float) -> None:
        """Move the clock; return when everything that follows has been done."""
        self.clock.forward(**span)
        await self.app.deadlines.look()
        await self.app.handoffs.look()
        await self.settle()

    @property
    def _is_idle(self) -> bool:
        app = self.app
        return app.under_way.is_idle and app.outbox.is_idle and app.handoffs.is_idle

    async def settle(self) -> None:
        """Return when nothing is owed any more; the clock moves a second where a lane must rest.

        Raises AssertionError when so many seconds pass in which no fewer are owed.
        """
        fewest, seconds = sys.maxsize, 0
        while seconds < _PATIENCE_SECONDS:
            while not self._is_idle:  # noqa: ASYNC110 - a test waits from outside
                await asyncio.sleep(0.001)
            now = self.clock.now()
            waiting = await self.app.database.read(lambda tx: unsettled(tx, now))  # noqa: B023
            if not waiting:
                return
            fewest, seconds = (waiting, 0) if waiting < fewest else (fewest, seconds + 1)
            self.clock.forward(seconds=1)
            await asyncio.sleep(0)
        raise AssertionError(f"deliveries do not come to an end:\n{self.workspace.dump()}")

    # Looking

    async def overview(self, number: str = "INC-2026-001") -> Overview:
        now = self.clock.now()
        return await self.app.database.read(
            lambda tx: look_up.overview(tx, look_up.incident(tx, number), now)
        )

    async def entries(self, number: str = "INC-2026-001") -> tuple[Entry, ...]:
        return await self.app.database.read(lambda tx: look_up.entries(tx, look_up.incident(tx, number)))

    async def events(self, number: str = "INC-2026-001") -> list[str]:
        return [type(entry.event).__name__ for entry in await self.entries(number)]

    async def channel(self, number: str = "INC-2026-001") -> str:
        """The id of the incident's channel."""
        place = (await self.overview(number)).place
        assert place.channel_id is not None
        return place.channel_id

    async def said(self, number: str = "INC-2026-001") -> list[str]:
        """What stands in the incident's channel, as people read it."""
        return [text_of(message) for message in self.workspace.messages(await self.channel(number))]

    async def card(self, number: str = "INC-2026-001") -> Json:
        place = (await self.overview(number)).place
        return next(
            one for one in self.workspace.messages(str(place.channel_id)) if one["ts"] == place.card_ts
        )

    async def announcement(self, number: str = "INC-2026-001") -> Json:
        place = (await self.overview(number)).place
        return next(one for one in self.workspace.messages("incidents") if one["ts"] == place.announcement_ts)

    def channel_with(self, message: Json) -> str:
        for channel in self.workspace.state.channels.values():
            if message["ts"] in channel.by_ts:
                return channel.id
        return str(message["channel"])

    # The promises

    async def check_promises(self) -> None:
        self._nothing_arrived_twice()
        self._slack_was_asked_well()
        assert not [ping for ping in self.workspace.pings if ping[2].startswith("!")], (
            "something pinged a channel"
        )
        numbers = await self.app.database.read(
            lambda tx: look_up.overviews(tx, self.clock.now(), Wanted(), 50)[0]
        )
        for overview in numbers:
            await self._timeline_stands_once_and_in_order(overview)

    def _nothing_arrived_twice(self) -> None:
        keys = Counter(
            message["metadata"]["event_payload"]["delivery"]
            for channel in self.workspace.state.channels.values()
            for message in channel.posts
            if "metadata" in message
        )
        assert [key for key, count in keys.items() if count > 1] == []

    def _slack_was_asked_well(self) -> None:
        """Faults that a story ordered (a 500, a dropped connection) are not held against the bot."""
        answered = [call for call in self.workspace.calls if call.http_status in (200, 429)]
        refused = [(call.method, call.answer) for call in answered if not call.answer.get("ok")]
        assert [one for one in refused if one[1].get("error") not in self.tolerated] == []

    async def _timeline_stands_once_and_in_order(self, overview: Overview) -> None:
        incident, place = overview.incident, overview.place
        if place.channel_id is None:
            return
        keys = [
            message["metadata"]["event_payload"]["delivery"]
            for message in self.workspace.messages(place.channel_id, place.thread_ts)
            if "metadata" in message
        ]
        mirrored = [key for key in keys if key.startswith(f"mirror:{incident.id}:")]
        assert mirrored == [f"mirror:{incident.id}:{n}" for n in range(1, incident.sequence + 1)]


@cache
def _manifest() -> Json:
    manifest: Json = yaml.safe_load(manifests.text("slack-app.yaml"))
    return manifest


@asynccontextmanager
async def opened(folder: Path, *, by_http: bool = False, **changes: Any) -> AsyncIterator[Story]:
    story = Story(folder, **changes)
    await story.open(by_http=by_http)
    try:
        yield story
        await story.check_promises()
    finally:
        await story.close()


def unsettled(tx: Connection, now: datetime) -> int:
    """How many deliveries are owed by now."""
    waiting = outbox.c.state.in_(("pending", "sending"))
    found = select(func.count()).select_from(outbox).where(waiting, outbox.c.owed_at <= now)
    count: int = tx.execute(found).scalar_one()
    return count


def text_of(message: Json) -> str:
    """All that a person reads in a message, as typed: entities are shown as characters."""
    if not message.get("blocks"):
        return _typed(message["text"])
    return _typed(" ".join(_texts(message["blocks"])))


def _texts(thing: Any) -> list[str]:
    if isinstance(thing, dict):
        if thing.get("type") in ("mrkdwn", "plain_text") and isinstance(thing.get("text"), str):
            return [thing["text"]]
        return [text for value in thing.values() for text in _texts(value)]
    if isinstance(thing, list):
        return [text for value in thing for text in _texts(value)]
    return []


def _typed(text: str) -> str:
    without_dates = re.sub(r"<!date\^(\d+)\^[^|]*\|([^>]*)>", r"\2", text)
    return without_dates.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def buttons_of(message: Json) -> list[str]:
    """The action ids that can be pressed in a message."""
    found = []
    for block in message.get("blocks", ()):
        elements = [*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else [])]
        found += [one["action_id"] for one in elements if "action_id" in one]
    return found
