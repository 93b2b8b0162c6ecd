"""Copies of a SQLite file: made while it is in use, checked, and put back in its place.

**A copy is taken from one read transaction.** SQLite's backup begins anew whenever another process writes
between two of its steps, and would never end under load; inside a read transaction it sees one moment, and
in WAL mode that keeps no writer waiting. Copying the file itself tears it, and forgets its log.
"""

import os
import shutil
import sqlite3
import threading
from contextlib import ExitStack, closing, suppress
from importlib import resources
from itertools import count
from pathlib import Path
from urllib.parse import quote

from storage.errors import BadCopy, FileInUse
from storage.hold import hold_file, hold_itself

#: Pages that are copied between two breaths, and how long a breath is: the disk is not ours alone.
_PAGES, _BREATH_SECONDS = 1000, 0.002
_IN_USE = "{} is in use by another program. End it, then try again."


def save(source: Path, target: Path) -> None:
    """`target` is a whole, checked copy of the database as it was at one moment, for its owner only.

    It takes the place of a file of that name at once or not at all. Raises BadCopy, and FileInUse when that
    file is a Tocsin's.
    """
    if not source.is_file():
        raise BadCopy(f"There is no database at {source}. DATABASE_URL names it.")
    _refuse(source, target)
    target = target.resolve() if target.is_symlink() else target
    try:
        with ExitStack() as stack:
            if target.exists():
                stack.callback(hold_itself(target))
            part = _copied(source, target)
            stack.callback(_forget, part)
            for log in _logs(target):  # it would be played into the new file
                log.unlink(missing_ok=True)
            _replace(part, target)
    except OSError as error:
        raise BadCopy(f"{source} cannot be copied to {target} ({error}).") from error


def _refuse(source: Path, target: Path) -> None:
    """Raises BadCopy for what must not become a copy: the database, what SQLite keeps beside it, a device."""
    if target.exists() and not target.is_file():
        raise BadCopy(f"{target} is no regular file: nothing was copied to it.")
    own = {source, *_logs(source), Path(f"{source}-lock")}
    if target in own or any(one.exists() and target.exists() and one.samefile(target) for one in own):
        raise BadCopy(f"{target} is the database's own: name another file.")


