"""What people are told when it changes who is on call."""

from datetime import datetime

from bot.domain import gap
from bot.domain.ids import PersonId
from bot.domain.override import Stretch
from bot.domain.rota import GapFacts, HandoffFacts, ShiftChange, SwapFacts
from bot.domain.schedule import Gap, Schedule
from bot.domain.swap import SwapState
from bot.slack.views import actions, card, kit
from bot.slack.views.kit import Block, Element, Message

#: So many gaps fit into one message.
SHOWN = 20


def taken_over(schedule: Schedule, until: datetime) -> Message:
    name = kit.escape(kit.shortened(schedule.name, 80))
    text = f":pager: You have the pager of *{name}* until {kit.date_and_time(until)}."
    return kit.message(f"You have the pager of {name}.", [kit.section(text)])


def overridden(change: ShiftChange) -> Message:
    """For who made the override."""
    text = f":calendar: {kit.mention(change.person)} is on call {_span_of(change)}{_instead(change)}."
    return kit.message("The override is set.", [kit.section(f"{_name(change.schedule)}\n{text}")])


def pager_taken(facts: HandoffFacts) -> Message:
    """For who has the pager from now on."""
    name = _name(facts.schedule)
    others = [
        f"{kit.mention(facts.previous)} handed over" if facts.previous is not None else "",
        f"{kit.mention(facts.secondary)} is behind you" if facts.secondary is not None else "",
    ]
    blocks = [
        kit.section(f"{name}\n:pager: *You have the pager* until {kit.date_and_time(facts.until)}."),
        *([kit.context("  ·  ".join(filter(None, others)))] if any(others) else []),
        *_open(facts),
    ]
    return kit.message(f"You have the pager: {kit.escape(facts.schedule.name)}{_count(facts)}", blocks)


def pager_given(facts: HandoffFacts) -> Message:
    """For who had it until now."""
    name = _name(facts.schedule)
    if facts.primary is None:
        text = (
            f":warning: Your shift is over, and *nobody is on call* until {kit.date_and_time(facts.until)}."
        )
    else:
        text = f":wave: *You have handed over the pager* to {kit.mention(facts.primary)}."
    blocks = [kit.section(f"{name}\n{text}"), *_open(facts)]
    return kit.message(f"You have handed over: {kit.escape(facts.schedule.name)}{_count(facts)}", blocks)


def _count(facts: HandoffFacts) -> str:
    return f" ({facts.total} open)" if facts.total else ""


def _open(facts: HandoffFacts) -> list[Block]:
    """The open incidents, each with a way to look closer."""
    if not facts.total:
        return [kit.context("Nothing is open.")]
    blocks = []
    for one in facts.incidents:
        state = f"{card.STATUS_WORD[one.incident.status]} · {kit.mention(one.assignee)}"
        show = kit.button("Show", actions.SHOW, one.incident.number)
        blocks.append(kit.section(f"{card.headline(one.incident)}\n{state}", show))
    if facts.total > len(facts.incidents):
        more = facts.total - len(facts.incidents)
        blocks.append(kit.context(f"And {more} more: `/incident list`"))
    return blocks


def shift_changed(change: ShiftChange, reader: PersonId) -> Message:
    """For whom an override for later puts on call, and for whom it relieves."""
    by = f"*{kit.escape(kit.shortened(change.by.name, 80))}*" if change.by is not None else "An admin"
    if change.override.person == reader:
        text = f"{by} put you on call {_span_of(change)}{_instead(change)}."
    else:
        text = f"{kit.mention(change.person)} is on call in your place {_span_of(change)}. {by} changed it."
    return kit.message(
        f"On-call change: {kit.escape(change.schedule.name)}",
        [kit.section(f"{_name(change.schedule)}\n:calendar: {text}")],
    )


def _span_of(change: ShiftChange) -> str:
    found = change.override
    return f"from {kit.date_and_time(found.starts_at)} to {kit.date_and_time(found.ends_at)}"


def _instead(change: ShiftChange) -> str:
    names = [kit.mention(person) for person in change.relieved[:4]]
    return f" in place of {', '.join(names)}" if names else ""


