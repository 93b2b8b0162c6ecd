"""Every role tries every gesture in Slack and every write of the API; forged requests get nobody further."""

import itertools
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession

from bot.domain.audit import Action, AuditEntry
from bot.domain.ids import PersonId
from bot.domain.rights import Role
from bot.domain.timeline import TOCSIN
from bot.operations import audit, look_up, reorganize
from storage.database import Connection
from tests.contract.conftest import Api
from tests.contract.endpoints import PAGE, WRITES, Endpoint
from tests.story import Json, Person, Story, opened, text_of

OURS, OTHER = "INC-2026-001", "INC-2026-002"
VIEWER, RESPONDER, ADMIN = "hana", "ben", "ada"
_ordinals = itertools.count()


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    """Two open incidents, and Slack's requests by HTTP, so that they can be forged."""
    async with opened(tmp_path, by_http=True) as story:
        story.tolerated.add("invalid_trigger_id")  # a forged one opens nothing
        for title in ("Ours", "Other"):
            await story.person(ADMIN).types(f"declare {title} --sev SEV1 --service Checkout")
        yield story


async def forged(story: Story, name: str, payload: Json) -> Json:
    """Send an interaction that no client of Slack would send, well signed; what comes back."""
    story.clock.forward(seconds=2)  # Slack takes one message a second in a channel
    user = {"id": story.ids[name], "team_id": story.workspace.state.team_id}
    payload = {"user": user, "trigger_id": f"forged.{next(_ordinals)}", "token": "", **payload}
    body = urlencode({"payload": json.dumps(payload)}).encode()
    headers = story.workspace.signature(story.installed, body)
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    url = str(story.installed.request_url)
    async with ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        assert answer.status == 200
        text = await answer.text()
    await story.settle()
    answered: Json = json.loads(text) if text else {}
    return answered


async def pressed(story: Story, name: str, action_id: str, value: str) -> str:
    """What the person is told for a button with this value, whoever made it."""
    before = len(story.person(name).dm)
    action: Json = {"type": "button", "action_id": action_id, "block_id": "b", "value": value}
    if action_id == "more":
        action = {"type": "overflow", "action_id": "more", "selected_option": {"value": value}}
    channel = await story.channel(OURS)
    container = {"type": "message", "channel_id": channel, "message_ts": "1.0"}
    asked = {"type": "block_actions", "actions": [action], "container": container}
    await forged(story, name, asked | {"channel": {"id": channel}})
    return " ".join(text_of(one) for one in story.person(name).dm[before:])


async def submitted(story: Story, name: str, form: str, number: str, filled: Mapping[str, Json]) -> str:
    """What the person is told for a form about any incident, whether it was ever shown or not."""
    view = {
        "type": "modal",
        "callback_id": form,
        "private_metadata": json.dumps({"number": number, "channel_id": None}),
        "blocks": [{"type": "input", "block_id": field} for field in filled],
        "state": {"values": {field: {"value": value} for field, value in filled.items()}},
    }
    answer = await forged(story, name, {"type": "view_submission", "view": view})
    return " ".join((answer.get("errors") or {}).values())


def said(text: str) -> Json:
    return {"type": "plain_text_input", "value": text}


def chosen(value: str) -> Json:
    return {"type": "static_select", "selected_option": {"value": value}}


def forms(story: Story) -> list[tuple[str, dict[str, Json]]]:
    """Every form, filled in well, in an order in which an incident can take them."""
    person = {"person": {"type": "users_select", "selected_user": story.ids["chloe"]}}
    return [
        ("note", {"note": said("Look")}),
        ("severity", {"severity": chosen("SEV0")}),
        ("status", {"status": chosen("fixing"), "comment": said("")}),
        ("rename", {"title": said("Checkout is slow"), "description": said("p99 is 9 s")}),
        ("assign", person),
        ("page", person | {"message": said("Look")}),
        ("resolve", {"comment": said("fixed")}),
        ("close", {"comment": said("over")}),
        (
            "postmortem",
            {"summary": said("It broke"), "root_cause": said("A deploy"), "resolution": said("Rolled back")},
        ),
        ("reopen", {"comment": said("again")}),
    ]


BUTTONS = [
    *(("acknowledge", OURS), ("escalate", OURS), ("resolve", OURS), ("close", OURS), ("reopen", OURS)),
    *(("page", OURS), *(("more", f"{one}:{OURS}") for one in ("status", "severity", "assign", "note"))),
    *(("more", f"close:{OURS}"), ("more", f"reopen:{OURS}")),
]
COMMANDS = [
    *("ack", "escalate", "note Look", "note", "severity SEV0", "severity", "status fixing", "status"),
    *("rename Checkout is slow", "rename"),
    *("assign me", "assign", "page @chloe", "page", "resolve fixed", "resolve", "close over"),
]


