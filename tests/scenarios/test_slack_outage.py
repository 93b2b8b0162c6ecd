"""Slack does not answer: pages go out by e-mail, nothing is lost or doubled, and then it is over."""

from pathlib import Path
from typing import Any

import pytest

from bot.domain.contact import Method
from bot.domain.timeline import TOCSIN
from bot.operations import look_up, page
from tests.scenarios.outages import (
    FARID,
    FARID_BY_BOTH,
    FARID_BY_EMAIL,
    declares,
    fail,
    pass_by,
    types,
    with_mail,
)
from tests.story import Story, buttons_of, text_of

FAILURES = [
    {"drop": True},
    {"http_status": 500},
    {"http_status": 502},
    {"error": "internal_error"},
    {"error": "token_revoked"},
]


@pytest.mark.parametrize("how", FAILURES, ids=str)
async def test_page_goes_by_email_after_thirty_seconds_without_slack(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    async with with_mail(tmp_path) as (story, office):
        fail(story, **how)
        await declares(story)
        await pass_by(story, 29)
        assert office.letters == []
        await pass_by(story, 2)
        assert [letter.recipient for letter in office.letters] == [FARID]
        assert "PageRerouted" in await story.events()
        story.workspace.faults.clear()
        await story.settle()
        assert story.person("farid").pages == []
        assert len(office.letters) == 1
        assert "is paged by e-mail; Slack has not answered for 30 s" in " ".join(await story.said())


async def test_acknowledged_during_the_outage_nobody_is_paged_by_slack(
    tmp_path: Path, database_url: str
) -> None:
    async with with_mail(tmp_path, database_url=database_url) as (story, office):
        fail(story, http_status=500)
        await declares(story)
        await pass_by(story, 40)
        assert len(office.letters) == 1
        await types(story, "ben", "ack INC-2026-001")
        story.workspace.faults.clear()
        await story.settle()
        assert story.person("farid").pages == []


async def test_page_whose_answer_was_lost_is_found_and_not_sent_again(tmp_path: Path) -> None:
    """Slack took the page and then fell silent: the letter goes out, and the page keeps its buttons true."""
    async with with_mail(tmp_path) as (story, office):
        fail(story, "chat.postMessage", after_work=True)
        fail(story, "conversations.history", http_status=500)
        fail(story, "conversations.replies", http_status=500)
        await declares(story)
        await pass_by(story, 40)
        assert [letter.recipient for letter in office.letters] == [FARID]
        story.workspace.faults.clear()
        await story.settle()
        (page,) = story.person("farid").pages
        await types(story, "ben", "ack INC-2026-001")
        await story.settle()
        (page,) = story.person("farid").pages
        assert "Acknowledged by" in text_of(page)


async def test_card_that_is_found_again_shows_what_is_so(story: Story) -> None:
    """Slack took the card, but its answer was lost; before it is found somebody acknowledges."""
    fail(story, "chat.postMessage", after_work=True)
    fail(story, "conversations.history", http_status=500)
    await declares(story)
    await pass_by(story, 10)
    await types(story, "ben", "ack INC-2026-001")
    await pass_by(story, 10)
    story.workspace.faults.clear()
    await story.settle()
    assert "acknowledge" not in buttons_of(await story.card())


async def test_without_a_mail_server_the_page_goes_out_when_slack_is_back(story: Story) -> None:
    fail(story, http_status=503)
    await declares(story)
    await pass_by(story, 120)
    assert await story.events() == ["Declared", "Assigned", "Escalated"]
    story.workspace.faults.clear()
    await story.settle()
    assert len(story.person("farid").pages) == 1


async def test_letters_that_the_mail_server_does_not_take_become_pages_by_slack(tmp_path: Path) -> None:
    async with with_mail(tmp_path, FARID_BY_EMAIL) as (story, office):
        await office.stop()
        await declares(story)
        await pass_by(story, 29)
        assert story.person("farid").pages == []
        await pass_by(story, 2)
        assert len(story.person("farid").pages) == 1
        await office.start()
        await story.settle()
        assert office.letters == []
        assert "is paged by Slack; e-mail has not answered for 30 s" in " ".join(await story.said())


async def test_level_that_neither_slack_nor_email_reaches_is_passed(
    tmp_path: Path, database_url: str
) -> None:
    async with with_mail(tmp_path, database_url=database_url) as (story, office):
        office.faults.answers["RCPT"] = "550 5.1.1 No such user"
        office.faults.times = 1
        fail(story, http_status=500)
        await declares(story)
        await pass_by(story, 65)
        assert (await story.overview()).incident.level == 2
        assert [letter.recipient for letter in office.letters] == ["ada@example.com"]
        story.workspace.faults.clear()
        await story.settle()
        assert [len(story.person(name).pages) for name in ("farid", "ada")] == [1, 0]


async def test_level_is_passed_though_its_letter_failed_before_slack_was_late(tmp_path: Path) -> None:
    async with with_mail(tmp_path, FARID_BY_BOTH) as (story, office):
        office.faults.answers["RCPT"] = "550 5.1.1 No such user"
        office.faults.times = 1
        fail(story, http_status=500)
        await declares(story)
        await pass_by(story, 29)
        assert (await story.overview()).incident.level == 1
        await pass_by(story, 7)
        assert (await story.overview()).incident.level == 2
        story.workspace.faults.clear()
        await story.settle()


async def test_while_neither_answers_the_level_keeps_its_time(tmp_path: Path) -> None:
    async with with_mail(tmp_path) as (story, office):
        await office.stop()
        fail(story, http_status=500)
        await declares(story)
        await pass_by(story, 120)
        assert (await story.overview()).incident.level == 1
        await office.start()
        await pass_by(story, 15)
        assert [letter.recipient for letter in office.letters] == [FARID]
        story.workspace.faults.clear()
        await story.settle()
        assert story.person("farid").pages == []


async def test_person_paged_both_ways_gets_both_after_an_outage(tmp_path: Path) -> None:
    async with with_mail(tmp_path, FARID_BY_BOTH) as (story, office):
        fail(story, http_status=500)
        await declares(story)
        await pass_by(story, 60)
        assert len(office.letters) == 1
        story.workspace.faults.clear()
        await story.settle()
        assert len(story.person("farid").pages) == 1
        assert "PageRerouted" not in await story.events()


async def test_page_by_hand_goes_by_email_once(tmp_path: Path, database_url: str) -> None:
    async with with_mail(tmp_path, database_url=database_url) as (story, office):
        await declares(story)
        await story.settle()
        fail(story, http_status=500)
        await types(story, "ben", 'page INC-2026-001 @chloe please look at "methods":["slack"]')
        await pass_by(story, 29)
        assert office.letters == []
        await pass_by(story, 30)
        (letter,) = office.letters
        assert letter.recipient == "chloe@example.com"
        assert '> please look at "methods":["slack"]' in letter.text
        story.workspace.faults.clear()
        await story.settle()
        assert story.person("chloe").pages == []
        assert len(office.letters) == 1
        assert "Chloé Martin* is paged by e-mail; Slack has not answered" in " ".join(await story.said())


async def test_page_by_hand_whose_channel_was_named_keeps_to_it(tmp_path: Path, database_url: str) -> None:
    async with with_mail(tmp_path, database_url=database_url) as (story, office):
        await declares(story)
        await story.settle()
        fail(story, http_status=500)
        organization = await story.app.database.read(look_up.organization)
        chloe = organization.person_by_email("chloe@example.com")
        assert chloe is not None
        now, by_slack = story.clock.now(), (Method.SLACK,)
        await story.app.database.write(
            lambda tx: page.page(tx, now, TOCSIN, "INC-2026-001", chloe.id, None, by_slack)
        )
        await pass_by(story, 60)
        assert office.letters == []
        story.workspace.faults.clear()
        await story.settle()
        assert len(story.person("chloe").pages) == 1


async def test_page_by_hand_that_is_over_meanwhile_wakes_nobody(tmp_path: Path) -> None:
    async with with_mail(tmp_path) as (story, office):
        await declares(story)
        await story.settle()
        fail(story, http_status=500)
        await types(story, "ben", "page INC-2026-001 @chloe please look")
        await types(story, "ben", "resolve INC-2026-001 fixed")
        await pass_by(story, 60)
        story.workspace.faults.clear()
        await story.settle()
        assert (office.letters, story.person("chloe").pages) == ([], [])
