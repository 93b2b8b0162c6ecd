"""Let somebody do what their role allows, and nobody anything else."""

from bot.domain.errors import NotAllowed
from bot.domain.rights import RIGHTS, Right
from bot.domain.timeline import Actor


class LacksRight(NotAllowed):
    """Somebody known asked for more than their role allows. It is kept in the audit log."""

    def __init__(self, actor: Actor, right: Right, number: str | None) -> None:
        super().__init__(f"Your role ({actor.role}) does not let you {right}. Ask an admin.")
        self.actor, self.right, self.number = actor, right, number


def permit(actor: Actor, right: Right, number: str | None = None) -> None:
    """Raises LacksRight unless the actor's role has the right; `number` is the incident it is about."""
    if right not in RIGHTS[actor.role]:
        raise LacksRight(actor, right, number)
