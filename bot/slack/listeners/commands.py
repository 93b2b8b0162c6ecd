"""`/incident …`"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.errors import AlreadyThere, EscalatedMeanwhile, StillOpen
from bot.domain.incident import COMMENT_LIMIT, NOTE_LIMIT, OPEN, TITLE_LIMIT, Incident, Status
from bot.domain.overview import Overview, Wanted
from bot.domain.rights import Right
from bot.domain.timeline import Actor
from bot.operations import assign, declare, escalate, look_up, page, respond, write_up
from bot.operations.permit import permit
from bot.slack import grammar
from bot.slack.command import Command, UnknownName
from bot.slack.listeners import duty
from bot.slack.listeners.asked import Body, asked_in
from bot.slack.listeners.forms import ask, show_declare
from bot.slack.listeners.front import Front, person_meant, reply
from bot.slack.listeners.meant import meant, with_name
from bot.slack.verbs import Verb
from bot.slack.views import answers, kit, modals
from bot.slack.views import postmortem as postmortem_view
from bot.slack.views import timeline as timeline_view
from bot.slack.views.kit import Message
from storage.database import Connection

SHOWN_IN_LIST = 10

log = structlog.get_logger()

Answer = Message | None
Handler = Callable[[Front, Body, Command], Awaitable[Answer]]


def register(app: AsyncApp, front: Front) -> None:
    @app.command("/incident")
    async def incident(ack: AsyncAck, body: Body) -> None:
        await reply(front, body, ack, obey(front, body, str(body.get("text") or "")))


async def obey(front: Front, body: Body, text: str) -> Answer:
    """The answer to what was typed after `/incident`; None when a modal asks for the rest."""
    try:
        command = await meant(front, body, grammar.parse(text, await front.names(text)))
    except UnknownName as refusal:
        raise await with_name(front, body, refusal) from None
    return await HANDLERS[command.verb](front, body, command)


async def _help(front: Front, body: Body, command: Command) -> Answer:
    return answers.help(command.topic)


async def _declare(front: Front, body: Body, command: Command) -> Answer:
    """What does not fit the title stands in the description, with the rest."""
    if not command.text:
        await show_declare(front, body, command)
        return None

    def operation(tx: Connection, now: datetime, actor: Actor) -> tuple[Incident, Message]:
        title = kit.cut(command.text, TITLE_LIMIT)
        incident = declare.declare(
            tx,
            now,
            actor,
            title=title,
            description=command.text if title != command.text else None,
            severity=command.severity,
            services=command.services,
        )
        overview = look_up.overview(tx, incident, now)
        return incident, answers.declared(overview, look_up.entries(tx, incident))

    incident, answer = await front.act(body, "declare", operation)
    log.info("declared", incident=incident.number)
    return answer


async def _list(front: Front, body: Body, command: Command) -> Answer:
    return await listing(front, body, command)


async def listing(front: Front, body: Body, command: Command) -> Message:
    """The newest incidents that fit; the open ones when nothing else was asked for."""
    statuses = command.statuses or (() if command.everything else tuple(OPEN))

    def query(tx: Connection, now: datetime, actor: Actor) -> Message:
        mine = actor.person_id if command.mine else None
        wanted = Wanted(tuple(statuses), tuple(command.severities), mine)
        found, total = look_up.overviews(tx, now, wanted, SHOWN_IN_LIST)
        return answers.listing(found, total, command, now)

    return await front.look(body, query)


async def _show(front: Front, body: Body, command: Command) -> Answer:
    return await shown(front, body, await front.number(body, command.number))


async def shown(front: Front, body: Body, number: str) -> Message:
    """The incident's card with its last events and what could not be delivered."""

    def query(tx: Connection, now: datetime, actor: Actor) -> Message:
        found = look_up.incident(tx, number)
        return answers.shown(
            look_up.overview(tx, found, now),
            look_up.entries(tx, found, limit=8),
            look_up.failures(tx, found),
            now,
        )

    return await front.look(body, query)


async def _acknowledge(front: Front, body: Body, command: Command) -> Answer:
    overview = await front.act_on(body, respond.acknowledge, await front.number(body, command.number))
    return answers.done(f"You acknowledged {overview.incident.number}. The escalation has stopped.")


