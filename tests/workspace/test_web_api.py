"""The Web API, through Slack's own client: what it answers and what it refuses."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.workspace.conftest import MANIFEST, House


async def refusal(call: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


async def test_bot_knows_who_it_is(house: House) -> None:
    who = await house.client.auth_test()
    assert (who["user_id"], who["team"]) == (house.app.bot_user_id, "Acme")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "invalid_name_required"),
        ("Loud", "invalid_name_specials"),
        ("two words", "invalid_name_specials"),
        ("---", "invalid_name_punctuation"),
        ("a" * 81, "invalid_name_maxlength"),
        ("general-talk", "name_taken"),
        ("here", "name_taken"),
    ],
)
async def test_bad_channel_names_are_refused(house: House, name: str, error: str) -> None:
    assert await refusal(house.client.conversations_create(name=name)) == error


async def test_archived_channels_keep_their_name(house: House) -> None:
    made = await house.client.conversations_create(name="störung-1")
    channel = made["channel"]["id"]
    await house.client.conversations_archive(channel=channel)
    assert await refusal(house.client.conversations_create(name="störung-1")) == "name_taken"
    assert await refusal(house.client.chat_postMessage(channel=channel, text="x")) == "is_archived"
    assert await refusal(house.client.conversations_archive(channel=channel)) == "already_archived"


async def test_invitation_refuses_everyone_or_forces_some(house: House) -> None:
    channel = house.general
    gone = house.workspace.add_user("gone", deleted=True).id
    invite = house.client.conversations_invite
    assert await refusal(invite(channel=channel, users=house.ada.id)) == "already_in_channel"
    assert await refusal(invite(channel=channel, users=house.app.bot_user_id)) == "cant_invite_self"
    assert await refusal(invite(channel=channel, users="U0NOBODY")) == "user_not_found"
    assert await refusal(invite(channel=channel, users=[house.cy.id, gone])) == "user_disabled"
    assert house.cy.id not in house.workspace.channel(channel).members
    answer = await invite(channel=channel, users=[house.cy.id, gone], force=True)
    assert answer["errors"][0]["user"] == gone
    assert house.cy.id in house.workspace.channel(channel).members


async def test_public_channels_need_membership_to_read(house: House) -> None:
    other = house.workspace.add_channel("other", members=[house.cy])
    hidden = house.workspace.add_channel("hidden", members=[house.cy], private=True)
    await house.client.chat_postMessage(channel=other, text="chat:write.public lets me")
    assert await refusal(house.client.conversations_history(channel=other)) == "not_in_channel"
    assert await refusal(house.client.pins_add(channel=other, timestamp="1.0")) == "not_in_channel"
    assert await refusal(house.client.chat_postMessage(channel=hidden, text="x")) == "channel_not_found"
    await house.client.conversations_join(channel=other)
    assert (await house.client.conversations_history(channel=other))["messages"][0]["text"].startswith("chat")


async def test_a_direct_message_opens_once(house: House) -> None:
    first = await house.client.conversations_open(users=house.ada.id)
    again = await house.client.conversations_open(users=[house.ada.id])
    assert first["channel"]["id"] == again["channel"]["id"]
    assert again["already_open"]
    await house.client.chat_postMessage(channel=house.ada.id, text="wake up")
    assert [m["text"] for m in house.workspace.dm(house.ada.id)] == ["wake up"]


async def test_nobody_can_dm_bots_or_the_departed(house: House) -> None:
    robot = house.workspace.add_user("robot", is_bot=True).id
    dm = (await house.client.conversations_open(users=house.ben.id))["channel"]["id"]
    house.workspace.deactivate(house.ben.id)
    assert await refusal(house.client.conversations_open(users=robot)) == "cannot_dm_bot"
    assert await refusal(house.client.conversations_open(users=house.ben.id)) == "user_disabled"
    assert await refusal(house.client.conversations_open(users="U0NOBODY")) == "user_not_found"
    assert await refusal(house.client.chat_postMessage(channel=dm, text="x")) == "user_disabled"
    assert await refusal(house.client.users_lookupByEmail(email="ben@example.com")) == "users_not_found"


async def test_metadata_comes_back_only_when_asked(house: House) -> None:
    metadata = {"event_type": "delivery", "event_payload": {"id": "d1"}}
    await house.client.chat_postMessage(channel=house.general, text="one", metadata=metadata)
    plain = await house.client.conversations_history(channel=house.general)
    full = await house.client.conversations_history(channel=house.general, include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert full["messages"][0]["metadata"] == metadata


async def test_history_is_paged_and_bounded(house: House) -> None:
    house.workspace.rate_limits.enabled = False
    sent = [(await house.client.chat_postMessage(channel=house.general, text=str(n)))["ts"] for n in range(7)]
    assert sent == sorted(set(sent))
    pages: list[str] = []
    async for page in await house.client.conversations_history(channel=house.general, limit=3):
        pages += [m["text"] for m in page["messages"]]
    assert pages == ["6", "5", "4", "3", "2", "1", "0"]
    some = await house.client.conversations_history(channel=house.general, oldest=sent[4])
    assert [m["text"] for m in some["messages"]] == ["6", "5"]


async def test_replies_stay_out_of_the_channel(house: House) -> None:
    post = house.client.chat_postMessage
    parent = (await post(channel=house.general, text="parent"))["ts"]
    await post(channel=house.general, text="quiet", thread_ts=parent)
    await post(channel=house.general, text="loud", thread_ts=parent, reply_broadcast=True)
    assert [m["text"] for m in house.workspace.messages(house.general)] == ["parent", "loud"]
    replies = await house.client.conversations_replies(channel=house.general, ts=parent)
    assert [m["text"] for m in replies["messages"]] == ["parent", "quiet", "loud"]
    assert replies["messages"][0]["reply_count"] == 2


async def test_only_own_messages_can_be_changed(house: House) -> None:
    theirs = await house.workspace.say(house.ada.id, house.general, "mine")
    mine = (await house.client.chat_postMessage(channel=house.general, text="before"))["ts"]
    change = house.client.chat_update
    assert await refusal(change(channel=house.general, ts=theirs, text="x")) == "cant_update_message"
    assert await refusal(change(channel=house.general, ts="1.000001", text="x")) == "message_not_found"
    assert await refusal(change(channel=house.general, ts=mine, text="x" * 4001)) == "msg_too_long"
    await change(channel=house.general, ts=mine, text="after")
    changed = house.workspace.messages(house.general)[-1]
    assert (changed["text"], changed["ts"], "edited" in changed) == ("after", mine, True)
    await house.client.chat_delete(channel=house.general, ts=mine)
    assert await refusal(house.client.chat_delete(channel=house.general, ts=mine)) == "message_not_found"


async def test_a_new_text_leaves_the_old_blocks(house: House) -> None:
    divider = {"type": "divider", "block_id": "d"}
    ts = (await house.client.chat_postMessage(channel=house.general, text="a", blocks=[divider]))["ts"]
    await house.client.chat_update(channel=house.general, ts=ts, text="b")
    assert house.workspace.messages(house.general)[0]["blocks"] == [divider]
    await house.client.chat_update(channel=house.general, ts=ts, text="c", blocks=[])
    assert "blocks" not in house.workspace.messages(house.general)[0]


async def test_blocks_are_refused_that_are_too_much_together(house: House) -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}
    post = house.client.chat_postMessage
    assert await refusal(post(channel=house.general, text="a", blocks=[section] * 5)) == "msg_blocks_too_long"
    ts = (await post(channel=house.general, text="a", blocks=[section] * 4))["ts"]
    change = house.client.chat_update(channel=house.general, ts=ts, text="a", blocks=[section] * 5)
    assert await refusal(change) == "msg_blocks_too_long"


async def test_replies_need_a_thread_to_join(house: House) -> None:
    post = house.client.chat_postMessage
    assert await refusal(post(channel=house.general, text="x", thread_ts="0")) == "invalid_thread_ts"
    assert await refusal(post(channel=house.general, text="x", thread_ts="1.000001")) == "thread_not_found"


async def test_ephemerals_are_for_members_only(house: House) -> None:
    whisper = house.client.chat_postEphemeral
    await whisper(channel=house.general, user=house.ada.id, text="psst")
    assert await refusal(whisper(channel=house.general, user=house.cy.id, text="x")) == "user_not_in_channel"
    empty = house.client.api_call("chat.postEphemeral", params={"channel": house.general, "user": "U0ADA"})
    assert await refusal(empty) == "no_text"
    assert [m["text"] for m in house.workspace.ephemerals(house.ada.id)] == ["psst"]
    assert house.workspace.messages(house.general) == []


async def test_pings_are_written_down(house: House) -> None:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "<!subteam^S1|@sre> <@U0ADA>"}}
    quiet = {"type": "header", "text": {"type": "plain_text", "text": "<!everyone>"}}
    posted = await house.client.chat_postMessage(
        channel=house.general, text="<!here> &lt;!channel&gt;", blocks=[block, quiet]
    )
    rung = [(what) for channel, ts, what in house.workspace.pings if ts == posted["ts"]]
    assert rung == ["!here", "!subteam^S1", "@U0ADA"]


async def test_pins_bookmarks_and_reactions_are_kept(house: House) -> None:
    client, channel = house.client, house.general
    ts = (await client.chat_postMessage(channel=channel, text="card"))["ts"]
    await client.pins_add(channel=channel, timestamp=ts)
    assert await refusal(client.pins_add(channel=channel, timestamp=ts)) == "already_pinned"
    link = {"title": "Status", "type": "link", "link": "https://example.com"}
    await client.bookmarks_add(channel_id=channel, **link)
    await client.reactions_add(channel=channel, timestamp=ts, name="eyes")
    assert (
        await refusal(client.reactions_add(channel=channel, timestamp=ts, name="eyes")) == "already_reacted"
    )
    place = house.workspace.channel("general-talk")
    assert (place.pins, place.bookmarks[0]["title"]) == ([ts], "Status")
    assert house.workspace.messages(channel)[0]["reactions"][0]["count"] == 1


async def test_user_groups_hold_existing_people_only(house: House) -> None:
    group = (await house.client.usergroups_create(name="On call", handle="oncall"))["usergroup"]["id"]
    assert await refusal(house.client.usergroups_create(name="On call")) == "name_already_exists"
    await house.client.usergroups_users_update(usergroup=group, users=[house.ada.id])
    assert (await house.client.usergroups_users_list(usergroup=group))["users"] == [house.ada.id]
    update = house.client.usergroups_users_update
    assert await refusal(update(usergroup=group, users=["U0NOBODY"])) == "invalid_users"
    assert await refusal(update(usergroup=group, users=[house.app.bot_user_id])) == "invalid_users"
    assert await refusal(update(usergroup=group, users=[])) == "no_users_provided"


async def test_files_reach_the_channel_they_are_shared_in(house: House) -> None:
    await house.client.files_upload_v2(channel=house.general, content="one\ntwo", filename="log.txt")
    (message,) = house.workspace.messages(house.general)
    async with aiohttp.request("GET", message["files"][0]["url_private"]) as answer:
        assert await answer.text() == "one\ntwo"


async def test_tokens_and_methods_are_checked(house: House) -> None:
    stranger = AsyncWebClient("xoxb-wrong", base_url=house.workspace.api_url)
    assert await refusal(stranger.auth_test()) == "invalid_auth"
    assert await refusal(AsyncWebClient("", base_url=house.workspace.api_url).auth_test()) == "not_authed"
    app_level = AsyncWebClient(house.app.app_token, base_url=house.workspace.api_url)
    assert await refusal(app_level.auth_test()) == "not_allowed_token_type"
    assert await refusal(house.client.api_call("chat.shout")) == "unknown_method"
    house.app.token_error = "token_revoked"
    assert await refusal(house.client.auth_test()) == "token_revoked"


async def test_missing_scopes_are_named(house: House) -> None:
    manifest = {**MANIFEST, "oauth_config": {"scopes": {"bot": ["channels:history"]}}}
    poor = house.workspace.add_app("Poor", "poor", manifest)
    client = AsyncWebClient(poor.bot_token, base_url=house.workspace.api_url)
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=house.general, text="x")
    assert refused.value.response["needed"] == "chat:write"
    assert refused.value.response["provided"] == "channels:history"
    assert await refusal(client.conversations_create(name="secret", is_private=True)) == "missing_scope"
    assert await refusal(client.conversations_history(channel=house.general)) == "not_in_channel"


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"{", "application/json", "invalid_json"),
        (b"[1]", "application/json", "json_not_object"),
        (b"[" * 100_000, "application/json", "invalid_json"),
        (b"\xff", "application/json", "invalid_json"),
        (b'{"channel": {"a": 1}}', "application/json", "invalid_arguments"),
        (b"text=x", "application/x-www-form-urlencoded", "channel_not_found"),
        (b"x", "multipart/form-data; boundary=b", "invalid_form_data"),
    ],
)
async def test_malformed_requests_get_slacks_error(
    house: House, body: bytes, content_type: str, error: str
) -> None:
    headers = {"Content-Type": content_type, "Authorization": f"Bearer {house.app.bot_token}"}
    async with aiohttp.request(
        "POST", f"{house.workspace.api_url}chat.postMessage", data=body, headers=headers
    ) as answer:
        assert answer.status == 200
        assert (await answer.json())["error"] == error


async def test_every_call_is_witnessed_in_order(house: House) -> None:
    await house.client.chat_postMessage(channel=house.general, text="x", blocks=[{"type": "divider"}])
    await refusal(house.client.conversations_info(channel="C0NOWHERE"))
    first, second = house.workspace.calls
    assert (first.method, first.args["blocks"], first.http_status) == (
        "chat.postMessage",
        [{"type": "divider"}],
        200,
    )
    assert second.answer["error"] == "channel_not_found"
    assert house.app.bot_token not in str(house.workspace.calls)
