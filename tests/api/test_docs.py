"""The description of the API, and its page."""

import json
import re

import aiohttp
import pytest

from bot.api import openapi
from bot.api.routes import ROUTES
from tests.story import Story

DOCUMENT = openapi.document("1")


async def test_page_loads_nothing_from_elsewhere(story: Story) -> None:
    base = f"http://127.0.0.1:{story.app.port}"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{base}/api/docs") as answer:
            page, policy = await answer.text(), answer.headers["Content-Security-Policy"]
        needed = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert len(needed) == 4
        for path in needed:
            assert path.startswith("/api/docs/")
            async with session.get(base + path) as answer:
                assert answer.status == 200
    assert "default-src 'none'" in policy


async def test_document_is_served_as_it_is_made(story: Story) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{story.app.port}/api/v1/openapi.json") as answer,
    ):
        served = json.loads(await answer.text())
    assert served["openapi"] == "3.1.0"
    assert served["paths"].keys() == DOCUMENT["paths"].keys()


def test_every_operation_has_a_name_of_its_own() -> None:
    """OpenAPI demands it: clients that are made from the document call them by it."""
    names = [one["operationId"] for path in DOCUMENT["paths"].values() for one in path.values()]
    assert len(names) == len(ROUTES)
    assert [name for name in names if names.count(name) > 1] == []
    assert {"create_incident", "create_postmortem", "get_incident", "get_postmortem"} <= {*names}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_tells_its_scope_and_refusals(route: object) -> None:
    described = DOCUMENT["paths"][route.path][route.method.lower()]  # type: ignore[attr-defined]
    scope = route.scope  # type: ignore[attr-defined]
    assert scope is None or f"`{scope}`" in described["description"]
    assert {"401", "429", "500"} <= described["responses"].keys()
    assert all("X-RateLimit-Remaining" in one["headers"] for one in described["responses"].values())
