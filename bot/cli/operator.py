"""Who types the commands."""

import getpass

from bot.domain.rights import Role
from bot.domain.timeline import Actor, ActorKind, Door


def operator() -> Actor:
    """Whoever has a shell here: an admin, for they could write the database themselves.

    The name is the account's, as the machine tells it; the audit log keeps it as a hint, not as a proof.
    """
    try:
        name = getpass.getuser()
    except (KeyError, ImportError, OSError):  # an account without a name, as containers have them
        name = "somebody without a name"
    return Actor(ActorKind.OPERATOR, name, role=Role.ADMIN, door=Door.COMMAND_LINE)
