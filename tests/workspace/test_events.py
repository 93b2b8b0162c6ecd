"""The Events API: who hears of what."""

from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.reaching import Ack
from bot.workspace.server import Workspace
from bot.workspace.state import App
from tests.workspace.conftest import MANIFEST, Clock, House

EVERYTHING = {
    **MANIFEST,
    "settings": {
        "event_subscriptions": {
            "bot_events": [
                "message.channels",
                "message.im",
                "member_joined_channel",
                "channel_created",
                "channel_archive",
                "pin_added",
                "reaction_added",
            ]
        }
    },
}


@pytest.fixture
async def heard(house: House) -> list[dict[str, Any]]:
    """Every event that reaches the app once it subscribes to all of them."""
    events: list[dict[str, Any]] = []
    house.app.manifest = EVERYTHING
    bolt = AsyncApp(token=house.app.bot_token, client=house.client, ignoring_self_events_enabled=False)

    @bolt.use
    async def keep(body: dict[str, Any], next: Any) -> None:
        events.append(body["event"])
        await next()

    @bolt.event({"type": "message"})
    async def message() -> None:
        return None

    for kind in EVERYTHING["settings"]["event_subscriptions"]["bot_events"][2:]:

        @bolt.event(kind)
        async def other() -> None:
            return None

    await house.connect(bolt)
    return events


async def test_changes_become_events_in_slacks_shapes(house: House, heard: list[dict[str, Any]]) -> None:
    ts = await house.workspace.say(house.ada.id, house.general, "it broke")
    await house.client.conversations_invite(channel=house.general, users=house.cy.id)
    await house.client.pins_add(channel=house.general, timestamp=ts)
    await house.client.reactions_add(channel=house.general, timestamp=ts, name="eyes")
    made = await house.client.conversations_create(name="inc-1")
    await house.client.conversations_archive(channel=made["channel"]["id"])
    await house.workspace.events.settled()
    by_kind = {event["type"]: event for event in heard}
    assert by_kind["message"]["channel_type"] == "channel"
    assert (by_kind["message"]["user"], by_kind["message"]["ts"]) == (house.ada.id, ts)
    assert (by_kind["member_joined_channel"]["user"], by_kind["member_joined_channel"]["inviter"]) == (
        house.cy.id,
        house.app.bot_user_id,
    )
    assert by_kind["pin_added"]["item"]["message"]["ts"] == ts
    assert by_kind["reaction_added"]["item"] == {"type": "message", "channel": house.general, "ts": ts}
    assert by_kind["channel_created"]["channel"]["name"] == "inc-1"
    assert by_kind["channel_archive"]["channel"] == made["channel"]["id"]


async def test_people_from_elsewhere_are_marked(house: House, heard: list[dict[str, Any]]) -> None:
    guest = house.workspace.add_user("guest", team_id="T0OTHER")
    house.workspace.join(guest.id, house.general)
    await house.workspace.say(guest.id, house.general, "hello")
    await house.workspace.events.settled()
    (said,) = [event for event in heard if event["type"] == "message"]
    assert said["user_team"] == "T0OTHER"


async def test_channels_without_the_bot_stay_unheard(house: House, heard: list[dict[str, Any]]) -> None:
    other = house.workspace.add_channel("other", members=[house.ada])
    await house.workspace.say(house.ada.id, other, "psst")
    await house.workspace.events.settled()
    assert [event for event in heard if event["type"] == "message"] == []


async def test_changed_and_deleted_messages_say_what_was(house: House, heard: list[dict[str, Any]]) -> None:
    posted = await house.client.chat_postMessage(channel=house.general, text="before")
    await house.client.chat_update(channel=house.general, ts=posted["ts"], text="after")
    await house.client.chat_delete(channel=house.general, ts=posted["ts"])
    await house.workspace.events.settled()
    changed, deleted = (
        e for kind in ("message_changed", "message_deleted") for e in heard if e.get("subtype") == kind
    )
    assert (changed["message"]["text"], changed["previous_message"]["text"]) == ("after", "before")
    assert deleted["deleted_ts"] == posted["ts"]


async def test_a_second_workspace_shares_nothing(house: House, clock: Clock) -> None:
    other = Workspace("Other", clock=clock)
    app: App = other.add_app()
    await other.start()
    try:
        assert (await AsyncWebClient(app.bot_token, base_url=other.api_url).auth_test())["team"] == "Other"
        assert other.url != house.workspace.url
    finally:
        await other.stop()
        await other.stop()


def test_an_acknowledgement_reads_texts_and_objects() -> None:
    assert Ack(200, "hi", 0.1).fields == {"text": "hi"}
    assert Ack(200, {"text": "hi"}, 0.1).fields == {"text": "hi"}
    assert not Ack(500, "", 0.1).ok
