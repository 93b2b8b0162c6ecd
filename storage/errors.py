"""Why a database does not do what it is asked."""


class FileInUse(Exception):
    """Another process works with the same SQLite file."""


class Full(Exception):
    """Too many operations are waiting, or the database cannot be used; nothing was done."""


class NobodyWrites(Full):
    """The database can be read, and nobody can write it: it is read-only, or its disk is full."""


class MayBeDone(Full):
    """The database went away or fell silent while this was written: nobody knows whether it was done."""


class Unusable(Exception):
    """The database cannot be opened, or is none of ours. `mend` is what to do about it, if that is known."""

    def __init__(self, what: str, mend: str = "") -> None:
        super().__init__(f"{what}: {mend}." if mend else what)
        self.what, self.mend = what, mend


class BadCopy(Exception):
    """The copy cannot be made, or is not fit to be put back; nothing was changed."""


class CannotCopy(Exception):
    """Nothing was copied; the target is as empty as it was."""
