"""Modals and home tabs: triggers, stacks, hashes, and what a submission may answer."""

from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.workspace.errors import InputsRefused, WorkspaceError
from tests.workspace.conftest import Clock, House
from tests.workspace.samples import BUTTON, MODAL


def titled(title: str, **more: Any) -> dict[str, Any]:
    return {**MODAL, "title": {"type": "plain_text", "text": title}, **more}


@pytest.fixture
async def triggers(house: House, bolt: AsyncApp) -> list[str]:
    """Trigger ids, one for each command that ada gives; submissions get what `answers` holds."""
    seen: list[str] = []

    @bolt.command("/incident")
    async def keep(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body["trigger_id"])
        await ack()

    @bolt.view("declare")
    async def answer(ack: Any, view: dict[str, Any]) -> None:
        title = view["state"]["values"]["title"]["text"]["value"]
        match title:
            case "errors":
                await ack(response_action="errors", errors={"title": "Say more."})
            case "nonsense":
                await ack(response_action="errors", errors={"nowhere": "Say more."})
            case "update":
                await ack(response_action="update", view=titled("Updated"))
            case "push":
                await ack(response_action="push", view=titled("Pushed"))
            case "clear":
                await ack(response_action="clear")
            case _:
                await ack()

    await house.connect(bolt)
    return seen


async def opened(house: House, triggers: list[str], view: dict[str, Any] = MODAL) -> str:
    await house.workspace.command(house.ada.id, house.general, "/incident")
    answer = await house.client.views_open(trigger_id=triggers[-1], view=view)
    return str(answer["view"]["id"])


def titles(house: House) -> list[str]:
    return [view["title"]["text"] for view in house.workspace.views(house.ada.id)]


async def test_a_trigger_opens_one_view_within_3s(house: House, clock: Clock, triggers: list[str]) -> None:
    await opened(house, triggers)
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        await house.client.views_open(trigger_id=triggers[-1], view=MODAL)
    await house.workspace.command(house.ada.id, house.general, "/incident")
    clock.forward(3.1)
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await house.client.views_open(trigger_id=triggers[-1], view=MODAL)
    with pytest.raises(SlackApiError, match="invalid_trigger_id"):
        await house.client.views_open(trigger_id="1.2.3", view=MODAL)


async def test_required_inputs_are_refused_before_asking(house: House, triggers: list[str]) -> None:
    view = await opened(house, triggers)
    with pytest.raises(InputsRefused) as refused:
        await house.workspace.submit(house.ada.id, view, {"title": "  "})
    assert list(refused.value.errors) == ["title"]
    assert titles(house) == ["Declare"]


async def test_submission_errors_keep_the_modal_open(house: House, triggers: list[str]) -> None:
    view = await opened(house, triggers)
    ack = await house.workspace.submit(house.ada.id, view, {"title": "errors"})
    assert ack.body["errors"] == {"title": "Say more."}
    assert house.workspace.view_errors(view) == {"title": "Say more."}
    with pytest.raises(WorkspaceError, match="nowhere"):
        await house.workspace.submit(house.ada.id, view, {"title": "nonsense"})
    await house.workspace.submit(house.ada.id, view, {"title": "enough"})
    assert titles(house) == []


async def test_lost_acknowledgement_keeps_the_modal_open(house: House, triggers: list[str]) -> None:
    view = await opened(house, triggers)
    house.workspace.lose_acknowledgements()
    assert not (await house.workspace.submit(house.ada.id, view, {"title": "enough"})).ok
    assert titles(house) == ["Declare"]
    assert (await house.workspace.submit(house.ada.id, view, {"title": "enough"})).ok
    assert titles(house) == []


async def test_submissions_update_push_and_clear(house: House, triggers: list[str]) -> None:
    view = await opened(house, triggers)
    await house.workspace.submit(house.ada.id, view, {"title": "update"})
    assert titles(house) == ["Updated"]
    await house.workspace.submit(house.ada.id, view, {"title": "push"})
    assert titles(house) == ["Updated", "Pushed"]
    top = house.workspace.views(house.ada.id)[-1]
    assert (top["previous_view_id"], top["root_view_id"]) == (view, view)
    await house.workspace.submit(house.ada.id, top["id"], {"title": "done"})
    assert titles(house) == ["Updated"]
    await house.workspace.submit(house.ada.id, view, {"title": "clear"})
    assert titles(house) == []


