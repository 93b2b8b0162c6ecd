"""Everything a person can do in the workspace, for the page and for tests alike."""

from bot.workspace import messages
from bot.workspace.errors import SlackError, WorkspaceError
from bot.workspace.events import Events
from bot.workspace.interactions import Interactions, home_event
from bot.workspace.modals import Modals
from bot.workspace.state import App, Json


class People:
    """Raises WorkspaceError for what nobody could do in Slack."""

    def __init__(self, acting: Interactions, modals: Modals, events: Events) -> None:
        self.state = acting.state
        self.views = acting.views
        self.events = events
        self.command = acting.command
        self.press = acting.press
        self.press_in_view = acting.press_in_view
        self.shortcut = acting.shortcut
        self.message_shortcut = acting.message_shortcut
        self.options = acting.options
        self.submit = modals.submit
        self.close_view = modals.close

    async def say(self, user_id: str, channel_id: str, text: str, thread_ts: str | None = None) -> str:
        """Post as a person; returns the ts of the message. Events follow on their own."""
        user, channel = self.state.user(user_id), self.state.channel(channel_id)
        if user_id not in channel.members:
            raise WorkspaceError(f"{user.name} is not in {channel.name or channel.id}.")
        if channel.is_archived:
            raise WorkspaceError(f"{channel.name} is archived.")
        if user.deleted:
            raise WorkspaceError(f"{user.name} is deactivated.")
        if not text.strip():
            raise WorkspaceError("There is nothing to send.")
        content = {"user": user_id, "text": messages.as_typed(self.state, text)}
        try:
            return str(messages.post(self.state, channel, content, thread_ts=thread_ts)["ts"])
        except SlackError as error:
            raise WorkspaceError(f"Slack refuses: {error.code}.") from error

    async def open_home(self, user_id: str, app_id: str | None = None) -> None:
        """Open the app's home tab; `app_home_opened` follows when the app asked for it."""
        app = self.app(app_id)
        self.state.user(user_id)
        channel, _ = self.state.open_direct(app.bot_user_id, user_id)
        if "app_home_opened" in app.events:
            await self.events.send_once(app, home_event(self.state, self.views, app, user_id, channel))

    def home(self, user_id: str, app_id: str | None = None) -> Json | None:
        view = self.views.homes.get((user_id, self.app(app_id).id))
        return self.views.shown(view) if view else None

    def join(self, user_id: str, channel_id: str) -> None:
        user, channel = self.state.user(user_id), self.state.channel(channel_id)
        if channel.kind != "channel" or user.is_restricted or channel.is_archived:
            raise WorkspaceError(f"{user.name} cannot join {channel.name}.")
        if user_id not in channel.members:
            self.state.join(channel, user_id)

    def app(self, app_id: str | None) -> App:
        if not app_id:
            return self.state.the_app()
        if app_id not in self.state.apps:
            raise WorkspaceError(f"There is no app {app_id}.")
        return self.state.apps[app_id]
