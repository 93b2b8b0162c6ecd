"""Every endpoint of the contract with a request that fits it, and the scope it needs."""

from dataclasses import dataclass, field
from typing import Any

from tests.contract.conftest import Api, Reply

NUMBER = "INC-2026-001"


@dataclass(frozen=True)
class Endpoint:
    method: str
    path: str
    #: None: any valid key will do.
    scope: str | None
    body: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    async def ask(self, api: Api, key: str | None, headers: dict[str, str] | None = None) -> Reply:
        path = f"/api/v1{self.path}"
        if self.method == "GET":
            return await api.request(self.method, path, key, headers=headers)
        return await api.request(self.method, path, key, json=self.body, headers=headers)


VERIFY = Endpoint("GET", "/auth/verify", None)
#: What can be asked of an organization with one incident; the incident's own endpoints name it.
READS = (
    Endpoint("GET", "/incidents", "incidents:read"),
    Endpoint("GET", f"/incidents/{NUMBER}", "incidents:read"),
    Endpoint("GET", "/services", "services:read"),
    Endpoint("GET", "/services/svc_ZZZZZZZZZZ", "services:read"),
    Endpoint("GET", "/teams", "teams:read"),
    Endpoint("GET", "/users", "users:read"),
    Endpoint("GET", "/on-call/current", "oncall:read"),
    Endpoint("GET", "/escalation-policies?severity=SEV1", "oncall:read"),
    Endpoint("GET", f"/postmortems?incident_number={NUMBER}", "postmortems:read"),
)
WRITES = (
    Endpoint("POST", "/incidents", "incidents:write", {"title": "x", "service_ids": ["svc_ZZZZZZZZZZ"]}),
    Endpoint("PATCH", f"/incidents/{NUMBER}", "incidents:write", {"title": "Changed"}),
    Endpoint("POST", f"/incidents/{NUMBER}/status", "incidents:write", {"status": "fixing"}),
    Endpoint("POST", f"/incidents/{NUMBER}/acknowledge", "incidents:write"),
    Endpoint("POST", f"/incidents/{NUMBER}/events", "incidents:write", {"comment": "Looking"}),
    Endpoint("POST", f"/incidents/{NUMBER}/escalate", "incidents:write"),
    Endpoint(
        "POST",
        "/postmortems",
        "postmortems:write",
        {"incident_number": NUMBER, "summary": "x", "root_cause": "x", "resolution": "x"},
    ),
)
PAGE = Endpoint(
    "POST",
    f"/incidents/{NUMBER}/page",
    "incidents:write",
    {"email": "farid@example.com", "channels": ["slack"]},
)
SCOPED = (*READS, *WRITES, PAGE)
SCOPES = (
    "incidents:read",
    "incidents:write",
    "services:read",
    "oncall:read",
    "postmortems:read",
    "postmortems:write",
    "teams:read",
    "users:read",
)
