"""Ports on this machine."""

import socket
from random import SystemRandom

#: Below those that a system gives to whoever asks for any (Linux: from 32768 on): until a process listens at
#: its port, seconds later, no other test gets it, nor a client of one.
_OURS = range(10_000, 32_768)
_chance = SystemRandom()


def free() -> int:
    """One that nobody listens at now, and that is given to nobody else."""
    while True:
        port = _chance.choice(_OURS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
