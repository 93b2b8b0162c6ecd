"""A SQLite file is one process's: held by its name, and by itself, whatever other names it has.

The lock of the name (`tocsin.db-lock`) holds also what does not exist yet, and tells who holds it. The lock
of the file is there for hard links, and for a lock file that somebody deleted: each name has a log of its
own, and two logs of one file destroy it. It is an open file description lock on one byte, far beyond what
SQLite locks and any file reaches. SQLite's locks are of another kind, and on other bytes: flock would clash
with them on a network file system, where it locks every byte.

**Whoever closes a file loses all of SQLite's locks on it in this process**, so it is held before SQLite opens
it, and let go after.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from storage.errors import FileInUse

#: Where the byte is, and how many bytes they are.
_BYTE = (2**62, 1)
#: A system without these locks may say so; the name is all that is held there.
_NO_SUCH_LOCKS = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)


def hold_file(path: Path, *, may_make: bool = False) -> Callable[[], None]:
    """Hold the database for this process until the returned function is called. Raises FileInUse.

    `may_make` makes an empty file where there is none.
    """
    with ExitStack() as stack:
        name = os.open(f"{path}-lock", os.O_RDWR | os.O_CREAT, 0o600)
        stack.callback(os.close, name)
        try:
            fcntl.flock(name, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(name, 32).decode(errors="replace").strip() or "unknown"
            raise FileInUse(
                f"{path} is in use by another Tocsin (process {holder}). "
                "One process at a time may run on a SQLite file: stop that one, or set DATABASE_URL."
            ) from None
        os.ftruncate(name, 0)
        os.write(name, str(os.getpid()).encode())
        if may_make or path.exists():
            stack.callback(hold_itself(path, os.O_RDWR | (os.O_CREAT if may_make else 0), fcntl.F_WRLCK))
        held = stack.pop_all()
    return held.close


def hold_itself(path: Path, how: int = os.O_RDONLY, lock: int = fcntl.F_RDLCK) -> Callable[[], None]:
    """Keep everybody else from holding the file, under whatever name. Raises FileInUse."""
    descriptor = os.open(path, how, 0o644)
    if not hasattr(fcntl, "F_OFD_SETLK"):
        return partial(os.close, descriptor)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", lock, os.SEEK_SET, *_BYTE, 0))
    except OSError as error:
        if error.errno in _NO_SUCH_LOCKS:
            return partial(os.close, descriptor)
        os.close(descriptor)
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        raise FileInUse(
            f"{path} is in use by another Tocsin, maybe under another name. "
            "One process at a time may run on a SQLite file: stop that one, or set DATABASE_URL."
        ) from None
    return partial(os.close, descriptor)
