"""From a request to its handler and back: identity, limits, scope, shapes; refusals → envelope."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from aiohttp import web

from bot.api import envelope, idempotency
from bot.api.authentication import Caller
from bot.api.envelope import Answer, Meta, RequestRefused
from bot.api.front import Call, Front, out_of_reach
from bot.api.limits import Category
from bot.api.request import document, nothing, query_of, shaped
from bot.api.routes import BASE, ROUTES, Route
from bot.domain.errors import Invalid, NotAllowed, NotFound, Refusal
from bot.operations.issue_key import Unauthorized
from storage.database import Full

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]
Respond = Callable[[Meta], Awaitable[web.Response]]

log = structlog.get_logger()


def routes(front: Front) -> list[web.RouteDef]:
    """Every route of the API, ready to be served; a slash at its end is forgiven."""
    return [
        web.route(one.method, BASE + path, _serving(front, one), expect_handler=_go_on)
        for one in ROUTES
        for path in (one.path, f"{one.path}/")
    ]


async def _go_on(request: web.Request) -> None:
    """The client may send its body. Whoever expects anything else is refused as for any other mistake."""
    if request.headers["Expect"].lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


def _serving(front: Front, route: Route) -> Serve:
    async def serve(request: web.Request) -> web.StreamResponse:
        async def respond(meta: Meta) -> web.Response:
            answer = await _answer(front, route, request, meta)
            return envelope.success(answer, meta) if route.gives else envelope.document(answer, meta)

        return await _refusing(front, route.path, respond)

    return serve


async def _refusing(front: Front, path: str, respond: Respond) -> web.Response:
    """The response, or why there is none, in the envelope."""
    meta = Meta(front.now())
    try:
        return await respond(meta)
    except Refusal as refusal:
        return envelope.failure(refusal, meta)
    except Full as error:
        sentence = "Tocsin cannot reach its database right now. Nothing was done; try again."
        return envelope.failure(out_of_reach(error, sentence), meta)
    except Exception:
        # Whatever it is, the caller hears that it is our fault, and nothing of what is inside.
        log.exception("a request failed", path=path, request=meta.request_id)
        sentence = f"Tocsin failed at this. The log knows more about {meta.request_id}."
        return envelope.failure(RequestRefused("INTERNAL_ERROR", sentence), meta)


async def _answer(front: Front, route: Route, request: web.Request, meta: Meta) -> Answer:
    """The handler's answer to who may ask for it. Each step refuses before the next begins."""
    caller = await _caller(front, route.counts_as, request, meta)
    if request.headers.get("Expect", "100-continue").lower() != "100-continue":
        raise Invalid(Expect="must be 100-continue")
    if route.scope is not None and route.scope not in caller.key.scopes:
        await front.keep_refusal(caller.actor, f"the scope {route.scope}")
        raise NotAllowed(f"This key lacks the scope {route.scope}.", {"required_scope": route.scope})
    path = shaped(route.at, request.match_info) if route.at.model_fields else None
    query = shaped(route.query, query_of(route.query, request.query)) if route.query.model_fields else None
    idempotency_key = (
        idempotency.key_in(request.headers.getall(idempotency.HEADER, [])) if route.is_idempotent else None
    )
    given: Mapping[str, Any] = {}
    if route.method != "GET":
        given = await (document(request) if route.body is not None else nothing(request))
    body = shaped(route.body, given) if route.body is not None else None
    return await route.handler(front, Call(caller, path, query, body, given, idempotency_key))


async def _caller(front: Front, category: Category, request: web.Request, meta: Meta) -> Caller:
    """Who calls. Raises Unauthorized, and RequestRefused for who asks too often.

    An unknown caller is counted by address, which keeps guesses from costing us much. It does not keep a
    right guess out: behind a proxy or a NAT all share one address, and whoever guessed there would lock out
    everybody's monitors. That nobody guesses a key is up to its 256 random bits.
    """
    try:
        caller = await front.authentication.caller(request.headers.get("Authorization"))
    except Unauthorized as refusal:
        _count(front, f"address:{request.remote}", category, meta)
        raise refusal from None
    _count(front, caller.key.id, category, meta)
    return caller


def _count(front: Front, caller: str, category: Category, meta: Meta) -> None:
    standing = front.limits.take(caller, category)
    meta.headers.update(standing.headers)
    if standing.retry_after is not None:
        front.metrics.rate_limited("api", category)
        raise RequestRefused(
            "RATE_LIMITED",
            f"Too many {category} requests. Ask again in {standing.retry_after} s.",
            headers={"Retry-After": str(standing.retry_after)},
        )


def enveloped(front: Front) -> Any:
    """A middleware: what no route answers under the API's path is refused in the API's own shape.

    Whoever asks is counted as anywhere else: it must not be told here, for nothing, which keys are right.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Serve) -> web.StreamResponse:
        try:
            return await handler(request)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
            if request.path != BASE and not request.path.startswith(f"{BASE}/"):
                raise
            refusal = _refusal(request, error)

        async def respond(meta: Meta) -> web.Response:
            await _caller(front, Category.of(request.method), request, meta)
            raise refusal

        return await _refusing(front, request.path, respond)

    return middleware


def _refusal(request: web.Request, error: web.HTTPException) -> Refusal:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        sentence = f"{request.method} is not allowed here; allowed: {allowed}."
        return RequestRefused("METHOD_NOT_ALLOWED", sentence, headers={"Allow": allowed})
    return NotFound("There is nothing at this address. The API is described at /api/docs.")