async def _change_status(front: Front, body: Body, command: Command, to: Status) -> Answer:
    """Where it is so already, the words that were typed are kept as a note."""
    number = await front.number(body, command.number)

    def run(tx: Connection, now: datetime, actor: Actor) -> Message:
        try:
            incident = respond.change_status(tx, now, actor, number, to, _fitting(command))
        except AlreadyThere as refusal:
            if not command.text:
                raise
            overview = look_up.overview(tx, _note_all(tx, now, actor, number, command.text), now)
            return answers.noted_instead(refusal, overview)
        incident = _note_rest(tx, now, actor, incident, command)
        return answers.done_to(look_up.overview(tx, incident, now), f"{number} is {incident.status}.")

    return await front.act_about(body, "change_status", number, run)


def _fitting(command: Command) -> str | None:
    """As much of what was typed as a comment may have; the whole is noted."""
    return kit.cut(command.text, COMMENT_LIMIT) or None


def _note_rest(tx: Connection, now: datetime, actor: Actor, incident: Incident, command: Command) -> Incident:
    """The incident with all that was typed on its timeline, where a comment does not hold it."""
    if len(command.text) <= COMMENT_LIMIT:
        return incident
    return _note_all(tx, now, actor, incident.number, command.text)


def _note_all(tx: Connection, now: datetime, actor: Actor, number: str, text: str) -> Incident:
    """The incident with the text on its timeline, in as many notes as it takes."""
    notes = [respond.note(tx, now, actor, number, piece) for piece in kit.pieces(text, NOTE_LIMIT)]
    return notes[-1]


async def _resolve(front: Front, body: Body, command: Command) -> Answer:
    if not command.text:
        return await _ask(front, body, command)
    return await _change_status(front, body, command, Status.RESOLVED)


async def _close(front: Front, body: Body, command: Command) -> Answer:
    overview = await front.overview(body, await front.number(body, command.number))
    if not command.text and overview.incident.is_open:
        return await _ask(front, body, command)
    return await _change_status(front, body, command, Status.CLOSED)


async def _reopen(front: Front, body: Body, command: Command) -> Answer:
    number = await front.number(body, command.number)
    if not command.text and not (await front.overview(body, number)).incident.is_open:
        return await _ask(front, body, command)

    def run(tx: Connection, now: datetime, actor: Actor) -> Message:
        reopened = respond.reopen(tx, now, actor, number, _fitting(command))
        incident = _note_rest(tx, now, actor, reopened, command)
        return answers.done_to(look_up.overview(tx, incident, now), f"{number} is {incident.status}.")

    return await front.act_about(body, "reopen", number, run)


async def _status(front: Front, body: Body, command: Command) -> Answer:
    if not command.statuses:
        return await _ask(front, body, command)
    match command.statuses[0]:
        case Status.RESOLVED:
            return await _resolve(front, body, replace(command, verb=Verb.RESOLVE))
        case Status.CLOSED:
            return await _close(front, body, replace(command, verb=Verb.CLOSE))
        case to:
            return await _change_status(front, body, command, to)


async def _severity(front: Front, body: Body, command: Command) -> Answer:
    if command.severity is None:
        return await _ask(front, body, command)
    number = await front.number(body, command.number)
    overview = await front.act_on(body, respond.change_severity, number, command.severity)
    return answers.done_to(overview, f"{overview.incident.number} is {overview.incident.severity}.")


async def _rename(front: Front, body: Body, command: Command) -> Answer:
    if not command.text:
        return await _ask(front, body, command)
    number = await front.number(body, command.number)

    def run(tx: Connection, now: datetime, actor: Actor) -> Message:
        incident = respond.change_title(tx, now, actor, number, kit.cut(command.text, TITLE_LIMIT))
        if len(command.text) > TITLE_LIMIT:
            incident = _note_all(tx, now, actor, number, command.text)
        return answers.done_to(
            look_up.overview(tx, incident, now), f"{number} is called “{incident.title}” now."
        )

    return await front.act_about(body, "change_title", number, run)


async def _assign(front: Front, body: Body, command: Command) -> Answer:
    if not command.people and not command.mine:
        return await _ask(front, body, command)
    number = await front.number(body, command.number)

    def run(tx: Connection, now: datetime, actor: Actor) -> Overview:
        person_id = person_meant(tx, actor.slack_id if command.mine else command.people[0])
        return look_up.overview(tx, assign.assign(tx, now, actor, number, person_id), now)

    overview = await front.act(body, "assign", run)
    incident = overview.incident
    whose = overview.name_of(incident.assignee_id)
    return answers.done_to(overview, f"{incident.number} is assigned to {whose}.")


