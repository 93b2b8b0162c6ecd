"""Why a database does not do what it is asked."""


class FileInUse(Exception):
    """Another process works with the same SQLite file."""


class Full(Exception):
    """Too many operations are waiting, or the database cannot be used; nothing was done."""


class Unusable(Exception):
    """The database cannot be opened, or is none of ours."""
