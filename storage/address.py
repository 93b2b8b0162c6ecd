"""The address of a PostgreSQL database, as libpq takes it, for asyncpg.

asyncpg reads such an address too, but takes each parameter that it does not know for a setting of the
server, and for some values shows a stack trace. Here a parameter is known, or refused by its name.
Source: PostgreSQL, "Connection Strings" and "Parameter Key Words".
"""

import re
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

#: Who asks SQLAlchemy for an engine names only the driver: all else stands in `arguments`.
DRIVER: Final = "postgresql+asyncpg://"

_ENCODE = "special characters in a name or password are percent-encoded, such as %5B for [ and %40 for @"
#: What asyncpg takes as it stands.
_TAKEN = {
    "host",
    "port",
    "user",
    "password",
    "database",
    "passfile",
    "sslmode",
    "sslnegotiation",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslrootcert",
    "sslcrl",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
}
_TRANSLATED = {"connect_timeout", "options", "target_session_attrs"}
_OTHER_NAMES = {"dbname": "database", "ssl": "sslmode"}
#: What changes nothing here. The name of a session stays ours: by it a Tocsin is told from others.
_WITHOUT_EFFECT = {"application_name", "fallback_application_name"}
#: The values that ask for nothing which asyncpg, or who must write, cannot have.
_POSSIBLE = {
    "channel_binding": ("disable", "prefer"),
    "gssencmode": ("disable", "prefer"),
    "target_session_attrs": ("any", "read-write", "primary"),
}


def is_postgresql(url: str) -> bool:
    """Whether the address is one of PostgreSQL, and not of a SQLite file."""
    return url.startswith("postgresql://")


def words(url: str) -> dict[str, str]:
    """What the address says, by libpq's words. Raises ValueError with what is wrong, without the password."""
    try:
        found = urlsplit(url)
        query = dict(parse_qsl(found.query))
    except ValueError:  # its message may hold a part of the password
        raise ValueError(f"cannot be read as an address: {_ENCODE}") from None
    if found.fragment:
        raise ValueError(f"must not have a #: {_ENCODE}")
    who, _, hosts = found.netloc.rpartition("@")
    user, _, password = who.partition(":")
    parts = {"user": user, "password": password, "host": hosts, "database": found.path.removeprefix("/")}
    said = {name: unquote(value) for name, value in parts.items() if value} | _known(query)
    if "database" not in said:
        raise ValueError("must name the database, such as postgresql://user:password@host/tocsin")
    ports = said.get("port", "").split(",") if "port" in said else []
    for host in said.get("host", "").split(",") if "host" in said else []:
        if not host:
            raise ValueError("names a host that is empty")
        ports.append("" if host.startswith("/") else host.rpartition("]")[2].partition(":")[2])
    if not all(map(_is_port, ports)):
        raise ValueError(f"must have a port from 1 to 65535, or none; {_ENCODE}")
    if not re.fullmatch(r"-?\d{1,6}", said.get("connect_timeout", "0"), re.ASCII):
        raise ValueError("must have a number of seconds as connect_timeout")
    return said


def _known(query: dict[str, str]) -> dict[str, str]:
    said = {}
    for given, value in query.items():
        name = _OTHER_NAMES.get(given, given)
        if name in _POSSIBLE and value not in _POSSIBLE[name]:
            instead = " or ".join(_POSSIBLE[name])
            raise ValueError(f"asks for a {name} that cannot be had: leave it out, or say {instead}")
        if name in _TAKEN | _TRANSLATED:
            said[name] = value
        elif name not in _POSSIBLE and name not in _WITHOUT_EFFECT:
            unknown = _shown(name, query)
            raise ValueError(f"has the parameter {unknown}, which Tocsin does not know: leave it out")
    return said


def _shown(word: str, query: dict[str, str]) -> str:
    """The word, unless it may be what an & left of a password."""
    is_harmless = word.isidentifier() and not any("password" in name for name in query)
    return word if is_harmless else "…"


def _is_port(text: str) -> bool:
    return not text or (re.fullmatch(r"\d{1,5}", text, re.ASCII) is not None and 1 <= int(text) <= 65_535)


def arguments(url: str) -> dict[str, Any]:
    """What asyncpg is called with. Raises ValueError."""
    said = words(url)
    found: dict[str, Any] = {}
    if said.get("sslrootcert") == "system":  # libpq's word for the certificates that the machine trusts
        import ssl  # takes a hundredth of a second, and is seldom needed

        del said["sslrootcert"]
        said.pop("sslmode", None)
        found["ssl"] = ssl.create_default_context()
    if (timeout := int(said.pop("connect_timeout", "0"))) > 0:
        found["timeout"] = timeout
    if options := said.pop("options", ""):
        found["server_settings"] = {"options": options}
    if said.pop("target_session_attrs", "any") != "any":
        found["target_session_attrs"] = "primary"  # asyncpg would refuse our sessions that only read
    # Without a path: asyncpg takes even an empty one for the name of the database.
    return {"dsn": f"postgresql:?{urlencode(said)}", **found}
