"""The Events API: what happens in the workspace, sent to the apps that subscribed, and sent again."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from bot.workspace import messages, shapes
from bot.workspace.reaching import Ack, Line
from bot.workspace.state import App, Channel, Json, Notice, State

_MESSAGES = {"channel": "message.channels", "private": "message.groups", "im": "message.im"}
_CHANNEL_TYPE = {"channel": "channel", "private": "group", "im": "im"}


class Events:
    def __init__(self, state: State, line: Line) -> None:
        self.state = state
        self.line = line
        self.retry_seconds = (0.0, 60.0, 300.0)  #: real seconds before each further attempt
        self._sending: set[asyncio.Task[None]] = set()
        state.listeners.append(self.heard)

    async def stop(self) -> None:
        for task in list(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def settled(self) -> None:
        """Wait until every event sent so far was acknowledged or given up on."""
        while self._sending:
            await asyncio.wait(set(self._sending))

    def heard(self, notice: Notice) -> None:
        """Turn a change into events for every app that subscribed to them and may see them."""
        channel = self.state.channels.get(notice.channel)
        for name, event in self._events(notice, channel):
            for app in list(self.state.apps.values()):
                if self._wants(app, name, event, channel):
                    self.spawn(self.send(app, event))

    def _wants(self, app: App, name: str, event: Json, channel: Channel | None) -> bool:
        if name not in app.events:
            return False
        if name == "app_mention":
            return (
                app.bot_user_id == event["mentioned"]
                and app.bot_id != event.get("bot_id")
                and channel is not None
                and app.bot_user_id in channel.members
            )
        if channel is None or name.startswith("channel_"):
            return channel is None or channel.kind == "channel"
        return app.bot_user_id in channel.members

    def _events(self, notice: Notice, channel: Channel | None) -> list[tuple[str, Json]]:
        """(what one subscribes to, the event) for each event that a change makes."""
        if channel is None:
            return []
        base: Json = {"event_ts": self.state.new_ts() if notice.kind in _TIMED else "", "channel": channel.id}
        match notice.kind:
            case "message":
                return self._said(channel, notice.content)
            case "message_changed" | "message_deleted":
                return [(_MESSAGES[channel.kind], self._edited(channel, notice, base))]
            case "member_joined_channel" | "member_left_channel":
                kind = {"channel_type": "C" if channel.kind == "channel" else "G", "team": self.state.team_id}
                who = {"user": notice.user, **({"inviter": notice.content} if notice.content else {})}
                return [(notice.kind, {"type": notice.kind, **base, **kind, **who})]
            case "channel_created" | "channel_rename":
                shown = shapes.channel(self.state, channel, notice.user)
                return [(notice.kind, {"type": notice.kind, "channel": shown, "event_ts": base["event_ts"]})]
            case "channel_archive" | "channel_unarchive":
                return [(notice.kind, {"type": notice.kind, **base, "user": notice.user})]
            case "reaction_added" | "reaction_removed":
                message = notice.content["message"]
                item = {"type": "message", "channel": channel.id, "ts": message["ts"]}
                who = {
                    "user": notice.user,
                    "item_user": message.get("user"),
                    "reaction": notice.content["name"],
                }
                return [
                    (notice.kind, {"type": notice.kind, **who, "item": item, "event_ts": base["event_ts"]})
                ]
            case "pin_added" | "pin_removed":
                item = {"type": "message", "channel": channel.id, "message": {"ts": notice.content}}
                return [
                    (
                        notice.kind,
                        {"type": notice.kind, "user": notice.user, "channel_id": channel.id, "item": item},
                    )
                ]
        return []

    def _said(self, channel: Channel, message: Json) -> list[tuple[str, Json]]:
        kind = {"channel": channel.id, "event_ts": message["ts"], "channel_type": _CHANNEL_TYPE[channel.kind]}
        author = self.state.users.get(message.get("user", ""))
        foreign = {}
        if author is not None and author.team_id != self.state.team_id:
            foreign = {"user_team": author.team_id, "source_team": author.team_id, "team": author.team_id}
        event = {**messages.shown(message), **kind, **foreign}
        said = [(_MESSAGES[channel.kind], event)]
        if channel.is_im:
            return said
        for ping in messages.pings({"text": message["text"]}):
            if ping.startswith("@") and ping[1:] in self.state.users:
                mention = {**event, "type": "app_mention", "mentioned": ping[1:]}
                mention.pop("channel_type")
                said.append(("app_mention", mention))
        return said

    def _edited(self, channel: Channel, notice: Notice, base: Json) -> Json:
        edit = {"type": "message", **base, "channel_type": _CHANNEL_TYPE[channel.kind], "hidden": True}
        if notice.kind == "message_deleted":
            gone = {"previous_message": messages.shown(notice.content), "deleted_ts": notice.content["ts"]}
            return {**edit, "subtype": "message_deleted", "ts": base["event_ts"], **gone}
        shown = {"message": messages.shown(notice.content["message"])}
        before = {"previous_message": messages.shown(notice.content["previous"])}
        return {**edit, "subtype": "message_changed", "ts": base["event_ts"], **shown, **before}

    def spawn(self, sending: Coroutine[Any, Any, None]) -> None:
        try:
            task = asyncio.get_running_loop().create_task(sending)
        except RuntimeError:  # set up before the workspace runs: nobody listens yet
            sending.close()
            return
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def send(self, app: App, event: Json) -> None:
        """Send one event, and again at once, after a minute and after five, until it is acknowledged."""
        payload = self._payload(app, event)
        await self._again(app, payload, await self.line.send(app, "event", payload))

    async def send_once(self, app: App, event: Json) -> Ack:
        """What the app answered to the first attempt; further attempts follow on their own."""
        payload = self._payload(app, event)
        ack = await self.line.send(app, "event", payload)
        if not ack.ok:
            self.spawn(self._again(app, payload, ack))
        return ack

    async def _again(self, app: App, payload: Json, ack: Ack) -> None:
        for number, seconds in enumerate(self.retry_seconds, start=1):
            if ack.ok:
                return
            reason = "http_timeout" if ack.timed_out else "http_error" if ack.status else "connection_failed"
            await asyncio.sleep(seconds)
            ack = await self.line.send(app, "event", payload, retry=number, reason=reason)

    def _payload(self, app: App, event: Json) -> Json:
        event = {key: value for key, value in event.items() if key != "mentioned"}
        return {
            "token": "workspace",
            "team_id": self.state.team_id,
            "api_app_id": app.id,
            "event": event,
            "type": "event_callback",
            "event_id": self.state.new_id("Ev"),
            "event_time": int(self.state.clock()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": self.state.team_id,
                    "user_id": app.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }


_TIMED = (
    "message_changed",
    "message_deleted",
    "member_joined_channel",
    "member_left_channel",
    "channel_created",
    "channel_rename",
    "channel_archive",
    "channel_unarchive",
    "reaction_added",
    "reaction_removed",
)
