"""`doctor`: check tokens, scopes, the database and the organization file, and say how to mend them."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import click

from bot import organization_file, settings
from bot.cli import slack_checks
from bot.cli.finding import Finding, right, wrong
from bot.domain import mail
from bot.domain.mail import MailServer
from bot.domain.organization import Organization
from bot.domain.sla import Severity
from bot.mail import deliverer
from bot.settings import Settings, SettingsError
from storage.database import Unusable, check_revision, inspect_postgresql, known_revisions


@click.command()
def doctor() -> None:
    """Check the set-up and say how to mend what is wrong."""
    try:
        current = settings.from_environment()
    except SettingsError as error:
        for name, what in error.details.items():
            _show(wrong(f"{name} {what}", f"set {name} anew and run this again"))
        raise click.exceptions.Exit(1) from None
    if not asyncio.run(_is_healthy(current)):
        raise click.exceptions.Exit(1)


async def examine(current: Settings) -> AsyncIterator[Finding]:
    """Everything that is right or wrong with the set-up, nearest first: files, then Slack."""
    yield await _database(current.database_url)
    organization: Organization | None = None
    if current.organization is not None:
        try:
            organization = organization_file.read(current.organization)
        except organization_file.FileError as error:
            yield wrong(f"organization file: {error.sentence}", "correct these lines")
    elif not _has_database(current.database_url):
        mend = "name your organization file in TOCSIN_ORGANIZATION; manifests/organization.yaml is an example"
        yield wrong("organization: there is neither a file nor a database that has one", mend)
    if organization is not None:
        for finding in _organization(organization):
            yield finding
    if current.smtp_url is not None:
        yield await _mail(mail.server(current.smtp_url.reveal()))
    async for finding in slack_checks.examine(current, organization):
        yield finding


async def _is_healthy(current: Settings) -> bool:
    is_healthy = True
    async for finding in examine(current):
        _show(finding)
        is_healthy = is_healthy and finding.is_right
    return is_healthy


def _show(finding: Finding) -> None:
    click.echo(f"{'✓' if finding.is_right else '✗'} {finding.what}")
    if finding.mend:
        click.echo(f"    → {finding.mend}")


async def _mail(server: MailServer) -> Finding:
    trouble = await deliverer.check(server)
    where = f"e-mail: {server.host}:{server.port}"
    if trouble is None:
        return right(f"{where} takes letters")
    if "certificate" in trouble:
        mend = "name the server in SMTP_URL as its certificate does, or its own authority in SSL_CERT_FILE"
    else:
        mend = "correct SMTP_URL, or start the mail server"
    return wrong(f"{where} takes no letters: {trouble}", mend)


def _organization(organization: Organization) -> Iterator[Finding]:
    people = sum(one.is_active for one in organization.people.values())
    counted = f"{people} people, {len(organization.teams)} teams, {len(organization.services)} services"
    yield right(f"organization file: {organization.name}, {counted}")
    if not organization.admins():
        yield wrong(
            "organization: nobody is an active admin, so a page that everybody misses reaches nobody",
            "give somebody `role: admin`",
        )
    missing = [severity for severity in Severity if severity not in organization.policies]
    if missing:
        yield wrong(
            f"organization: no escalation policy for {', '.join(missing)}",
            "add them, or a `default`, to `escalation_policies`",
        )


_SQLITE = "sqlite:///"


def _has_database(url: str) -> bool:
    """On PostgreSQL the first start tells."""
    if not url.startswith(_SQLITE):
        return True
    try:
        return Path(url.removeprefix(_SQLITE)).exists()
    except OSError:  # which is told of the database itself
        return False


async def _database(url: str) -> Finding:
    """Whether the database can be used; nothing in it is changed."""
    try:
        if url.startswith(_SQLITE):
            return _file(Path(url.removeprefix(_SQLITE)))
        return right(f"database: {await inspect_postgresql(url)}")
    except Unusable as error:
        return wrong(f"database: {error.what}", error.mend or "correct DATABASE_URL, or start the server")
    except OSError as error:
        mend = "give its folder to the user that runs Tocsin, or set DATABASE_URL"
        return wrong(f"database: {error.filename} cannot be reached: {error.strerror}", mend)


def _file(path: Path) -> Finding:
    if not path.exists():
        folder = path.absolute().parent
        if folder.is_dir() and os.access(folder, os.W_OK):
            return right(f"database: {path} will be created at the first start")
        return wrong(
            f"database: {path} cannot be created",
            f"create {folder}, writable for this user, or set DATABASE_URL",
        )
    if not os.access(path, os.W_OK) or not os.access(path.absolute().parent, os.W_OK):
        return wrong(
            f"database: {path} or its folder is read-only", "make both writable for the user that runs Tocsin"
        )
    try:
        return _content(path)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            return right(f"database: {path} is in use by a running Tocsin")
        return _broken(path, str(error))
    except sqlite3.DatabaseError as error:
        return _broken(path, str(error))


def _content(path: Path) -> Finding:
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=2)) as connection:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            return _broken(path, verdict)
        query = "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
        if connection.execute(query).fetchone() == (0,):
            return right(f"database: {path} is sound and empty; its tables are made at the first start")
        revisions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        at = ", ".join(one for (one,) in revisions)
        check_revision(at or None, str(path))
        newest, *older = known_revisions()
        then = f"; the next start of this Tocsin brings it to {newest}" if at in older else ""
        return right(f"database: {path} is sound, at revision {at}{then}")


def _broken(path: Path, why: str) -> Finding:
    return wrong(
        f"database: {path} cannot be used: {why}", "stop Tocsin and put your latest backup in its place"
    )
