"""The one place that builds every part, joins them, and starts and stops them in order."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from enum import Enum
from pathlib import Path

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import organization_file
from bot.api import front as api
from bot.api.authentication import Authentication
from bot.api.health import Check, Health
from bot.api.limits import Category, Limits
from bot.api.server import Server
from bot.calendars.refresh import Calendars, read_files
from bot.calendars.route import FeedRoute
from bot.domain import mail
from bot.domain.contact import Method
from bot.domain.delivery import ClaimedDelivery, Deliverer, DeliveryKind, Never, Outcome
from bot.domain.errors import Refusal
from bot.domain.overview import Overview
from bot.domain.timeline import TOCSIN
from bot.engine.auditor import Auditor, Workers
from bot.engine.clock import Clock
from bot.engine.deadlines import Deadlines
from bot.engine.handoffs import Handoffs
from bot.engine.housekeeping import Housekeeping
from bot.engine.outbox import Outbox
from bot.engine.pulse import Pulse
from bot.engine.reach import Reach
from bot.engine.supervisor import Part
from bot.mail.deliverer import MailDeliverer
from bot.metrics import Metrics
from bot.operations import import_calendar, outages, reorganize
from bot.settings import Settings
from bot.slack import client, connection
from bot.slack.deliverer import SlackDeliverer
from bot.slack.listeners import buttons, commands, events, submissions
from bot.slack.listeners.front import Front
from bot.slack.signatures import Signatures
from bot.slack.under_way import UnderWay
from storage.database import Connection, Database

#: How long stopping may take: what is in flight is finished, what is not begun waits for the next start.
#: A container is killed after ten.
STOP_SECONDS = 9
#: And this much of it is kept for closing what everything stands on, the database above all.
_CLOSE_SECONDS = 1
#: Who asked in Slack is waited for so long; Slack itself waits three.
_ANSWER_SECONDS = 3
_CONNECT_AGAIN_SECONDS = 5

log = structlog.get_logger()


class NotReady(Refusal):
    """The settings are right as far as they go, but do not suffice to run."""

    code = "NOT_READY"


class Role(Enum):
    """What a process does. Several of each may run on one PostgreSQL database."""

    #: Hears what people and machines ask.
    WEB = "web"
    #: Sends what is owed and fires what is due.
    WORKER = "worker"
    BOTH = "both"

    @property
    def hears(self) -> bool:
        return self is not Role.WORKER

    @property
    def works(self) -> bool:
        return self is not Role.WEB


class App:
    """The whole program on one database and one Slack workspace, from `start` to `stop`."""

    def __init__(self, settings: Settings, clock: Clock, role: Role = Role.BOTH) -> None:
        self.role = role
        self.settings = settings
        self.clock = clock
        self.database = Database(settings.database_url)
        self.port = settings.port
        self.metrics = Metrics()
        #: Why Slack was not greeted yet; None once it was.
        self._ungreeted: str | None = "not connected yet"
        self._reach: Reach | None = None
        self._socket: connection.SocketConnection | None = None
        #: What somebody in Slack waits for.
        self.under_way = UnderWay()
        self._signatures = Signatures(self.clock.world, self.metrics)
        #: How everything ends that takes up work.
        self._ends: list[Callable[[], Awaitable[None]]] = []
        #: What that stands on: closed after it, the newest first.
        self._ground = AsyncExitStack()
        #: What must work for this process to be ready, by the name of the part.
        self._checks: dict[str, Check] = {}

    async def start(self) -> None:
        """Open the database, work off what fell due, then listen. Raises FileInUse and FileError."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Take up nothing new and finish what is in flight; the rest is kept for the next start."""
        now = asyncio.get_running_loop().time()
        await _until(now + STOP_SECONDS - _CLOSE_SECONDS, self._end())
        await _until(now + STOP_SECONDS, self._ground.aclose())

    async def _end(self) -> None:
        """Side by side: while one hangs, the others must not begin anything. Then people are answered."""
        ends, self._ends = self._ends, []
        for failure in await asyncio.gather(*(end() for end in ends), return_exceptions=True):
            if isinstance(failure, Exception):
                log.error("a part did not end as it should", exc_info=failure)
        await self._answer()

    async def _start(self) -> None:
        token = _token(self.settings, self.role)
        if self.role is not Role.BOTH and not self.database.is_shared:
            raise NotReady(
                f"A process that is only {self.role.value} needs others, and only one may run on a SQLite "
                "file. Set DATABASE_URL to a PostgreSQL database, or let one process do both."
            )
        await self.database.open()
        self._ground.push_async_callback(self.database.close)
        await self._organize()
        session = await self._ground.enter_async_context(client.session())
        api_url, proxies = self.settings.slack_api_url, self.settings.proxies
        slack = client.connect(token, api_url, session, self.clock.world, proxies.of(api_url))
        if self.role.works:
            await self._work(slack)
            self._import_calendars(session)
        self._feel_pulse()
        await self._listen(slack)
        if self.role.works:
            self._audit(session)
        else:
            self._watch_workers()

    async def _work(self, slack: AsyncWebClient) -> None:
        by_slack = SlackDeliverer(slack, self.database, self.clock.now, self.clock.world)
        by_mail = self._mail()
        deliverers = {**by_slack.kinds(), DeliveryKind.PAGE: by_method(by_slack, by_mail)}
        methods = (Method.SLACK, Method.EMAIL) if by_mail is not None else (Method.SLACK,)
        self._reach = Reach(self.database, self.clock, lambda: self._ask_slack(slack))
        self.outbox = Outbox(self.database, self.clock, deliverers, methods, self.metrics, self._reach)
        self.deadlines = Deadlines(self.database, self.clock, self.metrics)
        await self.deadlines.start()
        self._ends.append(self.deadlines.stop)
        await self.outbox.start()
        self._ends.append(self.outbox.stop)
        self._checks["scheduler"] = self.deadlines.part.trouble
        self._checks |= {part.name: part.trouble for part in self.outbox.parts}
        self.handoffs = Handoffs(self.database, self.clock, self.metrics)
        self._always(self.handoffs.part)
        self._ground.callback(self.handoffs.stop_listening)
        self.housekeeping = Housekeeping(self.database, self.clock, self.metrics)
        self._always(self.housekeeping.part)

    def _import_calendars(self, session: aiohttp.ClientSession) -> None:
        """Calendars that are a schedule's layers are read again and again."""
        self.calendars = Calendars(
            self.database, self.clock.now, session, self.metrics, self.settings.proxies.of
        )
        self._always(Part("calendars", self.calendars.run, self.metrics))

    def _feel_pulse(self) -> None:
        """Know how long the loop was held up."""
        self.pulse = Pulse(self.clock, self.metrics)
        self.pulse.start()
        self._checks["loop"] = self.pulse.trouble
        self._ground.push_async_callback(self.pulse.stop)

    def _audit(self, session: aiohttp.ClientSession) -> None:
        """Look whether everything is worked off, and tell whom the settings name."""
        if (url := self.settings.heartbeat_url) is not None:
            self.auditor.calls(session, url, self.settings.proxies.of(url.reveal()))
        self._always(self.auditor.part)

    def _watch_workers(self) -> None:
        """What this process takes, others must work off."""
        workers = Workers(self.database, self.clock, self.metrics)
        self._always(workers.part)
        self._checks[workers.part.name] = workers.trouble

    def _always(self, part: Part) -> None:
        """It runs from now until we stop."""
        part.start()
        self._checks[part.name] = part.trouble
        self._ends.append(part.stop)

    def _mail(self) -> MailDeliverer | None:
        """The way to people by e-mail, if there is one."""
        if self.settings.smtp_url is None:
            return None
        server = mail.server(self.settings.smtp_url.reveal())
        chosen = self.settings.email_from
        sender = mail.sender(chosen) if chosen is not None else server.default_sender
        return MailDeliverer(server, sender, self.database, self.clock.now, _link)

    async def _organize(self) -> None:
        """Apply the organization file if the database has no organization yet; look for its people."""
        now, path = self.clock.now(), self.settings.organization
        is_empty = await self.database.read(reorganize.is_empty)
        if is_empty and path is not None:
            wanted = organization_file.read(Path(path))
            heard = await asyncio.to_thread(read_files, wanted, now)
            await self.database.write(lambda tx: import_calendar.apply(tx, now, TOCSIN, wanted, heard))
            log.info("organization applied", file=str(path), name=wanted.name)
        elif is_empty:
            log.warning("there is no organization, so nobody can be paged: python -m bot apply FILE")

        def seek(tx: Connection) -> None:
            reorganize.seek_people(tx, now)
            reorganize.seek_user_groups(tx, now)

        await self.database.write(seek)

    async def _listen(self, slack: AsyncWebClient) -> None:
        front = Front(self.database, self.clock.now, slack, self.metrics)
        bolt = connection.listening_app(slack)
        self.under_way.watch(bolt)
        for listeners in (commands, buttons, submissions, events):
            listeners.register(bolt, front)
        self._checks["slack"] = self._slack_trouble
        await self._serve_http(front, bolt)
        self._connecting = Part("slack-connection", lambda: self._connect(slack, front, bolt), self.metrics)
        self._always(self._connecting)
        self._ends.append(self._hang_up)

    async def _serve_http(self, slack_front: Front, bolt: AsyncApp) -> None:
        settings, now = self.settings, self.clock.now
        secret = settings.tocsin_secret.reveal() if settings.tocsin_secret else None
        authentication = Authentication(self.database, now, secret)
        self._ground.push_async_callback(authentication.stop)
        limits = Limits(
            {
                Category.READ: settings.rate_limit_read,
                Category.WRITE: settings.rate_limit_write,
                Category.PAGE: settings.rate_limit_page,
            },
            self.clock.world,
        )
        front = api.Front(
            self.database, now, authentication, limits, self.metrics, lambda: slack_front.workspace_url
        )
        health = Health(self.database, now, self.metrics, self._checks)
        if self.role.works:
            self.auditor = Auditor(
                self.database, self.clock, self.deadlines, self.outbox, self.metrics, health.troubles
            )
        others = [*self._slack_routes(bolt), *self._feed_routes(limits, secret)]
        self.server = Server(front if self.role.hears else None, health, others)
        self.port = await self.server.start(settings.host, settings.port, STOP_SECONDS / 2)
        self._ends.append(self.server.stop)
        self.pulse.while_blocked(self.server.stand_in.serve)
        self._always(Part("connections", self.server.watch, self.metrics))

    def _feed_routes(self, limits: Limits, secret: str | None) -> list[web.RouteDef]:
        """Where calendars read who is on call."""
        if not self.role.hears:
            return []

        def limited(caller: str) -> int | None:
            return limits.take(caller, Category.READ).retry_after

        feeds = FeedRoute(self.database, self.clock.now, secret, limited)
        self._ground.push_async_callback(feeds.stop)
        return feeds.routes()

    def _slack_routes(self, bolt: AsyncApp) -> list[web.RouteDef]:
        """How Slack reaches us by HTTP; nothing in Socket Mode."""
        secret = self.settings.slack_signing_secret
        if self.settings.is_socket_mode or secret is None or not self.role.hears:
            return []
        return [connection.route(bolt, secret.reveal(), self.clock.world, self._signatures)]

    async def _slack_trouble(self) -> str | None:
        """Why Slack takes nothing from us or cannot be heard, and since when; None when all is well."""
        if trouble := await self._reach_trouble():
            return trouble
        if self._ungreeted:
            return self._ungreeted
        if self._socket is None:
            return self._signatures.trouble()
        return await self._socket.trouble(self.clock.world())

    async def _ask_slack(self, slack: AsyncWebClient) -> str | None:
        """Why Slack does not answer; the socket is looked at too, to know since when it is closed."""
        if self._socket is not None:
            await self._socket.trouble(self.clock.world())
        return await client.trouble(slack)

    async def _reach_trouble(self) -> str | None:
        """What this process knows; one that sends nothing itself asks what the others have written down."""
        if self._reach is not None:
            return self._reach.trouble
        outage = await self.database.read(outages.last)
        return str(outage) if outage is not None and outage.until is None else None

    async def _open_socket(self, bolt: AsyncApp, app_token: str) -> None:
        socket = connection.SocketConnection(bolt, app_token, self.under_way)
        try:
            await socket.open()
        except BaseException:
            await socket.close()
            raise
        self._socket = socket

    async def _hang_up(self) -> None:
        """Once nobody opens a socket any more; what was heard through it is acknowledged first."""
        await self._connecting.stop()
        if self._socket is not None:
            await self._answer()
            await self._socket.close()

    async def _answer(self) -> None:
        """Return when everybody in Slack has the answer that was under way, or was waited for long enough."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self.under_way.finish()
        except TimeoutError:
            log.warning("stopped before everybody in Slack was answered")

    async def _connect(self, slack: AsyncWebClient, front: Front, bolt: AsyncApp) -> None:
        """Greet Slack until it answers; deadlines and the outbox work meanwhile."""
        said = ""
        while True:
            try:
                greeted = await slack.auth_test()
                front.team_id, front.workspace_url = greeted["team_id"], greeted.get("url")
                if self.settings.slack_app_token is not None and self.role.hears:
                    await self._open_socket(bolt, self.settings.slack_app_token.reveal())
                self._ungreeted = None
                log.info("connected to Slack", team=greeted["team"])
                return
            except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
                why = f"{type(error).__name__}: {error}"
                if isinstance(error, connection.NoSocket):
                    self._ungreeted = f"not connected yet: {error}"
                if why != said:
                    log.error("cannot connect to Slack yet; it is tried again until it works", error=why)
                    said = why
                await asyncio.sleep(_CONNECT_AGAIN_SECONDS)


async def _until(moment: float, ending: Awaitable[None]) -> None:
    """It has ended, or was cut off at that moment of the loop."""
    try:
        async with asyncio.timeout_at(moment):
            await ending
    except TimeoutError:
        log.warning("stopped before everything in flight was done; it is kept for the next start")


def _token(settings: Settings, role: Role) -> str:
    """The bot's token. Raises NotReady when Tocsin could not hear from Slack with these settings."""
    if settings.slack_bot_token is None:
        raise NotReady(
            "SLACK_BOT_TOKEN is missing: the xoxb-… token of your Slack app. "
            "`python -m bot manifest` creates the app; `python -m bot demo` needs none."
        )
    if role.hears and settings.slack_app_token is None and settings.slack_signing_secret is None:
        raise NotReady(
            "Set SLACK_APP_TOKEN (xapp-…) for Socket Mode, or SLACK_SIGNING_SECRET for HTTP at /slack/events."
        )
    return settings.slack_bot_token.reveal()


def by_method(slack: Deliverer, mail: Deliverer | None) -> Deliverer:
    """Pages go out by the method that they name."""

    async def deliver(delivery: ClaimedDelivery) -> Outcome:
        if delivery.owed.method is not Method.EMAIL:
            return await slack(delivery)
        if mail is None:
            return Never("e-mail is not set up: SMTP_URL is missing")
        return await mail(delivery)

    return deliver


def _link(overview: Overview) -> str:
    """Where an incident is answered."""
    channel_id = overview.place.channel_id
    if channel_id is None:
        return "https://app.slack.com/client"
    return f"https://slack.com/app_redirect?channel={channel_id}"
