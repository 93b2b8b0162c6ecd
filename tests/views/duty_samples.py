"""All that is said of who is on call, to lay out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.gap import FAR_AHEAD, FAR_BACK
from bot.domain.ids import PersonId, ScheduleId, SlackUserId, TeamId
from bot.domain.organization import Person, Team
from bot.domain.rota import GapFacts, HandoffFacts, Rota, ShiftChange, SwapFacts, TeamRota
from bot.domain.schedule import Gap, Layer, Override, Schedule, Shift
from bot.domain.swap import Swap, SwapState
from bot.slack.views import duty, duty_forms
from bot.slack.views import rota as rota_view
from bot.slack.views.inputs import Metadata
from bot.slack.views.kit import Message
from tests.domain.samples import ADA, BEN, NOW
from tests.views.samples import overview

HOURS = timedelta(hours=8)
SHIFT = Shift(BEN, ADA, NOW - HOURS, NOW + HOURS, "weekly")
NEXT = Shift(ADA, BEN, NOW + HOURS, NOW + 2 * HOURS, "weekly")
LATER = Shift(ADA, None, NOW + 2 * HOURS, NOW + 3 * HOURS)


def schedule(name: str) -> Schedule:
    return Schedule(ScheduleId("shop"), name, "Europe/Berlin", (Layer("weekly"),))


def people(name: str) -> dict[PersonId, Person]:
    """One whom Slack knows, and one whom it does not know yet."""
    return {
        ADA: Person(ADA, name, "ada@example.com", slack_id=SlackUserId("U0ADA")),
        BEN: Person(BEN, name, "ben@example.com"),
    }


def rota(name: str, many: int = 1, **changes: Any) -> Rota:
    """A team on call, one with a gap, one without a schedule; and more of the first."""
    found = schedule(name)
    team = Team(TeamId("shop"), name, schedule=found.id)
    first = TeamRota(team, found, NOW, SHIFT, None, NEXT)
    second = TeamRota(team, found, NOW, None, NOW + HOURS, LATER)
    third = TeamRota(team, None, NOW, None, None, None)
    whole = Rota(
        teams=(*[first] * many, second, third),
        people=people(name),
        mine=((found, SHIFT), (found, LATER)),
        reader=ADA,
        may_change=True,
    )
    return replace(whole, **changes)


def swap(state: SwapState, *, has_return: bool = True) -> Swap:
    back = (ScheduleId("shop"), NEXT.starts_at, NEXT.ends_at) if has_return else (None, None, None)
    given = (ScheduleId("shop"), NOW + HOURS, NOW + 2 * HOURS)
    return Swap("s1", BEN, ADA, *given, back[0], back[1], back[2], state, NOW)


def handoff(name: str, **changes: Any) -> HandoffFacts:
    known = people(name)
    whole = HandoffFacts(
        schedule(name),
        known[ADA],
        known[BEN],
        known[BEN],
        NOW + HOURS,
        (overview(title=name[:200] or "x"),),
        9,
    )
    return replace(whole, **changes)


def messages(name: str, many: int = 1) -> Iterator[tuple[str, Message]]:
    """Every message, with its name; everybody and everything in it is called so."""
    known, found = people(name), schedule(name)
    yield "on call", rota_view.oncall(rota(name, many))
    yield "on call then", rota_view.oncall(rota(name, many, is_now=False, may_change=False))
    yield "on call, no team", rota_view.oncall(rota(name, teams=()))
    yield "pager taken", duty.pager_taken(handoff(name))
    yield "pager taken, all quiet", duty.pager_taken(handoff(name, incidents=(), total=0, previous=None))
    yield "pager given", duty.pager_given(handoff(name))
    yield "pager given to nobody", duty.pager_given(handoff(name, primary=None))
    yield "taken over", duty.taken_over(found, NOW)
    override = Override(ADA, NOW, NOW + HOURS)
    for by in (known[BEN], None):
        change = ShiftChange(found, override, known[ADA], (known[BEN],), by)
        yield "overridden", duty.overridden(change)
        yield "shift changed", duty.shift_changed(change, ADA)
        yield "shift changed for the other", duty.shift_changed(change, BEN)
    for state in SwapState:
        facts = SwapFacts(
            swap(state, has_return=state is not SwapState.DECLINED), known[BEN], known[ADA], found, None
        )
        yield f"swap {state}", duty.swap(facts)
        yield f"swap {state} answered", duty.swap_answered(facts)
        yield f"swap {state} asked", duty.swap_asked(facts)
    gaps = (Gap(NOW, NOW + HOURS), Gap(FAR_BACK, NOW), Gap(NOW, FAR_AHEAD))
    around = tuple((gap, known[ADA], known[BEN] if at else None) for at, gap in enumerate(gaps))
    yield "gaps", duty.gaps(GapFacts(Team(TeamId("shop"), name), found, around * many))


def forms(name: str, many: int = 1) -> Iterator[tuple[str, dict[str, Any]]]:
    found, metadata = schedule(name), Metadata(None, "C1")
    schedules = [found, *(replace(found, id=ScheduleId(f"s{n}")) for n in range(many))]
    ends = NOW + HOURS
    yield (
        "override",
        duty_forms.override(schedules, found, SlackUserId("U0ADA"), NOW, ends, metadata),
    )
    yield "override of any", duty_forms.override(schedules, None, None, NOW, ends, metadata)
    shifts = [(found, replace(NEXT, starts_at=NOW + n * HOURS)) for n in range(1, many + 1)]
    others = [(replace(person, name=f"{name}{n}"), shifts) for n, person in enumerate(people(name).values())]
    yield "swap", duty_forms.swap(shifts, others, metadata)
    yield "swap without a return", duty_forms.swap(shifts, [], metadata)
