"""Policies that begin again, branch by the hour, belong to a service, or page a user group."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import ClientSession

from bot import organization_file
from bot.domain.timeline import TOCSIN, Escalated
from bot.operations import reorganize, respond
from storage.database import Connection
from tests.contract.conftest import Api
from tests.scenarios.outages import fail, is_quiet
from tests.story import ORGANIZATION, Story, buttons_of, opened, text_of

TWO_LEVELS = [{"role": "primary", "timeout": "15 min"}, {"role": "secondary", "timeout": "10 min"}]


def organization(**parts: Any) -> dict[str, Any]:
    """The organization of the stories with other policies for SEV1, or other services."""
    file: dict[str, Any] = yaml.safe_load(ORGANIZATION.read_text(encoding="utf-8"))
    for part, changes in parts.items():
        for handle, change in changes.items():
            file[part][handle] = {**file[part].get(handle, {}), **change}
    return file


@asynccontextmanager
async def told(folder: Path, **parts: Any) -> AsyncIterator[Story]:
    path = folder / "organization.yaml"
    path.write_text(yaml.safe_dump(organization(**parts), sort_keys=False, default_flow_style=None), "utf-8")
    async with opened(folder, organization=path) as story:
        yield story


async def apply(story: Story, **parts: Any) -> None:
    """The organization changes while the story goes on."""
    wanted = organization_file.parse(yaml.safe_dump(organization(**parts), default_flow_style=None), "x")
    now = story.clock.now()
    await story.app.database.write(lambda tx: reorganize.apply(tx, now, TOCSIN, wanted))
    await story.settle()


async def declare(story: Story, service: str = "Checkout", severity: str = "SEV1") -> None:
    await story.person("ada").types(f"declare Oh no --sev {severity} --service {service}")


async def pages(story: Story) -> dict[str, int]:
    counts = {name: len(story.person(name).pages) for name in story.ids}
    return {name: count for name, count in counts.items() if count}


def sev1(*levels: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"SEV1": {"levels": list(levels), **more}}


async def test_policy_begins_again_until_its_repeats_are_used_up(tmp_path: Path) -> None:
    async with told(tmp_path, escalation_policies=sev1(*TWO_LEVELS, repeat=1)) as story:
        await declare(story)
        for minutes in (15, 10):
            await story.forward(minutes=minutes)
        assert await pages(story) == {"farid": 2, "ada": 1}
        assert "Level 1 again (repeat 1): paged *Farid Haddad*" in (await story.said())[-1]
        assert "has begun again, and you are level 1" in text_of(story.person("farid").pages[1])
        await story.forward(minutes=15)
        assert await pages(story) == {"farid": 2, "ada": 2}
        await story.forward(minutes=10)
        assert (await story.events())[-1] == "EscalationExhausted"
        await story.forward(hours=1)
        assert await pages(story) == {"farid": 2, "ada": 3, "gus": 1}


async def test_card_says_that_the_first_level_is_next_again(tmp_path: Path) -> None:
    async with told(tmp_path, escalation_policies=sev1(*TWO_LEVELS, repeat=1)) as story:
        await declare(story)
        await story.forward(minutes=15)
        card = await story.card()
        assert re.search(r"then Farid Haddad again at 2026-03-02 03:2\d", text_of(card))
        assert "escalate" not in buttons_of(card)
        answer = await story.person("ben").types("escalate INC-2026-001")
        assert "is at its last level" in answer.text
        assert (await story.overview()).incident.repeats == 0


async def test_admins_hear_that_no_level_has_anybody(tmp_path: Path) -> None:
    path, file = tmp_path / "organization.yaml", organization(escalation_policies=sev1(*TWO_LEVELS))
    del file["teams"]["payments"]["schedule"]
    path.write_text(yaml.safe_dump(file, sort_keys=False), "utf-8")
    async with opened(tmp_path, organization=path) as story:
        await declare(story)
        assert (await story.events())[-3:] == ["LevelPassed", "LevelPassed", "EscalationExhausted"]
        assert "no level has anybody to page" in text_of(story.person("gus").pages[0]).replace("*", "")
        assert "no level has anybody, the admins were paged" in text_of(await story.card())
        assert "No level has anybody: paged the admins" in (await story.said())[-1]


async def test_page_of_an_earlier_pass_asks_no_more_once_its_person_is_paged_again(tmp_path: Path) -> None:
    async with told(tmp_path, escalation_policies=sev1(*TWO_LEVELS, repeat=1)) as story:
        await declare(story)
        await story.forward(minutes=15)
        await story.forward(minutes=10)
        first, second = story.person("farid").pages
        assert "You have been paged about it again since" in text_of(first)
        assert "again since" not in text_of(second)
        assert "again since" not in text_of(story.person("ada").pages[0])
        await story.person("farid").presses(second, "acknowledge")
        await story.forward(hours=1)
        assert await pages(story) == {"farid": 2, "ada": 1}


async def test_page_held_up_through_a_whole_pass_arrives_once(tmp_path: Path) -> None:
    async with told(tmp_path, escalation_policies=sev1(*TWO_LEVELS, repeat=1)) as story:
        await declare(story)
        story.tolerated |= {"internal_error"}
        fail(story, "chat.postMessage", error="internal_error")
        for minutes in (15, 10, 15):
            story.clock.forward(minutes=minutes)
            await story.app.deadlines.look()
            await is_quiet(story)
        story.workspace.faults.clear()
        await story.settle()
        assert await pages(story) == {"farid": 2, "ada": 1}


async def test_admins_are_paged_where_escalating_by_hand_after_an_acknowledgement_finds_nobody(
    tmp_path: Path,
) -> None:
    levels = sev1({"role": "primary"}, {"targets": [{"user_group": "nobody-here"}]})
    async with told(tmp_path, escalation_policies=levels) as story:
        await declare(story)
        await story.person("farid").types("ack INC-2026-001")
        await story.person("farid").types("escalate INC-2026-001")
        assert (await story.events())[-2:] == ["LevelPassed", "EscalationExhausted"]
        assert await pages(story) == {"farid": 1, "ada": 1, "gus": 1}


async def test_reopening_gives_a_policy_its_repeats_back(tmp_path: Path) -> None:
    async with told(tmp_path, escalation_policies=sev1(*TWO_LEVELS, repeat=1)) as story:
        await declare(story)
        for minutes in (15, 10):
            await story.forward(minutes=minutes)
        assert (await story.overview()).incident.repeats == 1
        await story.person("ben").types("resolve INC-2026-001 fixed")
        await story.person("ben").types("reopen INC-2026-001 it is back")
        assert (await story.overview()).incident.repeats == 0


async def test_policy_of_whom_nobody_can_be_reached_does_not_begin_again(tmp_path: Path) -> None:
    async with told(tmp_path, escalation_policies=sev1(*TWO_LEVELS, repeat=5)) as story:
        fail(story, "conversations.open", error="user_disabled")
        await declare(story)
        events = await story.events()
        assert events.count("EscalationExhausted") == 1
        assert events.count("Escalated") == 2


async def test_who_was_reached_before_two_hundred_notes_was_reached(tmp_path: Path) -> None:
    def notes(tx: Connection) -> None:
        for number in range(210):
            respond.note(tx, story.clock.now(), TOCSIN, "INC-2026-001", f"note {number}")

    async with told(tmp_path, escalation_policies=sev1(*TWO_LEVELS, repeat=1)) as story:
        await declare(story)
        await story.app.database.write(notes)
        fail(story, "conversations.open", error="user_disabled")
        await story.forward(minutes=15)
        assert await pages(story) == {"farid": 2}


async def test_branch_that_covers_the_moment_is_paged(tmp_path: Path) -> None:
    by_day = {
        "during": [{"from": "09:00", "to": "17:00"}],
        "time_zone": "Europe/Berlin",
        "targets": [{"team": "web"}],
    }
    level = {"targets": [{"person": "emi"}], "timeout": "15 min", "branches": [by_day]}
    async with told(tmp_path, escalation_policies=sev1(level)) as story:
        await declare(story)
        assert await pages(story) == {"emi": 1}
        await story.forward(hours=5)
        await declare(story)
        assert {
            name: count for name, count in (await pages(story)).items() if name not in ("ada", "gus")
        } == {
            "emi": 1,
            "chloe": 1,
            "ben": 1,
            "farid": 1,
        }


async def test_service_with_a_policy_of_its_own_comes_before_the_severitys(tmp_path: Path) -> None:
    own = {"checkout": {"escalation_policies": sev1({"people": ["dev", "emi"], "timeout": "5 min"})}}
    async with told(tmp_path, services=own) as story:
        await declare(story)
        assert await pages(story) == {"dev": 1, "emi": 1}
        await declare(story, "Database")
        assert "dev" in await pages(story)
        assert (await story.overview("INC-2026-002")).levels == 3


async def test_policy_of_a_service_that_goes_gives_way_to_the_severitys(tmp_path: Path) -> None:
    own = {"checkout": {"escalation_policies": sev1(*[{"people": ["dev"]}, {"people": ["ben"]}])}}
    async with told(tmp_path, services=own) as story:
        await declare(story)
        await apply(story)
        await story.forward(minutes=15)
        assert await pages(story) == {"dev": 1, "ada": 1}
        assert (await story.overview()).incident.level == 2


async def test_level_that_vanishes_means_the_next_that_exists(tmp_path: Path) -> None:
    three = [{"people": [name], "timeout": "10 min"} for name in ("dev", "ben", "chloe")]
    async with told(tmp_path, escalation_policies=sev1(*three)) as story:
        await declare(story)
        await story.forward(minutes=15)
        await apply(story, escalation_policies=sev1(three[0]))
        await story.forward(minutes=10)
        assert (await story.events())[-1] == "EscalationExhausted"
        assert await pages(story) == {"dev": 1, "ben": 1, "ada": 1, "gus": 1}


async def test_api_names_the_targets_of_levels_that_are_no_single_role(tmp_path: Path) -> None:
    night = {
        "during": [{"from": "22:00", "to": "07:00"}],
        "time_zone": "Europe/Berlin",
        "targets": [{"user_group": "oncall-db"}],
    }
    several = {
        "targets": [{"person": "ada"}, {"secondary_of": "web"}, {"role": "manager"}],
        "branches": [night],
    }
    levels = sev1({"targets": [{"role": "team_lead"}]}, several)
    async with told(tmp_path, escalation_policies=levels) as story, ClientSession() as session:
        policy = await (await Api(story, session).client()).escalation_policy(severity="SEV1")
        assert [(one["role"], one.get("targets")) for one in policy["levels"]] == [
            ("team_lead", None),
            ("custom", ["ada@example.com", "secondary_of:web", "role:manager", "user_group:oncall-db"]),
        ]


def add_group(story: Story, handle: str, *members: str) -> None:
    """Somebody makes a user group in Slack, or changes who is in it."""
    users = [story.ids[name] for name in members]
    group = {"id": "S1", "handle": handle, "name": handle, "date_delete": 0, "users": users}
    story.workspace.state.usergroups["S1"] = {**group, "user_count": len(users)}


GROUP = sev1({"targets": [{"user_group": "oncall-db"}], "timeout": "15 min"})


async def test_user_group_is_paged_as_it_was_last_seen(tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        add_group(story, "oncall-db", "ben", "hana", "dev")
        await apply(story, escalation_policies=GROUP)
        await declare(story)
        assert await pages(story) == {"ben": 1, "dev": 1}
        add_group(story, "oncall-db", "emi")
        fail(story, "usergroups.*", error="internal_error")
        await story.app.housekeeping.tidy()
        await is_quiet(story)
        story.workspace.faults.clear()
        await declare(story)
        assert (await pages(story))["ben"] == 2
        await story.forward(minutes=1)
        await story.app.housekeeping.tidy()
        await story.settle()
        await declare(story)
        assert (await pages(story))["emi"] == 1


async def test_user_group_that_is_not_there_is_nobody_until_it_is(tmp_path: Path) -> None:
    async with told(tmp_path, escalation_policies=GROUP) as story:
        await declare(story)
        events = await story.events()
        assert events[-2:] == ["LevelPassed", "EscalationExhausted"]
        add_group(story, "oncall-db", "emi")
        await story.forward(hours=1)
        await story.app.housekeeping.tidy()
        await story.settle()
        await declare(story)
        assert (await pages(story))["emi"] == 1


@pytest.mark.parametrize("repeat", [0, 2])
async def test_timeline_keeps_which_pass_it_was(tmp_path: Path, repeat: int) -> None:
    async with told(tmp_path, escalation_policies=sev1(*TWO_LEVELS, repeat=repeat)) as story:
        await declare(story)
        for minutes in (15, 10) * (repeat + 1):
            await story.forward(minutes=minutes)
        kept = [entry.event for entry in await story.entries()]
        passes = [event.repeat for event in kept if isinstance(event, Escalated)]
        assert passes == [n for n in range(repeat + 1) for _ in TWO_LEVELS]
        assert replace((await story.overview()).incident, repeats=repeat) == (await story.overview()).incident