async def test_an_old_hash_conflicts_with_a_new_view(house: House, triggers: list[str]) -> None:
    view = await opened(house, triggers)
    old = house.workspace.views(house.ada.id)[0]["hash"]
    await house.client.views_update(view_id=view, view=titled("New"), hash=old)
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await house.client.views_update(view_id=view, view=titled("Newer"), hash=old)
    await house.workspace.close_view(house.ada.id, view)
    with pytest.raises(SlackApiError, match="not_found"):
        await house.client.views_update(view_id=view, view=titled("Late"))


async def test_three_views_fill_the_stack(house: House, bolt: AsyncApp, triggers: list[str]) -> None:
    pressed: list[str] = []

    @bolt.action("ack")
    async def press(ack: Any, body: dict[str, Any]) -> None:
        pressed.append(body["trigger_id"])
        await ack()

    deep = titled("Deep", blocks=[BUTTON], submit=None)
    await opened(house, triggers, deep)
    for _ in range(2):
        top = house.workspace.views(house.ada.id)[-1]["id"]
        await house.workspace.press_in_view(house.ada.id, top, "ack")
        await house.client.views_push(trigger_id=pressed[-1], view=deep)
    await house.workspace.press_in_view(house.ada.id, house.workspace.views(house.ada.id)[-1]["id"], "ack")
    with pytest.raises(SlackApiError, match="push_limit_reached"):
        await house.client.views_push(trigger_id=pressed[-1], view=deep)


async def test_closing_is_told_when_asked_for(house: House, bolt: AsyncApp, triggers: list[str]) -> None:
    closed: list[dict[str, Any]] = []

    @bolt.view_closed("declare")
    async def note(ack: Any, body: dict[str, Any]) -> None:
        closed.append(body)
        await ack()

    await house.workspace.close_view(house.ada.id, await opened(house, triggers))
    assert closed == []
    view = await opened(house, triggers, titled("Watched", notify_on_close=True))
    await house.workspace.close_view(house.ada.id, view)
    assert [(body["view"]["id"], body["is_cleared"]) for body in closed] == [(view, False)]


async def test_selects_take_values_texts_and_lists(house: House, bolt: AsyncApp, triggers: list[str]) -> None:
    options = [{"text": {"type": "plain_text", "text": f"SEV{n}"}, "value": f"sev{n}"} for n in range(3)]

    def asked(block: str, kind: str, **more: Any) -> dict[str, Any]:
        label = {"type": "plain_text", "text": block}
        element = {"type": kind, "action_id": block, **more}
        return {"type": "input", "block_id": block, "label": label, "optional": True, "element": element}

    sent: list[dict[str, Any]] = []

    @bolt.view("pick")
    async def pick(ack: Any, view: dict[str, Any]) -> None:
        sent.append({block: dict(one[block]) for block, one in view["state"]["values"].items()})
        await ack()

    blocks = [
        asked("one", "static_select", options=options, initial_option=options[1]),
        asked("two", "static_select", options=options),
        asked("many", "multi_static_select", options=options),
        asked("people", "multi_users_select"),
        asked("day", "datepicker", initial_date="2026-02-01"),
    ]
    view = await opened(house, triggers, titled("Pick", callback_id="pick", blocks=blocks))
    with pytest.raises(WorkspaceError, match="has no option 'sev9'"):
        await house.workspace.submit(house.ada.id, view, {"two": "sev9"})
    picked = {"two": "SEV2", "many": ["sev0", "sev1"], "people": ["U0ADA"]}
    await house.workspace.submit(house.ada.id, view, picked)
    assert sent[0]["one"]["selected_option"]["value"] == "sev1"
    assert sent[0]["two"]["selected_option"]["value"] == "sev2"
    assert [o["value"] for o in sent[0]["many"]["selected_options"]] == ["sev0", "sev1"]
    assert sent[0]["people"]["selected_users"] == ["U0ADA"]
    assert sent[0]["day"]["selected_date"] == "2026-02-01"


async def test_opening_home_tells_the_app(house: House, bolt: AsyncApp) -> None:
    @bolt.event("app_home_opened")
    async def publish(event: dict[str, Any], client: Any) -> None:
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [BUTTON]})

    await house.connect(bolt)
    assert house.workspace.home(house.ada.id) is None
    await house.workspace.open_home(house.ada.id)
    home = await house.workspace.until(lambda: house.workspace.home(house.ada.id))
    assert home["blocks"][0]["block_id"] == "acts"
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await house.client.views_publish(
            user_id=house.ada.id, view={"type": "home", "blocks": []}, hash="0.old"
        )
