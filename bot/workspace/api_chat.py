"""`chat.*`: posting, changing, deleting, whispering, permalinks."""

import json
from typing import Any

from bot.workspace import messages
from bot.workspace.asking import Ask, Method
from bot.workspace.blocks import check_size, checked_content
from bot.workspace.errors import SlackError
from bot.workspace.state import Channel, Json

METADATA_BYTES, EDIT_LIMIT = 16_000, 4_000


def content(ask: Ask) -> Json:
    """Text, blocks and attachments as they will be kept; None for what was not given."""
    blocks, attachments = ask.json("blocks"), ask.json("attachments")
    if ask.args.get("blocks") not in (None, "") and blocks is None:
        raise SlackError("invalid_blocks_format")
    if ask.args.get("attachments") not in (None, "") and attachments is None:
        raise SlackError("invalid_attachments")
    check_size(blocks)
    text = ask.text("text") if ask.args.get("text") is not None else None
    return checked_content(ask.state, text, blocks, attachments)


def _require_content(fields: Json) -> None:
    if not (fields["text"] or fields["blocks"] or fields["attachments"]):
        raise SlackError("no_text")


def _metadata(ask: Ask) -> Json | None:
    if ask.args.get("metadata") in (None, ""):
        return None
    given: Any = ask.json("metadata")
    shaped = isinstance(given, dict) and isinstance(given.get("event_type"), str) and given["event_type"]
    if not shaped or not isinstance(given.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    if len(json.dumps(given)) > METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return {"event_type": given["event_type"], "event_payload": given["event_payload"]}


def _destination(ask: Ask) -> Channel:
    """Where a message goes: a channel's id or name, or the DM of a user's id."""
    wanted = ask.text("channel")
    if wanted[:1] in ("U", "W") and wanted in ask.state.users:
        return ask.state.open_direct(ask.bot, wanted)[0]
    found = ask.state.find_channel(wanted) if wanted else None
    channel = ask.visible(found.id if found else wanted)
    if channel.is_im and any(ask.state.users[member].deleted for member in channel.members):
        raise SlackError("user_disabled")
    return channel


def _may_write(ask: Ask, channel: Channel) -> None:
    if channel.is_archived:
        raise SlackError("is_archived")
    if ask.bot not in channel.members and not ask.app.may("chat:write.public"):
        raise SlackError("not_in_channel")


def post_message(ask: Ask) -> Json:
    channel = _destination(ask)
    _may_write(ask, channel)
    fields = content(ask)
    _require_content(fields)
    fields["metadata"] = _metadata(ask)
    fields["username"] = ask.text("username") or None
    message = messages.post(
        ask.state,
        channel,
        messages.from_app(ask.app, fields),
        thread_ts=ask.text("thread_ts") or None,
        broadcast=ask.flag("reply_broadcast"),
    )
    return {"channel": channel.id, "ts": message["ts"], "message": messages.shown(message, metadata=True)}


def post_ephemeral(ask: Ask) -> Json:
    (user_id,) = ask.need("user")
    channel = _destination(ask)
    _may_write(ask, channel)
    if user_id not in channel.members:
        raise SlackError("user_not_in_channel")
    fields = content(ask)
    _require_content(fields)
    message = messages.from_app(ask.app, fields)
    shown = messages.whisper(ask.state, channel.id, user_id, message, ask.text("thread_ts") or None)
    return {"message_ts": shown["ts"]}


def _own(ask: Ask, channel: Channel, refusal: str) -> Json:
    """A message of this app. Raises `message_not_found`, or `refusal` when somebody else wrote it."""
    (ts,) = ask.need("ts")
    message = channel.by_ts.get(ts)
    if message is None:
        raise SlackError("message_not_found")
    if message.get("bot_id") != ask.app.bot_id:
        raise SlackError(refusal)
    return message


def update(ask: Ask) -> Json:
    channel = ask.channel()
    message = _own(ask, channel, "cant_update_message")
    if channel.is_archived:
        raise SlackError("is_archived")
    fields = content(ask)
    if fields["text"] is None and fields["blocks"] is None and fields["attachments"] is None:
        raise SlackError("no_text")
    if len(fields["text"] or "") > EDIT_LIMIT:
        raise SlackError("msg_too_long")
    if fields["blocks"] is None and fields["text"] is None:
        fields["text"] = message["text"]
    # Blocks and attachments stay unless replaced; an empty array takes them away. Many apps stumble over it:
    # https://github.com/slackapi/python-slack-sdk/issues/523, https://github.com/slack-go/slack/issues/1214
    kept = {name: None if value == [] else value for name, value in fields.items() if value is not None}
    if "metadata" in ask.args:
        kept["metadata"] = _metadata(ask)
    messages.change(ask.state, channel, message, kept, ask.bot)
    answer = messages.shown(message, metadata=True)
    return {"channel": channel.id, "ts": message["ts"], "text": message["text"], "message": answer}


def delete(ask: Ask) -> Json:
    channel = ask.channel()
    message = _own(ask, channel, "cant_delete_message")
    if channel.is_archived:
        raise SlackError("is_archived")
    messages.delete(ask.state, channel, message)
    return {"channel": channel.id, "ts": message["ts"]}


def get_permalink(ask: Ask) -> Json:
    channel = ask.channel()
    (ts,) = ask.need("message_ts")
    message = channel.by_ts.get(ts)
    if message is None:
        raise SlackError("message_not_found")
    link = f"{ask.state.url}/archives/{channel.id}/p{ts.replace('.', '')}"
    if message.get("thread_ts", ts) != ts:
        link += f"?thread_ts={message['thread_ts']}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


METHODS: dict[str, Method] = {
    "chat.postMessage": post_message,
    "chat.postEphemeral": post_ephemeral,
    "chat.update": update,
    "chat.delete": delete,
    "chat.getPermalink": get_permalink,
}