async def everything(story: Story) -> list[list[str]]:
    return [await story.events(number) for number in (OURS, OTHER)]


async def test_who_was_looked_up_by_email_is_paged_and_in_the_audit_log(
    tmp_path: Path, database_url: str
) -> None:
    """Whoever has the account has that person's rights."""
    async with opened(tmp_path, environment={"DATABASE_URL": database_url}, are_known=False) as story:
        kept = await story.app.database.read(lambda tx: audit.review(tx, TOCSIN))
        found = {one.subject: one.after for one in kept if one.action is Action.IDENTITY}
        assert found["ben"] == f"ben@example.com {story.ids['ben']}"
        await story.person("ben").types("declare Oh no --service Checkout")
        assert len(story.person("farid").pages) == 1


async def refused(story: Story) -> list[AuditEntry]:
    kept = await story.app.database.read(lambda tx: audit.review(tx, TOCSIN))
    return [one for one in kept if one.action is Action.REFUSED]


async def test_viewer_gets_nowhere_by_any_button(story: Story) -> None:
    before = await everything(story)
    for action_id, value in BUTTONS:
        assert "does not let you" in await pressed(story, VIEWER, action_id, value), value
        assert "does not let you" in await pressed(story, VIEWER, action_id, value.replace(OURS, OTHER))
    assert await everything(story) == before
    assert [call.method for call in story.workspace.calls if call.method.startswith("views.")] == []
    assert {(one.actor, one.door) for one in await refused(story)} == {("Hana Kovač", "slack")}


async def test_viewer_gets_nowhere_by_any_form_with_any_incident_in_it(story: Story) -> None:
    before = await everything(story)
    for form, filled in forms(story):
        for number in (OURS, OTHER, "inc-2026-2"):
            assert "does not let you" in await submitted(story, VIEWER, form, number, filled), form
    assert await everything(story) == before


async def test_viewer_gets_nowhere_by_any_command(story: Story) -> None:
    before, hana = await everything(story), story.person(VIEWER)
    for text in COMMANDS:
        verb, _, rest = text.partition(" ")
        assert "does not let you" in (await hana.types(f"{verb} {OURS} {rest}")).text, text
        assert not hana.has_modal
    assert await everything(story) == before


@pytest.mark.parametrize("name", [RESPONDER, ADMIN])
async def test_who_may_gets_everywhere(story: Story, name: str) -> None:
    for number in (OURS, OTHER):
        for action_id in ("acknowledge", "escalate"):
            before = await everything(story)
            await pressed(story, name, action_id, number)
            assert await everything(story) != before, action_id
        for form, filled in forms(story):
            before = await everything(story)
            assert await submitted(story, name, form, number, filled) == "", form
            assert await everything(story) != before, form
    assert await refused(story) == []


async def test_viewer_rings_the_alarm(story: Story) -> None:
    hana = story.person(VIEWER)
    assert "INC-2026-003" in (await hana.types("declare The till is on fire")).text
    assert (await story.overview("INC-2026-003")).incident.declared_by == "Hana Kovač"
    await hana.types("declare")
    assert hana.has_modal


async def test_demoted_between_form_and_submission_is_refused(story: Story) -> None:
    ben = story.person(RESPONDER)
    await ben.types(f"resolve {OURS}")
    await demoted(story, ben)
    errors = await ben.submits(comment="fixed")
    assert "does not let you resolve" in " ".join(errors.values())
    assert (await story.overview(OURS)).incident.is_open


async def demoted(story: Story, person: Person) -> None:
    def operation(tx: Connection) -> None:
        organization = look_up.organization(tx)
        handle = PersonId(person.name)
        people = {**organization.people, handle: replace(organization.people[handle], role=Role.VIEWER)}
        reorganize.apply(tx, story.clock.now(), TOCSIN, replace(organization, people=people))

    await story.app.database.write(operation)


@pytest.mark.parametrize("endpoint", [*WRITES[1:], PAGE], ids=str)
async def test_key_of_a_viewer_changes_nothing(story: Story, endpoint: Endpoint) -> None:
    """Whatever scopes it has: a key that acts for a person may do what the person may, so declare."""
    async with ClientSession() as session:
        api = Api(story, session)
        before = await everything(story)
        reply = await endpoint.ask(api, await api.key(person=VIEWER))
        assert (reply.status, reply.json["error"]["code"]) == (403, "FORBIDDEN")
        assert "does not let you" in reply.json["error"]["message"]
        assert await everything(story) == before
        (kept,) = await refused(story)
        assert (kept.door, kept.person_id, kept.role) == ("api", "hana", "viewer")
        assert kept.key_id
