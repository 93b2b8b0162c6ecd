"""The whole app with its HTTP API, as a client meets it."""

import json as js
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from bot.domain.api_key import Scope
from bot.domain.timeline import TOCSIN
from bot.operations import issue_key
from storage.database import Connection
from tests.contract.client import Client
from tests.story import Story, opened


@dataclass(frozen=True)
class Reply:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    #: None when the body is no JSON.
    json: Any
    text: str


class Api:
    """The address of a running Tocsin, and keys to it."""

    def __init__(self, story: Story, session: ClientSession) -> None:
        self.story, self.session = story, session
        self.base_url = f"http://127.0.0.1:{story.app.port}"

    async def key(
        self,
        name: str = "monitor",
        scopes: Sequence[str] | None = None,
        person: str | None = None,
        expires_in: timedelta | None = None,
    ) -> str:
        """A new key: of a person, else of a service account; with every scope if none is named."""
        now = self.story.clock.now()

        def operation(tx: Connection) -> str:
            _, text = issue_key.create(
                tx,
                now,
                TOCSIN,
                name=name,
                scopes=tuple(Scope) if scopes is None else [Scope(one) for one in scopes],
                secret=None,
                email=f"{person}@example.com" if person else None,
                expires_at=now + expires_in if expires_in else None,
            )
            return text

        return await self.story.app.database.write(operation)

    async def revoke(self, key: str) -> None:
        now = self.story.clock.now()
        await self.story.app.database.write(lambda tx: issue_key.revoke(tx, now, TOCSIN, key[:8]))

    async def client(self, **options: Any) -> Client:
        """A client that has asked whether its key is valid."""
        client = Client(self.base_url, await self.key(**options), self.session)
        await client.verify()
        return client

    async def request(
        self,
        method: str,
        path: str,
        key: str | None = None,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = dict(headers or {})
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        content = js.dumps(json).encode() if json is not None else body
        if content is not None:
            sent["Content-Type"] = "application/json"
        url = URL(self.base_url + path, encoded=True)
        data = BytesIO(content) if content is not None else None
        async with self.session.request(method, url, data=data, headers=sent) as answer:
            text = await answer.text()
            is_json = answer.content_type == "application/json"
            return Reply(answer.status, answer.headers, js.loads(text) if is_json else None, text)

    async def forward(self, **span: float) -> None:
        await self.story.forward(**span)

    async def settle(self) -> None:
        await self.story.settle()


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with opened(tmp_path) as story, ClientSession() as session:
        api = Api(story, session)
        yield api
        await api.settle()
