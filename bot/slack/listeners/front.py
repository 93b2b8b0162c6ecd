"""Operations for whoever asks in Slack, and their answers: what every listener stands on.

A listener commits, then acknowledges: what Slack was told is done survives a crash. A commit takes
milliseconds; when two seconds pass without one, Slack is told "still working" and the answer follows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

import structlog
from aiohttp import ClientError
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.domain.delivery import InDoubt, Never, TryAgain
from bot.domain.errors import Invalid, NotFound, Refusal, Unavailable, UnknownPerson
from bot.domain.ids import PersonId
from bot.domain.overview import Overview
from bot.domain.time import Now
from bot.domain.timeline import Actor
from bot.metrics import Metrics
from bot.operations import audit, look_up, reorganize
from bot.operations.carry_out_once import CarriedOutBefore, carry_out_once
from bot.operations.permit import LacksRight
from bot.slack.command import Misunderstood
from bot.slack.errors import outcome_of
from bot.slack.listeners.asked import Body, channel_of, identity, thread_of, user_of, words
from bot.slack.typed import NOBODY, Names, unnamed
from bot.slack.views import answers, kit
from bot.slack.views.kit import Message
from storage.database import Connection, Database, Full, MayBeDone

T = TypeVar("T")

#: Slack waits three seconds; by then it must have heard something.
PATIENCE_SECONDS = 2.0
_TIMEOUT_SECONDS = 8
#: What comes back when Slack does not do, or not hear, what it is asked.
UNHEARD = (SlackApiError, ClientError, OSError, TimeoutError)
#: Where Slack takes answers, besides where its API is.
_RESPONSE_ORIGINS = (("https", "hooks.slack.com"), ("https", "hooks.slack-gov.com"))

log = structlog.get_logger()


class Front:
    """Runs operations for whoever is asking in Slack, and brings them the answers."""

    def __init__(
        self, database: Database, now: Now, client: AsyncWebClient, metrics: Metrics | None = None
    ) -> None:
        self.database = database
        self.now = now
        self.client = client
        self.metrics = metrics or Metrics()
        self.team_id: str | None = None
        #: Where the workspace is on the web.
        self.workspace_url: str | None = None

    async def act(self, body: Body, name: str, operation: Callable[..., T]) -> T:
        """The result of `operation(tx, now, actor)`, committed; the same request is carried out once."""
        try:
            result = await self._committed(body, operation)
        except Refusal as refusal:
            self.metrics.operation("slack", name, refusal.code)
            raise
        self.metrics.operation("slack", name, "ok")
        return result

    async def _committed(self, body: Body, operation: Callable[..., T]) -> T:
        now = self.now()

        def run(tx: Connection) -> T:
            actor = self._actor(tx, body)
            once = partial(carry_out_once, tx, now, identity(body), words=words(body))
            return once(lambda tx: operation(tx, now, actor))

        try:
            return await self._heard(body, lambda: self.database.write(run))
        except Full as error:
            raise out_of_reach(error) from error

    async def act_on(self, body: Body, operation: Callable[..., Any], number: str, *words: Any) -> Overview:
        """The incident as it stands after `operation(tx, now, actor, number, *words)`."""

        def run(tx: Connection, now: datetime, actor: Actor) -> Overview:
            return look_up.overview(tx, operation(tx, now, actor, number, *words), now)

        return await self.act_about(body, operation.__name__, number, run)

    async def act_about(self, body: Body, name: str, number: str, operation: Callable[..., T]) -> T:
        """As `act`, about this incident."""
        result = await self.act(body, name, operation)
        log.info("done", operation=name, incident=number)
        return result

    async def look(self, body: Body, query: Callable[..., T]) -> T:
        """The result of `query(tx, now, actor)`, which only reads."""
        now = self.now()
        try:
            return await self._heard(
                body, lambda: self.database.read(lambda tx: query(tx, now, self._actor(tx, body)))
            )
        except Full as error:
            raise out_of_reach(error) from error

    async def _heard(self, body: Body, attempt: Callable[[], Awaitable[T]]) -> T:
        """The attempt's result; who is refused because of their role is kept in the audit log."""
        try:
            return await self._introduced(body, attempt)
        except LacksRight as refusal:
            await self._keep(refusal)
            raise

    async def _keep(self, refusal: LacksRight) -> None:
        now = self.now()
        with suppress(Full):
            await self.database.write(
                lambda tx: audit.keep_refusal(tx, now, refusal.actor, refusal.right, refusal.number)
            )

    async def _introduced(self, body: Body, attempt: Callable[[], Awaitable[T]]) -> T:
        """The attempt's result; who is not known by their Slack account yet is looked up by e-mail first."""
        try:
            return await attempt()
        except UnknownPerson:
            if not await self._find(user_of(body)[0]):
                raise
            return await attempt()

    async def _find(self, slack_id: str) -> bool:
        """Whether Slack's e-mail for this account is that of somebody in the organization.

        Raises Unavailable when Slack does not tell: whether we know them is then not known.
        """
        try:
            found = await self.client.users_info(user=slack_id)
        except UNHEARD as error:
            match outcome_of(error, is_aside=True):
                case Never(is_unknown_contact=True):
                    return False
                case Never(why):
                    advice = "an admin of the app must mend that"
                case InDoubt(why) | TryAgain(why):
                    advice = "try again in a moment"
                case _:
                    raise
            log.warning("Slack does not tell who somebody is", user=slack_id, error=why)
            raise Unavailable(
                f"Slack did not tell who you are: {why}. Nothing was done; {advice}."
            ) from error
        now, email = self.now(), str(found["user"].get("profile", {}).get("email") or "")
        return await self.database.write(lambda tx: reorganize.recognize(tx, now, email, slack_id))

    async def overview(self, body: Body, number: str) -> Overview:
        return await self.look(
            body, lambda tx, now, actor: look_up.overview(tx, look_up.incident(tx, number), now)
        )

    async def number(self, body: Body, given: str | None) -> str:
        """The incident meant: the one named, else whose channel or thread this is. Raises NotFound."""
        channel_id, thread_ts = channel_of(body), thread_of(body)
        found = given or (
            await self.database.read(lambda tx: look_up.number_at(tx, channel_id, thread_ts))
            if channel_id
            else None
        )
        if found is None:
            raise NotFound(
                "Which incident? Name it, as in `/incident ack INC-2026-044`, or ask in its channel. "
                "`/incident list` shows the open ones."
            )
        return found

    async def names(self, text: str) -> Names:
        """The names of those whom Slack marks in the text by their id alone, as far as they are known."""
        marked = unnamed(text)
        if not marked:
            return NOBODY
        people = (await self.database.read(look_up.organization)).people.values()
        return {one.slack_id: one.name for one in people if one.slack_id in marked}

    def _actor(self, tx: Connection, body: Body) -> Actor:
        user_id, team_id = user_of(body)
        is_foreign = None not in (team_id, self.team_id) and team_id != self.team_id
        return look_up.actor(tx, user_id, is_foreign=is_foreign)

    async def show_modal(self, body: Body, view: dict[str, Any]) -> None:
        """Open the modal, or put it on top of the one that asked. The trigger lives three seconds.

        Raises Unavailable when Slack does not show it.
        """
        is_above = (body.get("view") or {}).get("type") == "modal"
        show = self.client.views_push if is_above else self.client.views_open
        try:
            await show(trigger_id=body.get("trigger_id", ""), view=view)
        except UNHEARD as error:
            log.warning("a form did not open", error=str(error))
            raise Unavailable("Slack did not open the form. Nothing was done; try again.") from error

    async def tell(self, body: Body, message: Message) -> None:
        """Answer privately where they asked; by direct message where that cannot be, or Slack refuses it.

        An answer may be lost all the same.
        """
        response_url, (user_id, _) = body.get("response_url"), user_of(body)
        try:
            if response_url and await self._respond(response_url, message, is_instead=False):
                return
            await self.client.chat_postMessage(
                channel=user_id, text=message.text, blocks=kit.posted(message.blocks)
            )
        except UNHEARD as error:
            log.warning("an answer did not arrive", error=str(error))

    async def replace(self, response_url: str, message: Message) -> None:
        """Put the message in the place of the one in which they acted. It may be lost, as an answer may.

        The address may have come back with a form: what names another place than Slack is not asked.
        """
        if not self._is_slacks(response_url):
            log.warning("a form named an address that is not Slack's")
            return
        try:
            await self._respond(response_url, message, is_instead=True)
        except UNHEARD as error:
            log.warning("a message was not brought up to date", error=str(error))

    def _is_slacks(self, url: str) -> bool:
        with suppress(ValueError):
            origin = urlsplit(url)[:2]
            return origin in (*_RESPONSE_ORIGINS, urlsplit(self.client.base_url)[:2])
        return False

    async def _respond(self, response_url: str, message: Message, *, is_instead: bool) -> bool:
        """Whether Slack took it: the address serves for half an hour, and five times."""
        webhook = AsyncWebhookClient(
            response_url, session=self.client.session, timeout=_TIMEOUT_SECONDS, retry_handlers=[]
        )
        webhook.proxy = self.client.proxy
        given = await webhook.send(
            text=message.text,
            blocks=list(message.blocks),
            response_type="ephemeral",
            replace_original=is_instead,
        )
        if given.status_code != HTTPStatus.OK:
            log.warning("an answer was refused", status=given.status_code, error=given.body[:100])
        return given.status_code == HTTPStatus.OK


