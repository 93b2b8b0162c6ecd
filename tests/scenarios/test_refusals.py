"""Who may not, and what is not understood: a clear private refusal, and nothing done."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from sqlalchemy import text

from storage.database import Connection
from tests.story import ORGANIZATION, Json, Person, Story, opened, text_of


def stranger(story: Story, name: str, **how: Any) -> Person:
    user = story.workspace.add_user(name, **how)
    story.ids[name] = user.id
    story.workspace.channel("general").members.append(user.id)
    return story.person(name)


async def test_unknown_person_is_refused_privately(story: Story) -> None:
    answer = await stranger(story, "zoe").types("declare Oh no")
    assert "does not know you yet" in answer.text
    assert "No" in (await story.person("ada").types("list")).text


@pytest.mark.parametrize(
    ("fault", "why", "what_helps"),
    [
        ({"http_status": 502}, "Slack failed", "try again in a moment"),
        ({"error": "service_unavailable"}, "Slack is not well", "try again in a moment"),
        ({"error": "missing_scope"}, "the app lacks", "an admin of the app must mend that"),
        ({"drop": True}, "the connection to Slack broke", "try again in a moment"),
    ],
)
async def test_nobody_is_called_unknown_because_slack_does_not_tell(
    story: Story, fault: Json, why: str, what_helps: str
) -> None:
    story.tolerated |= {fault.get("error", "")}
    newcomer = stranger(story, "zoe")
    story.workspace.faults.add("users.info", **fault, times=9)
    answer = (await newcomer.types("declare Oh no")).text
    assert why in answer
    assert f"Nothing was done; {what_helps}." in answer
    assert "does not know you" not in answer
    story.workspace.faults.clear()
    assert "does not know you yet" in (await newcomer.types("declare Oh no")).text
    assert "No" in (await story.person("ada").types("list")).text


async def test_foreign_person_is_refused_privately(story: Story) -> None:
    await story.person("ada").types("declare Oh no")
    guest = stranger(story, "quinn", team_id="T0OTHER", email="ada@example.com")
    told = await guest.presses(await story.announcement(), "acknowledge")
    assert "Only members of this workspace" in told
    assert (await story.overview()).incident.acknowledged_at is None


async def test_deactivated_person_is_refused_privately(tmp_path: Path) -> None:
    organization = tmp_path / "organization.yaml"
    text = ORGANIZATION.read_text(encoding="utf-8")
    changed = text.replace("email: ben@example.com}", "email: ben@example.com, slack: U0BEN, active: false}")
    organization.write_text(changed, encoding="utf-8")
    story = Story(tmp_path, organization=organization)
    await story.open()
    try:
        story.workspace.add_user("ben2", user_id="U0BEN")
        story.ids["ben2"] = "U0BEN"
        answer = await story.person("ben2").types("declare Oh no")
        assert "deactivated" in answer.text
    finally:
        await story.close()


async def test_viewer_may_look_but_not_act(story: Story) -> None:
    hana = story.person("hana")
    await story.person("ada").types("declare Oh no")
    assert "does not let you acknowledge" in (await hana.types("ack INC-2026-001")).text
    assert "Oh no" in (await hana.types("show INC-2026-001")).text
    assert (await story.overview()).incident.acknowledged_at is None


async def forged(story: Story, payload: Json) -> tuple[int, str]:
    """Send an interaction that no client of Slack would send, well signed; status and body."""
    user = {"id": story.ids["ada"], "team_id": story.workspace.state.team_id}
    payload = {"user": user, "trigger_id": f"forged.{story.clock.now()}", "token": "", **payload}
    body = urlencode({"payload": json.dumps(payload)}).encode()
    headers = story.workspace.signature(story.installed, body)
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    url = str(story.installed.request_url)
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "{}",
        "[]",
        '{"number": null, "channel_id": null}',
        '{"number": 7, "channel_id": null}',
        '{"number": "x", "channel_id": null}',
    ],
)
async def test_tampered_form_is_refused(tmp_path: Path, metadata: str) -> None:
    async with opened(tmp_path, by_http=True) as story:
        await story.person("ada").types("declare Oh no")
        block = {"type": "input", "block_id": "comment"}
        values = {"comment": {"value": {"type": "plain_text_input", "value": "fixed"}}}
        view: Json = {
            "type": "modal",
            "callback_id": "resolve",
            "private_metadata": metadata,
            "blocks": [block],
        }
        view["state"] = {"values": values}
        status, answer = await forged(story, {"type": "view_submission", "view": view})
        assert (status, json.loads(answer)["response_action"]) == (200, "errors")
        assert (await story.overview()).incident.is_open


@pytest.mark.parametrize(
    ("field", "filled"),
    [
        ("title", {"selected_options": [{"value": "Oh no"}]}),
        ("title", {"selected_date_time": 7}),
        ("services", {"value": "checkout"}),
        ("services", {"selected_options": [{}]}),
    ],
)
async def test_form_with_another_input_is_refused_beside_it(tmp_path: Path, field: str, filled: Json) -> None:
    async with opened(tmp_path, by_http=True) as story:
        view = {
            "type": "modal",
            "callback_id": "declare",
            "private_metadata": '{"number": null, "channel_id": null}',
            "blocks": [{"type": "input", "block_id": "title"}, {"type": "input", "block_id": "services"}],
            "state": {"values": {"title": {"value": {"value": "Oh no"}}, field: {"value": filled}}},
        }
        status, answer = await forged(story, {"type": "view_submission", "view": view})
        assert status == 200
        assert json.loads(answer)["errors"] == {field: "Is not what this form asks for."}


async def test_who_acts_in_another_workspace_is_not_taken_for_one_of_ours(tmp_path: Path) -> None:
    """Slack names a person's own workspace most of the time, and else that in which they act."""
    async with opened(tmp_path, by_http=True) as story:
        await story.person("ada").types("declare Oh no")
        ours, ada = story.workspace.state.team_id, story.ids["ada"]
        press = {"type": "button", "action_id": "acknowledge", "block_id": "b", "value": "INC-2026-001"}
        asked: Json = {"type": "block_actions", "actions": [press], "channel": {"id": "C1"}}
        await forged(story, asked | {"user": {"id": ada}, "team": {"id": "T0OTHER"}})
        await story.settle()
        assert "Only members of this workspace" in text_of(story.person("ada").dm[-1])
        assert (await story.overview()).incident.acknowledged_at is None
        story.clock.forward(seconds=2)
        await forged(story, asked | {"user": {"id": ada, "team_id": ours}, "team": {"id": "T0OTHER"}})
        await story.settle()
        assert (await story.overview()).incident.acknowledged_by == "Ada Okafor"


