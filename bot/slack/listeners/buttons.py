"""Buttons and menus, in messages, direct messages and the home tab."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.errors import EscalatedMeanwhile
from bot.operations import escalate, respond
from bot.slack.command import Command
from bot.slack.listeners import duty
from bot.slack.listeners.asked import Body, card_url_of, is_at_home
from bot.slack.listeners.commands import listing, postmortem, shown
from bot.slack.listeners.forms import ask, show_declare
from bot.slack.listeners.front import Front, react
from bot.slack.listeners.shown_again import show_card, show_home
from bot.slack.verbs import Verb
from bot.slack.views import actions, answers
from bot.slack.views.kit import Message

Answer = Message | None
Pressed = Callable[[Front, Body, str], Awaitable[Answer]]


def register(app: AsyncApp, front: Front) -> None:
    @app.action(re.compile(".*"))
    async def pressed(ack: AsyncAck, body: Body, action: dict[str, Any]) -> None:
        name, value = str(action.get("action_id")).split(":")[0], _value(action)
        handler = BUTTONS.get(name)
        if handler is None:
            await ack()
            return
        await react(front, body, ack, handler(front, body, value))  # type: ignore[arg-type]
        if name in (actions.ACKNOWLEDGE, actions.ESCALATE):
            await show_card(front, body, card_url_of(body), value.partition(" ")[0])
        if is_at_home(body):
            await show_home(front, body)


def _value(action: dict[str, Any]) -> str:
    option = action.get("selected_option") or {}
    return str(action.get("value") or option.get("value") or "")


async def _acknowledge(front: Front, body: Body, number: str) -> Answer:
    await front.act_on(body, respond.acknowledge, number)
    return None


async def _escalate(front: Front, body: Body, value: str) -> Answer:
    """Who was shown another level than is next now is shown that one, to press again."""
    number, seen = actions.parse_escalation(value)
    try:
        await front.act_on(body, escalate.escalate, number, seen)
    except EscalatedMeanwhile as refusal:
        return answers.look_again(refusal, await front.overview(body, number))
    return None


def _asks(verb: Verb) -> Pressed:
    async def pressed(front: Front, body: Body, number: str) -> Answer:
        await ask(front, body, number, verb)
        return None

    return pressed


async def _more(front: Front, body: Body, value: str) -> Answer:
    verb, number = actions.parse_choice(value)
    await ask(front, body, number, verb)
    return None


async def _declare(front: Front, body: Body, value: str) -> Answer:
    await show_declare(front, body, Command(Verb.DECLARE))
    return None


async def _mine(front: Front, body: Body, value: str) -> Answer:
    return await listing(front, body, Command(Verb.LIST, mine=True))


async def _open(front: Front, body: Body, value: str) -> Answer:
    return await listing(front, body, Command(Verb.LIST))


async def _oncall(front: Front, body: Body, value: str) -> Answer:
    return await duty.shown(front, body, "")


async def _override(front: Front, body: Body, value: str) -> Answer:
    await duty.ask_override(front, body, value)
    return None


async def _swap(front: Front, body: Body, value: str) -> Answer:
    return await duty.ask_swap(front, body)


async def _accept_swap(front: Front, body: Body, swap_id: str) -> Answer:
    return await duty.answer_swap(front, body, swap_id, accepts=True)


async def _decline_swap(front: Front, body: Body, swap_id: str) -> Answer:
    return await duty.answer_swap(front, body, swap_id, accepts=False)


async def _show(front: Front, body: Body, number: str) -> Answer:
    return await shown(front, body, number)


async def _postmortem(front: Front, body: Body, number: str) -> Answer:
    return await postmortem(front, body, number)


BUTTONS: Mapping[str, Pressed] = {
    actions.ACKNOWLEDGE: _acknowledge,
    actions.ESCALATE: _escalate,
    actions.RESOLVE: _asks(Verb.RESOLVE),
    actions.CLOSE: _asks(Verb.CLOSE),
    actions.REOPEN: _asks(Verb.REOPEN),
    actions.PAGE: _asks(Verb.PAGE),
    actions.POSTMORTEM: _postmortem,
    actions.MORE: _more,
    actions.OPEN_DECLARE: _declare,
    actions.SHOW_MINE: _mine,
    actions.SHOW_OPEN: _open,
    actions.SHOW_ONCALL: _oncall,
    actions.TAKE_OVER: duty.take_over,
    actions.OVERRIDE: _override,
    actions.SWAP: _swap,
    actions.ACCEPT_SWAP: _accept_swap,
    actions.DECLINE_SWAP: _decline_swap,
    actions.SHOW: _show,
}
