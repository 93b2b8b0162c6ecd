"""`insert(table).on_conflict_do_…`, for both databases.

It is PostgreSQL's construct. SQLite took its words over, and SQLAlchemy compiles it for either.
"""

from sqlalchemy.dialects.postgresql import insert

__all__ = ["insert"]