async def test_app_of_a_whole_grid_serves_who_acts_without_a_workspace(tmp_path: Path) -> None:
    async with opened(tmp_path, by_http=True) as story:
        await story.person("ada").types("declare Oh no")
        press = {"type": "button", "action_id": "acknowledge", "block_id": "b", "value": "INC-2026-001"}
        asked: Json = {"type": "block_actions", "actions": [press], "is_enterprise_install": True}
        await forged(story, asked | {"user": {"id": story.ids["ada"]}, "team": None})
        await story.settle()
        assert (await story.overview()).incident.acknowledged_by == "Ada Okafor"


@pytest.mark.parametrize(
    ("action_id", "value"),
    [
        ("acknowledge", ""),
        ("acknowledge", "INC-2026-999"),
        ("escalate", "'; DROP TABLE incidents"),
        ("escalate", "INC-2026-001 "),
        ("escalate", "INC-2026-001 1.0"),
        ("escalate", "INC-2026-001 1.0.1.1"),
        ("escalate", "INC-2026-001 1.0.x"),
        ("escalate", "INC-2026-001 -1.0.1"),
        ("escalate", "INC-2026-001 1.0.١"),
        ("escalate", "INC-2026-001 1.0." + "9" * 1_900),
        ("escalate", "INC-2026-001  1.0.1"),
        ("escalate", "INC-2026-001 1.0.0"),
        ("escalate", "INC-2026-001 1.0.2"),
        ("escalate", "INC-2026-001 2.0.1"),
        ("escalate", "INC-2026-999 1.0.1"),
        ("more", "delete:INC-2026-001"),
        ("more", "status"),
        ("nothing_we_made", "INC-2026-001"),
    ],
)
async def test_tampered_button_is_refused(tmp_path: Path, action_id: str, value: str) -> None:
    async with opened(tmp_path, by_http=True) as story:
        await story.person("ada").types("declare Oh no")
        before = await story.events()
        action = {"type": "button", "action_id": action_id, "block_id": "b", "value": value}
        container = {"type": "message", "channel_id": await story.channel(), "message_ts": "1.0"}
        status, _ = await forged(
            story,
            {"type": "block_actions", "actions": [action], "container": container, "channel": {"id": "C1"}},
        )
        await story.settle()
        assert status == 200
        assert await story.events() == before


async def test_slow_database_answers_still_working_then_the_answer(story: Story) -> None:
    is_held, block = threading.Event(), threading.Event()

    def hold(tx: Connection) -> None:
        if story.app.database.is_shared:
            tx.execute(text("LOCK TABLE incidents IN EXCLUSIVE MODE"))
            is_held.set()
            tx.execute(text("SELECT pg_sleep(2.3)"))
        else:
            is_held.set()
            block.wait(10)

    holding = asyncio.ensure_future(story.app.database.write(hold))
    while not is_held.is_set():  # noqa: ASYNC110 - another thread holds it
        await asyncio.sleep(0.001)
    asyncio.get_running_loop().call_later(2.3, block.set)
    answer = await story.person("ada").types("declare Oh no")
    await holding
    assert "Still working" in answer.text
    await story.workspace.until(
        lambda: "declared" in str(story.workspace.ephemerals(story.ids["ada"])).lower()
    )
    await story.settle()


async def test_whole_story_by_signed_http(tmp_path: Path) -> None:
    async with opened(tmp_path, by_http=True) as story:
        ada = story.person("ada")
        await ada.types("declare Oh no --service Checkout")
        await story.person("ben").presses(await story.card(), "acknowledge")
        await ada.types("resolve INC-2026-001")
        await ada.submits(comment="fixed")
        await story.workspace.open_home(ada.id)
        assert await story.events() == ["Declared", "Assigned", "Escalated", "Acknowledged", "Resolved"]
