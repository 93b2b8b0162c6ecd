"""Which incident and whom a command means, where its words alone do not tell."""

from dataclasses import replace
from datetime import datetime

from bot.domain.errors import NotFound
from bot.domain.timeline import Actor
from bot.operations import look_up
from bot.slack.command import Command, Misunderstood, UnknownName
from bot.slack.listeners.asked import Body, channel_of
from bot.slack.listeners.front import Front
from bot.slack.naming import Named
from storage.database import Connection

_WORDS_IN_NAME = 3


async def meant(front: Front, body: Body, command: Command) -> Command:
    """The command with the number of the incident that it names by its channel, or without its year.

    Raises NotFound for a channel of no incident, unless it may be words; and Misunderstood, with a
    question, where the words end or begin with another incident than that of the channel they are typed in.
    """
    if command.unresolved is None and command.perhaps is None:
        return command

    def query(tx: Connection, now: datetime, actor: Actor) -> tuple[str | None, str | None, str | None]:
        here = channel_of(body)
        own = look_up.number_at(tx, here) if here else None
        return own, _number(tx, command.unresolved, now), _existing(tx, command.perhaps, now)

    own, named, other = await front.look(body, query)
    if named is not None:
        return replace(command, number=named)
    if command.unresolved is not None:
        command = _with_words(command, command.unresolved)
    if command.perhaps is not None and other not in (None, own):
        raise _question(command, command.perhaps, str(other), own)
    return command


async def with_name(front: Front, body: Body, refusal: UnknownName) -> Misunderstood:
    """The refusal with the person marked whose name was typed, if there is exactly one."""

    def query(tx: Connection, now: datetime, actor: Actor) -> Misunderstood:
        words = refusal.words.split()
        for count in range(min(len(words), _WORDS_IN_NAME), 0, -1):
            name, rest = " ".join(words[:count]), " ".join(words[count:])
            if person := look_up.organization(tx).person_called(name.rstrip(",.:;!")):
                return refusal.naming(person.name, rest)
        return refusal

    return await front.look(body, query)


def _number(tx: Connection, named: Named | None, now: datetime) -> str | None:
    """The number of the incident; a channel that is not known yet may say it in its name."""
    if named is None:
        return None
    if named.ordinal is not None:
        return look_up.newest_number(tx, named.ordinal, now)
    if named.channel is None:
        return named.number
    return look_up.number_at(tx, named.channel) or named.number


def _existing(tx: Connection, named: Named | None, now: datetime) -> str | None:
    """The number of the incident; none for `#44` where no incident has that number."""
    number = _number(tx, named, now)
    if named is None or named.ordinal is None or number is None:
        return number
    return number if look_up.has_number(tx, number) else None


def _with_words(command: Command, channel: Named) -> Command:
    """The command whose words begin with a channel. Raises NotFound where that cannot be."""
    if not channel.may_be_words:
        raise NotFound(
            f"{channel.shown} is no incident's channel. "
            f"Name the incident, as in `/incident {command.verb} INC-2026-044`."
        )
    return replace(command, text=f"{channel.shown} {command.text}")


def _question(command: Command, named: Named, other: str, own: str | None) -> Misunderstood:
    sentence = f"Did you mean {other}? Write it first: {_typed(command, other, named.rest)}."
    if own is not None:
        words = [named.shown, named.rest] if named.leads else [named.rest, named.shown]
        sentence += f" If you mean {own}: {_typed(command, own, ' '.join(words))}."
    return Misunderstood(sentence)


def _typed(command: Command, number: str, words: str) -> str:
    """The command with the number first, ready to type."""
    typed = " ".join(f"/incident {command.verb} {number} {words}".split())
    return typed if "`" in typed else f"`{typed}`"
