"""A running workspace with a clock to move, and real clients of Slack's own libraries."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.server import Workspace
from bot.workspace.state import App, User

SCOPES = [
    "commands",
    "chat:write",
    "chat:write.public",
    "channels:manage",
    "channels:read",
    "channels:history",
    "channels:join",
    "groups:write",
    "groups:read",
    "groups:history",
    "im:write",
    "im:read",
    "im:history",
    "users:read",
    "users:read.email",
    "usergroups:read",
    "usergroups:write",
    "pins:write",
    "pins:read",
    "bookmarks:write",
    "bookmarks:read",
    "reactions:read",
    "reactions:write",
    "files:write",
    "app_mentions:read",
    "team:read",
    "metadata.message:read",
]
MANIFEST: dict[str, Any] = {
    "features": {
        "slash_commands": [
            {
                "command": "/incident",
                "description": "Incidents",
                "usage_hint": "[declare|list|help] …",
                "should_escape": False,
            }
        ],
        "shortcuts": [
            {"name": "Declare", "type": "global", "callback_id": "declare", "description": "Declare"},
            {"name": "Note this", "type": "message", "callback_id": "note", "description": "Note"},
        ],
        "app_home": {"home_tab_enabled": True},
    },
    "oauth_config": {"scopes": {"bot": SCOPES}},
    "settings": {"event_subscriptions": {"bot_events": ["app_mention", "app_home_opened", "message.im"]}},
}


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class House:
    """A workspace with one app, three people, and a channel in which ada, ben and the bot are."""

    workspace: Workspace
    clock: Clock
    app: App
    client: AsyncWebClient
    ada: User
    ben: User
    cy: User
    general: str
    bolts: list[AsyncSocketModeHandler] = field(default_factory=list)

    async def connect(self, bolt: AsyncApp) -> AsyncSocketModeHandler:
        """Bolt, listening through Socket Mode."""
        handler = AsyncSocketModeHandler(bolt, self.app.app_token, web_client=self.client)
        self.bolts.append(handler)
        before = self.workspace.connected
        await handler.connect_async()  # type: ignore[no-untyped-call]
        await self.workspace.until(lambda: self.workspace.connected > before)
        return handler


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def house(clock: Clock) -> AsyncIterator[House]:
    workspace = Workspace("Acme", clock=clock, ack_seconds=0.3)
    app = workspace.add_app(manifest=MANIFEST)
    ada = workspace.add_user("ada", real_name="Ada Okafor", email="ada@example.com", user_id="U0ADA")
    ben = workspace.add_user("ben", email="ben@example.com")
    cy = workspace.add_user("cy", email="cy@example.com")
    general = workspace.add_channel("general-talk", members=[ada, ben, app.bot_user_id])
    await workspace.start()
    client = AsyncWebClient(app.bot_token, base_url=workspace.api_url, retry_handlers=[])
    house = House(workspace, clock, app, client, ada, ben, cy, general)
    yield house
    for handler in house.bolts:
        await handler.close_async()  # type: ignore[no-untyped-call]
    await workspace.stop()


@pytest.fixture
def bolt(house: House) -> AsyncApp:
    return AsyncApp(token=house.app.bot_token, client=house.client, signing_secret=house.app.signing_secret)
