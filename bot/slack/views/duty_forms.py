"""Forms about who is on call: an override, a swap."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from bot.domain.ids import SlackUserId
from bot.domain.organization import Person
from bot.domain.override import Stretch
from bot.domain.schedule import Schedule, Shift
from bot.slack.verbs import Verb
from bot.slack.views import inputs, kit, rota
from bot.slack.views.inputs import Metadata, View
from bot.slack.views.kit import Element

Shifts = Sequence[tuple[Schedule, Shift]]


def override(
    schedules: Sequence[Schedule],
    chosen: Schedule | None,
    person: SlackUserId | None,
    starts_at: datetime,
    ends_at: datetime,
    metadata: Metadata,
) -> View:
    """Who is on call in place of whoever would be; times are shown in the reader's own zone."""
    offered = [*([chosen] if chosen else []), *(one for one in schedules if one is not chosen)][: kit.OPTIONS]
    options = [kit.option(one.name, one.id) for one in offered]
    blocks = [
        inputs.field(
            "schedule", "Schedule", inputs.select(options, options[0] if chosen else None, "Choose")
        ),
        inputs.field("person", "Who is on call?", inputs.person(person)),
        inputs.field("starts_at", "From", inputs.moment(starts_at)),
        inputs.field(
            "ends_at", "To", inputs.moment(ends_at), hint="In your own time zone. Whom it concerns is told."
        ),
    ]
    return inputs.modal(Verb.OVERRIDE, "Override", "Set", blocks, metadata)


def swap(own: Shifts, others: Sequence[tuple[Person, Shifts]], metadata: Metadata) -> View:
    """One of my shifts, whom I ask to take it, and what I would take in return."""
    options = [_option(*one) for one in own][: kit.OPTIONS]
    named = Counter(person.name for person, _ in others)
    groups = [
        (_heading(person, is_alone=named[person.name] == 1), [_option(*one) for one in found])
        for person, found in others
        if found
    ]
    blocks = [
        inputs.field(
            "shift",
            "Your shift",
            inputs.select(options, options[0], "Choose"),
            hint="Each time is that of its schedule's zone.",
        ),
        inputs.field("person", "Who should take it?", inputs.person()),
    ]
    if groups:
        blocks.append(
            inputs.field(
                "in_return",
                "Which shift of theirs do you take?",
                inputs.grouped(groups, "None"),
                optional=True,
            )
        )
    return inputs.modal(Verb.SWAP, "Swap a shift", "Ask", blocks, metadata)


def _heading(person: Person, *, is_alone: bool) -> str:
    """The name; of several who are called so, with what the organization file calls each."""
    return person.name if is_alone else f"{person.name} ({person.id})"


def _option(schedule: Schedule, shift: Shift) -> Element:
    value = str(Stretch(schedule.id, shift.starts_at, shift.ends_at))
    return kit.option(rota.option_text(schedule, shift), value)
