"""Commands, buttons and modals, through Bolt in Socket Mode."""

from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp

from tests.workspace.conftest import House
from tests.workspace.samples import BUTTON, MODAL


async def test_a_commands_acknowledgement_is_shown_ephemerally(house: House, bolt: AsyncApp) -> None:
    @bolt.command("/incident")
    async def declare(ack: Any, command: dict[str, Any]) -> None:
        await ack(f"declared {command['text']}")

    await house.connect(bolt)
    ack = await house.workspace.command(house.ada.id, house.general, "/incident", "db is down")
    assert ack.ok
    assert [m["text"] for m in house.workspace.ephemerals(house.ada.id)] == ["declared db is down"]
    assert house.workspace.ephemerals(house.ben.id) == []


@pytest.mark.parametrize("escaped", [True, False])
async def test_a_command_marks_people_with_their_names_if_its_app_wants_it(
    house: House, bolt: AsyncApp, escaped: bool
) -> None:
    heard: list[str] = []

    @bolt.command("/incident")
    async def hear(ack: Any, command: dict[str, Any]) -> None:
        heard.append(command["text"])
        await ack()

    house.app.commands[0]["should_escape"] = escaped
    group = house.workspace.add_user_group("sre")
    await house.connect(bolt)
    typed = "ask @ben & @sre in #general-talk, cc @here"
    await house.workspace.command(house.ada.id, house.general, "/incident", typed)
    ben, sre, talk = f"<@{house.ben.id}|ben>", f"<!subteam^{group}|@sre>", f"<#{house.general}|general-talk>"
    assert heard == [f"ask {ben} &amp; {sre} in {talk}, cc <!here>" if escaped else typed]


async def test_an_unacknowledged_command_tells_its_author(house: House, bolt: AsyncApp) -> None:
    @bolt.command("/incident")
    async def forget(logger: Any) -> None:
        return None

    await house.connect(bolt)
    ack = await house.workspace.command(house.ada.id, house.general, "/incident", "help")
    assert ack.timed_out
    (shown,) = house.workspace.ephemerals(house.ada.id, house.general)
    assert shown["text"] == "/incident failed with the error operation_timeout"


async def test_a_press_carries_message_user_and_state(house: House, bolt: AsyncApp) -> None:
    pressed: list[dict[str, Any]] = []

    @bolt.action("ack")
    async def acknowledge(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        pressed.append(body)
        await respond("thanks", replace_original=False)

    await house.connect(bolt)
    posted = await house.client.chat_postMessage(channel=house.general, text="down", blocks=[BUTTON])
    ack = await house.workspace.press(house.ben.id, house.general, posted["ts"], "ack")
    assert ack.ok
    await house.workspace.until(lambda: house.workspace.ephemerals(house.ben.id))
    (body,) = pressed
    assert body["actions"][0]["value"] == "7"
    assert body["message"]["ts"] == body["container"]["message_ts"] == posted["ts"]
    assert body["user"]["id"] == house.ben.id


async def test_a_modal_sends_its_values_and_closes(house: House, bolt: AsyncApp) -> None:
    sent: list[dict[str, Any]] = []

    @bolt.command("/incident")
    async def ask(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @bolt.view("declare")
    async def declare(ack: Any, view: dict[str, Any]) -> None:
        sent.append(view["state"]["values"])
        await ack()

    await house.connect(bolt)
    await house.workspace.command(house.ada.id, house.general, "/incident", "")
    (view,) = await house.workspace.until(lambda: house.workspace.views(house.ada.id))
    await house.workspace.submit(house.ada.id, view["id"], {"title": "db is down"})
    assert sent == [
        {
            "title": {"text": {"type": "plain_text_input", "value": "db is down"}},
            "lead": {"user": {"type": "users_select", "selected_user": "U0ADA"}},
        }
    ]
    assert house.workspace.views(house.ada.id) == []
