"""Tocsin with a wall clock that SIGUSR1 sets an hour forward, and SIGUSR2 an hour back.

`python -m tests.faults.clock_set_by_signals run`. The clock is set where Python asks for it, so what counts
by the monotonic clock goes on undisturbed. libfaketime was tried: in one of forty starts its waits for a
lock ended at once, and two threads took the interpreter from each other for as long as one looked on.
"""

import signal
from datetime import timedelta

import time_machine

from bot.__main__ import main

HOUR = timedelta(hours=1)


if __name__ == "__main__":
    with time_machine.travel(timedelta(0)) as wall_clock:
        signal.signal(signal.SIGUSR1, lambda *_: wall_clock.shift(HOUR))
        signal.signal(signal.SIGUSR2, lambda *_: wall_clock.shift(-HOUR))
        main()
