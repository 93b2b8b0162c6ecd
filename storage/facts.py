"""What this installation must remember about itself, as texts."""

from sqlalchemy import Connection, select

from storage.tables import facts
from storage.upsert import insert


def of(tx: Connection, name: str) -> str | None:
    value: str | None = tx.execute(select(facts.c.value).where(facts.c.name == name)).scalar()
    return value


def keep(tx: Connection, name: str, value: str) -> None:
    """Keep the fact, whatever was kept under its name before."""
    kept = insert(facts).values(name=name, value=value)
    tx.execute(kept.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
