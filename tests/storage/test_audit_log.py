"""The audit log's table: its migration goes both ways, and leaves what the program expects."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from storage.sqlite import writing_engine
from storage.tables import metadata
from storage.upgrade import configuration


def triggers(tx: Connection) -> set[str]:
    return set(tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars())


def test_migration_goes_up_down_and_up_again(tmp_path: Path) -> None:
    engine = writing_engine(tmp_path / "test.db")
    with engine.begin() as tx:
        for target in ("head", "0002", "head"):
            (command.upgrade if target == "head" else command.downgrade)(configuration(tx), target)
            assert inspect(tx).has_table("audit_log") is (target == "head")
            assert bool(triggers(tx)) is (target == "head")
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []
    engine.dispose()