def out_of_reach(error: Full) -> Unavailable:
    if isinstance(error, MayBeDone):
        return Unavailable(str(error))
    return Unavailable(
        "Tocsin cannot reach its database right now, so nothing was done. Try again in a minute; "
        "if it stays so, tell whoever runs Tocsin to look at `/readyz`."
    )


async def settled(work: Coroutine[Any, Any, T]) -> tuple[T | None, "asyncio.Task[T]"]:
    """The result when it comes within Slack's patience, and the work, which goes on otherwise."""
    task = asyncio.create_task(work)
    done, _ = await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
    return (task.result() if done else None), task


async def answered(work: Awaitable[Message | None]) -> Message | None:
    """What the work answers; a refusal becomes an answer too, and a repeated request has none."""
    try:
        return await work
    except CarriedOutBefore:
        return None
    except Misunderstood as refusal:
        return answers.refusal(refusal, refusal.suggestion)
    except Refusal as refusal:
        return answers.refusal(refusal, None)
    except Full as error:
        log.error("the database is out of reach", error=str(error))
        return answers.refusal(out_of_reach(error), None)
    except Exception:
        log.exception("a listener failed")
        return answers.refusal(
            Unavailable("Something went wrong here and was logged. Nothing was done; try again."), None
        )


async def reply(front: Front, body: Body, ack: AsyncAck, work: Coroutine[Any, Any, Message | None]) -> None:
    """Acknowledge a command with its answer, or with "still working" and the answer later."""
    answer, task = await settled(answered(work))
    if not task.done():
        waiting = answers.still_working()
        await ack(text=waiting.text, blocks=list(waiting.blocks))
        if late := await task:
            await front.tell(body, late)
    elif answer is None:
        await ack()
    else:
        await ack(text=answer.text, blocks=list(answer.blocks), response_type="ephemeral")


async def react(front: Front, body: Body, ack: AsyncAck, work: Coroutine[Any, Any, Message | None]) -> None:
    """Acknowledge a click once its work is committed, and answer privately if there is something to say."""
    _, task = await settled(answered(work))
    await ack()
    if answer := await task:
        await front.tell(body, answer)


def person_meant(tx: Connection, slack_id: str | None) -> PersonId:
    """The person with this Slack account. Raises NotFound or Invalid."""
    if not slack_id:
        raise Invalid(person="must be chosen")
    person = look_up.person_by_slack_id(look_up.organization(tx), slack_id)
    if person is None:
        raise NotFound(
            "Tocsin does not know that person. An admin can add them to the organization file.",
            {"person": "is not in the organization"},
        )
    return person.id