def swap(facts: SwapFacts) -> Message:
    """The question to the other person; what became of it, once it is answered."""
    asker = kit.mention(facts.asked_by)
    given = f"*You take*\n{_shift(facts.schedule, facts.swap.given)}"
    back = facts.swap.returned
    returned = f"*{asker} takes*\n{_shift(facts.returned, back) if back is not None else 'nothing in return'}"
    blocks = [kit.section(f"{asker} asks you to swap shifts."), kit.fields([given, returned])]
    if facts.swap.state is SwapState.OPEN:
        blocks.append(
            kit.row(
                kit.button("Accept", actions.ACCEPT_SWAP, facts.swap.id, style="primary"),
                kit.button("Decline", actions.DECLINE_SWAP, facts.swap.id),
            )
        )
        blocks.append(kit.context(f"You can answer until {kit.date_and_time(facts.swap.answer_by)}."))
    else:
        blocks.append(kit.context(_BECAME[facts.swap.state]))
    name = kit.escape(facts.asked_by.name) if facts.asked_by is not None else "Somebody"
    return kit.message(f"{name} asks you to swap shifts", blocks)


_BECAME = {
    SwapState.ACCEPTED: ":white_check_mark: You accepted. The schedule is changed.",
    SwapState.DECLINED: ":x: You declined. Nothing is changed.",
    SwapState.EXPIRED: ":hourglass: Nobody answered before the shift began. Nothing is changed.",
    SwapState.OVERTAKEN: ":warning: The schedule was changed meanwhile, so nothing was swapped.",
}


def swap_asked(facts: SwapFacts) -> Message:
    """For who asked, at once."""
    text = f":hourglass_flowing_sand: {kit.mention(facts.asked_of)} is asked. You hear of the answer."
    shift = f"{_shift(facts.schedule, facts.swap.given)}"
    return kit.message("The swap is asked for.", [kit.section(f"{text}\n{shift}")])


def swap_answered(facts: SwapFacts) -> Message:
    """For who asked, when it is over."""
    who = kit.mention(facts.asked_of)
    given, back = _shift(facts.schedule, facts.swap.given), facts.swap.returned
    match facts.swap.state:
        case SwapState.ACCEPTED:
            text = f":white_check_mark: {who} takes your shift\n{given}"
            if back is not None:
                text += f"\nYou take theirs\n{_shift(facts.returned, back)}"
            short = "Your swap is accepted"
        case SwapState.DECLINED:
            text, short = (
                f":x: {who} declined to swap; the shift stays yours\n{given}",
                "Your swap is declined",
            )
        case SwapState.OVERTAKEN:
            text = f":warning: The swap with {who} is void: the schedule was changed meanwhile\n{given}"
            short = "Your swap is void"
        case _:
            text = f":hourglass: {who} did not answer in time; the shift stays yours\n{given}"
            short = "Your swap was not answered"
    return kit.message(short, [kit.section(text)])


def _shift(schedule: Schedule | None, found: Stretch) -> str:
    name = kit.escape(kit.shortened(schedule.name if schedule is not None else found.schedule, 80))
    return f"{name}\n{kit.date_and_time(found.starts_at)} – {kit.date_and_time(found.ends_at)}"


def gaps(facts: GapFacts) -> Message:
    """That nobody will be on call, when exactly, and who might stay longer or come earlier."""
    team = kit.escape(kit.shortened(facts.team.name, 80))
    schedule = kit.escape(kit.shortened(facts.schedule.name, 80))
    blocks = [kit.section(f":warning: *Nobody will be on call for {team}*  ({schedule})")]
    for found, first, last in facts.gaps[:SHOWN]:
        around = [
            f"before: {kit.mention(first)}" if first is not None else "",
            f"after: {kit.mention(last)}" if last is not None else "",
        ]
        text = "\n".join(filter(None, (_bounds(found), "  ·  ".join(filter(None, around)))))
        blocks.append(kit.section(text, _fill(facts.schedule, found)))
    if len(facts.gaps) > SHOWN:
        blocks.append(kit.context(f"And {len(facts.gaps) - SHOWN} more."))
    return kit.message(f"Nobody will be on call for {team}", blocks)


def _bounds(found: Gap) -> str:
    starts, ends = found.starts_at != gap.FAR_BACK, found.ends_at != gap.FAR_AHEAD
    first = kit.date_and_time(found.starts_at) if starts else "already"
    last = kit.date_and_time(found.ends_at) if ends else "until somebody is added"
    length = f" ({kit.span(found.ends_at - found.starts_at)})" if starts and ends else ""
    return f"{first} – {last}{length}"


def _fill(schedule: Schedule, found: Gap) -> Element:
    has_ends = found.starts_at != gap.FAR_BACK and found.ends_at != gap.FAR_AHEAD
    value = str(Stretch(schedule.id, found.starts_at, found.ends_at)) if has_ends else schedule.id
    return kit.button("Set an override…", actions.OVERRIDE, value)


def _name(schedule: Schedule) -> str:
    return f"*{kit.escape(kit.shortened(schedule.name, 80))}*"
