"""The envelope around every answer, and which HTTP status a refusal has."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from bot.domain.errors import Refusal

#: Every code that the API answers with. Source: the HTTP API's contract; what is not in it is marked.
STATUSES: Mapping[str, int] = {
    "VALIDATION_ERROR": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,  # ours
    "REQUEST_TIMEOUT": 408,  # ours
    "ALREADY_ACKNOWLEDGED": 409,
    "INVALID_TRANSITION": 409,
    "IDEMPOTENCY_CONFLICT": 409,
    "IDEMPOTENCY_IN_PROGRESS": 409,
    "NO_FURTHER_LEVEL": 409,
    "NO_CONTACT_DETAILS": 409,
    "ALREADY_EXISTS": 409,
    "CONFLICT": 409,  # ours: somebody changed the same incident at the same moment
    "PAYLOAD_TOO_LARGE": 413,
    "SLA_NOT_CONFIGURED": 422,
    "RATE_LIMITED": 429,
    "INTERNAL_ERROR": 500,
    "EXTERNAL_API_ERROR": 502,
    "UNAVAILABLE": 503,  # ours: the database cannot take it now; nothing was done
}

#: Answers are about now, for one caller, and of the type that they name.
_ALWAYS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

#: Seconds after which who was told "not now" may ask again.
ASK_AGAIN_SECONDS = 5


@dataclass(frozen=True)
class Answer:
    """The JSON text of `data`, or a document, with its HTTP status."""

    content: str
    status: int = 200


def answer(shape: BaseModel, status: int = 200) -> Answer:
    return Answer(shape.model_dump_json(), status)


class RequestRefused(Refusal):
    """A refusal that concerns the request itself, with headers of its own."""

    def __init__(
        self,
        code: str,
        sentence: str,
        details: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence, details)
        self.code = code
        self.headers = headers or {}


@dataclass
class Meta:
    """What tells this request from others, and the headers that its answer carries."""

    at: datetime
    request_id: str = field(default_factory=lambda: f"req_{secrets.token_hex(12)}")
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> str:
        return f'{{"request_id":"{self.request_id}","timestamp":"{self.at:%Y-%m-%dT%H:%M:%S.%f}Z"}}'


def success(given: Answer, meta: Meta) -> web.Response:
    text = f'{{"success":true,"data":{given.content},"meta":{meta.content}}}'
    return _response(text, given.status, meta)


def document(given: Answer, meta: Meta) -> web.Response:
    """A text that stands for itself, without an envelope."""
    return web.Response(
        text=given.content, status=given.status, content_type="text/markdown", headers=_ALWAYS | meta.headers
    )


def failure(refusal: Refusal, meta: Meta) -> web.Response:
    error: dict[str, Any] = {
        "code": refusal.code,
        "message": refusal.sentence,
        "details": dict(refusal.details),
    }
    meta.headers.update(getattr(refusal, "headers", {}))
    status = STATUSES.get(refusal.code, 400)
    if status == 401:
        meta.headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        meta.headers.setdefault("Retry-After", str(ASK_AGAIN_SECONDS))
    # Escaped to ASCII: what was refused may be half a character, which UTF-8 cannot carry.
    text = f'{{"error":{json.dumps(error)},"meta":{meta.content}}}'
    return _response(text, status, meta)


def _response(text: str, status: int, meta: Meta) -> web.Response:
    response = web.Response(
        body=text.encode(),
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers=_ALWAYS | meta.headers,
    )
    if meta.headers.get("Connection") == "close":
        response.force_close()
    return response
