"""Keys of the HTTP API: what they may do, and until when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.ids import PersonId

#: Every key begins so.
PREFIX = "rf_"
NAME_LIMIT = 100


class Scope(StrEnum):
    """What a key may do. Source: the HTTP API's contract."""

    INCIDENTS_READ = "incidents:read"
    INCIDENTS_WRITE = "incidents:write"
    SERVICES_READ = "services:read"
    ONCALL_READ = "oncall:read"
    POSTMORTEMS_READ = "postmortems:read"
    POSTMORTEMS_WRITE = "postmortems:write"
    TEAMS_READ = "teams:read"
    USERS_READ = "users:read"


class KeyType(StrEnum):
    #: Acts as its person.
    PERSONAL = "personal"
    #: Acts under its own name.
    SERVICE_ACCOUNT = "service_account"


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret."""

    id: str
    name: str
    #: The key's first characters, by which people tell it from others.
    hint: str
    person_id: PersonId | None
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    @property
    def type(self) -> KeyType:
        return KeyType.SERVICE_ACCOUNT if self.person_id is None else KeyType.PERSONAL

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
