"""Response URLs: five answers in thirty minutes to what a person did."""

import secrets
from dataclasses import dataclass

from aiohttp import web

from bot.workspace import messages
from bot.workspace.blocks import checked_content
from bot.workspace.errors import SlackError
from bot.workspace.state import App, Json, State
from bot.workspace.web_api import WebApi, arguments, parsed_object

USES, SECONDS = 5, 30 * 60


@dataclass
class Hook:
    app: App
    user_id: str
    channel_id: str
    at: float
    message_ts: str = ""  #: of the message in which the person acted
    uses: int = 0


class Hooks:
    def __init__(self, state: State, web_api: WebApi) -> None:
        self._state = state
        self._web_api = web_api
        self._hooks: dict[str, Hook] = {}

    def new(self, app: App, user_id: str, channel_id: str, message_ts: str = "") -> str:
        token = secrets.token_hex(16)
        self._hooks[token] = Hook(app, user_id, channel_id, self._state.clock(), message_ts)
        return f"{self._state.url}/hooks/{token}"

    async def handle(self, request: web.Request) -> web.Response:
        fault = self._web_api.faults.take("response_url", "")
        if fault is not None:
            early = await self._web_api.meet(fault, request)
            if early is not None:
                return early
        try:
            if request.content_type == "application/json":
                answer = parsed_object(await request.read())
            else:
                answer = await arguments(request)
            hook = self._use(request.match_info["token"])
            self.answer(hook, answer)
        except SlackError as error:
            status = 404 if error.code in ("used_url", "expired_url", "no_such_hook") else 400
            return web.json_response(error.answer(), status=status)
        return web.Response(text="ok")

    def _use(self, token: str) -> Hook:
        hook = self._hooks.get(token)
        if hook is None:
            raise SlackError("no_such_hook")
        if self._state.clock() - hook.at > SECONDS:
            raise SlackError("expired_url")
        if hook.uses >= USES:
            raise SlackError("used_url")
        hook.uses += 1
        return hook

    def answer(self, hook: Hook, answer: Json) -> None:
        """Replace or delete the message that was acted on, or show another one."""
        original = messages.whispered_at(self._state, hook.user_id, hook.channel_id, hook.message_ts)
        if _true(answer.get("delete_original")):
            self._delete(hook, original)
            return
        fields = self._content(answer)
        if _true(answer.get("replace_original")) and hook.message_ts:
            self._replace(hook, original, fields)
            return
        self.show(hook, fields, answer)

    def show(self, hook: Hook, fields: Json, answer: Json) -> None:
        """A new message, ephemeral unless it asks to be `in_channel`."""
        message = messages.from_app(hook.app, fields)
        thread_ts = answer.get("thread_ts") if isinstance(answer.get("thread_ts"), str) else None
        if answer.get("response_type") == "in_channel":
            channel = self._state.channel(hook.channel_id)
            if channel.is_archived:
                raise SlackError("is_archived")
            messages.post(self._state, channel, message, thread_ts=thread_ts)
        else:
            messages.whisper(self._state, hook.channel_id, hook.user_id, message, thread_ts)

    def _content(self, answer: Json) -> Json:
        given = (answer.get(name) for name in ("text", "blocks", "attachments"))
        fields = checked_content(self._state, *given)
        if not any(fields.values()):
            raise SlackError("no_text")
        return fields

    def _replace(self, hook: Hook, original: Json | None, fields: Json) -> None:
        if original is not None:
            for name, value in fields.items():
                original.pop(name, None)
                if value is not None:
                    original[name] = value
            original["text"] = str(fields["text"] or "")
            shown = {key: value for key, value in original.items() if key != "_for"}
            self._state.tell("ephemeral", channel=hook.channel_id, user=hook.user_id, content=shown)
            return
        channel = self._state.channel(hook.channel_id)
        message = channel.by_ts.get(hook.message_ts)
        if message is None:
            raise SlackError("message_not_found")
        messages.change(self._state, channel, message, fields, hook.app.bot_user_id)

    def _delete(self, hook: Hook, original: Json | None) -> None:
        if original is not None:
            self._state.ephemerals.remove(original)
            gone = {"ts": original["ts"]}
            self._state.tell("ephemeral_deleted", channel=hook.channel_id, user=hook.user_id, content=gone)
            return
        channel = self._state.channel(hook.channel_id)
        message = channel.by_ts.get(hook.message_ts)
        if message is None:
            raise SlackError("message_not_found")
        messages.delete(self._state, channel, message)


def _true(value: object) -> bool:
    return str(value).lower() in ("true", "1")
