"""The simulation says what the engine really does, to the second, when nobody answers.

The engine runs as it always does (deadlines, outbox, a Slack workspace, a mail server); only the clock is
moved, from one thing that is due to the next, until nothing is due any more.
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from bot.domain import escalation
from bot.domain.simulation import Step, simulate
from bot.domain.sla import Severity
from bot.domain.timeline import Declared, DeliveryFailed
from bot.operations import deliver, look_up, reorganize
from storage import deadlines
from storage.database import Connection
from storage.tables import outbox
from tests import demo
from tests.mail import post_office
from tests.mail.post_office import PostOffice
from tests.story import ORGANIZATION, START, Story, opened

#: When, whom, by what.
Paged = tuple[datetime, str, str]

#: Rules, quiet hours, somebody who has left, and a service's own policy with a branch, several targets, a
#: level that reaches nobody, and repeats.
CHANGES = {
    "farid@example.com}": """farid@example.com, notify: {high: [
        {channel: slack}, {channel: email, after: 5 min}, {channel: slack, after: 12 min}]}}""",
    "chloe@example.com}": """chloe@example.com,
        notify: {low: [{channel: slack}, {channel: email, after: 30 min}]},
        quiet_hours: {time_zone: Europe/Berlin, hours: [{from: "22:00", to: "07:00"}]}}""",
    "emi@example.com}": "emi@example.com, active: false}",
    "description: Finding products}": """escalation_policies: {SEV1: {repeat: 2, levels: [
        {targets: [{lead_of: platform}, {secondary_of: web}], timeout: 3 min, branches: [
          {during: [{from: "06:00", to: "18:00"}], time_zone: Europe/Berlin, targets: [{team: web}]}]},
        {people: [emi], timeout: 2 min},
        {targets: [{schedule: payments}, {person: dev}], timeout: 4 min}]}}}""",
}
EVERYBODY = {"ada", "ben", "emi", "farid", "gus"}
NIGHT = datetime(2026, 3, 29, 0, 40, tzinfo=UTC)  # twenty minutes before Berlin's clocks go forward


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office.opened() as office:
        yield office


@pytest.fixture
def organization(tmp_path: Path) -> Path:
    text = ORGANIZATION.read_text(encoding="utf-8")
    for was, to in CHANGES.items():
        assert text.count(was) == 1, was
        text = text.replace(was, to)
    path = tmp_path / "organization.yaml"
    path.write_text(text, encoding="utf-8")
    return path


async def know_user_groups(story: Story) -> None:
    """Slack's people make the user groups that a level pages, and Tocsin hears of it."""
    organized = await story.app.database.read(look_up.organization)
    for handle in escalation.user_groups(organized):
        story.workspace.add_user_group(handle, [story.ids["farid"], story.ids["ada"]])
    await story.forward(minutes=1)
    await story.app.database.write(lambda tx: reorganize.seek_user_groups(tx, story.clock.now()))
    await story.settle()


async def run_out(story: Story) -> None:
    """Move the clock from one thing that is due to the next, until nothing is."""
    while (moment := await story.app.database.read(lambda tx: next_due(tx, story.clock.now()))) is not None:
        await story.forward(seconds=max((moment - story.clock.now()).total_seconds(), 0))


def next_due(tx: Connection, now: datetime) -> datetime | None:
    found = (deadlines.earliest(tx), deliver.next_attempt(tx, now, ()))
    return min((one for one in found if one is not None), default=None)


def pages_sent(tx: Connection) -> Sequence[Row[Any]]:
    """Every page of the outbox that was not dropped."""
    is_page = (outbox.c.kind == "page") & (outbox.c.state != "dropped")
    rows = tx.execute(select(outbox).where(is_page)).all()
    assert {row.state for row in rows} == {"sent"}
    return rows


def without_older(rows: Sequence[Row[Any]]) -> list[Paged]:
    """What the simulation tells of them.

    A page that follows later may go out although a newer event owes the same at the same moment, where its
    turn came before the event's. Only the newer one is told.
    """
    newest: dict[Paged, int] = {}
    for row in rows:
        newest[_paged(row)] = max(newest.get(_paged(row), 0), row.sequence)
    return sorted(_paged(row) for row in rows if row.sequence == newest[_paged(row)])


