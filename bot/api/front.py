"""What every handler stands on: it runs operations for the caller, and knows where the incident is seen."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from bot import strict_json
from bot.api import idempotency
from bot.api.authentication import Authentication, Caller
from bot.api.envelope import Answer
from bot.api.limits import Limits
from bot.api.outcomes import Outcomes
from bot.domain.errors import Refusal, Unavailable
from bot.domain.time import Now
from bot.domain.timeline import Actor
from bot.metrics import Metrics
from bot.operations import audit
from bot.operations.answer_once import Reply, answer_once
from bot.operations.permit import LacksRight
from storage.database import Connection, Database, Full, MayBeDone

T = TypeVar("T")
#: `operation(tx, now, actor)`
Operation = Callable[[Connection, datetime, Actor], T]


@dataclass(frozen=True)
class Call:
    """A request that was let in: who asks, and what for."""

    caller: Caller
    path: Any
    query: Any
    body: Any
    #: The body as it came, to tell one payload from another.
    document: Any
    idempotency_key: str | None


class Front:
    """Runs operations and queries for callers of the API."""

    def __init__(
        self,
        database: Database,
        now: Now,
        authentication: Authentication,
        limits: Limits,
        metrics: Metrics,
        workspace_url: Callable[[], str | None],
    ) -> None:
        self.database = database
        self.now = now
        self.authentication = authentication
        self.limits = limits
        self.metrics = metrics
        #: Where the Slack workspace is, such as `https://northwind.slack.com/`; None until Slack said so.
        self.workspace_url = workspace_url
        self.outcomes = Outcomes(database)
        self._under_way = idempotency.UnderWay()

    async def write(self, call: Call, name: str, operation: Operation[T]) -> T:
        """The operation's result, committed; the caller's key is valid in the same transaction."""
        now = self.now()

        def run(tx: Connection) -> T:
            return operation(tx, now, self.authentication.still(tx, now, call.caller))

        try:
            result = await self.database.write(run)
        except Full as error:
            self.metrics.operation("api", name, "UNAVAILABLE")
            sentence = "Tocsin cannot write this down right now. Nothing was done; try again."
            raise out_of_reach(error, sentence) from error
        except Refusal as refusal:
            self.metrics.operation("api", name, refusal.code)
            if isinstance(refusal, LacksRight):
                await self.keep_refusal(refusal.actor, refusal.right, refusal.number)
            raise
        self.metrics.operation("api", name, "ok")
        return result

    async def keep_refusal(self, actor: Actor, lacking: str, number: str | None = None) -> None:
        """That the actor was refused is in the audit log, unless the database cannot take it now."""
        now = self.now()
        with suppress(Full):
            await self.database.write(lambda tx: audit.keep_refusal(tx, now, actor, lacking, number))

    async def write_once(
        self, call: Call, name: str, operation: Operation[T], present: Callable[[T], Answer]
    ) -> Answer:
        """As `write`, presented; a request that is repeated with its idempotency key gets the first answer.

        The contract gives the key to what creates an incident. Elsewhere it is the same key only at the same
        address: who sends one with all that they ask, because nothing looks at it there, is not refused.
        An answer that need not be kept is laid out here, and not where one thread writes for all.
        """
        key = call.idempotency_key
        if key is None:
            return present(await self.write(call, name, operation))
        what = name if call.path is None else f"{name} {call.path} {call.query}"
        key = key if call.path is None else f"{what} {key}"
        fingerprint = idempotency.fingerprint("POST", what, call.document)

        def once(tx: Connection, now: datetime, actor: Actor) -> Answer:
            def produce(tx: Connection) -> Reply:
                given = present(operation(tx, now, actor))
                return Reply(given.status, given.content)

            reply = answer_once(tx, now, call.caller.key.id, key, fingerprint, produce)
            return Answer(reply.content, reply.status)

        with self._under_way.alone(call.caller.key.id, key):
            return await self.write(call, name, once)

    async def read(self, call: Call, query: Operation[T]) -> T:
        """The query's result; the caller's key is valid in the same transaction."""
        now = self.now()
        return await self.database.read(
            lambda tx: query(tx, now, self.authentication.still(tx, now, call.caller))
        )


def out_of_reach(error: Full, sentence: str) -> Unavailable:
    """A refusal with this sentence, unless it may have been done: then with the database's own."""
    return Unavailable(str(error) if isinstance(error, MayBeDone) else sentence)


def document_of(text: bytes) -> Mapping[str, Any]:
    """The JSON object in the body. Raises ValueError."""
    found = strict_json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found
