"""A Runframe V1 client, as its users have it: written from the published contract alone.

It imports nothing of ours. Whoever changes the API so that this file must change has broken every client
that exists.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientResponse, ClientSession
from multidict import CIMultiDictProxy

Json = dict[str, Any]
#: A query parameter; a sequence is repeated.
Query = str | int | Sequence[str]

BASE_PATH = "/api/v1"


class GaveUp(Exception):
    """The key did not verify; an existing client does not go on from here."""


class Broken(Exception):
    """The answer does not keep to the envelope."""


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal, as its envelope tells it."""

    status: int
    code: str
    message: str
    details: Json
    headers: CIMultiDictProxy[str]

    @property
    def what(self) -> tuple[int, str]:
        return self.status, self.code

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message} {self.details}"


class Client:
    """One method an endpoint; each returns the `data` of the answer or raises `ApiError`."""

    def __init__(self, base_url: str, key: str, session: ClientSession) -> None:
        self._root = base_url.rstrip("/") + BASE_PATH
        self._headers = {"Authorization": f"Bearer {key}"}
        self._session = session

    async def verify(self) -> Json:
        """What the key is and may; the first call of every client, which gives up on anything but 200."""
        try:
            return await self._call("GET", "/auth/verify")
        except ApiError as refused:
            raise GaveUp(f"the key does not verify: {refused}") from refused

    # Incidents

    async def create(self, *, idempotency_key: str | None = None, **fields: Any) -> Json:
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return await self._call("POST", "/incidents", json=fields, headers=headers, statuses=(201,))

    async def incidents(self, **filters: Query) -> list[Json]:
        """Every incident that fits, newest first, over as many pages as it takes."""
        return [item async for item in self._every("/incidents", filters)]

    async def page_of_incidents(self, **query: Query) -> Json:
        return await self._page("/incidents", query)

    async def incident(self, number: str) -> Json:
        return await self._call("GET", f"/incidents/{number}")

    async def update(self, number: str, **fields: Any) -> Json:
        return await self._call("PATCH", f"/incidents/{number}", json=fields)

    async def change_status(self, number: str, **fields: Any) -> Json:
        return await self._call("POST", f"/incidents/{number}/status", json=fields)

    async def acknowledge(self, number: str) -> Json:
        return await self._call("POST", f"/incidents/{number}/acknowledge")

    async def page(self, number: str, **fields: Any) -> Json:
        return await self._call("POST", f"/incidents/{number}/page", json=fields)

    async def add_event(self, number: str, **fields: Any) -> Json:
        """The contract names no status for this one: either 200 or 201 is a success."""
        return await self._call("POST", f"/incidents/{number}/events", json=fields, statuses=(200, 201))

    async def escalate(self, number: str) -> Json:
        return await self._call("POST", f"/incidents/{number}/escalate")

    # Catalog

    async def services(self, **query: Query) -> list[Json]:
        return [item async for item in self._every("/services", query)]

    async def page_of_services(self, **query: Query) -> Json:
        return await self._page("/services", query)

    async def service(self, service_key: str) -> Json:
        return await self._call("GET", f"/services/{service_key}")

    async def service_key(self, name: str) -> str:
        """The key of the service with exactly this name, as integrations look it up."""
        keys = [one["service_key"] for one in await self.services(search=name) if one["name"] == name]
        if len(keys) != 1:
            raise Broken(f"{len(keys)} services are named {name!r}")
        return str(keys[0])

    async def teams(self, **query: Query) -> list[Json]:
        return [item async for item in self._every("/teams", query)]

    async def users(self, **query: Query) -> list[Json]:
        return [item async for item in self._every("/users", query)]

    async def on_call(self, **query: Query) -> Json:
        return await self._call("GET", "/on-call/current", query)

    async def escalation_policy(self, **query: Query) -> Json:
        policy: Json = (await self._call("GET", "/escalation-policies", query))["policy"]
        return policy

    # Postmortems

    async def postmortem(self, incident_number: str) -> Json:
        return await self._call("GET", "/postmortems", {"incident_number": incident_number})

    async def create_postmortem(self, **fields: Any) -> Json:
        return await self._call("POST", "/postmortems", json=fields, statuses=(201,))

    # The envelope

    async def _every(self, path: str, query: dict[str, Query]) -> AsyncIterator[Json]:
        offset: int | None = 0
        while offset is not None:
            page = await self._page(path, {**query, "offset": offset})
            for item in page["items"]:
                yield item
            if page["next_offset"] is not None and page["next_offset"] <= offset:
                raise Broken(f"{path} goes from offset {offset} to {page['next_offset']}")
            offset = page["next_offset"]

    async def _page(self, path: str, query: dict[str, Query]) -> Json:
        page = await self._call("GET", path, query)
        if page.keys() != {"items", "total", "has_more", "next_offset"}:
            raise Broken(f"{path} is not a list: {sorted(page)}")
        if page["has_more"] is not (page["next_offset"] is not None):
            raise Broken(f"{path} contradicts itself: {page['has_more']}, {page['next_offset']}")
        return page

    async def _call(
        self,
        method: str,
        path: str,
        query: dict[str, Query] | None = None,
        *,
        json: Json | None = None,
        headers: dict[str, str] | None = None,
        statuses: tuple[int, ...] = (200,),
    ) -> Json:
        async with self._session.request(
            method,
            self._root + path,
            params=_pairs(query or {}),
            json=json,
            headers=self._headers | (headers or {}),
        ) as response:
            body = await _body(response)
            if response.status >= 400:
                error = body["error"]
                raise ApiError(
                    response.status,
                    error["code"],
                    error["message"],
                    error.get("details") or {},
                    response.headers,
                )
            if response.status not in statuses or body.get("success") is not True:
                raise Broken(f"{method} {path}: {response.status} {body}")
            data: Json = body["data"]
            return data


async def _body(response: ClientResponse) -> Json:
    if response.content_type != "application/json":
        raise Broken(f"{response.status} came as {response.content_type}: {await response.text()}")
    body: Json = await response.json()
    if body.keys() != ({"error", "meta"} if response.status >= 400 else {"success", "data", "meta"}):
        raise Broken(f"{response.status} is not an envelope: {sorted(body)}")
    meta = body["meta"]
    if not meta["request_id"].startswith("req_") or not meta["timestamp"].endswith("Z"):
        raise Broken(f"the envelope's meta is {meta}")
    return body


def _pairs(query: dict[str, Query]) -> list[tuple[str, str]]:
    return [
        (name, str(one))
        for name, value in query.items()
        for one in ([value] if isinstance(value, str | int) else value)
    ]