def _paged(row: Row[Any]) -> Paged:
    return row.owed_at, row.person_id, row.method


def pages_told(steps: tuple[Step, ...]) -> list[Paged]:
    return sorted((step.at, page.person_id, page.method.value) for step in steps for page in step.pages)


async def compare(
    folder: Path, file: Path, office: PostOffice, service: str, severity: Severity, start: datetime
) -> tuple[Step, ...]:
    """What the simulation tells, which is what the engine did."""
    settings = {"SMTP_URL": office.url(), "EMAIL_FROM": "tocsin@example.com"}
    async with opened(folder, organization=file, environment=settings, start=start) as story:
        await know_user_groups(story)
        await story.person("ada").types(f"declare Oh no --sev {severity} --service {service}")
        number = f"INC-{start.year}-001"
        incident = (await story.overview(number)).incident
        organized = await story.app.database.read(look_up.organization)
        about = [organized.services[one] for one in incident.service_ids]
        steps = simulate(organized, severity, organized.slas[severity], about, incident.created_at)
        await run_out(story)
        done = [(entry.at, entry.event) for entry in await story.entries(number)]
        assert [one for one in done if not isinstance(one[1], Declared | DeliveryFailed)] == [
            (step.at, step.event)
            for step in steps
            if not step.is_later and not isinstance(step.event, Declared)
        ]
        sent = await story.app.database.read(pages_sent)
        assert pages_told(steps) == without_older(sent)
        methods = Counter(row.method for row in sent)
        assert len(office.letters) == methods["email"]
        assert sum(len(story.person(name).pages) for name in story.ids) == methods["slack"]
    return steps


@pytest.mark.parametrize(
    ("service", "severity", "start"),
    [
        ("Checkout", "SEV0", START),  # rules
        ("Checkout", "SEV1", NIGHT),
        ("Search", "SEV1", START),  # repeats, several targets, a level that reaches nobody
        ("Search", "SEV1", NIGHT),  # and the branch
        ("Search", "SEV3", START),  # quiet hours
        ("Search", "SEV3", NIGHT),
        ("Database", "SEV2", START),
    ],
)
async def test_engine_does_what_the_simulation_says(
    tmp_path: Path, organization: Path, office: PostOffice, service: str, severity: str, start: datetime
) -> None:
    steps = await compare(tmp_path, organization, office, service, Severity(severity), start)
    assert steps[-1].at - steps[0].at > timedelta(minutes=30)


@pytest.mark.parametrize(
    ("service", "severity", "start", "paged"),
    [
        # The clocks go back meanwhile; the service's own policy repeats, somebody has rules.
        ("payments", "SEV1", datetime(2026, 10, 25, 0, 20, tzinfo=UTC), EVERYBODY),
        # Within the branch's hours: the whole team.
        ("payments", "SEV1", datetime(2026, 3, 2, 15, 10, tzinfo=UTC), EVERYBODY),
        # A layer of Monday mornings has the pager; a user group.
        ("database", "SEV1", datetime(2026, 3, 2, 9, 50, tzinfo=UTC), {"ada", "dev", "farid", "gus"}),
        # Within a layer of its season.
        (
            "payments",
            "SEV0",
            datetime(2026, 11, 25, 12, 50, tzinfo=UTC),
            {"ben", "farid", "emi", "gus", "ada"},
        ),
        # The override.
        ("checkout", "SEV1", datetime(2026, 12, 24, 15, 30, tzinfo=UTC), {"gus", "ben", "emi", "ada"}),
        # Low urgency within quiet hours, which end before the policy does.
        ("storefront", "SEV3", datetime(2026, 3, 7, 8, 45, tzinfo=UTC), {"dev", "chloe", "ada"}),
    ],
)
async def test_engine_does_what_is_said_of_the_demo_organization(
    tmp_path: Path, office: PostOffice, service: str, severity: str, start: datetime, paged: set[str]
) -> None:
    file = demo.organization_in(tmp_path)
    steps = await compare(tmp_path, file, office, service, Severity(severity), start)
    assert {page.person_id for step in steps for page in step.pages} == paged
