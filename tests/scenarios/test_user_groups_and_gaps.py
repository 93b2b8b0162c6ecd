"""A schedule's Slack user group follows the pager, and a team hears of a gap a week before it."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from bot.domain.hours import Hours, Weekday
from bot.domain.ids import PersonId, ScheduleId
from tests.scenarios.rotas import organization, relayered, rescheduled, reteamed, warnings
from tests.scenarios.test_handoffs import HANDOFF
from tests.story import Json, Story, buttons_of, text_of

DAY = 24
PLATFORM = ScheduleId("platform")


def group(story: Story, handle: str = "oncall-platform") -> Json | None:
    groups = story.workspace.state.usergroups.values()
    return next((one for one in groups if one["handle"] == handle), None)


def members(story: Story) -> list[str]:
    found = group(story)
    assert found is not None
    names = {slack_id: name for name, slack_id in story.ids.items()}
    return [names[one] for one in found["users"]]


def asked(story: Story, method: str) -> int:
    return sum(call.method == method for call in story.workspace.calls)


async def test_group_is_made_and_follows_the_pager(story: Story) -> None:
    assert group(story) is None
    await rescheduled(story, user_group="oncall-platform")
    assert members(story) == ["chloe"]
    await story.forward(hours=5)
    assert members(story) == ["dev"]
    answer = await story.person("ben").types("oncall platform")
    assert answer.message is not None
    await story.person("ben").presses(answer.message, "take_over")
    assert members(story) == ["ben"]


async def test_group_that_is_right_already_is_left_alone(story: Story) -> None:
    await rescheduled(story, user_group="oncall-platform")
    updates = asked(story, "usergroups.users.update")
    await story.forward(hours=4)  # still the same shift
    await story.app.stop()
    await story.start_app()
    assert asked(story, "usergroups.users.update") == updates


async def test_group_that_people_changed_is_put_right_within_a_day(story: Story) -> None:
    await rescheduled(story, user_group="oncall-platform")
    await story.forward(hours=5)
    found = group(story)
    assert found is not None
    found["users"] = [story.ids["gus"]]
    await story.forward(hours=DAY)
    assert members(story) == ["dev"]


async def test_group_is_disabled_in_a_gap_and_comes_back(story: Story) -> None:
    await rescheduled(story, user_group="oncall-platform")
    await relayered(story, ends_at=HANDOFF)
    await story.forward(hours=5)
    found = group(story)
    assert found is not None
    assert found["date_delete"]
    assert members(story) == ["chloe"]  # Slack takes no empty group
    await relayered(story, ends_at=None)
    assert not found["date_delete"]
    assert members(story) == ["dev"]


@pytest.mark.parametrize("error", ["paid_teams_only", "permission_denied", "missing_scope"])
async def test_what_only_an_admin_of_slack_can_mend_is_said_once_and_holds_nothing_up(
    story: Story, error: str
) -> None:
    story.tolerated.add(error)
    story.workspace.faults.add("usergroups.create", error, times=100)
    await rescheduled(story, user_group="oncall-platform")
    assert asked(story, "usergroups.create") == 1
    await story.person("ada").types("declare Pool is full --sev SEV1 --service Database")
    assert len(story.person("chloe").pages) == 1


async def test_gap_is_told_once_a_week_before_with_its_bounds(story: Story) -> None:
    await relayered(story, ends_at=HANDOFF + timedelta(days=10))
    assert warnings(story) == []
    await story.forward(hours=3 * DAY + 5, minutes=-1)
    assert warnings(story) == []
    await story.forward(minutes=1)
    (warning,) = warnings(story)
    said = text_of(warning)
    assert "*Nobody will be on call for Platform*" in said
    assert "2026-03-12 08:00 UTC – until somebody is added" in said
    assert f"before: <@{story.ids['ben']}>" in said
    assert buttons_of(warning) == ["override"]
    await story.forward(hours=2 * DAY)
    assert len(warnings(story)) == 1


async def test_gap_is_closed_with_the_button_of_its_warning(story: Story) -> None:
    first, last = HANDOFF + timedelta(days=2), HANDOFF + timedelta(days=3)
    await _with_a_gap(story, first, last)
    (warning,) = warnings(story)
    assert "2026-03-04 08:00 UTC – 2026-03-05 08:00 UTC (1 d)" in text_of(warning)
    gus = story.person("gus")
    await gus.presses(warning, "override")
    assert await gus.submits(person=story.ids["gus"]) == {}
    (override,) = (await organization(story)).schedules[PLATFORM].overrides
    assert (override.person, override.starts_at, override.ends_at) == (PersonId("gus"), first, last)
    await story.forward(hours=DAY)
    assert len(warnings(story)) == 1


async def test_gap_that_changes_is_told_again_and_one_that_closes_is_not(story: Story) -> None:
    first, last = HANDOFF + timedelta(days=2), HANDOFF + timedelta(days=3)
    await _with_a_gap(story, first, last)
    await _with_a_gap(story, first, last + timedelta(hours=1))
    assert len(warnings(story)) == 2
    await _with_a_gap(story, first, first)
    await story.forward(hours=1)
    assert len(warnings(story)) == 2


async def _with_a_gap(story: Story, first: datetime, last: datetime) -> None:
    (layer, *_) = (await organization(story)).schedules[PLATFORM].layers
    rest = replace(layer, name="rest", starts_at=last, ends_at=None)
    await rescheduled(story, layers=(replace(layer, ends_at=first), rest))


async def test_gap_closed_before_the_warning_went_out_is_not_told(story: Story) -> None:
    story.tolerated.add("service_unavailable")
    story.workspace.faults.add("chat.postMessage", "service_unavailable", times=10_000)
    layers = (await organization(story)).schedules[PLATFORM].layers
    await relayered(story, waits=False, ends_at=HANDOFF + timedelta(days=2))
    await story.workspace.until(lambda: asked(story, "chat.postMessage"))
    story.workspace.faults.clear()
    await rescheduled(story, layers=layers)
    await story.forward(minutes=3)
    assert warnings(story) == []


async def test_team_with_a_channel_of_its_own_hears_of_it_there(story: Story) -> None:
    story.workspace.add_channel("platform-team")
    await reteamed(story, channel="platform-team")
    await relayered(story, ends_at=HANDOFF + timedelta(days=2))
    assert (len(warnings(story, "platform-team")), len(warnings(story))) == (1, 0)


async def test_nights_of_office_hours_are_told_once_and_not_every_day(story: Story) -> None:
    working = tuple(Weekday)[:5]
    await relayered(story, hours=(Hours(time(9), time(17), working),))
    assert len(warnings(story)) == 1  # a week of nights, in one message
    for _ in range(9):
        await story.forward(hours=DAY)
    assert len(warnings(story)) == 1


async def test_warning_whose_answer_was_lost_comes_once(story: Story) -> None:
    story.workspace.faults.add("chat.postMessage", after_work=True, times=2)
    await relayered(story, ends_at=HANDOFF + timedelta(days=2))
    await story.forward(minutes=1)
    assert len(warnings(story)) == 1