async def _escalate(front: Front, body: Body, command: Command) -> Answer:
    """Who was overtaken by somebody else is shown how far it has come, and the way further."""
    number = await front.number(body, command.number)

    def run(tx: Connection, now: datetime, actor: Actor) -> Message:
        before = look_up.incident(tx, number)
        after = escalate.escalate_once(tx, now, actor, number)
        happened = look_up.entries(tx, after, after.sequence - before.sequence)
        return answers.escalated(look_up.overview(tx, after, now), happened)

    try:
        return await front.act_about(body, "escalate", number, run)
    except EscalatedMeanwhile as refusal:
        return answers.look_again(refusal, await front.overview(body, number))


async def _page(front: Front, body: Body, command: Command) -> Answer:
    if not command.people:
        return await _ask(front, body, command)
    number = await front.number(body, command.number)

    def run(tx: Connection, now: datetime, actor: Actor) -> list[str]:
        people = [person_meant(tx, one) for one in command.people]
        for person_id in people:
            incident = page.page(tx, now, actor, number, person_id, _fitting(command))
        _note_rest(tx, now, actor, incident, command)
        return [look_up.organization(tx).people[one].name for one in people]

    return answers.paged(await front.act(body, "page", run), number)


async def _note(front: Front, body: Body, command: Command) -> Answer:
    if not command.text:
        return await _ask(front, body, command)
    number = await front.number(body, command.number)

    def run(tx: Connection, now: datetime, actor: Actor) -> Message:
        noted = look_up.overview(tx, _note_all(tx, now, actor, number, command.text), now)
        return answers.done_to(noted, f"Noted on the timeline of {number}.")

    return await front.act_about(body, "note", number, run)


async def _timeline(front: Front, body: Body, command: Command) -> Answer:
    number = await front.number(body, command.number)

    def query(tx: Connection, now: datetime, actor: Actor) -> Message:
        found = look_up.incident(tx, number)
        return timeline_view.timeline(look_up.entries(tx, found), look_up.overview(tx, found, now))

    return await front.look(body, query)


async def _postmortem(front: Front, body: Body, command: Command) -> Answer:
    return await postmortem(front, body, await front.number(body, command.number))


async def postmortem(front: Front, body: Body, number: str) -> Answer:
    """The incident's postmortem; where it has none yet, a form asks for it. Raises StillOpen."""
    metadata = asked_in(body, number)

    def query(tx: Connection, now: datetime, actor: Actor) -> Message | dict[str, Any]:
        found = look_up.incident(tx, number)
        overview = look_up.overview(tx, found, now)
        written = write_up.postmortem_of(tx, found)
        if written is not None:
            return postmortem_view.shown(written, overview, written.created_by)
        if found.is_open:
            raise StillOpen(found.number, found.status)
        permit(actor, Right.WRITE_POSTMORTEM, found.number)
        level, resolution = look_up.organization(tx).postmortem_level, write_up.how_it_ended(tx, found)
        return modals.postmortem(overview, level, resolution, metadata)

    shown = await front.look(body, query)
    if isinstance(shown, Message):
        return shown
    await front.show_modal(body, shown)
    return None


async def _oncall(front: Front, body: Body, command: Command) -> Answer:
    if command.people or command.mine:
        return await duty.shifts_of(front, body, None if command.mine else command.people[0])
    return await duty.shown(front, body, command.text)


async def _override(front: Front, body: Body, command: Command) -> Answer:
    await duty.ask_override_of_team(front, body, command.text)
    return None


async def _swap(front: Front, body: Body, command: Command) -> Answer:
    return await duty.ask_swap(front, body)


async def _ask(front: Front, body: Body, command: Command) -> Answer:
    """Open the modal that asks for the words that are missing."""
    number = await front.number(body, command.number)
    await ask(front, body, number, command.verb)
    return None


HANDLERS: Mapping[Verb, Handler] = {
    Verb.HELP: _help,
    Verb.DECLARE: _declare,
    Verb.LIST: _list,
    Verb.SHOW: _show,
    Verb.ACKNOWLEDGE: _acknowledge,
    Verb.RESOLVE: _resolve,
    Verb.CLOSE: _close,
    Verb.REOPEN: _reopen,
    Verb.STATUS: _status,
    Verb.SEVERITY: _severity,
    Verb.RENAME: _rename,
    Verb.ASSIGN: _assign,
    Verb.ESCALATE: _escalate,
    Verb.PAGE: _page,
    Verb.NOTE: _note,
    Verb.TIMELINE: _timeline,
    Verb.POSTMORTEM: _postmortem,
    Verb.ONCALL: _oncall,
    Verb.OVERRIDE: _override,
    Verb.SWAP: _swap,
}
