"""Private answers to whoever asked."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.domain.errors import AlreadyThere, Refusal
from bot.domain.overview import FailedDelivery, Overview
from bot.domain.timeline import Declared, Entry
from bot.slack.command import Command
from bot.slack.verbs import USAGE, Verb
from bot.slack.views import actions, card, kit, timeline
from bot.slack.views.kit import Message


def help(topic: Verb | None) -> Message:
    """What one can do, or how one command is used."""
    if topic is not None:
        usage = USAGE[topic]
        also = f"\nAlso: {', '.join(f'`{word}`' for word in usage.synonyms)}" if usage.synonyms else ""
        text = f"`/incident {topic} {usage.words}`\n{usage.does}{also}".replace("<", "&lt;")
        return kit.message(usage.does, [kit.section(text)])
    lines = [f"`/incident {f'{verb} {usage.words}'.strip()}`  {usage.does}" for verb, usage in USAGE.items()]
    blocks = [
        kit.section("*Tocsin* runs your incidents. In an incident's channel its number may be left out."),
        kit.row(
            kit.button("Declare incident", actions.OPEN_DECLARE, style="primary"),
            kit.button("My incidents", actions.SHOW_MINE),
            kit.button("Open incidents", actions.SHOW_OPEN),
            kit.button("Who is on call", actions.SHOW_ONCALL),
        ),
        kit.section("\n".join(lines)),
    ]
    return kit.message("Tocsin: what you can do with /incident", blocks)


def listing(
    found: Sequence[Overview], total: int, command: Command, now: datetime, *, first: str = "newest"
) -> Message:
    """The incidents found, `first` first, each with a way to look closer; and how to see the rest."""
    if not found:
        return done(f"You have no {_what(command)}." if command.mine else f"No {_what(command)}.")
    in_all = f"{total} {_what(command, total)}{' of yours' if command.mine else ''}"
    blocks = [kit.section(f"*{in_all}*" if total > len(found) else f"*{_heading(command)}*")]
    for overview in found:
        incident = overview.incident
        state = card.STATUS_WORD[incident.status]
        who = f"{state} · {kit.mention(overview.assignee)} · {kit.span(now - incident.created_at)} ago"
        text = f"{card.headline(incident)}\n{who}{_channel(overview)}"
        blocks.append(kit.section(text, kit.button("Show", actions.SHOW, incident.number)))
    if total > len(found):
        blocks.append(
            kit.context(f"The {first} {len(found)} of {total}. Narrow it: `/incident list SEV1`, `mine`.")
        )
    return kit.message(in_all, blocks)


def _heading(command: Command) -> str:
    what = f"your {_what(command)}" if command.mine else _what(command)
    return what[0].upper() + what[1:]


def _what(command: Command, count: int = 0) -> str:
    """What was asked for, of anybody: `SEV1 open incidents`."""
    parts = [*map(str, command.severities), *(status.value for status in command.statuses)]
    if not command.statuses and not command.everything:
        parts.append("open")
    return " ".join([*parts, "incident" if count == 1 else "incidents"])


def _channel(overview: Overview) -> str:
    place = overview.place
    return f" · <#{place.channel_id}>" if place.channel_id and not place.thread_ts else ""


def shown(
    overview: Overview, entries: Sequence[Entry], failures: Sequence[FailedDelivery], now: datetime
) -> Message:
    """The card, the last events, and what could not be delivered."""
    shown_card = card.card(overview, now)
    lines = [f"{kit.date(entry.at)}  {timeline.line(entry, overview)}" for entry in entries]
    blocks = [*shown_card.blocks, *[kit.section("\n".join(some)) for some in timeline.packed(lines)[-3:]]]
    if failures:
        said = [
            f":warning: {kit.escape(one.what)} ({kit.date_and_time(one.at)}): {kit.escape(one.why)}"
            for one in failures
        ]
        blocks.append(kit.context("*Could not be delivered*\n" + "\n".join(said)))
    if where := _channel(overview):
        blocks.append(kit.context(f"Channel{where}"))
    return kit.message(shown_card.text, blocks)


def declared(overview: Overview, entries: Iterable[Entry] = ()) -> Message:
    """That it was done, with what has followed from it: who is paged, or will be."""
    incident = overview.incident
    followed = [timeline.line(one, overview) for one in entries if not isinstance(one.event, Declared)]
    text = "\n".join([card.headline(incident), *followed, "Declared. Its channel is on its way."])
    return kit.message(f"{incident.number} declared", [kit.section(text)])


def done_to(overview: Overview, sentence: str) -> Message:
    """What was done to an incident. It stops no escalation: while nobody has acknowledged, that is said."""
    return _done_to(overview, kit.escape(sentence))


def _done_to(overview: Overview, said: str) -> Message:
    lines = [said]
    if overview.incident.awaits_acknowledgement:
        following, stop = card.next_paged(overview), f"`/incident ack {overview.incident.number}`"
        going_on = f"Next: {following}, unless somebody types {stop}." if following else f"{stop} takes it."
        lines.append(f":warning: Nobody has acknowledged it yet. {going_on}")
    return kit.message(said, [kit.section("\n".join(lines))])


def noted_instead(refused: AlreadyThere, overview: Overview) -> Message:
    """That it was so already, and that what was said of it is kept."""
    kept = f"What you wrote is kept as a note on {overview.incident.number}."
    return _done_to(overview, f"{_said(refused.fact, refused.at)} {kept}")


def escalated(overview: Overview, happened: Iterable[Entry]) -> Message:
    """How far it has come, and who is paged."""
    incident = overview.incident
    sentence = f"{incident.number} is at level {incident.level}."
    lines = [timeline.line(entry, overview) for entry in happened]
    return kit.message(sentence, [kit.section("\n".join([sentence, *lines]))])


def paged(names: Sequence[str], number: str) -> Message:
    return done(f"{listed(names)} {'are' if len(names) > 1 else 'is'} being paged about {number}.")


def listed(names: Sequence[str]) -> str:
    """`Ada, Ben and Chloé`"""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def done(sentence: str) -> Message:
    """One sentence, from us or with people's names in it."""
    return kit.message(kit.escape(sentence), [kit.section(kit.escape(sentence))])


def refusal(refused: Refusal, suggestion: str | None) -> Message:
    """Why it was not done, and what would be allowed."""
    text = f":no_entry_sign: {_said(refused.sentence, refused.at)}"
    if suggestion:
        typed = kit.escape(" ".join(suggestion.split()))
        text += f"\nDid you mean {f'`/incident {typed}`' if '`' not in typed else f'/incident {typed}'}?"
    return kit.message(kit.escape(refused.sentence), [kit.section(text)])


def _said(sentence: str, at: datetime | None) -> str:
    """A refusal's sentence in mrkdwn, with the moment that it names in the reader's own zone."""
    said = kit.escape(kit.shortened(sentence, 1500))
    if at is None:
        return said
    said = said.replace(f"on {at:%Y-%m-%d} at {at:%H:%M} UTC", f"on {kit.date_and_time(at)}")
    return said.replace(f"at {at:%H:%M} UTC", f"at {kit.date(at)}")


def look_again(refused: Refusal, overview: Overview) -> Message:
    """Why it was not escalated, how far it has come, and the way further."""
    refused_so = refusal(refused, None)
    state = [part for part in (card.level_word(overview), card.next_word(overview)) if part]
    further = card.escalate_button(overview)
    more = [*([kit.context(" · ".join(state))] if state else []), *([kit.row(further)] if further else [])]
    return kit.message(refused_so.text, [*refused_so.blocks, *more])


def still_working() -> Message:
    return done("Still working on it; the answer follows here.")
