"""Modals that were submitted."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.errors import Invalid, Refusal
from bot.domain.incident import Incident, Status
from bot.domain.postmortem import ActionItem, Content, Impact
from bot.domain.sla import Severity
from bot.domain.timeline import Actor
from bot.operations import assign, declare, look_up, page, respond, write_up
from bot.operations.carry_out_once import CarriedOutBefore
from bot.slack.listeners import duty
from bot.slack.listeners.asked import Body
from bot.slack.listeners.front import Front, person_meant, settled
from bot.slack.listeners.shown_again import show_card, show_home
from bot.slack.verbs import Verb
from bot.slack.views import answers, inputs, kit
from bot.slack.views.inputs import Metadata
from bot.slack.views.kit import Message
from storage.database import Connection

Values = Mapping[str, Any]
#: What a modal about an incident does: `(tx, now, actor, number, values) -> Incident`.
Submitted = Callable[[Connection, datetime, Actor, str, Values], Incident]
#: What a modal about who is on call does: `(tx, now, actor, values) -> Message | None`.
Change = Callable[[Connection, datetime, Actor, Values], Message | None]
#: What any modal does, and what to say of it: `(tx, now, actor) -> Message | None`.
Run = Callable[[Connection, datetime, Actor], Message | None]

Choice = TypeVar("Choice", Status, Severity)

#: Before an action item; `--force` and `-1` are no bullets.
_BULLET = re.compile(r"\s*(?:[-*](?:\s+|$)|•)")

log = structlog.get_logger()


def register(app: AsyncApp, front: Front) -> None:
    @app.view(re.compile(".*"))
    async def submitted(ack: AsyncAck, body: Body, view: dict[str, Any]) -> None:
        result, task = await settled(_submit(front, body, view))
        if isinstance(result, Refusal):
            await ack(response_action="errors", errors=inputs.errors_for(view, result))
            return
        await ack()
        late = await task
        answer = answers.refusal(late, None) if isinstance(late, Refusal) else late
        if answer is not None:
            await front.tell(body, answer)
        if not isinstance(late, Refusal):
            metadata = _metadata(view)
            await show_card(front, body, metadata.card_url, metadata.number)
            if metadata.is_from_home:
                await show_home(front, body)


async def _submit(front: Front, body: Body, view: dict[str, Any]) -> Refusal | Message | None:
    """What the modal asked for is done, and what to say of it; or why it is not done."""
    try:
        metadata, values = _metadata(view), inputs.values(view) | {inputs.SHOWN: inputs.shown(view)}
        verb, run = _meant(view, metadata, values)
        answer = await front.act(body, verb.value, run)
    except CarriedOutBefore as before:
        return None if before.is_same else before
    except Refusal as refusal:
        return refusal
    except Exception:
        log.exception("a submission failed")
        return Refusal("Something went wrong here and was logged. Nothing was done; try again.")
    log.info("submitted", form=verb.value, incident=metadata.number)
    return answer


def _metadata(view: Values) -> Metadata:
    return Metadata.loads(str(view.get("private_metadata") or ""))


def _meant(view: Values, metadata: Metadata, values: Values) -> tuple[Verb, Run]:
    """Which form it is, and what it does. Raises Invalid for none of ours."""
    for verb, operation in SUBMISSIONS.items():
        if verb == view.get("callback_id"):
            if metadata.number is None and verb is not Verb.DECLARE:
                raise Invalid(form="names no incident")
            return verb, _about_incident(verb, operation, metadata.number or "", values)
    for verb, change in DUTY.items():
        if verb == view.get("callback_id"):
            return verb, _about_duty(change, values)
    raise Invalid(form="is not one of Tocsin's")


def _about_incident(verb: Verb, operation: Submitted, number: str, values: Values) -> Run:
    def run(tx: Connection, now: datetime, actor: Actor) -> Message | None:
        incident = operation(tx, now, actor, number, values)
        if verb is not Verb.DECLARE:
            return None
        return answers.declared(look_up.overview(tx, incident, now), look_up.entries(tx, incident))

    return run


def _about_duty(change: Change, values: Values) -> Run:
    return lambda tx, now, actor: change(tx, now, actor, values)


def _declare(tx: Connection, now: datetime, actor: Actor, number: str, values: Values) -> Incident:
    return declare.declare(
        tx,
        now,
        actor,
        title=values.get("title") or "",
        description=values.get("description"),
        severity=_chosen(Severity, "severity", values) if values.get("severity") else None,
        services=values.get("services") or (),
    )


def _resolve(tx: Connection, now: datetime, actor: Actor, number: str, values: Values) -> Incident:
    return respond.change_status(tx, now, actor, number, Status.RESOLVED, values.get("comment"))


def _close(tx: Connection, now: datetime, actor: Actor, number: str, values: Values) -> Incident:
    return respond.change_status(tx, now, actor, number, Status.CLOSED, values.get("comment"))


def _reopen(tx: Connection, now: datetime, actor: Actor, number: str, values: Values) -> Incident:
    return respond.reopen(tx, now, actor, number, values.get("comment"))


def _status(tx: Connection, now: datetime, actor: Actor, number: str, values: Values) -> Incident:
    to = _chosen(Status, "status", values)
    return respond.change_status(tx, now, actor, number, to, values.get("comment"))


def _severity(tx: Connection, now: datetime, actor: Actor, number: str, values: Values) -> Incident:
    """Raises Invalid when somebody else was faster: what was meant to raise it might lower it now."""
    to, current = _chosen(Severity, "severity", values), look_up.incident(tx, number).severity
    if to != current != values[inputs.SHOWN].get("severity", current):
        raise Invalid(severity=f"was changed meanwhile to {current}; close this form and open it again")
    return respond.change_severity(tx, now, actor, number, to)


def _rename(tx: Connection, now: datetime, actor: Actor, number: str, values: Values) -> Incident:
    """What was left as it was shown stays as it is now: somebody else may have changed it meanwhile."""
    incident = look_up.incident(tx, number)
    if _is_changed("title", incident.title, values):
        incident = respond.change_title(tx, now, actor, number, values.get("title") or "")
    if _is_changed("description", incident.description or "", values):
        incident = respond.describe(tx, now, actor, number, values["description"])
    return incident


def _is_changed(field: str, current: str, values: Values) -> bool:
    """Whether another text was typed than was shown. Raises Invalid when somebody else was faster."""
    if field not in values:
        return False
    typed, shown = (values[field] or "").strip(), values[inputs.SHOWN].get(field, current)
    if typed == shown:
        return False
    if current not in (shown, typed):
        raise Invalid(**{field: f"was changed meanwhile to: {kit.shortened(current, 100) or 'nothing'}"})
    return True


def _assign(tx: Connection, now: datetime, actor: Actor, number: str, values: Values) -> Incident:
    return assign.assign(tx, now, actor, number, person_meant(tx, values.get("person")))


def _page(tx: Connection, now: datetime, actor: Actor, number: str, values: Values) -> Incident:
    return page.page(tx, now, actor, number, person_meant(tx, values.get("person")), values.get("message"))


def _note(tx: Connection, now: datetime, actor: Actor, number: str, values: Values) -> Incident:
    return respond.note(tx, now, actor, number, values.get("note") or "")


def _postmortem(tx: Connection, now: datetime, actor: Actor, number: str, values: Values) -> Incident:
    lines = (_BULLET.sub("", line).strip() for line in (values.get("action_items") or "").splitlines())
    items = tuple(ActionItem(line) for line in lines if line)
    impact = values.get("impact")
    content = Content(
        summary=values.get("summary"),
        root_cause=values.get("root_cause"),
        resolution=values.get("resolution"),
        impact=Impact(users_affected=impact) if impact else None,
        action_items=items or None,
    )
    write_up.write_up(tx, now, actor, number, content)
    return look_up.incident(tx, number)


def _chosen(kind: type[Choice], field: str, values: Values) -> Choice:
    """The choice made. Raises Invalid when what came back is none of the choices."""
    try:
        return kind(values.get(field) or "")
    except ValueError:
        raise Invalid(**{field: f"must be one of {', '.join(kind)}"}) from None


SUBMISSIONS: Mapping[Verb, Submitted] = {
    Verb.DECLARE: _declare,
    Verb.RESOLVE: _resolve,
    Verb.CLOSE: _close,
    Verb.REOPEN: _reopen,
    Verb.STATUS: _status,
    Verb.SEVERITY: _severity,
    Verb.RENAME: _rename,
    Verb.ASSIGN: _assign,
    Verb.PAGE: _page,
    Verb.NOTE: _note,
    Verb.POSTMORTEM: _postmortem,
}

#: Forms about who is on call.
DUTY: Mapping[Verb, Change] = {
    Verb.OVERRIDE: duty.override,
    Verb.SWAP: duty.ask_for_swap,
}