def put_back(backup: Path, path: Path, stamp: str) -> Path | None:
    """The database is what the backup is; where the one before it is kept, if there was one.

    Only what was still owed is now in doubt: it may have gone out since, so it is looked for first.
    Raises BadCopy, and FileInUse while a Tocsin works with the database.
    """
    if not backup.is_file():
        raise BadCopy(f"There is no backup at {backup}.")
    if path.exists() and backup.samefile(path):
        raise BadCopy(f"{backup} is the database itself.")
    if path.exists() and not path.is_file():
        raise BadCopy(f"{path} is no regular file: nothing can be put back there. DATABASE_URL names it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            stack.callback(hold_file(path))
            part = _copied(backup, path)
            stack.callback(_forget, part)
            _doubt_what_is_owed(part)
            kept = _set_aside(path, stamp)
            _replace(part, path)
    except (OSError, sqlite3.Error) as error:
        raise BadCopy(f"{backup} cannot be put back at {path} ({error}).") from error
    return kept


def check(path: Path) -> str:
    """The revision of a database that is whole and ours. Raises BadCopy."""
    return _check(path, path)


def _check(path: Path, named: Path) -> str:
    """The file is spoken of by this name."""
    try:
        with closing(_reading(path)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if verdict != "ok" or connection.execute("PRAGMA foreign_key_check").fetchone():
                raise BadCopy(f"{named} is damaged ({verdict}).")
            revisions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise BadCopy(f"{named} cannot be read ({error}).") from error
        revisions = []
    except sqlite3.DatabaseError as error:
        raise BadCopy(f"{named} is damaged ({error}).") from error
    if not revisions:
        raise BadCopy(f"{named} is no database of Tocsin.")
    (revision,) = revisions[0]
    if revision not in known_revisions():
        raise BadCopy(f"{named} was written by a newer Tocsin (revision {revision}). Install that one first.")
    return str(revision)


def known_revisions() -> list[str]:
    """Every revision that this Tocsin can bring up to date, the newest first."""
    # The name of a migration's file begins with its revision. To ask Alembic would mean to import it.
    names = (file.name for file in resources.files("storage.migrations.versions").iterdir())
    return sorted((name.partition("_")[0] for name in names if name[0].isdigit()), reverse=True)


def _copied(source: Path, target: Path) -> Path:
    """A checked copy beside the target, under a name that nobody looks for."""
    part = target.with_name(f".{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(part)) as copy:
            _read_into(copy, source)
            copy.execute("PRAGMA journal_mode = DELETE")
        _check(part, source)
    except (OSError, sqlite3.Error) as error:
        _forget(part)
        raise BadCopy(f"{source} cannot be copied to {target} ({error}).{_advice(source)}") from error
    except BaseException:
        _forget(part)
        raise
    return part


def _forget(part: Path) -> None:
    with suppress(OSError):
        part.unlink(missing_ok=True)


def _read_into(copy: sqlite3.Connection, source: Path) -> None:
    """All of the source as it is at one moment. Raises BadCopy if it did not stay as it was."""
    is_still, before = _is_still(source), _trace(source)
    with closing(_reading(source)) as original:
        original.execute("BEGIN")
        original.execute("SELECT count(*) FROM sqlite_master").fetchone()
        original.backup(copy, pages=_PAGES, progress=_breathe)
    if is_still and not (_is_still(source) and _trace(source) == before):
        raise BadCopy(f"{source} was written to while it was copied. Try again.")


def _reading(path: Path) -> sqlite3.Connection:
    """A connection that sees the log. Who may write nothing beside the file sees it through the log's index
    (-shm), if somebody keeps one; where there is no log, none is looked for: SQLite would want to make it."""
    how = "immutable=1" if _is_still(path) else "mode=rw" if _may_write_beside(path) else "mode=ro"
    address = f"file:{quote(str(path.absolute()))}?{how}"
    return sqlite3.connect(address, uri=True, timeout=10, isolation_level=None)


def _is_still(path: Path) -> bool:
    """Whether all is in the file itself, and will stay so: we may write nothing, and nobody else does."""
    log, journal = Path(f"{path}-wal"), Path(f"{path}-journal")
    has_log = log.exists() and (log.stat().st_size or Path(f"{path}-shm").exists())
    return not (_may_write_beside(path) or has_log or journal.exists())


def _trace(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _may_write_beside(path: Path) -> bool:
    return os.access(path.absolute().parent, os.W_OK)


def _advice(source: Path) -> str:
    if _may_write_beside(source) or _is_still(source):
        return ""
    return (
        " Copy it as the user that Tocsin runs as: what is in its log can be read only where that is written."
    )


def _breathe(status: int, remaining: int, total: int) -> None:
    threading.Event().wait(_BREATH_SECONDS)


def _doubt_what_is_owed(path: Path) -> None:
    """A message carries the key of its delivery, by which it is found. The keys of what is still owed name
    events that are in the backup: no other event, which nobody knows of any more, has left one of them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE outbox SET is_in_doubt = 1 WHERE state IN ('pending', 'sending')")


def _logs(path: Path) -> list[Path]:
    """What SQLite may leave beside a database, and plays into whatever has its name."""
    return [Path(f"{path}{ending}") for ending in ("-wal", "-journal", "-shm")]


def _set_aside(path: Path, stamp: str) -> Path | None:
    """The database has a second name, with all that was in its log, and no log is left at the first one."""
    kept = _free_name(f"{path}.replaced-{stamp}")
    is_whole = path.exists() and _is_emptied(path)
    if is_whole and Path(f"{path}-wal").exists():
        raise FileInUse(_IN_USE.format(path))
    for log in _logs(path):
        if log.exists():
            log.rename(f"{kept}{log.name.removeprefix(path.name)}")
    if path.exists():
        _name_also(path, kept)
    return kept if path.exists() else next((log for log in _logs(kept) if log.exists()), None)


def _name_also(path: Path, name: Path) -> None:
    """The file has this name too; where a file can have only one name, a copy has it."""
    try:
        os.link(path, name)
    except OSError:
        part = name.with_name(f".{name.name}.part")
        try:
            shutil.copyfile(path, part)
            _replace(part, name)
        finally:
            _forget(part)


def _is_emptied(path: Path) -> bool:
    """Whether all that its log held is in the database; not if that is damaged. Raises FileInUse."""
    try:
        with closing(sqlite3.connect(path, timeout=2, isolation_level=None)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            is_busy = bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
    except sqlite3.DatabaseError:
        return False
    if is_busy:
        raise FileInUse(_IN_USE.format(path))
    return True


def _free_name(wanted: str) -> Path:
    """The wanted name, or one like it that nothing has."""
    names = (Path(wanted if number == 1 else f"{wanted}-{number}") for number in count(1))
    return next(one for one in names if not any(each.exists() for each in (one, *_logs(one))))


def _replace(part: Path, target: Path) -> None:
    """The new content is on the disk before it takes the name, and the name before we say so."""
    for place, then in ((part, target), (target.absolute().parent, None)):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if then is not None:
            part.replace(then)
