"""Create, list and revoke keys of the HTTP API; find the key that somebody presents.

Of a key only an HMAC-SHA256 is kept, so that who reads the database cannot use it. The HMAC's own key
is TOCSIN_SECRET; without it one is made at the first key and kept in the database.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.domain import ids
from bot.domain.api_key import NAME_LIMIT, PREFIX, ApiKey, Scope
from bot.domain.audit import Action, Change
from bot.domain.errors import Invalid, NotFound, Refusal
from bot.domain.ids import PersonId
from bot.domain.rights import Right, Role
from bot.domain.timeline import Actor, ActorKind, Door
from bot.operations import audit, look_up, rows
from bot.operations.permit import permit
from storage import keys

_SECRET = "api_key_secret"  # noqa: S105 - the name of the fact, not the secret
_HINT_LENGTH = 8


class Unauthorized(Refusal):
    """No key, or one that does not, or does no longer, open anything."""

    code = "UNAUTHORIZED"


def create(
    tx: Connection,
    now: datetime,
    actor: Actor,
    *,
    name: str,
    scopes: Sequence[Scope],
    secret: str | None,
    email: str | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """The new key, and its full text, which is shown now and never again.

    Raises LacksRight, Invalid, NotFound.
    """
    permit(actor, Right.MANAGE_KEYS)
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_LIMIT or not name.isprintable():
        raise Invalid(name=f"must have 1 to {NAME_LIMIT} characters that can be seen")
    if not scopes:
        raise Invalid(scope=f"must be one or more of {', '.join(Scope)}")
    if expires_at is not None and expires_at <= now:
        raise Invalid(expires="must lie in the future")
    person = look_up.person_by_email(look_up.organization(tx), email) if email is not None else None
    text = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        id=ids.time_ordered(now),
        name=name,
        hint=text[:_HINT_LENGTH],
        person_id=person.id if person else None,
        scopes=tuple(dict.fromkeys(scopes)),
        created_at=now,
        expires_at=expires_at,
    )
    keys.add(tx, rows.key_columns(key) | {"digest": digest(secret or own_secret(tx), text)})
    audit.keep(tx, now, actor, [Change(Action.KEY_CREATED, _told(key), after=_opens(key))])
    return key, text


def every(tx: Connection) -> tuple[ApiKey, ...]:
    """All keys, the oldest first."""
    return tuple(rows.key(row) for row in keys.every(tx))


def revoke(tx: Connection, now: datetime, actor: Actor, name_or_id: str) -> tuple[ApiKey, ...]:
    """Every key with this name, id or hint opens nothing from now on. Raises LacksRight, NotFound."""
    permit(actor, Right.MANAGE_KEYS)
    found = [
        key for key in every(tx) if name_or_id in (key.name, key.id, key.hint) and key.revoked_at is None
    ]
    if not found:
        raise NotFound(f"There is no key “{name_or_id}” that is not revoked. `key list` shows them.")
    for key in found:
        keys.revoke(tx, key.id, now)
    audit.keep(tx, now, actor, [Change(Action.KEY_REVOKED, _told(key), before=_opens(key)) for key in found])
    return tuple(found)


def _told(key: ApiKey) -> str:
    """The key as the audit log names it: without anything of its secret."""
    return f"{key.name} ({key.id})"


def _opens(key: ApiKey) -> str:
    scopes = "all scopes" if set(key.scopes) == set(Scope) else " ".join(key.scopes)
    return f"{scopes}, as {key.person_id}" if key.person_id else scopes


def secret_of(tx: Connection, chosen: str | None) -> str | None:
    """The HMAC's key: the one chosen, else the installation's own; None before any key was made."""
    return chosen or keys.fact(tx, _SECRET)


def own_secret(tx: Connection) -> str:
    """The installation's own HMAC key, made now if there is none."""
    keys.keep_fact(tx, _SECRET, secrets.token_hex(32))
    return keys.fact(tx, _SECRET) or ""


def digest(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def presented(tx: Connection, now: datetime, presented_digest: str) -> tuple[ApiKey, Actor]:
    """The key with this digest, and for whom it acts. Raises Unauthorized."""
    row = keys.by_digest(tx, presented_digest)
    if row is None or not hmac.compare_digest(row.digest, presented_digest):
        raise Unauthorized("This API key is not known.")
    key = rows.key(row)
    is_revoked = key.revoked_at is not None
    return key, _actor(tx, now, key.id, key.name, key.person_id, key.expires_at, is_revoked=is_revoked)


def still_valid(tx: Connection, now: datetime, key_id: str) -> Actor:
    """For whom the key acts, as it stands in this transaction. Raises Unauthorized."""
    state = keys.state_of(tx, key_id)
    if state is None:
        raise Unauthorized("This API key is not known.")
    is_revoked = state.is_revoked
    return _actor(tx, now, key_id, state.name, state.person_id, state.expires_at, is_revoked=is_revoked)


def _actor(
    tx: Connection,
    now: datetime,
    key_id: str,
    name: str,
    person_id: str | None,
    expires_at: datetime | None,
    *,
    is_revoked: bool,
) -> Actor:
    if is_revoked:
        raise Unauthorized("This API key was revoked.")
    if expires_at is not None and now >= expires_at:
        raise Unauthorized("This API key has expired.")
    if person_id is None:
        return Actor(ActorKind.KEY, name, role=Role.RESPONDER, door=Door.API, key_id=key_id)
    person = look_up.organization(tx).person(PersonId(person_id))
    if person is None or not person.is_active:
        raise Unauthorized("The person of this API key is not active any more.")
    return replace(look_up.as_actor(person, Door.API), key_id=key_id)


def used(tx: Connection, now: datetime, key_id: str) -> None:
    """Keep when the key was used last."""
    keys.used(tx, key_id, now)
